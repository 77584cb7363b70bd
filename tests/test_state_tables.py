"""Every table of states: complete, every state reachable, an exit from each; drawn as it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pytest

from agents.states import AGENT_STEPS, PHASE_STEPS
from csta.states import CONNECTION_STEPS, AgentState, BusyPhase, ConnectionState
from scenarios.state_drawings import PAGE, drawing, page

Table = Mapping[StrEnum, frozenset[StrEnum]]

TABLES = [
    pytest.param(CONNECTION_STEPS, [ConnectionState.NULL], id="connections"),
    pytest.param(AGENT_STEPS, [AgentState.NULL], id="agents"),
    pytest.param(PHASE_STEPS, [BusyPhase.OFFERED, BusyPhase.DIALING], id="phases"),
]


def reachable(table: Table, start: StrEnum) -> set[StrEnum]:
    seen = {start}
    while more := {step for state in seen for step in table[state]} - seen:
        seen |= more
    return seen


@pytest.mark.parametrize(("table", "starts"), TABLES)
def test_a_table_has_a_row_for_every_state(table: Table, starts: list[StrEnum]) -> None:
    assert list(table) == list(type(starts[0]))


@pytest.mark.parametrize(("table", "starts"), TABLES)
def test_every_state_is_reached(table: Table, starts: list[StrEnum]) -> None:
    assert set().union(*(reachable(table, start) for start in starts)) == set(table)


@pytest.mark.parametrize(("table", "starts"), TABLES)
def test_every_state_has_an_exit(table: Table, starts: list[StrEnum]) -> None:
    del starts
    assert [state for state in table if not table[state] - {state}] == []


@pytest.mark.parametrize(
    ("table", "start"), [(CONNECTION_STEPS, ConnectionState.NULL), (AGENT_STEPS, AgentState.NULL)]
)
def test_from_every_state_there_is_a_way_to_the_end(table: Table, start: StrEnum) -> None:
    assert [state for state in table if start not in reachable(table, state)] == []


def test_a_drawing_has_one_arrow_for_each_step() -> None:
    arrows = drawing(AGENT_STEPS, AgentState.NULL).count(" --> ")
    assert arrows == 1 + sum(len(steps) for steps in AGENT_STEPS.values())


def test_the_page_is_drawn_from_the_tables_as_they_are() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m scenarios.state_drawings"
