"""One routing decision, at many depths of the queues and in small and large centres.

Two things happen: an agent becomes ready while calls wait, and a call arrives while no agent is
ready, or a tenth of them. A *step* is all that the distributor does then: the change of the
agent, the choice, the offer with its deadline, the events. The *choice* is the part that finds
the call or the agent and changes nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from enum import StrEnum

from acd.config import AcdConfig, AgentChoice, QueueConfig, ServiceOrder
from acd.decisions import AcdDecision, Offer
from acd.distributor import Distributor
from acd.inputs import Answered, AskState, Enter, Leave, LogOn, PhoneBusy
from agents.agent import Agent
from agents.config import AgentConfig, Membership
from agents.directory import Directory
from bench.figures import Measured
from csta.instants import Instant
from csta.states import AgentState, BusyPhase

_PRIORITIES = (2, 1, 1, 1, 0, 0, 0, 0, 0, 0)
_SKILLS_MAX = 5
_IDLE_SHARE = 0.1
_RANK_MAX = 3


class Policy(StrEnum):
    """How the centre chooses; each but the first differs from it in one thing."""

    MOST_SKILLED = "most_skilled"
    """Calls by priority, agents by level."""
    GREATEST_NEED = "greatest_need"
    """Calls by how late they will be for their queue's objective (R22)."""
    ROUND_ROBIN = "round_robin"
    """Agents in turn (R02)."""
    RANKS = "ranks"
    """Agents serve their queues in one of three ranks (R09)."""


def measure(
    *,
    agents: int,
    skills: int,
    waiting: int,
    steps: int,
    seed: int,
    policy: str = Policy.MOST_SKILLED,
) -> dict[str, Measured]:
    """Measure all three decisions in a centre with so many agents, skills and waiting calls."""
    centre = _Centre(agents, skills, seed, Policy(policy))
    none_waits = {"a call arrives, a tenth is ready": centre.calls_find_agents(steps)}
    centre.fill(waiting)
    return none_waits | {
        "a call arrives, nobody is ready": centre.calls_find_nobody(steps),
        "an agent becomes ready": centre.agents_find_calls(steps),
        "the choice of the call alone": centre.choices(steps),
    }


class _Centre:
    """One centre, busy but for the tenth of its agents that is ready at first."""

    def __init__(self, agents: int, skills: int, seed: int, policy: Policy) -> None:
        self.policy = policy
        self.generator = random.Random(seed)  # noqa: S311 - a benchmark keeps no secrets
        self.queues = [f"q{skill}" for skill in range(skills)]
        crew = [self._agent(number, skills) for number in range(agents)]
        in_turn, by_need = policy is Policy.ROUND_ROBIN, policy is Policy.GREATEST_NEED
        choice = AgentChoice.ROUND_ROBIN if in_turn else AgentChoice.MOST_SKILLED
        order = ServiceOrder.GREATEST_NEED if by_need else ServiceOrder.STRICT
        queues = (
            QueueConfig(name=f"q{n}", skills={f"s{n}": 1}, agent_choice=choice)
            for n in range(skills)
        )
        self.directory = Directory(crew, "bench")
        self.acd = Distributor(AcdConfig(queues=tuple(queues), order=order), self.directory)
        self.able: dict[str, list[Agent]] = {name: [] for name in self.queues}
        self.busy: list[Agent] = []
        self.now: Instant = 0
        self.calls = 0
        self.waiting: list[tuple[str, str]] = []
        for agent in self.directory:
            self._come(agent)
        for name in self.queues:
            self.acd.counts(name)  # who can serve what is worked out once, and not measured

    def _agent(self, number: int, skills: int) -> AgentConfig:
        many = self.generator.randint(1, min(_SKILLS_MAX, skills))
        chosen = self.generator.sample(range(skills), many)
        levels = {f"s{skill}": self.generator.randint(1, 3) for skill in chosen}
        queues = None
        if self.policy is Policy.RANKS:
            ranks = {skill: self.generator.randint(1, _RANK_MAX) for skill in chosen}
            queues = {f"q{skill}": Membership(rank=rank) for skill, rank in ranks.items()}
        return AgentConfig(f"a{number}", f"Agent {number}", f"station:{number + 1}", levels, queues)

    def _come(self, agent: Agent) -> None:
        self.take(LogOn(agent.agent_id))
        self.take(AskState(agent.agent_id, AgentState.READY))
        for skill, _ in agent.skills:
            self.able[f"q{skill[1:]}"].append(agent)
        if self.generator.random() >= _IDLE_SHARE:
            self.take(PhoneBusy(agent.agent_id, BusyPhase.TALKING, "own"))
            self.busy.append(agent)

    def take(self, event: Enter | Leave | Answered | LogOn | AskState | PhoneBusy) -> Offer | None:
        """Hand in an input; give the offer that came of it."""
        self.now += 1
        return _offer(self.acd.handle(event, self.now))

    def next_call(self, queue: str | None = None) -> Enter:
        self.calls += 1
        name = queue or self.generator.choice(self.queues)
        return Enter(f"c{self.calls}", name, self.generator.choice(_PRIORITIES))

    def fill(self, waiting: int) -> None:
        """Let every agent be busy, and calls wait."""
        for agent in self.directory:
            if agent.state is AgentState.READY:
                self.take(PhoneBusy(agent.agent_id, BusyPhase.TALKING, "own"))
        for _ in range(waiting):
            self.wait(self.next_call())

    def wait(self, call: Enter) -> None:
        assert self.take(call) is None, "somebody is ready"
        self.waiting.append((call.call_id, call.queue))

    def calls_find_agents(self, steps: int) -> Measured:
        """Let calls come while agents are ready; each time, another agent gets ready."""
        watch = _Watch()
        for _ in range(steps):
            call = self.next_call()
            offer = _offer(watch.step(self.acd, call, self.now))
            if offer is None:  # in a small centre nobody who is ready may have the skill
                self.take(Leave(call.call_id))
                continue
            self.take(Answered(offer.offer_id))
            place = self.generator.randrange(len(self.busy))
            freed, self.busy[place] = self.busy[place], self.directory.agent(offer.agent_id)
            self.take(PhoneBusy(freed.agent_id, None))
        return watch.measured(steps)

    def calls_find_nobody(self, steps: int) -> Measured:
        """Let calls come that wait, and leave again so that the queues stay as they are."""
        watch = _Watch()
        for _ in range(steps):
            call = self.next_call()
            watch.step(self.acd, call, self.now)
            self.take(Leave(call.call_id))
        return watch.measured(steps)

    def agents_find_calls(self, steps: int) -> Measured:
        """Let agents get ready for whom a call waits; each time, another call comes."""
        watch = _Watch()
        for _ in range(steps):
            agent = self.able_agent()
            offer = _offer(watch.step(self.acd, PhoneBusy(agent.agent_id, None), self.now))
            assert offer is not None, "no call waited for an agent"
            self.take(Answered(offer.offer_id))
            # Who has left is found by chance later on; until then the list holds some of those.
            self.wait(self.next_call(offer.queue))
        return watch.measured(steps)

    def able_agent(self) -> Agent:
        """Pick by chance a waiting call, then an agent who can take it."""
        while True:
            place = self.generator.randrange(len(self.waiting))
            call_id, queue = self.waiting[place]
            if call_id in self.acd.calls and self.able[queue]:
                return self.generator.choice(self.able[queue])
            self.waiting[place] = self.waiting[-1]
            self.waiting.pop()

    def choices(self, steps: int) -> Measured:
        """Ask for the next call of agents who might become ready, and change nothing."""
        roster = self.acd.floor.roster
        asked = [self.able_agent() for _ in range(steps)]
        begun = time.process_time()
        for agent in asked:
            roster.best_call(agent, self.now)
        return Measured(steps, time.process_time() - begun)


class _Watch:
    """Adds up steps of microseconds, less what reading the clock costs."""

    def __init__(self) -> None:
        self.spent_ns = 0

    def step(self, acd: Distributor, event: Enter | PhoneBusy, now: Instant) -> list[AcdDecision]:
        clock: Callable[[], int] = time.process_time_ns
        begun = clock()
        decisions = acd.handle(event, now)
        self.spent_ns += clock() - begun
        return decisions

    def measured(self, steps: int) -> Measured:
        return Measured(steps, (self.spent_ns - steps * _reading_ns()) / 1e9)


def _reading_ns() -> float:
    """Measure what one reading of the processor's clock costs."""
    readings = 10_000
    begun = time.process_time_ns()
    for _ in range(readings):
        time.process_time_ns()
    return (time.process_time_ns() - begun) / readings


def _offer(decisions: list[AcdDecision]) -> Offer | None:
    return next((decision for decision in decisions if isinstance(decision, Offer)), None)
