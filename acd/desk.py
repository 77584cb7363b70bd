"""Agents come, ask for states, have calls and go: the agents' side of the ACD."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from acd.decisions import Offer
from acd.floor import Floor
from acd.inputs import AskState, AutoWork, DeviceReachable, ExtendWork, LogOn, PhoneBusy
from acd.matching import Matching
from acd.queue import Queue, WaitingCall
from acd.wishes import check_wish, limit_of
from acd.wrap_up import WrapUp
from agents.agent import Agent
from csta.causes import Cause
from csta.ids import CallId
from csta.instants import Instant
from csta.states import AgentState, BusyPhase

# Members that are read at every step: by name they are slow to find on Python 3.11.
_NULL: Final = AgentState.NULL
_NOT_READY: Final = AgentState.NOT_READY
_READY: Final = AgentState.READY
_BUSY: Final = AgentState.BUSY
_WORKING_AFTER_CALL: Final = AgentState.WORKING_AFTER_CALL
_OFFERED: Final = BusyPhase.OFFERED
_NORMAL: Final = Cause.NORMAL

OTHER = "other"
"""ECMA-323 agentStateCondition: something about the state is out of the ordinary."""
QUARANTINED = "quarantined"
"""The reason code of agents who are set apart until a supervisor makes them ready."""
AWAY_REASONS: Final[Mapping[Cause, str]] = MappingProxyType(
    {Cause.DO_NOT_DISTURB: "do_not_disturb", Cause.CALL_FORWARD_IMMEDIATE: "forwarded"}
)
"""The reason codes of agents whose phones can be reached, and to which no call comes."""
FORCED_PAUSE = "forcedPause"
"""ECMA-323 agentStateCondition: somebody else has made the agent not ready."""


class Desk:
    """Takes agents from state to state; who becomes ready is given the next call."""

    def __init__(self, floor: Floor, matching: Matching) -> None:
        """Work on one floor."""
        self._floor = floor
        self._directory = floor.directory
        self._matching = matching
        self.wrap_up = WrapUp(floor)
        self.on_log_off: Callable[[str, Instant], None]
        self.on_device_lost: Callable[[Agent, Instant], None]
        """Told that the phone of an agent to whom a call is offered cannot be reached."""

    def log_on(self, event: LogOn, now: Instant) -> None:
        """An agent comes to a device.

        Raises:
            CtiError: he is logged on already, or somebody is at that device.
        """
        agent = self._directory.agent(event.agent_id)
        device_id = event.device_id or agent.home_device_id
        self._directory.check_log_on(agent, device_id)
        self._floor.roster.log_on(agent)
        self._floor.tell_delays(now)
        self._floor.out.append(self._directory.log_on(agent, device_id, now))

    def ask_state(self, event: AskState, now: Instant) -> None:
        """An agent asks for a state: it comes at once, or after the present work.

        What is asked for last counts, whoever asks. A supervisor's `force` also ends work that
        the agent may not end himself, and lets a busy agent log off afterwards.

        Raises:
            CtiError: the present state, or the reason, does not allow it.
        """
        agent = self._directory.agent(event.agent_id)
        forced_off = event.force and event.state is _NULL
        if not (forced_off and agent.state is _BUSY):
            self._directory.check_request(agent, event.state)
        check_wish(event, agent, self._floor.config.rules)
        busy = agent.state is _BUSY
        works_after = busy and event.state is _WORKING_AFTER_CALL
        if works_after and not self.wrap_up.allows_asking(agent):
            raise self._directory.wrong_state(agent, "calls of this queue are followed by no work")
        if agent.quarantined and event.state is _READY:
            if not event.force:
                raise self._directory.wrong_state(agent, "a supervisor ends the quarantine")
            agent.quarantined = False
        agent.ready_when_back = False
        cause = Cause.FORCED_TRANSITION if event.force else _NORMAL
        if busy or (self.wrap_up.holds(agent) and not event.force):
            kept = self._directory.keep_pending(agent, event.state, event.reason, cause=cause)
            self._floor.out.append(kept)
        elif agent.state is event.state and agent.reason == event.reason:
            # The same reason once more: its time goes on.
            self._floor.out.append(self._directory.tell(agent, cause=cause))
        else:
            paused = event.force and event.state is _NOT_READY
            condition = FORCED_PAUSE if paused else None
            self.go(agent, event.state, now, cause, event.reason, condition)

    def extend_work(self, event: ExtendWork, _now: Instant) -> None:
        """An agent asks for more time after a call (A06).

        Raises:
            CtiError: he is in no such work, or the queue allows no more.
        """
        agent = self._directory.agent(event.agent_id)
        if not self.wrap_up.extend(agent):
            raise self._directory.wrong_state(agent, "there is no more time to be had after a call")
        self._floor.out.append(self._directory.tell(agent))

    def device_reachable(self, event: DeviceReachable, now: Instant) -> None:
        """No call comes to an agent's phone, or they do; who was ready is ready again (A5).

        Meanwhile he is never ready: whatever would make him so makes him not ready for this
        reason, until calls come again or he asks for something else. What rings already at a
        phone that is not lost goes on ringing.
        """
        agent = self._directory.agent(event.agent_id)
        if agent.state is _NULL:
            return
        agent.reachable = event.reachable
        agent.away = event.cause or agent.away
        if event.reachable:
            self._device_back(agent, now)
        elif agent.offer_id is not None and agent.away is Cause.DEST_NOT_OBTAINABLE:
            self.on_device_lost(agent, now)
        elif agent.state is _READY:
            self.go(agent, _READY, now, _NORMAL, None)  # which makes him not ready

    def auto_work(self, event: AutoWork, _now: Instant) -> None:
        """An agent has work after each call from now on, or only where a queue wants it."""
        agent = self._directory.agent(event.agent_id)
        agent.auto_work, agent.auto_work_ms = event.on, event.work_ms

    def _device_back(self, agent: Agent, now: Instant) -> None:
        if not agent.ready_when_back:
            return
        agent.ready_when_back = False
        if agent.state is _NOT_READY:
            self.go(agent, _READY, now, _NORMAL, None)
        else:
            agent.resting, agent.resting_reason = _READY, None

    def phone_busy(self, event: PhoneBusy, now: Instant) -> None:
        """The agent's phone does something else now, or is on hook."""
        agent = self._directory.agent(event.agent_id)
        if agent.state is _NULL:
            return
        if event.phase is not None:
            if event.kind is not None:
                self.wrap_up.note(agent, event.kind, event.phase)
            self.phase(agent, event.phase, event.call_id, now)
        elif agent.offer_id is not None:
            # The phone of the offer does not ring yet, and whatever it did before is over.
            call = self._floor.offers.call_of(agent.offer_id)
            assert call is not None, f"{agent!r} has an offer of no call"
            self.phase(agent, _OFFERED, call.call_id, now)
        elif agent.state is _BUSY:
            self._count_call(agent, now)
            if self.wrap_up.follows(agent, now):
                self.go(agent, _WORKING_AFTER_CALL, now, Cause.NORMAL_CLEARING, None)
            else:
                self.rest(agent, agent.resting, now)

    def has_call(self, agent: Agent, queue: Queue, now: Instant) -> None:
        """An agent has answered a call of a queue: it counts, and what will follow it is kept."""
        agent.calls_handled += 1
        agent.answered_at = now
        agent.resting, agent.resting_reason = _READY, None
        self.wrap_up.owe(agent, queue.config)
        queue.note_answer(now)

    def end_offer(self, offer: Offer, call: WaitingCall) -> Agent:
        """Forget an offer and its deadline; the agent is in no other state yet."""
        agent = self._directory.agent(offer.agent_id)
        self._floor.offers.end(offer, call, agent)
        self._floor.agenda.cancel(("ring", offer.offer_id))
        return agent

    def after_offer(self, agent: Agent, call: WaitingCall, state: AgentState, now: Instant) -> None:
        """Let an agent rest whom nothing but the offer of this call kept busy."""
        if is_only_offered(agent, call):
            self.rest(agent, state, now)
        elif agent.state is _READY:
            # What he was offered was of another channel than voice: he has room again.
            self._matching.seek_call(agent, now)

    def wrap_is_over(self, agent_id: str, now: Instant) -> None:
        """The work after a call has had its time."""
        agent = self._directory.agent(agent_id)
        self.rest(agent, agent.resting, now)

    def reason_is_over(self, agent_id: str, _now: Instant) -> None:
        """An agent has been not ready for longer than the reason allows: it is told (A02)."""
        agent = self._directory.agent(agent_id)
        self._floor.out.append(
            self._directory.tell(agent, cause=Cause.DURATION_EXCEEDED, condition=OTHER)
        )

    def rest(self, agent: Agent, state: AgentState, now: Instant) -> None:
        """End a busy or working state: the pending state goes first, else to `state`."""
        if agent.pending is not None:
            self.go(agent, agent.pending, now, _NORMAL, agent.pending_reason)
        else:
            reason = agent.resting_reason if state is agent.resting else None
            self.go(agent, state, now, _NORMAL, reason)

    def go(
        self,
        agent: Agent,
        state: AgentState,
        now: Instant,
        cause: Cause,
        reason: str | None,
        condition: str | None = None,
    ) -> None:
        """Take an agent to a state, with all that goes with it."""
        self._leave_state(agent)
        floor = self._floor
        if state is _READY and not agent.reachable:
            agent.ready_when_back = True
            state, condition = _NOT_READY, FORCED_PAUSE
            cause = agent.away
            reason = AWAY_REASONS.get(cause, floor.config.rules.device_lost.reason)
        if state is _READY and agent.quarantined:
            state, condition = _NOT_READY, FORCED_PAUSE
            cause, reason = Cause.FORCED_PAUSE, QUARANTINED
        if state is _WORKING_AFTER_CALL:
            self.wrap_up.begin(agent, now)
            if agent.pending is state:
                agent.pending = None
        else:
            self.wrap_up.forget(agent)
        floor.out.append(
            self._directory.change(
                agent, state, now, cause=cause, reason=reason, condition=condition
            )
        )
        if state is _NULL:
            floor.roster.log_off(agent)
            self.on_log_off(agent.agent_id, now)
        elif state is _NOT_READY:
            limit_ms = limit_of(reason, floor.config.rules)
            if limit_ms is not None:
                floor.agenda.set(("reason", agent.agent_id), now + limit_ms)
        elif state is _READY:
            floor.roster.add_ready(agent)
            self._matching.seek_call(agent, now)

    def phase(self, agent: Agent, phase: BusyPhase, call_id: CallId | None, now: Instant) -> None:
        """Tell what a busy agent is busy with."""
        if agent.state is _BUSY and (agent.phase, agent.call_id) == (phase, call_id):
            return
        self._leave_state(agent)
        self._floor.out.append(
            self._directory.change(agent, _BUSY, now, phase=phase, call_id=call_id, reason=None)
        )

    def _leave_state(self, agent: Agent) -> None:
        """Undo what goes with the agent's present state: a place among the ready, a deadline."""
        if agent.state is _READY:
            self._floor.roster.remove_ready(agent)
        elif agent.state is _WORKING_AFTER_CALL:
            self._floor.agenda.cancel(("wrap", agent.agent_id))
        elif agent.state is _NOT_READY:
            self._floor.agenda.cancel(("reason", agent.agent_id))

    @staticmethod
    def _count_call(agent: Agent, now: Instant) -> None:
        agent.any_call_ended_at = now
        if agent.answered_at is not None:
            agent.acd_call_ended_at = now
            agent.talk_ms += now - agent.answered_at
            agent.answered_at = None


def is_only_offered(agent: Agent, call: WaitingCall) -> bool:
    """Tell whether nothing but the offer of this call keeps, or kept, the agent busy."""
    return agent.phase is _OFFERED and agent.call_id == call.call_id
