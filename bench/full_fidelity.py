"""Whole calls: trunk, menu with prompt and digit, queue, agent, wrap-up, interaction, every event.

The centre is loaded to three quarters, so that most calls are answered at once and some wait.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.centre import DIALLED, STARTS_AT, centre_plan
from bench.figures import Measured, Stopwatch
from csta.instants import HOUR, SECOND, Instant
from scenarios.world import World
from switch_sim.arrivals import Rates, arrive, poisson
from switch_sim.callers import CallerPlan, Press

_CALLS_AN_HOUR_AND_AGENT = 15
_WRAP_UPS_MS = (5 * SECOND, 15 * SECOND)


def measure(*, agents: int, calls: int, journal: bool, seed: int) -> dict[str, Measured]:
    """Run one centre until about so many calls are over; building it is not counted."""
    lines: list[bytes] = []
    world = World(
        centre_plan(agents, _WRAP_UPS_MS, seed=seed), journal=lines.append if journal else None
    )
    world.env.process(arrive(world.env, world.pbx.offer_call, _callers(agents, calls, seed)))
    watch = Stopwatch()
    with watch.running():
        world.start()
        world.run(STARTS_AT + round(HOUR * calls / _hourly(agents)) + HOUR)
    assert not world.engine.model.calls, "a call was left over"
    return {"calls": Measured(world.pbx.ledger.offered, watch.cpu_s)}


def _hourly(agents: int) -> int:
    return agents * _CALLS_AN_HOUR_AND_AGENT


def _callers(agents: int, calls: int, seed: int) -> Iterator[tuple[Instant, CallerPlan]]:
    generator = np.random.default_rng(seed)
    length_ms = round(HOUR * calls / _hourly(agents))
    rates = Rates(start_at=STARTS_AT, calls=(calls,), interval_ms=length_ms)
    for index, at in enumerate(poisson(rates, generator)):
        yield (
            at,
            CallerPlan(
                number=f"+4930{index % 100_000:07}",
                dialled=DIALLED,
                talk_ms=round(generator.exponential(180 * SECOND)),
                patience_ms=round(generator.exponential(120 * SECOND)),
                presses=(Press("choose", "21"[index % 2], 1500),),
            ),
        )
