"""What is within a principal's reach: own devices, calls and queues, and those of the teams.

An agent's own device is where he is logged on, or his own desk while nobody else sits there, and
what his token names besides. A team is a queue: it has the agents who may serve it, their
devices, and the calls that it has had or that its agents are in (cti-api §7.8).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from acd.requirements import CALLER, Requirement
from agents.agent import Agent
from agents.skills import SkillSet, total_level
from csta.conditions import compile_condition
from csta.errors import CtiError
from csta.ids import AgentId, CallId, DeviceId, category_of, local_part
from csta.states import AgentState, ConnectionState
from ctiserver.core.call_history import CallHistory
from ctiserver.core.queueing import acd_device

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine
    from ctiserver.core.principals import Principal

_ACD: Final = "acd"
_IN_TALK = (ConnectionState.CONNECTED, ConnectionState.HOLD)


class Reach:
    """Answers for one engine as it is now; `history` knows who was in which call before."""

    def __init__(self, engine: Engine, history: CallHistory | None = None) -> None:
        """Read one engine, between its steps."""
        self.engine = engine
        self.history = history if history is not None else CallHistory()

    # What is one's own.

    def own_devices(self, who: Principal) -> tuple[DeviceId, ...]:
        """List the devices that are a principal's own now."""
        here = self.device_of(who.agent_id) if who.agent_id is not None else None
        if here is None or here in who.devices:
            return who.devices
        return (here, *who.devices)

    def device_of(self, agent_id: AgentId) -> DeviceId | None:
        """Find where an agent is logged on, or could be without driving anybody away."""
        agent = self.agent(agent_id)
        if agent is None:
            return None
        if agent.state is not AgentState.NULL:
            return agent.device_id
        there = self.engine.directory.at_device(agent.home_device_id)
        return agent.home_device_id if there is None else None

    def owns(self, who: Principal, device_id: DeviceId) -> bool:
        """Tell whether a device is a principal's own; an appearance of it is."""
        return device_id.partition(";")[0] in self.own_devices(who)

    def own_queues(self, who: Principal) -> tuple[DeviceId, ...]:
        """List the queues that a principal's agent may serve."""
        agent = self.agent(who.agent_id) if who.agent_id is not None else None
        return () if agent is None else self.queues_of(agent)

    def has_queue(self, who: Principal, queue: DeviceId) -> bool:
        """Tell whether a principal's agent may serve a queue."""
        agent = self.agent(who.agent_id) if who.agent_id is not None else None
        return agent is not None and self.serves(agent, queue)

    def is_in(self, who: Principal, call_id: CallId) -> bool:
        """Tell whether a device of the principal's has answered a call and is still in it."""
        call = self.engine.model.calls.get(call_id)
        return call is not None and any(
            link.state in _IN_TALK and self.owns(who, link.device_id)
            for link in call.connections.values()
        )

    def was_in(self, who: Principal, call_id: CallId) -> bool:
        """Tell whether a device of the principal's has, or had, a part in a call."""
        ever = self.devices_ever(call_id)
        return any(device_id in ever for device_id in self.own_devices(who))

    # What is the team's.

    def team_has_queue(self, who: Principal, queue: DeviceId) -> bool:
        """Tell whether a queue is one of the principal's teams."""
        return who.teams is None or queue in who.teams

    def team_has_agent(self, who: Principal, agent_id: AgentId) -> bool:
        """Tell whether an agent may serve one of the principal's teams."""
        agent = self.agent(agent_id)
        if agent is None or who.teams is None:
            return agent is not None
        return any(self.serves(agent, queue) for queue in who.teams)

    def team_has_device(self, who: Principal, device_id: DeviceId) -> bool:
        """Tell whether a device is a team's queue, or the device of one of its agents."""
        if who.teams is None:
            return True
        device_id = device_id.partition(";")[0]
        if category_of(device_id) == _ACD:
            return device_id in who.teams
        there = self.engine.directory.at_device(device_id)
        if there is not None:
            return self.team_has_agent(who, there.agent_id)
        return any(
            agent.home_device_id == device_id and self.team_has_agent(who, agent.agent_id)
            for agent in self.engine.directory
        )

    def team_has_call(self, who: Principal, call_id: CallId) -> bool:
        """Tell whether a call has been in a team's queue, or an agent of a team in the call."""
        if who.teams is None:
            return True
        call = self.engine.model.calls.get(call_id)
        queues: Iterable[DeviceId] = self.history.queues(call_id)
        agents: Iterable[AgentId] = self.history.agents(call_id)
        if call is not None:
            links = call.connections.values()
            queues = [*queues, *(link.device_id for link in links)]
            queues += [call.acd.group] if call.acd is not None else []
            agents = [*agents, *(link.agent_id for link in links if link.agent_id)]
        return any(queue in who.teams for queue in queues) or any(
            self.team_has_agent(who, agent_id) for agent_id in agents
        )

    # What the engine knows.

    def agent(self, agent_id: AgentId) -> Agent | None:
        """Find an agent, if there is one of this id."""
        try:
            return self.engine.directory.agent(agent_id)
        except CtiError:
            return None

    def serves(self, agent: Agent, queue: DeviceId) -> bool:
        """Tell whether an agent may serve a queue: he is in it, and has the skills for it."""
        found = self.engine.acd.queues.get(local_part(queue))
        if found is None or agent.profile.membership(found.config.name) is None:
            return False
        return _may_meet(found.needs, agent.skills)

    def queues_of(self, agent: Agent) -> tuple[DeviceId, ...]:
        """List the queues that an agent may serve."""
        devices = (acd_device(name) for name in self.engine.acd.queues)
        return tuple(each for each in devices if self.serves(agent, each))

    def call_is_known(self, call_id: CallId) -> bool:
        """Tell whether a call is there, or has been a short while ago."""
        return call_id in self.engine.model.calls or bool(self.devices_ever(call_id))

    def devices_ever(self, call_id: CallId) -> tuple[DeviceId, ...]:
        """List the devices that have, or had, a part in a call; none when it is long over."""
        call = self.engine.model.calls.get(call_id)
        if call is not None:
            return (*call.instances, *call.connections)
        return self.engine.requests.data.devices_of_ended(call_id)


def _may_meet(needs: Requirement, skills: SkillSet) -> bool:
    """Tell whether these skills suffice, for some callers at least."""
    if total_level(skills, needs.skills) is None:
        return False
    if not needs.condition:
        return True
    levels = dict(skills)

    def value(name: str) -> object:
        return None if name.startswith(CALLER) else levels.get(name, 0)

    return compile_condition(needs.condition).holds(value) is not False
