"""A naive ACD: after every event it sorts all pairs of calls and agents, and takes the first.

It shares the words of the distributor (configuration, inputs) and none of its code. Whoever is
slow and obviously right is the judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.config import AcdConfig, AgentChoice, QueueConfig, ServiceOrder

FAR = 10**15


@dataclass
class OracleAgent:
    name: str
    skills: dict[str, int]
    state: str = "off"
    """off, away, ready, offered, talking or work."""
    ready_at: int = 0
    until: int = FAR
    wrap_up: int = 0


@dataclass
class OracleCall:
    name: str
    serial: int
    queue: str
    came_at: int
    priority: int
    credit: int
    skills: dict[str, int]
    entered_at: int = 0
    step: int = 0
    also: list[str] = field(default_factory=list)
    agent: OracleAgent | None = None
    rings_until: int = FAR
    kept: dict[str, int] = field(default_factory=dict)


class Oracle:
    """The same world, worked out from scratch again and again."""

    def __init__(self, config: AcdConfig, agents: dict[str, dict[str, int]]) -> None:
        """Start with everybody logged off."""
        self.config = config
        self.queues = {queue.name: queue for queue in config.queues}
        self.agents = {name: OracleAgent(name, skills) for name, skills in agents.items()}
        self.calls: dict[str, OracleCall] = {}
        self.log: list[tuple[int, str, str]] = []
        self.count = 0

    def enter(self, now: int, call: OracleCall) -> None:
        call.priority += self.queues[call.queue].priority
        call.entered_at = now
        self.calls[call.name] = call
        self._match(now)

    def leave(self, now: int, name: str) -> None:
        call = self.calls.pop(name, None)
        if call is not None and call.agent is not None:
            self._readies(call.agent)
        self._match(now)

    def answer(self, name: str) -> None:
        call = self.calls.pop(name)
        assert call.agent is not None
        call.agent.state = "talking"
        call.agent.wrap_up = self._served_for(call, call.agent).wrap_up_ms

    def refuse(self, now: int, name: str, *, rejected: bool) -> None:
        call = self.calls[name]
        agent, call.agent, call.rings_until = call.agent, None, FAR
        assert agent is not None
        agent.state = "away"
        if rejected:
            call.kept[agent.name] = now + self.config.refusal_back_off_ms
            # The call looks for another agent first, then the agent for another call.
            self._match(now)
            self._readies(agent)
        self._match(now)

    def hang_up(self, now: int, agent: OracleAgent) -> None:
        self._readies(agent)
        if agent.wrap_up:
            agent.state, agent.until = "work", now + agent.wrap_up
        self._match(now)

    def ask(self, now: int, agent: OracleAgent, state: str) -> None:
        self._readies(agent)
        agent.state = state
        self._match(now)

    def next_at(self) -> int:
        """Give the next instant at which something is due."""
        dues = [agent.until for agent in self.agents.values() if agent.state == "work"]
        for call in self.calls.values():
            due = self._step_at(call) if call.agent is None else call.rings_until
            dues += [due, *call.kept.values()]
        return min(dues, default=FAR)

    def wake(self, now: int) -> None:
        """Act on all that is due at this instant; worlds are such that it is one thing."""
        for call in list(self.calls.values()):
            call.kept = {name: until for name, until in call.kept.items() if until > now}
            if call.agent is not None and call.rings_until <= now:
                self.refuse(now, call.name, rejected=False)
            elif call.agent is None and self._step_at(call) <= now:
                self._take_step(call, now)
        for agent in self.agents.values():
            if agent.state == "work" and agent.until <= now:
                self._readies(agent)
        self._match(now)

    def _take_step(self, call: OracleCall, now: int) -> None:
        step = self.queues[call.queue].steps[call.step]
        call.step += 1
        call.priority += step.priority_by
        if step.overflow_to is not None:
            call.queue, call.entered_at, call.step, call.also = step.overflow_to, now, 0, []
        elif step.also is not None:
            call.also.append(step.also)

    def _step_at(self, call: OracleCall) -> int:
        steps = self.queues[call.queue].steps
        return call.entered_at + steps[call.step].after_ms if call.step < len(steps) else FAR

    def _readies(self, agent: OracleAgent) -> None:
        self.count += 1
        agent.state, agent.ready_at, agent.until = "ready", self.count, FAR

    def _level(self, agent: OracleAgent, call: OracleCall, queue: str) -> int:
        needs = dict(self.queues[queue].skills)
        for skill, level in call.skills.items():
            needs[skill] = max(level, needs.get(skill, 0))
        has = [agent.skills.get(skill, 0) for skill in needs]
        return sum(has) if all(h >= n for h, n in zip(has, needs.values(), strict=True)) else 0

    def _served_for(self, call: OracleCall, agent: OracleAgent) -> QueueConfig:
        return self.queues[next(q for q in (call.queue, *call.also) if self._level(agent, call, q))]

    def _match(self, now: int) -> None:
        """Make the first of all pairs an offer, until there is no pair."""
        while pairs := sorted(
            (
                *self._call_key(call),
                place,
                self._agent_key(agent, call, queue),
                call.name,
                agent.name,
            )
            for call in self.calls.values()
            for agent in self.agents.values()
            for place, queue in enumerate((call.queue, *call.also))
            if call.agent is None and agent.state == "ready" and self._level(agent, call, queue)
            if call.kept.get(agent.name, now) <= now
        ):
            call, agent = self.calls[pairs[0][-2]], self.agents[pairs[0][-1]]
            call.agent, agent.state = agent, "offered"
            call.rings_until = now + self._served_for(call, agent).ring_ms
            self.log.append((now, call.name, agent.name))

    def _call_key(self, call: OracleCall) -> tuple[int, int, int]:
        came_at = call.came_at - call.credit
        if self.config.order is ServiceOrder.STRICT:
            return (-call.priority, came_at, call.serial)
        return (came_at - call.priority * self.config.ageing_ms, 0, call.serial)

    def _agent_key(self, agent: OracleAgent, call: OracleCall, queue: str) -> tuple[int, int]:
        most_skilled = self.queues[queue].agent_choice is AgentChoice.MOST_SKILLED
        return (-self._level(agent, call, queue) if most_skilled else 0, agent.ready_at)
