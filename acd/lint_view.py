"""A queue plan as the linter sees it: who can serve whom, which steps there are, what can be.

Everything is worked out once, from values; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Final, TypeAlias

import msgspec

from acd.config import AcdConfig, QueueConfig
from acd.lint_conditions import (
    Anything,
    Domain,
    Range,
    Words,
    comparisons,
    fault_of,
    holds,
    names_of,
)
from acd.lint_hours import calendar_states
from acd.requirements import CALLER
from acd.steps import Step
from agents.config import EVERY_QUEUE, AgentConfig, Membership
from agents.skills import SkillSet, skill_set, total_level
from csta.calendars import CalendarState
from csta.ids import AgentId, QueueName
from csta.instants import SECOND, Instant, Milliseconds

Where: TypeAlias = tuple[str | int, ...]
"""A path in the file of the plan; list items count from 1: `("queues", "sales", "steps", 2)`."""

WAITS: Final = ("waited", "waited_here")
SECONDS: Final = (*WAITS, "estimated_wait", "longest_wait")
AGENT_COUNTS: Final = ("ready", "logged_on", "not_ready", "busy")
FACTS: Final = (
    *SECONDS,
    "position",
    "waiting",
    *AGENT_COUNTS,
    "calls_per_agent",
    "attempts",
    "priority",
)
CALENDAR: Final = "calendar."
QUEUE: Final = "queue."
OWN_QUEUE: Final = "acd:"
"""How a device id begins that is one of the queues."""

_Kind: TypeAlias = tuple[SkillSet, tuple[tuple[QueueName, Membership], ...] | None, SkillSet]
"""What the ACD knows of an agent: skills, memberships, capacities."""

_COMBINATIONS_MAX = 2_000


class Need(msgspec.Struct, frozen=True):
    """What a call needs of an agent at one time: least levels, a condition, the last rank."""

    skills: SkillSet
    requires: str = ""
    rank_max: int | None = None


class PlacedStep(msgspec.Struct, frozen=True):
    """A step and where it stands; `queue` is None for a recipe, which many queues may share."""

    where: Where
    step: Step
    queue: QueueConfig | None = None


class Surroundings(msgspec.Struct, frozen=True):
    """What is known beside the plan; None: not known, and then not judged.

    `entered` are the queues that numbers and flows lead to; `asked` the skills that flows ask
    for; `at` the instant from which on the plan is to work.
    """

    entered: tuple[QueueName, ...] | None = None
    asked: tuple[str, ...] = ()
    at: Instant | None = None


class PlanView:
    """One plan, looked at from all sides."""

    def __init__(self, acd: AcdConfig, agents: Sequence[AgentConfig], around: Surroundings) -> None:
        """Look at a plan; without agents, nothing is said about who serves whom."""
        self.acd = acd
        self.agents = tuple(agents)
        self.around = around
        self.queues = {queue.name: queue for queue in acd.queues}
        self.lists = tuple(self._lists())
        self.steps = tuple(step for steps in self.lists for step in steps)
        self.levels = self._levels()
        self.alike = _alike(self.agents)
        self._pools: dict[tuple[QueueName, tuple[Need, ...]], tuple[AgentConfig, ...]] = {}
        self._able: dict[QueueName, dict[AgentId, None]] = {}

    def _lists(self) -> Iterator[tuple[PlacedStep, ...]]:
        for queue in self.acd.queues:
            where: Where = ("queues", queue.name, "steps")
            yield tuple(
                PlacedStep((*where, n), step, queue) for n, step in enumerate(queue.steps, start=1)
            )
        for name, steps in self.acd.recipes.items():
            where = ("recipes", name)
            yield tuple(PlacedStep((*where, n), step) for n, step in enumerate(steps, start=1))

    def _levels(self) -> dict[str, int]:
        """Give the highest level of each skill that somebody has."""
        best: dict[str, int] = {}
        for agent in self.agents:
            for skill, level in agent.skills.items():
                best[skill] = max(level, best.get(skill, 0))
        return best

    def pool(self, queue: QueueConfig, need: Need | None = None) -> tuple[AgentConfig, ...]:
        """Give the agents who can serve a queue's calls, for some caller at least.

        Without a need, it is what the queue asks for before any step.
        """
        return self._pool(queue, (first_need(queue) if need is None else need,))

    def pool_ever(self, queue: QueueConfig) -> tuple[AgentConfig, ...]:
        """Give the agents who can serve the queue's calls, before or after some of its steps."""
        return self._pool(queue, self._needs(queue))

    def can_serve(self, agent: AgentConfig, queue: QueueConfig) -> bool:
        """Tell whether an agent can serve the queue's calls before any step."""
        found = self._able.get(queue.name)
        if found is None:
            found = self._able[queue.name] = dict.fromkeys(a.agent_id for a in self.pool(queue))
        return agent.agent_id in found

    def can_ever_serve(self, agent: AgentConfig, queue: QueueConfig) -> bool:
        """Tell whether an agent can serve the queue's calls, before or after some of its steps."""
        return any(_serves(agent, queue, need) for need in self._needs(queue))

    def _needs(self, queue: QueueConfig) -> tuple[Need, ...]:
        """Give what calls may need: at first, after all steps up to one, and after one alone."""
        first = first_need(queue)
        alone = [next_need(first, step) for step in self.closure(queue)]
        return tuple(dict.fromkeys([first, *(need for _, need in self.relaxed(queue)), *alone]))

    def _pool(self, queue: QueueConfig, needs: tuple[Need, ...]) -> tuple[AgentConfig, ...]:
        key = queue.name, needs
        found = self._pools.get(key)
        if found is None:
            found = self._pools[key] = tuple(
                agent
                for alike in self.alike
                if any(_serves(alike[0], queue, need) for need in needs)
                for agent in alike
            )
        return found

    def relaxed(self, queue: QueueConfig) -> Iterator[tuple[PlacedStep, Need]]:
        """Give each step of a queue, in time, with the need once all up to it are taken."""
        need = first_need(queue)
        for step in self.timeline(queue):
            need = next_need(need, step.step)
            yield step, need

    def timeline(self, queue: QueueConfig) -> tuple[PlacedStep, ...]:
        """Give the queue's own steps in the order in which they are looked at."""
        mine = [step for step in self.steps if step.queue is queue]
        return tuple(sorted(mine, key=_after))

    def closure(self, queue: QueueConfig) -> tuple[Step, ...]:
        """Give the queue's steps, and those of all recipes that they add."""
        found = list(queue.steps)
        seen: dict[str, None] = {}
        for step in found:  # grows while it is walked
            if step.recipe is not None and step.recipe not in seen:
                seen[step.recipe] = None
                found += self.acd.recipes.get(step.recipe, ())
        return tuple(found)

    def leads_to(self, queue: QueueConfig, *, by_also: bool = True) -> tuple[QueueName, ...]:
        """Give the queues to which steps and questions of a queue lead, each once."""
        found = []
        for step in self.closure(queue):
            question = self.acd.questions.get(step.ask or "")
            devices = [step.divert_to or "", *(question.keys.values() if question else ())]
            found += [name for key, name in targets(step) if by_also or key != "also"]
            found += [d.removeprefix(OWN_QUEUE) for d in devices if d.startswith(OWN_QUEUE)]
        return tuple(dict.fromkeys(found))

    def leaves_at(self, queue: QueueConfig) -> Milliseconds | None:
        """Give when every call has left the queue by a step without a condition, or None."""
        sure = [step.after_ms for step in queue.steps if tries_once(step) and not step.when]
        return min(sure, default=None)

    def domain(self, placed: PlacedStep, name: str, *, limits: bool) -> Domain | None:
        """Give what a name can be in a step's condition.

        Args:
            placed: the step.
            name: the name in its condition.
            limits: reckon with what this plan's queues, agents and calendars can come to.
        """
        if name.startswith(CALLER):
            return Anything()
        if name.startswith(CALENDAR):
            return self._calendar_words(name.removeprefix(CALENDAR), limits=limits)
        if name in WAITS:
            return Range(placed.step.after_ms / SECOND, whole=False)
        if not name.startswith(QUEUE):
            return self._of_queue(placed.queue, name, limits=limits)
        owner, _, fact = name.removeprefix(QUEUE).rpartition(".")
        return self._of_queue(self.queues.get(owner), fact, limits=limits)

    def _of_queue(self, queue: QueueConfig | None, fact: str, *, limits: bool) -> Range | None:
        if fact not in FACTS:
            return None
        if fact == "priority":
            return Range()
        if fact in SECONDS or fact == "calls_per_agent":
            return Range(0, whole=False)
        most = self._most(queue, fact) if limits and queue is not None else None
        return Range(1 if fact == "position" else 0, most)

    def _most(self, queue: QueueConfig, fact: str) -> int | None:
        if fact in ("position", "waiting"):
            return queue.waiting_max
        return len(self.pool(queue)) if self.agents and fact in AGENT_COUNTS else None

    def _calendar_words(self, name: str, *, limits: bool) -> Words | None:
        calendar = self.acd.calendars.get(name)
        if not limits or calendar is None:
            return Words(tuple(state.value for state in CalendarState))
        return Words(tuple(state.value for state in calendar_states(calendar)))

    def named_conditions(self) -> Iterator[tuple[PlacedStep, str]]:
        """Give each step with a condition that can be read, and each name in it."""
        for placed in self.steps:
            for name in names_of(placed.step.when):
                yield placed, name


def first_need(queue: QueueConfig) -> Need:
    """Give what a queue's calls need before any step."""
    return Need(skill_set(queue.skills), queue.requires)


def next_need(need: Need, step: Step) -> Need:
    """Give what a call needs after a step."""
    skills = need.skills
    if step.skills is not None:
        levels = {**dict(skills), **step.skills}
        skills = skill_set({skill: level for skill, level in levels.items() if level})
    return Need(
        skills,
        need.requires if step.requires is None else step.requires,
        need.rank_max if step.rank_max is None else step.rank_max,
    )


def leads_away(step: Step) -> bool:
    """Tell whether a call that takes the step leaves the queue."""
    return bool(
        step.overflow_to or step.split or step.divert_to is not None or step.end is not None
    )


def tries_once(step: Step) -> bool:
    """Tell whether a step leads away as soon as it is taken, whatever its targets are like."""
    choosy = step.skip_empty or len(step.overflow_to) > 1 or step.every_ms is not None
    return leads_away(step) and not choosy


def targets(step: Step) -> tuple[tuple[str, QueueName], ...]:
    """Give each queue that a step leads to, behind the key of the file that says so."""
    found = [("overflow_to", name) for name in step.overflow_to]
    if step.also is not None:
        found.append(("also", step.also))
    found += [("split", name) for name in step.split or {}]
    return tuple(found)


def membership(agent: AgentConfig, queue: QueueName) -> Membership:
    """Give how an agent serves a queue."""
    return (agent.queues or {}).get(queue) or EVERY_QUEUE


def skills_named(requires: str) -> tuple[str, ...]:
    """Give the skills that a condition on agents names."""
    return tuple(name for name in names_of(requires) if not name.startswith(CALLER))


def _alike(agents: tuple[AgentConfig, ...]) -> tuple[tuple[AgentConfig, ...], ...]:
    """Group the agents who are the same to the ACD, in the order of the file."""
    groups: dict[_Kind, list[AgentConfig]] = {}
    for agent in agents:
        queues = None if agent.queues is None else tuple(agent.queues.items())
        kind = skill_set(agent.skills), queues, skill_set(agent.capacity)
        groups.setdefault(kind, []).append(agent)
    return tuple(tuple(group) for group in groups.values())


def _after(placed: PlacedStep) -> Milliseconds:
    return placed.step.after_ms


def _serves(agent: AgentConfig, queue: QueueConfig, need: Need) -> bool:
    if agent.queues is not None and queue.name not in agent.queues:
        return False
    if need.rank_max is not None and membership(agent, queue.name).rank > need.rank_max:
        return False
    has = skill_set(agent.skills)
    return total_level(has, need.skills) is not None and may_meet(has, need.requires)


@lru_cache(maxsize=4096)
def may_meet(has: SkillSet, requires: str) -> bool:
    """Tell whether these skills meet a condition, for some caller at least."""
    if not requires or fault_of(requires):
        return True
    levels = dict(has)
    asked = [name for name in names_of(requires) if name.startswith(CALLER)]
    constants = comparisons(requires)
    trials = [Anything().trials(tuple(c for n, c in constants if n == name)) for name in asked]
    count = 1
    for values in trials:
        count *= len(values)
    if count > _COMBINATIONS_MAX:
        return True
    skills = {name: levels.get(name, 0) for name in skills_named(requires)}
    return any(
        holds(requires, {**skills, **dict(zip(asked, values, strict=True))}) is True
        for values in product(*trials)
    )
