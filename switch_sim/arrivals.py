"""Arrivals: when callers call, drawn from hourly rates or listed, and a process to let them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec
import numpy as np
import simpy
from simpy.events import ProcessGenerator

from csta.instants import HOUR, Instant, Milliseconds
from switch_sim.callers import CallerPlan


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Expected calls in each interval from `start_at` on; inside an interval the rate stays."""

    start_at: Instant
    calls: tuple[float, ...]
    interval_ms: Milliseconds = HOUR


def poisson(rates: Rates, generator: np.random.Generator) -> Iterator[Instant]:
    """Draw the instants of a Poisson process, in order.

    Given their number, which is Poisson, the arrivals of an interval are uniform in it.
    """
    for index, expected in enumerate(rates.calls):
        begin = rates.start_at + index * rates.interval_ms
        count = generator.poisson(expected)
        drawn = generator.integers(begin, begin + rates.interval_ms, size=count)
        drawn.sort()
        yield from drawn.tolist()


def arrive(
    env: simpy.Environment,
    offer: Callable[[CallerPlan], object],
    calls: Iterable[tuple[Instant, CallerPlan]],
) -> ProcessGenerator:
    """Let each caller call at his instant: `env.process(arrive(env, pbx.offer_call, calls))`.

    `calls` is taken one at a time, so that it may draw each plan when it is needed.

    Raises:
        ValueError: The instants are not in order, or one lies before the present.
    """
    for at, plan in calls:
        delay_ms = at - round(env.now)
        if delay_ms < 0:
            raise ValueError(
                f"a call at {at} comes {-delay_ms} ms too late: calls must be in order"
            )
        if delay_ms:
            yield env.timeout(delay_ms)
        offer(plan)
