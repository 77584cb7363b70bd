"""Checks of queues: whether anybody can serve them, and whether calls come to them at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acd.config import QueueConfig
from acd.lint_check import Check, Found, Severity, similar, time
from acd.lint_conditions import Anything, Domain, Range, outcomes
from acd.lint_view import PlanView, Where, leads_away, skills_named
from acd.requirements import CALLER
from agents.skills import LEVEL_MAX

_VOICE = "voice"


def _at(queue: QueueConfig, *keys: str) -> Where:
    return ("queues", queue.name, *keys)


def _nobody_together(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if not _explained(plan, queue) and not plan.pool_ever(queue) and not _moves(plan, queue):
            wanted = _wanted(queue)
            message = f"none of the {len(plan.agents)} agents can serve '{queue.name}': {wanted}"
            yield Found(_at(queue), message, "one agent who has all of it, or a step that relaxes")


def _nobody_here(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if _explained(plan, queue) or plan.pool_ever(queue) or not _moves(plan, queue):
            continue
        leaves_at = plan.leaves_at(queue)
        if leaves_at != 0:
            when = "some condition holds" if leaves_at is None else f"{time(leaves_at)} have passed"
            message = f"nobody can serve '{queue.name}' itself; its calls wait until {when}"
            yield Found(_at(queue, "steps"), message, "after: 0 s at the step that leads away")


def _one_agent(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        able = plan.pool_ever(queue)
        if len(able) == 1 and len(plan.agents) > 1:
            message = f"only agent '{able[0].agent_id}' can ever serve '{queue.name}'"
            yield Found(_at(queue), message, "a second agent, or a lower level after a while")


def _skill_missing(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        for skill in _missing(plan, queue):
            message = f"no agent has the skill '{skill}' that '{queue.name}' asks for"
            yield Found(_at(queue, "skills"), message, similar(skill, tuple(plan.levels)))


def _level_missing(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        for skill, level in _too_high(plan, queue):
            best = plan.levels[skill]
            message = f"'{queue.name}' asks for {skill} {level}, and the best agent has {best}"
            yield Found(_at(queue, "skills"), message, f"skills: {{{skill}: {best}}}")


def _requires_unknown(plan: PlanView) -> Iterator[Found]:
    for where, requires in _requirements(plan):
        for skill in skills_named(requires):
            if plan.agents and skill not in plan.levels:
                message = f"no agent has the skill '{skill}': it counts as level 0 for everybody"
                yield Found(where, message, similar(skill, tuple(plan.levels)))


def _requires_never(plan: PlanView) -> Iterator[Found]:
    for where, requires in _requirements(plan):
        if not outcomes(requires, _skill_domain).can_hold:
            message = f"'{requires}' holds for no levels from 0 to {LEVEL_MAX} and no caller"
            yield Found(where, message, "english >= 3 or german >= 3")


def _requires_always(plan: PlanView) -> Iterator[Found]:
    for where, requires in _requirements(plan):
        if not outcomes(requires, _skill_domain).can_fail:
            message = f"'{requires}' holds for everybody, so it asks for nothing"
            yield Found(where, message, "the queue without it")


def _skill_twice(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        for skill in skills_named(queue.requires):
            if skill in queue.skills:
                message = f"'{queue.name}' asks for {skill} under skills and under requires"
                yield Found(_at(queue, "requires"), message, "one of the two")


def _no_way_out(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if not _moves(plan, queue) and not any(s.ask for s in plan.closure(queue)):
            message = (
                f"when nobody is logged on, a caller of '{queue.name}' waits until he gives up"
            )
            remedy = '{after: 0 s, when: "logged_on == 0", number: "+49305551"}'
            yield Found(_at(queue), message, remedy)


def _dead(plan: PlanView) -> Iterator[Found]:
    entered = plan.around.entered
    if entered is None:
        return
    reached = dict.fromkeys(entered)
    for name in entered:
        _follow(plan, name, reached)
    for queue in plan.acd.queues:
        if queue.name not in reached:
            message = f"no number, no flow and no step leads to '{queue.name}'"
            yield Found(_at(queue), message, f"numbers: {{…: queue {queue.name}}}, or without it")


def _channel_unserved(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        able = plan.pool_ever(queue)
        unable = not any(agent.capacity.get(queue.channel) for agent in able)
        if queue.channel != _VOICE and able and unable:
            message = f"none of the {len(able)} agents of '{queue.name}' takes {queue.channel}"
            yield Found(_at(queue, "channel"), message, f"capacity: {{{queue.channel}: 3}}")


def _follow(plan: PlanView, start: str, reached: dict[str, None]) -> None:
    """Add all queues to which calls of a queue can come."""
    waiting = [start]
    while waiting:
        queue = plan.queues.get(waiting.pop())
        for name in plan.leads_to(queue) if queue else ():
            if name not in reached:
                reached[name] = None
                waiting.append(name)


def _explained(plan: PlanView, queue: QueueConfig) -> bool:
    """Tell whether it is clear already why nobody can serve a queue, or nothing is known."""
    if not plan.agents or _missing(plan, queue) or any(_too_high(plan, queue)):
        return True
    return not outcomes(queue.requires, _skill_domain).can_hold


def _missing(plan: PlanView, queue: QueueConfig) -> list[str]:
    if not plan.agents or plan.pool_ever(queue):
        return []
    return [skill for skill in queue.skills if skill not in plan.levels]


def _too_high(plan: PlanView, queue: QueueConfig) -> Iterator[tuple[str, int]]:
    if not plan.pool_ever(queue):
        for skill, level in queue.skills.items():
            if level > plan.levels.get(skill, level):
                yield skill, level


def _moves(plan: PlanView, queue: QueueConfig) -> bool:
    return any(leads_away(step) or step.also for step in plan.closure(queue))


def _wanted(queue: QueueConfig) -> str:
    levels = [f"{skill} {level}" for skill, level in queue.skills.items()]
    return " and ".join([*levels, queue.requires] if queue.requires else levels) or "membership"


def _requirements(plan: PlanView) -> Iterator[tuple[Where, str]]:
    """Give each condition on agents, and where it stands."""
    for queue in plan.acd.queues:
        if queue.requires:
            yield _at(queue, "requires"), queue.requires
    for placed in plan.steps:
        if placed.step.requires:
            yield (*placed.where, "requires"), placed.step.requires


def _skill_domain(name: str) -> Domain:
    return Anything() if name.startswith(CALLER) else Range(0, LEVEL_MAX)


QUEUE_CHECKS: Final = (
    Check(
        "Q001",
        Severity.ERROR,
        "no agent can ever serve the queue",
        "Each skill is there, but nobody has all of them: a caller waits until he gives up.",
        "skills: {sales: 5, french: 5}",
        _nobody_together,
    ),
    Check(
        "Q002",
        Severity.WARNING,
        "nobody serves the queue itself, and its calls wait for a step that leads away",
        "A queue that only passes calls on should do so at once.",
        "steps: [{after: 60 s, overflow_to: support}]",
        _nobody_here,
    ),
    Check(
        "Q003",
        Severity.NOTE,
        "only one agent can serve the queue",
        "When he has a break, nobody answers.",
        "skills: {sales: 9}",
        _one_agent,
    ),
    Check(
        "Q004",
        Severity.ERROR,
        "a skill that no agent has",
        "Mostly a slip of the pen; the queue can never be served.",
        "skills: {slaes: 3}",
        _skill_missing,
    ),
    Check(
        "Q005",
        Severity.ERROR,
        "a level that no agent reaches",
        "The skill is there, but nobody is so good at it.",
        "skills: {sales: 10}",
        _level_missing,
    ),
    Check(
        "Q006",
        Severity.WARNING,
        "a condition on agents names a skill that nobody has",
        "It counts as level 0 for everybody, so that the condition seldom means what it says.",
        "requires: englsh >= 3",
        _requires_unknown,
    ),
    Check(
        "Q007",
        Severity.ERROR,
        "a condition on agents that can never hold",
        "Levels go from 1 to 10, and 0 for who has the skill not.",
        "requires: english > 10",
        _requires_never,
    ),
    Check(
        "Q008",
        Severity.NOTE,
        "a condition on agents that always holds",
        "It asks for nothing, though it looks as if it did.",
        "requires: english >= 0",
        _requires_always,
    ),
    Check(
        "Q009",
        Severity.NOTE,
        "a skill asked for twice",
        "Under skills and under requires: the stricter one wins, and the other one misleads.",
        "{skills: {sales: 1}, requires: sales >= 5}",
        _skill_twice,
    ),
    Check(
        "Q010",
        Severity.NOTE,
        "no way out when nobody is logged on",
        "Calls wait for ever, for no step and no question leads away.",
        "sales: {skills: {sales: 1}}",
        _no_way_out,
    ),
    Check(
        "Q011",
        Severity.WARNING,
        "a dead queue: nothing leads to it",
        "No number, no flow and no step of a queue that calls come to.",
        "old_sales: {skills: {sales: 1}}",
        _dead,
    ),
    Check(
        "Q012",
        Severity.ERROR,
        "nobody takes contacts of the queue's channel",
        "Agents have the skills, but no capacity for this channel.",
        "channel: chat",
        _channel_unserved,
    ),
)
