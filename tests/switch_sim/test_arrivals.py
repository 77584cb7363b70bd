"""Arrivals: the law that they follow, and the process that lets callers call."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from csta.instants import HOUR
from switch_sim.arrivals import Rates, arrive, poisson
from switch_sim.callers import CallerPlan
from tests.switch_sim.stage import START, caller

RATES = Rates(start_at=START, calls=(400.0, 0.0, 1_600.0, 100.0))


def test_arrivals_come_in_order_within_their_hours_and_as_many_as_expected() -> None:
    instants = list(poisson(RATES, np.random.default_rng(7)))
    assert instants == sorted(instants)
    hours = np.bincount([(at - START) // HOUR for at in instants], minlength=4)
    for count, expected in zip(hours.tolist(), RATES.calls, strict=True):
        assert abs(count - expected) <= 4 * expected**0.5


def test_gaps_between_arrivals_are_exponential() -> None:
    rates = Rates(start_at=START, calls=(6_000.0,) * 4)
    gaps = np.diff(list(poisson(rates, np.random.default_rng(11)))) / (HOUR / 6_000)
    # The share of gaps longer than k times the mean is e to the -k; five standard errors.
    for k in (0.5, 1.0, 2.0):
        share = np.exp(-k)
        assert abs(np.mean(gaps > k) - share) < 5 * (share * (1 - share) / len(gaps)) ** 0.5


def test_one_seed_gives_one_sequence() -> None:
    one, same, other = (list(poisson(RATES, np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert one == same != other
    assert all(type(at) is int for at in one)


def test_each_caller_calls_at_his_instant() -> None:
    env = simpy.Environment(initial_time=START)
    came: list[tuple[int, CallerPlan]] = []
    plans = [caller(talk_ms=number) for number in range(4)]
    calls = list(zip((START, START + 5, START + 5, START + 70), plans, strict=True))
    env.process(arrive(env, lambda plan: came.append((round(env.now), plan)), calls))
    env.run()
    assert came == calls
    assert type(env.now) is int


def test_callers_out_of_order_are_refused() -> None:
    env = simpy.Environment(initial_time=START)
    env.process(arrive(env, id, [(START + 9, caller()), (START + 7, caller())]))
    with pytest.raises(ValueError, match="comes 2 ms too late"):
        env.run()
