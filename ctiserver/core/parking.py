"""Parked calls: left at a place `park:<name>`, with music, until somebody fetches them (S14).

One call stands at a place. It is fetched by a pick-up, or by dialling the place; after a while who
has parked it is rung. A call that nobody takes goes back to its place, and one that came from a
queue goes back to that after a few times: as long as the caller stays, he is never lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csta.call_events import CallOutcome
from csta.call_services import ParkCall
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import CallId, ConnectionId, DeviceId, device
from csta.instants import MINUTE, SECOND, Agenda, Instant, Milliseconds
from csta.replies import CallResult
from csta.states import ConnectionState
from ctiserver.core.call_lookup import CallLookup, leg_of
from ctiserver.core.calls import Call, Connection, Role
from ctiserver.core.contacts import Contact

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

PARKED_MS: Milliseconds = 2 * MINUTE
"""So long a call stands at a place before who parked it is rung, and before he is rung again."""
RECALLS_MAX = 3
"""So often that is tried for a call that came from a queue; after that it goes back there."""

_LATER_MS: Milliseconds = 5 * SECOND
_MUSIC = "music:default"
_PLACE = re.compile(r"park:[A-Za-z0-9._+*#-]{1,64}")


class Parked:
    """One parked call. `seat` is its connection at the place; None while somebody is rung."""

    __slots__ = ("contact", "parker", "place", "recalls", "seat")

    def __init__(self, contact: Contact, place: DeviceId, parker: DeviceId) -> None:
        """Know who waits where, and who has parked him."""
        self.contact = contact
        self.place = place
        self.parker = parker
        self.seat: Connection | None = None
        self.recalls = 0


class Parking(CallLookup):
    """The parked calls of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Begin with all places free."""
        super().__init__(engine)
        self.by_call: dict[CallId, Parked] = {}
        """Calls at a place, and those that will come back there if nobody answers."""
        self.deadlines: Agenda[CallId] = Agenda()
        """When who has parked a call is rung."""

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {ParkCall: self._park}

    def places(self) -> list[DeviceId]:
        """List the places that are taken."""
        return [parked.place for parked in self.by_call.values()]

    def holds(self, seat: Connection) -> bool:
        """Tell whether a connection is that of a parked call at its place."""
        parked = self.by_call.get(seat.call.call_id)
        return parked is not None and parked.seat is seat

    def dialled_place(self, dialled: str) -> DeviceId | None:
        """Find the place with a parked call that somebody has dialled by its name alone."""
        return device("park", dialled) if self._at(device("park", dialled)) else None

    # Calls come.

    def _park(self, request: ParkCall, request_id: str) -> CallResult:
        engine, place = self.engine, request.park_to
        parking = self.connection(request.parking, "ParkCall")
        self.check_is_nowhere_waiting(parking)
        call, leg = parking.call, leg_of(parking)
        self._check(call, place)
        engine.model.divert(parking, Cause.PARK, place, request_id)
        engine.parties.on_left(call)
        engine.parties.release(leg)
        contact = engine.contacts.get(call.call_id) or engine.leading.contact_of(call)
        parked = self.by_call[call.call_id] = Parked(contact, place, parking.device_id)
        self._seat(parked)
        return CallResult(
            parked_to=ConnectionId(call.call_id, place), call_linkage_data=call.linkage
        )

    def _check(self, call: Call, place: DeviceId) -> None:
        """Check that a call can be parked at a place.

        Raises:
            CtiError: it is no place, or taken; more than one party would be parked.
        """
        if not _PLACE.fullmatch(place):
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"'{place}' is no place to park calls: it is written park:<name>",
            )
        if self._at(place) is not None:
            raise CtiError(
                ErrorCategory.SYSTEM_RESOURCE_AVAILABILITY,
                ErrorValue.RESOURCE_BUSY,
                f"there is a call at {place} already",
            )
        if call.coming or len(call.parties()) > 2:  # noqa: PLR2004 - one parks the other
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT,
                f"call {call.call_id} has more than two parties: a conference cannot be parked",
            )

    def _seat(self, parked: Parked) -> None:
        """Let a call stand at its place, and its caller hear music."""
        engine, contact = self.engine, parked.contact
        parked.seat = engine.model.attach(contact.call, parked.place, None)
        engine.model.queue(parked.seat, Cause.PARK, number=1, in_front=0)
        queue = engine.acd.queues.get(contact.queue or "")
        engine.prompts.play_while_waiting(contact, queue.config.music if queue else _MUSIC)
        self.deadlines.set(contact.call_id, engine.out.now + PARKED_MS)

    # Calls go.

    def pick_up(self, parked: Parked, to: DeviceId, request_id: str) -> None:
        """Ring a phone for a call that somebody fetches there."""
        self._rise(parked, Cause.CALL_PICKUP, to, request_id)
        self.engine.parties.dial_into(
            parked.contact.call,
            to,
            Cause.CALL_PICKUP,
            request_id=request_id,
            auto_answer=True,
        )

    def dialled(self, call: Call, place: DeviceId, request_id: str | None) -> None:
        """Somebody has dialled a place: he gets the call that stands there, if one does."""
        parked, here = self._at(place), call.parties()
        own = here[0] if len(here) == 1 and not call.coming else None
        if parked is None or parked.seat is None or own is None or own.category != "station":
            cause = Cause.DEST_NOT_OBTAINABLE if parked is None else Cause.BUSY
            self.engine.forwarding.fail(call, place, cause, request_id)
        elif parked.contact.call is call or own.device_id in parked.contact.call.connections:
            self.engine.forwarding.fail(call, place, Cause.BUSY, request_id)
        else:
            self._fetch(parked, own, request_id)

    def _fetch(self, parked: Parked, own: Connection, request_id: str | None) -> None:
        """Move a phone from the call with which it has dialled the place to the parked one."""
        engine, model = self.engine, self.engine.model
        leg, dialling, call = leg_of(own), own.call, parked.contact.call
        self._rise(parked, Cause.CALL_PICKUP, own.device_id, request_id)
        fetched = model.attach(call, own.device_id, leg)
        dialling.outcome = CallOutcome.TRANSFERRED_OUT
        model.clear(own, Cause.CALL_PICKUP, request_id)
        if leg.role is Role.ORIGINATOR:
            leg.role = Role.PARTY
        model.establish(fetched, Cause.CALL_PICKUP, leg.device_id, request_id)
        self._forget(parked)
        engine.parties.join(call)
        engine.parties.settle(dialling)

    def wake(self, now: Instant) -> None:
        """Ring those who have parked calls that nobody has fetched."""
        for call_id in self.deadlines.due(now):
            parked = self.by_call[call_id]
            if self.engine.parties.link_is_down:
                self.deadlines.set(call_id, now + _LATER_MS)
            else:
                self._recall(parked, now)

    def _recall(self, parked: Parked, now: Instant) -> None:
        engine, contact = self.engine, parked.contact
        parked.recalls += 1
        if parked.recalls > RECALLS_MAX and contact.queue in engine.acd.queues:
            self._rise(parked, Cause.RECALL, device("acd", contact.queue))
            self._forget(parked)
            engine.queueing.enter(contact, contact.queue, contact.priority, contact.skills)
        elif parked.parker in engine.model.at_device or parked.parker in contact.call.connections:
            self.deadlines.set(contact.call_id, now + PARKED_MS)
        else:
            self._rise(parked, Cause.RECALL, parked.parker)
            engine.parties.dial_into(contact.call, parked.parker, Cause.RECALL)

    def back(self, call: Call) -> bool:
        """Bring a call back to its place, for which a phone was rung that has not answered.

        Gives False for any other call.
        """
        parked = self.by_call.get(call.call_id)
        if parked is None or parked.seat is not None:
            return False
        caller = parked.contact.caller
        if caller.state is ConnectionState.NULL or leg_of(caller).clearing:
            return False
        call.failure = None
        for connection in list(call.connections.values()):
            if connection.state is ConnectionState.FAIL:
                self.engine.model.clear(connection, Cause.NORMAL)
        self._seat(parked)
        return True

    def follow(self) -> None:
        """Let go of calls that somebody has taken in this step."""
        for parked in list(self.by_call.values()):
            caller = parked.contact.caller
            others = caller.call.others(caller)
            if parked.seat is None and any(
                other.state is ConnectionState.CONNECTED for other in others
            ):
                self._forget(parked)

    def call_ends(self, call: Call) -> None:
        """A call is about to be over."""
        if self.by_call.pop(call.call_id, None) is not None:
            self.deadlines.cancel(call.call_id)

    # Steps that several of them take.

    def _at(self, place: DeviceId) -> Parked | None:
        return next((each for each in self.by_call.values() if each.place == place), None)

    def _rise(
        self, parked: Parked, cause: Cause, to: DeviceId, request_id: str | None = None
    ) -> None:
        """Take a call from its place, to which it may come back."""
        assert parked.seat is not None, f"{parked.place} is left already"
        self.engine.model.divert(parked.seat, cause, to, request_id)
        parked.seat = None
        self.deadlines.cancel(parked.contact.call_id)

    def _forget(self, parked: Parked) -> None:
        del self.by_call[parked.contact.call_id]
        self.engine.prompts.stop(parked.contact)
