"""The frames that are on their way to one connection: in order, counted, and not without bound.

The transport takes them as fast as its client reads. One that does not read is told `slowConsumer`
and let go (cti-api §7.3.7); nobody else waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import IntEnum

import msgspec

from csta.instants import SECOND, Milliseconds
from ctiserver.core.messages import Goodbye, event_frame, write_message

EVENTS_MAX = 10_000
BYTES_MAX = 8 * 1024 * 1024
RETRY_AFTER_MS: Milliseconds = SECOND

_FRAME_BYTES = 64
"""What a frame has beside its envelope and the names of its monitors, about."""


class Closing(IntEnum):
    """Why a connection ends: the codes of `goodbye`, and of the WebSocket's close (§7.3.6)."""

    NORMAL = 4000
    UNAUTHENTICATED = 4001
    FORBIDDEN = 4003
    SLOW_CONSUMER = 4008
    REPLACED_BY_SAME_SESSION = 4009
    PROTOCOL_ERROR = 4010
    SERVER_RESTART = 4011
    QUOTA = 4012


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """Something to be sent; what is `owed` counts for no bound: it was missed, or was asked for.

    With `monitors`, the JSON of their names, `body` is an event's envelope, else a whole frame.
    """

    place: int
    """The event's own, or that of the event that a frame must not be sent before."""
    body: bytes
    monitors: bytes | None
    owed: bool
    size: int


def _event(sequence: int, monitors: bytes, envelope: bytes, *, owed: bool) -> _Entry:
    size = len(monitors) + len(envelope) + _FRAME_BYTES
    return _Entry(sequence, envelope, monitors, owed, size)


def _frame(body: bytes, after: int = 0, *, owed: bool = True) -> _Entry:
    return _Entry(after, body, None, owed, len(body))


class Outgoing:
    """What one connection is still to be sent."""

    def __init__(
        self,
        on_ready: Callable[[], object],
        *,
        events_max: int = EVENTS_MAX,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        """Start empty; `on_ready` is called when there is something to send, or to close."""
        self.closing: Goodbye | None = None
        """Set when the connection is to be closed after all that is still here."""
        self.events_max = events_max
        self._on_ready = on_ready
        self._bytes_max = bytes_max
        self._queue: deque[_Entry] = deque()
        self._held: deque[_Entry] = deque()
        self._after: int | None = None
        self._withheld: Sequence[bytes] = ()
        self._count = 0
        self._events = 0
        self._bytes = 0
        self._owed_bytes = 0

    def __len__(self) -> int:
        """Count the frames that can be taken."""
        return len(self._queue)

    @property
    def holds(self) -> bool:
        """Whether later frames wait for something that is not committed yet."""
        return self._after is not None

    @property
    def owed_bytes(self) -> int:
        """How much of snapshots, and of what was missed, is still to be read."""
        return self._owed_bytes

    def say(self, frame: bytes, after: int = 0) -> None:
        """Send a frame, and not before the event `after`."""
        self._add(_frame(frame, after, owed=False))

    def tell(self, sequence: int, monitors: bytes, envelope: bytes) -> None:
        """Send an event; a connection with too many of them is closed."""
        self._add(_event(sequence, monitors, envelope, owed=False))

    def owe(self, sequence: int, monitors: bytes, envelope: bytes) -> None:
        """Send an event that was missed: it was owed, whatever else waits."""
        self._add(_event(sequence, monitors, envelope, owed=True))

    def hold(self, after: int, frames: Sequence[bytes]) -> None:
        """Keep back these frames, and all events after a place in the log, until `release`."""
        assert self._after is None, "one thing is held at a time"
        self._after = after
        self._withheld = frames

    def release(self, *first: bytes) -> None:
        """Send these, then what was kept back, in its order; without a `hold` just these."""
        withheld, self._withheld, self._after = self._withheld, (), None
        if self.closing is not None:
            return
        for frame in (*first, *withheld):
            self._owed_bytes += len(frame)
            self._put(_frame(frame))
        while self._held:
            self._put(self._held.popleft())

    def close(self, code: Closing, reason: str, *, at_once: bool = False) -> None:
        """Say goodbye after all that is here, or `at_once` instead of it; the first word counts."""
        if self.closing is not None:
            return
        retry_ms = (
            RETRY_AFTER_MS if code in (Closing.SLOW_CONSUMER, Closing.SERVER_RESTART) else None
        )
        goodbye = Goodbye(code=code, reason=reason, retry_after_ms=retry_ms)
        self._held.clear()
        self._withheld = ()
        self._after = None
        if at_once:
            self._queue.clear()
            self._events = self._bytes = self._owed_bytes = 0
        frame = write_message(goodbye)
        self._owed_bytes += len(frame)
        self._queue.append(_frame(frame))
        self.closing = goodbye
        self._on_ready()

    def take(self, bytes_max: int = 1 << 20) -> list[bytes]:
        """Take frames off, in their order: one at least if there is one, then up to so many bytes.

        The events of a connection are numbered as they are taken (`n`, from 1).
        """
        frames: list[bytes] = []
        size = 0
        queue = self._queue
        while queue and size < bytes_max:
            entry = queue.popleft()
            frame, monitors = entry.body, entry.monitors
            if monitors is not None:
                self._count += 1
                frame = event_frame(self._count, monitors, frame)
            if entry.owed:
                self._owed_bytes -= entry.size
            else:
                self._bytes -= entry.size
                self._events -= monitors is not None
            frames.append(frame)
            size += len(frame)
        return frames

    def _add(self, entry: _Entry) -> None:
        if self.closing is not None:
            return
        if entry.owed:
            self._owed_bytes += entry.size
        else:
            self._bytes += entry.size
            self._events += entry.monitors is not None
            if self._bytes > self._bytes_max or self._events > self.events_max:
                self.close(Closing.SLOW_CONSUMER, "events were not read fast enough", at_once=True)
                return
        if self._after is not None and entry.place > self._after:
            self._held.append(entry)
        else:
            self._put(entry)

    def _put(self, entry: _Entry) -> None:
        self._queue.append(entry)
        if len(self._queue) == 1:
            self._on_ready()
