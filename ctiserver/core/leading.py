"""Brings calls to where they are to go: a flow, a queue, a device; and lets go of callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csta.call_events import Party
from csta.causes import Cause
from csta.ids import DeviceId, category_of, local_part, number_device
from csta.states import ConnectionState
from ctiserver.core.calls import Call, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.outbox import LookUp
from ctiserver.core.switch_link import Answer, LegSeen

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


_PHONES = ("station", "number")


class Leading:
    """Knows the way of each call of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Lead the calls of one engine."""
        self._engine = engine

    def call_comes_in(self, event: LegSeen) -> None:
        """Begin the call of a caller from outside, and lead it to where its number leads."""
        entry_device = self._engine.numbering.entry(event.dnis)
        caller_device = number_device(event.ani)
        call = self._engine.model.begin(
            "inbound",
            Party(device_identifier=caller_device),
            Party(device_identifier=number_device(event.dnis)),
        )
        call.associated_calling = Party(device_identifier=event.device)
        leg = self._engine.model.expect(event.leg, event.device, Role.CALLER, Cause.NEW_CALL)
        self._engine.model.leg_seen(event)
        caller = self._engine.model.attach(call, caller_device, leg)
        self._engine.model.answer_by_caller(caller)
        contact = Contact(call, caller, event.ani, event.dnis)
        self._engine.contacts[call.call_id] = contact
        self._engine.out.decide(LookUp(call.call_id, event.ani, event.dnis))
        if category_of(entry_device) != "station":
            self.stand_at(contact, entry_device)
        self.lead(contact, entry_device)

    def lead(self, contact: Contact, target: DeviceId) -> None:
        """Send a caller to a flow, a queue, or straight to a device, whatever a router wanted."""
        self._engine.routeing.let_go(contact.call_id)
        self.bring(contact, target)

    def stand_at(self, contact: Contact, target: DeviceId) -> None:
        """Let a call stand at a flow or a queue that is yet to decide what becomes of it."""
        contact.entry = self._engine.model.attach(contact.call, target, None)
        self._engine.model.offer(contact.entry)

    def bring(self, contact: Contact, target: DeviceId, request_id: str | None = None) -> None:
        """Send a caller where he is to go: to a routeing device means to its router, if any."""
        category = category_of(target)
        if category == "routeing":
            if contact.entry is not None and contact.entry.device_id != target:
                self._engine.walks.leave_entry(contact, target)
            if contact.entry is None:
                self.stand_at(contact, target)
            if not self._engine.routeing.ask(contact, target):
                self.go_default(contact, target)
        elif category == "acd":
            if contact.entry is not None and contact.entry.device_id == target:
                contact.entry = None
            self._engine.queueing.enter(
                contact, local_part(target), contact.priority, contact.skills
            )
        else:
            self._engine.walks.leave_entry(contact, target)
            self._engine.out.decide(Answer(leg=contact.caller_leg.leg_id))
            self._engine.forwarding.dial(contact.call, target, Cause.NEW_CALL, request_id)

    def go_default(self, contact: Contact, routeing_device: DeviceId) -> None:
        """Send a caller the way that a routeing device has without a router."""
        if self._engine.walks.has_flow(routeing_device):
            self._engine.walks.begin(contact)
        else:
            self.bring(contact, self._engine.config.default_device)

    def is_routeing_device(self, device_id: DeviceId) -> bool:
        """Tell whether calls can be sent to this routeing device."""
        known = self._engine.config.routeing_devices
        return device_id in known or self._engine.walks.has_flow(device_id)

    def transfer_from_flow(self, contact: Contact, target: DeviceId) -> None:
        """Send a caller where a flow wants him to go."""
        self.lead(contact, self._engine.numbering.device(target))

    def divert(self, contact: Contact, target: DeviceId) -> None:
        """Send a caller who leaves a queue to where its recipe wants him to go."""
        self.lead_call(contact.call, self._engine.numbering.device(target), Cause.NEW_CALL, None)

    def lead_call(self, call: Call, target: DeviceId, cause: Cause, request_id: str | None) -> None:
        """Bring a call to where a party wants it: a queue, a flow, or a device that rings."""
        self._engine.routeing.let_go(call.call_id)
        self.give_up_place(call)
        contact = self._engine.contacts.get(call.call_id)
        if category_of(target) in ("acd", "routeing"):
            if contact is None:
                contact = self.contact_of(call)
            self.lead(contact, target)
        elif category_of(target) == "park":
            self._engine.parking.dialled(call, target, request_id)
        else:
            self._engine.forwarding.dial(call, target, cause, request_id)

    def is_place(self, target: DeviceId) -> bool:
        """Tell whether calls can be sent to a device: a phone's or a number's own affairs aside."""
        match category_of(target):
            case "acd":
                return local_part(target) in self._engine.acd.queues
            case "routeing":
                return self.is_routeing_device(target)
            case "station" | "number":
                return True
        return False

    def can_go(self, call: Call, target: DeviceId) -> bool:
        """Tell whether there is such a place, and the call has not got it already."""
        here = target in call.connections or target in call.coming
        return self.is_place(target) and not (here and category_of(target) in _PHONES)

    def contact_of(self, call: Call) -> Contact:
        """Make a contact of a call that a party inside has begun, so that it can be queued."""
        caller = call.parties()[0]
        number = local_part(caller.device_id)
        dialled = local_part(call.called.device_identifier or "")
        contact = Contact(call, caller, number, dialled)
        self._engine.contacts[call.call_id] = contact
        return contact

    def give_up(self, contact: Contact) -> None:
        """Let go of a caller who has gone."""
        self._engine.routeing.let_go(contact.call_id)
        self._engine.prompts.forget(contact)
        self._engine.walks.caller_gone(contact)
        self._engine.queueing.leave(contact)
        del self._engine.contacts[contact.call_id]

    def give_up_place(self, call: Call) -> None:
        """End the way of a caller who has left the call, whatever the others in it go on with."""
        contact = self._engine.contacts.get(call.call_id)
        if contact is None:
            return
        caller = contact.caller
        if caller.state is ConnectionState.NULL or caller.call is not call:
            self.give_up(contact)

    def help_stranded(self, call: Call) -> bool:
        """Help a caller whose route or transfer came to nothing: ask again, or back to his queue.

        Gives False when nothing can be done for him.
        """
        engine = self._engine
        for helps in (engine.parking.back, engine.forwarding.failed, engine.routeing.failed):
            if helps(call):
                return True
        contact = self._engine.contacts.get(call.call_id)
        if contact is None or contact.queue is None:
            return False
        if call.failure is None and not contact.unbridged:
            return False
        if contact.caller.state is not ConnectionState.CONNECTED or contact.caller_leg.clearing:
            return False
        if not contact.may_come_back():
            return False
        if contact.unbridged:
            call.outcome, contact.unbridged = None, False
        call.failure = None
        for connection in list(call.connections.values()):
            if connection.state is ConnectionState.FAIL:
                self._engine.model.clear(connection, Cause.NORMAL)
        self._engine.queueing.enter(contact, contact.queue, contact.priority, contact.skills)
        return True
