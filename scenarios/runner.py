"""Runs scenarios: one run from one seed, or many independent ones side by side."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from crm_bridge.bridge import finish_now
from crm_bridge.samples import sample_customers
from csta.instants import HOUR, Milliseconds
from scenarios.behaviour import Phones
from scenarios.caller_stream import all_calls
from scenarios.meter import Meter, RunResult
from scenarios.scenario import Scenario
from scenarios.world import World
from switch_sim.arrivals import arrive
from switch_sim.variates import Streams

_DRAIN_MAX: Milliseconds = 4 * HOUR
"""So long after the last caller has come, a run waits for calls that are under way."""


def run_scenario(
    scenario: Scenario, seed: int, journal: Callable[[bytes], object] | None = None
) -> RunResult:
    """Run a scenario once; the same seed gives the same run, byte for byte."""
    world = World(scenario.plan(seed), journal=journal)
    finish_now(world.store.save_customers(sample_customers(scenario.customers)))
    streams = Streams(seed)
    meter = Meter(scenario, world.pbx)
    phones = Phones(world.pbx, scenario.behaviour, streams.stream("agent_behaviour"))
    world.listeners += [phones, meter.take]
    calls = all_calls(
        scenario.callers, streams, scenario.customers, scenario.starts_at, scenario.ends_at
    )
    world.env.process(arrive(world.env, meter.offer, calls))
    world.start()
    if scenario.warm_up_ms:
        world.run(until=scenario.measured_from)
    before = meter.trunk_boards()
    world.run(until=scenario.ends_at)
    after = meter.trunk_boards()
    world.run(until=scenario.ends_at + _DRAIN_MAX)
    return meter.result(seed, before, after)


def replication_seeds(seed: int, count: int) -> list[int]:
    """Give a seed for each replication; the first is the seed itself: one run is the first."""
    others = (np.random.SeedSequence([seed, index]).generate_state(1) for index in range(1, count))
    return [seed, *(int(state[0]) for state in others)]


def replicate(
    scenario: Scenario, seeds: Sequence[int], workers: int | None = None
) -> Iterator[RunResult]:
    """Run a scenario once for each seed, on as many processes as there are cores at most.

    The results come in the order of the seeds, each as soon as it and those before it are there.
    """
    processes = min(workers or _cores(), len(seeds))
    if processes <= 1:
        yield from (run_scenario(scenario, seed) for seed in seeds)
        return
    # New processes, no copies of this one: copies and threads do not go together.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_end_on_interrupt)
    try:
        yield from pool.map(partial(run_scenario, scenario), seeds)
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _end_on_interrupt() -> None:
    """Let Ctrl-C end a worker without a word: the first process tells of it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
