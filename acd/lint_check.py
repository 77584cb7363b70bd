"""What a check of the linter is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

from acd.lint_view import PlanView, Where
from csta.instants import DAY, HOUR, MINUTE, SECOND, Milliseconds


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It cannot work as it is written."""
    WARNING = "warning"
    """It works, but hardly as it is meant."""
    NOTE = "note"
    """It may be meant; worth a look."""


class Found(NamedTuple):
    """What a check found: where in the file, what with its figures, what to write."""

    where: Where
    message: str
    remedy: str


Finder: TypeAlias = Callable[[PlanView], Iterator[Found]]


class Check(NamedTuple):
    """One check: its id, what it is called, why it matters, a wrong example, how it looks."""

    id: str
    severity: Severity
    title: str
    why: str
    example: str
    find: Finder


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding: the check, how bad, where in the file, what is wrong, and what to write."""

    id: str
    severity: Severity
    where: Where
    message: str
    remedy: str

    @property
    def place(self) -> str:
        """Write where it is: `queues.sales.steps[2].when`."""
        return written(self.where)


def written(where: Where) -> str:
    """Write a path as errors of the file's readers write it."""
    words = ""
    for part in where:
        if isinstance(part, int):
            words += f"[{part}]"
        else:
            words += f".{part}" if words else part
    return words


def time(length: Milliseconds) -> str:
    """Write a duration as the file does, in the largest unit that needs no fraction."""
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND)):
        if length and length % size == 0:
            return f"{length // size} {unit}"
    return f"{length} ms"


def some(names: list[str] | tuple[str, ...]) -> str:
    """Name at most five."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown  # noqa: PLR2004 - said above


def similar(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Say which of the known words may be meant, or which there are."""
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"one of: {', '.join(known)}" if known else "there is none yet"
