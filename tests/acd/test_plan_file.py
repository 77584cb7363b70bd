"""Queue plans: what is read, and for each fault the line, the key and what to write."""

from __future__ import annotations

import pytest

from acd.config import AcdConfig, AgentChoice, IdleSince, QueueConfig, ServiceOrder
from acd.plan_file import Plan, read_plan
from acd.rules import CallbackRules, Question, Ring, WrapUpMode
from acd.steps import Step
from agents.config import Membership
from csta.calendars import Calendar, OffsetStep, Span, Zone
from csta.documents import read_document
from csta.errors import ConfigError
from tests.repository import ROOT


def read(text: str) -> Plan:
    return read_plan(read_document(text, "plan.yaml"))


def read_whole(text: str) -> Plan:
    """Read a plan as one that fills a file: its own keys must be known too."""
    document = read_document(text, "plan.yaml")
    plan = read_plan(document)
    document.done()
    return plan


def test_a_plan_is_read_whole() -> None:
    plan = read_whole(
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
            Step(after_ms=120_000, overflow_to=("support",)),
        ),
    )
    assert plan.acd.queues[1] == QueueConfig(name="support", skills={"support": 1})
    assert [agent.agent_id for agent in plan.agents] == ["A01", "A02"]


def test_a_plan_needs_no_agents() -> None:
    assert read("queues: {sales: {}}").agents == ()


def test_what_a_plan_does_not_say_is_as_the_structs_have_it() -> None:
    usual = AcdConfig(queues=(QueueConfig(name="sales", skills={"sales": 1}),))
    assert read("queues: {sales: {}}").acd == usual


def test_a_centre_has_rules_recipes_and_questions() -> None:
    acd = read(
        """
order: greatest_need
work_max: 10 min
starvation: 45 s
seed: 7
recipes:
  patience:
    - {after: 30 s, announce: sound:please-wait}
    - {after: 30 s, ask: go_on}
questions:
  go_on: {prompt: sound:go-on, keys: {1: stay, 2: leave}}
agent_rules:
  no_answer: {pause_after: 3}
queues:
  sales: {steps: patience}
  support: {steps: [{after: 5 s, recipe: patience}]}
"""
    ).acd
    patience = (
        Step(after_ms=30_000, announce="sound:please-wait"),
        Step(after_ms=30_000, ask="go_on"),
    )
    assert (acd.order, acd.work_ms_max) == (ServiceOrder.GREATEST_NEED, 600_000)
    assert (acd.starvation_ms, acd.seed) == (45_000, 7)
    assert acd.rules.no_answer.pause_after == 3
    assert acd.recipes == {"patience": patience}
    assert acd.questions == {
        "go_on": Question(prompt="sound:go-on", keys={"1": "stay", "2": "leave"})
    }
    assert acd.queues[0].steps == patience
    assert acd.queues[1].steps == (Step(after_ms=5_000, recipe="patience"),)


FULL_QUEUE = """
queues:
  german:
    skills: {calm: 2}
    requires: german >= 3 or caller.language == "de"
    priority: -5
    weight: 3
    agent_choice: longest_idle
    idle_since: acd_call
    rank_wait: 20 s
    ring: 10 s
    ring_mode: progressive
    ring_next: 4 s
    wrap_up: {mode: full, for: 30 s, extension: 10 s, extensions_max: 2}
    auto_answer: true
    agent_announcement: sound:german-call
    waiting_max: 20
    music: music:jazz
    service_level: 90 %
    service_level_within: 10 s
    estimate: 75 %
    steps: [{after: 9 s, end: late}]
    callbacks: {share: 10 %}
    channel: chat
"""


def test_a_queue_says_everything_that_a_queue_can_have() -> None:
    """R01, R08, R09, R12, R20, A04, Q07, Q19, Q22."""
    queue = read(FULL_QUEUE).acd.queues[0]
    assert queue == QueueConfig(
        name="german",
        skills={"calm": 2},
        requires='german >= 3 or caller.language == "de"',
        priority=-5,
        weight=3,
        agent_choice=AgentChoice.LONGEST_IDLE,
        idle_since=IdleSince.ACD_CALL,
        rank_wait_ms=20_000,
        ring=Ring.PROGRESSIVE,
        ring_ms=10_000,
        ring_next_ms=4_000,
        wrap_up=WrapUpMode.FULL,
        wrap_up_ms=30_000,
        wrap_up_extension_ms=10_000,
        wrap_up_extensions_max=2,
        auto_answer=True,
        agent_announcement="sound:german-call",
        waiting_max=20,
        music="music:jazz",
        service_level_share=0.9,
        service_level_ms=10_000,
        estimate_share=0.75,
        steps=(Step(after_ms=9_000, end="late"),),
        callbacks=CallbackRules(share=0.1),
        channel="chat",
    )


@pytest.mark.parametrize("choice", AgentChoice)
def test_each_way_of_choosing_an_agent_can_be_written(choice: AgentChoice) -> None:
    """R01 to R07."""
    queue = read(f"queues: {{sales: {{agent_choice: {choice}}}}}").acd.queues[0]
    assert queue.agent_choice is choice


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        ("{}", {"sales": 1}),
        ("{requires: english >= 3}", {}),
        ("{requires: english >= 3, skills: {sales: 2}}", {"sales": 2}),
        ("{skills: {}}", {}),
    ],
)
def test_a_queue_that_says_nothing_needs_the_skill_of_its_own_name(
    text: str, skills: dict[str, int]
) -> None:
    """R10, R11."""
    assert read(f"queues: {{sales: {text}}}").acd.queues[0].skills == skills


def test_an_agent_serves_queues_of_this_plan() -> None:
    """R09, R20."""
    plan = read(
        "queues: {sales: {}, support: {}}\n"
        "agents: [{id: a, station: 1, queues: {support: {rank: 2}, sales: {weight: 5}}}]"
    )
    assert plan.agents[0].queues == {"support": Membership(rank=2), "sales": Membership(weight=5)}


CLOSED = "queues: {sales: {steps: [{after: 0 s, when: calendar.office == 'closed', end: closed}]}}"


def test_a_condition_names_calendars_of_the_plan() -> None:
    """Q18: their hours come from the reader that has the time zones."""
    text = f"calendars: {{office: {{}}}}\n{CLOSED}"
    hours = Calendar(
        name="office", zone=Zone("UTC", (OffsetStep(0, 0),)), week=((Span(0, 3_600_000),),) * 7
    )
    assert read_whole(text).acd.queues[0].steps[0].when == "calendar.office == 'closed'"
    assert read_whole(text).acd.calendars == {}
    assert read_plan(read_document(text, "plan.yaml"), (hours,)).acd.calendars == {"office": hours}


def test_a_calendar_that_the_plan_has_not_is_refused() -> None:
    """Q18."""
    with pytest.raises(ConfigError, match="there is no calendar 'office'") as fault:
        read(CLOSED)
    assert fault.value.remedy == "calendars: {office: …} in the plan"


@pytest.mark.parametrize(
    "text",
    [
        "queues: {a: {}}\nagents: [{id: a, station: 1, %s}]",
        "queues: {a: {}}\nagents: [{id: a, station: 1, queues: {a: {%s}}}]",
        "queues: {a: {%s}}",
        "queues: {a: {wrap_up: {for: 1 s, extension: 1 s, %s}}}",
        "queues: {a: {callbacks: {%s}}}",
        "queues: {a: {}}\nquestions: {q: {prompt: tts:Q, keys: {1: stay}, %s}}",
        "queues: {a: {}}\nquestions: {q: {prompt: tts:Q, keys: {1: {flow: x, %s}}}}",
        "queues: {a: {}}\nagent_rules: {%s}",
        "queues: {a: {}}\nagent_rules: {busy: {%s}}",
        "queues: {a: {}}\nagent_rules: {rejected: {then: not_ready, %s}}",
        "queues: {a: {}}\nagent_rules: {reasons: [{code: a, %s}]}",
        "queues: {a: {}}\nagent_rules: {wrap_up_after: {%s}}",
        "queues: {a: {}}\n%s",
    ],
)
def test_a_key_that_nobody_knows_is_refused_and_those_that_are_known_are_on_the_page(
    text: str,
) -> None:
    with pytest.raises(ConfigError, match="'nonsense' is not known here") as fault:
        read_whole(text % "nonsense: 1")
    page = (ROOT / "docs" / "plans.md").read_text("utf-8")
    keys = fault.value.remedy.removeprefix("one of: ").split(", ")
    assert keys
    assert [key for key in keys if f"`{key}`" not in page] == []


@pytest.mark.parametrize("name", ["front_desk", "call_centre"])
def test_the_plans_that_are_shipped_are_read(name: str) -> None:
    path = ROOT / "scenarios" / "library" / "plans" / f"{name}.yaml"
    assert read_whole(path.read_text("utf-8")).agents


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
    ("order: greatest\nqueues: {sales: {}}", 1, "order", "strict | aged | greatest_need"),
    ("work_max: 0 s\nqueues: {sales: {}}", 1, "work_max", "work_max: 1 s"),
    ("starvation: 10\nqueues: {sales: {}}", 1, "starvation", "starvation: 10 s"),
    ("seed: dice\nqueues: {sales: {}}", 1, "seed", "seed: 0"),
    ("seed: -1\nqueues: {sales: {}}", 1, "seed", "seed: 0"),
    (HEAD + "    requires: english >= three or", 3, "queues.sales.requires", "english >= 3"),
    (HEAD + "    requires: customer.tier > 3", 3, "queues.sales.requires", "caller.<attribute>"),
    (HEAD + "    requires: {english: 3}", 3, "queues.sales.requires", "requires: some text"),
    (HEAD + "    weight: -1", 3, "queues.sales.weight", "weight: 0"),
    (HEAD + "    weight: 101", 3, "queues.sales.weight", "weight: 100"),
    (HEAD + "    agent_choice: idle", 3, "queues.sales.agent_choice", "least_occupied"),
    (HEAD + "    idle_since: lunch", 3, "queues.sales.idle_since", "ready | acd_call | any_call"),
    (HEAD + "    rank_wait: 2", 3, "queues.sales.rank_wait", "rank_wait: 2 s"),
    (HEAD + "    ring: all", 3, "queues.sales.ring", "ring: 20 s"),
    (HEAD + "    ring_mode: 20 s", 3, "queues.sales.ring_mode", "one | all | progressive"),
    (HEAD + "    ring_next: 5 s", 3, "queues.sales.ring_next", "ring_mode: progressive"),
    (
        HEAD + "    ring_mode: progressive\n    ring_next: 0 s",
        4,
        "queues.sales.ring_next",
        "ring_next: 1 s",
    ),
    (HEAD + "    agent_announcement: vip", 3, "queues.sales.agent_announcement", "sound:"),
    (HEAD + "    estimate: 100 %", 3, "queues.sales.estimate", "estimate: 80 %"),
    (HEAD + "    estimate: 0", 3, "queues.sales.estimate", "estimate: 80 %"),
    (HEAD + "    channel: [voice]", 3, "queues.sales.channel", "channel: some text"),
    (HEAD + "    steps: patience", 3, "queues.sales.steps", "recipes: {patience: …} in the plan"),
    (
        "recipes: {patience: [{after: 1 s, end: late}]}\n" + HEAD + "    steps: patient",
        4,
        "queues.sales.steps",
        "one of: patience",
    ),
    (HEAD + "    steps: 30 s", 3, "queues.sales.steps", "recipes: {30 s: …} in the plan"),
    (HEAD + "    steps:", 3, "queues.sales.steps", "a list, each '- key: value'"),
    (HEAD + "recipes:\n  empty: []", 4, "recipes.empty", "empty: [{after: 1 min, priority_by: 1}]"),
    (HEAD + "recipes: [patience]", 3, "recipes", "recipes: { … }"),
    (HEAD + "recipes:\n  one: {after: 1 s}", 4, "recipes.one", "a list, each '- key: value'"),
    (HEAD + "recipes:\n  one:\n  - {after: 1 s}", 5, "recipes.one[1].after", "second_queue"),
    (HEAD + "questions: [go_on]", 3, "questions", "questions: { … }"),
    (HEAD + "agent_rules: strict", 3, "agent_rules", "agent_rules: { … }"),
    (
        HEAD + "agents:\n  - {id: A, station: 1, queues: [sales, support]}",
        4,
        "agents[1].queues",
        "one of: sales",
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
