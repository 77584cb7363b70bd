"""Queues and agents alone: the reference models M1 and M2 on the distributor that runs live."""

from __future__ import annotations

from bench.figures import Measured, Stopwatch
from csta.instants import HOUR
from scenarios.queue_model import m1, m2, run

_MODELS = {"m1": m1, "m2": m2}


def measure(*, model: str, scale: int, load: float, hours: float, seed: int) -> dict[str, Measured]:
    """Run one model for so many hours of calls; building its agents is counted."""
    watch = Stopwatch()
    with watch.running():
        outcome = run(_MODELS[model](scale, load), seed=seed, until=round(hours * HOUR))
    return {"calls": Measured(outcome.arrived, watch.cpu_s)}
