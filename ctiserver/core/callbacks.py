"""Callbacks as calls: the ACD decides, here agents and customers are rung and brought together.

Where the agent comes first, a call is begun at his phone, as with MakeCall; when he answers, the
customer is dialled. Where the customer comes first, a call is begun at his number, and waits in
the queue, at its old place, when he answers. All calls of a callback belong to the thread of the
call that asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from acd.decisions import (
    Announces,
    CallbackChanged,
    CallbackRefused,
    CallsBack,
    Offer,
)
from acd.distributor import Distributor
from acd.inputs import (
    AcdInput,
    Answered,
    CallbackAnswered,
    CallbackFailed,
    CallbackOver,
    Refused,
)
from csta.acd_events import (
    AgentOffered,
    OfferEvent,
    OfferRefused,
    OfferWithdrawn,
    RefusalReason,
)
from csta.agent_events import AgentEvent
from csta.call_events import AcdInfo, Party
from csta.callback_events import (
    EVENT_OF_CALLBACK_STATE,
    CallbackReason,
    CallbackState,
)
from csta.callback_events import CallbackRefused as CallbackRefusedEvent
from csta.causes import Cause
from csta.ids import CallbackId, CallId, DeviceId, LegId, device, number_device
from csta.instants import Milliseconds
from csta.states import ConnectionState
from ctiserver.core.calls import Call, Connection, Leg, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.parties import Parties
from ctiserver.core.promises import Promise
from ctiserver.core.screen_pops import screen_pop

_ENDED = (CallbackState.DONE, CallbackState.EXPIRED, CallbackState.CANCELLED)
_UNDER_WAY = (CallbackState.DIALLING, CallbackState.CONNECTED)

_REASON_OF_CAUSE = {
    Cause.BLOCKED: CallbackReason.REJECTED,
    Cause.BUSY: CallbackReason.BUSY,
    Cause.CALL_NOT_ANSWERED: CallbackReason.NO_ANSWER,
    Cause.DO_NOT_DISTURB: CallbackReason.REJECTED,
}
_FAILURE_OF_REASON = {
    CallbackReason.BUSY: Cause.BUSY,
    CallbackReason.NO_ANSWER: Cause.CALL_NOT_ANSWERED,
    CallbackReason.REJECTED: Cause.BLOCKED,
}


class CallingBack:
    """Carries out what the distributor decides about callbacks."""

    def __init__(self, acd: Distributor, parties: Parties, link_id: str) -> None:
        """Work for one distributor."""
        self._acd = acd
        self._parties = parties
        self._model = parties.model
        self._out = parties.out
        self._link_id = link_id
        self.promises: dict[CallbackId, Promise] = {}
        self._by_call: dict[CallId, Promise] = {}
        self._by_leg: dict[LegId, Promise] = {}
        self.asks: Callable[[CallId], Contact]
        """Finds the contact of a waiting call."""
        self.tell: Callable[[AcdInput], None]
        self.say: Callable[[Contact, Announces], None]
        """Lets a waiting caller hear something."""
        self.on_customer: Callable[[Contact, CallbackAnswered], None]
        """Brings a customer who has answered to his place in the queue."""

    def table(self) -> dict[type, Callable[[Any], object]]:
        """Say what is done for each kind of decision."""
        return {
            CallbackChanged: self._changed,
            CallbackRefused: self._refused,
            CallsBack: self._dial_customer,
        }

    # What the distributor decides.

    def _changed(self, decision: CallbackChanged) -> None:
        if decision.state is CallbackState.REQUESTED:
            asked = self.asks(decision.call_id)
            promise = Promise(decision.callback_id, asked, decision.queue)
            self.promises[decision.callback_id] = promise
        promise = self.promises[decision.callback_id]
        promise.state = decision.state
        if decision.state is CallbackState.AGENT_RESERVED and decision.agent_id is not None:
            agent = self._acd.directory.agent(decision.agent_id)
            call = self._begin(promise, agent.device_id, number_device(decision.number))
            self._by_call[call.call_id] = promise
        self._publish(promise, decision)
        if decision.state in (*_ENDED, CallbackState.RETRY):
            if decision.reason is not CallbackReason.COMPLETED:
                self._hang_up(promise, decision.reason)
            self._forget_attempt(promise)
        if decision.state in _ENDED:
            del self.promises[decision.callback_id]
            self._out.forget(f"callback/{decision.callback_id}")

    def _refused(self, decision: CallbackRefused) -> None:
        """A caller cannot be called back: he hears so, and goes on waiting."""
        contact = self.asks(decision.call_id)
        call = contact.call
        self._out.publish(
            f"call/{call.call_id}",
            call.thread_id,
            CallbackRefusedEvent(
                link_id=self._link_id,
                call_id=call.call_id,
                call_linkage_data=call.linkage,
                queue=device("acd", decision.queue),
                reason=decision.reason,
            ),
        )
        if decision.prompt is not None:
            name = decision.queue
            self.say(contact, Announces(call_id=call.call_id, queue=name, prompt=decision.prompt))

    def offer(self, offer: Offer, answer_ms: Milliseconds) -> None:
        """An agent is offered a callback whose customer is yet to be called: his phone rings."""
        promise = self.promises[offer.call_id]
        call, contact = promise.call, promise.asked
        assert call is not None, f"callback {offer.call_id} has no call"
        promise.offer = offer
        call.acd = AcdInfo(promise.queue, tuple(contact.skills), offer.waited_ms, offer.attempt)
        self._publish_offer(
            promise,
            offer,
            AgentOffered,
            waited_ms=offer.waited_ms,
            callback_id=promise.callback_id,
        )
        leg = self._parties.dial(
            offer.device_id,
            Role.ORIGINATOR,
            Cause.CALL_BACK,
            calling=contact.number,
            auto_answer=offer.auto_answer,
            answer_ms=answer_ms,
        )
        promise.agent = self._attach(promise, call, offer.device_id, leg)
        pop = screen_pop(contact, offer, call.call_id, offer.waited_ms)
        self._out.publish(f"agent/{offer.agent_id}", offer.agent_id, pop)

    def offer_failed(self, offer: Offer, reason: RefusalReason, cause: Cause) -> None:
        """The agent has not taken the callback."""
        promise = self.promises[offer.call_id]
        self._publish_offer(promise, offer, OfferRefused, reason=reason)
        self._drop_agent(promise, cause)

    def offer_off(self, offer: Offer) -> None:
        """The callback was taken from the agent before he answered."""
        promise = self.promises.get(offer.call_id)
        if promise is not None and promise.offer is offer:
            self._withdraw(promise, offer)

    def taken(self, offer: Offer) -> None:
        """An agent has answered: his phone first, or that of an agent whom the customer awaited."""
        promise = self.promises[offer.callback_id or ""]
        promise.offer = None
        if promise.agent is None and promise.call is not None:
            promise.agent = promise.call.connections.get(offer.device_id)

    def _dial_customer(self, decision: CallsBack) -> None:
        promise = self.promises[decision.callback_id]
        number = number_device(decision.number)
        call, role = promise.call, Role.PARTY
        if call is None:
            call, role = self._begin(promise, number, promise.queue), Role.ORIGINATOR
        leg = self._parties.dial(number, role, Cause.CALL_BACK, calling=promise.asked.dialled)
        promise.customer = self._attach(promise, call, number, leg)

    # What the switch says.

    def leg_up(self, leg: Leg) -> bool:
        """Somebody has answered; True: it is the agent or the customer of a callback."""
        promise = self._by_leg.get(leg.leg_id)
        if promise is None or promise.call is None:
            return False
        if promise.offer is not None:
            self.tell(Answered(promise.offer.offer_id))
        elif promise.state is CallbackState.DIALLING and _is_leg(promise.customer, leg):
            answered = CallbackAnswered(promise.callback_id, promise.call.call_id)
            if promise.agent is not None:
                self._parties.join(promise.call)
                self._model.touched[promise.agent.device_id] = None  # he talks from now on
                self.tell(answered)
            else:
                self.on_customer(self._contact_of(promise, promise.call), answered)
        return True

    def leg_gone(self, leg: Leg, cause: Cause, reason: RefusalReason) -> None:
        """The agent does not take the callback, or the customer is not reached, or is gone."""
        promise = self._by_leg.get(leg.leg_id)
        if promise is None or promise.call is None:
            return
        call = promise.call
        if promise.offer is not None:
            self.tell(Refused(promise.offer.offer_id, reason))
        elif not _is_leg(promise.customer, leg):
            return
        elif promise.state is CallbackState.DIALLING:
            call.failure, leg.clearing = cause, True  # there is nothing more to release
            why = _REASON_OF_CAUSE.get(cause, CallbackReason.UNREACHABLE)
            self.tell(CallbackFailed(promise.callback_id, why))
        elif call.call_id in self._acd.calls:
            self.tell(CallbackFailed(promise.callback_id, CallbackReason.ABANDONED))
        else:
            self.tell(CallbackOver(promise.callback_id))

    def look_again(self) -> None:
        """Tell of each agent who is gone from his callback; told at the end of each step."""
        for promise in list(self.promises.values()):
            agent, call = promise.agent, promise.call
            if call is None or promise.state not in _UNDER_WAY or promise.offer is not None:
                continue
            if call.cleared or (agent is not None and agent.state is ConnectionState.NULL):
                self.tell(CallbackOver(promise.callback_id))

    # Names: to the distributor an agent's callback goes by its own id until it is over.

    def inward(self, call_id: CallId | None) -> CallId | None:
        """Give the name by which the distributor knows an agent's call."""
        promise = self._by_call.get(call_id or "")
        return call_id if promise is None else promise.callback_id

    def outward(self, event: AgentEvent) -> AgentEvent:
        """Give an agent's event with the id of the call that his phone has."""
        promise = self.promises.get(event.call_id or "")
        if promise is None or promise.call is None:
            return event
        return msgspec.structs.replace(event, call_id=promise.call.call_id)

    # Steps that several of them take.

    def _begin(self, promise: Promise, calling: DeviceId, called: DeviceId) -> Call:
        call = promise.call = self._model.begin(
            "outbound",
            Party(device_identifier=calling),
            Party(device_identifier=called),
            of=promise.asked.call,
        )
        call.calls_back = True
        promise.agent = promise.customer = None
        return call

    def _attach(self, promise: Promise, call: Call, device_id: DeviceId, leg: Leg) -> Connection:
        self._by_leg[leg.leg_id] = promise
        return self._model.attach(call, device_id, leg)

    def _contact_of(self, promise: Promise, call: Call) -> Contact:
        """Make a contact of a customer who has answered, with all that was known of the caller."""
        asked, customer = promise.asked, promise.customer
        assert customer is not None, f"callback {promise.callback_id} calls nobody"
        contact = Contact(call, customer, asked.number, asked.dialled)
        contact.looked_up = True
        contact.match, contact.customer = asked.match, asked.customer
        contact.menu_path, contact.collected = asked.menu_path, asked.collected
        contact.attributes, contact.queue = asked.attributes, asked.queue
        contact.priority, contact.skills = asked.priority, asked.skills
        contact.queued_at = asked.queued_at
        return contact

    def _withdraw(self, promise: Promise, offer: Offer) -> None:
        self._publish_offer(promise, offer, OfferWithdrawn)
        self._drop_agent(promise, Cause.CALL_CANCELLED)

    def _drop_agent(self, promise: Promise, cause: Cause) -> None:
        """End the call to an agent who has not answered; nobody else is in it."""
        call, agent = promise.call, promise.agent
        assert call is not None, f"callback {promise.callback_id} has no call"
        assert agent is not None, f"callback {promise.callback_id} rings nobody"
        leg = agent.leg
        self._forget_attempt(promise)
        call.failure = cause
        self._model.clear(agent, cause)
        if leg is not None:
            self._parties.release(leg, cause)
        self._parties.settle(call)

    def _hang_up(self, promise: Promise, reason: CallbackReason | None) -> None:
        """End the call of an attempt that has come to nothing; the agent is freed by its end."""
        call, customer = promise.call, promise.customer
        if promise.offer is not None:
            self._withdraw(promise, promise.offer)
        elif call is not None and customer is not None and customer.leg is not None:
            if reason is not CallbackReason.ABANDONED and call.outcome is None:
                cause = Cause.CALL_CANCELLED
                if reason is not None:
                    cause = _FAILURE_OF_REASON.get(reason, cause)
                call.failure = call.failure or cause
            self._parties.release(customer.leg, call.failure or Cause.CALL_CANCELLED)

    def _forget_attempt(self, promise: Promise) -> None:
        """Let go of the call of an attempt, which goes its own way to its end."""
        for link in (promise.agent, promise.customer):
            if link is not None and link.leg is not None:
                self._by_leg.pop(link.leg.leg_id, None)
        if promise.call is not None:
            self._by_call.pop(promise.call.call_id, None)
        promise.call = promise.agent = promise.customer = promise.offer = None

    # Events.

    def _publish(self, promise: Promise, decision: CallbackChanged) -> None:
        call = promise.call or promise.asked.call
        self._out.publish(
            f"callback/{promise.callback_id}",
            call.thread_id,
            EVENT_OF_CALLBACK_STATE[decision.state](
                link_id=self._link_id,
                callback_id=promise.callback_id,
                call_id=call.call_id,
                call_linkage_data=call.linkage,
                queue=promise.queue,
                number=number_device(decision.number),
                attempt=decision.attempt,
                position=decision.position,
                next_at=decision.next_at,
                agent_id=decision.agent_id,
                reason=decision.reason,
            ),
        )

    def _publish_offer(
        self, promise: Promise, offer: Offer, event: type[OfferEvent], **extra: Any
    ) -> None:
        assert promise.call is not None, f"callback {promise.callback_id} has no call"
        self._out.publish(
            f"agent/{offer.agent_id}",
            offer.agent_id,
            event(
                offer_id=offer.offer_id,
                call_id=promise.call.call_id,
                agent_id=offer.agent_id,
                device_id=offer.device_id,
                queue=promise.queue,
                attempt=offer.attempt,
                **extra,
            ),
        )


def _is_leg(connection: Connection | None, leg: Leg) -> bool:
    return connection is not None and connection.leg is leg
