"""Queue plans as people write them: queues, agents, recipes and rules in one YAML file.

A step is read by `step_file`; wrap-up, callbacks, questions and the rules for agents by
`rule_file`; the agents by `agents.config`. `calendars:` is read by `csta.calendar_file`, since it
needs the world's time zones; here the names of the calendars count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, TypeAlias

import msgspec

from acd.config import AcdConfig, AgentChoice, IdleSince, QueueConfig, ServiceOrder
from acd.estimates import PromiseConfig, read_promise
from acd.rule_file import read_agent_rules, read_callbacks, read_questions, read_wrap_up
from acd.rules import Ring
from acd.step_file import (
    PRIORITY_MAX,
    PRIORITY_MIN,
    Known,
    known_name,
    read_least_levels,
    read_prompt,
    read_requires,
    read_step,
)
from acd.steps import Step
from agents.config import WEIGHT_MAX, AgentConfig, read_agents
from agents.skills import LEVEL_MIN
from csta.calendars import Calendar
from csta.documents import Section
from csta.ids import QueueName, category_of
from csta.instants import MINUTE, SECOND, Milliseconds

SEED_MAX: Final = (1 << 63) - 1
STEPS_MAX: Final = 1_000
"""How many steps a recipe may come to, with those of all the recipes that it adds."""

_ROUND_MS_MIN = SECOND

_QUEUES_EXAMPLE = "queues: {sales: {skills: {sales: 1}}}"

_Recipes: TypeAlias = dict[str, tuple[Step, ...]]
_Ways: TypeAlias = dict[QueueName, dict[QueueName, bool]]
"""Where a queue's calls may come to, and whether they move there or only wait there too."""


class Plan(msgspec.Struct, frozen=True):
    """A centre's queues and agents."""

    acd: AcdConfig
    agents: tuple[AgentConfig, ...]


def read_plan(plan: Section, calendars: tuple[Calendar, ...] = ()) -> Plan:
    """Read a queue plan; `calendars` are what `csta.read_calendars` found in it.

    Without them, conditions may name the calendars of the plan, but nothing is known of these.

    Raises:
        ConfigError: with file, line, key and what to write; nothing is taken over.
    """
    queues = tuple(name for name, _ in plan.entries("queues"))
    if not queues:
        raise plan.error("queues", "the plan has no queue", _QUEUES_EXAMPLE)
    known = Known(
        queues=queues,
        recipes=_names(plan, "recipes"),
        questions=_names(plan, "questions"),
        calendars=_names(plan, "calendars"),
    )
    recipes = _read_recipes(plan, known)
    acd = AcdConfig(
        queues=tuple(
            _read_queue(name, entry, known, recipes) for name, entry in plan.entries("queues")
        ),
        order=plan.choice("order", ServiceOrder, default=ServiceOrder.STRICT),
        ageing_ms=plan.duration_ms("ageing", default=MINUTE, least=1),
        refusal_back_off_ms=plan.duration_ms("refusal_back_off", default=30_000, least=0),
        work_ms_max=plan.duration_ms("work_max", default=15 * MINUTE, least=SECOND),
        rules=read_agent_rules(plan),
        recipes=recipes,
        questions=read_questions(plan, known),
        calendars={calendar.name: calendar for calendar in calendars},
        starvation_ms=plan.duration_ms("starvation", default=MINUTE, least=SECOND),
        seed=plan.integer("seed", default=0, least=0, most=SEED_MAX),
    )
    _check_circles(plan, acd)
    return Plan(acd, read_agents(plan, queues) if plan.has("agents") else ())


def _names(plan: Section, key: str) -> tuple[str, ...]:
    section = plan.optional_section(key)
    return section.keys() if section is not None else ()


def _read_recipes(plan: Section, known: Known) -> _Recipes:
    """Read `recipes:`, the lists of steps that have a name."""
    outer = plan.optional_section("recipes")
    if outer is None:
        return {}
    recipes: _Recipes = {}
    for name in outer.keys():  # noqa: SIM118 - a Section is no mapping
        recipes[name] = tuple(read_step(entry, known) for entry in outer.sections(name))
        if not recipes[name]:
            remedy = f"{name}: [{{after: 1 min, priority_by: 1}}]"
            raise outer.error(name, f"the recipe '{name}' has no steps", remedy)
    _check_rounds(outer, recipes)
    return recipes


def _read_steps(
    queue: Section, own: QueueName, known: Known, recipes: _Recipes
) -> tuple[Step, ...]:
    """Read the `steps:` of a queue: a list, or the name of a recipe."""
    if isinstance(queue.raw("steps"), str):
        return recipes[known_name(queue, "steps", "recipe", queue.text("steps"), known.recipes)]
    steps = []
    for entry in queue.sections("steps"):
        step = read_step(entry, known, own)
        if step.repeat:
            _check_repeated(entry, step, _endless(recipes))
        steps.append(step)
    return tuple(steps)


def _read_queue(name: QueueName, entry: Section, known: Known, recipes: _Recipes) -> QueueConfig:
    requires = read_requires(entry) or ""
    wrap_up, wrap_up_ms, extension_ms, extensions_max = read_wrap_up(entry)
    ring = entry.choice("ring_mode", Ring, default=Ring.ONE)
    if entry.has("ring_next") and ring is not Ring.PROGRESSIVE:
        problem = f"with ring_mode: {ring} no further phone rings later"
        raise entry.error("ring_next", problem, "ring_mode: progressive")
    queue = QueueConfig(
        name=name,
        skills=_read_skills(name, entry, requires),
        requires=requires,
        priority=entry.integer("priority", default=0, least=PRIORITY_MIN, most=PRIORITY_MAX),
        weight=entry.integer("weight", default=0, least=0, most=WEIGHT_MAX),
        agent_choice=entry.choice("agent_choice", AgentChoice, default=AgentChoice.LONGEST_IDLE),
        idle_since=entry.choice("idle_since", IdleSince, default=IdleSince.READY),
        rank_wait_ms=entry.duration_ms("rank_wait", default=0),
        ring=ring,
        ring_ms=entry.duration_ms("ring", default=20_000, least=SECOND),
        ring_next_ms=entry.duration_ms("ring_next", default=5_000, least=SECOND),
        wrap_up=wrap_up,
        wrap_up_ms=wrap_up_ms,
        wrap_up_extension_ms=extension_ms,
        wrap_up_extensions_max=extensions_max,
        auto_answer=entry.flag("auto_answer", default=False),
        agent_announcement=read_prompt(entry, "agent_announcement")
        if entry.has("agent_announcement")
        else None,
        waiting_max=entry.integer("waiting_max", default=None, least=1),
        music=entry.text("music", default="music:default"),
        service_level_ms=entry.duration_ms("service_level_within", default=20_000, least=1),
        service_level_share=entry.share("service_level", default=0.8),
        estimate_share=_read_estimate(entry),
        promise=read_promise(entry.section("promise")) if entry.has("promise") else PromiseConfig(),
        position_most=entry.integer("position_most", default=None, least=1),
        steps=_read_steps(entry, name, known, recipes),
        callbacks=read_callbacks(entry),
        channel=entry.text("channel", default="voice"),
    )
    entry.done()
    return queue


def _read_skills(name: QueueName, entry: Section, requires: str) -> dict[str, int]:
    """Read the least levels; a queue that says nothing needs the skill of its own name."""
    if not entry.has("skills"):
        return {} if requires else {name: LEVEL_MIN}
    return read_least_levels(entry, least=LEVEL_MIN)


def _read_estimate(entry: Section) -> float:
    share = entry.share("estimate", default=0.8)
    if not 0 < share < 1:
        problem = f"no wait can be told that holds for {share:.0%} of the calls"
        raise entry.error("estimate", problem, "estimate: 80 %")
    return share


def _check_repeated(entry: Section, step: Step, endless: Collection[str]) -> None:
    if step.repeat and step.recipe in endless:
        problem = f"the recipe '{step.recipe}' never ends, and this step would add it again"
        raise entry.error("recipe", problem, "the step without repeat")


def _check_rounds(outer: Section, recipes: _Recipes) -> None:
    """Refuse recipes whose steps would become more and more while a call waits.

    A recipe may come back to itself by one step and after some time; a call goes round it as long
    as it waits. By two steps, or by one that repeats, its steps would double with each round.
    """
    added = {name: _added(name, recipes) for name in recipes}
    endless = _endless(recipes)
    for name, steps in recipes.items():
        sections = outer.sections(name)
        for entry, step in zip(sections, steps, strict=True):
            _check_repeated(entry, step, endless)
        ways = [n for n, step in enumerate(steps) if step.recipe in endless]
        if name in added[name] and len(ways) > 1:
            problem = f"the recipe '{name}' adds itself, and this step starts one more circle"
            raise sections[ways[1]].error("recipe", problem, "one step that leads back")
        if _steps_in_all(name, recipes, added) > STEPS_MAX:
            problem = f"with the recipes that it adds, '{name}' has more than {STEPS_MAX} steps"
            raise outer.error(name, problem, "fewer steps, or recipes that add no others")
    for name in recipes:
        if name in added[name] and _round_ms(name, recipes, endless) < _ROUND_MS_MIN:
            problem = f"the recipe '{name}' adds itself again without time between"
            raise outer.error(name, problem, "after: 30 s at the step that leads back")


def _added(name: str, recipes: _Recipes) -> dict[str, None]:
    """List the recipes that this one adds, by itself or by those."""
    found: dict[str, None] = {}
    todo = [name]
    while todo:
        for step in recipes[todo.pop()]:
            if step.recipe is not None and step.recipe not in found:
                found[step.recipe] = None
                todo.append(step.recipe)
    return found


def _endless(recipes: _Recipes) -> tuple[str, ...]:
    """List the recipes that come back to themselves, or add one that does."""
    added = {name: _added(name, recipes) for name in recipes}
    circular = [name for name in recipes if name in added[name]]
    return tuple(n for n in recipes if any(c == n or c in added[n] for c in circular))


def _steps_in_all(name: str, recipes: _Recipes, added: dict[str, dict[str, None]]) -> int:
    """Count a recipe's steps with those of the recipes that it adds; a circle counts once."""
    total = 0
    level = {name: 1}
    while level and total <= STEPS_MAX:
        below: dict[str, int] = {}
        for one, times in level.items():
            total += times * len(recipes[one])
            for step in recipes[one]:
                if step.recipe is not None and one not in added[step.recipe]:
                    below[step.recipe] = below.get(step.recipe, 0) + times
        level = below
    return total


def _round_ms(name: str, recipes: _Recipes, endless: Collection[str]) -> Milliseconds:
    """Add up the time from a recipe round its circle, of which each has one way on."""
    total, here = 0, name
    while True:
        way = next(step for step in recipes[here] if step.recipe in endless)
        assert way.recipe is not None, "what is endless has a name"
        total, here = total + way.after_ms, way.recipe
        if here == name:
            return total


def _check_circles(plan: Section, acd: AcdConfig) -> None:
    """Refuse plans by which a call could be moved from queue to queue for ever (O09).

    So are steps refused that would make a contact of one channel a contact of another one.

    Queues that help each other with `also` alone move nobody, and are no circle.
    """
    ways: _Ways = {queue.name: {} for queue in acd.queues}
    for queue in acd.queues:
        for step in _with_recipes(queue.steps, acd):
            for target, moves in _targets(step, acd):
                ways[queue.name][target] = moves or ways[queue.name].get(target, False)
    channels = {queue.name: queue.channel for queue in acd.queues}
    for name, entry in plan.entries("queues"):
        for target, moves in ways[name].items():
            if channels[target] != channels[name]:
                raise entry.error(
                    "steps",
                    f"'{name}' is of channel {channels[name]}, '{target}' of {channels[target]}",
                    f"a target with channel: {channels[name]}",
                )
            path = _path(target, name, ways) if moves or target == name else []
            if path:
                raise entry.error(
                    "steps",
                    f"overflow goes round in a circle: {' -> '.join([name, *path])}",
                    "steps that end in a queue without overflow_to",
                )


def _with_recipes(steps: tuple[Step, ...], acd: AcdConfig) -> Iterator[Step]:
    """Go through steps and those of all the recipes that they add, each recipe once."""
    seen: set[str] = set()
    todo = [steps]
    while todo:
        for step in todo.pop():
            yield step
            if step.recipe is not None and step.recipe not in seen:
                seen.add(step.recipe)
                todo.append(acd.recipes[step.recipe])


def _targets(step: Step, acd: AcdConfig) -> Iterator[tuple[QueueName, bool]]:
    """List the queues to which a step may lead a call, and whether the call moves there."""
    for target in (*step.overflow_to, *(step.split or ())):
        yield target, True
    if step.also is not None:
        yield step.also, False
    if step.ask is not None:
        for meaning in acd.questions[step.ask].keys.values():
            if category_of(meaning) == "acd":
                yield meaning.partition(":")[2], True


def _path(start: QueueName, end: QueueName, ways: _Ways) -> list[QueueName]:
    """Find the shortest way from one queue to another, both named; empty where there is none."""
    paths = {start: [start]}
    todo = [start]
    for here in todo:
        if here == end:
            return paths[here]
        for target in ways[here]:
            if target not in paths:
                paths[target] = [*paths[here], target]
                todo.append(target)
    return []
