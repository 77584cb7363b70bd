"""Service levels: the vector of features §e.1 to the last digit, Cisco's example, the laws."""

from __future__ import annotations

import pytest
from hypothesis import given

from acd.service_levels import ABANDONMENT, VARIANTS, Level, genesys
from acd.stats import SERVICE_LEVELS, Figures, figures
from acd.visits import ExitReason, Visit
from tests.acd.visit_samples import LATE, SHORT, THRESHOLD, some_visits, visit, visits

# 114 visits, T = 20 s, s = 5 s: the counts of V-SL, with waits on both sides of each threshold.
V_SL = [
    *visits(70, 19_000, ExitReason.ANSWERED),
    *visits(15, 20_001, ExitReason.ANSWERED),
    *visits(4, 4_999, ExitReason.ABANDONED),
    *visits(6, 5_000, ExitReason.ABANDONED_RINGING),
    *visits(5, LATE, ExitReason.ABANDONED),
    *visits(8, LATE, ExitReason.OVERFLOW),
    *visits(5, 20_000, ExitReason.CALLBACK),
    *visits(1, 20_001, ExitReason.CALLBACK),
]


def counted(some: list[Visit]) -> Figures:
    return figures(some, THRESHOLD, SHORT)


@pytest.mark.parametrize(
    ("variant", "percent"),
    [
        ("SL1", "82.35"),
        ("SL2", "80.00"),
        ("SL4", "70.71"),
        ("SL5", "64.22"),
        ("SL6", "73.39"),
        ("SL7", "64.81"),
        ("SL7 no F", "70.00"),
        ("SL7 no short", "67.31"),
        ("SL7 no F, no short", "72.92"),
        ("SL7 no abandons", "75.27"),
        ("SL8", "74.56"),
        ("SL9", "61.40"),
    ],
)
def test_the_same_114_contacts_have_the_twelve_service_levels_of_v_sl(
    variant: str, percent: str
) -> None:
    share = counted(V_SL).service_level(variant)
    assert share is not None
    assert f"{100 * share:.2f}" == percent


def test_v_sl_counts_109_service_level_events() -> None:
    whole = counted(V_SL)
    assert (whole.offered, whole.level_events, whole.abandoned_short) == (114, 109, 4)


@pytest.mark.parametrize(
    ("variant", "percent"), [("SL4", "77.8"), ("SL5", "70.0"), ("SL6", "80.0")]
)
def test_ciscos_worked_example(variant: str, percent: str) -> None:
    # 100 calls: 70 answered and 10 abandoned in time, 20 answered late.
    example = [
        *visits(70, 5_000, ExitReason.ANSWERED),
        *visits(10, 5_000, ExitReason.ABANDONED),
        *visits(20, LATE, ExitReason.ANSWERED),
    ]
    share = counted(example).service_level(variant)
    assert share is not None
    assert f"{100 * share:.1f}" == percent


def test_sl3_misses_who_is_answered_exactly_at_the_threshold_and_sl1_does_not() -> None:
    some = [visit(waited_ms, ExitReason.ANSWERED) for waited_ms in (19_999, 20_000, 20_001)]
    assert counted(some).service_level("SL3") == pytest.approx(1 / 3)
    assert counted(some).service_level("SL1") == pytest.approx(2 / 3)


def test_who_rings_out_in_time_and_is_answered_late_is_not_in_the_level_without_rona() -> None:
    rang_out = visit(LATE, ExitReason.ANSWERED, rang_out_ms=15_000)
    rang_out_late = visit(LATE, ExitReason.ANSWERED, rang_out_ms=20_001)
    saved = visit(18_000, ExitReason.ANSWERED, rang_out_ms=15_000)
    whole = counted([rang_out, rang_out_late, saved])
    assert whole.service_level("SL5") == pytest.approx(1 / 3)
    assert whole.service_level("SL5 no RONA") == pytest.approx(1 / 2)


def test_an_error_or_a_flow_out_before_the_threshold_is_no_service_level_event() -> None:
    early = [visit(3_000, reason) for reason in (ExitReason.ERROR, ExitReason.OVERFLOW)]
    late = [visit(LATE, reason) for reason in (ExitReason.ERROR, ExitReason.OVERFLOW)]
    assert counted(early).level_events == 0
    assert counted(late).level_events == 2


def test_sl10_is_of_those_who_wait_now() -> None:
    # At 60 s: two came 20 s ago and 5 s ago, one 21 s ago; who is over does not count.
    now = [Visit("acd:q", at) for at in (40_000, 55_000, 39_000)]
    over = visits(5, LATE, ExitReason.ANSWERED)
    whole = figures([*now, *over], THRESHOLD, SHORT, now=60_000)
    assert whole.service_level("SL10") == pytest.approx(2 / 3)
    assert (whole.offered, whole.waiting, whole.waiting_late) == (8, 3, 1)


def test_abandonment_with_and_without_the_short_ones() -> None:
    shares = {name: one.share(counted(V_SL)) for name, one in ABANDONMENT.items()}
    assert shares == {"AB1": 15 / 114, "AB2": 15 / 100, "AB3": 11 / 110}


def test_average_excess_is_how_much_later_than_the_threshold_answers_came() -> None:
    # AE: 0, 0 and 10 s.
    some = [visit(waited_ms, ExitReason.ANSWERED) for waited_ms in (1_000, 20_000, 30_000)]
    assert counted(some).mean_excess_ms == pytest.approx(10_000 / 3)


def test_nothing_offered_gives_no_share_rather_than_nought() -> None:
    empty = counted([])
    assert {empty.service_level(variant) for variant in VARIANTS} == {None}
    assert {variant.share(empty) for variant in ABANDONMENT.values()} == {None}
    assert empty.mean_excess_ms is None


def test_every_variant_has_its_id_its_formula_and_its_source() -> None:
    assert {f"SL{number}" for number in range(1, 12)} <= set(VARIANTS)
    for table in (VARIANTS, ABANDONMENT):
        for name, variant in table.items():
            assert variant.variant == name
            assert variant.formula
            assert variant.source
    assert dict(SERVICE_LEVELS) == {name: one.formula for name, one in VARIANTS.items()}
    assert [name for name, one in VARIANTS.items() if one.level is Level.CONTACTS] == ["SL11"]
    assert [name for name, one in VARIANTS.items() if one.level is Level.NOW] == ["SL10"]


@given(some_visits)
def test_every_service_level_is_a_share_and_the_strict_ones_are_the_smaller(
    some: list[Visit],
) -> None:
    whole = counted(some)
    shares = {name: one.share(whole) for name, one in VARIANTS.items()}
    assert all(share is None or 0 <= share <= 1 for share in shares.values())
    for less, more in [
        ("SL3", "SL1"), ("SL9", "SL1"), ("SL9", "SL5"), ("SL5", "SL4"), ("SL5", "SL6"),
        ("SL5", "SL5 no RONA"), ("SL9", "SL8"), ("SL7", "SL7 no F"), ("SL7", "SL7 no short"),
        ("SL7", "SL7 no abandons"), ("SL9", "SL7"),
    ]:  # fmt: skip
        low, high = shares[less], shares[more]
        assert low is None or high is None or low <= high, (less, more)


@given(some_visits)
def test_genesys_without_abandons_and_flow_outs_is_sl1(some: list[Visit]) -> None:
    whole = counted(some)
    assert genesys(whole, flow_outs=False, abandons=False) == whole.service_level("SL1")
