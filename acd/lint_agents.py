"""Checks of agents: whom they can serve, and how they are told to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acd.config import AgentChoice
from acd.lint_check import Check, Found, Severity, similar, some, time
from acd.lint_view import PlanView, Where, membership, skills_named
from agents.config import AgentConfig, Membership
from agents.skills import LEVEL_MAX, LEVEL_MIN
from csta.ids import QueueName

_VOICE = "voice"


def _serves_nobody(plan: PlanView) -> Iterator[Found]:
    for alike in plan.alike:
        agent = alike[0]
        if agent.queues != {} and not any(plan.can_ever_serve(agent, q) for q in plan.acd.queues):
            has = ", ".join(f"{skill} {level}" for skill, level in agent.skills.items()) or "none"
            message = f"{_named(alike)} can serve no queue (skills: {has})"
            yield Found(_at(agent), message, "a skill that a queue asks for, at its level")


def _in_no_queue(plan: PlanView) -> Iterator[Found]:
    for alike in plan.alike:
        if alike[0].queues == {}:
            message = f"{_named(alike)} has a list of queues with none in it"
            yield Found(_at(alike[0], "queues"), message, f"queues: [{plan.acd.queues[0].name}]")


def _skill_unasked(plan: PlanView) -> Iterator[Found]:
    asked = _asked(plan)
    for skill in plan.levels:
        if skill not in asked:
            agent = next(agent for agent in plan.agents if skill in agent.skills)
            count = sum(skill in agent.skills for agent in plan.agents)
            message = f"no queue and no step asks for '{skill}', which {count} of the agents have"
            yield Found(_at(agent, "skills"), message, similar(skill, tuple(asked)))


def _member_unable(plan: PlanView) -> Iterator[Found]:
    for alike in plan.alike:
        for name in alike[0].queues or {}:
            queue = plan.queues.get(name)
            if queue is not None and not plan.can_ever_serve(alike[0], queue):
                message = f"{_named(alike)} is in '{name}', but can never serve it"
                remedy = ", ".join(f"{skill}: {level}" for skill, level in queue.skills.items())
                yield Found(_at(alike[0], "queues"), message, f"skills: {{{remedy}}}")


def _unknown_queue(plan: PlanView) -> Iterator[Found]:
    for alike in plan.alike:
        for name in alike[0].queues or {}:
            if name not in plan.queues:
                message = f"{_named(alike)} is in '{name}', and there is no such queue"
                yield Found(_at(alike[0], "queues"), message, similar(name, tuple(plan.queues)))


def _delay_unreached(plan: PlanView) -> Iterator[Found]:
    for alike, name, how in _memberships(plan):
        leaves_at = plan.leaves_at(plan.queues[name])
        if how.delay_ms and leaves_at is not None and how.delay_ms >= leaves_at:
            message = (
                f"{_named(alike)} serves '{name}' after {time(how.delay_ms)}, "
                f"but no call is there for longer than {time(leaves_at)}"
            )
            yield Found(_at(alike[0], "queues"), message, f"{{{name}: {{delay: 0 s}}}}")


def _all_delayed(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        delays = [membership(agent, queue.name).delay_ms for agent in plan.pool(queue)]
        if delays and min(delays) >= queue.service_level_ms:
            message = (
                f"every agent of '{queue.name}' lets calls wait for {time(min(delays))} at least, "
                f"and the objective is {time(queue.service_level_ms)}"
            )
            yield Found(("queues", queue.name), message, "an agent without delay")


def _lots_unused(plan: PlanView) -> Iterator[Found]:
    for alike, name, how in _memberships(plan):
        drawn = plan.queues[name].agent_choice is AgentChoice.WEIGHTED_RANDOM
        if how.lots != 1 and not drawn:
            message = f"{_named(alike)} has {how.lots} lots in '{name}', which draws none"
            yield Found(_at(alike[0], "queues"), message, "agent_choice: weighted_random")


def _lots_below(plan: PlanView) -> Iterator[Found]:
    for alike, name, how in _memberships(plan):
        if how.lots < 0:
            message = f"{_named(alike)} has {how.lots} lots in '{name}'"
            yield Found(_at(alike[0], "queues"), message, f"{{{name}: {{lots: 1}}}}")


def _rank_below(plan: PlanView) -> Iterator[Found]:
    for alike, name, how in _memberships(plan):
        if how.rank < 1:
            message = f"{_named(alike)} has rank {how.rank} in '{name}'; the first is 1"
            yield Found(_at(alike[0], "queues"), message, f"{{{name}: {{rank: 1}}}}")


def _weight_unneeded(plan: PlanView) -> Iterator[Found]:
    for alike, name, how in _memberships(plan):
        if how.weight is not None and how.weight == plan.queues[name].weight:
            message = f"{_named(alike)} is given weight {how.weight} in '{name}': it has it already"
            yield Found(_at(alike[0], "queues"), message, "another weight, or none")


def _channel_unused(plan: PlanView) -> Iterator[Found]:
    channels = dict.fromkeys(queue.channel for queue in plan.acd.queues)
    for alike in plan.alike:
        for channel in alike[0].capacity:
            if channel not in channels and channel != _VOICE:
                message = f"{_named(alike)} can take {channel}, and no queue has this channel"
                yield Found(_at(alike[0], "capacity"), message, f"one of: {', '.join(channels)}")


def _two_calls(plan: PlanView) -> Iterator[Found]:
    for alike in plan.alike:
        voice = alike[0].capacity.get(_VOICE, 1)
        if voice != 1:
            message = f"{_named(alike)} has voice {voice}; he is given one call at a time"
            yield Found(_at(alike[0], "capacity"), message, "the agent without voice")


def _level_out(plan: PlanView) -> Iterator[Found]:
    for alike in plan.alike:
        for skill, level in alike[0].skills.items():
            if not LEVEL_MIN <= level <= LEVEL_MAX:
                message = f"{_named(alike)} has {skill} {level}"
                remedy = f"{skill}: {LEVEL_MIN} to {LEVEL_MAX}"
                yield Found(_at(alike[0], "skills"), message, remedy)


def _at(agent: AgentConfig, *keys: str) -> Where:
    return ("agents", agent.agent_id, *keys)


def _named(alike: tuple[AgentConfig, ...]) -> str:
    ids = [agent.agent_id for agent in alike]
    return f"agent '{ids[0]}'" if len(ids) == 1 else f"each of {len(ids)} agents ({some(ids)})"


def _memberships(plan: PlanView) -> Iterator[tuple[tuple[AgentConfig, ...], QueueName, Membership]]:
    for alike in plan.alike:
        for name, how in (alike[0].queues or {}).items():
            if name in plan.queues:
                yield alike, name, how


def _asked(plan: PlanView) -> dict[str, None]:
    """List the skills that queues, steps and flows ask for."""
    asked = dict.fromkeys(plan.around.asked)
    for queue in plan.acd.queues:
        asked |= dict.fromkeys([*queue.skills, *skills_named(queue.requires)])
    for placed in plan.steps:
        step = placed.step
        asked |= dict.fromkeys([*(step.skills or {}), *skills_named(step.requires or "")])
    return asked


AGENT_CHECKS: Final = (
    Check(
        "A001",
        Severity.WARNING,
        "an agent who can serve no queue",
        "He is paid for waiting.",
        "{id: A, skills: {sales: 1}}",
        _serves_nobody,
    ),
    Check(
        "A002",
        Severity.WARNING,
        "an agent with an empty list of queues",
        "Without the list he would serve every queue that his skills suffice for.",
        "{id: A, queues: []}",
        _in_no_queue,
    ),
    Check(
        "A003",
        Severity.NOTE,
        "a skill that nobody asks for",
        "Mostly a slip of the pen, or a queue that is gone.",
        "skills: {slaes: 5}",
        _skill_unasked,
    ),
    Check(
        "A004",
        Severity.WARNING,
        "an agent in a queue that he cannot serve",
        "His skills do not suffice, before or after any step.",
        "{id: A, skills: {sales: 1}, queues: [support]}",
        _member_unable,
    ),
    Check(
        "A005",
        Severity.ERROR,
        "an agent in a queue that is not there",
        "Mostly a slip of the pen.",
        "queues: [suport]",
        _unknown_queue,
    ),
    Check(
        "A006",
        Severity.WARNING,
        "a delay that no call lives to see",
        "A step leads every call away before.",
        "queues: {sales: {delay: 2 min}}",
        _delay_unreached,
    ),
    Check(
        "A007",
        Severity.WARNING,
        "delays that exceed the service objective",
        "No call can be answered in time, however many agents are ready.",
        "queues: {sales: {delay: 30 s}}",
        _all_delayed,
    ),
    Check(
        "A008",
        Severity.NOTE,
        "lots in a queue that draws none",
        "Only weighted_random draws them.",
        "queues: {sales: {lots: 3}}",
        _lots_unused,
    ),
    Check(
        "A009",
        Severity.ERROR,
        "lots below zero",
        "They cannot be drawn.",
        "queues: {sales: {lots: -1}}",
        _lots_below,
    ),
    Check(
        "A010",
        Severity.ERROR,
        "a rank below 1",
        "Ranks are counted from 1.",
        "queues: {sales: {rank: 0}}",
        _rank_below,
    ),
    Check(
        "A011",
        Severity.NOTE,
        "a weight that the queue has already",
        "It says nothing new.",
        "queues: {sales: {weight: 0}}",
        _weight_unneeded,
    ),
    Check(
        "A012",
        Severity.WARNING,
        "a capacity that no queue uses",
        "No queue has this channel.",
        "capacity: {chat: 3}",
        _channel_unused,
    ),
    Check(
        "A013",
        Severity.WARNING,
        "a capacity of more than one call",
        "Voice is always one.",
        "capacity: {voice: 2}",
        _two_calls,
    ),
    Check(
        "A014",
        Severity.ERROR,
        "a level beyond 1 to 10",
        "Levels go from 1 to 10.",
        "skills: {sales: 11}",
        _level_out,
    ),
)
