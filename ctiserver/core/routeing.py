"""The routeing dialogue: clients say where calls go (ECMA-269 §20; cti-api §7.6).

A call that comes to a routeing device with a router waits there until the router has said where
to, or its time is over. A route that fails is asked for again; when nobody knows a way, the call
goes the device's own: its flow, else the default device. Several routers of one device are asked
one after the other, in the order in which they registered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from csta import system_events
from csta.call_events import Party
from csta.causes import Cause
from csta.errors import ErrorValue
from csta.ids import CallId, ConnectionId, DeviceId, Mint, category_of
from csta.instants import Agenda, Instant
from csta.routeing_services import ReRoute, RouteEnd, RouteRequest, RouteSelect, RouteUsed
from csta.states import ConnectionState
from ctiserver.core.calls import Call
from ctiserver.core.outbox import Registrant, RouteQuestion
from ctiserver.core.violations import Kind, Violation

if TYPE_CHECKING:
    from ctiserver.core.contacts import Contact
    from ctiserver.core.engine import Engine

REROUTES_MAX = 3
"""So often a router is asked again for one call, because its route has failed (cti-api §7.6)."""

ROUTINGS_MAX = 10
"""So many dialogues a call may have: routers that send it in circles are not asked any more."""


class Registration(msgspec.Struct, frozen=True):
    """A router for one device."""

    register_id: str
    device_id: DeviceId
    registrant: Registrant


class Dialogue:
    """One router and one call: it is asked and has a deadline, or has selected a `route`."""

    __slots__ = (
        "asked",
        "contact",
        "cross_ref_id",
        "device_id",
        "question",
        "registration",
        "reroutes",
        "retries",
        "route",
        "wants_used",
    )

    def __init__(
        self,
        cross_ref_id: str,
        contact: Contact,
        registration: Registration,
        asked: tuple[str, ...],
    ) -> None:
        """Begin; `asked` are the registrations whose routers have been asked, this one too."""
        self.cross_ref_id = cross_ref_id
        self.contact = contact
        self.registration = registration
        self.device_id = registration.device_id
        self.asked = asked
        self.question: RouteQuestion | None = None
        """What the router is to answer, until it has."""
        self.route: DeviceId | None = None
        self.wants_used = False
        self.retries: int | None = None
        """How often the router will be asked again, as it has said; None: as often as we like."""
        self.reroutes = 0


class Routeing:
    """The registrations and dialogues of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Start without routers."""
        self._engine = engine
        self._out = engine.out
        self._mint = Mint()
        self._registrations: dict[str, Registration] = {}
        """By id, in the order in which they came."""
        self._dialogues: dict[CallId, Dialogue] = {}
        self._by_ref: dict[str, Dialogue] = {}
        self.deadlines: Agenda[CallId] = Agenda()
        """Until when routers must have answered."""

    def __len__(self) -> int:
        """Count the dialogues."""
        return len(self._dialogues)

    # Routers come and go.

    def registration_of(self, device_id: DeviceId, registrant: Registrant) -> Registration | None:
        """Find the registration of a router at a device."""
        for registration in self._registrations.values():
            if (registration.device_id, registration.registrant) == (device_id, registrant):
                return registration
        return None

    def register(self, device_id: DeviceId, registrant: Registrant) -> Registration:
        """Let a router be asked for the calls of a device, after those who are there already."""
        register_id = self._mint.next("rr", self._out.now)
        registration = Registration(register_id, device_id, registrant)
        self._registrations[register_id] = registration
        return registration

    def cancel(self, register_id: str, registrant: Registrant) -> bool:
        """Let a router be asked no more; False when it has no such registration."""
        registration = self._registrations.get(register_id)
        if registration is None or registration.registrant != registrant:
            return False
        self._strike([registration])
        return True

    def session_ended(self, session_id: str) -> None:
        """End the registrations of a session that is over."""
        ended = [r for r in self._registrations.values() if r.registrant.session_id == session_id]
        for registration in ended:
            self._publish(
                registration.device_id,
                system_events.RouteRegisterAbort(
                    link_id=self._engine.config.link_id,
                    route_register_req_id=registration.register_id,
                ),
            )
        self._strike(ended)

    def _strike(self, registrations: list[Registration]) -> None:
        """Forget registrations; calls that wait for their answers go the default way at once."""
        for registration in registrations:
            del self._registrations[registration.register_id]
        for dialogue in list(self._dialogues.values()):
            if dialogue.registration in registrations:
                waits = dialogue.route is None
                self._finish(dialogue)
                if waits:
                    self._go_default(dialogue)

    # Calls come and go.

    def ask(self, contact: Contact, device_id: DeviceId) -> bool:
        """Ask the first router of a device about a call that is there; False when there is none."""
        return self._ask_next(contact, device_id, ())

    def asks_about(self, call_id: CallId) -> bool:
        """Tell whether a call waits for a router's answer."""
        return call_id in self.deadlines

    def dialogue(self, cross_ref_id: str, registrant: Registrant) -> Dialogue | None:
        """Find a dialogue with this router."""
        dialogue = self._by_ref.get(cross_ref_id)
        if dialogue is None or dialogue.registration.registrant != registrant:
            return None
        return dialogue

    def open_questions(self) -> list[RouteQuestion]:
        """List what routers have yet to answer; after a restart they are asked once more."""
        return [d.question for d in self._dialogues.values() if d.question is not None]

    def answered(self, call: Call) -> None:
        """Somebody has answered in a call: if that was the route, it is used."""
        dialogue = self._dialogues.get(call.call_id)
        if dialogue is not None and dialogue.route is not None:
            self._reached(dialogue)

    def failed(self, call: Call) -> bool:
        """The caller is alone: if a route has come to nothing, ask again. False: none has."""
        dialogue = self._dialogues.get(call.call_id)
        if dialogue is None or dialogue.route is None:
            return False
        contact = dialogue.contact
        if contact.caller.state is not ConnectionState.CONNECTED or contact.caller_leg.clearing:
            return False
        call.failure = None
        for connection in list(call.connections.values()):
            if connection.state is ConnectionState.FAIL:
                self._engine.model.clear(connection, Cause.NORMAL)
        self._ask_again(dialogue)
        return True

    def let_go(self, call_id: CallId) -> None:
        """A call has ended, or goes elsewhere without asking."""
        dialogue = self._dialogues.get(call_id)
        if dialogue is not None:
            self._finish(dialogue, ErrorValue.NO_ACTIVE_CALL)

    def wake(self, now: Instant) -> None:
        """Let calls go the default way whose routers have not answered in time."""
        for call_id in self.deadlines.due(now):
            dialogue = self._dialogues[call_id]
            self._finish(dialogue, ErrorValue.ROUTEING_TIMER_EXPIRED)
            self._go_default(dialogue)

    # Routers answer.

    def select(self, dialogue: Dialogue, selected: RouteSelect, request_id: str) -> None:
        """Send the call where the router says."""
        contact = dialogue.contact
        call_id = contact.call_id
        if selected.correlator_data is not None:
            contact.call.correlator_data = selected.correlator_data
        target = self._engine.numbering.device(selected.route_selected)
        self.deadlines.cancel(call_id)
        dialogue.question, dialogue.route = None, target
        dialogue.retries, dialogue.wants_used = selected.remain_retries, selected.route_used_req
        if not self._engine.leading.can_go(contact.call, target):
            self._ask_again(dialogue)
        elif category_of(target) == "routeing":
            self._reached(dialogue)
            self._engine.leading.bring(contact, target)
        else:
            self._engine.leading.bring(contact, target, request_id)
            in_queue = category_of(target) == "acd"
            if in_queue and self._dialogues.get(call_id) is dialogue and dialogue.route is not None:
                self._reached(dialogue)

    def reject(self, dialogue: Dialogue) -> None:
        """The router knows no way: the next one is asked."""
        self._finish(dialogue)
        if not self._ask_next(dialogue.contact, dialogue.device_id, dialogue.asked):
            self._go_default(dialogue)

    def end(self, dialogue: Dialogue, error: ErrorValue | None) -> None:
        """The router has had enough: a call that waits for it goes the default way."""
        waits = dialogue.route is None
        self._finish(dialogue, error, tell=False)
        if waits:
            self._go_default(dialogue)

    # Steps that several of them take.

    def _ask_next(self, contact: Contact, device_id: DeviceId, asked: tuple[str, ...]) -> bool:
        asks = self._engine.features.of(device_id).routeing_mode
        if contact.routings >= ROUTINGS_MAX or not asks:
            return False
        for registration in self._registrations.values():
            if registration.device_id == device_id and registration.register_id not in asked:
                break
        else:
            return False
        contact.routings += 1
        cross_ref_id = self._mint.next("r", self._out.now)
        dialogue = Dialogue(cross_ref_id, contact, registration, (*asked, registration.register_id))
        self._dialogues[contact.call_id] = self._by_ref[cross_ref_id] = dialogue
        call = contact.call
        self._put(
            dialogue,
            RouteRequest(
                routeing_cross_ref_id=cross_ref_id,
                route_register_req_id=registration.register_id,
                routeing_device=device_id,
                current_route=call.called,
                calling_device=call.calling,
                routed_call=ConnectionId(call.call_id, device_id),
                priority=contact.priority > 0,
                reply_timeout_ms=self._engine.config.route_ms_max,
                correlator_data=call.correlator_data,
                call_linkage_data=call.linkage,
                attempt=contact.routings,
            ),
        )
        return True

    def _ask_again(self, dialogue: Dialogue) -> None:
        """Ask for another route; not for ever."""
        contact, dialogue.route = dialogue.contact, None
        if contact.entry is None:
            self._engine.leading.stand_at(contact, dialogue.device_id)
        if dialogue.reroutes >= REROUTES_MAX or dialogue.retries == 0:
            self._finish(dialogue, ErrorValue.INVALID_DESTINATION)
            self._go_default(dialogue)
            return
        dialogue.reroutes += 1
        self._put(
            dialogue,
            ReRoute(
                routeing_cross_ref_id=dialogue.cross_ref_id,
                route_register_req_id=dialogue.registration.register_id,
                reply_timeout_ms=self._engine.config.route_ms_max,
                correlator_data=contact.call.correlator_data,
                call_linkage_data=contact.call.linkage,
            ),
        )

    def _put(self, dialogue: Dialogue, asks: RouteRequest | ReRoute) -> None:
        until = self._out.now + self._engine.config.route_ms_max
        self.deadlines.set(dialogue.contact.call_id, until)
        dialogue.question = self._say(dialogue, asks)

    def _say(
        self, dialogue: Dialogue, asks: RouteRequest | ReRoute | RouteUsed | RouteEnd
    ) -> RouteQuestion:
        registration = dialogue.registration
        question = RouteQuestion(
            registration.registrant, registration.register_id, dialogue.cross_ref_id, asks
        )
        self._out.decide(question)
        return question

    def _reached(self, dialogue: Dialogue) -> None:
        """The route is used: the dialogue has come to its good end."""
        call = dialogue.contact.call
        if dialogue.wants_used:
            self._say(
                dialogue,
                RouteUsed(
                    routeing_cross_ref_id=dialogue.cross_ref_id,
                    route_used=Party(device_identifier=dialogue.route),
                    calling_device=call.calling,
                    correlator_data=call.correlator_data,
                    call_linkage_data=call.linkage,
                ),
            )
        self._finish(dialogue)

    def _finish(
        self, dialogue: Dialogue, error: ErrorValue | None = None, *, tell: bool = True
    ) -> None:
        """End a dialogue; the router is told unless it was it who ended it."""
        call_id, cross_ref_id = dialogue.contact.call_id, dialogue.cross_ref_id
        del self._dialogues[call_id], self._by_ref[cross_ref_id]
        self.deadlines.cancel(call_id)
        dialogue.question = None
        if tell:
            self._say(dialogue, RouteEnd(routeing_cross_ref_id=cross_ref_id, error_value=error))
        self._publish(
            dialogue.device_id,
            system_events.RouteEnd(
                link_id=self._engine.config.link_id,
                routeing_cross_ref_id=cross_ref_id,
                error_value=error,
            ),
        )

    def _go_default(self, dialogue: Dialogue) -> None:
        self._engine.leading.go_default(dialogue.contact, dialogue.device_id)

    def _publish(self, device_id: DeviceId, event: system_events.SystemEvent) -> None:
        self._out.publish(f"device/{device_id}", device_id, event)

    def faults(self) -> Iterator[Violation]:
        """Tell of dialogues without a deadline or a route that is under way (A3)."""
        for call_id, dialogue in self._dialogues.items():
            waits = call_id in self.deadlines
            if waits is (dialogue.route is not None) or dialogue.contact.call.cleared:
                sentence = f"dialogue {dialogue.cross_ref_id} has no end"
                yield Violation("A3", Kind.CALL, call_id, sentence, {"route": dialogue.route})
