"""Who can serve whom: ready agents by skill set, waiting calls by requirement, matched once.

Calls with equal requirements form a class, agents with equal skills a group; whether a group can
serve a class is worked out once for the pair. A decision then looks at groups or classes, never
at all agents or all calls.
"""

from __future__ import annotations

import heapq

from acd.queue import OrderKey, WaitingCall
from acd.selection import STRATEGIES, Rank
from agents.agent import Agent
from agents.skills import SkillSet, total_level
from csta.instants import Instant


class ReadyGroup:
    """The ready agents with one skill set, the one who became ready first in front."""

    __slots__ = ("classes", "ready", "skills")

    def __init__(self, skills: SkillSet) -> None:
        """Start with nobody ready."""
        self.skills = skills
        self.ready: dict[str, Agent] = {}
        self.classes: list[CallClass] = []


class CallClass:
    """The waiting calls with one requirement, in a heap by their place in the service order.

    An entry whose version is not the call's present one is stale and is dropped when it surfaces.
    """

    __slots__ = ("groups", "heap", "required")

    def __init__(self, required: SkillSet) -> None:
        """Start with nobody waiting."""
        self.required = required
        self.heap: list[tuple[OrderKey, int, WaitingCall]] = []
        self.groups: list[tuple[ReadyGroup, int]] = []

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
        self._groups: dict[SkillSet, ReadyGroup] = {}
        self._classes: dict[SkillSet, CallClass] = {}

    def add_ready(self, agent: Agent) -> None:
        """Note that the agent waits for a call; must be told in the order of readiness."""
        self._group(agent.skills).ready[agent.agent_id] = agent

    def remove_ready(self, agent: Agent) -> None:
        """Note that the agent waits no more; it is no error when he did not."""
        group = self._groups.get(agent.skills)
        if group is not None:
            group.ready.pop(agent.agent_id, None)

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
            for group, level in self._class(required).groups:
                for agent in group.ready.values():
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
        for call_class in self._group(agent.skills).classes:
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
        return call_class

    @staticmethod
    def _pair(group: ReadyGroup, call_class: CallClass) -> None:
        level = total_level(group.skills, call_class.required)
        if level is not None:
            group.classes.append(call_class)
            call_class.groups.append((group, level))
