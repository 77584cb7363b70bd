"""Monitors: which events a session is sent, and an index so that an event finds them (§7.6).

A device, an agent or a queue is sent the events that are about it, and all events of the calls
that it has a part in, the one included by which it leaves. A monitor of type `call` goes on with
such a call wherever it goes: also into the call that it is merged with (T1), until it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter

import msgspec

from csta.call_events import CallCleared, CallEvent
from csta.ids import CallId
from ctiserver.core.event_facts import EventFacts
from ctiserver.core.event_filters import EventFilter
from ctiserver.core.picture import Watched, is_part
from ctiserver.core.wire import Published

REMEMBERED = 100_000
"""For how many events a call that has left a monitor is remembered: they may be sent again."""

_AGENT = "agent"
_CLOSED_MAX = 64
_OF_LINKS = frozenset({"link", "system"})


class Span(msgspec.Struct):
    """From which event to which (None: still) a call belongs to what is watched."""

    first: int
    last: int | None = None


class Monitor:
    """One monitor of one session. What it is sent is a function of the log alone.

    So events can be sent again to who resumes: `covers` gives the same answer later.
    """

    __slots__ = (
        "alone",
        "as_of",
        "calls",
        "closed",
        "cross_ref_id",
        "filters",
        "forget_at",
        "noticed",
        "session_id",
        "snapshot",
        "watched",
    )

    def __init__(
        self, cross_ref_id: str, session_id: str, watched: Watched, filters: EventFilter, as_of: int
    ) -> None:
        """Begin after the event `as_of`."""
        self.cross_ref_id = cross_ref_id
        self.alone = b'["%s"]' % cross_ref_id.encode()
        """The JSON of its name in a list without others: nearly each event is for one monitor."""
        self.session_id = session_id
        self.watched = watched
        self.as_of = as_of
        self.filters: list[tuple[int, EventFilter]] = [(as_of, filters)]
        """Which filter is in force after which event, the latest last."""
        self.snapshot = False
        """Whether the client was to have the state that it begins with."""
        self.calls: dict[CallId, list[Span]] = {}
        self.closed = 0
        """How many spans are over; at `forget_at` the old ones are forgotten."""
        self.forget_at = _CLOSED_MAX
        self.noticed = as_of
        """The last event that has changed which calls belong to it."""

    def __repr__(self) -> str:
        """Show which, and what it is on."""
        return f"<Monitor {self.cross_ref_id} on {self.watched.kind} {self.watched.id}>"

    @property
    def filter(self) -> EventFilter:
        """The filter that is in force."""
        return self.filters[-1][1]

    def change_filter(self, wanted: EventFilter, as_of: int) -> None:
        """Send other events from now on; who resumes is sent older ones by the older filter."""
        kept = [entry for entry in self.filters[1:] if entry[0] > as_of - REMEMBERED]
        self.filters = [self.filters[0], *kept, (as_of, wanted)]

    def wants(self, event: Published) -> bool:
        """Tell whether the filter that was in force then lets the event through."""
        for after, wanted in reversed(self.filters):
            if after < event.sequence:
                return wanted.passes(event.data)
        return False

    def covers(self, event: Published, facts: EventFacts) -> bool:
        """Tell whether an event is about what is watched, or of a call that belongs to it."""
        watched = self.watched
        match watched.kind:
            case "all":
                return True
            case "device" if watched.id in facts.devices:
                return True
            case "agent" if watched.id in facts.agents:
                return True
            case "group" if watched.id in facts.queues:
                return True
            case "call" if watched.id in _calls_in(facts):
                return True
        return is_of_links(facts) or any(
            self._has(call_id, event.sequence) for call_id in _calls_in(facts)
        )

    def _has(self, call_id: CallId, sequence: int) -> bool:
        return any(
            span.first <= sequence and (span.last is None or sequence <= span.last)
            for span in self.calls.get(call_id, ())
        )

    def follows_now(self) -> list[CallId]:
        """Name the calls that belong to what is watched now."""
        return [call_id for call_id, spans in self.calls.items() if spans[-1].last is None]


def is_of_links(facts: EventFacts) -> bool:
    """Tell whether an event is of a link as a whole: it concerns whatever is monitored."""
    if facts.category not in _OF_LINKS:
        return False
    return not (facts.calls or facts.devices or facts.agents)


class MonitorIndex:
    """All monitors, by what they are on: an event costs as much as the things that it is about."""

    def __init__(self) -> None:
        """Start without monitors."""
        self._by_kind: dict[str, dict[str, dict[Monitor, None]]] = {kind: {} for kind in _READ}
        self._everyone: dict[Monitor, None] = {}
        self.changed: dict[str, None] = {}
        """Sessions that have other monitors than before, to be kept at once."""
        self.moved: dict[str, int] = {}
        """Sessions of monitors to which other calls belong than before: since which event."""

    def __len__(self) -> int:
        """Count the monitors."""
        return len(self._everyone)

    def add(self, monitor: Monitor) -> None:
        """Let a monitor be found."""
        self._everyone[monitor] = None
        self._enter(monitor.watched.kind, monitor.watched.id, monitor)
        for call_id in monitor.follows_now():
            self._enter("call", call_id, monitor)

    def remove(self, monitor: Monitor) -> None:
        """Let a monitor be found no more."""
        self._everyone.pop(monitor, None)
        self._leave(monitor.watched.kind, monitor.watched.id, monitor)
        for call_id in monitor.calls:
            self._leave("call", call_id, monitor)

    def begin(self, monitor: Monitor, calls: Iterable[CallId]) -> None:
        """Let a monitor begin with the calls that belong to it now."""
        for call_id in monitor.follows_now():
            self._close(monitor, call_id, monitor.as_of)
        for call_id in calls:
            self._open(monitor, call_id, monitor.as_of + 1)
        monitor.noticed = monitor.as_of

    def take(self, event: Published, facts: EventFacts) -> dict[Monitor, None]:
        """Give the monitors that an event is for, before their filters; follow the calls.

        Each event is to be taken in once, in the order of the log; one that comes again is given
        to the same monitors, and changes nothing.
        """
        if is_of_links(facts):
            return {each: None for each in self._everyone if each.as_of < event.sequence}
        found: dict[Monitor, None] = {}
        for kind, there in self._by_kind.items():
            if there:
                for name in _READ[kind](facts):
                    for monitor in there.get(name, ()):
                        if monitor.as_of < event.sequence:
                            found[monitor] = None
        if isinstance(event.data, CallEvent):
            for monitor in found:
                if monitor.watched.kind != "all" and self._follow(
                    monitor, event.data, event.sequence
                ):
                    self.moved.setdefault(monitor.session_id, event.sequence)
        return found

    def _follow(self, monitor: Monitor, event: CallEvent, sequence: int) -> bool:
        if sequence <= monitor.noticed:
            return False
        watched = monitor.watched
        here = not isinstance(event, CallCleared) and (watched.follows or is_part(event, watched))
        changes = (self._open if here else self._close)(monitor, event.call_id, sequence)
        if changes:
            monitor.noticed = sequence
        return changes

    def _open(self, monitor: Monitor, call_id: CallId, first: int) -> bool:
        spans = monitor.calls.setdefault(call_id, [])
        if spans and spans[-1].last is None:
            return False
        spans.append(Span(first))
        self._enter("call", call_id, monitor)
        return True

    def _close(self, monitor: Monitor, call_id: CallId, last: int) -> bool:
        spans = monitor.calls.get(call_id)
        if not spans or spans[-1].last is not None:
            return False
        spans[-1].last = last
        monitor.closed += 1
        if (monitor.watched.kind, monitor.watched.id) != ("call", call_id):
            self._leave("call", call_id, monitor)
        if monitor.closed > monitor.forget_at:
            _forget_old(monitor, last - REMEMBERED)
        return True

    def _enter(self, kind: str, name: str, monitor: Monitor) -> None:
        self._by_kind[kind].setdefault(name, {})[monitor] = None

    def _leave(self, kind: str, name: str, monitor: Monitor) -> None:
        there = self._by_kind[kind]
        here = there.get(name)
        if here is not None:
            here.pop(monitor, None)
            if not here:
                del there[name]


def _calls_in(facts: EventFacts) -> tuple[CallId, ...]:
    """Name the calls that an event is of; an agent's state is the agent's, whatever he is on."""
    return () if facts.category == _AGENT else facts.calls


_READ: dict[str, Callable[[EventFacts], Iterable[str]]] = {
    "all": lambda _facts: ("",),
    "call": _calls_in,
    "device": attrgetter("devices"),
    "agent": attrgetter("agents"),
    "group": attrgetter("queues"),
}
"""Under which names the monitors of each kind are found."""


def _forget_old(monitor: Monitor, before: int) -> None:
    for call_id, spans in list(monitor.calls.items()):
        kept = [span for span in spans if span.last is None or span.last >= before]
        monitor.closed -= len(spans) - len(kept)
        if kept:
            monitor.calls[call_id] = kept
        else:
            del monitor.calls[call_id]
    monitor.forget_at = max(_CLOSED_MAX, 2 * monitor.closed)
