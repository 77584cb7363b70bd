"""Instants and the agenda of instants that matter next.

An instant is a whole number of milliseconds since the Unix epoch. Only clocks round; cores compare.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeAlias, TypeVar

Instant: TypeAlias = int
Milliseconds: TypeAlias = int

SECOND: Milliseconds = 1_000
MINUTE: Milliseconds = 60_000
HOUR: Milliseconds = 3_600_000
DAY: Milliseconds = 86_400_000

Key = TypeVar("Key", bound=Hashable)

_STALE_MIN = 64


class Agenda(Generic[Key]):
    """The deadlines of one core: one instant a key, handed out in order of instant, then of entry.

    Adding and cancelling cost O(log n); a cancelled or replaced deadline stays in the heap until it
    surfaces or until more than half of the heap is stale, when the heap is built anew.
    """

    __slots__ = ("_at", "_heap", "_serial", "last")

    def __init__(self) -> None:
        """Start with nothing to wait for."""
        self._heap: list[tuple[Instant, int, Key]] = []
        self._at: dict[Key, tuple[Instant, int, Key]] = {}
        self._serial = 0
        self.last: Key | None = None
        """The key that was handed out last: whose it was, if acting on it fails."""

    def __len__(self) -> int:
        """Count the deadlines that are in force."""
        return len(self._at)

    def __contains__(self, key: Key) -> bool:
        """Tell whether the key has a deadline in force."""
        return key in self._at

    def set(self, key: Key, at: Instant) -> None:
        """Give the key this deadline; an earlier one of the same key is forgotten."""
        self._serial += 1
        entry = self._at[key] = (at, self._serial, key)
        heapq.heappush(self._heap, entry)
        if len(self._heap) > _STALE_MIN + 2 * len(self._at):
            self._drop_stale()

    def cancel(self, key: Key) -> None:
        """Forget the key's deadline; it is no error when there is none."""
        if self._at.pop(key, None) is not None and (
            len(self._heap) > _STALE_MIN + 2 * len(self._at)
        ):
            self._drop_stale()

    def at(self, key: Key) -> Instant | None:
        """Give the key's deadline, or None."""
        entry = self._at.get(key)
        return entry[0] if entry else None

    def next_at(self) -> Instant | None:
        """Give the earliest deadline in force, or None."""
        heap, in_force = self._heap, self._at
        while heap:
            entry = heap[0]
            if in_force.get(entry[2]) is entry:
                return entry[0]
            heapq.heappop(heap)
        return None

    def due(self, now: Instant) -> Iterator[Key]:
        """Take out, in order, each key whose deadline is not after now.

        What is added while iterating is handed out too when it is due.
        """
        while (at := self.next_at()) is not None and at <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._at[key]
            self.last = key
            yield key

    def _drop_stale(self) -> None:
        in_force = self._at
        self._heap = [entry for entry in self._heap if in_force.get(entry[2]) is entry]
        heapq.heapify(self._heap)
