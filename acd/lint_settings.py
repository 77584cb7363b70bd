"""Checks of one queue's settings: how it rings, whom it chooses, what follows, what it aims at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acd.config import AgentChoice, IdleSince, QueueConfig
from acd.lint_check import Check, Found, Severity, some, time
from acd.lint_view import PlanView, Where, membership
from acd.rules import Ring, WrapUpMode
from csta.instants import MINUTE, SECOND

_RING_MS_MIN = 5 * SECOND
_RING_MS_MAX = MINUTE
_WRAP_UP_MS_MAX = 10 * MINUTE
_PHONES_MAX = 20


def _at(queue: QueueConfig, *keys: str) -> Where:
    return ("queues", queue.name, *keys)


def _ring_short(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.ring_ms < _RING_MS_MIN and not queue.auto_answer:
            message = f"a phone rings for {time(queue.ring_ms)}: nobody answers so quickly"
            yield Found(_at(queue, "ring"), message, "ring: 20 s, or auto_answer: true")


def _ring_long(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.ring_ms > _RING_MS_MAX:
            message = f"a call stays {time(queue.ring_ms)} with an agent who is not at his desk"
            yield Found(_at(queue, "ring"), message, "ring: 20 s")


def _ring_over_objective(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.service_level_ms < queue.ring_ms <= _RING_MS_MAX and not queue.auto_answer:
            message = (
                f"one missed offer takes {time(queue.ring_ms)}, "
                f"the objective is {time(queue.service_level_ms)}"
            )
            yield Found(_at(queue, "ring"), message, f"ring: {time(queue.service_level_ms)}")


def _ring_next_late(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.ring is Ring.PROGRESSIVE and queue.ring_next_ms >= queue.ring_ms:
            message = (
                f"the second phone would ring after {time(queue.ring_next_ms)}, "
                f"but the first stops after {time(queue.ring_ms)}"
            )
            yield Found(_at(queue, "ring_next"), message, "ring_next: 5 s")


def _rings_and_answers(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.ring is not Ring.ONE and queue.auto_answer:
            message = "several phones ring at once, and each answers by itself"
            yield Found(_at(queue, "auto_answer"), message, "ring_mode: one, or auto_answer: false")


def _many_phones(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        count = len(plan.pool(queue))
        if queue.ring is Ring.ALL and count > _PHONES_MAX:
            message = f"each call rings at up to {count} phones at once"
            yield Found(_at(queue, "ring_mode"), message, "ring_mode: progressive")


def _choice_unheard(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.ring is Ring.ALL and queue.agent_choice is not AgentChoice.LONGEST_IDLE:
            message = f"all phones ring, so that {queue.agent_choice.value} chooses nobody"
            yield Found(_at(queue, "agent_choice"), message, "ring_mode: one, or no agent_choice")


def _idle_unused(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        choice = queue.agent_choice
        if queue.idle_since is not IdleSince.READY and choice is not AgentChoice.LONGEST_IDLE:
            message = f"idle_since is not looked at by {choice.value}"
            yield Found(_at(queue, "idle_since"), message, "agent_choice: longest_idle")


def _nobody_waits(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.waiting_max == 0:
            message = "nobody may wait: without a ready agent every caller is turned away"
            yield Found(_at(queue, "waiting_max"), message, "waiting_max: 20")


def _objective_empty(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        share = queue.service_level_share
        if share <= 0 or share >= 1:
            message = f"{share:.0%} of the calls within {time(queue.service_level_ms)} is no aim"
            yield Found(_at(queue, "service_level"), message, "service_level: 80 %")


def _estimate_low(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        share = queue.estimate_share
        if not 0.5 <= share < 1:  # noqa: PLR2004 - a half: as many wait longer as shorter
            often = f"{1 - share:.0%} of the callers wait longer than they were told"
            message = often if share < 1 else "no wait is longer than all others"
            yield Found(_at(queue, "estimate"), message, "estimate: 80 %")


def _wrap_up_long(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.wrap_up_ms > _WRAP_UP_MS_MAX:
            message = f"{time(queue.wrap_up_ms)} of work follow each call"
            yield Found(_at(queue, "wrap_up"), message, "wrap_up: 30 s")


def _wrap_up_divided(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        mode, length = queue.wrap_up, queue.wrap_up_ms
        if mode is WrapUpMode.NONE and length:
            message = f"wrap-up of mode none never lasts its {time(length)}"
            yield Found(_at(queue, "wrap_up"), message, "mode: timed")
        elif mode is WrapUpMode.FULL and not length:
            message = "wrap-up of mode full lasts 0 s: there is none"
            yield Found(_at(queue, "wrap_up"), message, "wrap_up: {mode: full, for: 30 s}")


def _extension_divided(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        length, times = queue.wrap_up_extension_ms, queue.wrap_up_extensions_max
        timed = queue.wrap_up in (WrapUpMode.TIMED, WrapUpMode.FULL) and queue.wrap_up_ms
        if bool(length) != bool(times) or (length and not timed):
            message = (
                f"wrap-up of mode {queue.wrap_up.value} for {time(queue.wrap_up_ms)} cannot be "
                f"extended {times} times by {time(length)}"
            )
            remedy = "wrap_up: {mode: timed, for: 30 s, extension: 30 s, extensions_max: 2}"
            yield Found(_at(queue, "wrap_up"), message, remedy)


def _silent(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if not queue.music:
            message = f"who waits in '{queue.name}' hears nothing and thinks the line is dead"
            yield Found(_at(queue, "music"), message, "music: music:default")


def _lots_equal(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        lots = [membership(agent, queue.name).lots for agent in plan.pool(queue)]
        drawn = queue.agent_choice is AgentChoice.WEIGHTED_RANDOM and len(lots) > 1
        if drawn and min(lots) == max(lots) > 0:
            message = f"all {len(lots)} agents have {lots[0]} in the lottery: no weights"
            remedy = f"queues: {{{queue.name}: {{lots: 3}}}} at some agents, or random"
            yield Found(_at(queue, "agent_choice"), message, remedy)


def _lots_none(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        lots = [membership(agent, queue.name).lots for agent in plan.pool_ever(queue)]
        if queue.agent_choice is AgentChoice.WEIGHTED_RANDOM and lots and sum(lots) <= 0:
            message = f"none of the {len(lots)} agents has a lot, so that none can be drawn"
            yield Found(_at(queue, "agent_choice"), message, f"{{{queue.name}: {{lots: 1}}}}")


def _rank_first_missing(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        ranks = _ranks(plan, queue)
        if queue.rank_wait_ms and ranks and ranks[0] > 1:
            waits = time((ranks[0] - 1) * queue.rank_wait_ms)
            message = f"nobody has rank 1: each call waits {waits} for rank {ranks[0]}, the first"
            yield Found(_at(queue, "rank_wait"), message, f"{{{queue.name}: {{rank: 1}}}}")


def _rank_gap(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        ranks = _ranks(plan, queue)
        gaps = [r for r in range(ranks[0], ranks[-1]) if r not in ranks] if ranks else []
        if queue.rank_wait_ms and gaps:
            message = (
                f"nobody has rank {some([str(gap) for gap in gaps])}, "
                f"and a call waits {time(queue.rank_wait_ms)} for each"
            )
            yield Found(_at(queue, "rank_wait"), message, "ranks without a gap: 1, 2, 3")


def _rank_wait_unused(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.rank_wait_ms and _ranks(plan, queue) == [1]:
            message = f"all agents of '{queue.name}' have rank 1: rank_wait does nothing"
            yield Found(_at(queue, "rank_wait"), message, f"{{{queue.name}: {{rank: 2}}}}")


def _ranks(plan: PlanView, queue: QueueConfig) -> list[int]:
    """Give the ranks that the queue's agents have, each once, in order."""
    able = plan.pool_ever(queue)
    return sorted(dict.fromkeys(membership(agent, queue.name).rank for agent in able))


SETTING_CHECKS: Final = (
    Check(
        "Q020",
        Severity.WARNING,
        "a phone rings too shortly to be answered",
        "Every offer ends as not answered, and each such agent becomes not ready.",
        "ring: 2 s",
        _ring_short,
    ),
    Check(
        "Q021",
        Severity.WARNING,
        "a phone rings for too long",
        "The caller waits for one agent who is not there, while others may be ready.",
        "ring: 90 s",
        _ring_long,
    ),
    Check(
        "Q022",
        Severity.NOTE,
        "one ring is longer than the service objective",
        "A single missed offer costs the objective.",
        "{ring: 30 s, service_level_within: 10 s}",
        _ring_over_objective,
    ),
    Check(
        "Q023",
        Severity.WARNING,
        "progressive ringing never rings a second phone",
        "The first phone stops before the second begins.",
        "{ring_mode: progressive, ring: 10 s, ring_next: 20 s}",
        _ring_next_late,
    ),
    Check(
        "Q024",
        Severity.WARNING,
        "several phones ring, and all answer by themselves",
        "Whoever's phone is quickest takes every call, and the others hear a click.",
        "{ring_mode: all, auto_answer: true}",
        _rings_and_answers,
    ),
    Check(
        "Q025",
        Severity.NOTE,
        "one call rings at very many phones",
        "All of them are taken from other calls while it rings.",
        "ring_mode: all",
        _many_phones,
    ),
    Check(
        "Q026",
        Severity.NOTE,
        "an agent choice that chooses nobody",
        "Where all phones ring, the quickest hand decides.",
        "{ring_mode: all, agent_choice: most_skilled}",
        _choice_unheard,
    ),
    Check(
        "Q027",
        Severity.NOTE,
        "an idle time that is not looked at",
        "Only longest_idle looks at it.",
        "{agent_choice: random, idle_since: any_call}",
        _idle_unused,
    ),
    Check(
        "Q028",
        Severity.WARNING,
        "a weighted lottery with equal weights",
        "It is the same as random.",
        "agent_choice: weighted_random",
        _lots_equal,
    ),
    Check(
        "Q029",
        Severity.ERROR,
        "a lottery in which nobody has a lot",
        "No agent can be drawn.",
        "{sales: {lots: 0}}",
        _lots_none,
    ),
    Check(
        "Q030",
        Severity.WARNING,
        "rank 1 is missing",
        "Each call waits for a rank that nobody has.",
        "{sales: {rank: 2}}",
        _rank_first_missing,
    ),
    Check(
        "Q031",
        Severity.NOTE,
        "a gap in the ranks",
        "Each call waits once more for nobody.",
        "{sales: {rank: 4}}",
        _rank_gap,
    ),
    Check(
        "Q032",
        Severity.WARNING,
        "a wait for further ranks that there are not",
        "Everybody has rank 1.",
        "rank_wait: 20 s",
        _rank_wait_unused,
    ),
    Check(
        "Q033",
        Severity.WARNING,
        "a queue in which nobody may wait",
        "Its steps are never looked at.",
        "waiting_max: 0",
        _nobody_waits,
    ),
    Check(
        "Q034",
        Severity.WARNING,
        "a service objective that is none",
        "100 % cannot be kept on any day, and 0 % is kept by doing nothing.",
        "service_level: 100 %",
        _objective_empty,
    ),
    Check(
        "Q035",
        Severity.WARNING,
        "an estimate that most callers find too short",
        "Below a half, more callers wait longer than shorter.",
        "estimate: 30 %",
        _estimate_low,
    ),
    Check(
        "Q036",
        Severity.WARNING,
        "a very long wrap-up",
        "Agents are away from the phone for longer than they talk.",
        "wrap_up: 30 min",
        _wrap_up_long,
    ),
    Check(
        "Q037",
        Severity.WARNING,
        "a wrap-up that contradicts itself",
        "Mode and length do not go together.",
        "wrap_up: {mode: none, for: 30 s}",
        _wrap_up_divided,
    ),
    Check(
        "Q038",
        Severity.WARNING,
        "an extension of wrap-up that cannot be had",
        "It needs a length, a number of times, and a wrap-up that ends by itself.",
        "wrap_up: {mode: mandatory, extension: 30 s}",
        _extension_divided,
    ),
    Check(
        "Q039",
        Severity.WARNING,
        "silence instead of music",
        "Callers think that the line is dead and give up.",
        'music: ""',
        _silent,
    ),
)
