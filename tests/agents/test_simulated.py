"""Simulated agents: they come, they go, and they come back after a missed call."""

from __future__ import annotations

import pytest

from agents.simulated import Comes, Crew, Goes, ReadyAgain, Shift
from csta.agent_events import AgentBusy, AgentEvent, AgentLoggedOff, AgentNotReady, AgentReady
from csta.causes import Cause


def event(
    kind: type[AgentEvent], reason: str | None = None, cause: Cause = Cause.NORMAL
) -> AgentEvent:
    return kind(
        link_id="sim1",
        agent_device="station:1",
        agent_id="a",
        since=0,
        reason_code=reason,
        cause=cause,
    )


def test_agents_come_and_go_with_their_shifts() -> None:
    crew = Crew((Shift("a", 100, 200), Shift("b", 150)), back_after_ms=60_000)
    assert crew.wake_at() == 100
    assert crew.wake(99) == []
    assert crew.wake(100) == [Comes("a")]
    assert crew.wake(200) == [Comes("b"), Goes("a")]
    assert crew.wake_at() is None


def test_who_goes_and_comes_back_in_one_instant_goes_first() -> None:
    crew = Crew((Shift("a", 0, 100), Shift("a", 100, 200)), back_after_ms=60_000)
    assert crew.wake(0) == [Comes("a")]
    assert crew.wake(100) == [Goes("a"), Comes("a")]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("rona", Cause.ALERT_TIME_EXPIRED),
        ("missed", Cause.ALERT_TIME_EXPIRED),
        ("phone_busy", Cause.BUSY),
        ("rejected", Cause.BLOCKED),
        ("auto_pause", Cause.FORCED_PAUSE),
    ],
)
def test_who_missed_a_call_is_ready_again_after_a_while(reason: str, cause: Cause) -> None:
    crew = Crew((), back_after_ms=60_000)
    assert crew.handle(event(AgentNotReady, reason, cause), 1_000) == []
    assert crew.wake_at() == 61_000
    assert crew.wake(61_000) == [ReadyAgain("a")]


@pytest.mark.parametrize(
    ("reason", "cause"), [("lunch", Cause.NORMAL), ("device_lost", Cause.DEST_NOT_OBTAINABLE)]
)
def test_who_pauses_for_another_reason_is_left_alone(reason: str, cause: Cause) -> None:
    crew = Crew((), back_after_ms=60_000)
    crew.handle(event(AgentNotReady, reason, cause), 1_000)
    assert crew.wake_at() is None


def test_who_has_done_something_else_meanwhile_is_not_called_back() -> None:
    for kind in (AgentReady, AgentBusy, AgentLoggedOff):
        crew = Crew((), back_after_ms=60_000)
        crew.handle(event(AgentNotReady, "rona", Cause.ALERT_TIME_EXPIRED), 1_000)
        crew.handle(event(kind), 2_000)
        assert crew.wake_at() is None
