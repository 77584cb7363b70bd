"""A naive ACD: whoever looks for somebody sorts all whom there are, and takes the first.

It shares the words of the distributor (configuration, inputs) and none of its code: no heap, no
line, no group; conditions are read by Python itself. Whoever is slow and obviously right is the
judge. Time is told to it: `due` names what is due at an instant, in the distributor's order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

from acd.config import AcdConfig, AgentChoice, IdleSince, QueueConfig, ServiceOrder
from acd.inputs import Enter
from acd.steps import Step
from agents.config import AgentConfig, Membership

FAR = 10**15
MASK = 2**64 - 1


@dataclass(eq=False)
class OracleAgent:
    card: AgentConfig
    number: int
    state: str = "off"
    """off, away, ready, offered, talking or work."""
    skills: dict[str, int] = field(default_factory=dict)
    queues: dict[str, Membership] | None = None
    paused: set[str] = field(default_factory=set)
    turn: int = 0
    since: int = 0
    until: int = FAR
    wrap_up: int = 0
    logged_on_at: int = 0
    acd_call_ended_at: int = 0
    any_call_ended_at: int = 0
    answered_at: int = 0
    calls: int = 0
    talked: int = 0
    handled: int = 0
    misses: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        return self.card.agent_id


@dataclass(eq=False)
class OracleCall:
    asked: Enter
    serial: int
    came_at: int
    priority: int
    skills: dict[str, int]
    queue: str = ""
    rules: QueueConfig | None = None
    entered_at: int = 0
    waits: bool = False
    attempts: int = 0
    hops: int = 0
    due: list[tuple[int, int, Step]] = field(default_factory=list)
    looked: list[Step] = field(default_factory=list)
    step_skills: dict[str, int] = field(default_factory=dict)
    requires: str | None = None
    rank_max: int = FAR
    also: list[str] = field(default_factory=list)
    kept_until: int = FAR
    """Until when it is kept for the agents whom it wants; FAR: it is not."""
    kept_from: dict[str, int] = field(default_factory=dict)
    rings: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Agents at whom it rings: for which queue, and until when."""
    rings_all: bool = False
    one_more_at: int = FAR


class Oracle:
    """The same world, worked out from scratch again and again."""

    def __init__(self, config: AcdConfig, agents: list[AgentConfig]) -> None:
        """Start with everybody logged off."""
        self.config = config
        self.queues = {queue.name: queue for queue in config.queues}
        self.agents = {card.agent_id: OracleAgent(card, n) for n, card in enumerate(agents)}
        for agent in self.agents.values():
            agent.skills, agent.queues = dict(agent.card.skills), agent.card.queues
        self.calls: dict[str, OracleCall] = {}
        self.log: list[tuple[int, str, str, str]] = []
        self.gone: list[tuple[str, str]] = []
        self.last: dict[str, int] = {}
        self.pace: dict[str, tuple[int | None, int]] = {}
        self.shares: dict[tuple[str, int], Counter[str]] = {}
        self.readied = self.serial = 0

    # Who may serve whom, and who comes first.

    def places(self, call: OracleCall) -> list[tuple[str, str | None]]:
        """Name the queues that a call waits in; the agent, if it is kept for one."""
        first: list[tuple[str, str | None]] = [(call.queue, None)]
        if call.kept_until < FAR:
            first = [(call.queue, name) for name in dict.fromkeys(call.asked.preferred)]
        return [*first, *((queue, None) for queue in call.also)]

    def level(self, agent: OracleAgent, call: OracleCall, queue: str) -> int | None:
        own = queue == call.queue
        rules = call.rules if own else self.queues[queue]
        assert rules is not None
        needs = dict(rules.skills)
        for skill, least in call.skills.items():
            needs[skill] = max(least, needs.get(skill, 0))
        if own:
            needs.update(call.step_skills)
        requires = call.requires if own and call.requires is not None else rules.requires
        return level_of(agent.skills, needs, requires, call.asked.attributes)

    def may(
        self, call: OracleCall, agent: OracleAgent, place: tuple[str, str | None], now: int
    ) -> bool:
        """Tell whether this agent, if he is ready, may be offered this call for this place."""
        queue, kept_for = place
        if call.kept_from.get(agent.name, now) > now or queue in agent.paused:
            return False
        if kept_for is not None:
            return kept_for == agent.name
        member = self.member(agent, queue)
        if member is None:
            return False
        waited, rank = now - call.entered_at, member.rank
        by_rank = rank == 1 or (
            rank <= call.rank_max and waited >= (rank - 1) * self.queues[queue].rank_wait_ms
        )
        in_time = by_rank and waited >= member.delay_ms
        return in_time and self.level(agent, call, queue) is not None

    @staticmethod
    def member(agent: OracleAgent, queue: str) -> Membership | None:
        return Membership() if agent.queues is None else agent.queues.get(queue)

    def pairs(self, now: int) -> Iterator[tuple[OracleCall, OracleAgent]]:
        """Find who waits beside a ready agent who may serve him: nobody, at a quiet point (Q1)."""
        ready = [agent for agent in self.agents.values() if agent.state == "ready"]
        for call in self.calls.values():
            for agent in ready:
                if call.waits and any(self.may(call, agent, p, now) for p in self.places(call)):
                    yield call, agent

    def agent_for(self, call: OracleCall, now: int) -> tuple[OracleAgent, str] | None:
        """Sort all ready agents who may have the call."""
        ready = sorted(
            (agent for agent in self.agents.values() if agent.state == "ready"),
            key=lambda agent: agent.number,
        )
        for place in self.places(call):
            queue = place[0]
            able = [agent for agent in ready if self.may(call, agent, place, now)]
            if not able or place[1] is not None:
                if able:
                    return able[0], queue
                continue
            first = min(self._rank(agent, queue) for agent in able)
            able = [agent for agent in able if self._rank(agent, queue) == first]
            drawn = mix(mix(self.config.seed, call.serial), call.attempts)
            match self.queues[queue].agent_choice:
                case AgentChoice.RANDOM:
                    return able[drawn % len(able)], queue
                case AgentChoice.WEIGHTED_RANDOM:
                    lots = [a for a in able for _ in range(self._membership(a, queue).lots)]
                    return lots[drawn % len(lots)], queue
            return min(able, key=lambda agent: self._agent_key(agent, call, queue, now)), queue
        return None

    def call_for(self, agent: OracleAgent, now: int) -> tuple[OracleCall, str] | None:
        """Sort all waiting calls that the agent may have; else join where all phones ring."""
        able = [
            (self.call_key(call), number, call, queue)
            for call in self.calls.values()
            for number, (queue, kept) in enumerate(self.places(call))
            if (call.waits or (call.rings_all and kept is None))
            and self.may(call, agent, (queue, kept), now)
        ]
        waiting = [one for one in able if one[2].waits]
        if not waiting:
            ringing = min(able, key=lambda one: one[:2], default=None)
            return (ringing[2], ringing[3]) if ringing else None
        heads = {one[3]: one for one in sorted(waiting, key=lambda one: one[:2], reverse=True)}
        best = min(
            heads.values(),
            key=lambda one: (
                -self._weight(agent, one[3]),
                -self._need(one[2], one[3], now),
                *one[:2],
            ),
        )
        return best[2], best[3]

    def call_key(self, call: OracleCall) -> tuple[int, int, int]:
        came_at = call.came_at - call.asked.credit_ms
        if self.config.order is ServiceOrder.STRICT:
            return (-call.priority, came_at, call.serial)
        return (came_at - call.priority * self.config.ageing_ms, 0, call.serial)

    def _agent_key(
        self, agent: OracleAgent, call: OracleCall, queue: str, now: int
    ) -> tuple[Any, ...]:
        config = self.queues[queue]
        logged_on = now - agent.logged_on_at
        idle = {
            IdleSince.READY: agent.turn,
            IdleSince.ACD_CALL: agent.acd_call_ended_at,
            IdleSince.ANY_CALL: agent.any_call_ended_at,
        }
        level = self.level(agent, call, queue)
        assert level is not None
        first: Any = {
            AgentChoice.LONGEST_IDLE: idle[config.idle_since],
            AgentChoice.LEAST_OCCUPIED: agent.handled * 1_000_000 // logged_on if logged_on else 0,
            AgentChoice.MOST_SKILLED: -level,
            AgentChoice.LEAST_SKILLED: level,
            AgentChoice.ROUND_ROBIN: (agent.number <= self.last.get(queue, -1), agent.number),
            AgentChoice.FEWEST_CALLS: agent.calls,
            AgentChoice.LEAST_TALK_TIME: agent.talked,
            AgentChoice.FIXED_ORDER: agent.number,
        }[config.agent_choice]
        return (first, agent.turn)

    def _membership(self, agent: OracleAgent, queue: str) -> Membership:
        return self.member(agent, queue) or Membership()

    def _rank(self, agent: OracleAgent, queue: str) -> int:
        return self._membership(agent, queue).rank

    def _weight(self, agent: OracleAgent, queue: str) -> int:
        own = self._membership(agent, queue).weight
        return self.queues[queue].weight if own is None else own

    def _need(self, call: OracleCall, queue: str, now: int) -> int:
        if self.config.order is not ServiceOrder.GREATEST_NEED:
            return 0
        predicted = now - self.call_key(call)[0] + self.pace.get(queue, (None, 0))[1]
        return predicted * 1_000 // self.queues[queue].service_level_ms

    # What is asked of the state.

    def waiting(self, queue: str) -> int:
        return sum(c.waits and queue in (c.queue, *c.also) for c in self.calls.values())

    def serves(self, agent: OracleAgent, queue: str) -> bool:
        here = agent.state != "off" and queue not in agent.paused
        return here and self.member(agent, queue) is not None

    def facts(self, call: OracleCall, now: int) -> Facts:
        before = [
            other
            for other in self.calls.values()
            if other.waits and call.queue in (other.queue, *other.also)
        ]
        return Facts(
            lambda name: self.fact(call.queue, name, now),
            waited=(now - call.came_at) / 1_000,
            waited_here=(now - call.entered_at) / 1_000,
            position=sum(self.call_key(o) < self.call_key(call) for o in before) + 1,
            attempts=call.attempts,
            priority=call.priority,
            caller=SimpleNamespace(**call.asked.attributes),
            queue=Facts(lambda queue: Facts(lambda name: self.fact(queue, name, now))),
        )

    def fact(self, queue: str, name: str, now: int) -> float:
        config = self.queues[queue]
        states = [
            agent.state
            for agent in self.agents.values()
            if self.serves(agent, queue)
            and level_of(agent.skills, config.skills, config.requires, {}) is not None
        ]
        waits = [c for c in self.calls.values() if c.waits and queue in (c.queue, *c.also)]
        return {
            "waiting": len(waits),
            "longest_wait": max((now - c.came_at for c in waits), default=0) / 1_000,
            "logged_on": len(states),
            "ready": states.count("ready"),
            "not_ready": states.count("away"),
            "busy": sum(state in ("offered", "talking", "work") for state in states),
            "calls_per_agent": len(waits) / len(states) if states else float(len(waits)),
        }[name]


def level_of(
    has: dict[str, int], needs: dict[str, int], requires: str, attributes: dict[str, Any]
) -> int | None:
    """Sum the levels that count, or give None: not good enough."""
    if any(has.get(skill, 0) < least for skill, least in needs.items()):
        return None
    total = sum(has.get(skill, 0) for skill, least in needs.items() if least)
    if not requires:
        return total
    names = reading(requires).co_names
    caller = SimpleNamespace(**attributes)
    if not holds(requires, {**dict.fromkeys(names, 0), **has, "caller": caller}):
        return None
    return total + sum(level for s, level in has.items() if s in names and not needs.get(s))


def holds(condition: str, names: dict[str, Any]) -> bool:
    """Read a condition as Python does; what is not known of the caller makes it fail."""
    try:
        return bool(eval(reading(condition), {"__builtins__": {}}, names))  # noqa: S307 - the tests' own words
    except AttributeError:
        return False


@cache
def reading(condition: str) -> Any:  # noqa: ANN401 - a code object
    return compile(condition, condition, "eval")


def mix(seed: int, draw: int) -> int:
    """Draw as the finaliser of SplitMix64 does (Steele, Lea and Flood 2014)."""
    z = (seed * 0x9E3779B97F4A7C15 + draw * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


class Facts(dict[str, Any]):
    """Names and values; what is not there is asked for, as a name or behind a dot."""

    def __init__(self, ask: Callable[[str], Any], **known: Any) -> None:
        """Know some, and whom to ask for the others."""
        super().__init__(**known)
        self._ask = ask

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - a value of any kind
        """Ask for a name that is not known."""
        return self._ask(name)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a value of any kind
        """Ask for a name behind a dot."""
        return self._ask(name)
