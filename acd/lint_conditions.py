"""What a condition can come to: tried with every value at which it may change its mind.

Conditions compare names with constants and compute nothing. So it is enough to try, for each
name, the constants that it is compared with, their neighbours, and the ends of what it can be.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise, product
from typing import Final, TypeAlias

import msgspec

from csta.conditions import WordingError, compile_condition

Value: TypeAlias = str | int | float | bool

TRIALS_MAX: Final = 20_000
"""With more combinations than this, a condition counts as one that may hold or not."""

_SUBSCRIPT = re.compile(r"\[(['\"])(.*?)\1\]")


class Range(msgspec.Struct, frozen=True):
    """The numbers that a name can be, both ends included; None: no end. `whole`: no fractions."""

    least: float | None = None
    most: float | None = None
    whole: bool = True

    def __str__(self) -> str:
        """Write it for people: `1 to 40`, `0 or more`."""
        if self.least is None:
            return "any number" if self.most is None else f"{self.most:g} or less"
        if self.most is None:
            return f"{self.least:g} or more"
        same = self.least == self.most
        return f"always {self.least:g}" if same else f"{self.least:g} to {self.most:g}"

    def trials(self, constants: tuple[Value, ...]) -> tuple[Value, ...]:
        """Give the numbers to try."""
        numbers = [_number(constant) for constant in constants]
        around = [n + d for n in [0, *numbers] if n is not None for d in (-1, 0, 1)]
        ends = [end for end in (self.least, self.most) if end is not None]
        tried = sorted(dict.fromkeys(n for n in [*around, *ends] if self._holds(n)))
        if not self.whole:
            tried += [(a + b) / 2 for a, b in pairwise(tried)]
        return tuple(tried)

    def _holds(self, number: float) -> bool:
        above = self.least is None or number >= self.least
        return above and (self.most is None or number <= self.most)


class Words(msgspec.Struct, frozen=True):
    """The only texts that a name can be."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        """Write them for people."""
        return " or ".join(self.words)

    def trials(self, _constants: tuple[Value, ...]) -> tuple[Value, ...]:
        """Give all of them."""
        return self.words


class Anything(msgspec.Struct, frozen=True):
    """What is not known before a call comes: any text or number, or nothing at all."""

    def __str__(self) -> str:
        """Write it for people."""
        return "anything"

    def trials(self, constants: tuple[Value, ...]) -> tuple[Value | None, ...]:
        """Give the constants, their neighbours, a value like none of them, and none."""
        numbers = [n + d for n in map(_number, constants) if n is not None for d in (-1, 0, 1)]
        texts = [text for c in constants if isinstance(c, str) for text in (c, f"{c}~")]
        tried: list[Value] = [*texts, *numbers, True, False, ""]
        return (*dict.fromkeys(tried), None)


Domain: TypeAlias = Range | Words | Anything
DomainOf: TypeAlias = Callable[[str], Domain | None]
"""Gives what a name can be; None: nothing is known of it, so that nothing can be said."""


class Outcomes(msgspec.Struct, frozen=True):
    """Whether a condition can hold, and whether it can fail to (unknown is a failure)."""

    can_hold: bool = True
    can_fail: bool = True


OPEN: Final = Outcomes()


def fault_of(condition: str) -> WordingError | None:
    """Give what is wrong with the wording of a condition, or None."""
    try:
        compile_condition(condition)
    except WordingError as fault:
        return fault
    return None


def names_of(condition: str) -> tuple[str, ...]:
    """Give the names in a condition, in order; none where it cannot be read, or is empty."""
    if not condition or fault_of(condition):
        return ()
    return compile_condition(condition).names


def outcomes(condition: str, domain_of: DomainOf) -> Outcomes:
    """Tell what a condition can come to; both, wherever that cannot be told for sure."""
    compared = _compared(condition)
    if compared is None:
        return OPEN
    names = names_of(condition)
    trials: list[tuple[Value | None, ...]] = []
    count = 1
    for name in names:
        domain = domain_of(name)
        if domain is None:
            return OPEN
        trials.append(domain.trials(compared.get(name, ())))
        count *= len(trials[-1])
    if count > TRIALS_MAX:
        return OPEN
    held = {holds(condition, dict(zip(names, values, strict=True))) for values in product(*trials)}
    return Outcomes(can_hold=True in held, can_fail=held != {True})


def holds(condition: str, values: dict[str, Value | None]) -> bool | None:
    """Judge a condition with these values; None stands for one that is not known."""

    def value(name: str) -> Value:
        found = values.get(name)
        if found is None:
            raise KeyError(name)
        return found

    return compile_condition(condition).holds(value)


def comparisons(condition: str) -> tuple[tuple[str, Value], ...]:
    """Give each name with each constant that it is compared with, in order."""
    compared = _compared(condition) or {}
    return tuple((name, constant) for name, found in compared.items() for constant in found)


@lru_cache(maxsize=1024)
def _compared(condition: str) -> dict[str, tuple[Value, ...]] | None:
    """Give the constants that names are compared with; None where names meet one another."""
    if not condition or fault_of(condition):
        return None
    found: dict[str, tuple[Value, ...]] = {}
    for node in ast.walk(ast.parse(condition.strip(), mode="eval")):
        if isinstance(node, ast.Compare):
            for left, right in pairwise([node.left, *node.comparators]):
                names = [side for side in (left, right) if not _constants(side)]
                if len(names) > 1:
                    return None
                for side in names:
                    constants = _constants(right if side is left else left)
                    name = _SUBSCRIPT.sub(r".\2", ast.unparse(side))
                    found[name] = (*found.get(name, ()), *constants)
    return found


def _constants(node: ast.expr) -> tuple[Value, ...]:
    return tuple(_literals(node))


def _literals(node: ast.expr) -> Iterator[Value]:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            yield value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            yield -number
        case ast.Name(id="true" | "false" as word):
            yield word == "true"
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            for element in elements:
                yield from _literals(element)


def _number(value: Value) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
