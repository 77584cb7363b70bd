"""How long callers would wait before hanging up, from records in which most were answered first.

The estimate is Kaplan and Meier's (1958): an answer is a censored observation, for the caller would
have waited longer than that.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable

import msgspec

from csta.instants import DAY, Milliseconds
from scenarios.trace import TraceCall

_HANG_UPS_MIN = 50  # a type with fewer hang-ups has no curve of its own


class PatienceCurve(msgspec.Struct, frozen=True):
    """The share of callers who would wait longer than a time, S(t), as steps at the hang-ups.

    `mean_ms` is the mean of the exponential law that fits: time waited / hang-ups. It also gives
    the tail beyond the last hang-up, where the records say nothing.
    """

    times_ms: tuple[Milliseconds, ...]
    shares: tuple[float, ...]
    mean_ms: float

    def share_beyond(self, time_ms: Milliseconds) -> float:
        """Give S(t), the share of callers who would wait longer than that."""
        steps = bisect_right(self.times_ms, time_ms)
        return self.shares[steps - 1] if steps else 1.0

    def draw(self, u: float, given_ms: Milliseconds = 0) -> Milliseconds:
        """Give the patience of a caller who has already waited `given_ms`; it is longer than that.

        `u`, above 0 and no more than 1, is the share of such callers who are more patient: at 1 it
        is the next hang-up of the curve. Nobody waits longer than a day.
        """
        left = self.share_beyond(given_ms)
        first = bisect_right(self.times_ms, given_ms)
        step = bisect_left(self.shares, -u * left, lo=first, key=operator.neg)
        if step < len(self.times_ms):
            return self.times_ms[step]
        last_ms = max(given_ms, self.times_ms[-1] if self.times_ms else 0)
        rest = self.share_beyond(last_ms)
        beyond = u * left / rest if rest else u
        longest_ms = min(float(DAY), last_ms - self.mean_ms * math.log(beyond))
        return max(given_ms + 1, round(longest_ms))


class Patience(msgspec.Struct, frozen=True):
    """The curves of a trace: one for each type of call with enough hang-ups, and one for all."""

    everyone: PatienceCurve
    by_type: dict[str, PatienceCurve]

    def of(self, call_type: str) -> PatienceCurve:
        """Give the curve of a type, or that of everyone when the type has none of its own."""
        return self.by_type.get(call_type, self.everyone)


def fit_curve(waits: Iterable[tuple[Milliseconds, bool]]) -> PatienceCurve:
    """Estimate a curve from waits, each with whether it ended by hanging up."""
    hung_up: Counter[Milliseconds] = Counter()
    ended: Counter[Milliseconds] = Counter()
    for wait_ms, by_hanging_up in waits:
        ended[wait_ms] += 1
        hung_up[wait_ms] += by_hanging_up
    at_risk, share = ended.total(), 1.0
    steps: list[tuple[Milliseconds, float]] = []
    for wait_ms in sorted(ended):
        if hung_up[wait_ms]:
            share *= 1 - hung_up[wait_ms] / at_risk
            steps.append((wait_ms, share))
        at_risk -= ended[wait_ms]
    waited_ms = sum(wait_ms * calls for wait_ms, calls in ended.items())
    return PatienceCurve(
        times_ms=tuple(wait_ms for wait_ms, _ in steps),
        shares=tuple(share for _, share in steps),
        mean_ms=waited_ms / hung_up.total() if hung_up.total() else math.inf,
    )


def fit_patience(calls: Iterable[TraceCall]) -> Patience:
    """Estimate the curves of a trace from its calls that queued."""
    waits: dict[str, list[tuple[Milliseconds, bool]]] = {}
    for call in calls:
        if call.queued:
            waits.setdefault(call.call_type, []).append((call.wait_ms, not call.answered))
    return Patience(
        everyone=fit_curve(wait for of_type in waits.values() for wait in of_type),
        by_type={
            call_type: fit_curve(of_type)
            for call_type, of_type in waits.items()
            if sum(hung_up for _, hung_up in of_type) >= _HANG_UPS_MIN
        },
    )
