"""The laws of call-control events (cti-api §7.13), checked from the events alone.

Nothing of the engine's own bookkeeping is used: the table of steps is the text of §7.1, and the
connections of each call are folded from the events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from csta.call_events import (
    CallCleared,
    CallEvent,
    Conferenced,
    ConnectionCleared,
    Delivered,
    Diverted,
    Established,
    Failed,
    Held,
    NetworkReached,
    Offered,
    Originated,
    Queued,
    Retrieved,
    ServiceInitiated,
    Transferred,
    TransferredConnection,
)
from csta.ids import ConnectionId
from ctiserver.core.wire import Published

_STEPS = """
    null      : initiated alerting connected queued fail
    initiated : connected fail null
    alerting  : connected queued fail null
    connected : hold queued fail null
    hold      : connected fail null
    queued    : alerting connected queued fail null
    fail      : null
"""
STEPS = {
    origin.strip(): targets.split()
    for origin, _, targets in (line.partition(":") for line in _STEPS.strip().splitlines())
}

_LEADS_TO: dict[type[CallEvent], str] = {
    ServiceInitiated: "initiated",
    Originated: "connected",
    Offered: "alerting",
    NetworkReached: "alerting",
    Delivered: "alerting",
    Queued: "queued",
    Established: "connected",
    Held: "hold",
    Retrieved: "connected",
    Failed: "fail",
    Diverted: "null",
    ConnectionCleared: "null",
}

States = dict[str, tuple[str, int]]
"""By device: the state, and since when."""


class Fold:
    """The connections of every call, made of events only."""

    def __init__(self) -> None:
        """Start without calls."""
        self.calls: dict[str, States] = {}
        self.ended: list[str] = []

    def take(self, event: Published) -> None:
        """Take in an event, and compare what it says with what those before it said."""
        data = event.data
        if not isinstance(data, CallEvent):
            return
        call_id = data.call_id
        assert call_id not in self.ended, f"{type(data).__name__} after CallCleared of {call_id}"
        if call_id not in self.calls:
            self._begin(data, event.at)
        self._apply(data, event.at)
        told = {
            part.device_id: (part.local_connection_info.value, part.since)
            for part in data.connections
        }
        assert told == self.calls[call_id], f"connections[] of event {event.sequence}"
        if isinstance(data, CallCleared):
            self.ended.append(call_id)
            assert self.calls.pop(call_id) == {}

    def _begin(self, data: CallEvent, at: int) -> None:
        """The calling side of a call from outside is connected; no event of its own tells it."""
        states: States = {}
        if data.direction == "inbound":
            assert data.calling_device.device_identifier is not None
            states[data.calling_device.device_identifier] = ("connected", at)
        self.calls[data.call_id] = states

    def _apply(self, data: CallEvent, at: int) -> None:
        if isinstance(data, Transferred):
            self._leave(data.primary_old_call, at)
            if data.secondary_old_call is not None:
                self._leave(data.secondary_old_call, at)
                self._merge(data.secondary_old_call, data.transferred_connections)
        elif isinstance(data, Conferenced) and data.secondary_old_call is None:
            self._add(data, at)
        elif isinstance(data, Conferenced):
            assert data.secondary_old_call is not None
            self._leave(data.secondary_old_call, at)
            self._merge(data.secondary_old_call, data.conference_connections)
            self._step(data.primary_old_call, "connected", at)
        elif isinstance(data, CallCleared):
            # Failed connections end with their call; another event does not tell it.
            for device_id, (state, _) in list(self.calls[data.call_id].items()):
                if state == "fail":
                    self._leave(ConnectionId(data.call_id, device_id), at)
        elif isinstance(data, Delivered) and self._is_out(data):
            pass  # NetworkReached has told it already
        elif type(data) in _LEADS_TO:
            assert data.connection is not None
            state = _LEADS_TO[type(data)]
            self._step(data.connection, state, at)
            assert data.local_connection_info == state

    def _add(self, data: Conferenced, at: int) -> None:
        """Somebody has come into the call at once; one who only listens is no party of it."""
        for member in data.conference_connections:
            if member.old_connection is None and data.cause != "silentParticipation":
                self._step(member.new_connection, "connected", at)

    def _is_out(self, data: Delivered) -> bool:
        """Tell whether a call alerts in the network already."""
        key = data.connection
        if key is None or not key.device_id.startswith("number:"):
            return False
        return key.device_id in self.calls[data.call_id]

    def _merge(self, secondary: ConnectionId, survivors: Sequence[TransferredConnection]) -> None:
        """Move each party to where the event says that it is now."""
        states = self.calls[secondary.call_id]
        for survivor in survivors:
            old, new = survivor.old_connection, survivor.new_connection
            if old is not None and old.call_id == secondary.call_id:
                self.calls[new.call_id][new.device_id] = states.pop(old.device_id)
        assert states == {}, "a party of the secondary call is not accounted for"

    def _leave(self, connection: ConnectionId, at: int) -> None:
        self._step(connection, "null", at)

    def _step(self, connection: ConnectionId, state: str, at: int) -> None:
        states = self.calls[connection.call_id]
        before = states.get(connection.device_id, ("null", 0))[0]
        assert state in STEPS[before], f"{connection} goes from {before} to {state}"
        if state == "null":
            del states[connection.device_id]
        else:
            states[connection.device_id] = (state, at)


def check(events: Sequence[Published]) -> None:
    """Check a whole log: numbering (G1), steps (G3), endings (G4), `connections[]` (G5)."""
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    places: dict[str, int] = {}
    fold = Fold()
    for event in events:
        places[event.subject] = places.get(event.subject, 0) + 1
        assert event.entity_sequence == places[event.subject]
        fold.take(event)
    assert fold.calls == {}, "calls without CallCleared"
    assert len(fold.ended) == len(set(fold.ended))


def threads(events: Iterable[Published]) -> dict[str, set[str]]:
    """Give the thread ids that the events of each call name."""
    found: dict[str, set[str]] = {}
    for event in events:
        if isinstance(event.data, CallEvent):
            thread = event.data.call_linkage_data.thread_linkage_id
            found.setdefault(event.data.call_id, set()).add(thread)
    return found
