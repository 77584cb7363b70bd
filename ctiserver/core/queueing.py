"""Calls in queues: the ACD decides, here it is carried out on connections, legs and screens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from acd.decisions import (
    AcdDecision,
    Announces,
    Asks,
    CallbackAccepted,
    Diverts,
    Ends,
    MusicChanges,
    Offer,
    OfferFailed,
    OfferOff,
    OfferTaken,
    Overflows,
    Starves,
    TurnedAway,
    Waits,
)
from acd.distributor import Distributor
from acd.inputs import AcdInput, Answered, CallbackAnswered, CallerKnown, Enter, Leave, Refused
from csta.acd_events import AgentOffered, CallStarving, RefusalReason
from csta.acd_events import OfferRefused as OfferRefusedEvent
from csta.acd_events import OfferWithdrawn as OfferWithdrawnEvent
from csta.agent_events import AgentEvent
from csta.call_events import AcdInfo
from csta.causes import Cause
from csta.ids import CallId, DeviceId, LegId, OfferId, QueueName, device
from csta.instants import Milliseconds
from csta.states import ConnectionState
from ctiserver.core.announcing import Announcing
from ctiserver.core.callbacks import CallingBack
from ctiserver.core.calls import Leg, Role
from ctiserver.core.contacts import Contact, Ringing
from ctiserver.core.ledger import Ledger
from ctiserver.core.parties import Parties
from ctiserver.core.prompts import Prompts
from ctiserver.core.queue_exits import QueueExits
from ctiserver.core.refusals import CAUSE_OF_REASON, REASON_OF_CAUSE
from ctiserver.core.screen_pops import screen_pop
from ctiserver.core.switch_link import Answer
from ctiserver.core.whispering import Whispering

RINGBACK = "tone:ringback"

_GRACE_MS: Milliseconds = 5_000


def acd_device(queue: QueueName) -> DeviceId:
    """Name the device of a queue: `acd:sales`."""
    return device("acd", queue)


class Queueing:
    """Carries out what the distributor decides."""

    def __init__(self, acd: Distributor, parties: Parties, prompts: Prompts) -> None:
        """Work for one distributor."""
        self._acd = acd
        self._parties = parties
        self._model = parties.model
        self._out = parties.out
        self._prompts = prompts
        self.announcing = Announcing(acd, prompts)
        self.announcing.on_choice = self.tell
        self.whispering = Whispering(parties, prompts)
        self.exits = QueueExits(parties, prompts, self.announcing)
        self.calling_back = CallingBack(acd, parties, prompts.link_id)
        self.calling_back.tell = self.tell
        self.calling_back.say = self.announcing.announce
        self.calling_back.on_customer = self._customer_answered
        self.contacts: dict[CallId, Contact]
        """All contacts of the engine, whether the ACD has them or not."""
        self.ledger = Ledger()
        self.on_fault: Callable[[object, Exception], None]
        """Told of a decision that could not be carried out; the others are."""
        self._contacts: dict[CallId, Contact] = {}
        self._by_offer: dict[OfferId, Ringing] = {}
        self._by_offer_leg: dict[LegId, Ringing] = {}
        self.calling_back.asks = self._contacts.__getitem__
        self.before_entry: Callable[[Contact, DeviceId], None]
        self._carry_out = self._table()

    def tell(self, event: AcdInput) -> None:
        """Hand an input to the distributor and carry out what it decides."""
        self.ledger.told(event)
        self.perform(self._acd.handle(event, self._out.now))

    def _arrive(self, contact: Contact, queue: QueueName) -> None:
        """Bring a call to a queue's device; the distributor is yet to be told."""
        now = self._out.now
        self._out.decide(Answer(leg=contact.caller_leg.leg_id))
        if contact.queued_at is None:
            contact.queued_at = now
        at = acd_device(queue)
        self.before_entry(contact, at)
        entry = contact.call.connections.get(at)
        if entry is None:
            entry = self._model.attach(contact.call, at, None)
            self._model.deliver(entry, Cause.ENTERING_DISTRIBUTION)
        contact.waiting_at = entry
        contact.call.acd = AcdInfo(at, tuple(contact.skills))
        self._contacts[contact.call_id] = contact
        self.announcing.enter(contact)

    def enter(
        self, contact: Contact, queue: QueueName, priority: int, skills: dict[str, int]
    ) -> None:
        """Let a call come to a queue; one that was there before keeps its original instant."""
        contact.queue, contact.priority, contact.skills = queue, priority, skills
        self._arrive(contact, queue)
        self.tell(
            Enter(
                contact.call_id,
                queue,
                priority,
                skills,
                enqueued_at=contact.queued_at,
                attributes=contact.all_attributes(),
                preferred=contact.preferred,
                preferred_ms=contact.preferred_ms,
                number=contact.number,
            )
        )

    def _customer_answered(self, contact: Contact, event: CallbackAnswered) -> None:
        """The customer of a callback waits, at his old place."""
        self.contacts[contact.call_id] = contact
        self._arrive(contact, contact.queue or "")
        self.tell(event)

    def known(self, contact: Contact) -> None:
        """The store has told who the caller is: conditions on him may hold now (R28)."""
        if contact.call_id in self._contacts and contact.customer is not None:
            self.tell(CallerKnown(contact.call_id, contact.all_attributes()))

    def leave(self, contact: Contact) -> None:
        """Take a call out of the ACD: the caller left or the call goes elsewhere."""
        if self._contacts.pop(contact.call_id, None) is not None:
            self.tell(Leave(contact.call_id))
        if contact.treatment is not None:
            self.announcing.leave(contact)
            self._prompts.stop(contact)

    def perform(self, decisions: list[AcdDecision]) -> None:
        """Carry out decisions of the distributor, in their order."""
        for decision in decisions:
            try:
                if isinstance(decision, AgentEvent):
                    self._tell_of_agent(decision)
                else:
                    self.ledger.decided(decision)
                    carry_out = self._carry_out.get(type(decision))
                    if carry_out is not None:
                        carry_out(decision)
            except Exception as error:  # noqa: BLE001 - the monitor decides what it means
                self.on_fault(decision, error)

    def _tell_of_agent(self, event: AgentEvent) -> None:
        self.ledger.agents[event.agent_id] = None
        if self.calling_back.promises:
            event = self.calling_back.outward(event)
        self._out.publish(f"agent/{event.agent_id}", event.agent_id, event)

    def perform_rest(self) -> None:
        """Carry out what the distributor had decided when it failed."""
        self.perform(self._acd.floor.taken())

    def offered_on(self, leg_id: LegId) -> Contact | None:
        """Find the contact for whose offer a leg rings."""
        ringing = self._by_offer_leg.get(leg_id)
        return ringing.contact if ringing is not None else None

    def forget_ringing(self, contact: Contact) -> list[Leg]:
        """Forget what rings for a contact and for no offer that is alive any more."""
        waiting = self._acd.calls.get(contact.call_id)
        alive = {offer.offer_id: None for offer in waiting.offers} if waiting else {}
        rings = [each for each in self._by_offer.values() if each.contact is contact]
        stale = [each for each in rings if each.offer.offer_id not in alive]
        return [self._stop_ringing(each.offer) for each in stale]

    def _table(self) -> dict[type, Callable[[Any], object]]:
        """Say what is done for each kind of decision."""
        announcing, exits = self.announcing, self.exits
        return {
            **self.calling_back.table(),
            CallbackAccepted: partial(self._goes, exits.promise),
            Offer: self._offer,
            OfferTaken: self._taken,
            OfferFailed: self._offer_failed,
            OfferOff: self._offer_off,
            Waits: self._waits,
            Overflows: self._overflows,
            TurnedAway: partial(self._goes, exits.turn_away),
            Diverts: partial(self._goes, exits.divert),
            Ends: partial(self._goes, exits.end),
            Announces: partial(self._stays, announcing.announce),
            Asks: partial(self._stays, announcing.ask),
            MusicChanges: partial(self._stays, announcing.change_music),
            Starves: self._starves,
        }

    def _goes(self, act: Callable[[Contact, Any], object], decision: Any) -> None:  # noqa: ANN401
        act(self._contacts.pop(decision.call_id), decision)

    def _stays(self, act: Callable[[Contact, Any], object], decision: Any) -> None:  # noqa: ANN401
        act(self._contacts[decision.call_id], decision)

    def is_offer(self, leg: Leg) -> bool:
        """Tell whether this leg rings for an offer that is alive."""
        return leg.leg_id in self._by_offer_leg

    def before_answer(self, leg: Leg) -> None:
        """The agent of an offer has answered: note it before the call model tells of it."""
        ringing = self._by_offer_leg[leg.leg_id]
        contact, offer = ringing.contact, ringing.offer
        self._pop(ringing)
        self.announcing.leave(contact)
        if self._acd.queues[offer.queue].config.agent_announcement is None:
            self._prompts.stop(contact)
        waited = self._waited_ms(contact)
        contact.call.acd = AcdInfo(
            acd_device(offer.queue), tuple(contact.skills), waited, offer.attempt
        )

    def answered(self, leg: Leg) -> None:
        """Bridge, and tell the distributor that the agent has answered: the contact is his now.

        An agent who is to hear something before is bridged when he has heard it.
        """
        ringing = self._by_offer_leg.pop(leg.leg_id)
        contact, offer = ringing.contact, ringing.offer
        del contact.ringing[offer.offer_id], self._by_offer[offer.offer_id]
        whisper = self._acd.queues[offer.queue].config.agent_announcement
        if whisper is None:
            contact.queued_at = None
            self._parties.join(contact.call)
        else:
            self.whispering.begin(contact, leg, whisper)
        self.tell(Answered(offer.offer_id))

    def leg_gone(self, leg: Leg, cause: Cause) -> None:
        """A leg ends that may be an offer's, or a callback's."""
        if self.is_offer(leg):
            self.offer_leg_gone(leg, cause)
        reason = REASON_OF_CAUSE.get(cause, RefusalReason.NO_ANSWER)
        self.calling_back.leg_gone(leg, cause, reason)
        self.whispering.leg_gone(leg.leg_id)

    def offer_leg_gone(self, leg: Leg, cause: Cause) -> None:
        """The agent's side did not take the call."""
        offer = self._by_offer_leg[leg.leg_id].offer
        self.tell(Refused(offer.offer_id, REASON_OF_CAUSE.get(cause, RefusalReason.NO_ANSWER)))

    def pop(self, contact: Contact) -> None:
        """Show the caller to each agent at whom the call rings, once.

        It waits for the CRM, but not longer than until the agent has answered.
        """
        for ringing in contact.ringing.values():
            self._pop(ringing)

    def _pop(self, ringing: Ringing) -> None:
        if ringing.popped:
            return
        ringing.popped = True
        contact, offer = ringing.contact, ringing.offer
        pop = screen_pop(contact, offer, contact.call_id, self._waited_ms(contact))
        self._out.publish(f"agent/{offer.agent_id}", offer.agent_id, pop)

    def _waits(self, decision: Waits) -> None:
        contact = self._contacts[decision.call_id]
        if contact.waiting_at is None:
            contact.waiting_at = self._model.attach(contact.call, acd_device(decision.queue), None)
        self._model.queue(
            contact.waiting_at,
            decision.cause,
            decision.number_queued,
            decision.calls_in_front,
            self._acd.estimated_wait_ms(decision.call_id),
        )
        self.announcing.waits(contact, decision.queue)

    def _taken(self, decision: OfferTaken) -> None:
        offer = decision.offer
        self._contacts.pop(offer.call_id, None)
        if offer.callback_id is not None:
            self.calling_back.taken(offer)

    def _offer(self, offer: Offer) -> None:
        # The ACD's own deadline comes first; this one is for a switch that never reports.
        answer_ms = offer.deadline_at - self._out.now + _GRACE_MS
        if offer.call_id == offer.callback_id:
            self.calling_back.offer(offer, answer_ms)
            return
        contact = self._contacts[offer.call_id]
        at = acd_device(offer.queue)
        contact.call.acd = AcdInfo(at, tuple(contact.skills), attempt=offer.attempt)
        if contact.waiting_at is not None:
            self._model.divert(contact.waiting_at, Cause.DISTRIBUTED, offer.device_id)
            contact.waiting_at = None
        self._publish_offer(AgentOffered, offer, waited_ms=offer.waited_ms)
        leg = self._parties.dial(
            offer.device_id,
            Role.PARTY,
            Cause.DISTRIBUTED,
            calling=contact.number,
            auto_answer=offer.auto_answer,
            answer_ms=answer_ms,
        )
        self._model.attach(contact.call, offer.device_id, leg)
        ringing = Ringing(contact, offer, leg)
        contact.ringing[offer.offer_id] = self._by_offer_leg[leg.leg_id] = ringing
        self._by_offer[offer.offer_id] = ringing
        if contact.looked_up:
            self._pop(ringing)
        self.announcing.interrupt(contact)
        if contact.play_id is None:
            self._prompts.play_while_waiting(contact, RINGBACK)

    def _offer_failed(self, decision: OfferFailed) -> None:
        offer, reason = decision.offer, decision.reason
        if offer.call_id == offer.callback_id:
            self.calling_back.offer_failed(offer, reason, CAUSE_OF_REASON[reason])
            return
        leg = self._stop_ringing(offer)
        connection = leg.active
        if connection is not None and connection.state is not ConnectionState.NULL:
            self._model.divert(connection, CAUSE_OF_REASON[reason], acd_device(offer.queue))
        elif connection is not None:
            self._model.forget(connection)
        self._parties.release(leg, CAUSE_OF_REASON[reason])
        self._publish_offer(OfferRefusedEvent, offer, reason=reason)

    def _offer_off(self, decision: OfferOff) -> None:
        offer, lost = decision.offer, decision.lost
        if offer.call_id == offer.callback_id:
            self.calling_back.offer_off(offer)
            return
        cause = Cause.MULTIPLE_ALERTING if lost else Cause.CALL_CANCELLED
        leg = self._stop_ringing(offer)
        if leg.active is not None:
            self._model.clear(leg.active, leg.active.call.failure or cause)
        self._parties.release(leg, cause)
        self._publish_offer(OfferWithdrawnEvent, offer, lost=lost)

    def _stop_ringing(self, offer: Offer) -> Leg:
        ringing = self._by_offer.pop(offer.offer_id)
        del self._by_offer_leg[ringing.leg.leg_id]
        del ringing.contact.ringing[offer.offer_id]
        return ringing.leg

    def _overflows(self, decision: Overflows) -> None:
        contact = self._contacts[decision.call_id]
        if decision.stays:
            return
        target = acd_device(decision.target)
        contact.queue = decision.target
        if contact.waiting_at is not None:
            self._model.divert(contact.waiting_at, Cause.QUEUE_TIME_OVERFLOW, target)
        contact.waiting_at = self._model.attach(contact.call, target, None)
        contact.call.acd = AcdInfo(target, tuple(contact.skills))
        self._model.deliver(contact.waiting_at, Cause.ENTERING_DISTRIBUTION)

    def _starves(self, decision: Starves) -> None:
        call = self._contacts[decision.call_id].call
        told = CallStarving(
            call_id=call.call_id,
            queue=acd_device(decision.queue),
            waited_ms=decision.waited_ms,
            passed_by=decision.passed_by,
            rule=decision.rule,
        )
        self._out.publish(f"call/{call.call_id}", call.thread_id, told)

    def _waited_ms(self, contact: Contact) -> Milliseconds:
        return 0 if contact.queued_at is None else self._out.now - contact.queued_at

    def _publish_offer(self, event: type, offer: Offer, **extra: object) -> None:
        self._out.publish(
            f"agent/{offer.agent_id}",
            offer.agent_id,
            event(
                offer_id=offer.offer_id,
                call_id=offer.call_id,
                agent_id=offer.agent_id,
                device_id=offer.device_id,
                queue=acd_device(offer.queue),
                attempt=offer.attempt,
                **extra,
            ),
        )
