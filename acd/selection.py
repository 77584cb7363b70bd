"""Which agent next: one small function for each strategy, and the table of them.

A metric is a whole number that does not change while an agent is ready; the smallest is chosen.
Among equals it is who became ready first, and no two agents did: no tie is left open (R36).
Four strategies do not begin with the smallest: they say at which place of the order they do, of
those who may take the call. Lots are of the call, not of a counter: nothing is used up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from acd.config import AgentChoice, IdleSince, QueueConfig
from acd.queue import Queue, WaitingCall
from agents.agent import Agent
from csta.instants import Instant, Milliseconds

# Members that are read at every step: by name they are slow to find on Python 3.11.
_READY: Final = IdleSince.READY
_ACD_CALL: Final = IdleSince.ACD_CALL

Entry: TypeAlias = tuple[int, int, Milliseconds, int, Agent]
"""A ready agent in a lane: metric, number of readiness, delay of the membership, lots, who."""

Metric: TypeAlias = Callable[[Agent, QueueConfig, int], int]
"""Of the agent, the queue, and the agent's level in what the call needs."""

Begin: TypeAlias = Callable[[list[Entry], Queue, int, Instant], int]
"""Of those who may take the call, in order, the queue, the call's lot, and now: whose place."""

_MILLION = 1_000_000
_MASK = (1 << 64) - 1


class Strategy(NamedTuple):
    """How ready agents are ordered, and where the choice begins (None: with the first)."""

    metric: Metric
    begin: Begin | None = None


def longest_idle(agent: Agent, config: QueueConfig, _level: int) -> int:
    """Prefer who has been idle for the longest time, by the idle that the queue counts (R01)."""
    if config.idle_since is _READY:
        return agent.ready_number
    if config.idle_since is _ACD_CALL:
        return agent.acd_call_ended_at
    return agent.any_call_ended_at


def occupied(agent: Agent, now: Instant) -> int:
    """Give the share of time with calls since log-on, in millionths, of who is ready."""
    logged_on_ms = now - agent.logged_on_at
    return agent.handled_ms * _MILLION // logged_on_ms if logged_on_ms > 0 else 0


def most_skilled(_agent: Agent, _config: QueueConfig, level: int) -> int:
    """Prefer the highest sum of levels in the skills that are named."""
    return -level


def least_skilled(_agent: Agent, _config: QueueConfig, level: int) -> int:
    """Prefer the lowest sum of levels, to keep the best for those who need them."""
    return level


def fewest_calls(agent: Agent, _config: QueueConfig, _level: int) -> int:
    """Prefer who has had the fewest calls since log-on (R04)."""
    return agent.calls_handled


def least_talk_time(agent: Agent, _config: QueueConfig, _level: int) -> int:
    """Prefer who has talked the least since log-on (R05)."""
    return agent.talk_ms


def in_order(agent: Agent, _config: QueueConfig, _level: int) -> int:
    """Order the agents as the configuration names them (R03)."""
    return agent.number


def least_occupied(entries: list[Entry], _queue: Queue, _drawn: int, now: Instant) -> int:
    """Begin with the smallest share of time with calls since log-on, as it is now (R06).

    The share sinks while an agent is idle, the faster the shorter he has been here: no order of
    entry holds it, and all are looked at.
    """
    places = range(len(entries))
    return min(places, key=lambda at: (occupied(entries[at][4], now), entries[at][1]))


def after_last(entries: list[Entry], queue: Queue, _drawn: int, _now: Instant) -> int:
    """Begin behind the agent who was offered a call of this queue last (R02)."""
    return bisect_right(entries, queue.turn, key=_metric_of) % len(entries)


def by_lot(entries: list[Entry], _queue: Queue, drawn: int, _now: Instant) -> int:
    """Draw one, each with the same chance (R07)."""
    return drawn % len(entries)


def by_weighted_lot(entries: list[Entry], _queue: Queue, drawn: int, _now: Instant) -> int:
    """Draw one, each with the chance of his lots (R07)."""
    drawn %= sum(entry[3] for entry in entries)
    for place, entry in enumerate(entries):
        drawn -= entry[3]
        if drawn < 0:
            return place
    raise AssertionError("a lot was drawn that nobody has")


STRATEGIES: Mapping[AgentChoice, Strategy] = MappingProxyType(
    {
        AgentChoice.LONGEST_IDLE: Strategy(longest_idle),
        AgentChoice.LEAST_OCCUPIED: Strategy(in_order, least_occupied),
        AgentChoice.MOST_SKILLED: Strategy(most_skilled),
        AgentChoice.LEAST_SKILLED: Strategy(least_skilled),
        AgentChoice.ROUND_ROBIN: Strategy(in_order, after_last),
        AgentChoice.FEWEST_CALLS: Strategy(fewest_calls),
        AgentChoice.LEAST_TALK_TIME: Strategy(least_talk_time),
        AgentChoice.FIXED_ORDER: Strategy(in_order),
        AgentChoice.RANDOM: Strategy(in_order, by_lot),
        AgentChoice.WEIGHTED_RANDOM: Strategy(in_order, by_weighted_lot),
    }
)


def lot(seed: int, draw: int) -> int:
    """Give the draw of this number: 64 bits, by the finaliser of SplitMix64 (Steele et al. 2014).

    The same seed and number give the same draw, on every machine.
    """
    mixed = (seed * 0x9E3779B97F4A7C15 + draw * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


def lot_of(seed: int, call: WaitingCall) -> int:
    """Give the lot of a call's next offer: the same whenever and however often it is drawn."""
    return lot(lot(seed, call.serial), call.attempts)


def _metric_of(entry: Entry) -> int:
    return entry[0]
