"""The monitors of a client: their state, and their events as the program takes them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

import msgspec

from csta.ids import DEVICE_CATEGORIES, category_of
from csta.monitor_services import MonitorFilter, MonitorObject, MonitorStart, MonitorType
from csta.replies import AsOf
from csta.service_request import CallObject
from ctiserver.core.messages import SnapshotBegin, SnapshotEnd, SnapshotItem
from ctiserver.core.picture import NOTHING, AnyItem, Picture, fold, watched
from ctiserver.live.client_errors import ClientError, ClosedError
from ctiserver.live.client_messages import Event, read_item

_QUEUE = "acd"
_AGENT = "agent"


class Resynchronised(msgspec.Struct, frozen=True):
    """Events were missed: the monitor begins anew with the state as it is at `as_of`.

    `reason` is `tooOld`, `epochChanged`, `sessionExpired` or `filterLost` (cti-api §7.3).
    """

    reason: str
    state: Picture
    as_of: AsOf


News: TypeAlias = Event | Resynchronised
"""What a monitor gives: events, and, never silently, that some are missing."""


class _Restated(msgspec.Struct, frozen=True):
    """The first state once more, because it may not have come the first time."""

    state: Picture


class _Queued(msgspec.Struct, frozen=True, gc=False):
    """News on their way to the program; `arrival` numbers the frames that they came in."""

    arrival: int
    news: News | _Restated


class Monitor:
    """What a client watches. Iterate it for its news; `state` is as of the last that was taken.

    One that nobody iterates stops the client's reading when it is full, and in the end the server
    lets go of the connection: take the news, or `stop` it.
    """

    def __init__(
        self,
        start: MonitorStart,
        queue_max: int,
        signal: asyncio.Event,
        stop: Callable[[Monitor], Awaitable[None]],
        taken: Callable[[], object],
    ) -> None:
        """Made by `Client.monitor`.

        `signal` is set when any monitor of the client has news, `taken` called when a full one has
        room again.
        """
        self.cross_ref_id = ""
        self.state = NOTHING
        self.start = start
        self.resync: str | None = None
        """Why the next snapshot replaces what is known; None: it does not."""
        self.error: ClientError | None = None
        self.full = False
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watched = watched(start.monitor_object, start.monitor_type)
        self._queue_max = queue_max
        self._stop = stop
        self._taken = taken
        self._queue: deque[_Queued] = deque()
        self._signal = signal
        self._over = False
        self._as_of = -1
        self._begun: list[AnyItem] | None = None
        self._merged = Merged(lambda: (self,), signal)

    # For the program.

    def __aiter__(self) -> Monitor:
        """Give the news as they come, until the monitor or the client is stopped."""
        return self

    async def __anext__(self) -> News:
        """Wait for the next news.

        Raises:
            ClientError: the client is no more let in.
        """
        return await anext(self._merged)

    @property
    def waiting(self) -> int:
        """How many news wait to be taken."""
        return len(self._queue)

    async def stop(self) -> None:
        """Have no more events sent; what has come already can still be taken."""
        await self._stop(self)

    # For the client.

    def put(self, arrival: int, news: News | _Restated) -> None:
        """Queue what has come."""
        if not self._over:
            self._queue.append(_Queued(arrival, news))
            self.full = len(self._queue) >= self._queue_max
            self._signal.set()

    def end(self, error: ClientError | None = None) -> None:
        """Give no more after what is queued."""
        self._over, self.error, self.full = True, error, False
        if not self.started.done():
            self.started.set_exception(error or ClosedError("the monitor is stopped"))
            self.started.exception()  # nobody needs to ask for it
        self._signal.set()

    def begin_empty(self) -> None:
        """Begin without a snapshot."""
        if not self.started.done():
            self.started.set_result(None)

    def take_state(
        self, frame: SnapshotBegin | SnapshotItem | SnapshotEnd, arrival: int, resumed_after: int
    ) -> None:
        """Take in a frame of a snapshot."""
        match frame:
            case SnapshotBegin():
                self._begun = []
            case SnapshotItem():
                item = read_item(frame.item)
                if item is not None and self._begun is not None:
                    self._begun.append(item)
            case SnapshotEnd():
                self._finish(frame, arrival, resumed_after)

    def _finish(self, frame: SnapshotEnd, arrival: int, resumed_after: int) -> None:
        """Make a state of the items: the first one, or one after events were missed.

        A client that was resumed after an event which is later than its last snapshot has that
        snapshot; if one comes all the same, its server has begun anew, and it was not told.
        """
        items, self._begun = self._begun, None
        if items is None:
            return
        state = NOTHING
        for item in items:
            state = fold(state, item, self._watched)
        resync, self.resync = self.resync, None
        if resync is None and resumed_after > self._as_of:
            resync = "tooOld"
        self._as_of = int(frame.as_of.sequence)
        if not self.started.done():
            self.state = state
            self.started.set_result(None)
        elif resync is not None:
            self.put(arrival, Resynchronised(resync, state, frame.as_of))
        else:
            self.put(arrival, _Restated(state))

    # For `Merged`.

    @property
    def first(self) -> int | None:
        """The arrival of what is to be taken next."""
        return self._queue[0].arrival if self._queue else None

    @property
    def over(self) -> bool:
        """Whether nothing will come any more."""
        return self._over and not self._queue

    def pop(self) -> News | None:
        """Take the next news into the state; None: they are not for the program."""
        news = self._queue.popleft().news
        if self.full and len(self._queue) * 2 <= self._queue_max:
            self.full = False
            self._taken()
        match news:
            case Event():
                self.state = fold(self.state, news.data, self._watched)
                return news
            case Resynchronised():
                self.state = news.state
                return news
        self.state = news.state
        return None


class Merged:
    """The news of several monitors in the order in which they came; what matches two comes once."""

    def __init__(self, monitors: Callable[[], Iterable[Monitor]], signal: asyncio.Event) -> None:
        """Ask for the monitors each time anew: there may be more of them later."""
        self._monitors = monitors
        self._signal = signal

    def __aiter__(self) -> Merged:
        """Give the news as they come."""
        return self

    async def __anext__(self) -> News:
        """Wait for the next news.

        Raises:
            ClientError: the client is no more let in.
        """
        while True:
            monitors = list(self._monitors())
            arrivals = [each.first for each in monitors if each.first is not None]
            if arrivals:
                first = min(arrivals)
                taken = [each.pop() for each in monitors if each.first == first]
                news = next((each for each in taken if each is not None), None)
                if news is not None:
                    return news
                continue
            if all(each.over for each in monitors):
                for each in monitors:
                    if each.error is not None:
                        raise each.error
                raise StopAsyncIteration
            self._signal.clear()
            await self._signal.wait()


def start_request(
    target: str, wanted: MonitorFilter | None, *, snapshot: bool, follows: bool
) -> MonitorStart:
    """Make the request for a target as people write it: `all`, `agent:anna`, `acd:sales`, a call.

    A category of devices (`station:1001`) means the device, an id without any the call.
    """
    return MonitorStart(
        monitor_object="all" if target == "all" else _object(target),
        monitor_type=MonitorType.CALL if follows else None,
        requested_monitor_filter=wanted,
        snapshot=snapshot,
    )


def _object(target: str) -> MonitorObject:
    category = category_of(target)
    if category == _AGENT:
        return MonitorObject(agent_object=target.partition(":")[2])
    if category == _QUEUE:
        return MonitorObject(group_object=target)
    if category in DEVICE_CATEGORIES:
        return MonitorObject(device_object=target)
    return MonitorObject(call_object=CallObject(call_id=target))
