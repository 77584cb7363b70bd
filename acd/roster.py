"""Who is ready for which calls: groups of like agents, lines of like calls, and their pairs.

Agents with the same skills and memberships are a group. A group and a line are matched once, when
the later of the two comes up; after that a change costs as much as the lines that it touches.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

from acd.config import AcdConfig, ServiceOrder
from acd.lines import CallbackLine, Line, Pair, ReadyGroup, Stands
from acd.queue import OrderKey, Queue, WaitingCall
from acd.requirements import Requirement
from acd.rules import CallbackRules
from agents.agent import Agent, Profile
from agents.config import EVERY_QUEUE
from csta.ids import AgentId, QueueName
from csta.instants import Instant
from csta.states import AgentState

# Members that are read at every step: by name they are slow to find on Python 3.11.
_GREATEST_NEED: Final = ServiceOrder.GREATEST_NEED

_LineKey: TypeAlias = tuple[str, Requirement, bool]

_PER_MILLE = 1_000
_CALLBACKS = CallbackRules()
"""Of callbacks that were promised by a queue which makes no more promises."""


class Roster:
    """Groups, lines, and the pairs of them that match."""

    def __init__(self, config: AcdConfig) -> None:
        """Start with no agents and no calls."""
        self.config = config
        self._readied = 0
        self._groups: dict[Profile, ReadyGroup] = {}
        self._group_of: dict[AgentId, ReadyGroup] = {}
        self._lines: dict[_LineKey, Line] = {}
        self._held: dict[QueueName, list[Line]] = {}
        """The lines of callbacks, by queue."""
        self._own: dict[AgentId, dict[str, Pair]] = {}
        """For each agent, by queue, the line of calls that are kept for him."""

    def log_on(self, agent: Agent) -> None:
        """Count the agent among those who are here."""
        group = self._group_of[agent.agent_id] = self._group(agent.profile)
        group.members[agent.agent_id] = agent

    def log_off(self, agent: Agent) -> None:
        """Count the agent no more."""
        del self._group_of.pop(agent.agent_id).members[agent.agent_id]

    def is_here(self, agent_id: AgentId) -> bool:
        """Tell whether an agent is logged on."""
        return agent_id in self._group_of

    def members(self, queue: Queue, needs: Requirement) -> list[Agent]:
        """List the agents who are logged on and meet a requirement of a queue."""
        groups = self.line(queue, needs).groups
        return [agent for group in groups for agent in group.members.values()]

    def counts(self, queue: Queue, needs: Requirement) -> tuple[int, int]:
        """Count the agents who meet a requirement: those who are logged on, and ready."""
        groups = self.line(queue, needs).groups
        return sum(len(group.members) for group in groups), sum(len(g.ready) for g in groups)

    def add_ready(self, agent: Agent) -> None:
        """Note that the agent waits for a call; must be told in the order of readiness."""
        self._readied += 1
        agent.ready_number = self._readied
        self._stand(agent)

    def remove_ready(self, agent: Agent) -> None:
        """Note that the agent waits no more; it is no error when he did not."""
        stands = self._group_of[agent.agent_id].ready.pop(agent.agent_id, None)
        if stands is not None:
            for lane, entry in stands:
                lane.remove(entry)

    def regroup(self, agent: Agent) -> None:
        """Take over a change of the agent's profile; who is ready stays so, in his old turn."""
        was_ready = agent.agent_id in self._group_of[agent.agent_id].ready
        self.remove_ready(agent)
        self.log_off(agent)
        self.log_on(agent)
        if was_ready:
            self._stand(agent)

    def is_ready(self, agent: Agent) -> bool:
        """Tell whether the agent waits for a call."""
        group = self._group_of.get(agent.agent_id)
        return group is not None and agent.agent_id in group.ready

    def best_agent(self, call: WaitingCall, now: Instant) -> tuple[Agent, Line] | None:
        """Find the agent to offer the call to, and the line of the place that he serves.

        Earlier places are tried first: a call looks in its own queue before the second one.
        """
        for line in call.places:
            agent = (
                self._owner(line, call, now)
                if line.agent_id is not None
                else line.first_agent(call, now, self.config.seed)
            )
            if agent is not None:
                return agent, line
        return None

    def best_call(self, agent: Agent, now: Instant) -> tuple[WaitingCall, Line] | None:
        """Find the call that the agent serves next, and the line that he serves it in.

        Only work that he may take counts: a call that he may not take blocks no other (RG-34).
        """
        group = self._group_of[agent.agent_id]
        own = self._own.get(agent.agent_id)
        if own or self.config.order is _GREATEST_NEED:
            paused = group.profile.paused
            kept = [pair for name, pair in (own or {}).items() if name not in paused]
            return self._best_of_all(agent, [*kept, *group.pairs], now)
        for tier in group.tiers:
            best: WaitingCall | None = None
            best_line: Line | None = None
            for pair in tier:
                line = pair.line
                if line.heap:
                    call = line.first_call(agent, pair, now)
                    if call is None:
                        continue
                    if best is None or best_line is None or call.key < best.key:
                        best, best_line = call, line
                    elif call is best and _comes_before(line, best_line, call):
                        best_line = line
            if best is not None and best_line is not None:
                return best, best_line
        return None

    def ringing_call(self, agent: Agent, now: Instant) -> tuple[WaitingCall, Line] | None:
        """Find the first call that rings already and may ring at this agent too."""
        found: list[tuple[OrderKey, int, WaitingCall, Line]] = []
        for pair in self._group_of[agent.agent_id].pairs:
            for call in pair.line.ringing.values():
                if self.may_serve(agent, call, pair.line, now):
                    place = call.places.index(pair.line)
                    found.append((call.key, place, call, pair.line))
        if not found:
            return None
        _, _, call, line = min(found, key=lambda one: one[:2])
        return call, line

    def may_serve(self, agent: Agent, call: WaitingCall, line: Line, now: Instant) -> bool:
        """Tell whether a call of a line may be offered to an agent, ready or not."""
        channel = line.queue.channel
        if channel is not None and (call.call_id in agent.contacts or not agent.has_room(channel)):
            return False
        if line.agent_id is not None:
            refused = call.kept_from.get(agent.agent_id, now) > now
            paused = line.queue.name in agent.profile.paused
            return agent.agent_id == line.agent_id and not refused and not paused
        pair = self.pair_of(agent, line)
        if pair is None or not line.open_to(call, pair.rank, now):
            return False
        if pair.delay_ms and now - call.entered_at < pair.delay_ms:
            return False
        return call.kept_from.get(agent.agent_id, now) <= now

    def pair_of(self, agent: Agent, line: Line) -> Pair | None:
        """Find what an agent who is logged on is to a line; None if he may not serve it."""
        group = self._group_of.get(agent.agent_id)
        pairs = group.pairs if group is not None else ()
        return next((pair for pair in pairs if pair.line is line), None)

    def served_by(self, agent: Agent) -> list[Pair]:
        """List what an agent who is logged on is to the lines that he may serve."""
        return self._group_of[agent.agent_id].pairs

    def lines(self) -> list[Line]:
        """List all lines, those that are kept for one agent too."""
        own = [pair.line for pairs in self._own.values() for pair in pairs.values()]
        return [*self._lines.values(), *own]

    def line(self, queue: Queue, needs: Requirement, *, held: bool = False) -> Line:
        """Find or make the line of a queue's calls, or its callbacks, with one requirement."""
        key = (queue.name, needs, held)
        line = self._lines.get(key)
        if line is None:
            line = CallbackLine(queue, needs, self.callback_room) if held else Line(queue, needs)
            if held:
                self._held.setdefault(queue.name, []).append(line)
            self._lines[key] = line
            for group in self._groups.values():
                self._match(group, line)
            ready = [
                (agent, pair)
                for group in self._groups.values()
                for pair in group.pairs
                if pair.line is line
                for agent in map(group.members.__getitem__, group.ready)
            ]
            for agent, pair in ready:
                self._stand_in(agent, pair)
        return line

    def serves_callbacks(self, queue: Queue) -> bool:
        """Tell whether an agent is ready who may serve some callback of a queue."""
        return any(lane.entries for line in self._held.get(queue.name, ()) for lane in line.lanes)

    def callback_room(self, queue: Queue) -> bool:
        """Tell whether one more agent of a queue may be offered a callback.

        They are offered where agents come first; else the customer is called, and then waits.
        """
        rules = queue.config.callbacks
        return (rules is None or rules.agent_first) and self.callback_share(queue) > 0

    def callback_share(self, queue: Queue) -> int:
        """Count how many more of a queue's agents may serve callbacks at this moment (Q07)."""
        rules = queue.config.callbacks or _CALLBACKS
        here, _ = self.counts(queue, queue.needs)
        # The share of so few is exact but for the last digits of a float.
        return max(1, math.floor(rules.share * here + 1e-9)) - queue.callbacks_busy

    def own_line(self, queue: Queue, agent_id: AgentId) -> Line:
        """Find or make the line of a queue's calls that are kept for one agent."""
        pairs = self._own.setdefault(agent_id, {})
        if queue.name not in pairs:
            line = Line(queue, Requirement(()), agent_id)
            pairs[queue.name] = Pair(line, 0, 1, queue.config.weight, 0, 1)
        return pairs[queue.name].line

    def kept_for(self, agent_id: AgentId) -> list[WaitingCall]:
        """List the calls that wait for this agent, perhaps among others, in their order."""
        pairs = self._own.get(agent_id, {}).values()
        return sorted((c for pair in pairs for c in pair.line.oldest()), key=lambda c: c.key)

    def reconfigure(self, config: AcdConfig) -> None:
        """Match everything anew; who is ready stays so, in the same order."""
        self.config = config
        self.rebuild([a for group in self._groups.values() for a in group.members.values()])

    def rebuild(self, here: list[Agent]) -> None:
        """Match everybody anew who is here, as if nothing had been known of it before."""
        self._groups.clear()
        self._group_of.clear()
        self._lines.clear()
        self._held.clear()
        self._own.clear()
        for agent in here:
            self.log_on(agent)
        for agent in sorted(here, key=lambda each: each.ready_number):
            if agent.state is AgentState.READY:
                self._stand(agent)

    def _best_of_all(
        self, agent: Agent, pairs: list[Pair], now: Instant
    ) -> tuple[WaitingCall, Line] | None:
        """Compare the queues by the first call of each that he may take; in a queue by place."""
        heads: dict[str, tuple[OrderKey, int, Pair, WaitingCall]] = {}
        for pair in pairs:
            line = pair.line
            call = line.first_call(agent, pair, now) if line.heap else None
            if call is not None:
                head = (call.key, call.places.index(line), pair, call)
                known = heads.get(line.queue.name)
                if known is None or head[:2] < known[:2]:
                    heads[line.queue.name] = head
        if not heads:
            return None
        _, _, pair, call = min(
            heads.values(),
            key=lambda head: (
                -_weight(agent.profile, head[2].line.queue),
                -self.need(head[3], head[2].line.queue, now),
                *head[:2],
            ),
        )
        return call, pair.line

    def need(self, call: WaitingCall, queue: Queue, now: Instant) -> int:
        """Give how late a call will be, in thousandths of its queue's objective (R22).

        What counts is the predicted wait: from when the call came, with credit for its priority,
        until one more answer of the queue.
        """
        if self.config.order is not _GREATEST_NEED:
            return 0
        waited = now - call.key[0] + queue.pace_ms
        return waited * _PER_MILLE // queue.config.service_level_ms

    def _owner(self, line: Line, call: WaitingCall, now: Instant) -> Agent | None:
        group = self._group_of.get(line.agent_id or "")
        if group is None or line.agent_id not in group.ready:
            return None
        owner = group.members[line.agent_id]
        return owner if self.may_serve(owner, call, line, now) else None

    def _stand(self, agent: Agent) -> None:
        group = self._group_of[agent.agent_id]
        stands: Stands = []
        group.ready[agent.agent_id] = stands
        for pair in group.pairs:
            entry = pair.entry(agent)
            pair.lane.add(entry)
            stands.append((pair.lane, entry))

    def _stand_in(self, agent: Agent, pair: Pair) -> None:
        entry = pair.entry(agent)
        pair.lane.add(entry)
        self._group_of[agent.agent_id].ready[agent.agent_id].append((pair.lane, entry))

    def _group(self, profile: Profile) -> ReadyGroup:
        group = self._groups.get(profile)
        if group is None:
            group = self._groups[profile] = ReadyGroup(profile)
            for line in self._lines.values():
                self._match(group, line)
        return group

    def _match(self, group: ReadyGroup, line: Line) -> None:
        queue = line.queue
        member = group.profile.membership(queue.name)
        if member is None or queue.name in group.profile.paused:
            return
        level = line.needs.level(group.profile.skills)
        if level is not None:
            weight = _weight(group.profile, queue)
            pair = Pair(line, level, member.rank, weight, member.delay_ms, member.lots)
            group.add(pair)
            line.groups.append(group)
            queue.opens_after(member.delay_ms)
            queue.opens_after((member.rank - 1) * queue.config.rank_wait_ms)


def _weight(profile: Profile, queue: Queue) -> int:
    """Give the weight of a queue's calls for agents of this profile (R20)."""
    member = profile.membership(queue.name) or EVERY_QUEUE
    return queue.config.weight if member.weight is None else member.weight


def _comes_before(line: Line, other: Line, call: WaitingCall) -> bool:
    """Tell which of two places of a call is the earlier one: its own queue is the first."""
    return call.places.index(line) < call.places.index(other)
