"""A journal gone through once more: its inputs to an engine, its events against what that decides.

What the inputs decide again must be what the journal has, byte for byte. Nothing that is decided
again is carried out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec
import structlog

from csta.instants import Instant
from ctiserver.core.engine import Engine
from ctiserver.core.journal import Header, Line, Place, place_of, read_on
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.wire import Published, encode

_log = structlog.get_logger(__name__)


class JournalDiffersError(Exception):
    """The engine decides something else than the journal has: another program has written it."""

    def __init__(self, n: int, journal: bytes | None, again: bytes | None) -> None:
        """Keep the record's number, the event that it has and the one that it should have."""
        super().__init__(
            f"record {n}: the journal has {_words(journal)}, this program decides {_words(again)}"
        )
        self.n = n


class Folding:
    """An engine that goes through a journal's records once more."""

    def __init__(self, engine: Engine, header: Header, place: Place, at: Instant) -> None:
        """Go on with an engine that has gone through the records up to a place."""
        self.engine = engine
        self.place = place
        self.at = at
        self._header = header
        self._expected: deque[tuple[Published, bytes]] = deque()

    @property
    def owed(self) -> list[Published]:
        """The events of the last step that are not in the journal."""
        return [event for event, _ in self._expected]

    def take(self, lines: Iterable[bytes]) -> int:
        """Go through lines; gives how many there were.

        Raises:
            JournalError: a line is damaged, missing, doubled or moved.
            JournalDiffersError: an event is not the one that the engine decides.
        """
        count = 0
        passed = _Passed(lines)
        for line in read_on(passed, self.place):
            self._take(line)
            self.at = line.at
            count += 1
        if passed.last is not None:
            self.place = place_of(self.place.n + count, passed.last)
        return count

    def _take(self, line: Line) -> None:
        expected = self._expected
        if isinstance(line.event, msgspec.Raw):
            body = bytes(line.event)
            if not expected or expected[0][1] != body:
                raise JournalDiffersError(line.n, body, expected[0][1] if expected else None)
            expected.popleft()
            return
        if expected:
            raise JournalDiffersError(line.n, None, expected[0][1])
        for decision in step(self.engine, line):
            if isinstance(decision, Published):
                body = encode(decision, self._header.epoch, self._header.source)
                expected.append((decision, body))


class _Passed:
    """Passes lines on, and remembers the last."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.last: bytes | None = None

    def __iter__(self) -> _Passed:
        return self

    def __next__(self) -> bytes:
        self.last = next(self._lines)
        return self.last


def step(engine: Engine, line: Line) -> Sequence[EngineDecision]:
    """Give a record's input to an engine. What raised when it was live, raises again: no matter."""
    try:
        if line.taken is None:
            return engine.wake(line.at)
        return engine.handle(line.taken, line.at)
    except Exception:  # noqa: BLE001 - as the host does
        _log.exception("recovery.step_failed", record=line.n)
        return ()


def _words(body: bytes | None) -> str:
    return "no event" if body is None else body.decode(errors="replace")
