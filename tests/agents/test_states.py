"""Legal steps of an agent, and what may be asked for: the table of cti-api §7.1, written again."""

from __future__ import annotations

import pytest

from agents.states import AGENT_STEPS, PHASE_STEPS, REQUESTS
from csta.states import AgentState, BusyPhase

NAMES = ("NULL", "NOT_READY", "READY", "BUSY", "WORKING_AFTER_CALL")
# x: a legal step; r: a legal step that the agent may also ask for; p: asked for, kept as pending.
TABLE = {
    "NULL": "- x - - -",
    "NOT_READY": "r r r x r",
    "READY": "r r - x r",
    "BUSY": "x p p x p",
    "WORKING_AFTER_CALL": "r r r x -",
}


@pytest.mark.parametrize("origin", NAMES)
def test_the_tables_say_what_is_written_here(origin: str) -> None:
    marks = dict(zip(NAMES, TABLE[origin].split(), strict=True))
    steps = {AgentState[name] for name, mark in marks.items() if mark != "-"}
    asked = {AgentState[name] for name, mark in marks.items() if mark in "rp"}
    assert AGENT_STEPS[AgentState[origin]] == steps
    assert REQUESTS[AgentState[origin]] == asked


def test_what_may_be_asked_for_is_a_legal_step() -> None:
    assert all(REQUESTS[state] <= AGENT_STEPS[state] for state in AgentState)


def test_no_phase_follows_itself() -> None:
    assert [phase for phase in BusyPhase if phase in PHASE_STEPS[phase]] == []
