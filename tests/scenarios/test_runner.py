"""Runs of scenarios: the same seed gives the same run, alone, in a row or side by side."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from csta.instants import MINUTE, SECOND
from scenarios.behaviour import AgentBehaviour
from scenarios.meter import RunResult
from scenarios.runner import replicate, replication_seeds, run_scenario
from scenarios.scenario import Scenario, load_scenario
from switch_sim.variates import Constant
from tests.scenarios.test_scenario_file import GOOD, written


@pytest.fixture
def small(tmp_path: Path) -> Scenario:
    """Read the small scenario."""
    return load_scenario(written(tmp_path))


def changed(scenario: Scenario, **fields: object) -> Scenario:
    """Give the scenario with other values."""
    return msgspec.structs.replace(scenario, **fields)


def test_a_run_measures_its_queue_and_its_agents(small: Scenario) -> None:
    result = run_scenario(small, 1)
    figures = result.queues["desk"].figures
    assert result.seed == 1
    assert figures.offered == figures.answered + figures.abandoned > 50
    assert result.total == result.queues["desk"]
    assert result.attempts == figures.offered + sum(result.unqueued.values()) + result.blocked
    assert 0 < (result.occupancy_share or 0) < 1
    assert result.unfinished == 0
    assert result.wrap_up_ms >= 10 * 15 * SECOND


def test_the_same_seed_gives_the_same_journal_byte_for_byte(small: Scenario) -> None:
    def run(seed: int) -> tuple[RunResult, bytes]:
        lines: list[bytes] = []
        return run_scenario(small, seed, lines.append), b"".join(lines)

    first = run(5)
    assert first == run(5)
    assert first[1] != run(6)[1]


def test_a_journal_changes_nothing(small: Scenario) -> None:
    lines: list[bytes] = []
    assert run_scenario(small, 2) == run_scenario(small, 2, lines.append)


def test_runs_side_by_side_come_in_order_and_as_if_they_were_alone(small: Scenario) -> None:
    short = changed(small, lasts_ms=30 * MINUTE)
    seeds = replication_seeds(7, 3)
    assert seeds[0] == 7
    assert len(set(seeds)) == 3
    alone = [run_scenario(short, seed) for seed in seeds]
    assert list(replicate(short, seeds, workers=2)) == alone
    assert list(replicate(short, seeds, workers=1)) == alone


def test_more_replications_begin_with_the_same_ones() -> None:
    assert replication_seeds(7, 9)[:4] == replication_seeds(7, 4)
    assert not set(replication_seeds(7, 9)) & set(replication_seeds(8, 9))


def test_the_warm_up_is_not_measured(small: Scenario) -> None:
    cold = run_scenario(changed(small, warm_up_ms=0), 1)
    warm = run_scenario(changed(small, warm_up_ms=60 * MINUTE), 1)
    assert warm.events == cold.events
    assert 0 < warm.attempts < cold.attempts
    assert 0 < warm.total.figures.offered < cold.total.figures.offered


def test_with_one_trunk_calls_are_blocked(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, GOOD.replace("pstn: 8", "pstn: 1")))
    result = run_scenario(scenario, 1)
    assert result.trunks[0].blocked == result.blocked > 0
    assert result.trunks[0].mean_busy <= 1


def test_agents_who_never_answer_lose_every_caller_and_the_run_still_ends(small: Scenario) -> None:
    always = tuple(msgspec.structs.replace(shift, until_at=None) for shift in small.shifts)
    nobody = changed(small, shifts=always, behaviour=AgentBehaviour(no_answer_share=1.0))
    result = run_scenario(nobody, 1)
    assert result.total.figures.answered == 0
    assert result.unfinished > 0, "those of the menu wait for ever"


def test_who_misses_a_call_at_the_end_of_the_shift_goes_home(small: Scenario) -> None:
    nobody = changed(small, behaviour=AgentBehaviour(no_answer_share=1.0))
    assert run_scenario(nobody, 1).total.figures.answered == 0


def test_the_wait_ends_with_the_answer(small: Scenario) -> None:
    calm = changed(
        small,
        callers=(msgspec.structs.replace(small.callers[0], per_hour=(2.0, 2.0)),),
        behaviour=AgentBehaviour(answer_after=Constant(7 * SECOND)),
        warm_up_ms=0,
    )
    result = run_scenario(calm, 3)
    assert result.total.figures.answered > 0
    assert result.total.figures.asa_ms == 7 * SECOND


def test_voice_units_are_taken_while_callers_are_in_the_menu(small: Scenario) -> None:
    result = run_scenario(small, 1)
    assert result.voice_units is not None
    assert 0 < result.voice_units.mean_busy < 1
