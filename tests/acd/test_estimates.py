"""The estimated wait: its formula, its correction, what callers are told, how good it was."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.estimates import (
    Estimate,
    EstimateAccuracy,
    Estimator,
    normal_quantile,
    pinball,
)
from csta.instants import HOUR

HANDLE_MS = 180_000
PATIENCE_MS = 600_000
STEP = 0.05


def estimator(share: float = 0.8) -> Estimator:
    return Estimator(share, handle_ms=HANDLE_MS, patience_ms=PATIENCE_MS)


def known(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def of(quantile_ms: int, waited_ms: int = 0) -> Estimate:
    return Estimate(quantile_ms, quantile_ms // 2, 1.0, 0.8, waited_ms)


# The formula.


@pytest.mark.parametrize("calls_in_front", [0, 1, 3, 4, 5, 17, 40, 1_000, 10_000])
@pytest.mark.parametrize("agents", [0.5, 1, 7, 300])
def test_the_mean_is_the_sum_of_the_formula_whatever_the_length_of_the_queue(
    calls_in_front: int, agents: float
) -> None:
    exact = sum(
        1 / (agents / HANDLE_MS + k / PATIENCE_MS) for k in reversed(range(calls_in_front + 1))
    )
    assert known(estimator().estimate(calls_in_front, agents)).mean_ms == pytest.approx(
        exact, rel=1e-4, abs=1
    )


@pytest.mark.parametrize("calls_in_front", [0, 3, 4, 16, 400])
def test_the_variance_is_that_of_the_formula(calls_in_front: int) -> None:
    rates = [10 / HANDLE_MS + k / PATIENCE_MS for k in range(calls_in_front + 1)]
    mean, variance = sum(1 / r for r in rates), sum(1 / r**2 for r in rates)
    shape = known(estimator().estimate(calls_in_front, 10)).shape
    assert shape == pytest.approx(mean**2 / variance, rel=1e-3)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 0.95])
def test_who_is_next_waits_an_exponential_time(share: float) -> None:
    exact = -math.log(1 - share) * HANDLE_MS / 10
    assert known(estimator(share).estimate(0, 10)).quantile_ms == pytest.approx(exact, rel=0.015)


def test_behind_many_who_are_patient_the_wait_is_all_but_normal() -> None:
    patient = Estimator(0.8, handle_ms=HANDLE_MS, patience_ms=1_000 * HOUR)
    each_ms = HANDLE_MS / 10
    exact = 100 * each_ms + normal_quantile(0.8) * math.sqrt(100) * each_ms
    assert known(patient.estimate(99, 10)).quantile_ms == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("share", "z"), [(0.5, 0.0), (0.8, 0.841621), (0.025, -1.959964)])
def test_the_normal_quantile_is_that_of_the_tables(share: float, z: float) -> None:
    assert normal_quantile(share) == pytest.approx(z, abs=1e-6)


@given(st.integers(0, 3_000), st.floats(0.25, 500), st.integers(1, 200))
def test_more_calls_in_front_are_a_longer_wait_and_more_agents_a_shorter_one(
    calls_in_front: int, agents: float, more: int
) -> None:
    learned = estimator()
    here = known(learned.estimate(calls_in_front, agents))
    behind = known(learned.estimate(calls_in_front + more, agents))
    staffed = known(learned.estimate(calls_in_front, agents + more))
    assert staffed.quantile_ms <= here.quantile_ms <= behind.quantile_ms
    assert staffed.mean_ms <= here.mean_ms <= behind.mean_ms


def test_where_nobody_serves_nobody_can_know() -> None:
    assert estimator().estimate(0, 0) is None


# What is learned.


def test_the_handling_time_is_learned_and_the_guess_is_soon_forgotten() -> None:
    learned = estimator()
    for _ in range(3_000):
        learned.handled(60_000)
    assert known(learned.estimate(0, 1)).mean_ms == pytest.approx(60_000, rel=0.01)


def test_where_callers_give_up_sooner_those_behind_wait_less() -> None:
    patient, hasty = estimator(), estimator()
    for _ in range(100):
        patient.answered(60_000)
        hasty.abandoned(60_000)
    hasty_ms = known(hasty.estimate(20, 5)).mean_ms
    assert hasty_ms < 0.7 * known(patient.estimate(20, 5)).mean_ms


@pytest.mark.parametrize("calls_in_front", [0, 3, 500])
def test_where_nobody_ever_gives_up_there_still_is_an_estimate(calls_in_front: int) -> None:
    learned = estimator()
    for _ in range(400_000):  # until what is left of the first guess is less than any float
        learned.answered(1)
    exact = (calls_in_front + 1) * HANDLE_MS / 5
    assert known(learned.estimate(calls_in_front, 5)).mean_ms == pytest.approx(exact, rel=0.1)


def test_where_all_give_up_and_end_at_once_there_still_is_an_estimate() -> None:
    learned = estimator()
    for _ in range(20_000):
        learned.abandoned(0)
        learned.handled(0)
    assert known(learned.estimate(50, 5)).quantile_ms >= 1


def test_a_wait_longer_than_its_estimate_lengthens_the_next_one_and_a_shorter_one_shortens() -> (
    None
):
    learned = estimator()
    first = known(learned.estimate(3, 5))
    learned.answered(first.quantile_ms + 1, first)
    longer = known(learned.estimate(3, 5))
    learned.answered(longer.quantile_ms, longer)
    assert longer.quantile_ms > first.quantile_ms
    assert known(learned.estimate(3, 5)).quantile_ms < longer.quantile_ms


def test_without_an_estimate_to_compare_with_nothing_is_corrected() -> None:
    learned = estimator()
    for _ in range(100):
        learned.answered(HOUR)
    assert learned.correction() == 1


def test_callers_who_have_waited_have_a_correction_of_their_own() -> None:
    learned = estimator()
    again = known(learned.estimate(2, 5, waited_ms=30_000))
    # The remaining wait counts: 30 s of these had passed when the estimate was given.
    learned.answered(30_000 + again.quantile_ms, again)
    assert learned.correction(again=True) < 1
    assert learned.correction() == 1


def test_agents_who_are_counted_twice_are_put_right() -> None:
    """Of ten agents five are always with another queue; the waits are spread as they should be."""
    learned = estimator()
    covered = 0
    for number in range(4_000):
        estimate = known(learned.estimate(0, 10))
        waited_ms = round(-math.log(1 - number * 0.618034 % 1) * HANDLE_MS / 5)
        covered += number >= 2_000 and waited_ms <= estimate.quantile_ms
        learned.answered(waited_ms, estimate)
    assert covered / 2_000 == pytest.approx(0.8, abs=0.01)
    assert learned.correction() == pytest.approx(2, rel=0.1)


@given(
    st.sampled_from([0.5, 0.8, 0.9]),
    st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.booleans()), max_size=45),
)
def test_whatever_the_waits_are_the_covered_share_strays_by_no_more_than_the_correction(
    share: float, waits: list[tuple[bool, int, bool]]
) -> None:
    """The law of quantile tracking, with no assumption on the waits and any delay of the answers.

    The correction's logarithm is `STEP * (missed - (1 - q) * waits)`: since it has limits, the
    covered share tends to q as 1 / waits.
    """
    learned = estimator(share)
    waiting: list[tuple[Estimate, bool]] = []
    answered = missed = 0
    for too_long, calls_in_front, one_ends in waits:
        waiting.append((known(learned.estimate(calls_in_front, 3)), too_long))
        if one_ends:
            estimate, late = waiting.pop(0)
            learned.answered(estimate.quantile_ms + late, estimate)
            answered += 1
            missed += late
    strayed = STEP * (missed - (1 - share) * answered)
    assert math.log(learned.correction()) == pytest.approx(strayed, abs=1e-9)


def test_the_correction_has_limits_and_comes_back_from_them() -> None:
    learned = estimator()
    for _ in range(1_000):
        estimate = known(learned.estimate(0, 1))
        learned.answered(estimate.quantile_ms + 1, estimate)
    assert learned.correction() == pytest.approx(10)
    estimate = known(learned.estimate(0, 1))
    learned.answered(0, estimate)
    assert learned.correction() < 10


# How good it was.


def test_k19_the_figures_of_accuracy_are_those_of_their_definitions() -> None:
    accuracy = EstimateAccuracy()
    accuracy.answered(80_000, Estimate(100_000, 60_000, 1.0, 0.8))
    accuracy.answered(150_000, Estimate(100_000, 60_000, 1.0, 0.8))
    accuracy.answered(10_000, None)
    accuracy.abandoned(100_001, of(100_000))
    accuracy.abandoned(100_000, of(100_000))
    accuracy.abandoned(5_000, None)
    assert accuracy.coverage == pytest.approx(1 / 3)  # what had no estimate was not covered
    assert accuracy.mae_ms == (20_000 + 90_000) / 2
    assert accuracy.bias_ms == (-20_000 - 90_000) / 2
    assert accuracy.pinball_ms == pytest.approx((0.2 * 20_000 + 0.8 * 50_000) / 2)
    assert (accuracy.abandoned_count, accuracy.abandoned_late_count) == (3, 1)
    assert (accuracy.answered_count, accuracy.unknown_count) == (3, 2)


def test_nothing_to_compare_gives_no_figure_rather_than_nought() -> None:
    empty = EstimateAccuracy()
    assert (empty.coverage, empty.mae_ms, empty.bias_ms) == (None, None, None)
    assert (empty.pinball_ms, empty.crps_ms) == (None, None)


@pytest.mark.parametrize("waited_ms", [5_000, 60_000, 120_000])
def test_the_crps_is_near_that_of_an_exponential_time(waited_ms: int) -> None:
    mean_ms = 60_000
    exact = waited_ms - 2 * mean_ms * (1 - math.exp(-waited_ms / mean_ms)) + mean_ms / 2
    accuracy = EstimateAccuracy()
    accuracy.answered(waited_ms, Estimate(96_566, mean_ms, 1.0, 0.8))
    assert accuracy.crps_ms == pytest.approx(exact, rel=0.12)


def test_an_estimate_that_was_given_later_is_compared_with_what_remained() -> None:
    late = msgspec.structs.replace(of(30_000), waited_ms=100_000)
    accuracy = EstimateAccuracy()
    accuracy.answered(130_000, late)
    accuracy.answered(130_001, late)
    accuracy.abandoned(130_001, late)
    assert accuracy.coverage == 0.5
    assert accuracy.abandoned_late_count == 1


def test_the_pinball_loss_is_least_at_the_quantile() -> None:
    waits = range(1, 101)
    losses = {told: sum(pinball(0.8, told, wait) for wait in waits) for told in range(1, 101)}
    assert min(losses, key=losses.__getitem__) == 80
