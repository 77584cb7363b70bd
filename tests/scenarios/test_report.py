"""Reports: intervals against the tables, and no service level without its meaning."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from acd.service_levels import VARIANTS, Level
from acd.stats import BUCKET_EDGES, figures
from acd.visits import Contact, ExitReason, Visit
from agents.ledger import Activity, AgentSums
from csta.instants import HOUR
from scenarios.intervals import half_width, t_quantile
from scenarios.meter import GroupUse, QueueResult, RunResult, in_all
from scenarios.patience import fit_curve
from scenarios.report import report
from scenarios.report_document import SCHEMA, Report
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
    """Make a queue's result in which who was answered late waited 40 s, and each talked 60 s."""
    waits = [10_000] * within + [threshold_ms + 20_000] * (answered - within)
    contacts = [Contact("acd:desk", 0, wait, answered=True, talk_ms=60_000) for wait in waits]
    contacts += [Contact("acd:desk", 0, 30_000, abandoned=True)] * abandoned
    flowed_out = [Visit("acd:desk", 0, 40_000, reason=ExitReason.TIMEOUT)] * 10
    return QueueResult(
        figures(contacts, threshold_ms), figures([*contacts, *flowed_out], threshold_ms)
    )


def agent(handled: int) -> AgentSums:
    """Make an agent who talks 60 s and works 15 s for each call, and is there for two hours."""
    spent = dict.fromkeys(Activity, 0)
    spent[Activity.TALK], spent[Activity.WORK] = 60_000 * handled, 15_000 * handled
    spent[Activity.NOT_READY] = 600_000
    spent[Activity.READY] = 2 * HOUR - sum(spent.values())
    return AgentSums(spent_ms=spent, not_ready_ms={"lunch": 600_000}, handled=handled)


def run(seed: int, queue: QueueResult) -> RunResult:
    """Make a run with one queue and two agents, one of whom takes three times as many calls."""
    half = queue.figures.answered // 4
    return RunResult(
        seed=seed,
        queues={"desk": queue},
        total=queue,
        attempts=queue.figures.offered + 1,
        unqueued={},
        unfinished=0,
        agents={"anna": agent(half), "bea": agent(3 * half)},
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
    write_report(Console(file=stream, width=140), summed_up)
    return stream.getvalue()


def test_shares_of_several_runs_are_made_of_their_sums(small: Scenario) -> None:
    total = report(small, RUNS).total
    levels = {level.variant: level.share for level in total.service_levels}
    assert levels["SL9"].value == pytest.approx((60 + 171) / 320)
    assert levels["SL11"].value == pytest.approx((60 + 171) / 300)
    assert levels["SL1"].value == pytest.approx((60 + 171) / 270)
    assert total.abandoned_share.value == pytest.approx(30 / 300)
    waits = 231 * 10_000 + 39 * 40_000 + 30 * 30_000
    assert total.mean_wait_ms.value == pytest.approx(waits / 300)
    assert total.mean_excess_ms.value == pytest.approx(39 * 20_000 / 270)


def test_counts_are_means_of_the_runs_with_their_interval(small: Scenario) -> None:
    offered = report(small, RUNS).total.offered
    assert offered.value == 150
    assert offered.half_width == pytest.approx(12.7062047 * 50)


def test_handling_time_is_talk_and_wrap_up_of_the_calls_that_agents_handled(
    small: Scenario,
) -> None:
    summed_up = report(small, RUNS)
    everybody = summed_up.all_agents
    assert summed_up.aht_ms.value == everybody.aht_ms.value == pytest.approx(75_000)
    assert (everybody.talk_ms.value, everybody.work_ms.value) == (60_000, 15_000)


def test_the_ledger_of_each_agent_sums_to_the_time_logged_on(small: Scenario) -> None:
    # K10.
    summed_up = report(small, RUNS)
    assert list(summed_up.agents) == ["anna", "bea"]
    for one in (summed_up.all_agents, *summed_up.agents.values()):
        assert sum(part.value or 0 for part in one.spent_share.values()) == pytest.approx(1)
    assert summed_up.agents["bea"].not_ready_ms["lunch"].value == 600_000
    lines = text_of(summed_up).splitlines()
    assert next(line for line in lines if line.startswith("all ")).split()[1:3] == ["4.00", "h"]


def test_fairness_is_measured_in_each_run(small: Scenario) -> None:
    # R39: calls of 20 and 60, then of 47 and 141; both are (1 + 3)^2 / (2 * (1 + 9)).
    calls = report(small, RUNS).fairness["calls"]
    assert calls.jain.value == pytest.approx(0.8)
    assert (calls.least.value, calls.most.value) == ((20 + 47) / 2, (60 + 141) / 2)
    lines = text_of(report(small, RUNS[:1])).splitlines()
    line = next(line for line in lines if line.startswith("fairness of calls:"))
    assert line.endswith("0.8000 (20 to 60)")


def test_percentiles_and_buckets_are_of_all_contacts(small: Scenario) -> None:
    total = report(small, RUNS[:1]).total
    assert total.answered_wait_percentiles_ms["p50"].value == 10_000
    assert total.answered_wait_percentiles_ms["p99"].value == 40_000
    assert total.abandoned_wait_percentiles_ms["p50"].value == 30_000
    assert [bucket.from_ms for bucket in total.buckets] == [0, *BUCKET_EDGES]
    assert sum(bucket.answered.value or 0 for bucket in total.buckets) == 80
    assert {b.from_ms: b.abandoned.value for b in total.buckets if b.abandoned.value} == {
        30_000: 20
    }


def test_patience_is_kaplan_and_meiers_with_the_answered_censored(small: Scenario) -> None:
    # K09: 60 answered at 10 s, 20 hung up at 30 s, 20 answered at 40 s: S = 1 - 20/40.
    total = report(small, RUNS[:1]).total
    waits = [(10_000, False)] * 60 + [(30_000, True)] * 20 + [(40_000, False)] * 20
    assert fit_curve(waits).shares == (0.5,)
    assert total.patience_median_ms.value == 30_000
    assert total.patience_mean_ms.value == fit_curve(waits).mean_ms


def test_visits_have_their_flows_and_exits(small: Scenario) -> None:
    # O13, Q20.
    visits = report(small, RUNS).total.visits
    assert (visits.offered.value, visits.flowed_out.value) == (160, 10)
    assert {name: one.value for name, one in visits.exits.items()} == {"timeout": 10}
    lines = text_of(report(small, RUNS)).splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("ended: timeout")] == ["±0"]


def test_calls_blocked_at_the_trunks_are_told_beside_those_tried(small: Scenario) -> None:
    summed_up = report(small, RUNS)
    assert (summed_up.blocked.value, summed_up.blocked_share.value) == (1, 2 / 302)


def test_every_service_level_has_its_variant_definition_and_threshold(small: Scenario) -> None:
    # K04, K05: all variants side by side; SL10 is of one instant, and no figure of a run.
    summed_up = report(small, RUNS)
    shown = {name: one for name, one in VARIANTS.items() if one.level is not Level.NOW}
    for queue in (summed_up.total, *summed_up.queues.values()):
        assert {level.variant: level.definition for level in queue.service_levels} == {
            name: variant.formula for name, variant in shown.items()
        }
        assert {level.threshold_ms for level in queue.service_levels} == {20_000}
        for level in queue.service_levels:
            assert level.source
            assert level.counted_over is shown[level.variant].level
    lines = text_of(summed_up).splitlines()
    for name, variant in shown.items():
        line = next(line for line in lines if line.startswith(f"{name},"))
        assert f"{name}, T = 20 s: {variant.formula}" in line
        assert "%" in line


def test_the_rule_by_which_contacts_are_counted_is_in_the_caption(small: Scenario) -> None:
    # K07.
    assert "by=offer: each contact and visit in the interval in which it came" in text_of(
        report(small, RUNS)
    )


def test_queues_with_different_thresholds_are_added_without_one() -> None:
    both = in_all([desk(80, 60, 20), desk(10, 5, 0, threshold_ms=60_000)])
    assert both.figures.threshold_ms == 0
    assert both.figures.service_level("SL11") == 65 / 110
    assert both.visits.service_level("SL9") == 65 / 130


def test_where_thresholds_differ_each_queue_shows_its_own(small: Scenario) -> None:
    quick, slow = desk(80, 60, 20), desk(10, 5, 0, threshold_ms=60_000)
    two = msgspec.structs.replace(
        RUNS[0], queues={"quick": quick, "slow": slow}, total=in_all([quick, slow])
    )
    lines = text_of(report(small, [two])).splitlines()
    assert ["T", "-", "20", "s", "60", "s"] in [line.split() for line in lines]
    assert any(line.startswith("SL9, T of each queue: answered within T") for line in lines)


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
    line = next(x for x in text_of(summed_up).splitlines() if x.startswith("SL11"))
    assert line.split()[-1] == "-"


def test_there_is_no_report_of_nothing(small: Scenario) -> None:
    with pytest.raises(ValueError, match="one run"):
        report(small, [])
