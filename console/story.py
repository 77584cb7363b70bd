"""The story of the calls in plain words: events in, sentences out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from csta.acd_events import OfferRefused
from csta.call_events import (
    CallCleared,
    CallEvent,
    CallOutcome,
    Delivered,
    Established,
    Offered,
    Queued,
)
from csta.customers import Match, ScreenPopped
from csta.ids import AgentId, CallId, DeviceId, category_of, local_part
from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant, Milliseconds
from ctiserver.core.wire import Published

_ENDS = {
    CallOutcome.ABANDONED_IN_QUEUE: "gives up",
    CallOutcome.ABANDONED_RINGING: "gives up while it rings",
    CallOutcome.ABANDONED_IN_IVR: "hangs up in the menu",
    CallOutcome.COMPLETED_IN_IVR: "is served by the menu",
    CallOutcome.BUSY: "is turned away: busy",
    CallOutcome.REJECTED: "is turned away",
}
_NO_CARD = {
    Match.NONE: "a number that the CRM does not know",
    Match.SEVERAL: "a number of several customers",
    Match.UNKNOWN: "the CRM has not answered",
}


class _Told(msgspec.Struct):
    """What the story knows of one call."""

    serial: int
    number: str
    queued_at: Instant | None = None
    rings_at: Instant | None = None
    waits: bool = False


class Story:
    """Tells what happens to each call, and counts what a closing table needs."""

    def __init__(self, agent_names: Mapping[DeviceId, str]) -> None:
        """Know the agents' names by their phones."""
        self.pops = 0
        self.calls = 0
        self.waited = 0
        self._names = agent_names
        self._told: dict[CallId, _Told] = {}
        self._tellers: dict[type, Callable[[_Told, CallEvent, Instant], str]] = {
            Offered: self._offered,
            Delivered: self._offered,
            Queued: self._queued,
            Established: self._established,
            CallCleared: self._cleared,
        }

    def take(self, events: Sequence[Published]) -> list[str]:
        """Give a line for each event that is worth telling."""
        lines = []
        for event in events:
            sentence = self._sentence(event.data, event.at)
            if sentence:
                lines.append(f"{clock(event.at)}  {sentence}")
        return lines

    def _sentence(self, data: object, at: Instant) -> str:
        if isinstance(data, ScreenPopped):
            self.pops += 1
            return self._popped(data)
        if isinstance(data, OfferRefused):
            told = self._told.get(data.call_id)
            name = self._name(data.device_id)
            return f"call {told.serial}: {name} does not answer; the place is kept" if told else ""
        teller = self._tellers.get(type(data))
        if teller is None or not isinstance(data, CallEvent):
            return ""
        if data.call_id not in self._told:
            self.calls += 1
            number = local_part(data.calling_device.device_identifier or "")
            self._told[data.call_id] = _Told(self.calls, number)
        told = self._told[data.call_id]
        sentence = teller(told, data, at)
        return f"call {told.serial}: {sentence}" if sentence else ""

    def _offered(self, told: _Told, event: CallEvent, at: Instant) -> str:
        """A call comes to a flow or a queue, or rings at a phone."""
        place = event.connection.device_id if event.connection else ""
        if category_of(place) == "routeing":
            return f"{told.number} calls and hears the menu"
        if category_of(place) == "acd":
            first = told.queued_at is None
            told.queued_at = at if told.queued_at is None else told.queued_at
            queue = local_part(place)
            return f"{told.number} comes to {queue}" if first else f"goes over to {queue}"
        told.rings_at = at
        return f"rings at {self._name(place)}"

    def _queued(self, told: _Told, event: CallEvent, at: Instant) -> str:
        del at
        assert isinstance(event, Queued), "only these are queued"
        self.waited += not told.waits
        told.waits = True
        front = f"{event.calls_in_front} in front" if event.calls_in_front else "next in turn"
        return f"waits in {local_part(event.queue)}, {front}"

    def _established(self, told: _Told, event: CallEvent, at: Instant) -> str:
        assert isinstance(event, Established), "only these are established"
        if told.rings_at is None or event.answering_device not in self._names:
            return ""
        after, told.rings_at = length(at - told.rings_at), None
        waited = "" if told.queued_at is None else f", {length(at - told.queued_at)} in the queue"
        return f"{self._name(event.answering_device)} answers after {after}{waited}"

    def _cleared(self, told: _Told, event: CallEvent, at: Instant) -> str:
        assert isinstance(event, CallCleared), "only these are cleared"
        del self._told[event.call_id]
        if event.outcome is CallOutcome.ANSWERED:
            return f"is over, talked for {length(event.durations.talk_ms)}"
        since = f" after {length(at - told.queued_at)}" if told.queued_at is not None else ""
        return _ENDS.get(event.outcome, f"ends: {event.outcome.value}") + since

    def _popped(self, pop: ScreenPopped) -> str:
        told = self._told.get(pop.call_id)
        if told is None:
            return ""
        card = pop.customer
        shows = f"{card.name}, {card.tier}" if card else _NO_CARD.get(pop.match, "no card")
        if card and card.last_contacts:
            shows += f", called {len(card.last_contacts)} times before"
        return f"call {told.serial}: {self._name(pop.device_id)}'s screen shows {shows}"

    def _name(self, device_id: DeviceId | AgentId) -> str:
        return self._names.get(device_id, device_id)


def clock(at: Instant) -> str:
    """Write the time of day: `08:00:12`."""
    return f"{at % DAY // HOUR:02}:{at % HOUR // MINUTE:02}:{at % MINUTE // SECOND:02}"


def length(duration_ms: Milliseconds) -> str:
    """Write a duration: `4 s` or `1:05 min`."""
    whole = round(duration_ms / SECOND)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02} min"  # noqa: PLR2004
