"""An agent's own figures: what was spent where, the state in force included (A18)."""

from __future__ import annotations

from agents.config import AgentConfig
from agents.directory import Directory
from agents.figures import figures_of
from csta.acd_events import RefusalReason
from csta.states import AgentState


def test_a18_the_times_of_an_agent_add_up_to_the_time_logged_on_at_every_instant() -> None:
    directory = Directory((AgentConfig("ann", "Ann", "station:1", {}),), "sim1")
    ann = directory.agent("ann")
    assert figures_of(ann, 5) is None
    directory.log_on(ann, "station:1", 10)
    steps = [
        (20, AgentState.READY),
        (50, AgentState.BUSY),
        (90, AgentState.WORKING_AFTER_CALL),
        (100, AgentState.NOT_READY),
    ]
    figures = None
    for at, state in steps:
        directory.change(ann, state, at)
        for now in (at, at + 5):
            figures = figures_of(ann, now)
            assert figures is not None
            parts = figures.ready_ms + figures.not_ready_ms + figures.busy_ms + figures.work_ms
            assert parts == figures.logged_on_ms == now - 10
    assert figures is not None
    assert (figures.ready_ms, figures.busy_ms, figures.work_ms) == (30, 40, 10)
    assert figures.handled_ms_mean is None


def test_a18_a_new_log_on_begins_anew() -> None:
    directory = Directory((AgentConfig("ann", "Ann", "station:1", {}),), "sim1")
    ann = directory.agent("ann")
    directory.log_on(ann, "station:1", 0)
    directory.change(ann, AgentState.READY, 0)
    assert [ann.note_miss(RefusalReason.REJECTED) for _ in range(2)] == [1, 2]
    directory.change(ann, AgentState.NULL, 60)
    directory.log_on(ann, "station:1", 100)
    figures = figures_of(ann, 130)
    assert figures is not None
    assert (figures.logged_on_ms, figures.ready_ms, figures.missed) == (30, 0, {})
    assert ann.misses == {}
