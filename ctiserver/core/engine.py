"""The whole call centre as one core: observations, requests and look-ups in, decisions out.

One engine has one writer: every routing decision is taken in one single-threaded step, which is
why an agent can never be offered two calls and why the log of inputs rebuilds everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.distributor import Distributor
from agents.directory import Directory
from csta.call_events import Party
from csta.causes import Cause
from csta.errors import CtiError
from csta.ids import CallId, DeviceId, LegId, category_of, local_part, number_device
from csta.instants import Instant
from csta.states import ConnectionState
from ctiserver.core.call_model import CallModel
from ctiserver.core.calls import Call, Role
from ctiserver.core.config import EngineConfig
from ctiserver.core.contacts import Contact
from ctiserver.core.flow_walks import FlowWalks
from ctiserver.core.inputs import Configured, EngineInput, LookedUp, Observed, Requested
from ctiserver.core.monitor import Monitor
from ctiserver.core.numbering import Numbering
from ctiserver.core.outbox import EngineDecision, LookUp, Outbox, Reply
from ctiserver.core.parties import Parties
from ctiserver.core.phones import follow_phones
from ctiserver.core.prompts import Prompts
from ctiserver.core.queueing import Queueing
from ctiserver.core.reachability import Reachability
from ctiserver.core.reconfiguring import Reconfiguring
from ctiserver.core.requests import Requests
from ctiserver.core.switch_link import (
    Answer,
    AnyObservation,
    DeviceBack,
    DeviceLost,
    Digit,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegRinging,
    LegSeen,
    LegsJoined,
    LegUp,
    PlayEnded,
)
from ctiserver.core.wakings import Wakings


class Engine:
    """Call model, flows, ACD and requests of one centre, and the order in which they act."""

    def __init__(self, config: EngineConfig) -> None:
        """Start with no calls and nobody logged on."""
        self.config = config
        self.out = Outbox()
        self.directory = Directory(config.agents, config.link_id)
        self.acd = Distributor(config.acd, self.directory)
        self.model = CallModel(self.out, config.link_id, self._agent_at)
        self.parties = Parties(self.out, self.model, config.answer_ms_max)
        self.parties.on_stranded = self._help_stranded
        self.parties.on_left = self._give_up_place
        self.prompts = prompts = Prompts(self.out, config.link_id)
        self.queueing = Queueing(self.acd, self.parties, prompts)
        self.announcing = self.queueing.announcing
        self.queueing.exits.on_divert = self._divert
        self.walks = FlowWalks(config.flows, config.voice_units, self.parties, prompts, self.acd)
        self.walks.on_queue = self.queueing.enter
        self.walks.on_transfer = self._transfer_from_flow
        self.queueing.before_entry = self.walks.leave_entry
        self.reachability = Reachability(
            self.out, self.directory, self.queueing.tell, config.link_id
        )
        self.numbering = Numbering(config)
        self.contacts: dict[CallId, Contact] = {}
        self.queueing.contacts = self.contacts
        self.requests = Requests(self)
        self.second_steps = self.requests.calls.second_steps
        self.reconfiguring = Reconfiguring(self)
        self.monitor = Monitor(self)
        self._wakings = Wakings(
            (self._wake_acd, self.acd.floor.agenda),
            (self.announcing.wake, self.announcing.deadlines),
            (self.queueing.whispering.wake, self.queueing.whispering.deadlines),
            (self.walks.wake, self.walks.deadlines),
            (self.second_steps.overdue, self.second_steps.deadlines),
            (self._wake_parties, self.parties.unanswered),
            (self.monitor.wake, self.monitor.deadlines),
            on_fault=self.monitor.failed,
        )
        self._observed = self._observations()

    def handle(self, event: EngineInput, now: Instant) -> list[EngineDecision]:
        """Take in one input: what it decides is in the order in which it came about."""
        self.out.now = now
        self.monitor.begins(event)
        try:
            if isinstance(event, Observed):
                self.observe(event.what)
            elif isinstance(event, LookedUp):
                self._looked_up(event)
            else:
                self._request(event)
        except Exception as error:  # noqa: BLE001 - the monitor decides what it means
            self.monitor.failed(event, error)
        return self._finish_step()

    def wake_at(self) -> Instant | None:
        """Give the instant that matters next to the ACD, a walk or a leg under way."""
        return self._wakings.next_at()

    def wake(self, now: Instant) -> list[EngineDecision]:
        """Act on every deadline that has come."""
        self.out.now = now
        self.monitor.begins(None)
        self.monitor.due_at(self.acd.wake_at())
        self._wakings.wake(now)
        return self._finish_step()

    def _wake_acd(self, now: Instant) -> None:
        self.queueing.perform(self.acd.wake(now))

    def _wake_parties(self, now: Instant) -> None:
        for gone in self.parties.overdue(now):
            self.observe(gone)

    def _finish_step(self) -> list[EngineDecision]:
        """Let agents follow their phones, keep the names of ended calls, hand out the decisions."""
        try:
            self.follow()
        except Exception as error:  # noqa: BLE001 - the monitor decides what it means
            self.monitor.failed(None, error)
        self.monitor.look()
        return self.out.take()

    def follow(self) -> None:
        """Let callbacks and agents follow what has become of calls and phones."""
        if self.queueing.calling_back.promises:
            self.queueing.calling_back.look_again()
        if self.model.touched:
            follow_phones(self)
        for call in self.model.ended:
            self.requests.data.remember(call)
        self.model.ended.clear()

    # Requests and look-ups.

    def _request(self, event: Requested | Configured) -> None:
        self.out.request_id, self.out.principal = event.request_id, event.principal
        try:
            result = (
                self.reconfiguring.configure(event)
                if isinstance(event, Configured)
                else self.requests.carry_out(event)
            )
            reply = Reply(event.request_id, result=result)
        except CtiError as error:
            reply = Reply(event.request_id, error=error)
        self.out.decide(reply)
        self.out.request_id = self.out.principal = None

    def _looked_up(self, event: LookedUp) -> None:
        contact = self.contacts.get(event.call_id)
        if contact is None:
            return
        contact.looked_up = True
        contact.match, contact.customer = event.match, event.customer
        self.walks.looked_up(contact)
        self.queueing.pop(contact)
        self.queueing.known(contact)

    # What the switch says.

    def observe(self, what: AnyObservation) -> None:
        """Take in what the switch says."""
        handler = self._observed.get(type(what))
        if handler is not None:
            handler(what)

    def _observations(self) -> dict[type, Callable[[Any], None]]:
        """Say what takes in which observation."""
        return {
            LegSeen: self._leg_seen,
            LegRinging: self._leg_ringing,
            LegUp: self._leg_up,
            LegHeld: self._leg_held,
            LegRetrieved: self._leg_retrieved,
            LegsJoined: self._legs_joined,
            LegGone: self._leg_gone,
            Digit: self._digit,
            PlayEnded: self._play_ended,
            DeviceLost: self.reachability.lost,
            DeviceBack: self.reachability.back,
        }

    def _leg_seen(self, event: LegSeen) -> None:
        if event.leg not in self.model.legs and not self.model.is_gone(event.leg):
            if category_of(event.device) == "station":
                self.reachability.used(event.device)
                self.requests.calls.dialled_by_phone(event)
            else:
                self._call_comes_in(event)
        else:
            self.model.leg_seen(event)
            self.parties.release_again(event.leg)

    def _call_comes_in(self, event: LegSeen) -> None:
        entry_device = self.numbering.entry(event.dnis)
        caller_device = number_device(event.ani)
        call = self.model.begin(
            "inbound",
            Party(device_identifier=caller_device),
            Party(device_identifier=number_device(event.dnis)),
        )
        call.associated_calling = Party(device_identifier=event.device)
        leg = self.model.expect(event.leg, event.device, Role.CALLER, Cause.NEW_CALL)
        self.model.leg_seen(event)
        caller = self.model.attach(call, caller_device, leg)
        self.model.answer_by_caller(caller)
        contact = Contact(call, caller, event.ani, event.dnis)
        self.contacts[call.call_id] = contact
        self.out.decide(LookUp(call.call_id, event.ani, event.dnis))
        if category_of(entry_device) != "station":
            entry = self.model.attach(call, entry_device, None)
            self.model.offer(entry)
            contact.entry = entry
        self.lead(contact, entry_device)

    def lead(self, contact: Contact, target: DeviceId) -> None:
        """Send a caller to a flow, a queue, or straight to a device."""
        category = category_of(target)
        if category == "routeing":
            if contact.entry is None:
                contact.entry = self.model.attach(contact.call, target, None)
                self.model.offer(contact.entry)
            self.walks.begin(contact)
        elif category == "acd":
            if contact.entry is not None and contact.entry.device_id == target:
                contact.entry = None
            self.queueing.enter(contact, local_part(target), contact.priority, contact.skills)
        else:
            self.walks.leave_entry(contact, target)
            self.out.decide(Answer(leg=contact.caller_leg.leg_id))
            self.parties.dial_into(contact.call, target, Cause.NEW_CALL)

    def _transfer_from_flow(self, contact: Contact, target: DeviceId) -> None:
        self.lead(contact, self.numbering.device(target))

    def _divert(self, contact: Contact, target: DeviceId) -> None:
        self.lead_call(contact.call, self.numbering.device(target), Cause.NEW_CALL, None)

    def lead_call(self, call: Call, target: DeviceId, cause: Cause, request_id: str | None) -> None:
        """Bring a call to where a party wants it: a queue, a flow, or a device that rings."""
        self._give_up_place(call)
        contact = self.contacts.get(call.call_id)
        if category_of(target) in ("acd", "routeing"):
            if contact is None:
                contact = self._contact_of(call)
            self.lead(contact, target)
        elif target in call.connections or target in call.coming:
            # A device has one part in a call: who dials himself finds himself busy.
            call.failure = Cause.BUSY
            self.parties.settle(call)
        else:
            self.parties.dial_into(call, target, cause, request_id=request_id)

    def _contact_of(self, call: Call) -> Contact:
        """Make a contact of a call that a party inside has begun, so that it can be queued."""
        caller = call.parties()[0]
        number = local_part(caller.device_id)
        dialled = local_part(call.called.device_identifier or "")
        contact = Contact(call, caller, number, dialled)
        self.contacts[call.call_id] = contact
        return contact

    def _leg_ringing(self, event: LegRinging) -> None:
        if self.model.leg_ringing(event.leg) is not None:
            self.parties.release_again(event.leg)

    def _leg_up(self, event: LegUp) -> None:
        known = self.model.legs.get(event.leg)
        if known is None or known.clearing:
            self.parties.release_again(event.leg)
            return
        self.parties.unanswered.cancel(event.leg)
        offered = self.queueing.is_offer(known)
        if offered:
            self.queueing.before_answer(known)
        leg = self.model.leg_up(event.leg)
        if leg is None:
            return
        if leg.role is Role.VOICE_UNIT:
            self.walks.leg_up(leg)
        elif self.queueing.calling_back.leg_up(leg):
            return
        elif leg.role is Role.ORIGINATOR:
            self.requests.calls.originated(leg)
        elif leg.role is Role.PARTY and leg.active is not None:
            if offered:
                self.queueing.answered(leg)
            else:
                self.parties.join(leg.active.call)

    def _leg_held(self, event: LegHeld) -> None:
        leg = self.model.leg_held(event.leg)
        if leg is not None:
            self.second_steps.held(leg.leg_id)

    def _leg_retrieved(self, event: LegRetrieved) -> None:
        leg = self.model.legs.get(event.leg)
        if leg is not None and leg.active is not None:
            connection = leg.active
            if connection.state is ConnectionState.HOLD:
                self.model.retrieve(connection, Cause.NORMAL)

    def _legs_joined(self, event: LegsJoined) -> None:
        self.second_steps.joined(event.leg, event.legs)

    def _leg_gone(self, event: LegGone) -> None:
        leg = self.model.legs.get(event.leg)
        if leg is None:
            return
        self.queueing.leg_gone(leg, event.cause)
        calls = [connection.call for connection in leg.connections]
        self.model.leg_gone(event)
        self.parties.unanswered.cancel(event.leg)
        self.second_steps.give_up(leg.leg_id)
        if leg.role is Role.VOICE_UNIT:
            self.walks.leg_gone(leg)
        for call in calls:
            self.parties.settle(call)

    def give_up(self, contact: Contact) -> None:
        """Let go of a caller who has gone."""
        self.prompts.forget(contact)
        self.walks.caller_gone(contact)
        self.queueing.leave(contact)
        del self.contacts[contact.call_id]

    def _give_up_place(self, call: Call) -> None:
        """End the way of a caller who has left the call, whatever the others in it go on with."""
        contact = self.contacts.get(call.call_id)
        if contact is None:
            return
        caller = contact.caller
        if caller.state is ConnectionState.NULL or caller.call is not call:
            self.give_up(contact)

    def _contact_at(self, leg_id: LegId) -> Contact | None:
        """Find the contact whose caller is on this leg now."""
        leg = self.model.legs.get(leg_id)
        if leg is None or leg.active is None:
            return None
        contact = self.contacts.get(leg.active.call.call_id)
        return contact if contact is not None and contact.caller is leg.active else None

    def _digit(self, event: Digit) -> None:
        contact = self._contact_at(event.leg)
        if contact is not None:
            self.prompts.digit(contact, event.digit, event.duration_ms)
            self.walks.digit(contact, event.digit)
            self.announcing.digit(contact, event.digit)

    def _play_ended(self, event: PlayEnded) -> None:
        self.queueing.whispering.ended(event.leg, event.play_id)
        contact = self._contact_at(event.leg)
        if contact is not None and self.prompts.ended(contact, event.play_id):
            self.walks.play_ended(contact, event.play_id)
            self.announcing.play_ended(contact)

    # Agents follow their phones.

    def _agent_at(self, device_id: DeviceId) -> str | None:
        agent = self.directory.at_device(device_id)
        return agent.agent_id if agent else None

    def _help_stranded(self, call: Call) -> bool:
        """Bring a caller back to the queue when the transfer that took him away came to nothing."""
        contact = self.contacts.get(call.call_id)
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
                self.model.clear(connection, Cause.NORMAL)
        self.queueing.enter(contact, contact.queue, contact.priority, contact.skills)
        return True
