"""Who had a part in which call, and when: a fold of the log, for as far back as it is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from csta.call_events import CallCleared, CallEvent
from csta.ids import AgentId, CallId, DeviceId, category_of
from csta.instants import SECOND, Instant, Milliseconds
from ctiserver.core.wire import Published

_ACD = "acd"


class _Told(msgspec.Struct):
    """What the log has told of one call: its parties with their times, in sequences."""

    here: dict[DeviceId, None] = {}
    """Who is in it now: whose last time has not ended."""
    spans: dict[DeviceId, list[tuple[int, int | None]]] = {}
    agents: dict[AgentId, None] = {}
    queues: dict[DeviceId, None] = {}
    empty_since: int | None = None
    """The event after which nobody was in it; None: somebody is."""
    ended: bool = False


class CallHistory:
    """Remembers the parties of calls.

    Events that do not list the call's connections (digits, prompts, data, recordings) are seen by
    those who were in the call at that place of the log, also when they are read again later.
    """

    def __init__(
        self, window_events: int = 100_000, window_ms: Milliseconds = 900 * SECOND
    ) -> None:
        """Know of no call; one that is over is forgotten when the log forgets it."""
        self._calls: dict[CallId, _Told] = {}
        self._over: deque[tuple[Instant, int, CallId]] = deque()
        self._window_events = window_events
        self._window_ms = window_ms
        self._last = 0

    def __len__(self) -> int:
        """Count the calls that are remembered."""
        return len(self._calls)

    def note(self, events: Iterable[Published]) -> None:
        """Take in events, in the order of the log; what is taken in twice changes nothing."""
        for event in events:
            if event.sequence > self._last:
                self._last = event.sequence
                if isinstance(event.data, CallEvent):
                    self._note_call(event.sequence, event.at, event.data)

    def begin(self, sequence: int, call_id: CallId, devices: Iterable[DeviceId]) -> None:
        """Know a call that is older than what of the log is kept: these are in it since then."""
        told = self._calls.setdefault(call_id, _Told())
        for device_id in devices:
            device = device_id.partition(";")[0]
            if told.spans.setdefault(device, [(sequence, None)])[-1][1] is None:
                told.here[device] = None

    def knows(self, call_id: CallId) -> bool:
        """Tell whether the call is remembered."""
        return call_id in self._calls

    def was_party(self, call_id: CallId, device_id: DeviceId, sequence: int) -> bool:
        """Tell whether a device was in a call at a place of the log.

        Where nobody is in it any more: whether it was in it at all, as how a call has ended, and
        the data that come late, are for all who had a part in it.
        """
        told = self._calls.get(call_id)
        spans = told.spans.get(device_id) if told is not None else None
        if told is None or spans is None:
            return False
        if told.empty_since is not None and sequence >= told.empty_since:
            return True
        return any(
            since <= sequence and (until is None or sequence <= until) for since, until in spans
        )

    def parties(self, call_id: CallId, sequence: int) -> tuple[DeviceId, ...]:
        """List the devices that were in a call at a place of the log."""
        told = self._calls.get(call_id)
        if told is None:
            return ()
        return tuple(each for each in told.spans if self.was_party(call_id, each, sequence))

    def agents(self, call_id: CallId) -> tuple[AgentId, ...]:
        """List the agents who have had a part in a call."""
        told = self._calls.get(call_id)
        return tuple(told.agents) if told is not None else ()

    def queues(self, call_id: CallId) -> tuple[DeviceId, ...]:
        """List the queues that have had a call."""
        told = self._calls.get(call_id)
        return tuple(told.queues) if told is not None else ()

    def _note_call(self, sequence: int, at: Instant, data: CallEvent) -> None:
        told = self._calls.get(data.call_id)
        if told is None:
            told = self._calls[data.call_id] = _Told()
        elif told.ended:
            return
        here: dict[DeviceId, None] = {}
        for link in data.connections:
            here[link.device_id.partition(";")[0]] = None
            if link.agent_id:
                told.agents[link.agent_id] = None
        if here != told.here:
            told.queues.update({each: None for each in here if category_of(each) == _ACD})
            _turn(told.spans, here, sequence)
            told.here = here
        if data.acd is not None:
            told.queues[data.acd.group] = None
        if here:
            told.empty_since = None
        elif told.empty_since is None:
            told.empty_since = sequence
        if type(data) is CallCleared:
            told.ended = True
            self._over.append((at, sequence, data.call_id))
            self._forget(sequence, at)

    def _forget(self, sequence: int, at: Instant) -> None:
        over = self._over
        oldest, first = at - self._window_ms, sequence - self._window_events
        while over and (over[0][0] < oldest or over[0][1] < first):
            self._calls.pop(over.popleft()[2], None)


def _turn(
    spans: dict[DeviceId, list[tuple[int, int | None]]], here: dict[DeviceId, None], sequence: int
) -> None:
    """Begin the times of those who have come, and end those of who is no longer here."""
    for device_id in here:
        times = spans.setdefault(device_id, [])
        if not times or times[-1][1] is not None:
            times.append((sequence, None))
    for device_id, times in spans.items():
        if device_id not in here and times[-1][1] is None:
            times[-1] = (times[-1][0], sequence)
