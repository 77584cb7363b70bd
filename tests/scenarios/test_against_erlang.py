"""The distributor against theory: simulated M/M/c and M/M/c+M lie inside Erlang C's and A's.

Each figure is the mean of independent replications; theory must lie in its 99 % Student interval.
Seeds are fixed: a run either agrees for ever or never does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from statistics import mean, stdev

import pytest

from csta.instants import HOUR, MINUTE, SECOND
from scenarios.erlang import ErlangA, ErlangC
from scenarios.queue_model import Outcome, QueueModel, m1, m2, m2_skills, run, single_queue

# Quantiles of Student's t at 0.995, by degrees of freedom (any table has them).
STUDENT_99 = {7: 3.4995, 11: 3.1058, 15: 2.9467, 19: 2.8609}

FIGURES: dict[str, Callable[[Outcome], float]] = {
    "waited": lambda outcome: outcome.waited_share,
    "mean wait": lambda outcome: outcome.mean_wait_ms / SECOND,
    "service level": lambda outcome: outcome.service_level_share,
    "occupancy": lambda outcome: outcome.occupancy_share,
    "abandoned": lambda outcome: outcome.abandoned_share,
}


def interval(values: Sequence[float]) -> tuple[float, float]:
    half = STUDENT_99[len(values) - 1] * stdev(values) / sqrt(len(values))
    return mean(values) - half, mean(values) + half


def outside(outcomes: Sequence[Outcome], theory: dict[str, float]) -> list[str]:
    """List the figures whose interval does not hold what theory says."""
    found = []
    for name, exact in theory.items():
        low, high = interval([FIGURES[name](outcome) for outcome in outcomes])
        if not low <= exact <= high:
            found.append(f"{name}: {exact:.5f} is not in {low:.5f} .. {high:.5f}")
    return found


# 200 calls an hour of 3 minutes are 10 erlang, the load of features §e.7; the clock runs ten times
# as fast here, which changes no share.
_CALLS_PER_HOUR = 2_000
_TALK = 18 * SECOND
_WITHIN = 2 * SECOND


def centre(agents: int, patience_ms: int | None = None) -> QueueModel:
    return single_queue(
        calls_per_hour=_CALLS_PER_HOUR, agents=agents, talk_ms=_TALK, patience_ms=patience_ms
    )


def replications(model: QueueModel, hours: int, seeds: range) -> list[Outcome]:
    return [
        run(model, seed=seed, until=hours * HOUR, warm_up_ms=6 * MINUTE, within_ms=_WITHIN)
        for seed in seeds
    ]


def erlang_c(agents: int) -> dict[str, float]:
    exact = ErlangC(_CALLS_PER_HOUR / HOUR, _TALK, agents)
    return {
        "waited": exact.wait_share,
        "mean wait": exact.mean_wait / SECOND,
        "service level": exact.service_level(_WITHIN),
        "occupancy": exact.occupancy,
        "abandoned": 0.0,
    }


def erlang_a(agents: int, patience_ms: int) -> dict[str, float]:
    exact = ErlangA(
        arrival_rate=_CALLS_PER_HOUR / HOUR,
        mean_service=_TALK,
        servers=agents,
        mean_patience=patience_ms,
    )
    return {
        "waited": exact.wait_share,
        "mean wait": exact.mean_wait / SECOND,
        "service level": exact.answered_within(_WITHIN),
        "occupancy": exact.occupancy,
        "abandoned": exact.abandoned_share,
    }


@pytest.mark.parametrize("agents", [12, 13, 15])
def test_callers_who_never_give_up_wait_as_erlang_c_says(agents: int) -> None:
    outcomes = replications(centre(agents), 1, range(12))
    assert outside(outcomes, erlang_c(agents)) == []


@pytest.mark.parametrize("agents", [9, 11, 14])
def test_callers_who_give_up_wait_as_erlang_a_says(agents: int) -> None:
    outcomes = replications(centre(agents, 6 * SECOND), 1, range(12))
    assert outside(outcomes, erlang_a(agents, 6 * SECOND)) == []


@pytest.mark.slow
@pytest.mark.parametrize("agents", [12, 13, 15])
def test_in_a_long_run_they_wait_as_erlang_c_says(agents: int) -> None:
    outcomes = replications(centre(agents), 12, range(100, 116))
    assert outside(outcomes, erlang_c(agents)) == []


@pytest.mark.slow
@pytest.mark.parametrize("agents", [9, 11, 14])
def test_in_a_long_run_they_wait_as_erlang_a_says(agents: int) -> None:
    outcomes = replications(centre(agents, 6 * SECOND), 12, range(100, 116))
    assert outside(outcomes, erlang_a(agents, 6 * SECOND)) == []


def test_a_wrong_theory_is_found_out() -> None:
    outcomes = replications(centre(12), 1, range(12))
    assert len(outside(outcomes, erlang_c(11))) >= 3


def test_the_agents_of_m2_have_the_skills_that_the_model_says() -> None:
    # Agent 31: n = 1 + 5 mod 3 = 3 skills, from 31 mod 6 = 1 in steps of 1 + 1 mod 2 = 2.
    assert m2_skills(31) == {"s1": 10, "s3": 9, "s5": 8}
    assert m2_skills(0) == {"s0": 10}
    assert m2_skills(11) == {"s5": 10, "s0": 9}


def test_the_same_seed_gives_the_same_outcome() -> None:
    once = run(m2(), seed=5, until=HOUR, warm_up_ms=0)
    assert run(m2(), seed=5, until=HOUR, warm_up_ms=0) == once
    assert once.answered + once.abandoned == once.offered == once.arrived


# Erlang A, exact: load, service level 80/20, abandoned, occupancy, mean wait of the answered (ms).
M1_EXACT = [
    (1.0, {"service level": 0.98621, "abandoned": 0.01182, "occupancy": 0.95630}, 1_381.91),
    (1.1, {"service level": 0.87462, "abandoned": 0.06599, "occupancy": 0.99427}, 7_982.03),
]


@pytest.mark.slow
@pytest.mark.parametrize(("load", "exact", "asa_ms"), M1_EXACT)
def test_m1_is_within_three_standard_errors_of_the_exact_values(
    load: float, exact: dict[str, float], asa_ms: float
) -> None:
    outcomes = [run(m1(load=load), seed=seed) for seed in range(12)]
    samples = {name: [FIGURES[name](outcome) for outcome in outcomes] for name in exact}
    samples["asa"] = [outcome.asa_ms for outcome in outcomes]
    errors = {
        name: (mean(values) - {**exact, "asa": asa_ms}[name]) * sqrt(len(values)) / stdev(values)
        for name, values in samples.items()
    }
    assert {name: error for name, error in errors.items() if abs(error) > 3} == {}
