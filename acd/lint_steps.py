"""Checks of steps: when they are taken, whether they do anything, whether they get on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import Final

from acd.lint_check import Check, Found, Severity, time
from acd.lint_view import PlacedStep, PlanView, leads_away, targets, tries_once
from acd.lint_when import judged
from acd.steps import Step
from csta.instants import HOUR

_AFTER_MS_MAX = 4 * HOUR


def _unreachable(plan: PlanView) -> Iterator[Found]:
    for steps in plan.lists:
        in_time = sorted(steps, key=_after)
        gone: PlacedStep | None = None
        for placed in in_time:
            if gone is not None:
                message = (
                    f"step {gone.where[-1]} has led every call away "
                    f"after {time(gone.step.after_ms)}"
                )
                yield Found(placed.where, message, "an earlier after, or a when at that step")
            elif tries_once(placed.step) and _sure(plan, placed):
                gone = placed


def _out_of_order(plan: PlanView) -> Iterator[Found]:
    for steps in plan.lists:
        for earlier, later in pairwise(steps):
            if later.step.after_ms < earlier.step.after_ms:
                message = (
                    f"the step after {time(later.step.after_ms)} stands "
                    f"behind that after {time(earlier.step.after_ms)}"
                )
                yield Found((*later.where, "after"), message, "steps in the order of time")


def _contradictory(plan: PlanView) -> Iterator[Found]:
    for steps in plan.lists:
        for one, other in combinations(steps, 2):
            together = one.step.after_ms == other.step.after_ms
            if together and one.step.when == other.step.when:
                for key, read in _SETTINGS:
                    first, second = read(one.step), read(other.step)
                    if first is not None and second is not None and first != second:
                        message = (
                            f"step {one.where[-1]} says {key} {first} "
                            f"at the same instant, this one {second}"
                        )
                        yield Found((*other.where, key), message, "one of the two")


def _does_nothing(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step = placed.step
        acts = leads_away(step) or step.changes_place or _speaks(step)
        if not (acts or step.recipe is not None):
            yield Found(placed.where, "the step does nothing", "overflow_to: second_queue")


def _goes_two_ways(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step = placed.step
        ways = (
            ("end", step.end),
            ("divert_to", step.divert_to),
            ("split", step.split),
            ("overflow_to", step.overflow_to),
            ("also", step.also),
        )
        said = [key for key, value in ways if value]
        if len(said) > 1:
            message = f"the step leads to more than one place; only {said[0]} is done"
            yield Found((*placed.where, said[1]), message, "one way in each step")


def _unheard(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step = placed.step
        if leads_away(step) and (step.ask is not None or step.music is not None):
            key = "ask" if step.ask is not None else "music"
            message = f"the call leaves with this step, so that {key} has no time to be heard"
            yield Found((*placed.where, key), message, f"{key} in an earlier step")


def _every_alone(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step = placed.step
        waits = step.repeat or step.when or targets(step)
        if step.every_ms and not waits:
            message = "without a condition the step is taken the first time, and never again"
            yield Found((*placed.where, "every"), message, "repeat: true, or a when")


def _repeat_alone(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        if placed.step.repeat and not placed.step.every_ms:
            message = "the step does not say how often it is repeated: it is taken once"
            yield Found((*placed.where, "repeat"), message, "every: 30 s")


def _grows(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step = placed.step
        if step.repeat and step.every_ms and step.recipe is not None:
            message = f"recipe '{step.recipe}' is added once more every {time(step.every_ms)}"
            yield Found((*placed.where, "repeat"), message, "repeat: true at the recipe's steps")


def _too_late(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        if placed.step.after_ms > _AFTER_MS_MAX:
            message = f"nobody waits for {time(placed.step.after_ms)} on the telephone"
            yield Found((*placed.where, "after"), message, "after: 60 s")


def _skips_nothing(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step = placed.step
        if step.skip_empty and not (step.overflow_to or step.split or step.also):
            message = "the step has no queue that could be empty"
            yield Found((*placed.where, "skip_empty"), message, "overflow_to: [first, second]")


_SETTINGS: Final[tuple[tuple[str, Callable[[Step], object]], ...]] = (
    ("skills", lambda step: step.skills),
    ("requires", lambda step: step.requires),
    ("rank_max", lambda step: step.rank_max),
    ("priority", lambda step: step.priority),
    ("music", lambda step: step.music),
)


def _speaks(step: Step) -> bool:
    said = step.announce or step.say_position or step.say_wait or step.music is not None
    return bool(said or step.ask is not None or step.offer_callback)


def _sure(plan: PlanView, placed: PlacedStep) -> bool:
    return not placed.step.when or not judged(plan, placed).can_fail


def _after(placed: PlacedStep) -> int:
    return placed.step.after_ms


STEP_CHECKS: Final = (
    Check(
        "S010",
        Severity.WARNING,
        "a step that no call reaches",
        "An earlier step has led every call away.",
        "[{after: 30 s, overflow_to: support}, {after: 60 s, priority_by: 5}]",
        _unreachable,
    ),
    Check(
        "S011",
        Severity.NOTE,
        "steps that are not in the order of time",
        "They are taken by time; the list tells another story.",
        "[{after: 60 s, priority_by: 5}, {after: 30 s, also: support}]",
        _out_of_order,
    ),
    Check(
        "S012",
        Severity.WARNING,
        "two steps at one instant contradict one another",
        "The later one in the list wins.",
        "[{after: 0 s, music: a}, {after: 0 s, music: b}]",
        _contradictory,
    ),
    Check(
        "S013",
        Severity.WARNING,
        "a step that does nothing",
        "Something was forgotten.",
        "{after: 30 s, comment: overflow}",
        _does_nothing,
    ),
    Check(
        "S014",
        Severity.WARNING,
        "a step that leads to two places",
        "A call can be in one place only, and the others are not looked at.",
        "{after: 30 s, overflow_to: support, end: late}",
        _goes_two_ways,
    ),
    Check(
        "S015",
        Severity.WARNING,
        "a step asks or plays music while the call leaves",
        "The caller hears none of it.",
        "{after: 30 s, overflow_to: support, music: calm}",
        _unheard,
    ),
    Check(
        "S016",
        Severity.WARNING,
        "every without a condition or a repeat",
        "The step is taken the first time.",
        "{after: 0 s, every: 30 s, announce: sound:hold-on}",
        _every_alone,
    ),
    Check(
        "S017",
        Severity.WARNING,
        "repeat without every",
        "The step is taken once.",
        "{after: 30 s, repeat: true, announce: sound:hold-on}",
        _repeat_alone,
    ),
    Check(
        "S018",
        Severity.ERROR,
        "a recipe that is added again and again",
        "Each time its steps are more, and all of them are taken.",
        "{after: 0 s, every: 30 s, repeat: true, recipe: calm}",
        _grows,
    ),
    Check(
        "S019",
        Severity.WARNING,
        "a step that comes hours later",
        "Mostly a wrong unit.",
        "{after: 60 h, overflow_to: support}",
        _too_late,
    ),
    Check(
        "S020",
        Severity.WARNING,
        "skip_empty without a queue",
        "There is nothing to pass over.",
        "{after: 30 s, end: late, skip_empty: true}",
        _skips_nothing,
    ),
)
