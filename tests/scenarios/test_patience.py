"""Patience from censored waits: Kaplan-Meier by hand, on real records, and its laws."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.instants import DAY, SECOND
from scenarios.days import parse_days
from scenarios.patience import PatienceCurve, fit_curve, fit_patience
from scenarios.trace import read_trace
from tests.scenarios.trace_files import HANG_UP, NOT_QUEUED, raw_file, raw_row, real_trace

# Six callers: hang-ups at 10 (of 6 at risk), at 20 (of 4) and at 40 (of 2); answers at 10, 20, 50.
BY_HAND = fit_curve([(10, True), (10, False), (20, True), (20, False), (40, True), (50, False)])
AFTER_10, AFTER_20, AFTER_40 = 5 / 6, 5 / 6 * 3 / 4, 5 / 6 * 3 / 4 / 2

waits = st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=40)
shares = st.floats(1e-9, 1)


def test_a_curve_by_hand() -> None:
    assert BY_HAND.times_ms == (10, 20, 40)
    assert BY_HAND.shares == pytest.approx((AFTER_10, AFTER_20, AFTER_40))
    assert BY_HAND.mean_ms == pytest.approx(150 / 3)
    assert [BY_HAND.share_beyond(t) for t in (0, 9, 10, 39)] == pytest.approx(
        [1, 1, AFTER_10, AFTER_20]
    )


@pytest.mark.parametrize(
    ("u", "given_ms", "patience_ms"),
    [
        (1.0, 0, 10),
        (0.9, 0, 10),
        (AFTER_10, 0, 10),
        (0.83, 0, 20),
        (0.6, 0, 40),
        (1.0, 10, 20),
        (0.76, 10, 20),
        (0.74, 10, 40),
        (1.0, 15, 20),
        (0.9, 20, 40),
    ],
)
def test_patience_is_drawn_down_the_rest_of_the_curve(
    u: float, given_ms: int, patience_ms: int
) -> None:
    assert BY_HAND.draw(u, given_ms) == patience_ms


def test_beyond_the_last_hang_up_patience_is_exponential() -> None:
    assert BY_HAND.draw(AFTER_40 / math.e, 0) == 40 + 50
    assert BY_HAND.draw(1 / math.e, 45) == 45 + 50
    assert BY_HAND.draw(1e-300, 45) == 45 + round(50 * 300 * math.log(10))


def test_when_the_last_caller_hung_up_the_curve_ends_there() -> None:
    curve = fit_curve([(10, False), (30, True)])
    assert curve.shares == (0,)
    assert curve.draw(1e-9, 0) == 30
    assert curve.draw(1 / math.e, 30) == 30 + 40


def test_where_nobody_hangs_up_everybody_waits_for_a_day() -> None:
    assert fit_curve([(10, False)]).draw(0.5, 3) == DAY
    assert fit_curve([]).draw(0.5) == DAY


def test_only_queued_calls_tell_of_patience_and_rare_types_share_a_curve(tmp_path: Path) -> None:
    rows = [raw_row(**HANG_UP) for _ in range(50)]
    rows += [raw_row(**HANG_UP | {"type": "PE", "q_time": "90"}), raw_row(**NOT_QUEUED)]
    patience = fit_patience(read_trace(raw_file(tmp_path, *rows)).calls)
    assert list(patience.by_type) == ["PS"]
    assert patience.of("PS").times_ms == (30 * SECOND,)
    assert patience.of("PE") is patience.everyone
    assert patience.everyone.times_ms == (30 * SECOND, 90 * SECOND)


# Validation §1.4 gives three months; of these two are here, a little less patient than all three.
@pytest.mark.parametrize(
    ("call_type", "published", "mean_s"),
    [
        ("all", (0.907, 0.831, 0.724, 0.629, 0.512), 370),
        ("PS", (0.929, 0.863, 0.777, 0.713, 0.633), 473),
        ("NE", (0.970, 0.931, 0.879, 0.829, 0.713), 898),
        ("NW", (0.823, 0.715, 0.569, 0.445, 0.324), 215),
        ("IN", (0.944, 0.859, 0.740, 0.656, 0.534), 461),
    ],
)
def test_real_callers_are_as_patient_as_published(
    shared: Path, call_type: str, published: tuple[float, ...], mean_s: float
) -> None:
    trace = real_trace(shared, "calls_jan_feb_1999.csv.gz", parse_days("sun-thu"))
    patience = fit_patience(trace.calls)
    curve = patience.everyone if call_type == "all" else patience.by_type[call_type]
    found = tuple(curve.share_beyond(t * SECOND) for t in (30, 60, 120, 180, 300))
    assert found == pytest.approx(published, abs=0.028 if call_type == "IN" else 0.0145)
    assert curve.mean_ms / SECOND == pytest.approx(mean_s, rel=0.08)


@given(waits)
def test_without_answers_the_curve_is_the_share_of_longer_waits(
    observed: list[tuple[int, bool]],
) -> None:
    curve = fit_curve((wait, True) for wait, _ in observed)
    for time in range(101):
        longer = sum(wait > time for wait, _ in observed)
        assert curve.share_beyond(time) == pytest.approx(longer / len(observed) if observed else 1)


@given(waits, shares, shares, st.integers(0, 150))
def test_patience_exceeds_what_was_waited_and_falls_with_the_share(
    observed: list[tuple[int, bool]], one: float, other: float, given_ms: int
) -> None:
    curve = fit_curve(observed)
    sooner, later = curve.draw(max(one, other), given_ms), curve.draw(min(one, other), given_ms)
    assert given_ms < sooner <= later


@given(waits, st.integers(0, 100))
def test_draws_follow_the_curve(observed: list[tuple[int, bool]], time: int) -> None:
    curve = fit_curve(observed)
    drawn = [curve.draw((n + 0.5) / 1000) for n in range(1000)]
    if curve.times_ms and time < curve.times_ms[-1]:
        beyond = sum(patience > time for patience in drawn) / 1000
        expected = curve.share_beyond(time) / curve.share_beyond(0)
        assert beyond == pytest.approx(expected, abs=0.001)


def test_a_curve_is_drawn_from_at_either_end() -> None:
    curve = PatienceCurve(times_ms=(5,), shares=(0.5,), mean_ms=10)
    assert curve.draw(1.0) == 5
    assert curve.draw(0.5) == 5
    assert curve.draw(0.25) == 5 + round(10 * math.log(2))
