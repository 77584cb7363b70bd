"""Figures of long times from sums made beforehand: a report reads no contact again (features K).

Time is cut into intervals. Each queue has one sum for each interval, and one for each block of
intervals. A visit is read once, when its interval is summed up; a report over ninety days adds
ninety blocks and the intervals at its two ends. What is added is exact: figures add up, shares are
made of the sums (S1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from acd.service_levels import SHORT_MS
from acd.stats import Figures, add_up, figures
from acd.visits import By, Visit, counts_at
from csta.ids import DeviceId
from csta.instants import MINUTE, SECOND, Instant, Milliseconds

INTERVAL_MS: Final[Milliseconds] = 15 * MINUTE
BLOCK: Final = 96
"""Intervals of a block: a day of quarters of an hour. Blocks only save work; days are the caller's
to cut, by their first and last instant, so that they may have 23 or 25 hours (T3)."""

_Cell: TypeAlias = tuple[DeviceId, int]
"""A queue, and the number of an interval or of a block, from the epoch on."""


class Work(msgspec.Struct):
    """What the sums have cost so far: visits that were read, and sums that were added."""

    visits: int = 0
    sums: int = 0


class Aggregates:
    """The sums of all queues. Visits may come in any order, also those of times that were reported.

    Contacts are visits too: give contacts, or visits, to one of these, but not both.
    """

    def __init__(
        self,
        thresholds: Mapping[DeviceId, Milliseconds],
        *,
        by: By = By.OFFER,
        interval_ms: Milliseconds = INTERVAL_MS,
        threshold_ms: Milliseconds = 20 * SECOND,
        short_ms: Milliseconds = SHORT_MS,
    ) -> None:
        """Start empty. A queue without a threshold of its own has `threshold_ms`.

        `by` says in which interval a visit counts; one that does not count yet is to be given
        again when it does.
        """
        self.work = Work()
        self._thresholds = thresholds
        self._threshold_ms = threshold_ms
        self._short_ms = short_ms
        self._by = by
        self._interval_ms = interval_ms
        self._fresh: dict[_Cell, list[Visit]] = {}
        self._intervals: dict[_Cell, Figures] = {}
        self._blocks: dict[_Cell, Figures] = {}
        self._queues: dict[DeviceId, None] = {}

    def take(self, visit: Visit) -> None:
        """Take in a visit, or a contact, that is over."""
        at = counts_at(visit, self._by)
        if at is not None:
            self._queues[visit.queue] = None
            self._fresh.setdefault((visit.queue, at // self._interval_ms), []).append(visit)

    def report(self, from_at: Instant, until_at: Instant) -> dict[DeviceId, Figures]:
        """Give the sums of each queue that has any, from an instant until before another.

        Raises:
            ValueError: an instant does not lie between two intervals.
        """
        if from_at % self._interval_ms or until_at % self._interval_ms:
            raise ValueError(
                f"a report begins and ends at a multiple of {self._interval_ms} ms: intervals of"
                " this length are all that is kept"
            )
        self.sum_up()
        first, last = from_at // self._interval_ms, until_at // self._interval_ms
        found = {}
        for queue in self._queues:
            if parts := self._parts(queue, first, last):
                found[queue] = self._added(parts)
        return found

    def sum_up(self) -> None:
        """Make sums of the visits that have come, and forget the visits.

        A report does so itself; done at the end of each interval, the report has less to do.
        """
        stale: dict[_Cell, None] = {}
        for (queue, number), visits in self._fresh.items():
            threshold_ms = self._thresholds.get(queue, self._threshold_ms)
            fresh = figures(visits, threshold_ms, self._short_ms)
            self.work.visits += len(visits)
            known = self._intervals.get((queue, number))
            both = fresh if known is None else self._added([known, fresh])
            self._intervals[queue, number] = both
            stale[queue, number // BLOCK] = None
        self._fresh.clear()
        for queue, block in stale:
            numbers = range(block * BLOCK, (block + 1) * BLOCK)
            each = [one for n in numbers if (one := self._intervals.get((queue, n))) is not None]
            self._blocks[queue, block] = self._added(each)

    def _parts(self, queue: DeviceId, first: int, last: int) -> list[Figures]:
        """List the sums that make up the intervals from `first` until before `last`."""
        parts = []
        number = first
        while number < last:
            if number % BLOCK == 0 and number + BLOCK <= last:
                part = self._blocks.get((queue, number // BLOCK))
                number += BLOCK
            else:
                part = self._intervals.get((queue, number))
                number += 1
            if part is not None:
                parts.append(part)
        return parts

    def _added(self, each: list[Figures]) -> Figures:
        self.work.sums += len(each)
        return add_up(each)
