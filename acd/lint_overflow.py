"""Checks of what steps bring: whether more agents come in reach, and where calls end up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from acd.config import QueueConfig, ServiceOrder
from acd.lint_check import Check, Found, Severity, some, time
from acd.lint_conditions import comparisons
from acd.lint_view import (
    Need,
    PlacedStep,
    PlanView,
    first_need,
    leads_away,
    membership,
    targets,
)
from acd.steps import Step
from agents.config import AgentConfig
from csta.instants import SECOND

_PERCENT = 100


def _adds_nobody(plan: PlanView) -> Iterator[Found]:
    for placed, before, after in _changes(plan):
        same = before and after and _ids(before) == _ids(after)
        if same and not _limits_only(placed.step):
            message = f"the step changes the requirement, and the same {_count(after)} can serve"
            yield Found(placed.where, message, "a lower level, or the step without it")


def _narrows(plan: PlanView) -> Iterator[Found]:
    for placed, before, after in _changes(plan):
        if after and len(after) < len(before):
            message = f"before the step {_count(before)} can serve the call, after it {len(after)}"
            yield Found(placed.where, message, "lower levels, skills with 0, a higher rank_max")


def _leaves_nobody(plan: PlanView) -> Iterator[Found]:
    for placed, before, after in _changes(plan):
        if before and not after:
            message = f"before the step {_count(before)} can serve the call, after it nobody"
            yield Found(placed.where, message, "a requirement that somebody meets")


def _overflow_adds_nobody(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        for placed, need in plan.relaxed(queue):
            reach = plan.pool(queue, need)
            found = [plan.queues[n] for _, n in targets(placed.step) if n in plan.queues]
            new = [agent for target in found for agent in plan.pool_ever(target)]
            ids = _ids(reach)
            if found and reach and new and all(agent.agent_id in ids for agent in new):
                names = some([target.name for target in found])
                message = f"{_count(reach)} serve '{queue.name}', and '{names}' adds none to them"
                yield Found(placed.where, message, "a queue with other agents")


def _to_the_dead(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        for key, name in targets(placed.step):
            target = plan.queues.get(name)
            if target and plan.agents and not plan.pool_ever(target) and not _exit(plan, target):
                message = f"nobody can ever serve '{name}', and nothing leads out of it"
                yield Found((*placed.where, key), message, "a queue that somebody serves")


def _to_itself(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        for key, name in targets(placed.step):
            if placed.queue is not None and name == placed.queue.name:
                yield Found((*placed.where, key), f"'{name}' leads to itself", "another queue")


def _circle(plan: PlanView) -> Iterator[Found]:
    ways = {
        queue.name: tuple(
            name
            for name in plan.leads_to(queue, by_also=False)
            if name != queue.name and name in plan.queues
        )
        for queue in plan.acd.queues
    }
    for path in _circles(ways):
        message = f"overflow goes round: {' -> '.join(path)}"
        yield Found(("queues", path[0], "steps"), message, "a last queue without overflow_to")


def _recipe_circle(plan: PlanView) -> Iterator[Found]:
    ways = {
        name: tuple(
            step.recipe
            for step in steps
            if step.recipe in plan.acd.recipes
            and step.recipe is not None
            and step.after_ms == 0
            and not step.when
        )
        for name, steps in plan.acd.recipes.items()
    }
    for path in _circles(ways):
        message = f"recipes add one another without time passing: {' -> '.join(path)}"
        yield Found(("recipes", path[0]), message, "after: 30 s at the step with recipe")


def _estimate_beyond(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        leaves_at = plan.leaves_at(queue)
        for placed in plan.timeline(queue):
            for name, seconds in comparisons(placed.step.when):
                if name != "estimated_wait" or not isinstance(seconds, int | float):
                    continue
                if leaves_at is not None and seconds * SECOND > leaves_at:
                    message = (
                        f"the estimate is compared with {seconds} s, "
                        f"but no call waits longer than {time(leaves_at)} here"
                    )
                    yield Found(
                        (*placed.where, "when"), message, f"estimated_wait > {leaves_at // SECOND}"
                    )


def _split_sum(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        if placed.step.split:
            total = sum(placed.step.split.values())
            if total != _PERCENT:
                message = f"the shares of the split add up to {total} %"
                yield Found((*placed.where, "split"), message, "split: {first: 60, second: 40}")


def _split_idle(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        for name, share in (placed.step.split or {}).items():
            if share <= 0 or len(placed.step.split or {}) == 1:
                message = f"'{name}' gets {share} % of the calls: that is no split"
                yield Found((*placed.where, "split"), message, "overflow_to, or two shares above 0")


def _raise_unseen(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        able = plan.pool_ever(queue)
        raises = [p for p in plan.timeline(queue) if p.step.priority_by and not p.step.when]
        others = [q for q in plan.acd.queues if q is not queue and _meet(able, plan.pool_ever(q))]
        strict = plan.acd.order is ServiceOrder.STRICT
        if able and raises and not others and not plan.leads_to(queue) and strict:
            message = (
                f"every call of '{queue.name}' is raised alike, "
                "and its agents serve no other queue: the order stays as it was"
            )
            yield Found((*raises[0].where, "priority_by"), message, "the queue without it")


def _rank_unreached(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        limits = [s.rank_max for s in plan.closure(queue) if s.rank_max is not None]
        first = [s.rank_max for s in queue.steps if s.after_ms == 0 and not s.when]
        limited = any(rank is not None for rank in first)
        ranks = [(membership(a, queue.name).rank, a.agent_id) for a in plan.pool(queue)]
        beyond = [name for rank, name in ranks if limited and rank > max(limits)]
        if beyond:
            message = f"rank_max goes up to {max(limits)}; never offered a call: {some(beyond)}"
            highest = max(rank for rank, _ in ranks)
            yield Found(("queues", queue.name, "steps"), message, f"rank_max: {highest} at last")


def _changes(
    plan: PlanView,
) -> Iterator[tuple[PlacedStep, tuple[AgentConfig, ...], tuple[AgentConfig, ...]]]:
    """Give each step that changes the requirement, with who can serve before and after it."""
    for queue in plan.acd.queues:
        need: Need = first_need(queue)
        for placed, after in plan.relaxed(queue):
            if placed.step.changes_need:
                yield placed, plan.pool(queue, need), plan.pool(queue, after)
            need = after


def _limits_only(step: Step) -> bool:
    """Tell whether a step only keeps a call, for the time being, from further ranks."""
    return step.skills is None and step.requires is None and step.after_ms == 0


def _circles(ways: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
    """Give each circle once, from its first name in the order of the file."""
    done: dict[str, None] = {}
    for start in ways:
        path = _way_back(ways, start, done)
        if path:
            yield path
        done[start] = None


def _way_back(
    ways: Mapping[str, tuple[str, ...]], start: str, done: Mapping[str, None]
) -> list[str]:
    """Find the shortest way from a name back to it that avoids those which are done."""
    paths = [[start]]
    seen: dict[str, None] = {}
    for path in paths:  # grows while it is walked
        for name in ways[path[-1]]:
            if name == start:
                return [*path, start]
            if name not in seen and name not in done:
                seen[name] = None
                paths.append([*path, name])
    return []


def _exit(plan: PlanView, queue: QueueConfig) -> bool:
    asks = any(step.ask is not None for step in plan.closure(queue))
    return asks or any(leads_away(step) or step.also for step in plan.closure(queue))


def _meet(some_agents: tuple[AgentConfig, ...], others: tuple[AgentConfig, ...]) -> bool:
    ids = _ids(others)
    return any(agent.agent_id in ids for agent in some_agents)


def _ids(agents: tuple[AgentConfig, ...]) -> dict[str, None]:
    return dict.fromkeys(agent.agent_id for agent in agents)


def _count(agents: tuple[AgentConfig, ...]) -> str:
    return "1 agent" if len(agents) == 1 else f"{len(agents)} agents"


OVERFLOW_CHECKS: Final = (
    Check(
        "F001",
        Severity.WARNING,
        "a relaxation that brings nobody in reach",
        "The caller waits, the step is taken, and the same agents can serve him.",
        "{after: 30 s, skills: {sales: 4}}",
        _adds_nobody,
    ),
    Check(
        "F002",
        Severity.NOTE,
        "a step that takes agents out of reach",
        "A step makes the requirement stricter than it was.",
        "{after: 30 s, skills: {sales: 8}}",
        _narrows,
    ),
    Check(
        "F003",
        Severity.ERROR,
        "a step after which nobody can serve the call",
        "All agents are out of reach from then on.",
        "{after: 30 s, skills: {sales: 10}}",
        _leaves_nobody,
    ),
    Check(
        "F004",
        Severity.WARNING,
        "overflow that adds nobody",
        "All agents of the target could serve the call before.",
        "{after: 30 s, also: sales_too}",
        _overflow_adds_nobody,
    ),
    Check(
        "F005",
        Severity.ERROR,
        "overflow to where nobody ever answers",
        "Nobody can serve the target, and nothing leads out of it.",
        "{after: 30 s, overflow_to: night}",
        _to_the_dead,
    ),
    Check(
        "F006",
        Severity.ERROR,
        "a queue that leads to itself",
        "The call would stay where it is, with its recipe from the beginning.",
        "sales: {steps: [{after: 30 s, overflow_to: sales}]}",
        _to_itself,
    ),
    Check(
        "F007",
        Severity.ERROR,
        "overflow in a circle",
        "Calls go round until the guard of 20 moves stops them (O09).",
        "{a: {steps: [{after: 9 s, overflow_to: b}]}, b: {steps: [{after: 9 s, overflow_to: a}]}}",
        _circle,
    ),
    Check(
        "F008",
        Severity.ERROR,
        "recipes that add one another without time passing",
        "The steps are more and more, all at one instant.",
        "recipes: {calm: [{after: 0 s, recipe: calm}]}",
        _recipe_circle,
    ),
    Check(
        "F009",
        Severity.WARNING,
        "an estimate compared with more than the longest wait",
        "By then every call has been led away; the threshold belongs below that.",
        "[{after: 0 s, when: estimated_wait > 600, overflow_to: b}, {after: 300 s, end: late}]",
        _estimate_beyond,
    ),
    Check(
        "F010",
        Severity.WARNING,
        "a split that does not add up to 100",
        "Shares are percentages.",
        "split: {first: 60, second: 30}",
        _split_sum,
    ),
    Check(
        "F011",
        Severity.NOTE,
        "a split that does not split",
        "One target gets all, or one gets none.",
        "split: {first: 100}",
        _split_idle,
    ),
    Check(
        "F012",
        Severity.NOTE,
        "a raise of priority that changes no order",
        "All calls of the queue are raised alike, and its agents serve no other.",
        "{after: 60 s, priority_by: 5}",
        _raise_unseen,
    ),
    Check(
        "F013",
        Severity.WARNING,
        "agents beyond the last rank",
        "rank_max never comes to their rank, so that they never get a call.",
        "[{after: 0 s, rank_max: 1}, {after: 30 s, rank_max: 2}]",
        _rank_unreached,
    ),
)
