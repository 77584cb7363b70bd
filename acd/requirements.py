"""What a call needs of an agent: least levels, and a condition over skills and the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from agents.skills import SkillSet, total_level
from csta.conditions import compile_condition

Attribute: TypeAlias = str | int | bool

CALLER: Final = "caller."


class Requirement(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Least levels, and a condition with what is known of the caller (R10 to R12).

    Calls with equal requirements are interchangeable but for their place in the service order.
    `caller` holds only the attributes that the condition names, so that there are few of them.
    """

    skills: SkillSet
    condition: str = ""
    caller: tuple[tuple[str, Attribute], ...] = ()

    def level(self, has: SkillSet) -> int | None:
        """Sum the agent's levels in the skills that are named, or None if they do not suffice.

        A skill that the agent has not counts as level 0; what is not known of the caller makes a
        comparison unknown, and a condition that is unknown does not hold.
        """
        total = total_level(has, self.skills)
        if total is None or not self.condition:
            return total
        levels: dict[str, Attribute] = dict(has)
        caller = dict(self.caller)

        def value(name: str) -> object:
            if name.startswith(CALLER):
                return caller[name]
            return levels.get(name, 0)

        condition = compile_condition(self.condition)
        if not condition.holds(value):
            return None
        needed = {name for name, _ in self.skills}
        return total + sum(
            level for name, level in has if name in condition.names and name not in needed
        )


def requirement(
    skills: SkillSet, condition: str, attributes: Mapping[str, Attribute]
) -> Requirement:
    """Bind a queue's or a step's requirement to one caller."""
    if not condition:
        return Requirement(skills)
    named = (name for name in compile_condition(condition).names if name.startswith(CALLER))
    known = tuple(
        (name, attributes[name.removeprefix(CALLER)])
        for name in named
        if name.removeprefix(CALLER) in attributes
    )
    return Requirement(skills, condition, known)
