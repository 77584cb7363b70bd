"""The ACD: brings waiting calls and ready agents together. One core, three verbs.

Who is offered what is decided in two places only: `_seek_agent` for a call, `_seek_call` for an
agent. Every input and every deadline that makes a call or an agent eligible ends in one of them,
so no ready agent is ever left beside a call that he may serve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

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
from acd.inputs import (
    AcdInput,
    Answered,
    AskState,
    Enter,
    Leave,
    LogOn,
    PhoneBusy,
    Refused,
)
from acd.offers import AFTER_REFUSAL, Offers
from acd.overflow import next_step
from acd.queue import Queue, WaitingCall, order_key, required_skills
from acd.roster import Roster
from agents.agent import Agent
from agents.directory import Directory
from csta.acd_events import RefusalReason
from csta.causes import Cause
from csta.ids import CallId, OfferId
from csta.instants import Agenda, Instant
from csta.states import AgentState, BusyPhase

_Key: TypeAlias = tuple[str, str] | tuple[str, str, str]


class Distributor:
    """Queues, agents and offers of one centre."""

    def __init__(self, config: AcdConfig, directory: Directory) -> None:
        """Start with empty queues and nobody logged on."""
        self.config = config
        self.directory = directory
        self.queues = {queue.name: Queue(queue) for queue in config.queues}
        self.calls: dict[CallId, WaitingCall] = {}
        self.offers = Offers()
        self._roster = Roster()
        self._agenda: Agenda[_Key] = Agenda()
        self._serial = 0
        self._out: list[AcdDecision] = []
        self._handlers: dict[type, Callable[[Any, Instant], None]] = {
            Enter: self._enter,
            Leave: self._leave,
            Answered: self._answered,
            Refused: self._refused,
            PhoneBusy: self._phone_busy,
            LogOn: self._log_on,
            AskState: self._ask_state,
        }
        self._deadlines: dict[str, Callable[..., None]] = {
            "ring": self._ring_is_over,
            "step": self._step_is_due,
            "wrap": self._wrap_is_over,
            "back_off": self._back_off_is_over,
        }

    def handle(self, event: AcdInput, now: Instant) -> list[AcdDecision]:
        """Take in one input.

        Raises:
            CtiError: an agent's request that the present state does not allow.
        """
        self._handlers[type(event)](event, now)
        return self._taken()

    def wake_at(self) -> Instant | None:
        """Give the earliest deadline: a ring, a recipe's step, a wrap-up, a back-off."""
        return self._agenda.next_at()

    def wake(self, now: Instant) -> list[AcdDecision]:
        """Act on every deadline that has come, in order."""
        for kind, *names in self._agenda.due(now):
            self._deadlines[kind](*names, now)
        return self._taken()

    def counts(self, queue: str) -> tuple[int, int, int]:
        """Count a queue's waiting calls, and its agents who are logged on, and ready."""
        logged_on, ready = self._roster.counts(self.queues[queue].required)
        return len(self.queues[queue]), logged_on, ready

    def _taken(self) -> list[AcdDecision]:
        out, self._out = self._out, []
        return out

    # Calls: in, out, and from queue to queue.

    def _enter(self, event: Enter, now: Instant) -> None:
        assert event.call_id not in self.calls, f"call {event.call_id} is queued already"
        queue = self.queues[event.queue]
        limit = queue.config.waiting_max
        self._serial += 1
        came_at = now if event.enqueued_at is None else event.enqueued_at
        call = WaitingCall(event, self._serial, queue.config.priority + event.priority, came_at)
        self._place(call, queue, now)
        self.calls[call.call_id] = call
        if self._seek_agent(call, now):
            return
        if limit is not None and len(queue) >= limit:
            del self.calls[call.call_id]
            self._agenda.cancel(("step", call.call_id))
            self._out.append(TurnedAway(call.call_id, queue.name, Cause.ACD_BUSY))
            return
        self._wait(call, Cause.NO_AVAILABLE_AGENTS)

    def _leave(self, event: Leave, now: Instant) -> None:
        call = self.calls.pop(event.call_id, None)
        if call is None:
            return
        self._agenda.cancel(("step", call.call_id))
        if call.offer is None:
            self._unwait(call)
            return
        offer, agent = self._end_offer(call)
        self._out.append(OfferOff(offer))
        if _rings(agent, call):
            self._rest(agent, AgentState.READY, now)

    def _place(self, call: WaitingCall, queue: Queue, now: Instant) -> None:
        """Make a queue the call's first place, with the skills of the queue and of the call."""
        call.queue = queue
        call.entered_at = now
        call.step = 0
        call.key = order_key(self.config, call)
        call.places = [(queue, required_skills(queue, call))]
        self._plan_step(call)

    def _wait(self, call: WaitingCall, cause: Cause) -> None:
        for queue, _ in call.places:
            queue.add(call.key)
        self._roster.add_waiting(call)
        queue = call.queue
        in_front = queue.in_front(call.key)
        self._out.append(Waits(call.call_id, queue.name, cause, len(queue), in_front))

    def _unwait(self, call: WaitingCall) -> None:
        call.version += 1
        for queue, _ in call.places:
            queue.remove(call.key)

    def _plan_step(self, call: WaitingCall) -> None:
        due = next_step(call)
        if due is None:
            self._agenda.cancel(("step", call.call_id))
        else:
            self._agenda.set(("step", call.call_id), due[0])

    def _step_is_due(self, call_id: CallId, now: Instant) -> None:
        call = self.calls[call_id]
        if call.offer is not None:
            # A call that rings is not moved; if it comes back, the step is planned anew.
            return
        self._unwait(call)
        due = next_step(call)
        assert due is not None, f"call {call_id} was woken without a step"
        number, step, source = call.step, due[1], call.queue
        call.step += 1
        call.priority += step.priority_by
        call.key = order_key(self.config, call)
        cause = Cause.REMAINS_IN_QUEUE
        if step.overflow_to is not None:
            self._place(call, self.queues[step.overflow_to], now)
            self._out.append(
                Overflows(call_id, source.name, step.overflow_to, stays=False, step=number)
            )
            cause = Cause.OVERFLOW
        elif step.also is not None:
            second = self.queues[step.also]
            call.places.append((second, required_skills(second, call)))
            self._out.append(Overflows(call_id, source.name, step.also, stays=True, step=number))
        self._plan_step(call)
        if not self._seek_agent(call, now):
            self._wait(call, cause)

    # Offers: made, answered, refused, timed out, withdrawn.

    def _seek_agent(self, call: WaitingCall, now: Instant) -> bool:
        """Offer the call, which does not wait at the moment, to the best ready agent."""
        found = self._roster.best_agent(call, now)
        if found is None:
            return False
        agent, place = found
        self._offer(call, agent, call.places[place][0], now)
        return True

    def _seek_call(self, agent: Agent, now: Instant) -> None:
        """Offer to the agent, who has just become eligible, the call that comes next."""
        call = self._roster.best_call(agent, now)
        if call is None:
            return
        queue = next(
            queue for queue, required in call.places if self._roster.can_serve(agent, required)
        )
        self._unwait(call)
        self._offer(call, agent, queue, now)

    def _offer(self, call: WaitingCall, agent: Agent, queue: Queue, now: Instant) -> None:
        assert agent.state is AgentState.READY, f"{agent!r} is offered a call"
        offer = self.offers.make(call, agent, queue, now)
        self._agenda.set(("ring", offer.offer_id), offer.deadline_at)
        self._roster.remove_ready(agent)
        self._out.append(
            self.directory.change(
                agent,
                AgentState.BUSY,
                now,
                cause=Cause.DISTRIBUTED,
                phase=BusyPhase.OFFERED,
                call_id=call.call_id,
            )
        )
        self._out.append(offer)

    def _end_offer(self, call: WaitingCall) -> tuple[Offer, Agent]:
        offer = call.offer
        assert offer is not None, f"call {call.call_id} has no offer to end"
        agent = self.directory.agent(offer.agent_id)
        self.offers.end(call, agent)
        self._agenda.cancel(("ring", offer.offer_id))
        return offer, agent

    def _answered(self, event: Answered, now: Instant) -> None:
        call = self.offers.call_of(event.offer_id)
        if call is None:
            return
        offer, agent = self._end_offer(call)
        del self.calls[call.call_id]
        self._agenda.cancel(("step", call.call_id))
        agent.misses = 0
        agent.wrap_up_ms = self.queues[offer.queue].config.wrap_up_ms
        agent.resting, agent.resting_reason = AgentState.READY, None
        self._out.append(OfferTaken(offer, now - call.enqueued_at))
        self._phase(agent, BusyPhase.TALKING, call.call_id, now)

    def _refused(self, event: Refused, now: Instant) -> None:
        call = self.offers.call_of(event.offer_id)
        if call is None:
            return
        offer, agent = self._end_offer(call)
        self._out.append(OfferFailed(offer, event.reason))
        agent.misses += 1
        if event.reason is RefusalReason.REJECTED:
            # The call is back at its place before the agent can be given another one.
            self._keep_from(call, agent, now)
            self._return(call, now)
            if _rings(agent, call):
                self._rest(agent, AgentState.READY, now)
            return
        if agent.pending in (None, AgentState.READY):
            # Who missed a call is not ready, even if he asked to be while it rang.
            cause, reason = AFTER_REFUSAL[event.reason]
            self._go(agent, AgentState.NOT_READY, now, cause, reason)
        else:
            self._rest(agent, AgentState.NOT_READY, now)
        self._return(call, now)

    def _keep_from(self, call: WaitingCall, agent: Agent, now: Instant) -> None:
        until = now + self.config.refusal_back_off_ms
        call.kept_from[agent.agent_id] = until
        self._agenda.set(("back_off", call.call_id, agent.agent_id), until)

    def _return(self, call: WaitingCall, now: Instant) -> None:
        self._wait(call, Cause.REMAINS_IN_QUEUE)
        self._plan_step(call)
        found = self._roster.best_agent(call, now)
        if found is not None:
            self._unwait(call)
            agent, place = found
            self._offer(call, agent, call.places[place][0], now)

    def _ring_is_over(self, offer_id: OfferId, now: Instant) -> None:
        self._refused(Refused(offer_id, RefusalReason.NO_ANSWER), now)

    def _back_off_is_over(self, call_id: CallId, agent_id: str, now: Instant) -> None:
        call = self.calls.get(call_id)
        if call is None:
            return
        call.kept_from.pop(agent_id, None)
        agent = self.directory.agent(agent_id)
        if agent.state is AgentState.READY:
            self._seek_call(agent, now)

    # Agents.

    def _log_on(self, event: LogOn, now: Instant) -> None:
        agent = self.directory.agent(event.agent_id)
        device_id = event.device_id or agent.home_device_id
        self.directory.check_log_on(agent, device_id)
        self._roster.log_on(agent)
        self._out.append(self.directory.log_on(agent, device_id, now))

    def _ask_state(self, event: AskState, now: Instant) -> None:
        agent = self.directory.agent(event.agent_id)
        forced_off = event.force and event.state is AgentState.NULL
        if not (forced_off and agent.state is AgentState.BUSY):
            self.directory.check_request(agent, event.state)
        if agent.state is AgentState.BUSY:
            self._out.append(self.directory.keep_pending(agent, event.state, event.reason))
        else:
            self._go(agent, event.state, now, Cause.NORMAL, event.reason)

    def _phone_busy(self, event: PhoneBusy, now: Instant) -> None:
        agent = self.directory.agent(event.agent_id)
        if agent.state is AgentState.NULL:
            return
        if event.phase is not None:
            self._phase(agent, event.phase, event.call_id, now)
        elif agent.offer_id is not None:
            # The phone of the offer does not ring yet, and whatever it did before is over.
            call = self.offers.call_of(agent.offer_id)
            assert call is not None, f"{agent!r} has an offer of no call"
            self._phase(agent, BusyPhase.OFFERED, call.call_id, now)
        elif agent.state is AgentState.BUSY:
            if agent.wrap_up_ms:
                self._go(agent, AgentState.WORKING_AFTER_CALL, now, Cause.NORMAL_CLEARING, None)
            else:
                self._rest(agent, agent.resting, now)

    def _phase(self, agent: Agent, phase: BusyPhase, call_id: CallId | None, now: Instant) -> None:
        if agent.state is AgentState.BUSY and (agent.phase, agent.call_id) == (phase, call_id):
            return
        self._leave_state(agent)
        self._out.append(
            self.directory.change(
                agent, AgentState.BUSY, now, phase=phase, call_id=call_id, reason=None
            )
        )

    def _leave_state(self, agent: Agent) -> None:
        """Undo what goes with the agent's present state: a place among the ready, a deadline."""
        if agent.state is AgentState.READY:
            self._roster.remove_ready(agent)
        elif agent.state is AgentState.WORKING_AFTER_CALL:
            self._agenda.cancel(("wrap", agent.agent_id))

    def _rest(self, agent: Agent, state: AgentState, now: Instant) -> None:
        """End a busy or working state: the pending state goes first, else to `state`."""
        if agent.pending is not None:
            self._go(agent, agent.pending, now, Cause.NORMAL, agent.pending_reason)
        else:
            reason = agent.resting_reason if state is agent.resting else None
            self._go(agent, state, now, Cause.NORMAL, reason)

    def _go(
        self, agent: Agent, state: AgentState, now: Instant, cause: Cause, reason: str | None
    ) -> None:
        self._leave_state(agent)
        if state is AgentState.WORKING_AFTER_CALL:
            limit = agent.wrap_up_ms or self.config.work_ms_max
            self._agenda.set(("wrap", agent.agent_id), now + limit)
            agent.wrap_up_ms = 0
            if agent.pending is state:
                agent.pending = None
        self._out.append(self.directory.change(agent, state, now, cause=cause, reason=reason))
        if state is AgentState.NULL:
            self._roster.log_off(agent)
        elif state is AgentState.READY:
            self._roster.add_ready(agent)
            self._seek_call(agent, now)

    def _wrap_is_over(self, agent_id: str, now: Instant) -> None:
        agent = self.directory.agent(agent_id)
        self._rest(agent, agent.resting, now)


def _rings(agent: Agent, call: WaitingCall) -> bool:
    """Tell whether an offer was all that kept the agent busy: he may have dialled meanwhile."""
    return agent.phase is BusyPhase.OFFERED and agent.call_id == call.call_id
