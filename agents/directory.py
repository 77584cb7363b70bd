"""The agents of one centre: found by id and by device, changed in one place, by one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from agents.agent import Agent
from agents.config import AgentConfig
from agents.states import AGENT_STEPS, REQUESTS
from csta.agent_events import EVENT_OF_STATE, AgentEvent, AgentLoggedOn
from csta.causes import Cause
from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import AgentId, CallId, DeviceId
from csta.instants import Instant
from csta.states import AgentState, BusyPhase

# Members that are read at every step: by name they are slow to find on Python 3.11.
_NULL: Final = AgentState.NULL
_NOT_READY: Final = AgentState.NOT_READY
_READY: Final = AgentState.READY
_BUSY: Final = AgentState.BUSY
_WORKING_AFTER_CALL: Final = AgentState.WORKING_AFTER_CALL
_NORMAL: Final = Cause.NORMAL

_RESTING = (_READY, _NOT_READY)
_HANDLING = (_BUSY, _WORKING_AFTER_CALL)
_ASKED_AS = {
    _NULL: "loggedOff",
    _NOT_READY: "notReady",
    _READY: "ready",
    _WORKING_AFTER_CALL: "workingAfterCall",
}


class Directory:
    """Knows every agent and makes every change of an agent's state."""

    def __init__(self, agents: Iterable[AgentConfig], link_id: str) -> None:
        """Take in the configured agents; nobody is logged on."""
        self.link_id = link_id
        self._agents: dict[AgentId, Agent] = {}
        self._at_device: dict[DeviceId, Agent] = {}
        for number, config in enumerate(agents):
            self._agents[config.agent_id] = _agent(config, number)

    def __iter__(self) -> Iterator[Agent]:
        """Go through the agents in the order of the configuration."""
        return iter(self._agents.values())

    def __len__(self) -> int:
        """Count the agents, logged on or not."""
        return len(self._agents)

    def agent(self, agent_id: AgentId) -> Agent:
        """Find an agent.

        Raises:
            CtiError: `invalidAgentIdentifier`, nobody has this id.
        """
        found = self._agents.get(agent_id)
        if found is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_AGENT_IDENTIFIER,
                f"there is no agent '{agent_id}'",
            )
        return found

    def at_device(self, device_id: DeviceId) -> Agent | None:
        """Find who is logged on at a device."""
        return self._at_device.get(device_id)

    def check_reconfigure(self, agents: Iterable[AgentConfig]) -> None:
        """Refuse a list of agents in which somebody is missing who is logged on.

        Raises:
            CtiError: `invalidAgentState`.
        """
        ids = {config.agent_id for config in agents}
        for agent in self:
            if agent.state is not _NULL and agent.agent_id not in ids:
                raise self.wrong_state(agent)

    def reconfigure(self, agents: Iterable[AgentConfig]) -> None:
        """Take over who there is and what they can do; who is logged on stays so."""
        known, self._agents = self._agents, {}
        for number, config in enumerate(agents):
            agent = known.get(config.agent_id)
            if agent is None:
                agent = _agent(config, number)
            else:
                agent.number = number
                agent.home_device_id = config.device_id
                agent.profile = msgspec.structs.replace(
                    _agent(config, number).profile, paused=agent.profile.paused
                )
                agent.capacity = dict(config.capacity)
            self._agents[config.agent_id] = agent

    def check_request(self, agent: Agent, asked: AgentState) -> None:
        """Refuse what the agent's present state does not allow to ask for.

        Raises:
            CtiError: `invalidAgentState`, with the state and what may be asked for.
        """
        if asked not in REQUESTS[agent.state]:
            raise self.wrong_state(agent)

    def check_log_on(self, agent: Agent, device_id: DeviceId) -> None:
        """Refuse a log-on of somebody who is logged on, or where somebody is logged on.

        Raises:
            CtiError: `invalidAgentState` or `invalidDeviceState`.
        """
        if agent.state is not _NULL:
            raise self.wrong_state(agent)
        there = self._at_device.get(device_id)
        if there is not None and there is not agent:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.INVALID_DEVICE_STATE,
                f"agent '{there.agent_id}' is logged on at {device_id}",
            )

    def wrong_state(self, agent: Agent, why: str = "") -> CtiError:
        """Make the refusal of a request that the agent's present state does not allow."""
        return CtiError(
            ErrorCategory.STATE_INCOMPATIBILITY,
            ErrorValue.INVALID_AGENT_STATE,
            f"agent '{agent.agent_id}' is {agent.state.value}" + (f": {why}" if why else ""),
            current=Current(agent_state=agent.state.value, services_permitted=self.may(agent)),
        )

    def may(self, agent: Agent) -> tuple[str, ...]:
        """Name the agent states that may be asked for now, in the service's words."""
        if agent.state is _NULL:
            return ("loggedOn",)
        return tuple(_ASKED_AS[state] for state in AgentState if state in REQUESTS[agent.state])

    def log_on(self, agent: Agent, device_id: DeviceId, now: Instant) -> AgentEvent:
        """Bring an agent to a device; an agent starts not ready."""
        agent.device_id = device_id
        agent.begin_figures(now)
        agent.reachable, agent.ready_when_back, agent.auto_work = True, False, False
        self._at_device[device_id] = agent
        previous = agent.state
        self._enter(agent, _NOT_READY, now, None)
        return AgentLoggedOn(
            link_id=self.link_id,
            agent_device=device_id,
            agent_id=agent.agent_id,
            since=now,
            previous_state=previous,
        )

    def change(  # noqa: PLR0913 - what an agent event tells
        self,
        agent: Agent,
        state: AgentState,
        now: Instant,
        *,
        cause: Cause = _NORMAL,
        reason: str | None = None,
        phase: BusyPhase | None = None,
        call_id: CallId | None = None,
        condition: str | None = None,
    ) -> AgentEvent:
        """Take an agent to a state and tell of it. The step must be in the table."""
        previous = agent.state
        assert state in AGENT_STEPS[previous], (
            f"agent {agent.agent_id} may not go from {previous.value} to {state.value}"
        )
        if state is not _BUSY or previous is not _BUSY:
            self._enter(agent, state, now, reason)
        agent.phase = phase
        agent.call_id = call_id
        if state is _NULL:
            self._at_device.pop(agent.device_id, None)
        return EVENT_OF_STATE[state](
            link_id=self.link_id,
            agent_device=agent.device_id,
            agent_id=agent.agent_id,
            cause=cause,
            since=agent.since,
            previous_state=previous,
            pending_agent_state=agent.pending,
            reason_code=reason,
            busy_phase=phase,
            call_id=call_id,
            agent_state_condition=condition,
        )

    def keep_pending(
        self,
        agent: Agent,
        asked: AgentState,
        reason: str | None,
        *,
        cause: Cause = _NORMAL,
    ) -> AgentEvent:
        """Note what the agent goes to after the present work, and tell of it."""
        agent.pending = asked
        agent.pending_reason = reason
        return self.tell(agent, cause=cause)

    def tell(
        self, agent: Agent, *, cause: Cause = _NORMAL, condition: str | None = None
    ) -> AgentEvent:
        """Tell of the state that an agent is in, which goes on."""
        return EVENT_OF_STATE[agent.state](
            link_id=self.link_id,
            agent_device=agent.device_id,
            agent_id=agent.agent_id,
            cause=cause,
            since=agent.since,
            previous_state=agent.state,
            pending_agent_state=agent.pending,
            reason_code=agent.reason,
            busy_phase=agent.phase,
            call_id=agent.call_id,
            agent_state_condition=condition,
        )

    def _enter(self, agent: Agent, state: AgentState, now: Instant, reason: str | None) -> None:
        before = agent.state
        if before in _HANDLING:
            agent.handled_ms += now - agent.since
            if before is _WORKING_AFTER_CALL:
                agent.work_ms += now - agent.since
        elif before is _READY:
            agent.ready_ms += now - agent.since
        agent.state = state
        agent.since = now
        agent.reason = reason
        if state in _RESTING or state is _NULL:
            agent.pending = None
            agent.pending_reason = None
        if state in _RESTING:
            agent.resting = state
            agent.resting_reason = reason


def _agent(config: AgentConfig, number: int) -> Agent:
    return Agent(
        config.agent_id,
        config.name,
        config.device_id,
        config.skills,
        config.queues,
        number,
        config.capacity,
    )
