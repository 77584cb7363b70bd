"""Reports: intervals against the tables, and no service level without its meaning."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from acd.stats import SERVICE_LEVELS, Figures
from scenarios.intervals import half_width, t_quantile
from scenarios.meter import GroupUse, QueueResult, RunResult, in_all
from scenarios.report import SCHEMA, Report, report
from scenarios.report_tables import write_report
from scenarios.scenario import Scenario, load_scenario
from tests.scenarios.test_scenario_file import written

# Published table of Student's t, two-sided 95 % (and 99 %).
T_TABLE = [
    (0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 3, 3.182), (0.95, 4, 2.776), (0.95, 9, 2.262),
    (0.95, 10, 2.228), (0.95, 29, 2.045), (0.95, 30, 2.042), (0.95, 100, 1.984),
    (0.99, 9, 3.250), (0.99, 10, 3.169),
]  # fmt: skip


@pytest.mark.parametrize(("confidence", "freedom", "expected"), T_TABLE)
def test_quantiles_are_those_of_the_published_table(
    confidence: float, freedom: int, expected: float
) -> None:
    assert round(t_quantile(confidence, freedom), 3) == expected


@given(st.integers(1, 200))
def test_more_runs_need_a_smaller_quantile_but_never_below_the_normal_one(freedom: int) -> None:
    assert t_quantile(0.95, freedom) > t_quantile(0.95, freedom + 1) > 1.959963


def test_the_half_width_is_what_a_hand_computes() -> None:
    # Mean 12, deviation 2, three values: 4.30265 * 2 / sqrt(3).
    assert half_width([10, 12, 14]) == pytest.approx(4.968275, abs=1e-6)


def test_one_value_has_no_interval() -> None:
    assert half_width([1.0]) is None


@pytest.mark.parametrize(("confidence", "freedom"), [(0.0, 3), (1.0, 3), (0.95, 0)])
def test_there_is_no_quantile_of_nonsense(confidence: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        t_quantile(confidence, freedom)


def desk(answered: int, within: int, abandoned: int, threshold_ms: int = 20_000) -> QueueResult:
    """Make a queue's result in which each answered call waited 10 s and talked 60 s."""
    figures = Figures(
        threshold_ms=threshold_ms,
        offered=answered + abandoned,
        answered=answered,
        answered_within=within,
        abandoned=abandoned,
        abandoned_within=0,
        waited=answered + abandoned,
        wait_answered_ms=10_000 * answered,
        wait_abandoned_ms=30_000 * abandoned,
        wait_other_ms=0,
        talk_ms=60_000 * answered,
    )
    return QueueResult(figures, 30_000)


def run(seed: int, queue: QueueResult) -> RunResult:
    """Make a run with one queue."""
    return RunResult(
        seed=seed,
        queues={"desk": queue},
        total=queue,
        attempts=queue.figures.offered + 1,
        unqueued={},
        unfinished=0,
        occupancy_share=0.5,
        wrap_up_ms=15_000 * queue.figures.answered,
        trunks=(GroupUse("pstn", 8, 1.5, 1),),
        voice_units=None,
        events=100,
    )


RUNS = [run(7, desk(80, 60, 20)), run(8, desk(190, 171, 10))]


@pytest.fixture
def small(tmp_path: Path) -> Scenario:
    """Read a scenario; its runs are made up here."""
    return load_scenario(written(tmp_path))


def text_of(summed_up: Report) -> str:
    """Write a report as a terminal without colours shows it."""
    stream = io.StringIO()
    write_report(Console(file=stream, width=120), summed_up)
    return stream.getvalue()


def test_shares_of_several_runs_are_made_of_their_sums(small: Scenario) -> None:
    total = report(small, RUNS).total
    levels = {level.variant: level.share for level in total.service_levels}
    assert levels["SL9"].value == pytest.approx((60 + 171) / 300)
    assert levels["SL1"].value == pytest.approx((60 + 171) / 270)
    assert total.abandoned_share.value == pytest.approx(30 / 300)
    assert total.mean_wait_ms.value == pytest.approx((270 * 10_000 + 30 * 30_000) / 300)


def test_counts_are_means_of_the_runs_with_their_interval(small: Scenario) -> None:
    offered = report(small, RUNS).total.offered
    assert offered.value == 150
    assert offered.half_width == pytest.approx(12.7062047 * 50)


def test_handling_time_is_talk_and_wrap_up(small: Scenario) -> None:
    assert report(small, RUNS).aht_ms.value == pytest.approx(75_000)


def test_calls_blocked_at_the_trunks_are_told_beside_those_tried(small: Scenario) -> None:
    summed_up = report(small, RUNS)
    assert (summed_up.blocked.value, summed_up.blocked_share.value) == (1, 2 / 302)


def test_every_service_level_has_its_variant_definition_and_threshold(small: Scenario) -> None:
    summed_up = report(small, RUNS)
    for queue in (summed_up.total, *summed_up.queues.values()):
        assert {level.variant: level.definition for level in queue.service_levels} == SERVICE_LEVELS
        assert {level.threshold_ms for level in queue.service_levels} == {20_000}
    lines = text_of(summed_up).splitlines()
    for variant, definition in SERVICE_LEVELS.items():
        line = next(line for line in lines if line.startswith(variant))
        assert f"{variant}, T = 20 s: {definition}" in line
        assert "%" in line


def test_queues_with_different_thresholds_are_added_without_one() -> None:
    both = in_all([desk(80, 60, 20), desk(10, 5, 0, threshold_ms=60_000)])
    assert both.figures.threshold_ms == 0
    assert both.figures.service_level("SL9") == 65 / 110


def test_json_has_a_schema_and_the_seeds(small: Scenario) -> None:
    document = msgspec.json.decode(msgspec.json.encode(report(small, RUNS)))
    assert document["schema"] == SCHEMA
    assert (document["seed"], document["seeds"]) == (7, [7, 8])
    assert msgspec.convert(document, Report) == report(small, RUNS)


def test_one_run_has_no_interval_and_says_so(small: Scenario) -> None:
    summed_up = report(small, RUNS[:1])
    assert summed_up.total.offered.half_width is None
    assert "±" not in text_of(summed_up)
    assert "no confidence interval" in text_of(summed_up)


def test_a_report_tells_the_seed_and_the_measured_time(small: Scenario) -> None:
    assert "2 runs, seed 7, measured from 2026-11-23 08:10 to 10:00" in text_of(report(small, RUNS))


def test_a_queue_without_calls_shows_no_figures_instead_of_noughts(small: Scenario) -> None:
    summed_up = report(small, [run(1, desk(0, 0, 0))])
    line = next(x for x in text_of(summed_up).splitlines() if x.startswith("SL9"))
    assert line.split()[-1] == "-"


def test_there_is_no_report_of_nothing(small: Scenario) -> None:
    with pytest.raises(ValueError, match="one run"):
        report(small, [])
