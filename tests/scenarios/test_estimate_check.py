"""Estimated waits on replayed months: they cover what they say, and are worth more than others."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.estimates import Estimate
from csta.instants import HOUR
from scenarios.days import parse_days
from scenarios.estimate_check import (
    COVERAGE_MAX,
    COVERAGE_MIN,
    EstimateCheck,
    Rival,
    Wait,
    check_estimates,
    compare,
    main,
    text_of,
)
from scenarios.scenario import LIBRARY
from scenarios.trace import read_trace

SHIPPED = LIBRARY / "synthetic_month.csv.gz"
BANK = "data/anonymous_bank"


@pytest.fixture(scope="module")
def week() -> EstimateCheck:
    """Give the verdict on the first week of the month that is shipped."""
    return check_estimates(read_trace(SHIPPED, parse_days("2099-02-01..2099-02-07")), 1)


def by_name(check: EstimateCheck) -> dict[str, Rival]:
    return {rival.name: rival for rival in check.rivals}


def is_better_than_constants_and_asterisk(check: EstimateCheck) -> bool:
    rivals = by_name(check)
    ours = rivals.pop("ours").pinball_ms
    formula = rivals.pop("formula, not corrected").pinball_ms
    return ours < 1.03 * formula and all(ours < 0.9 * r.pinball_ms for r in rivals.values())


def test_the_limits_are_those_that_were_agreed() -> None:
    assert (COVERAGE_MIN, COVERAGE_MAX) == (0.78, 0.82)


def test_estimates_given_at_entry_cover_four_waits_of_five(week: EstimateCheck) -> None:
    assert week.answered > 1_000
    assert week.passed, text_of(week)


def test_they_are_worth_more_than_the_best_constant_and_asterisks(week: EstimateCheck) -> None:
    assert is_better_than_constants_and_asterisk(week), text_of(week)


def test_asterisks_announcement_covers_too_few(week: EstimateCheck) -> None:
    assert by_name(week)["Asterisk (EWT1)"].coverage < COVERAGE_MIN


def test_every_hour_and_who_gave_up_are_accounted_for(week: EstimateCheck) -> None:
    assert sum(hour.waits for hour in week.hours) == week.answered
    gone = week.abandoned
    assert 0 < gone.late < gone.waits
    assert gone.coverage_least < gone.coverage_likely < gone.coverage_most


def test_the_verdict_is_written_for_people(week: EstimateCheck) -> None:
    text = text_of(week)
    assert f"covered {week.coverage:.2%}" in text
    assert "limits 78% to 82%: met" in text
    assert all(rival.name in text for rival in week.rivals)


@pytest.mark.slow
def test_the_shipped_month_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "limits 78% to 82%: met" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("file", ["january_1999.txt.gz", "february_1999.txt.gz"])
def test_every_real_month_passes_with_any_seed(shared: Path, file: str, seed: int) -> None:
    """The 80 % quantile covers 78 to 82 % of the waits of January (features (d), idea 8)."""
    check = check_estimates(read_trace(shared / BANK / file), seed)

    assert check.passed, text_of(check)
    assert is_better_than_constants_and_asterisk(check), text_of(check)
    rivals = by_name(check)
    assert rivals["ours"].pinball_ms < rivals["formula, not corrected"].pinball_ms


def wait(waited_s: int, quantile_s: int | None, *, answered: bool = True, hour: int = 9) -> Wait:
    estimate = None
    if quantile_s is not None:
        estimate = Estimate(quantile_s * 1_000, quantile_s * 500, 1.0, 0.8)
    return Wait(
        begun_at=hour * HOUR,
        waited_ms=waited_s * 1_000,
        answered=answered,
        ours=estimate,
        formula=estimate,
        asterisk_ms=30_000,
    )


def test_who_had_no_estimate_counts_as_not_covered() -> None:
    check = compare([*[wait(50, 60)] * 79, *[wait(70, 60)] * 19, *[wait(10, None)] * 2])

    assert (check.coverage, check.unknown, check.passed) == (0.79, 2, True)
    assert by_name(check)["ours"].coverage == pytest.approx(79 / 98)
    assert not compare([*[wait(50, 60)] * 77, *[wait(70, 60)] * 23]).passed


def test_hours_are_those_in_which_the_waits_began() -> None:
    check = compare([wait(50, 60, hour=9), wait(70, 60, hour=9), wait(50, 60, hour=24 + 14)])
    assert [(h.hour, h.waits, h.coverage) for h in check.hours] == [(9, 2, 0.5), (14, 1, 1.0)]


def test_who_gave_up_bounds_what_was_covered_of_all_waits() -> None:
    """Of four waits one is covered, one gave up in time, one is late, one gave up too late."""
    waits = [
        wait(20, 60),
        wait(30, 60, answered=False),
        wait(70, 60),
        wait(90, 60, answered=False),
    ]
    gone = compare(waits).abandoned
    assert (gone.waits, gone.late) == (2, 1)
    assert (gone.coverage_least, gone.coverage_most) == (0.25, 0.5)
    # Kaplan-Meier: one of the four is answered before anyone gives up, none after it in time.
    assert gone.coverage_likely == pytest.approx(0.25)


def test_where_nobody_was_answered_there_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        compare([wait(30, 60, answered=False)])
