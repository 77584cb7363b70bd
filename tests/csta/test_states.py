"""The legal steps of a connection: the table of cti-api §7.1, written out again."""

from __future__ import annotations

import pytest

from csta.agent_events import AGENT_EVENTS, EVENT_OF_STATE
from csta.states import CONNECTION_STEPS, AgentState, ConnectionState

TABLE = """
from \\ to | initiated | alerting | connected | hold | queued | fail | null
null      | x         | x        | x         | -    | x      | x    | -
initiated | -         | -        | x         | -    | -      | x    | x
alerting  | -         | -        | x         | -    | x      | x    | x
connected | -         | -        | -         | x    | x      | x    | x
hold      | -         | -        | x         | -    | -      | x    | x
queued    | -         | x        | x         | -    | x      | x    | x
fail      | -         | -        | -         | -    | -      | -    | x
"""


def _cells() -> list[tuple[str, str, bool]]:
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in TABLE.split("\n") if line]
    return [
        (row[0], target, mark == "x")
        for row in rows
        for target, mark in zip(head[1:], row[1:], strict=True)
    ]


@pytest.mark.parametrize(("origin", "target", "legal"), _cells())
def test_a_step_is_legal_as_the_table_says(origin: str, target: str, legal: bool) -> None:  # noqa: FBT001 - a cell of the table
    allowed = ConnectionState(target) in CONNECTION_STEPS[ConnectionState(origin)]
    assert allowed is legal


def test_the_table_names_every_state_and_every_pair() -> None:
    assert len(_cells()) == 49
    assert set(CONNECTION_STEPS) == set(ConnectionState)


def test_the_steps_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CONNECTION_STEPS[ConnectionState.FAIL] = frozenset()  # type: ignore[index] # must fail


def test_every_connection_can_end_from_wherever_it_is() -> None:
    for state in ConnectionState:
        seen = {state}
        while more := {step for at in seen for step in CONNECTION_STEPS[at]} - seen:
            seen |= more
        assert ConnectionState.NULL in seen


def test_each_agent_state_has_the_event_that_tells_of_it() -> None:
    assert set(EVENT_OF_STATE) == set(AgentState)
    assert all(event.STATE is state for state, event in EVENT_OF_STATE.items())
    assert all(event.STATE in AgentState for event in AGENT_EVENTS)
