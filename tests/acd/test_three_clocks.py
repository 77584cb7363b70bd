"""The ACD with every strategy, order and recipe: live, simulated and by hand it decides alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby

import pytest
import simpy

from acd.decisions import AcdDecision, Offer
from acd.distributor import Distributor
from acd.inputs import AcdInput
from agents.directory import Directory
from csta.errors import CtiError
from csta.instants import Instant
from ctiserver.core.driver import Clock, Driver, ManualClock
from ctiserver.live.clock import AsyncioClock
from switch_sim.clock import SimpyClock
from tests.acd.explained_worlds import World
from tests.test_clocks import START, JumpingLoop

Decided = list[tuple[Instant, AcdDecision | str]]


class Recorded(World):
    """A random world that writes down what it tells the distributor."""

    def __init__(self, seed: int) -> None:
        """Begin with nothing written."""
        self.script: list[tuple[Instant, AcdInput]] = []
        super().__init__(seed, explained=False)

    def tell(self, event: AcdInput) -> None:
        """Write it down, then tell it."""
        self.script.append((self.now, event))
        super().tell(event)

    def again(self) -> Polite:
        """Give a fresh distributor with the same queues and agents."""
        return Polite(self)


class Polite:
    """A distributor that answers a refused request with the refusal instead of raising it."""

    def __init__(self, world: Recorded) -> None:
        """Start empty."""
        self._acd = Distributor(world.acd.config, Directory(world.agents, "test"))
        self.wake_at, self.wake = self._acd.wake_at, self._acd.wake

    def handle(self, event: AcdInput, now: Instant) -> list[AcdDecision | str]:
        """Take in one input."""
        try:
            return [*self._acd.handle(event, now)]
        except CtiError as refusal:
            return [refusal.detail]


def _feed(clock: Clock, world: Recorded) -> Decided:
    decided: Decided = []
    driver = Driver(
        world.again(), clock, lambda given, now: decided.extend((now - START, d) for d in given)
    )

    def submit(events: list[AcdInput]) -> None:
        for event in events:
            driver.submit(event)

    # What comes at one instant is one call: an event loop keeps no order among its timers.
    for at, told in groupby(world.script, key=lambda one: one[0]):
        clock.call_at(START + at, partial(submit, [event for _, event in told]))
    return decided


def by_hand(world: Recorded) -> Decided:
    clock = ManualClock(START)
    decided = _feed(clock, world)
    clock.advance_to(START + world.now)
    return decided


def simulated(world: Recorded) -> Decided:
    env = simpy.Environment(initial_time=START)
    decided = _feed(SimpyClock(env), world)
    env.run(until=START + world.now + 1)
    return decided


def live(world: Recorded, speed: float = 1.0) -> Decided:
    loop = JumpingLoop()
    try:
        clock = AsyncioClock(loop, START, speed)
        decided = _feed(clock, world)
        clock.call_at(START + world.now, loop.stop)
        loop.run_forever()
    finally:
        loop.close()
    return decided


CLOCKS: list[Callable[[Recorded], Decided]] = [by_hand, simulated, live, partial(live, speed=41.0)]


@pytest.mark.parametrize("seed", range(25))
def test_the_distributor_decides_the_same_in_real_and_in_simulated_time(seed: int) -> None:
    world = Recorded(seed)
    world.run(120)
    first, *others = [run(world) for run in CLOCKS]
    offers = [decision for _, decision in first if isinstance(decision, Offer)]
    assert len(offers) >= 5
    assert [other == first for other in others] == [True] * len(others)
