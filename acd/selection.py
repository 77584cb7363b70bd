"""Which agent next: one small function for each strategy, and the table of them.

A rank is a tuple, smaller is chosen first. Its last member is the same for all strategies: who
became ready first. No two agents do, so no tie is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from acd.config import AgentChoice
from agents.agent import Agent

Rank: TypeAlias = tuple[int, int]


def longest_idle(agent: Agent, _level: int) -> Rank:
    """Prefer who has been ready for the longest time."""
    return (0, agent.ready_number)


def most_skilled(agent: Agent, level: int) -> Rank:
    """Prefer the highest sum of levels in the required skills."""
    return (-level, agent.ready_number)


STRATEGIES: Mapping[AgentChoice, Callable[[Agent, int], Rank]] = MappingProxyType(
    {AgentChoice.LONGEST_IDLE: longest_idle, AgentChoice.MOST_SKILLED: most_skilled}
)
