"""The driver: one queue, deadlines before events, one timer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from csta.instants import Agenda, Instant
from ctiserver.core.driver import Driver, ManualClock, Timer


class Echo:
    """A core that repeats what it is told; `in N` sets a deadline, told as `ring` when it comes."""

    def __init__(self) -> None:
        """Begin without deadlines."""
        self.agenda: Agenda[str] = Agenda()

    def handle(self, event: str, now: Instant) -> list[str]:
        """Repeat, or set a deadline."""
        if event.startswith("in "):
            self.agenda.set(event, now + int(event[3:]))
            return []
        assert event != "fail", "told to fail"
        return [f"{now} {event}"]

    def wake_at(self) -> Instant | None:
        """Give the next deadline."""
        return self.agenda.next_at()

    def wake(self, now: Instant) -> list[str]:
        """Tell each deadline."""
        return [f"{now} ring ({key})" for key in self.agenda.due(now)]


class CountingClock(ManualClock):
    """Counts the timers that are armed."""

    armed = 0

    def call_at(self, at: Instant, callback: Callable[[], None]) -> Timer:
        """Count, and do as the clock does."""
        self.armed += 1
        return super().call_at(at, callback)


class Stage:
    """A driver at work; `answers` are submitted when a decision with these words is performed."""

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        """Begin at 0."""
        self.clock = CountingClock()
        self.told: list[str] = []
        self.recorded: list[tuple[str | None, Instant]] = []
        self._answers = answers or {}
        self.driver: Driver[str, str] = Driver(
            Echo(), self.clock, self._perform, lambda event, now: self.recorded.append((event, now))
        )

    def _perform(self, decisions: Sequence[str], now: Instant) -> None:
        for decision in decisions:
            assert decision.startswith(f"{now} ")
            if answer := self._answers.get(decision.partition(" ")[2]):
                self.driver.submit(answer)
            self.told.append(decision)


def test_inputs_are_taken_in_the_order_in_which_they_come() -> None:
    stage = Stage()
    for event in ("a", "b", "c"):
        stage.driver.submit(event)
    assert stage.told == ["0 a", "0 b", "0 c"]


def test_an_input_that_comes_while_decisions_are_performed_waits_its_turn() -> None:
    stage = Stage({"a": "b", "b": "c"})
    stage.driver.submit("a")
    assert stage.told == ["0 a", "0 b", "0 c"]


def test_a_deadline_comes_before_an_event_of_the_same_instant() -> None:
    stage = Stage()
    stage.driver.submit("in 5")
    stage.clock.call_at(5, lambda: stage.driver.submit("late"))
    stage.clock._now = 5  # noqa: SLF001 - the instant has come, and no timer has rung yet
    stage.driver.submit("event")
    assert stage.told == ["5 ring (in 5)", "5 event"]


def test_deadlines_ring_at_their_instants_in_their_order() -> None:
    stage = Stage()
    for event in ("in 9", "in 3", "in 6"):
        stage.driver.submit(event)
    stage.clock.advance_to(7)
    assert stage.told == ["3 ring (in 3)", "6 ring (in 6)"]
    stage.clock.advance_to(20)
    assert stage.told[2:] == ["9 ring (in 9)"]


def test_one_timer_is_armed_and_not_again_when_the_deadline_has_not_changed() -> None:
    stage = Stage()
    stage.driver.submit("in 100")
    for number in range(50):
        stage.driver.submit(f"event {number}")
        stage.driver.submit(f"in {200 + number}")
    assert stage.clock.armed == 1
    stage.driver.submit("in 50")
    assert stage.clock.armed == 2
    stage.clock.advance_to(50)
    assert stage.told[-1] == "50 ring (in 50)"


def test_each_input_and_each_waking_is_recorded_before_the_core_sees_it() -> None:
    stage = Stage()
    stage.driver.submit("in 5")
    stage.clock.advance_to(10)
    with pytest.raises(AssertionError, match="told to fail"):
        stage.driver.submit("fail")
    assert stage.recorded == [("in 5", 0), (None, 5), ("fail", 10)]


def test_a_core_that_failed_may_be_given_the_next_input() -> None:
    stage = Stage()
    with pytest.raises(AssertionError, match="told to fail"):
        stage.driver.submit("fail")
    stage.driver.submit("a")
    assert stage.told == ["0 a"]


def test_a_driver_that_was_stopped_rings_no_more_until_the_next_input() -> None:
    stage = Stage()
    stage.driver.submit("in 5")
    stage.driver.stop()
    stage.clock.advance_to(10)
    assert stage.told == []
    assert stage.clock.next_at() is None
    stage.driver.submit("a")
    assert stage.told == ["10 ring (in 5)", "10 a"]
