"""Reports over a long time read no contact again (c.3-15)."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.aggregates import BLOCK, INTERVAL_MS, Aggregates
from acd.stats import Figures, add_up, figures
from acd.visits import By, ExitReason, Visit, counted_in
from csta.instants import DAY, HOUR, MINUTE, SECOND, Milliseconds

QUEUES = ("acd:sales", "acd:support", "acd:night")
THRESHOLDS: dict[str, Milliseconds] = {"acd:sales": 20 * SECOND, "acd:support": 45 * SECOND}


def visits_over(days: int, count: int) -> list[Visit]:
    """Spread visits over days and queues; every seventh is abandoned."""
    return [
        Visit(
            queue=QUEUES[number % 3],
            offered_at=number * days * DAY // count,
            waited_ms=number * 7_919 % (3 * MINUTE),
            answered=bool(number % 7),
            abandoned=not number % 7,
            talk_ms=100 * SECOND if number % 7 else 0,
            reason=ExitReason.ANSWERED if number % 7 else ExitReason.ABANDONED,
            ended_at=number * days * DAY // count + 5 * MINUTE,
        )
        for number in range(count)
    ]


def from_visits(visits: list[Visit], from_at: int, until_at: int) -> dict[str, Figures]:
    """Sum up without any sums made beforehand."""
    here = counted_in(visits, from_at, until_at)
    return {
        queue: figures(mine, THRESHOLDS.get(queue, 20 * SECOND))
        for queue in QUEUES
        if (mine := [visit for visit in here if visit.queue == queue])
    }


def test_c3_15_a_report_of_ninety_days_reads_no_contact_again_and_adds_days_not_contacts() -> None:
    """The count of contacts is smaller than a million here: the work of a report is counted."""
    visits = visits_over(90, 90 * 40)
    sums = Aggregates(THRESHOLDS)
    for visit in visits:
        sums.take(visit)
    sums.sum_up()
    assert sums.work.visits == len(visits)
    before = sums.work.sums
    report = sums.report(0, 90 * DAY)
    assert sums.work.visits == len(visits), "no contact is read again"
    assert sums.work.sums - before == 90 * len(QUEUES), "one sum for each day and queue"
    assert report == from_visits(visits, 0, 90 * DAY)

    fewer = Aggregates(THRESHOLDS)
    for visit in visits[::10]:
        fewer.take(visit)
    fewer.sum_up()
    before = fewer.work.sums
    fewer.report(0, 90 * DAY)
    assert fewer.work.sums - before == 90 * len(QUEUES), "ten times the contacts: the same work"


def test_c3_15_a_contact_that_comes_late_is_added_to_what_was_reported() -> None:
    visits = visits_over(3, 300)
    sums = Aggregates(THRESHOLDS)
    for visit in visits[1:]:
        sums.take(visit)
    sums.report(0, 3 * DAY)
    sums.take(visits[0])
    assert sums.report(0, 3 * DAY) == from_visits(visits, 0, 3 * DAY)
    assert sums.work.visits == len(visits)


@pytest.mark.parametrize("hours", [23, 25])
def test_c3_15_a_day_may_have_23_or_25_hours(hours: int) -> None:
    visits = visits_over(4, 400)
    sums = Aggregates(THRESHOLDS)
    for visit in visits:
        sums.take(visit)
    from_at = 23 * HOUR
    until_at = from_at + hours * HOUR
    assert sums.report(from_at, until_at) == from_visits(visits, from_at, until_at)


@given(
    st.lists(
        st.builds(
            Visit,
            queue=st.sampled_from(QUEUES),
            offered_at=st.integers(0, 5 * DAY - 1),
            waited_ms=st.integers(0, HOUR),
            answered=st.booleans(),
        ),
        max_size=30,
    ),
    st.lists(st.integers(0, 5 * BLOCK), min_size=2, max_size=5, unique=True).map(sorted),
)
def test_c3_15_reports_add_up_whatever_the_cuts(visits: list[Visit], cuts: list[int]) -> None:
    """The sums of neighbouring times are the sum of both together, and equal a fresh count (S1)."""
    sums = Aggregates(THRESHOLDS)
    for visit in visits:
        sums.take(visit)
    instants = [cut * INTERVAL_MS for cut in cuts]
    whole = sums.report(instants[0], instants[-1])
    assert whole == from_visits(visits, instants[0], instants[-1])
    parts = [sums.report(begin, end) for begin, end in pairwise(instants)]
    for queue, figure in whole.items():
        assert add_up([part[queue] for part in parts if queue in part]) == figure
    assert math.fsum(f.offered for part in parts for f in part.values()) == sum(
        f.offered for f in whole.values()
    )


def test_c3_15_a_visit_counts_where_the_rule_says_and_not_before_it_can() -> None:
    visit = Visit("acd:sales", offered_at=14 * MINUTE, waited_ms=2 * MINUTE, answered=True)
    sums = Aggregates(THRESHOLDS, by=By.ANSWER)
    sums.take(visit)
    assert sums.report(0, 15 * MINUTE) == {}
    assert sums.report(15 * MINUTE, 30 * MINUTE)["acd:sales"].answered == 1

    by_end = Aggregates(THRESHOLDS, by=By.END)
    by_end.take(visit)
    assert by_end.report(0, DAY) == {}


def test_c3_15_a_report_does_not_cut_an_interval() -> None:
    with pytest.raises(ValueError, match="multiple of 900000 ms"):
        Aggregates(THRESHOLDS).report(0, 10 * MINUTE)
