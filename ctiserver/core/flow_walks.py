"""Calls in a flow: a voice unit is hunted, the caller walks the menu, the way out is taken."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ivr.decisions
import ivr.inputs
from acd.distributor import Distributor
from csta.causes import Cause
from csta.customers import Match
from csta.ids import CallId, DeviceId, LegId, QueueName, local_part
from csta.instants import Agenda, Instant
from csta.states import ConnectionState
from ctiserver.core.calls import Leg, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.parties import Parties
from ctiserver.core.prompts import Prompts
from ctiserver.core.switch_link import Answer, Join
from ivr.config import Flow
from ivr.walk import Walk


class FlowWalks:
    """Every walk of every caller, with the voice units that they need."""

    def __init__(
        self,
        flows: dict[str, Flow],
        voice_units: DeviceId,
        parties: Parties,
        prompts: Prompts,
        acd: Distributor,
    ) -> None:
        """Know the flows; `on_queue` and `on_transfer` take the calls that leave them."""
        self._flows = flows
        self._voice_units = voice_units
        self._parties = parties
        self._prompts = prompts
        self._acd = acd
        self._contacts: dict[CallId, Contact] = {}
        self._flow_of: dict[CallId, Flow] = {}
        """The flow that each call is in, whatever the configuration has become since."""
        self._by_voice_leg: dict[LegId, Contact] = {}
        self._without_port: dict[CallId, Contact] = {}
        """Contacts that found no voice unit free, in the order in which they came."""
        self.deadlines: Agenda[CallId] = Agenda()
        self.on_queue: Callable[[Contact, QueueName, int, dict[str, int]], None]
        self.on_transfer: Callable[[Contact, DeviceId], None]
        self.on_gone_on: Callable[[Contact], object]
        """Told whenever a walk has taken a step, or has ended."""

    def begin(self, contact: Contact) -> None:
        """Send a call that was offered to a flow to an idle voice unit."""
        assert contact.entry is not None, f"call {contact.call_id} has come to no flow"
        self._contacts[contact.call_id] = contact
        self._flow_of[contact.call_id] = self._flows[local_part(contact.entry.device_id)]
        self._hunt(contact)

    def reconfigure(self, flows: dict[str, Flow]) -> None:
        """Lead calls that come from now on through these flows."""
        self._flows = flows

    def flows_under_way(self) -> list[Flow]:
        """List the flows of the calls that are in one, each call's as it was when it came."""
        return list(self._flow_of.values())

    def has_flow(self, device_id: DeviceId) -> bool:
        """Tell whether a routeing device has a flow."""
        return local_part(device_id) in self._flows

    def leg_up(self, leg: Leg) -> None:
        """A voice unit has answered: the flow is connected, the walk begins."""
        contact = self._by_voice_leg.get(leg.leg_id)
        if contact is None or contact.entry is None:
            return
        out, model = self._parties.out, self._parties.model
        caller = contact.caller_leg
        out.decide(Answer(leg=caller.leg_id))
        out.decide(Join(leg=caller.leg_id, legs=(caller.leg_id, leg.leg_id)))
        if contact.entry.state is not ConnectionState.CONNECTED:
            model.establish(contact.entry, Cause.NEW_CALL, leg.device_id)
        contact.walks += 1
        again = f"/flow/{contact.walks}" if contact.walks > 1 else ""
        walk_id = contact.call_id + again
        contact.walk = Walk(self._flow_of[contact.call_id], partial(self._fact, contact), walk_id)
        self._tell(contact, ivr.inputs.Begun())
        if contact.looked_up:
            self.looked_up(contact)

    def leg_gone(self, leg: Leg) -> None:
        """A voice unit is gone: one who had none yet waits for the next that becomes free."""
        contact = self._by_voice_leg.pop(leg.leg_id, None)
        if contact is not None and contact.voice_leg is leg:
            contact.voice_leg = None
            if contact.walk is None and contact.call_id in self._contacts:
                self._without_port[contact.call_id] = contact
                return
        if self._without_port:
            self._hunt(self._without_port.pop(next(iter(self._without_port))))

    def waits_for_port(self, call_id: CallId) -> bool:
        """Tell whether a call waits until a voice unit is free."""
        return call_id in self._without_port

    def digit(self, contact: Contact, digit: str) -> None:
        """The caller has pressed a key."""
        if contact.walk is not None:
            self._tell(contact, ivr.inputs.DigitPressed(digit), Cause.DTMF_DIGIT_DETECTED)

    def play_ended(self, contact: Contact, play_id: str) -> None:
        """A prompt has come to its end."""
        if contact.walk is not None:
            self._tell(contact, ivr.inputs.PlayEnded(play_id))

    def looked_up(self, contact: Contact) -> None:
        """The CRM has answered who calls."""
        if contact.walk is not None:
            self._tell(contact, ivr.inputs.CustomerFound(contact.customer, contact.match))

    def caller_gone(self, contact: Contact) -> None:
        """The caller has left, wherever in the flow."""
        if contact.walk is not None:
            self._tell(contact, ivr.inputs.CallerGone())
        self._leave_flow(contact)

    def wake(self, now: Instant) -> None:
        """Tell each walk whose deadline has come."""
        for call_id in self.deadlines.due(now):
            contact = self._contacts[call_id]
            if contact.walk is not None:
                self._perform(contact, contact.walk.wake(now))

    def _hunt(self, contact: Contact) -> None:
        leg = self._parties.dial(
            self._voice_units,
            Role.VOICE_UNIT,
            Cause.NEW_CALL,
            calling=contact.number,
        )
        contact.voice_leg = leg
        self._by_voice_leg[leg.leg_id] = contact

    def _tell(
        self, contact: Contact, event: ivr.inputs.WalkInput, stops: Cause = Cause.SUSPEND
    ) -> None:
        """Hand an input to a walk; `stops` is why a prompt ends when the walk stops it now."""
        walk = contact.walk
        assert walk is not None, f"call {contact.call_id} walks no flow"
        self._perform(contact, walk.handle(event, self._parties.out.now), stops)

    def _perform(
        self,
        contact: Contact,
        decisions: list[ivr.decisions.Decision],
        stops: Cause = Cause.SUSPEND,
    ) -> None:
        walk = contact.walk
        for decision in decisions:
            match decision:
                case ivr.decisions.Play(play_id, uri):
                    self._prompts.play(contact, play_id, uri)
                case ivr.decisions.StopPlay():
                    self._prompts.stop(contact, stops)
                case ivr.decisions.Visited(node):
                    contact.menu_path = (*contact.menu_path, node)
                case ivr.decisions.Collected(name, value, secret):
                    contact.collected[name] = "*" * len(value) if secret else value
                    if not secret:
                        contact.attributes[name] = value
                case ivr.decisions.Ended():
                    if contact.walk is walk:
                        self._end_walk(contact)
                case _:
                    self._way_out(contact, decision)
        walk = contact.walk
        due = None if walk is None else walk.wake_at()
        if due is None:
            self.deadlines.cancel(contact.call_id)
        else:
            self.deadlines.set(contact.call_id, due)
        self.on_gone_on(contact)

    def _way_out(self, contact: Contact, decision: ivr.decisions.Decision) -> None:
        match decision:
            case ivr.decisions.EnterQueue(queue, priority, skills, data, preferred, preferred_ms):
                contact.preferred, contact.preferred_ms = preferred, preferred_ms
                contact.collected.update(data)
                contact.attributes.update(data)
                self._keep_what_was_said(contact)
                self.on_queue(contact, queue, priority, skills)
            case ivr.decisions.TransferTo(target):
                self._keep_what_was_said(contact)
                self._end_walk(contact)  # before another flow begins
                self.on_transfer(contact, target)
            case ivr.decisions.HangUp():
                self._parties.release(contact.caller_leg)

    @staticmethod
    def _keep_what_was_said(contact: Contact) -> None:
        """Let what the caller chose and keyed in travel with the call (features SD041)."""
        said: dict[str, Any] = {"menuPath": list(contact.menu_path), **contact.collected}
        contact.call.correlator_data = {**(contact.call.correlator_data or {}), **said}

    def _end_walk(self, contact: Contact) -> None:
        contact.walk = None
        self.on_gone_on(contact)
        self._leave_flow(contact)

    def _leave_flow(self, contact: Contact) -> None:
        self._contacts.pop(contact.call_id, None)
        self._flow_of.pop(contact.call_id, None)
        self._without_port.pop(contact.call_id, None)
        self.deadlines.cancel(contact.call_id)
        if contact.voice_leg is not None:
            self._parties.release(contact.voice_leg)

    def leave_entry(self, contact: Contact, target: DeviceId) -> None:
        """Divert the call from the flow's device to where it goes on."""
        entry, contact.entry = contact.entry, None
        if entry is not None and entry.state is not ConnectionState.NULL:
            self._parties.model.divert(entry, Cause.REDIRECTED, target)

    def _fact(self, contact: Contact, name: str) -> object:
        subject, _, member = name.partition(".")
        if subject == "queue":
            queue, _, what = member.rpartition(".")
            return self._queue_fact(queue, what)
        return _CONTACT_FACTS[name](contact)

    def _queue_fact(self, queue: str, what: str) -> int:
        waiting, logged_on, ready = self._acd.counts(queue)
        return {
            "waiting": waiting,
            "position": waiting + 1,
            "agents_logged_on": logged_on,
            "agents_ready": ready,
        }[what]


def _customer_fact(member: str) -> Callable[[Contact], object]:
    def fact(contact: Contact) -> object:
        value = getattr(contact.customer, member, "")
        if not value:
            raise KeyError(member)
        return value

    return fact


def _known(contact: Contact) -> object:
    if contact.match is Match.UNKNOWN:
        raise KeyError("known")
    return contact.customer is not None


_CONTACT_FACTS: dict[str, Callable[[Contact], object]] = {
    "caller.number": lambda contact: contact.number,
    "caller.dialled": lambda contact: contact.dialled,
    "customer.tier": _customer_fact("tier"),
    "customer.language": _customer_fact("language"),
    "customer.known": _known,
    "customer.agent": _customer_fact("agent_id"),
}
