"""The engine's deadlines: the agendas of its parts, and what acts on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from csta.instants import Agenda, Instant

Waking: TypeAlias = tuple[Callable[[Instant], object], Agenda[Any]]
"""What acts on the deadlines of an agenda, given the instant, and the agenda."""


class Wakings:
    """Several agendas as one. What fails in one of them does not keep the others waiting."""

    def __init__(self, *wakings: Waking, on_fault: Callable[[object, Exception], None]) -> None:
        """Act in this order; `on_fault` is told the deadline's key and the exception."""
        self._wakings = wakings
        self._on_fault = on_fault

    def next_at(self) -> Instant | None:
        """Give the earliest deadline, or None."""
        earliest = None
        for _, agenda in self._wakings:
            at = agenda.next_at()
            if at is not None and (earliest is None or at < earliest):
                earliest = at
        return earliest

    def wake(self, now: Instant) -> None:
        """Act on every deadline that has come; what was not reached is due at once again."""
        for act, agenda in self._wakings:
            try:
                act(now)
            except Exception as error:  # noqa: BLE001 - the monitor decides what it means
                self._on_fault(agenda.last, error)
