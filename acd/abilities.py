"""What agents may be offered, changed while they work: skills, queues, pauses (A10, A12)."""

from __future__ import annotations

from acd.floor import Floor
from acd.inputs import Finished, PauseQueue, SetSkills
from acd.matching import Matching
from agents.agent import Agent
from agents.skills import LEVEL_MAX, LEVEL_MIN
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import QueueName
from csta.instants import Instant
from csta.states import AgentState


class Abilities:
    """Changes what agents may be offered: it counts from the next choice on."""

    def __init__(self, floor: Floor, matching: Matching) -> None:
        """Work on one floor."""
        self._floor = floor
        self._matching = matching

    def set_skills(self, event: SetSkills, now: Instant) -> None:
        """A supervisor changes skills or queues of an agent, logged on or not.

        Raises:
            CtiError: a level is none, or there is no such queue.
        """
        agent = self._floor.directory.agent(event.agent_id)
        for skill, level in (event.skills or {}).items():
            if not LEVEL_MIN <= level <= LEVEL_MAX:
                raise _wrong(f"skill '{skill}' has level {level}: it is {LEVEL_MIN} to {LEVEL_MAX}")
        for name in event.queues or {}:
            self._check_queue(name)
        agent.set_profile(skills=event.skills, queues=event.queues)
        self._regroup(agent, now)

    def pause_queue(self, event: PauseQueue, now: Instant) -> None:
        """An agent takes no calls of a queue, or takes them again; what rings goes on ringing.

        Raises:
            CtiError: there is no such queue.
        """
        agent = self._floor.directory.agent(event.agent_id)
        self._check_queue(event.queue)
        agent.pause(event.queue, paused=event.paused)
        self._regroup(agent, now)

    def finished(self, event: Finished, now: Instant) -> None:
        """An agent is done with a contact of another channel than voice, and has room again."""
        agent = self._floor.directory.agent(event.agent_id)
        channel = agent.contacts.pop(event.call_id, None)
        if channel is not None and agent.state is AgentState.READY:
            self._matching.seek_call(agent, now)

    def _regroup(self, agent: Agent, now: Instant) -> None:
        if agent.state is AgentState.NULL:
            return
        self._floor.roster.regroup(agent)
        self._floor.tell_delays(now)
        if agent.state is AgentState.READY:
            self._matching.seek_call(agent, now)

    def _check_queue(self, name: QueueName) -> None:
        if name not in self._floor.queues:
            raise _wrong(f"there is no queue '{name}'")


def _wrong(detail: str) -> CtiError:
    return CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_PARAMETER_VALUE, detail)
