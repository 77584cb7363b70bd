"""One script, one core, three clocks: live, simulated and turned by hand give equal decisions."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from csta.instants import Agenda, Instant
from ctiserver.core.driver import Clock, Driver, ManualClock
from ctiserver.live.clock import AsyncioClock
from switch_sim.clock import SimpyClock

START: Instant = 1_700_000_000_000
END: Instant = START + 10_000

Event = tuple[str, int]
Script = Mapping[Instant, list[Event]]


class ToyCore:
    """Repeats each name so many milliseconds after it was told; forgets a name with 0."""

    def __init__(self) -> None:
        """Start with nothing to repeat."""
        self._agenda: Agenda[str] = Agenda()

    def handle(self, event: Event, now: Instant) -> list[str]:
        """Take in a name and a delay."""
        name, delay_ms = event
        if delay_ms:
            self._agenda.set(name, now + delay_ms)
        else:
            self._agenda.cancel(name)
        return [f"{now - START} heard {name}"]

    def wake_at(self) -> Instant | None:
        """Give the next deadline."""
        return self._agenda.next_at()

    def wake(self, now: Instant) -> list[str]:
        """Repeat what is due."""
        return [f"{now - START} repeats {name}" for name in self._agenda.due(now)]


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: it lets the loop's time jump instead."""

    jump: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[Any]:
        """Look at what is ready now; let the time that would be waited for pass."""
        ready = super().select(0)
        if not ready and timeout:
            self.jump(timeout)
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in which time passes as fast as nothing happens."""

    def __init__(self, resolution_s: float = 1e-9) -> None:
        """Start; timers are rung when they are due in less than the resolution."""
        selector = _Selector()
        self._seconds = 12_345.678
        super().__init__(selector)
        selector.jump = self._jump
        self._clock_resolution = resolution_s

    def time(self) -> float:
        """Give the seconds of this loop."""
        return self._seconds

    def _jump(self, seconds: float) -> None:
        self._seconds += seconds


def _feed(clock: Clock, script: Script) -> list[str]:
    """Drive a core by the script; what comes at one instant is submitted in order, by one call."""
    decided: list[str] = []
    driver = Driver(ToyCore(), clock, lambda decisions, _: decided.extend(decisions))

    def submit(events: list[Event]) -> None:
        for event in events:
            driver.submit(event)

    for at, events in script.items():
        clock.call_at(START + at, partial(submit, events))
    return decided


def by_hand(script: Script) -> list[str]:
    """Run the script on the clock that is turned by hand."""
    clock = ManualClock(START)
    decided = _feed(clock, script)
    clock.advance_to(END)
    return decided


def simulated(script: Script) -> list[str]:
    """Run the script in a SimPy environment."""
    env = simpy.Environment(initial_time=START)
    decided = _feed(SimpyClock(env), script)
    env.run()
    return decided


def live(script: Script, speed: float = 1.0) -> list[str]:
    """Run the script on an asyncio loop."""
    loop = JumpingLoop()
    try:
        clock = AsyncioClock(loop, START, speed)
        decided = _feed(clock, script)
        clock.call_at(END, loop.stop)
        loop.run_forever()
    finally:
        loop.close()
    return decided


CLOCKS: list[Callable[[Script], list[str]]] = [by_hand, simulated, live, partial(live, speed=37.0)]
IDS = ["by hand", "simulated", "live", "live, faster"]


@pytest.mark.parametrize("run", CLOCKS, ids=IDS)
def test_a_deadline_comes_before_an_event_of_the_same_instant(
    run: Callable[[Script], list[str]],
) -> None:
    script = {0: [("a", 100), ("b", 250)], 100: [("c", 150), ("b", 300)], 250: [("c", 0)]}
    assert run(script) == [
        "0 heard a",
        "0 heard b",
        "100 repeats a",
        "100 heard c",
        "100 heard b",
        "250 repeats c",
        "250 heard c",
        "400 repeats b",
    ]


events = st.tuples(st.sampled_from("abcdef"), st.integers(0, 40))
scripts = st.dictionaries(
    st.integers(0, 200), st.lists(events, min_size=1, max_size=4), max_size=25
)


@given(scripts)
def test_every_clock_gives_the_same_decisions(script: Script) -> None:
    first, *others = [run(script) for run in CLOCKS]
    assert all(other == first for other in others)


def _on_loop(loop: JumpingLoop, play: Callable[[AsyncioClock], None], speed: float = 1.0) -> None:
    try:
        clock = AsyncioClock(loop, START, speed)
        play(clock)
        clock.call_at(END, loop.stop)
        loop.run_forever()
    finally:
        loop.close()


def test_the_live_clock_rounds_and_runs_as_fast_as_it_is_told() -> None:
    loop = JumpingLoop()
    seen: list[tuple[float, Instant]] = []

    def play(clock: AsyncioClock) -> None:
        def note(seconds: float) -> None:
            seen.append((seconds, clock.now() - START))

        for seconds in (0.0104, 0.0106, 1.0):
            loop.call_later(seconds, note, seconds)

    _on_loop(loop, play, speed=2.0)
    assert seen == [(0.0104, 21), (0.0106, 21), (1.0, 2_000)]


def test_the_live_clock_never_calls_early_though_the_loop_does() -> None:
    loop = JumpingLoop(resolution_s=0.010)
    called_at: list[Instant] = []
    woken_at: list[Instant] = []

    def play(clock: AsyncioClock) -> None:
        clock.call_at(START + 100, lambda: called_at.append(clock.now() - START))
        loop.call_later(0.095, lambda: woken_at.append(clock.now() - START))

    _on_loop(loop, play)
    assert (called_at, woken_at) == ([100], [95])


def test_what_is_past_is_called_at_once_but_not_within_the_asking() -> None:
    loop = JumpingLoop()
    called: list[str] = []

    def play(clock: AsyncioClock) -> None:
        clock.call_at(START - 5_000, lambda: called.append("called"))
        called.append("asked")

    _on_loop(loop, play)
    assert called == ["asked", "called"]


def test_what_is_called_off_is_not_called_even_after_the_loop_was_early() -> None:
    loop = JumpingLoop(resolution_s=0.004)
    called: list[str] = []

    def play(clock: AsyncioClock) -> None:
        timer = clock.call_at(START + 100, lambda: called.append("called"))
        # The loop rings for the timer in the same round, so that the cancelling comes after it.
        loop.call_later(0.097, lambda: loop.call_soon(timer.cancel))

    _on_loop(loop, play)
    assert called == []
