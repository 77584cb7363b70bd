"""Figures of queues: sums over visits or contacts, and what is made of the sums (features §e).

Everything is kept as sums, which add up over queues, intervals and runs; means, shares and
percentiles are made from them at the very end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from acd.contact_fold import ContactFold
from acd.service_levels import SHORT_MS, VARIANTS, LevelCounts
from acd.visits import Contact, Visit, VisitState
from agents.ledger import share
from csta.instants import SECOND, Instant, Milliseconds

__all__ = [
    "BUCKET_EDGES",
    "SERVICE_LEVELS",
    "Contact",
    "ContactFold",
    "Figures",
    "WaitCounts",
    "add_up",
    "figures",
]

SERVICE_LEVELS: Mapping[str, str] = MappingProxyType(
    {variant.variant: variant.formula for variant in VARIANTS.values()}
)
"""The formula of each variant, by id; `service_levels.VARIANTS` has their sources too."""

BUCKET_EDGES: tuple[Milliseconds, ...] = tuple(
    seconds * SECOND for seconds in (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 600)
)
"""Where the buckets of waits begin, after the first, which begins at 0."""


class WaitCounts(msgspec.Struct, frozen=True):
    """Waits, each with how often it was waited: exact, and it adds up."""

    counts: dict[Milliseconds, int] = {}

    @property
    def total_ms(self) -> Milliseconds:
        """All waits together."""
        return sum(wait * count for wait, count in self.counts.items())

    @property
    def longest_ms(self) -> Milliseconds:
        """The longest wait; 0 where there is none."""
        return max(self.counts, default=0)

    def percentile(self, percent: int) -> Milliseconds | None:
        """Give the shortest wait that so many percent of the waits do not exceed (nearest rank)."""
        left = percent * sum(self.counts.values())
        for wait in sorted(self.counts):
            left -= 100 * self.counts[wait]
            if left <= 0:
                return wait
        return None

    def buckets(self, edges: Sequence[Milliseconds] = BUCKET_EDGES) -> tuple[int, ...]:
        """Count the waits in [0, first edge), [first edge, second edge) ... [last edge, ever)."""
        limits = (0, *edges, self.longest_ms + edges[-1] + 1)
        return tuple(
            sum(count for wait, count in self.counts.items() if low <= wait < high)
            for low, high in pairwise(limits)
        )


class Figures(LevelCounts, frozen=True, kw_only=True):
    """Sums over visits or contacts, from which every share is made: sums add up, shares do not.

    `threshold_ms` is the T of the counts, `short_ms` their s.
    """

    threshold_ms: Milliseconds
    short_ms: Milliseconds = SHORT_MS
    waited: int = 0
    """Those who had to wait at all."""
    flowed_in: int = 0
    """Those that came from another visit."""
    exits: dict[str, int]
    """How many ended for each reason."""
    answered_waits: WaitCounts = WaitCounts()
    abandoned_waits: WaitCounts = WaitCounts()
    other_waits: WaitCounts = WaitCounts()
    talk_ms: Milliseconds = 0

    @property
    def other(self) -> int:
        """Those that were neither answered nor abandoned."""
        return self.offered - self.answered - self.abandoned

    def service_level(self, variant: str) -> float | None:
        """Give a service level by its id (features §e.1); None where there is nothing to divide."""
        return VARIANTS[variant].share(self)

    @property
    def mean_excess_ms(self) -> float | None:
        """AE: by how much an answer came later than T, in the mean of the answered."""
        return share(self.excess_ms, self.answered)

    @property
    def abandoned_share(self) -> float | None:
        """Abandoned of offered."""
        return share(self.abandoned, self.offered)

    @property
    def waited_share(self) -> float | None:
        """Those who had to wait at all, of offered."""
        return share(self.waited, self.offered)

    @property
    def mean_wait_ms(self) -> float | None:
        """Mean wait of all that were offered, however they ended."""
        decided_ms = self.answered_waits.total_ms + self.abandoned_waits.total_ms
        return share(decided_ms + self.other_waits.total_ms, self.offered)

    @property
    def mean_decided_wait_ms(self) -> float | None:
        """Mean wait of the answered and the abandoned: the queue's length over the arrivals."""
        decided_ms = self.answered_waits.total_ms + self.abandoned_waits.total_ms
        return share(decided_ms, self.answered + self.abandoned)

    @property
    def asa_ms(self) -> float | None:
        """Average speed of answer: mean wait of those who were answered, ringing included."""
        return share(self.answered_waits.total_ms, self.answered)

    @property
    def mean_abandon_ms(self) -> float | None:
        """Mean wait of those who abandoned."""
        return share(self.abandoned_waits.total_ms, self.abandoned)

    @property
    def mean_talk_ms(self) -> float | None:
        """Mean of talk and hold of those who were answered."""
        return share(self.talk_ms, self.answered)

    @property
    def longest_wait_ms(self) -> Milliseconds:
        """The longest wait, however it ended."""
        each = (self.answered_waits, self.abandoned_waits, self.other_waits)
        return max(waits.longest_ms for waits in each)


_UNITS = ("threshold_ms", "short_ms")
_WAITS = ("answered_waits", "abandoned_waits", "other_waits")
_SUMS = tuple(name for name in Figures.__struct_fields__ if name not in (*_UNITS, *_WAITS, "exits"))


def figures(
    visits: Iterable[Visit],
    threshold_ms: Milliseconds,
    short_ms: Milliseconds = SHORT_MS,
    now: Instant | None = None,
) -> Figures:
    """Sum up visits, or contacts; what still waits has waited until `now`, or not at all."""
    each = list(visits)
    answered = [visit for visit in each if visit.answered]
    abandoned = [visit for visit in each if visit.abandoned and not visit.answered]
    other = [visit for visit in each if not (visit.answered or visit.abandoned)]
    answers, abandons = Counter(_waits(answered, now)), Counter(_waits(abandoned, now))
    rest = Counter(_waits(other, now))
    waiting = Counter(_waits([visit for visit in other if visit.waited_ms is None], now))
    callbacks = [visit for visit in other if visit.state is VisitState.CALLBACK_HELD]
    states = Counter(visit.state for visit in other)
    within = threshold_ms + 1
    offered_late = sum(_late(waits, threshold_ms) for waits in (answers, abandons, rest))
    return Figures(
        threshold_ms=threshold_ms,
        short_ms=short_ms,
        offered=len(each),
        answered=len(answered),
        answered_within=_below(answers, within),
        answered_before=_below(answers, threshold_ms),
        abandoned=len(abandoned),
        abandoned_within=_below(abandons, within),
        abandoned_short=_below(abandons, short_ms),
        flowed_out=states[VisitState.FLOWED_OUT],
        callbacks=len(callbacks),
        callbacks_within=_below(Counter(_waits(callbacks, now)), within),
        withdrawn=states[VisitState.WITHDRAWN],
        errors=states[VisitState.ERROR],
        waiting=waiting.total(),
        waiting_late=_late(waiting, threshold_ms),
        late=offered_late,
        rung_out=sum(_rang_out(visit, threshold_ms, now) for visit in each),
        excess_ms=sum((wait - threshold_ms) * n for wait, n in answers.items() if wait >= within),
        waited=len(each) - answers[0] - abandons[0] - rest[0],
        flowed_in=sum(visit.came_from is not None for visit in each),
        exits=_sorted(Counter(visit.reason.value for visit in each if visit.reason is not None)),
        answered_waits=WaitCounts(_sorted(answers)),
        abandoned_waits=WaitCounts(_sorted(abandons)),
        other_waits=WaitCounts(_sorted(rest)),
        talk_ms=sum(visit.talk_ms for visit in answered),
    )


def _waits(visits: Iterable[Visit], now: Instant | None) -> list[Milliseconds]:
    return [
        visit.waited_ms
        if visit.waited_ms is not None
        else (0 if now is None else now - visit.offered_at)
        for visit in visits
    ]


def _below(waits: Counter[Milliseconds], limit_ms: Milliseconds) -> int:
    return sum(count for wait, count in waits.items() if wait < limit_ms)


def _late(waits: Counter[Milliseconds], threshold_ms: Milliseconds) -> int:
    return waits.total() - _below(waits, threshold_ms + 1)


def _rang_out(visit: Visit, threshold_ms: Milliseconds, now: Instant | None) -> bool:
    """Tell whether a RONA within T was what the level shows, and no answer within T."""
    rang_out = visit.rang_out_ms
    if rang_out is None or rang_out > threshold_ms:
        return False
    [wait] = _waits([visit], now)
    return wait > threshold_ms or (visit.abandoned and not visit.answered)


def add_up(each: Sequence[Figures]) -> Figures:
    """Add up queues, intervals or runs; a threshold on which they do not agree is 0 in the sum.

    Raises:
        ValueError: there is nothing to add.
    """
    if not each:
        raise ValueError("a sum of figures needs one of them at least")
    units: dict[str, Any] = {
        name: getattr(each[0], name)
        if all(getattr(one, name) == getattr(each[0], name) for one in each)
        else 0
        for name in _UNITS
    }
    waits: dict[str, Any] = {
        name: WaitCounts(_merged([getattr(one, name).counts for one in each])) for name in _WAITS
    }
    sums: dict[str, Any] = {name: sum(getattr(one, name) for one in each) for name in _SUMS}
    return Figures(**units, **waits, **sums, exits=_merged([one.exits for one in each]))


_Key = TypeVar("_Key", str, int)


def _merged(counts: Iterable[dict[_Key, int]]) -> dict[_Key, int]:
    total: Counter[_Key] = Counter()
    for one in counts:
        total.update(one)
    return _sorted(total)


def _sorted(counts: Counter[_Key]) -> dict[_Key, int]:
    """Write counts in the order of what is counted, so that equal counts look alike."""
    return {key: counts[key] for key in sorted(counts) if counts[key]}
