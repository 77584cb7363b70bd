"""The list of agents in a queue plan: what it makes, and what is wrong with it."""

from __future__ import annotations

import pytest

from agents.config import AgentConfig, read_agents
from csta.documents import read_document
from csta.errors import ConfigError


def read(text: str) -> tuple[AgentConfig, ...]:
    return read_agents(read_document(text, "plan.yaml"))


def test_one_entry_is_one_agent() -> None:
    text = "agents:\n  - {id: ann, name: Ann, station: 1001, skills: {sales: 5}}"
    assert read(text) == (AgentConfig("ann", "Ann", "station:1001", {"sales": 5}),)


def test_an_entry_with_a_count_is_that_many_agents() -> None:
    agents = read("agents:\n  - {id: A, name: Team, count: 120, station: 1001}")
    assert len(agents) == 120
    assert (agents[0].agent_id, agents[0].device_id) == ("A001", "station:1001")
    assert agents[-1] == AgentConfig("A120", "Team 120", "station:1120", {})


@pytest.mark.parametrize(
    ("text", "line", "key", "remedy"),
    [
        ("agents:\n  - {station: 1}", 2, "agents[1].id", "id: some text"),
        ("agents:\n  - {id: a}", 2, "agents[1].station", "station: 1"),
        ("agents:\n  - {id: a, station: 0}", 2, "agents[1].station", "station: 1"),
        ("agents:\n  - {id: a, station: x1}", 2, "agents[1].station", "station: 1"),
        ("agents:\n  - {id: a, station: 1, count: -1}", 2, "agents[1].count", "count: 0"),
        ("agents:\n  - {id: a, station: 1, skills: {s: 0}}", 2, "agents[1].skills", "10 is best"),
        ("agents:\n  - {id: a, station: 1, skill: {s: 1}}", 2, "agents[1].skill", "one of: "),
        (
            "agents:\n  - {id: a, station: 1}\n  - {id: a, station: 2}",
            3,
            "agents[2].id",
            "another id",
        ),
        (
            "agents:\n  - {id: a, station: 1, count: 3}\n  - {id: b, station: 3}",
            3,
            "agents[2].station",
            "a station for each agent",
        ),
        ("agents: ann", 1, "agents", "a list, each '- key: value'"),
    ],
)
def test_a_fault_is_named_with_its_line_its_key_and_what_to_write(
    text: str, line: int, key: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as fault:
        read(text)
    assert (fault.value.line, fault.value.key) == (line, key)
    assert remedy in fault.value.remedy
