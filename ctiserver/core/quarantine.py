"""What is done with whoever violates an invariant, by the safest path (reliability §3).

The caller goes back to his place, then to the default route, then the call is ended with a cause;
the agent is offered nothing until a supervisor makes him ready; a leg is released. Nobody who
talks is cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from acd.inputs import CancelCallback, Leave, Mend, StandAgain
from acd.inputs import Quarantine as QuarantineAgent
from csta.call_events import CallOutcome
from csta.callback_events import CallbackReason
from csta.causes import Cause
from csta.ids import CallId, QueueName
from csta.states import AgentState, BusyPhase, ConnectionState
from ctiserver.core.calls import Call
from ctiserver.core.contacts import Contact
from ctiserver.core.queue_audit import live_at
from ctiserver.core.switch_link import LegGone
from ctiserver.core.violations import Kind, Violation

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

STRIKES_MAX = 3
"""So often in a row an entity's violations are answered, and told."""

EXIT_REASON = "fault"
"""`exitReason` of calls that are ended because their invariants were violated again and again."""


class Quarantine:
    """Answers violations of one engine. Each answer has a name, which the event tells."""

    def __init__(self, engine: Engine) -> None:
        """Work on one engine."""
        self._engine = engine
        self._answers: Mapping[Kind, Callable[[str, int], str]] = {
            Kind.AGENT: self._agent,
            Kind.CALL: self._call,
            Kind.LEG: self._leg,
            Kind.QUEUE: self._mend,
            Kind.ENGINE: self._mend,
        }

    def answer(self, violation: Violation, strike: int) -> str:
        """Quarantine whose violation it is; `strike` counts from 1. Gives what was done."""
        return self._answers[violation.kind](violation.entity_id, strike)

    def _mend(self, _name: str, _strike: int) -> str:
        self._engine.queueing.tell(Mend())
        return "mended"

    def _agent(self, agent_id: str, _strike: int) -> str:
        engine = self._engine
        agent = engine.directory.agent(agent_id)
        if agent.state is AgentState.NULL:
            return self._mend(agent_id, _strike)
        on_phone = bool(live_at(engine, agent)) and agent.phase is not BusyPhase.OFFERED
        engine.queueing.tell(QuarantineAgent(agent_id, on_phone))
        engine.model.touched[agent.device_id] = None
        return "quarantined"

    def _leg(self, leg_id: str, strike: int) -> str:
        """Release a leg; one that the switch does not end is taken for gone."""
        engine = self._engine
        leg = engine.model.legs.get(leg_id)
        if leg is None:
            return "none"
        if strike == 1 and not leg.clearing:
            engine.parties.release(leg, Cause.RESOURCES_NOT_AVAILABLE)
            return "released"
        engine.observe(LegGone(leg=leg_id, cause=Cause.RESOURCES_NOT_AVAILABLE))
        return "forgotten"

    def _call(self, call_id: CallId, strike: int) -> str:
        engine = self._engine
        engine.queueing.tell(Mend())
        contact = engine.contacts.get(call_id)
        waiting = engine.acd.calls.get(call_id)
        if waiting is not None and waiting.held:
            return self._callback(call_id, strike)
        if contact is None:
            return self._without_contact(call_id)
        if contact.caller.state is ConnectionState.NULL:
            engine.leading.give_up(contact)
            return "removed"
        return self._contact(contact, strike, known=waiting is not None)

    def _contact(self, contact: Contact, strike: int, *, known: bool) -> str:
        """Bring a caller to where he is safe: his place, the default route, or the end."""
        if not known and _talks(contact.call):
            return "none"
        if strike == 1 and contact.queue is not None and (known or contact.waiting_at is not None):
            return self._again(contact, contact.queue, known=known)
        if strike < STRIKES_MAX:
            self._engine.queueing.leave(contact)
            self._engine.leading.lead(contact, self._engine.config.default_device)
            return "defaultRoute"
        return self._end(contact)

    def _callback(self, callback_id: str, strike: int) -> str:
        if strike == 1:
            self._engine.queueing.tell(StandAgain(callback_id))
            return "requeued"
        self._engine.queueing.tell(CancelCallback(callback_id, CallbackReason.SUPERVISOR))
        return "ended"

    def _without_contact(self, call_id: CallId) -> str:
        """Let go of a call in a queue of whom nobody knows, or see who is left in a call."""
        engine = self._engine
        if call_id in engine.acd.calls:
            engine.queueing.tell(Leave(call_id))
            return "removed"
        call = engine.model.calls.get(call_id)
        if call is None:
            return "none"
        engine.parties.settle(call)
        return "settled"

    def _again(self, contact: Contact, queue: QueueName, *, known: bool) -> str:
        """Let a call stand anew at its old place; it keeps the instant at which it came."""
        queueing = self._engine.queueing
        if known:
            queueing.tell(StandAgain(contact.call_id))
            self._stop_ringing(contact)
        else:
            self._stop_ringing(contact)
            queueing.leave(contact)
            queueing.enter(contact, queue, contact.priority, contact.skills)
        return "requeued"

    def _stop_ringing(self, contact: Contact) -> None:
        for leg in self._engine.queueing.forget_ringing(contact):
            self._engine.parties.release(leg, Cause.CALL_CANCELLED)

    def _end(self, contact: Contact) -> str:
        engine, call = self._engine, contact.call
        self._stop_ringing(contact)
        engine.queueing.leave(contact)
        call.outcome = call.outcome or CallOutcome.ENDED_IN_QUEUE
        call.exit_reason = EXIT_REASON
        engine.parties.leave(contact.caller, Cause.RESOURCES_NOT_AVAILABLE)
        return "ended"


def _talks(call: Call) -> bool:
    """Tell whether two parties or more hear one another."""
    talking = (ConnectionState.CONNECTED, ConnectionState.HOLD)
    return sum(link.state in talking for link in call.parties()) > 1
