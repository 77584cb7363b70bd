"""Random centres and random days for them: everything that a plan can say, in odd mixtures.

The same generator of random numbers gives the same world; Hypothesis may drive it as well.
"""

from __future__ import annotations

from random import Random

import msgspec

from acd.config import AcdConfig, AgentChoice, IdleSince, QueueConfig, ServiceOrder
from acd.inputs import Apply, ChangeCall, Enter, Reconfigure, SetSkills
from acd.rules import AgentRules, RefusalRule, Ring
from acd.steps import Step
from agents.config import AgentConfig, Membership

SKILLS = tuple("abcdefgh")
REQUIRES = (
    '{0} >= 3 or caller.tier == "gold"',
    '{0} > 0 and caller.tier != "gold"',
    "not {0} >= 5",
    "{0} >= 0 or {1} >= 2",
    "caller.points >= 3 and {0} >= 2",
    "{0} >= 2 and {1} >= 2 or {0} >= 8",
)
CONDITIONS = (
    "waited >= 30",
    "waited_here > 12",
    "waiting > 3",
    "position <= 2",
    "position > 2 and waiting > 2",
    "ready == 0",
    "logged_on == 0",
    "logged_on > 0 and not_ready > busy",
    "calls_per_agent > 1",
    "longest_wait > 20",
    "attempts > 0",
    "priority < 2",
    'caller.tier == "gold"',
    "not caller.points > 3",
    "queue.{0}.waiting < 3",
    "queue.{0}.ready > 0 or queue.{0}.longest_wait < 15",
)

DEEDS = (
    *("priority_by", "priority", "skills", "requires", "rank_max", "overflow_to", "overflow_to"),
    *("also", "also", "split", "end", "divert_to", "recipe"),
)
CALLERS: tuple[dict[str, str | int | bool], ...] = (
    {},
    {"tier": "gold"},
    {"tier": "wood", "points": 4},
)


class Worlds:
    """Draws configurations, agents and inputs for one centre."""

    def __init__(self, random: Random, agents: int, skills: int) -> None:
        """Draw how large the centre is, and what is rare and what is common in it."""
        self.random = random
        self.skills = SKILLS[: random.randint(1, skills)]
        self.queues = [f"q{n}" for n in range(random.randint(1, len(self.skills)))]
        self.steps = random.choice((0, 1, 3))
        self.members = random.random() < 0.5
        self.order = random.choice(list(ServiceOrder))
        self.names = [f"agent{n}" for n in range(random.randint(1, agents))]
        self.version = 0

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def config(self) -> AcdConfig:
        """Draw a configuration, newer than those before it."""
        self.version += 1
        random = self.random
        return AcdConfig(
            queues=tuple(self._queue(number) for number in range(len(self.queues))),
            order=self.order if self.chance(0.8) else random.choice(list(ServiceOrder)),
            ageing_ms=random.choice((1_000, 10_000, 60_000)),
            refusal_back_off_ms=random.choice((5_003, 30_000)),
            rules=AgentRules(
                no_answer=self._refusal(), rejected=self._refusal(), busy=self._refusal()
            ),
            recipes={"more": tuple(self._step(DEEDS[:-1]) for _ in range(2))},
            seed=random.randint(0, 99),
            version=self.version,
        )

    def agents(self) -> list[AgentConfig]:
        return [
            AgentConfig(name, name, f"station:{name}", self.levels(), self.memberships())
            for name in self.names
        ]

    def levels(self) -> dict[str, int]:
        count = self.random.randint(0, len(self.skills))
        return {s: self.random.randint(1, 10) for s in self.random.sample(self.skills, count)}

    def memberships(self) -> dict[str, Membership] | None:
        if not self.members or self.chance(0.5):
            return None
        random = self.random
        return {
            queue: Membership(
                rank=random.choice((1, 1, 2, 3)),
                weight=random.choice((None, None, 0, 1, 2)),
                delay_ms=random.choice((0, 0, 4_000, 9_000)),
                lots=random.randint(1, 4),
            )
            for queue in random.sample(self.queues, random.randint(1, len(self.queues)))
        }

    def call(self, name: str, now: int) -> Enter:
        """Draw a call that comes now."""
        random = self.random
        preferred = random.choices(self.names, k=random.randint(1, 3)) if self.chance(0.15) else []
        return Enter(
            name,
            random.choice(self.queues),
            priority=random.choice((0, 0, 0, 1, 2, -1)),
            skills=self._needs(1) if self.chance(0.2) else {},
            credit_ms=random.choice((0, 0, 0, 15_000)),
            enqueued_at=now - random.randint(0, 60_000) if self.chance(0.1) else None,
            attributes=random.choice(CALLERS),
            preferred=tuple(preferred),
            preferred_ms=random.randint(0, 20_000) if preferred else 0,
        )

    def change(self, name: str) -> ChangeCall:
        random = self.random
        return ChangeCall(
            name,
            priority=random.choice((None, random.randint(-1, 3))),
            skills=random.choice((None, {}, self._needs(1))),
        )

    def new_skills(self, name: str) -> SetSkills:
        return SetSkills(
            name,
            skills=self.levels() if self.chance(0.7) else None,
            queues=self.memberships() if self.chance(0.5) else None,
        )

    def reload(self) -> Reconfigure:
        agents = tuple(self.agents()) if self.chance(0.3) else None
        return Reconfigure(self.config(), agents, self.random.choice(list(Apply)))

    def _needs(self, most: int) -> dict[str, int]:
        count = min(most, len(self.skills))
        return {s: self.random.randint(1, 6) for s in self.random.sample(self.skills, count)}

    def _refusal(self) -> RefusalRule:
        return RefusalRule(
            stays_ready=self.chance(0.5),
            back_off_ms=self.random.choice((None, 0, 7_003)),
            pause_after=self.random.choice((0, 0, 2)),
        )

    def _queue(self, number: int) -> QueueConfig:
        random = self.random
        skill = self.skills[number % len(self.skills)]
        requires = random.choice(REQUIRES).format(skill, random.choice(self.skills))
        return QueueConfig(
            name=self.queues[number],
            skills={skill: random.randint(1, 5), **(self._needs(1) if self.chance(0.2) else {})},
            requires=requires if self.chance(0.2) else "",
            priority=random.choice((0, 0, 1, 2)),
            weight=random.choice((0, 0, 0, 1, 2)),
            agent_choice=random.choice(list(AgentChoice)),
            idle_since=random.choice(list(IdleSince)),
            rank_wait_ms=random.choice((0, 3_000, 6_000)),
            ring=random.choice((Ring.ONE, Ring.ONE, Ring.ALL, Ring.PROGRESSIVE)),
            ring_ms=random.choice((8_000, 15_000)),
            ring_next_ms=random.choice((2_000, 3_000)),
            wrap_up_ms=random.choice((0, 5_000, 20_000)),
            waiting_max=random.choice((None, None, None, 4)),
            service_level_ms=random.choice((10_000, 20_000, 60_000)),
            steps=tuple(self._step() for _ in range(random.randint(0, self.steps))),
        )

    def _step(self, deeds_of_step: tuple[str, ...] = DEEDS) -> Step:
        random = self.random
        queues, other = self.queues, random.choice(self.queues)
        when = random.choice(CONDITIONS).format(other) if self.chance(0.5) else ""
        every = random.choice((1_000, 5_000)) if self.chance(0.3) else None
        step = Step(
            after_ms=random.choice((0, 2_000, 5_000, 10_000, 20_000, 40_000)),
            when=when,
            every_ms=every,
            repeat=every is not None and self.chance(0.3),
        )
        did = random.choice(deeds_of_step)
        deeds: dict[str, object] = {
            "priority_by": random.choice((-1, 1, 2)),
            "priority": random.randint(0, 3),
            "skills": {random.choice(self.skills): random.choice((0, 0, 1, 4))},
            "requires": random.choice(("", f"{random.choice(self.skills)} >= 2")),
            "rank_max": random.randint(1, 3),
            "overflow_to": tuple(random.choices(queues, k=random.randint(1, 3))),
            "also": other,
            "split": {name: 100 // len(queues) for name in queues},
            "recipe": "more",
            "end": "timeout",
            "divert_to": "number:0",
        }
        more: dict[str, object] = (
            {"skip_empty": self.chance(0.5)} if did in ("overflow_to", "split") else {}
        )
        if did == "recipe" and self.chance(0.5):
            more["priority_by"] = 1
        return msgspec.structs.replace(step, **{did: deeds[did]}, **more)
