"""A report over ninety days and a million contacts, from sums made beforehand (c.3-15)."""

from __future__ import annotations

import random

from acd.aggregates import Aggregates
from acd.stats import add_up
from acd.visits import ExitReason, Visit
from bench.figures import Measured, Stopwatch
from csta.instants import DAY, SECOND

_QUEUES = tuple(f"acd:q{number}" for number in range(10))
_DAYS = 90
_ABANDON_SHARE = 0.05
_AT_ONCE_SHARE = 0.3


def measure(*, contacts: int, seed: int) -> dict[str, Measured]:
    """Measure one report, all queues and their total, and the summing up before it."""
    generator = random.Random(seed)  # noqa: S311 - a benchmark keeps no secrets
    sums = Aggregates({})
    before, report = Stopwatch(), Stopwatch()
    for _ in range(contacts):
        sums.take(_contact(generator))
    with before.running():
        sums.sum_up()
    with report.running():
        found = sums.report(0, _DAYS * DAY)
        total = add_up(list(found.values()))
    assert total.offered == contacts, "a contact was lost"
    assert sums.work.visits == contacts, "a contact was read again"
    return {
        "sum up": Measured(contacts, before.cpu_s),
        "report": Measured(1, report.cpu_s),
    }


def _contact(generator: random.Random) -> Visit:
    abandoned = generator.random() < _ABANDON_SHARE
    at_once = generator.random() < _AT_ONCE_SHARE
    return Visit(
        queue=generator.choice(_QUEUES),
        offered_at=generator.randrange(_DAYS * DAY),
        waited_ms=0 if at_once else int(generator.expovariate(1 / (40 * SECOND))),
        answered=not abandoned,
        abandoned=abandoned,
        talk_ms=0 if abandoned else 200 * SECOND,
        reason=ExitReason.ABANDONED if abandoned else ExitReason.ANSWERED,
    )
