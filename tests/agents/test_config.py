"""The list of agents in a queue plan: what it makes, and what is wrong with it."""

from __future__ import annotations

import pytest

from agents.config import AgentConfig, Membership, read_agents
from csta.documents import read_document
from csta.errors import ConfigError


def read(text: str, queues: tuple[str, ...] | None = None) -> tuple[AgentConfig, ...]:
    return read_agents(read_document(text, "plan.yaml"), queues)


def test_one_entry_is_one_agent() -> None:
    text = "agents:\n  - {id: ann, name: Ann, station: 1001, skills: {sales: 5}}"
    assert read(text) == (AgentConfig("ann", "Ann", "station:1001", {"sales": 5}),)


def test_an_entry_with_a_count_is_that_many_agents() -> None:
    agents = read("agents:\n  - {id: A, name: Team, count: 120, station: 1001}")
    assert len(agents) == 120
    assert (agents[0].agent_id, agents[0].device_id) == ("A001", "station:1001")
    assert agents[-1] == AgentConfig("A120", "Team 120", "station:1120", {})


ONE = "agents:\n  - {id: a, station: 1, "


def test_an_agent_may_serve_some_queues_alike() -> None:
    """A10."""
    agent = read(ONE + "queues: [sales, support]}", queues=("support", "sales"))[0]
    assert agent.queues == {"sales": Membership(), "support": Membership()}
    assert read(ONE + "skills: {sales: 5}}")[0].queues is None


def test_an_agent_may_serve_each_queue_in_another_way() -> None:
    """R07, R09, R20: rank, weight with a delay, and lots."""
    text = "queues: {sales: {rank: 2, lots: 5}, support: {weight: 9, delay: 20 s}, desk: }}"
    assert read(ONE + text)[0].queues == {
        "sales": Membership(rank=2, lots=5),
        "support": Membership(weight=9, delay_ms=20_000),
        "desk": Membership(),
    }


def test_an_agent_may_have_several_chats_but_one_voice() -> None:
    """R38."""
    assert read(ONE + "capacity: {chat: 3, voice: 1}}")[0].capacity == {"chat": 3, "voice": 1}


def test_an_entry_with_a_count_gives_each_agent_the_same_queues_and_capacity() -> None:
    agents = read(ONE + "count: 3, queues: {sales: {rank: 2}}, capacity: {chat: 2}}")
    assert [agent.agent_id for agent in agents] == ["a01", "a02", "a03"]
    assert [agent.queues for agent in agents] == [{"sales": Membership(rank=2)}] * 3
    assert [agent.capacity for agent in agents] == [{"chat": 2}] * 3


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
        (ONE + "queues: []}", 2, "agents[1].queues", "queues: [sales]"),
        (ONE + "queues: {}}", 2, "agents[1].queues", "queues: [sales]"),
        (ONE + "queues: sales}", 2, "agents[1].queues", "{name: { … }}"),
        (ONE + "queues: [sales, sales]}", 2, "agents[1].queues", "each queue once"),
        (ONE + "queues: [sails]}", 2, "agents[1].queues", "one of: sales, support"),
        (ONE + "queues: {sails: {rank: 1}}}", 2, "agents[1].queues", "one of: sales, support"),
        (ONE + "queues: {sales: 2}}", 2, "agents[1].queues.sales", "sales: { … }"),
        (ONE + "queues: {sales: {rank: 0}}}", 2, "agents[1].queues.sales.rank", "rank: 1"),
        (ONE + "queues: {sales: {weight: -1}}}", 2, "agents[1].queues.sales.weight", "weight: 0"),
        (ONE + "queues: {sales: {delay: 9}}}", 2, "agents[1].queues.sales.delay", "delay: 9 s"),
        (ONE + "queues: {sales: {lots: 0}}}", 2, "agents[1].queues.sales.lots", "lots: 1"),
        (ONE + "queues: {sales: {tier: 2}}}", 2, "agents[1].queues.sales.tier", "one of: delay"),
        (ONE + "capacity: {voice: 2}}", 2, "agents[1].capacity", "voice: 1"),
        (ONE + "capacity: {voice: 0}}", 2, "agents[1].capacity", "voice: 1"),
        (ONE + "capacity: {chat: -1}}", 2, "agents[1].capacity", "chat: 0 to 100"),
        (ONE + "capacity: {chat: many}}", 2, "agents[1].capacity", "{first: 1, second: 2}"),
        (ONE + "capacity: 3}", 2, "agents[1].capacity", "{first: 1, second: 2}"),
    ],
)
def test_a_fault_is_named_with_its_line_its_key_and_what_to_write(
    text: str, line: int, key: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as fault:
        read(text, queues=("sales", "support"))
    assert (fault.value.line, fault.value.key) == (line, key)
    assert remedy in fault.value.remedy
