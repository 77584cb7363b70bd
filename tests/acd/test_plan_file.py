"""Queue plans: what is read, and for each fault the line, the key and what to write."""

from __future__ import annotations

import pytest

from acd.config import AgentChoice, QueueConfig, ServiceOrder, Step
from acd.plan_file import Plan, read_plan
from csta.documents import read_document
from csta.errors import ConfigError


def read(text: str) -> Plan:
    return read_plan(read_document(text, "plan.yaml"))


def test_a_plan_is_read_whole() -> None:
    plan = read(
        """
order: aged
ageing: 30 s
refusal_back_off: 10 s
queues:
  sales:
    skills: {sales: 3, english: 1}
    priority: 2
    agent_choice: most_skilled
    ring: 15 s
    wrap_up: 20 s
    auto_answer: true
    waiting_max: 40
    music: music:jazz
    service_level: 85 %
    service_level_within: 15 s
    steps:
      - {after: 30 s, also: support, comment: friends help}
      - {after: 1 min, priority_by: 1}
      - {after: 2 min, overflow_to: support}
  support:
agents:
  - {id: A, count: 2, station: 1001, skills: {sales: 5}}
"""
    )
    assert plan.acd.order is ServiceOrder.AGED
    assert (plan.acd.ageing_ms, plan.acd.refusal_back_off_ms) == (30_000, 10_000)
    assert plan.acd.queues[0] == QueueConfig(
        name="sales",
        skills={"sales": 3, "english": 1},
        priority=2,
        agent_choice=AgentChoice.MOST_SKILLED,
        ring_ms=15_000,
        wrap_up_ms=20_000,
        auto_answer=True,
        waiting_max=40,
        music="music:jazz",
        service_level_ms=15_000,
        service_level_share=0.85,
        steps=(
            Step(after_ms=30_000, also="support", comment="friends help"),
            Step(after_ms=60_000, priority_by=1),
            Step(after_ms=120_000, overflow_to="support"),
        ),
    )
    assert plan.acd.queues[1] == QueueConfig(name="support", skills={"support": 1})
    assert [agent.agent_id for agent in plan.agents] == ["A01", "A02"]


def test_a_plan_needs_no_agents() -> None:
    assert read("queues: {sales: {}}").agents == ()


HEAD = "queues:\n  sales:\n"
STEPS = HEAD + "    steps:\n"
FAULTS = [
    ("order: aged", 1, "queues", "queues: {sales: {skills: {sales: 1}}}"),
    ("queues: {}", 1, "queues", "queues: {sales: {skills: {sales: 1}}}"),
    ("order: fair\nqueues: {sales: {}}", 1, "order", "strict"),
    ("ageing: 0 s\nqueues: {sales: {}}", 1, "ageing", "ageing: 1 ms"),
    ("ageing: 30\nqueues: {sales: {}}", 1, "ageing", "30 s"),
    ("refusal_back_off: often\nqueues: {sales: {}}", 1, "refusal_back_off", "20 s"),
    (HEAD + "    skills: {sales: 11}", 3, "queues.sales.skills", "sales: 1 to 10"),
    (HEAD + "    skills: {sales: 0}", 3, "queues.sales.skills", "sales: 1 to 10"),
    (HEAD + "    skills: {sales: good}", 3, "queues.sales.skills", "{first: 1, second: 2}"),
    (HEAD + "    skills: [sales]", 3, "queues.sales.skills", "{first: 1, second: 2}"),
    (HEAD + "    priority: 101", 3, "queues.sales.priority", "priority: 100"),
    (HEAD + "    priority: high", 3, "queues.sales.priority", "priority: -100"),
    (HEAD + "    agent_choice: fastest", 3, "queues.sales.agent_choice", "longest_idle"),
    (HEAD + "    ring: 500 ms", 3, "queues.sales.ring", "ring: 1 s"),
    (HEAD + "    wrap_up: -1 s", 3, "queues.sales.wrap_up", "20 s"),
    (HEAD + "    auto_answer: yes", 3, "queues.sales.auto_answer", "true"),
    (HEAD + "    waiting_max: 0", 3, "queues.sales.waiting_max", "waiting_max: 1"),
    (HEAD + "    service_level: 120 %", 3, "queues.sales.service_level", "85 %"),
    (HEAD + "    service_level_within: 0 s", 3, "queues.sales.service_level_within", "1 ms"),
    (HEAD + "    rings: 20 s", 3, "queues.sales.rings", "one of: "),
    (STEPS + "      - {also: x}", 4, "queues.sales.steps[1].after", "after: 20 s"),
    (STEPS + "      - {after: 9 s}", 4, "queues.sales.steps[1].after", "overflow_to: second_queue"),
    (STEPS + "      - {after: 9 s, also: x}", 4, "queues.sales.steps[1].also", "one of: sales"),
    (STEPS + "      - {after: 9 s, also: sales}", 4, "queues.sales.steps[1].also", "another queue"),
    (
        STEPS + "      - {after: 9 s, also: x, overflow_to: y}",
        4,
        "queues.sales.steps[1].also",
        "one of the two",
    ),
    (
        STEPS + "      - {after: 9 s, overflow_to: other}\n  other:\n    steps:\n"
        "      - {after: 9 s, overflow_to: sales}",
        3,
        "queues.sales.steps",
        "steps that end in a queue without overflow_to",
    ),
    ("queues: {sales: {}}\nagents:\n  - {id: A}", 3, "agents[1].station", "station: 1"),
    (
        "queues: {sales: {}}\nagents:\n  - {id: A, station: 1, skills: {sales: 11}}",
        3,
        "agents[1].skills",
        "sales: 1 to 10, 10 is best",
    ),
]


@pytest.mark.parametrize(("text", "line", "key", "remedy"), FAULTS)
def test_a_fault_is_named_with_its_line_its_key_and_what_to_write(
    text: str, line: int, key: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as fault:
        read(text)
    assert (fault.value.file, fault.value.line, fault.value.key) == ("plan.yaml", line, key)
    assert remedy in fault.value.remedy
