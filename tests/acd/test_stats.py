"""Sums over visits: the parts are the whole, and sums add up in any order and any split."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.stats import BUCKET_EDGES, Figures, WaitCounts, add_up, figures
from acd.visits import By, ExitReason, Visit, counted_in
from tests.acd.visit_samples import THRESHOLD, contact, some_visits, visit, visits

waits = st.lists(st.integers(0, 700_000), max_size=40)


def counts_of(some: list[int]) -> WaitCounts:
    return WaitCounts({wait: some.count(wait) for wait in some})


@given(some_visits)
def test_the_parts_are_the_whole(some: list[Visit]) -> None:
    whole = figures(some, THRESHOLD)
    ends = (whole.flowed_out, whole.callbacks, whole.withdrawn, whole.errors, whole.waiting)
    assert whole.answered + whole.abandoned + sum(ends) == whole.offered == len(some)
    assert whole.other == sum(ends)
    assert sum(whole.exits.values()) == len(some)
    assert whole.answered_within <= whole.answered
    assert whole.abandoned_within <= whole.abandoned
    assert whole.level_events <= whole.offered
    each = (whole.answered_waits, whole.abandoned_waits, whole.other_waits)
    assert sum(one.total_ms for one in each) == sum(one.waited_ms or 0 for one in some)
    assert whole.longest_wait_ms == max((one.waited_ms or 0 for one in some), default=0)


@given(some_visits, some_visits)
def test_figures_of_two_intervals_or_queues_add_up(first: list[Visit], second: list[Visit]) -> None:
    parts = [figures(first, THRESHOLD), figures(second, THRESHOLD)]
    assert add_up(parts) == figures([*first, *second], THRESHOLD)


@given(some_visits, st.randoms(use_true_random=False))
def test_the_order_of_contacts_does_not_matter(some: list[Visit], random: object) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a `random.Random`
    assert figures(shuffled, THRESHOLD) == figures(some, THRESHOLD)


@given(some_visits)
def test_sums_that_are_kept_up_one_by_one_equal_the_recount(some: list[Visit]) -> None:
    # S1: what a live board does.
    running = figures([], THRESHOLD)
    for place, one in enumerate(some, start=1):
        running = add_up([running, figures([one], THRESHOLD)])
        assert running == figures(some[:place], THRESHOLD)


def test_a_sum_of_figures_with_different_thresholds_has_none() -> None:
    both = add_up([figures(visits(4, 30_000, ExitReason.ANSWERED), ms) for ms in (20_000, 60_000)])
    assert both.threshold_ms == 0
    assert both.service_level("SL9") == 4 / 8


def test_there_is_no_sum_of_nothing() -> None:
    with pytest.raises(ValueError, match="one of them"):
        add_up([])


def test_means_and_shares_of_a_few_contacts() -> None:
    whole = figures(
        [
            visit(10_000, ExitReason.ANSWERED),
            visit(0, ExitReason.ANSWERED),
            visit(30_000, ExitReason.ABANDONED),
            visit(60_000, ExitReason.OVERFLOW),
        ],
        THRESHOLD,
    )
    assert whole.asa_ms == 5_000
    assert whole.mean_abandon_ms == 30_000
    assert whole.mean_decided_wait_ms == pytest.approx(40_000 / 3)
    assert whole.mean_wait_ms == 25_000
    assert whole.waited_share == 0.75
    assert whole.abandoned_share == 0.25
    assert whole.longest_wait_ms == 60_000


def test_nothing_offered_gives_no_share_rather_than_nought() -> None:
    empty = figures([], THRESHOLD)
    assert (empty.asa_ms, empty.abandoned_share, empty.mean_wait_ms) == (None, None, None)
    assert (empty.waited_share, empty.mean_abandon_ms, empty.mean_talk_ms) == (None, None, None)
    assert (empty.mean_decided_wait_ms, empty.longest_wait_ms) == (None, 0)
    assert empty.answered_waits.percentile(50) is None


def test_figures_are_of_contacts_as_of_visits() -> None:
    alike = [(12_000, ExitReason.ANSWERED), (3_000, ExitReason.ABANDONED)]
    over_contacts = figures([contact(*one) for one in alike], THRESHOLD)
    over_visits = figures([visit(*one) for one in alike], THRESHOLD)
    assert over_contacts.asa_ms == over_visits.asa_ms == 12_000
    assert over_contacts.service_level("SL11") == over_visits.service_level("SL9") == 0.5


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 20), (80, 40), (90, 50), (95, 50), (99, 50), (20, 10)]
)
def test_a_percentile_is_the_shortest_wait_that_so_many_do_not_exceed(
    percent: int, expected: int
) -> None:
    assert counts_of([10, 20, 20, 40, 50]).percentile(percent) == expected


@given(waits.filter(bool), st.integers(1, 100))
def test_percentiles_are_the_nearest_rank(some: list[int], percent: int) -> None:
    rank = -(-percent * len(some) // 100)
    assert counts_of(some).percentile(percent) == sorted(some)[rank - 1]


@given(waits)
def test_the_buckets_are_the_total(some: list[int]) -> None:
    assert sum(counts_of(some).buckets()) == len(some)


def test_a_wait_at_an_edge_is_in_the_bucket_that_begins_there() -> None:
    assert counts_of([0, 4_999, 5_000, 600_000, 900_000]).buckets() == (
        2, 1, *[0] * (len(BUCKET_EDGES) - 2), 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("by", "places"),
    [(By.OFFER, [1, 0, 0]), (By.ANSWER, [0, 1, 0]), (By.END, [0, 0, 1])],
)
def test_a_contact_is_counted_by_offer_by_answer_or_by_end(by: By, places: list[int]) -> None:
    # It comes in the first minute, is answered in the second, and is over in the third.
    one = visit(30_000, ExitReason.ANSWERED, offered_at=50_000)
    assert [
        len(counted_in([one], begin, begin + 60_000, by)) for begin in (0, 60_000, 120_000)
    ] == places


@given(some_visits, st.sampled_from(By), st.lists(st.integers(0, 230_000), max_size=5))
def test_each_contact_is_counted_in_exactly_one_interval(
    some: list[Visit], by: By, cuts: list[int]
) -> None:
    edges = [0, *sorted(cuts), 300_000]
    parts: list[Figures] = [
        figures(counted_in(some, begin, end, by), THRESHOLD) for begin, end in pairwise(edges)
    ]
    assert add_up(parts) == figures(some, THRESHOLD)


def test_who_still_waits_is_counted_by_offer_only() -> None:
    waiting = Visit("acd:q", 10_000)
    assert [bool(counted_in([waiting], 0, 60_000, by)) for by in By] == [True, False, False]
