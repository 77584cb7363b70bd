"""Skills and levels: what an agent can do, and how well (1 to 10, 10 is best)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

LEVEL_MIN = 1
LEVEL_MAX = 10

SkillSet: TypeAlias = tuple[tuple[str, int], ...]
"""Skills with levels, sorted by name: agents with equal sets are interchangeable to the ACD."""


def skill_set(levels: Mapping[str, int]) -> SkillSet:
    """Write a mapping of skill to level in the one form that compares and hashes."""
    return tuple(sorted(levels.items()))


def total_level(has: SkillSet, required: SkillSet) -> int | None:
    """Sum the levels of the required skills, or None where one is missing or too low."""
    levels = dict(has)
    total = 0
    for skill, least in required:
        level = levels.get(skill, 0)
        if level < least:
            return None
        total += level
    return total
