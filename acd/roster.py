"""Who can serve whom: ready agents by skill set, waiting calls by requirement, matched once.

Calls with equal requirements form a class, agents with equal skills a group; whether a group can
serve a class is worked out once for the pair. A decision then looks at classes and at their
lanes of ready agents, never at all agents or all calls.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import TypeAlias

from acd.queue import OrderKey, WaitingCall
from acd.selection import STRATEGIES, Rank
from agents.agent import Agent
from agents.skills import SkillSet, total_level
from csta.ids import AgentId
from csta.instants import Instant

Lane: TypeAlias = OrderedDict[AgentId, Agent]
"""Ready agents of one level for one class, the one who became ready first in front.

A plain dict would do but for one thing: where the first entry leaves again and again, finding the
next one takes it longer and longer.
"""


class ReadyGroup:
    """The agents with one skill set: who is ready, and in which lanes they then stand."""

    __slots__ = ("lanes", "logged_on", "ready", "skills")

    def __init__(self, skills: SkillSet) -> None:
        """Start with nobody ready."""
        self.skills = skills
        self.logged_on = 0
        self.ready: dict[str, Agent] = {}
        self.lanes: list[tuple[CallClass, Lane]] = []


class CallClass:
    """The waiting calls with one requirement, in a heap by their place in the service order.

    An entry whose version is not the call's present one is stale and is dropped when it surfaces.
    """

    __slots__ = ("groups", "heap", "lanes", "required")

    def __init__(self, required: SkillSet) -> None:
        """Start with nobody waiting."""
        self.required = required
        self.heap: list[tuple[OrderKey, int, WaitingCall]] = []
        self.groups: list[ReadyGroup] = []
        self.lanes: dict[int, Lane] = {}
        """Who is ready for these calls, by total level in what they require."""

    def push(self, call: WaitingCall) -> None:
        """Let the call wait here too."""
        heapq.heappush(self.heap, (call.key, call.version, call))

    def first_for(self, agent: Agent, now: Instant) -> WaitingCall | None:
        """Find the call that is served next among those that may be offered to the agent."""
        heap = self.heap
        passed: list[tuple[OrderKey, int, WaitingCall]] = []
        found = None
        while heap:
            _, version, call = heap[0]
            if version != call.version:
                heapq.heappop(heap)
            elif call.kept_from and call.kept_from.get(agent.agent_id, now) > now:
                passed.append(heapq.heappop(heap))
            else:
                found = call
                break
        for entry in passed:
            heapq.heappush(heap, entry)
        return found


class Roster:
    """Groups, classes, and the pairs of them that match."""

    def __init__(self) -> None:
        """Start with no agents and no calls."""
        self._readied = 0
        self._groups: dict[SkillSet, ReadyGroup] = {}
        self._group_of: dict[AgentId, ReadyGroup] = {}
        self._classes: dict[SkillSet, CallClass] = {}

    def log_on(self, agent: Agent) -> None:
        """Count the agent among those who are here."""
        group = self._group_of[agent.agent_id] = self._group(agent.skills)
        group.logged_on += 1

    def log_off(self, agent: Agent) -> None:
        """Count the agent no more."""
        self._group_of.pop(agent.agent_id).logged_on -= 1

    def counts(self, required: SkillSet) -> tuple[int, int]:
        """Count the agents who meet a requirement: those who are logged on, and ready."""
        groups = self._class(required).groups
        return sum(group.logged_on for group in groups), sum(len(group.ready) for group in groups)

    def add_ready(self, agent: Agent) -> None:
        """Note that the agent waits for a call; must be told in the order of readiness."""
        self._readied += 1
        agent.ready_number = self._readied
        group = self._group_of[agent.agent_id]
        group.ready[agent.agent_id] = agent
        for _, lane in group.lanes:
            lane[agent.agent_id] = agent

    def remove_ready(self, agent: Agent) -> None:
        """Note that the agent waits no more; it is no error when he did not."""
        group = self._group_of[agent.agent_id]
        if group.ready.pop(agent.agent_id, None) is not None:
            for _, lane in group.lanes:
                del lane[agent.agent_id]

    def add_waiting(self, call: WaitingCall) -> None:
        """Let the call wait at each of its places."""
        for _, required in call.places:
            self._class(required).push(call)

    def best_agent(self, call: WaitingCall, now: Instant) -> tuple[Agent, int] | None:
        """Find the agent to offer the call to, and the index of the place he serves.

        Earlier places are tried first: a call looks in its own queue before the second one.
        """
        for index, (queue, required) in enumerate(call.places):
            strategy = STRATEGIES[queue.config.agent_choice]
            best: Agent | None = None
            best_rank: Rank | None = None
            for level, lane in self._class(required).lanes.items():
                for agent in lane.values():
                    if call.kept_from and call.kept_from.get(agent.agent_id, now) > now:
                        continue
                    rank = strategy(agent, level)
                    if best_rank is None or rank < best_rank:
                        best, best_rank = agent, rank
                    break
            if best is not None:
                return best, index
        return None

    def best_call(self, agent: Agent, now: Instant) -> WaitingCall | None:
        """Find the call that the agent serves next, in the one service order of the centre."""
        best: WaitingCall | None = None
        for call_class, _ in self._group_of[agent.agent_id].lanes:
            if call_class.heap:
                call = call_class.first_for(agent, now)
                if call is not None and (best is None or call.key < best.key):
                    best = call
        return best

    def can_serve(self, agent: Agent, required: SkillSet) -> bool:
        """Tell whether the agent meets a requirement."""
        return total_level(agent.skills, required) is not None

    def _group(self, skills: SkillSet) -> ReadyGroup:
        group = self._groups.get(skills)
        if group is None:
            group = self._groups[skills] = ReadyGroup(skills)
            for call_class in self._classes.values():
                self._pair(group, call_class)
        return group

    def _class(self, required: SkillSet) -> CallClass:
        call_class = self._classes.get(required)
        if call_class is None:
            call_class = self._classes[required] = CallClass(required)
            for group in self._groups.values():
                self._pair(group, call_class)
            ready = [agent for group in call_class.groups for agent in group.ready.values()]
            for agent in sorted(ready, key=_readiness):
                level = total_level(agent.skills, required)
                assert level is not None, f"{agent!r} is in a group that cannot serve"
                call_class.lanes[level][agent.agent_id] = agent
        return call_class

    @staticmethod
    def _pair(group: ReadyGroup, call_class: CallClass) -> None:
        level = total_level(group.skills, call_class.required)
        if level is not None:
            group.lanes.append((call_class, call_class.lanes.setdefault(level, OrderedDict())))
            call_class.groups.append(group)


def _readiness(agent: Agent) -> int:
    return agent.ready_number
