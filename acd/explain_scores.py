"""How agents, and calls, are ranked against each other: each score by its name.

Worked out anew from the configuration, as `explain_filters` is. Scores stand in the order of their
weight; of those that no filter removes, the smallest is chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from acd.config import AgentChoice, IdleSince, ServiceOrder
from acd.explain_filters import (
    Filter,
    Pairing,
    Reason,
    furthest,
    rank_of,
    why_not_at,
)
from acd.floor import Floor
from acd.lines import Line
from acd.queue import OrderKey, WaitingCall
from acd.selection import STRATEGIES, lot_of, occupied
from agents.agent import Agent
from agents.config import EVERY_QUEUE
from csta.instants import Instant

Scores: TypeAlias = tuple[tuple[str, int], ...]
"""Names and whole numbers, the weightiest first; the smallest is the best."""

_BEGIN = (AgentChoice.ROUND_ROBIN, AgentChoice.RANDOM, AgentChoice.WEIGHTED_RANDOM)

_METRIC_NAMES: Mapping[AgentChoice, str] = MappingProxyType(
    {
        AgentChoice.LONGEST_IDLE: "idle_since_at",
        AgentChoice.LEAST_OCCUPIED: "occupied_millionths",
        AgentChoice.MOST_SKILLED: "minus_level",
        AgentChoice.LEAST_SKILLED: "level",
        AgentChoice.ROUND_ROBIN: "number",
        AgentChoice.FEWEST_CALLS: "calls",
        AgentChoice.LEAST_TALK_TIME: "talk_ms",
        AgentChoice.FIXED_ORDER: "number",
        AgentChoice.RANDOM: "number",
        AgentChoice.WEIGHTED_RANDOM: "number",
    }
)

TIE_OF_AGENTS = "who became ready first (ready_number)"
TIE_OF_CALLS = "who came first (serial)"

_ORDER_WORDS: Mapping[ServiceOrder, str] = MappingProxyType(
    {
        ServiceOrder.STRICT: "strict: greatest weight, then priority, then who came first",
        ServiceOrder.AGED: "aged: greatest weight, then who came first with credit for priority",
        ServiceOrder.GREATEST_NEED: (
            "greatest_need: greatest weight, then the latest against its queue's objective"
        ),
    }
)


class Eligible(NamedTuple):
    """An agent whom no filter removes at a place of a call."""

    agent: Agent
    place: int
    line: Line


def rule_for_agents(line: Line) -> str:
    """Say by which rule an agent is chosen for a call of this line."""
    if line.agent_id is not None:
        return "the first of the preferred agents who is ready"
    choice, since = _choice_of(line), line.queue.config.idle_since.value
    load = "fewest contacts, then " if line.queue.channel is not None else ""
    idle = f" (idle since {since})" if choice is AgentChoice.LONGEST_IDLE else ""
    return f"{load}{choice.value}{idle}, of the first rank with somebody ready"


def rule_for_calls(floor: Floor) -> str:
    """Say by which rule a call is chosen for an agent."""
    return _ORDER_WORDS[floor.config.order]


def agents_scores(
    floor: Floor, call: WaitingCall, found: Sequence[Eligible], now: Instant
) -> list[Scores]:
    """Score all agents who may have a call, one after the other in the order that they are given.

    Strategies that draw, or go round, begin at some place among those of one rank at one place of
    the call: their score is how many turns an agent is behind that beginning.
    """
    scores = [_agent_scores(each, now) for each in found]
    drawn: dict[tuple[int, int], list[int]] = {}
    for number, each in enumerate(found):
        choice = each.line.queue.config.agent_choice
        if each.line.agent_id is None and choice in _BEGIN and each.line.queue.channel is None:
            drawn.setdefault((each.place, rank_of(each.agent, each.line)), []).append(number)
    for numbers in drawn.values():
        numbers.sort(key=lambda number: found[number].agent.number)
        begin = _begin(floor, call, [found[number] for number in numbers])
        for place, number in enumerate(numbers):
            turn = (place - begin) % len(numbers)
            scores[number] = (*scores[number][:2], ("turn", turn), scores[number][-1])
    return scores


def call_scores(
    floor: Floor,
    agent: Agent,
    call: WaitingCall,
    now: Instant,
    *,
    waits: bool,
    but: Collection[Filter] = (),
) -> tuple[Reason | None, Scores]:
    """Score a call for an agent at the best of its places, or say what keeps him from it.

    A call that rings already goes to a free agent only if none waits for him (R08).
    """
    best: Scores | None = None
    reasons: list[Reason] = []
    for place, line in enumerate(call.places):
        if not waits and call.call_id not in line.ringing:
            words = "rings at an agent already" if call.offers else "does not wait at the moment"
            reasons.append((Filter.RINGS, words))
            continue
        reason = why_not_at(Pairing(floor, agent, call, line, now), but)
        if reason is not None:
            reasons.append(reason)
            continue
        scores = _call_scores(floor, agent, call, line, now, rings=not waits)
        scores += (("place", place),)
        if best is None or values(scores) < values(best):
            best = scores
    if best is None:
        return furthest(reasons), ()
    return None, best


def key_scores(floor: Floor, key: OrderKey) -> Scores:
    """Name the members of a place in the service order."""
    first, second, serial = key
    if floor.config.order is ServiceOrder.STRICT:
        return (("minus_priority", first), ("came_at", second), ("serial", serial))
    return (("credited_at", first), ("serial", serial))


def values(scores: Scores) -> tuple[int, ...]:
    """Give the numbers alone, to compare them."""
    return tuple(score for _, score in scores)


def _choice_of(line: Line) -> AgentChoice:
    """Give the strategy that is in force: those that draw, or look at all, are for voice alone."""
    choice = line.queue.config.agent_choice
    if line.queue.channel is not None and STRATEGIES[choice].begin is not None:
        return AgentChoice.FIXED_ORDER
    return choice


def _agent_scores(each: Eligible, now: Instant) -> Scores:
    agent, place, line = each
    if line.agent_id is not None:
        return (("place", place), ("rank", 0), ("ready_number", agent.ready_number))
    config = line.queue.config
    level = line.needs.level(agent.skills)
    assert level is not None, f"{agent!r} is scored for what he may not serve"
    choice = _choice_of(line)
    metric = (
        occupied(agent, now)
        if choice is AgentChoice.LEAST_OCCUPIED
        else STRATEGIES[choice].metric(agent, config, level)
    )
    channel = line.queue.channel
    load: Scores = (("contacts", agent.load(channel)),) if channel is not None else ()
    name = _METRIC_NAMES[choice]
    by_turn = choice is AgentChoice.LONGEST_IDLE and config.idle_since is IdleSince.READY
    return (
        ("place", place),
        ("rank", rank_of(agent, line)),
        *load,
        *(() if by_turn else ((name, metric),)),
        ("ready_number", agent.ready_number),
    )


def _begin(floor: Floor, call: WaitingCall, found: Sequence[Eligible]) -> int:
    """Give the place at which the choice begins, of agents in the order of the configuration."""
    queue = found[0].line.queue
    if queue.config.agent_choice is AgentChoice.ROUND_ROBIN:
        behind = [place for place, each in enumerate(found) if each.agent.number > queue.turn]
        return behind[0] if behind else 0
    drawn = lot_of(floor.config.seed, call)
    if queue.config.agent_choice is AgentChoice.RANDOM:
        return drawn % len(found)
    members = (each.agent.profile.membership(queue.name) or EVERY_QUEUE for each in found)
    lots = [member.lots for member in members]
    drawn %= sum(lots)
    return next(place for place in range(len(lots)) if sum(lots[: place + 1]) > drawn)


def _call_scores(
    floor: Floor, agent: Agent, call: WaitingCall, line: Line, now: Instant, *, rings: bool
) -> Scores:
    key = key_scores(floor, call.key)
    if rings:
        return (("rings_already", 1), *key)
    member = agent.profile.membership(line.queue.name) or EVERY_QUEUE
    weight = line.queue.config.weight if member.weight is None else member.weight
    need = floor.roster.need(call, line.queue, now)
    lateness: Scores = (
        (("minus_need", -need),) if floor.config.order is ServiceOrder.GREATEST_NEED else ()
    )
    return (("rings_already", 0), ("minus_weight", -weight), *lateness, *key)
