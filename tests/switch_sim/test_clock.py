"""The clock of a simulation: order, calling off, and how little it asks of SimPy."""

from __future__ import annotations

import gc
from functools import partial

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from ctiserver.core.driver import Clock, ManualClock, Timer
from switch_sim.clock import SimpyClock
from tests.switch_sim.stage import START, pass_time


def _clock() -> tuple[simpy.Environment, SimpyClock]:
    env = simpy.Environment(initial_time=START)
    return env, SimpyClock(env)


def _pending(env: simpy.Environment) -> int:
    """Count SimPy's events by taking them all."""
    count = 0
    while env.peek() < float("inf"):
        env.step()
        count += 1
    return count


def test_time_is_whole_milliseconds_rounded() -> None:
    env, clock = _clock()
    env.run(until=START + 10.6)
    assert clock.now() == START + 11
    assert type(clock.now()) is int


def test_calls_come_at_their_instants_and_for_one_instant_in_the_order_asked_for() -> None:
    env, clock = _clock()
    came: list[tuple[int, str]] = []
    for at, name in ((20, "c"), (10, "a"), (20, "d"), (10, "b"), (-5, "at once")):
        clock.call_at(START + at, partial(lambda n: came.append((clock.now() - START, n)), name))
    clock.call_in(15, lambda: came.append((clock.now() - START, "in between")))
    assert came == []
    env.run()
    assert came == [(0, "at once"), (10, "a"), (10, "b"), (15, "in between"), (20, "c"), (20, "d")]


def test_a_call_within_a_call_comes_after_it_and_at_its_own_instant() -> None:
    env, clock = _clock()
    came: list[tuple[int, str]] = []

    def note(name: str) -> None:
        came.append((clock.now() - START, name))

    def first() -> None:
        clock.call_at(START, lambda: note("overdue"))
        clock.call_in(5, lambda: note("soon"))
        note("first")

    clock.call_at(START + 10, first)
    clock.call_at(START + 10, lambda: note("second"))
    clock.call_at(START + 40, lambda: note("later"))
    env.run()
    assert came == [(10, "first"), (10, "second"), (10, "overdue"), (15, "soon"), (40, "later")]


def test_what_is_called_off_does_not_come_and_may_be_called_off_again() -> None:
    env, clock = _clock()
    came: list[str] = []
    timer = clock.call_in(10, lambda: came.append("no"))
    kept = clock.call_in(10, lambda: came.append("yes"))
    timer.cancel()
    timer.cancel()
    env.run()
    assert came == ["yes"]
    kept.cancel()


def test_moving_a_timer_on_again_and_again_does_not_flood_simpy() -> None:
    env, clock = _clock()
    timer = clock.call_in(50, lambda: None)
    for step in range(1_000):
        timer.cancel()
        timer = clock.call_in(50 + step, lambda: None)
    assert _pending(env) == 2
    assert env.now == START + 1_049


def test_moving_a_timer_to_and_fro_does_not_flood_simpy_either() -> None:
    env, clock = _clock()
    timer = clock.call_in(1_000, lambda: None)
    for step in range(1_000):
        timer.cancel()
        timer = clock.call_in(50 if step % 2 else 500, lambda: None)
    assert _pending(env) == 3


def test_moving_a_timer_while_calls_are_made_asks_simpy_once() -> None:
    env, clock = _clock()

    def move() -> None:
        timer = clock.call_in(2_000, lambda: None)
        for step in range(1_000):
            timer.cancel()
            timer = clock.call_in(2_000 - step, lambda: None)

    clock.call_in(10, move)
    assert _pending(env) == 2


def test_what_is_called_off_long_before_its_time_is_forgotten() -> None:
    _, clock = _clock()
    kept = [clock.call_in(60_000, lambda: None) for _ in range(100)]
    for _ in range(10_000):
        clock.call_in(90_000, lambda: None).cancel()
    assert sum(type(thing) is type(kept[0]) for thing in gc.get_objects()) < 500


def test_a_call_that_raises_does_not_stop_the_clock() -> None:
    env, clock = _clock()
    came: list[int] = []

    def fail() -> None:
        raise LookupError("a fault of its own")

    clock.call_in(10, fail)
    clock.call_in(10, lambda: came.append(10))
    clock.call_in(20, lambda: came.append(20))
    with pytest.raises(LookupError, match="a fault of its own"):
        env.run()
    env.run()
    assert came == [10, 20]


acts = st.tuples(st.sampled_from(["call", "cancel", "pass"]), st.integers(0, 50))


@given(st.lists(acts, max_size=150))
def test_it_calls_as_the_clock_that_is_turned_by_hand_does(script: list[tuple[str, int]]) -> None:
    env, simulated = _clock()
    manual = ManualClock(START)
    logs: list[list[tuple[int, int]]] = [[], []]
    clocks: list[tuple[Clock, list[tuple[int, int]]]] = [(simulated, logs[0]), (manual, logs[1])]
    timers: list[list[Timer]] = []

    def note(clock: Clock, log: list[tuple[int, int]], number: int) -> None:
        log.append((clock.now(), number))

    for number, (act, amount) in enumerate(script):
        if act == "call":
            at = manual.now() + amount - 5
            timers.append(
                [clock.call_at(at, partial(note, clock, log, number)) for clock, log in clocks]
            )
        elif act == "cancel" and timers:
            for timer in timers[amount % len(timers)]:
                timer.cancel()
        elif act == "pass":
            pass_time(env, amount)
            manual.advance(amount)
    assert logs[0] == logs[1]
