"""Services of agents: states, abilities, and what they want to know (cti-api §7.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acd.inputs import AskState, ExtendWork, LogOn, PauseQueue, SetSkills
from agents.agent import Agent
from agents.config import Membership
from agents.figures import figures_of
from csta.device_services import (
    ExtendAfterCallWork,
    GetAgentInformation,
    GetAgentState,
    PauseAgentQueue,
    RequestedAgentState,
    SetAgentSkills,
    SetAgentState,
)
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import DeviceId, QueueName, category_of, local_part
from csta.replies import AgentInformation, AgentStateResult, Result
from csta.states import AgentState
from ctiserver.core.queueing import acd_device

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

_STATE_ASKED = {
    RequestedAgentState.LOGGED_OFF: AgentState.NULL,
    RequestedAgentState.NOT_READY: AgentState.NOT_READY,
    RequestedAgentState.READY: AgentState.READY,
    RequestedAgentState.WORKING_AFTER_CALL: AgentState.WORKING_AFTER_CALL,
}


class AgentRequests:
    """Hands what is asked of agents to the distributor, and tells what it knows of them."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        self._engine = engine

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            SetAgentState: self._set_state,
            GetAgentState: self._get_state,
            ExtendAfterCallWork: self._extend_work,
            SetAgentSkills: self._set_skills,
            PauseAgentQueue: self._pause_queue,
            GetAgentInformation: self._information,
        }

    def _set_state(self, request: SetAgentState, _request_id: str) -> AgentStateResult:
        engine = self._engine
        agent = engine.directory.agent(request.agent_id)
        if _is_there_already(agent, request):
            return _state_of(agent, already_done=True)
        if request.requested_agent_state is RequestedAgentState.LOGGED_ON:
            engine.queueing.tell(LogOn(agent.agent_id, request.device))
            engine.reachability.logged_on(agent)
            engine.features.logged_on(agent)
            engine.model.touched[agent.device_id] = None  # the phone may be in use
        else:
            asked = _STATE_ASKED[request.requested_agent_state]
            engine.queueing.tell(
                AskState(agent.agent_id, asked, request.reason_code, request.force)
            )
        return _state_of(agent)

    def _get_state(self, request: GetAgentState, _request_id: str) -> AgentStateResult:
        agent = self._engine.directory.at_device(request.device)
        if agent is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"nobody is logged on at {request.device}",
            )
        return _state_of(agent)

    def _extend_work(self, request: ExtendAfterCallWork, _request_id: str) -> AgentStateResult:
        self._engine.queueing.tell(ExtendWork(request.agent_id))
        return _state_of(self._engine.directory.agent(request.agent_id))

    def _set_skills(self, request: SetAgentSkills, _request_id: str) -> Result:
        queues = None
        if request.queues is not None:
            queues = {_queue(device_id): Membership() for device_id in request.queues}
        self._engine.queueing.tell(SetSkills(request.agent_id, request.skills, queues))
        return Result()

    def _pause_queue(self, request: PauseAgentQueue, _request_id: str) -> Result:
        queue = _queue(request.queue)
        self._engine.queueing.tell(PauseQueue(request.agent_id, queue, request.paused))
        return Result()

    def _information(self, request: GetAgentInformation, _request_id: str) -> AgentInformation:
        agent = self._engine.directory.agent(request.agent_id)
        now, profile = self._engine.out.now, agent.profile
        here = agent.state is not AgentState.NULL
        return AgentInformation(
            agent_id=agent.agent_id,
            name=agent.name,
            agent_state=agent.state,
            at=now,
            since=agent.since if here else None,
            reason_code=agent.reason,
            busy_phase=agent.phase,
            call_id=agent.call_id,
            pending_agent_state=agent.pending,
            agent_device=agent.device_id if here else None,
            reachable=agent.reachable,
            skills=dict(profile.skills),
            queues=None
            if profile.queues is None
            else tuple(acd_device(name) for name, _ in profile.queues),
            paused_queues=tuple(acd_device(name) for name in profile.paused),
            contacts=dict(agent.contacts),
            figures=figures_of(agent, now),
        )


def _is_there_already(agent: Agent, request: SetAgentState) -> bool:
    """Tell whether an agent is in the state that is asked for, in every respect."""
    if request.requested_agent_state is RequestedAgentState.LOGGED_ON:
        return agent.state is not AgentState.NULL and request.device in (None, agent.device_id)
    settled = agent.pending is None and not agent.ready_when_back
    if agent.state is AgentState.NOT_READY:
        settled = settled and agent.reason == request.reason_code
    return settled and agent.state is _STATE_ASKED[request.requested_agent_state]


def _state_of(agent: Agent, *, already_done: bool = False) -> AgentStateResult:
    return AgentStateResult(
        already_done=already_done,
        agent_id=agent.agent_id,
        agent_state=agent.state,
        pending_agent_state=agent.pending,
        reason_code=agent.reason,
    )


def _queue(device_id: DeviceId) -> QueueName:
    if category_of(device_id) != "acd":
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.INVALID_DEVICE_ID,
            f"{device_id} is no queue: it is written acd:<name>",
        )
    return local_part(device_id)
