"""Checks of the centre: the service order and who starves under it, and what refusals cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acd.config import AcdConfig, QueueConfig, ServiceOrder
from acd.lint_check import Check, Found, Severity, some, time
from acd.lint_view import PlanView, leads_away, membership
from acd.rules import RefusalRule
from agents.config import AgentConfig
from csta.instants import MINUTE

_CREDIT_MS_MAX = 30 * MINUTE
_AGEING_MS = AcdConfig(queues=()).ageing_ms


def _starved_by_priority(plan: PlanView) -> Iterator[Found]:
    for queue, higher, by_weight in _starved(plan):
        if not by_weight and not _raised_to(plan, queue, max(q.priority for q in higher)):
            count = len(plan.pool(queue))
            names = some([q.name for q in higher])
            message = (
                f"all {count} agents of '{queue.name}' also serve {names}, which comes first "
                f"by priority: while a call waits there, none of '{queue.name}' is served"
            )
            remedy = "order: aged, a step {after: 2 min, priority_by: 5}, or an agent of its own"
            yield Found(("queues", queue.name), message, remedy)


def _starved_by_weight(plan: PlanView) -> Iterator[Found]:
    for queue, higher, by_weight in _starved(plan):
        if by_weight:
            count = len(plan.pool(queue))
            names = some([f"{q.name} (weight {q.weight})" for q in higher])
            message = (
                f"all {count} agents of '{queue.name}' (weight {queue.weight}) also serve {names}: "
                f"while a call waits there, none of '{queue.name}' is served"
            )
            remedy = "equal weights with order: aged, an agent of its own, or a step that leads on"
            yield Found(("queues", queue.name, "weight"), message, remedy)


def _as_good_as_strict(plan: PlanView) -> Iterator[Found]:
    priorities = [queue.priority for queue in plan.acd.queues] or [0]
    credit_ms = (max(priorities) - min(priorities)) * plan.acd.ageing_ms
    if plan.acd.order is ServiceOrder.AGED and credit_ms > _CREDIT_MS_MAX:
        message = (
            f"between the queues lie {max(priorities) - min(priorities)} points of priority, "
            f"which are worth {time(credit_ms)} of waiting: nobody ages so long"
        )
        yield Found(("ageing",), message, "a shorter ageing, or priorities nearer to one another")


def _ageing_unused(plan: PlanView) -> Iterator[Found]:
    if plan.acd.order is ServiceOrder.STRICT and plan.acd.ageing_ms != _AGEING_MS:
        message = f"under strict order nothing ages, so that {time(plan.acd.ageing_ms)} do nothing"
        yield Found(("ageing",), message, "order: aged")


def _needs_alike(plan: PlanView) -> Iterator[Found]:
    objectives = dict.fromkeys(queue.service_level_ms for queue in plan.acd.queues)
    if plan.acd.order is ServiceOrder.GREATEST_NEED and len(objectives) == 1:
        message = f"all queues aim at {time(next(iter(objectives)))}: the longest wait comes first"
        yield Found(("order",), message, "service_level_within for each queue, or order: aged")


def _alarm_by_ringing(plan: PlanView) -> Iterator[Found]:
    longest = max((queue.ring_ms for queue in plan.acd.queues), default=0)
    if plan.acd.starvation_ms <= longest:
        message = (
            f"the alarm of starvation comes after {time(plan.acd.starvation_ms)}, "
            f"and one unanswered phone takes {time(longest)}"
        )
        yield Found(("starvation",), message, "starvation: 60 s")


def _misses_at_once(plan: PlanView) -> Iterator[Found]:
    rule = plan.acd.rules.no_answer
    if _loops(plan, rule) and rule.pause_after == 0:
        message = "an agent who does not answer is offered the same call at once, again and again"
        yield Found(("agent_rules", "no_answer"), message, "{then: not_ready, reason: rona}")


def _refusals_at_once(plan: PlanView) -> Iterator[Found]:
    rules = plan.acd.rules
    for name, rule in (("rejected", rules.rejected), ("busy", rules.busy)):
        if _loops(plan, rule) and rule.pause_after == 0:
            message = f"after '{name}' the same call comes back to the same agent at once"
            yield Found(("agent_rules", name), message, "back_off: 30 s")


def _pause_unused(plan: PlanView) -> Iterator[Found]:
    for name, rule in _refusals(plan):
        if rule.pause_after > 1 and not rule.stays_ready:
            message = f"after the first '{name}' the agent is not ready: {rule.pause_after} unseen"
            yield Found(("agent_rules", name, "pause_after"), message, "then: ready")


def _lost_but_ready(plan: PlanView) -> Iterator[Found]:
    if plan.acd.rules.device_lost.stays_ready:
        message = "an agent whose phone cannot be reached stays ready, and calls are offered to it"
        yield Found(("agent_rules", "device_lost"), message, "then: not_ready")


def _reason_twice(plan: PlanView) -> Iterator[Found]:
    codes = [reason.code for reason in plan.acd.rules.reasons]
    for code in dict.fromkeys(codes):
        if codes.count(code) > 1:
            message = f"the reason '{code}' is there {codes.count(code)} times"
            yield Found(("agent_rules", "reasons"), message, "each code once")


def _reason_without_time(plan: PlanView) -> Iterator[Found]:
    for count, reason in enumerate(plan.acd.rules.reasons, start=1):
        if reason.limit_ms is not None and reason.limit_ms < MINUTE:
            message = f"'{reason.code}' may last {time(reason.limit_ms)}: each use is too long"
            where = ("agent_rules", "reasons", count, "limit")
            yield Found(where, message, "limit: 15 min")


def _starved(plan: PlanView) -> Iterator[tuple[QueueConfig, list[QueueConfig], bool]]:
    """Give queues whose every agent may always be taken by others first, and by what.

    Calls that a step leads on are not stuck, and neither are those of a queue with an agent who
    serves no queue that comes before it.
    """
    for queue in plan.acd.queues:
        able = plan.pool(queue)
        on = any(leads_away(s) or s.also or s.ask for s in plan.closure(queue))
        before = [
            [other for other in plan.acd.queues if _first(plan, agent, other, queue)]
            for agent in able
        ]
        if able and not on and all(before):
            higher = list({other.name: other for others in before for other in others}.values())
            by_weight = any(
                _weight(agent, other) > _weight(agent, queue)
                for agent, others in zip(able, before, strict=True)
                for other in others
            )
            yield queue, higher, by_weight


def _first(plan: PlanView, agent: AgentConfig, other: QueueConfig, queue: QueueConfig) -> bool:
    """Tell whether the agent takes every call of the other queue before one of this queue."""
    if other is queue or not plan.can_serve(agent, other):
        return False
    theirs, ours = _weight(agent, other), _weight(agent, queue)
    if theirs != ours:
        return theirs > ours
    return plan.acd.order is ServiceOrder.STRICT and other.priority > queue.priority


def _weight(agent: AgentConfig, queue: QueueConfig) -> int:
    own = membership(agent, queue.name).weight
    return queue.weight if own is None else own


def _raised_to(plan: PlanView, queue: QueueConfig, priority: int) -> bool:
    """Tell whether waiting brings a call to a priority."""
    reached = queue.priority
    for step in plan.closure(queue):
        if step.priority_by > 0 and step.repeat and step.every_ms:
            return True
        reached = max(reached + max(step.priority_by, 0), step.priority or reached)
    return reached >= priority


def _loops(plan: PlanView, rule: RefusalRule) -> bool:
    back_off = plan.acd.refusal_back_off_ms if rule.back_off_ms is None else rule.back_off_ms
    return rule.stays_ready and back_off == 0


def _refusals(plan: PlanView) -> tuple[tuple[str, RefusalRule], ...]:
    rules = plan.acd.rules
    return (("no_answer", rules.no_answer), ("rejected", rules.rejected), ("busy", rules.busy))


CENTRE_CHECKS: Final = (
    Check(
        "P001",
        Severity.WARNING,
        "starvation by strict priority",
        "Calls of lower priority wait as long as others keep coming, without any limit.",
        "{order: strict, queues: {gold: {priority: 1}, other: {priority: 0}}}",
        _starved_by_priority,
    ),
    Check(
        "P002",
        Severity.WARNING,
        "starvation by weights",
        "A greater weight goes first in any order, for as long as its calls keep coming.",
        "{queues: {gold: {weight: 1}, other: {weight: 0}}}",
        _starved_by_weight,
    ),
    Check(
        "P003",
        Severity.WARNING,
        "ageing that is as good as strict priority",
        "The points between the queues are worth more waiting than anybody waits.",
        "{order: aged, ageing: 1 h}",
        _as_good_as_strict,
    ),
    Check(
        "P004",
        Severity.NOTE,
        "ageing without an order that ages",
        "It is looked at under aged and greatest_need only.",
        "{order: strict, ageing: 30 s}",
        _ageing_unused,
    ),
    Check(
        "P005",
        Severity.NOTE,
        "greatest need where all needs are alike",
        "It is the same as the longest wait.",
        "order: greatest_need",
        _needs_alike,
    ),
    Check(
        "P006",
        Severity.WARNING,
        "an alarm of starvation that every missed offer sets off",
        "The alarm would say nothing.",
        "starvation: 15 s",
        _alarm_by_ringing,
    ),
    Check(
        "P007",
        Severity.ERROR,
        "a call that rings at the same empty desk for ever",
        "Who does not answer stays ready, without a back-off and without a pause.",
        "no_answer: {then: ready, back_off: 0 s}",
        _misses_at_once,
    ),
    Check(
        "P008",
        Severity.WARNING,
        "a refused call that comes back at once",
        "Who rejects a call is offered it again in the same moment.",
        "refusal_back_off: 0 s",
        _refusals_at_once,
    ),
    Check(
        "P009",
        Severity.NOTE,
        "a count of refusals that is never reached",
        "The first one makes the agent not ready already.",
        "no_answer: {then: not_ready, pause_after: 3}",
        _pause_unused,
    ),
    Check(
        "P010",
        Severity.ERROR,
        "agents without a phone stay ready",
        "Every call that is offered to them is lost time.",
        "device_lost: {then: ready}",
        _lost_but_ready,
    ),
    Check(
        "P011",
        Severity.WARNING,
        "a reason code that is there twice",
        "Reports count the two as one, or one as two.",
        "reasons: [{code: break}, {code: break}]",
        _reason_twice,
    ),
    Check(
        "P012",
        Severity.WARNING,
        "a reason whose limit is below a minute",
        "Mostly a wrong unit.",
        "reasons: [{code: break, limit: 15 s}]",
        _reason_without_time,
    ),
)
