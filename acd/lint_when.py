"""Checks of the names and conditions in steps: what is there, what can hold, what cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from acd.lint_check import Check, Found, Severity, similar, time
from acd.lint_conditions import Domain, Outcomes, Range, fault_of, names_of, outcomes
from acd.lint_view import CALENDAR, FACTS, OWN_QUEUE, QUEUE, PlacedStep, PlanView, targets
from acd.requirements import CALLER
from csta.instants import SECOND


def _unknown_target(plan: PlanView) -> Iterator[Found]:
    known = tuple(plan.queues)
    for placed in plan.steps:
        for key, name in targets(placed.step):
            if name not in plan.queues:
                message = f"there is no queue '{name}'"
                yield Found((*placed.where, key), message, similar(name, known))
    for name, question in plan.acd.questions.items():
        for key, meaning in question.keys.items():
            queue = meaning.removeprefix(OWN_QUEUE)
            if meaning.startswith(OWN_QUEUE) and queue not in plan.queues:
                where = ("questions", name, "keys", key)
                yield Found(where, f"there is no queue '{queue}'", similar(queue, known))


def _unknown_part(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        for key, name, known in (
            ("ask", placed.step.ask, tuple(plan.acd.questions)),
            ("recipe", placed.step.recipe, tuple(plan.acd.recipes)),
        ):
            if name is not None and name not in known:
                kind = "question" if key == "ask" else key
                message = f"there is no {kind} '{name}'"
                yield Found((*placed.where, key), message, similar(name, known))


def _unreadable(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        for key, condition in (("when", placed.step.when), ("requires", placed.step.requires)):
            fault = fault_of(condition) if condition else None
            if fault:
                yield Found((*placed.where, key), fault.problem, fault.remedy)
    for queue in plan.acd.queues:
        fault = fault_of(queue.requires) if queue.requires else None
        if fault:
            yield Found(("queues", queue.name, "requires"), fault.problem, fault.remedy)


def _unknown_name(plan: PlanView) -> Iterator[Found]:
    for placed, name in plan.named_conditions():
        if name.startswith((CALLER, CALENDAR)):
            continue
        owner, _, fact = name.removeprefix(QUEUE).rpartition(".")
        if name.startswith(QUEUE) and owner not in plan.queues:
            problem, remedy = f"there is no queue '{owner}'", similar(owner, tuple(plan.queues))
        elif name.startswith(QUEUE) and fact not in FACTS:
            problem, remedy = f"a queue has no '{fact}'", similar(fact, FACTS)
        elif not name.startswith(QUEUE) and name not in FACTS:
            problem, remedy = f"'{name}' is not known to steps", similar(name, FACTS)
        else:
            continue
        yield Found((*placed.where, "when"), problem, remedy)


def _never(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        if not judged(plan, placed).can_hold:
            message = f"'{placed.step.when}' never holds: {_said(plan, placed, limits=False)}"
            yield Found((*placed.where, "when"), message, "a condition that can hold: waiting > 5")


def _never_here(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        by_limits = judged(plan, placed, limits=True)
        if not by_limits.can_hold and judged(plan, placed).can_hold:
            message = f"'{placed.step.when}' never holds here: {_said(plan, placed, limits=True)}"
            yield Found((*placed.where, "when"), message, "a figure within these limits")


def _always(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        if not judged(plan, placed, limits=True).can_fail:
            message = f"'{placed.step.when}' always holds: {_said(plan, placed, limits=True)}"
            yield Found((*placed.where, "when"), message, "the step without when")


def _looked_at_for_nothing(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step, names = placed.step, names_of(placed.step.when)
        fixed = all(name.startswith(CALLER) for name in names)
        if step.every_ms and not step.repeat and names and fixed:
            message = (
                f"'{step.when}' is looked at every {time(step.every_ms)}, "
                "but it cannot change while a call waits"
            )
            yield Found((*placed.where, "every"), message, "the step without every")


def _looked_at_early(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step, names = placed.step, names_of(placed.step.when)
        if "waited_here" in names and not step.every_ms and not _at_its_time(plan, placed):
            message = (
                f"the step is looked at once, after {time(step.after_ms)}, "
                f"and '{step.when}' does not hold so early"
            )
            yield Found((*placed.where, "when"), message, "a later after, or every: 10 s")


def _at_its_time(plan: PlanView, placed: PlacedStep) -> bool:
    """Tell whether a step's condition can hold at the very instant of its `after`."""
    seconds = placed.step.after_ms / SECOND
    domain_of = _domains(plan, placed, limits=False)

    def then(name: str) -> Domain | None:
        return Range(seconds, seconds) if name == "waited_here" else domain_of(name)

    return outcomes(placed.step.when, then).can_hold or not judged(plan, placed).can_hold


def judged(plan: PlanView, placed: PlacedStep, *, limits: bool = False) -> Outcomes:
    """Tell what a step's condition can come to; `limits` as in `PlanView.domain`."""
    return outcomes(placed.step.when, _domains(plan, placed, limits=limits))


def _domains(plan: PlanView, placed: PlacedStep, *, limits: bool) -> Callable[[str], Domain | None]:
    return lambda name: plan.domain(placed, name, limits=limits)


def _said(plan: PlanView, placed: PlacedStep, *, limits: bool) -> str:
    """Say what the names of a condition can be."""
    domain_of = _domains(plan, placed, limits=limits)
    names = names_of(placed.step.when)
    return "; ".join(f"{name} is {domain_of(name)}" for name in names) or "it names nothing"


WHEN_CHECKS: Final = (
    Check(
        "S001",
        Severity.ERROR,
        "a step or a key leads to a queue that is not there",
        "The call would have nowhere to go.",
        "overflow_to: suport",
        _unknown_target,
    ),
    Check(
        "S002",
        Severity.ERROR,
        "a question or a recipe that is not there",
        "The step cannot be taken.",
        "ask: go_on",
        _unknown_part,
    ),
    Check(
        "S003",
        Severity.ERROR,
        "a condition that cannot be read",
        "It can never be judged.",
        "when: waiting is 5",
        _unreadable,
    ),
    Check(
        "S004",
        Severity.ERROR,
        "a condition names what is not known",
        "It is unknown for ever, and what is unknown does not hold.",
        "when: wating > 5",
        _unknown_name,
    ),
    Check(
        "S005",
        Severity.ERROR,
        "a condition that never holds",
        "The step is never taken.",
        "when: waiting < 0",
        _never,
    ),
    Check(
        "S006",
        Severity.WARNING,
        "a condition beyond the plan's own limits",
        "It could hold elsewhere, but not with this waiting_max, these agents, this calendar.",
        "{waiting_max: 40, steps: [{after: 0 s, when: position > 50, end: full}]}",
        _never_here,
    ),
    Check(
        "S007",
        Severity.NOTE,
        "a condition that always holds",
        "It looks like an exception and is the rule.",
        "when: waiting >= 0",
        _always,
    ),
    Check(
        "S008",
        Severity.WARNING,
        "a condition is looked at again though it cannot change",
        "What is known of the caller stays as it is while he waits.",
        "{every: 10 s, when: caller.vip == true, priority_by: 5}",
        _looked_at_for_nothing,
    ),
    Check(
        "S009",
        Severity.WARNING,
        "a step that is looked at before its time has come",
        "It is looked at once, at its after, and asks for a longer wait.",
        "{after: 10 s, when: waited_here > 60, end: late}",
        _looked_at_early,
    ),
)
