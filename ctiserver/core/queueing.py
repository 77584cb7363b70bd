"""Calls in queues: the ACD decides, here it is carried out on connections, legs and screens."""

from __future__ import annotations

from collections.abc import Callable

from acd.config import AcdConfig
from acd.decisions import (
    AcdDecision,
    Offer,
    OfferFailed,
    OfferOff,
    OfferTaken,
    Overflows,
    TurnedAway,
    Waits,
)
from acd.distributor import Distributor
from acd.inputs import AcdInput, Answered, Enter, Leave, Refused
from csta.acd_events import AgentOffered, RefusalReason
from csta.acd_events import OfferRefused as OfferRefusedEvent
from csta.acd_events import OfferWithdrawn as OfferWithdrawnEvent
from csta.agent_events import AgentEvent
from csta.call_events import AcdInfo
from csta.causes import Cause
from csta.customers import ScreenPopped
from csta.ids import CallId, DeviceId, LegId, QueueName, device
from csta.instants import Milliseconds
from csta.states import ConnectionState
from ctiserver.core.calls import Leg, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.parties import Parties
from ctiserver.core.prompts import Prompts
from ctiserver.core.switch_link import Answer

RINGBACK = "tone:ringback"

_GRACE_MS: Milliseconds = 5_000

_REASON_OF_CAUSE = {
    Cause.BUSY: RefusalReason.BUSY,
    Cause.DO_NOT_DISTURB: RefusalReason.BUSY,
    Cause.BLOCKED: RefusalReason.REJECTED,
    Cause.DEST_NOT_OBTAINABLE: RefusalReason.DEVICE_LOST,
    Cause.DEST_OUT_OF_ORDER: RefusalReason.DEVICE_LOST,
}
_CAUSE_OF_REASON = {
    RefusalReason.NO_ANSWER: Cause.CALL_NOT_ANSWERED,
    RefusalReason.REJECTED: Cause.BLOCKED,
    RefusalReason.BUSY: Cause.BUSY,
    RefusalReason.DEVICE_LOST: Cause.DEST_NOT_OBTAINABLE,
}


def acd_device(queue: QueueName) -> DeviceId:
    """Name the device of a queue: `acd:sales`."""
    return device("acd", queue)


class Queueing:
    """Carries out what the distributor decides."""

    def __init__(
        self, acd: Distributor, config: AcdConfig, parties: Parties, prompts: Prompts
    ) -> None:
        """Work for one distributor."""
        self._acd = acd
        self._queues = {queue.name: queue for queue in config.queues}
        self._parties = parties
        self._model = parties.model
        self._out = parties.out
        self._prompts = prompts
        self._contacts: dict[CallId, Contact] = {}
        self._by_offer_leg: dict[LegId, Contact] = {}
        self.before_entry: Callable[[Contact, DeviceId], None]

    def tell(self, event: AcdInput) -> None:
        """Hand an input to the distributor and carry out what it decides."""
        self.perform(self._acd.handle(event, self._out.now))

    def enter(
        self, contact: Contact, queue: QueueName, priority: int, skills: dict[str, int]
    ) -> None:
        """Let a call come to a queue; one that was there before keeps its original instant."""
        now = self._out.now
        self._out.decide(Answer(leg=contact.caller_leg.leg_id))
        if contact.queued_at is None:
            contact.queued_at = now
        contact.queue, contact.priority, contact.skills = queue, priority, skills
        at = acd_device(queue)
        self.before_entry(contact, at)
        entry = contact.call.connections.get(at)
        if entry is None:
            entry = self._model.attach(contact.call, at, None)
            self._model.deliver(entry, Cause.ENTERING_DISTRIBUTION)
        contact.waiting_at = entry
        contact.call.acd = AcdInfo(at, tuple(skills))
        self._contacts[contact.call_id] = contact
        self.tell(Enter(contact.call_id, queue, priority, skills, enqueued_at=contact.queued_at))

    def leave(self, contact: Contact) -> None:
        """Take a call out of the ACD: the caller left or the call goes elsewhere."""
        if contact.call_id in self._contacts:
            self.tell(Leave(contact.call_id))
            del self._contacts[contact.call_id]

    def perform(self, decisions: list[AcdDecision]) -> None:
        """Carry out decisions of the distributor, in their order."""
        for decision in decisions:
            match decision:
                case AgentEvent():
                    self._out.publish(f"agent/{decision.agent_id}", decision.agent_id, decision)
                case Offer():
                    self._offer(decision)
                case OfferTaken(offer):
                    self._contacts.pop(offer.call_id, None)
                case OfferFailed(offer, reason):
                    self._offer_failed(offer, reason)
                case OfferOff(offer):
                    self._offer_off(offer)
                case Waits():
                    self._waits(decision)
                case Overflows():
                    self._overflows(decision)
                case TurnedAway(call_id, _, cause):
                    self._turned_away(self._contacts.pop(call_id), cause)

    def is_offer(self, leg: Leg) -> bool:
        """Tell whether this leg rings for an offer that is alive."""
        return leg.leg_id in self._by_offer_leg

    def before_answer(self, leg: Leg) -> None:
        """The agent of an offer has answered: note it before the call model tells of it."""
        contact = self._by_offer_leg[leg.leg_id]
        self.pop(contact)
        self._prompts.stop(contact)
        offer = contact.offer
        assert offer is not None, f"leg {leg.leg_id} rings for no offer"
        waited = self._waited_ms(contact)
        contact.call.acd = AcdInfo(
            acd_device(offer.queue), tuple(contact.skills), waited, offer.attempt
        )

    def answered(self, leg: Leg) -> None:
        """Tell the distributor that the agent has answered; the contact is the agent's now."""
        contact = self._by_offer_leg.pop(leg.leg_id)
        offer, contact.offer, contact.offer_leg = contact.offer, None, None
        contact.queued_at = None
        assert offer is not None, f"leg {leg.leg_id} rings for no offer"
        self.tell(Answered(offer.offer_id))

    def offer_leg_gone(self, leg: Leg, cause: Cause) -> None:
        """The agent's side did not take the call."""
        offer = self._by_offer_leg[leg.leg_id].offer
        assert offer is not None, f"leg {leg.leg_id} rings for no offer"
        self.tell(Refused(offer.offer_id, _REASON_OF_CAUSE.get(cause, RefusalReason.NO_ANSWER)))

    def pop(self, contact: Contact) -> None:
        """Show the caller to the agent of the present offer, once.

        It waits for the CRM, but not longer than until the agent has answered.
        """
        offer = contact.offer
        if offer is None or contact.popped == offer.offer_id:
            return
        contact.popped = offer.offer_id
        self._out.publish(
            f"agent/{offer.agent_id}",
            offer.agent_id,
            ScreenPopped(
                offer_id=offer.offer_id,
                call_id=contact.call_id,
                agent_id=offer.agent_id,
                device_id=offer.device_id,
                match=contact.match,
                number=contact.number,
                dialled=contact.dialled,
                queue=acd_device(offer.queue),
                waited_ms=self._waited_ms(contact),
                customer=contact.customer,
                menu_path=contact.menu_path,
                collected=contact.collected or None,
            ),
        )

    def _waits(self, decision: Waits) -> None:
        contact = self._contacts[decision.call_id]
        if contact.waiting_at is None:
            contact.waiting_at = self._model.attach(contact.call, acd_device(decision.queue), None)
        self._model.queue(
            contact.waiting_at, decision.cause, decision.number_queued, decision.calls_in_front
        )
        self._prompts.play_while_waiting(contact, self._queues[decision.queue].music)

    def _offer(self, offer: Offer) -> None:
        contact = self._contacts[offer.call_id]
        at = acd_device(offer.queue)
        contact.call.acd = AcdInfo(at, tuple(contact.skills), attempt=offer.attempt)
        if contact.waiting_at is not None:
            self._model.divert(contact.waiting_at, Cause.DISTRIBUTED, offer.device_id)
            contact.waiting_at = None
        contact.offer = offer
        self._publish_offer(AgentOffered, offer, waited_ms=offer.waited_ms)
        if contact.looked_up:
            self.pop(contact)
        leg = self._parties.dial(
            offer.device_id,
            Role.PARTY,
            Cause.DISTRIBUTED,
            calling=contact.number,
            auto_answer=offer.auto_answer,
            # The ACD's own deadline comes first; this one is for a switch that never reports.
            answer_ms=offer.deadline_at - self._out.now + _GRACE_MS,
        )
        self._model.attach(contact.call, offer.device_id, leg)
        contact.offer_leg = leg
        self._by_offer_leg[leg.leg_id] = contact
        if contact.play_id is None:
            self._prompts.play_while_waiting(contact, RINGBACK)

    def _offer_failed(self, offer: Offer, reason: RefusalReason) -> None:
        contact = self._contacts[offer.call_id]
        leg = self._take_offer_leg(contact)
        connection = leg.active
        if connection is not None and connection.state is not ConnectionState.NULL:
            self._model.divert(connection, _CAUSE_OF_REASON[reason], acd_device(offer.queue))
        elif connection is not None:
            self._model.forget(connection)
        self._parties.release(leg, _CAUSE_OF_REASON[reason])
        self._publish_offer(OfferRefusedEvent, offer, reason=reason)

    def _offer_off(self, offer: Offer) -> None:
        leg = self._take_offer_leg(self._contacts[offer.call_id])
        if leg.active is not None:
            self._model.clear(leg.active, Cause.CALL_CANCELLED)
        self._parties.release(leg, Cause.CALL_CANCELLED)
        self._publish_offer(OfferWithdrawnEvent, offer)

    def _take_offer_leg(self, contact: Contact) -> Leg:
        leg, contact.offer_leg, contact.offer = contact.offer_leg, None, None
        assert leg is not None, f"call {contact.call_id} has no offer"
        del self._by_offer_leg[leg.leg_id]
        return leg

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

    def _turned_away(self, contact: Contact, cause: Cause) -> None:
        contact.call.failure = cause
        if contact.waiting_at is not None:
            self._model.clear(contact.waiting_at, cause)
            contact.waiting_at = None
        self._parties.release(contact.caller_leg, Cause.BUSY)

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
