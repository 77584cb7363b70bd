"""For each check of the linter a plan that it finds fault with, and one beside it that is right."""

from __future__ import annotations

from typing import Any, NamedTuple

from acd.config import AcdConfig, AgentChoice, IdleSince, QueueConfig, ServiceOrder
from acd.lint_view import Surroundings
from acd.rules import (
    AgentRules,
    CallbackRules,
    Question,
    ReasonCode,
    RefusalRule,
    Ring,
    WrapUpMode,
)
from acd.steps import Step
from agents.config import AgentConfig, Membership
from csta.calendars import (
    Calendar,
    Holiday,
    OffsetStep,
    Span,
    Zone,
    civil_day,
)
from csta.ids import device
from csta.instants import DAY, HOUR, MINUTE, SECOND


class Case(NamedTuple):
    """What the linter is given."""

    acd: AcdConfig
    agents: tuple[AgentConfig, ...]
    around: Surroundings | None = None


def queue(name: str = "sales", *steps: Step, **fields: Any) -> QueueConfig:
    """Make a queue that asks for the skill of its own name, if nothing else is said."""
    return QueueConfig(**{"name": name, "skills": {name: 1}, "steps": steps, **fields})


def step(after: float = 30, **fields: Any) -> Step:
    """Make a step so many seconds after the call came."""
    return Step(after_ms=round(after * SECOND), **fields)


def agent(
    agent_id: str = "A1",
    queues: dict[str, Membership] | None = None,
    capacity: dict[str, int] | None = None,
    **skills: int,
) -> AgentConfig:
    """Make an agent with these skills."""
    phone = device("station", agent_id)
    return AgentConfig(agent_id, agent_id, phone, skills, queues, capacity or {})


ANNA, BEN = agent("A1", sales=5), agent("A2", sales=5)
CLEO, DAN = agent("B1", support=5), agent("B2", support=5)
EVA = agent("C1", sales=5, support=5)
STAFF = (ANNA, BEN, CLEO, DAN)


def case(*queues: QueueConfig, agents: tuple[AgentConfig, ...] = STAFF, **fields: Any) -> Case:
    """Make a case of queues, agents and fields of the centre."""
    return Case(AcdConfig(queues=queues, **fields), agents)


def members(*how: Membership, name: str = "sales", **fields: Any) -> tuple[AgentConfig, ...]:
    """Make as many agents of one queue, each with a membership."""
    skills: dict[str, Any] = fields or {name: 5}
    return tuple(agent(f"A{n}", {name: one}, **skills) for n, one in enumerate(how, start=1))


def asking(**fields: Any) -> Case:
    """Make a case with one question that is asked."""
    keys = {"1": "stay", "2": "leave"}
    question = Question(**{"prompt": "sound:go-on", "keys": keys, **fields})
    return case(queue("sales", step(60, ask="go_on")), questions={"go_on": question})


def calling_back(**fields: Any) -> Case:
    """Make a case with rules for callbacks, which are offered."""
    rules = CallbackRules(**fields)
    return case(queue("sales", step(60, offer_callback=True), callbacks=rules))


def ruled(**rules: Any) -> Case:
    """Make a case with rules for agents, and no back-off of the centre's own."""
    return case(queue(), rules=AgentRules(**rules), refusal_back_off_ms=0)


UTC = Zone("UTC", (OffsetStep(0, 0),))
OFFICE_DAY = (Span(8 * HOUR, 18 * HOUR),)
WHOLE_DAY = (Span(0, DAY),)
NEW_YEAR = Holiday(civil_day(2027, 1, 1), "New Year")
IN_2026 = civil_day(2026, 11, 23) * DAY


def by_calendar(when: str, at: int | None = None, **fields: Any) -> Case:
    """Make a case in which a step goes by the calendar `office`."""
    calendar = Calendar(**{"name": "office", "zone": UTC, "week": (OFFICE_DAY,) * 7, **fields})
    goes_by = queue("sales", step(0, when=when, end="closed"))
    acd = AcdConfig(queues=(goes_by,), calendars={"office": calendar})
    return Case(acd, STAFF, Surroundings(at=at))


CLOSED = 'calendar.office == "closed"'
NOT_OPEN = 'calendar.office != "open"'
SHARED = (agent("A1", low=5, high=5), agent("A2", low=5, high=5))
WEIGHTS_OF_AST_1561 = case(
    queue("low", step(30, rank_max=2), weight=0),
    queue("high", step(30, rank_max=2), weight=1),
    agents=tuple(
        agent(f"A{n}", {"low": Membership(rank=n), "high": Membership(rank=3 - n)}, low=5, high=5)
        for n in (1, 2)
    ),
)

CENTRE_CASES: dict[str, tuple[Case, Case]] = {
    "P001": (
        case(queue("low"), queue("high", priority=1), agents=SHARED),
        case(queue("low"), queue("high", priority=1), agents=(*SHARED, agent("A3", low=5))),
    ),
    "P002": (
        WEIGHTS_OF_AST_1561,
        case(queue("low"), queue("high"), agents=SHARED),
    ),
    "P003": (
        case(queue("sales", priority=9), queue("support"), order=ServiceOrder.AGED, ageing_ms=HOUR),
        case(queue("sales", priority=9), queue("support"), order=ServiceOrder.AGED),
    ),
    "P004": (
        case(queue(), ageing_ms=5_000),
        case(queue(), ageing_ms=5_000, order=ServiceOrder.AGED),
    ),
    "P005": (
        case(queue("sales"), queue("support"), order=ServiceOrder.GREATEST_NEED),
        case(
            queue("sales", service_level_ms=10_000),
            queue("support"),
            order=ServiceOrder.GREATEST_NEED,
        ),
    ),
    "P006": (case(queue(), starvation_ms=15_000), case(queue(), starvation_ms=60_000)),
    "P007": (
        ruled(no_answer=RefusalRule(stays_ready=True)),
        ruled(no_answer=RefusalRule(stays_ready=True, back_off_ms=30_000)),
    ),
    "P008": (
        ruled(rejected=RefusalRule(stays_ready=True)),
        ruled(rejected=RefusalRule(stays_ready=True, pause_after=2)),
    ),
    "P009": (
        ruled(no_answer=RefusalRule(pause_after=3)),
        ruled(no_answer=RefusalRule(stays_ready=True, pause_after=3)),
    ),
    "P010": (
        ruled(device_lost=RefusalRule(stays_ready=True)),
        ruled(device_lost=RefusalRule(reason="gone")),
    ),
    "P011": (
        ruled(reasons=(ReasonCode(code="break"), ReasonCode(code="break"))),
        ruled(reasons=(ReasonCode(code="break"), ReasonCode(code="lunch"))),
    ),
    "P012": (
        ruled(reasons=(ReasonCode(code="break", limit_ms=15_000),)),
        ruled(reasons=(ReasonCode(code="break", limit_ms=15 * MINUTE),)),
    ),
}

QUEUE_CASES: dict[str, tuple[Case, Case]] = {
    "Q001": (
        case(queue("both", skills={"sales": 1, "support": 1})),
        case(queue("both", skills={"sales": 1, "support": 1}), agents=(*STAFF, EVA)),
    ),
    "Q002": (
        case(
            queue("both", step(60, overflow_to=("sales",)), skills={"sales": 1, "support": 1}),
            queue("sales"),
        ),
        case(
            queue("both", step(0, overflow_to=("sales",)), skills={"sales": 1, "support": 1}),
            queue("sales"),
        ),
    ),
    "Q003": (
        case(queue(), agents=(ANNA, CLEO)),
        case(queue(), agents=(ANNA, BEN)),
    ),
    "Q004": (
        case(queue(skills={"slaes": 1})),
        case(queue(skills={"sales": 1})),
    ),
    "Q005": (
        case(queue(skills={"sales": 9})),
        case(queue("sales", step(30, skills={"sales": 5}), skills={"sales": 9})),
    ),
    "Q006": (
        case(queue(requires="support > 0 or slaes > 2")),
        case(queue(requires="support > 0 or sales > 2")),
    ),
    "Q007": (
        case(queue(requires='sales > 10 and caller.language == "de"')),
        case(queue(requires='sales > 10 or caller.language == "de"')),
    ),
    "Q008": (
        case(queue(requires="support >= 0")),
        case(queue(requires="support >= 1 or sales >= 4")),
    ),
    "Q009": (
        case(queue(requires="sales >= 4")),
        case(queue(requires="sales >= 4", skills={})),
    ),
    "Q010": (
        case(queue()),
        case(queue("sales", step(0, when="logged_on == 0", divert_to="number:1"))),
    ),
    "Q011": (
        case(queue("sales"), queue("support"))._replace(around=Surroundings(entered=("sales",))),
        case(queue("sales", step(also="support")), queue("support"))._replace(
            around=Surroundings(entered=("sales",))
        ),
    ),
    "Q012": (
        case(queue(channel="chat")),
        case(queue(channel="chat"), agents=(agent("A1", capacity={"chat": 3}, sales=5),)),
    ),
    "Q020": (case(queue(ring_ms=2_000)), case(queue(ring_ms=2_000, auto_answer=True))),
    "Q021": (case(queue(ring_ms=90_000)), case(queue(ring_ms=20_000))),
    "Q022": (
        case(queue(ring_ms=30_000, service_level_ms=10_000)),
        case(queue(ring_ms=10_000, service_level_ms=10_000)),
    ),
    "Q023": (
        case(queue(ring=Ring.PROGRESSIVE, ring_next_ms=20_000)),
        case(queue(ring=Ring.PROGRESSIVE, ring_next_ms=5_000)),
    ),
    "Q024": (
        case(queue(ring=Ring.ALL, auto_answer=True)),
        case(queue(ring=Ring.ONE, auto_answer=True)),
    ),
    "Q025": (
        case(queue(ring=Ring.ALL), agents=tuple(agent(f"A{n}", sales=5) for n in range(21))),
        case(queue(ring=Ring.ALL), agents=tuple(agent(f"A{n}", sales=5) for n in range(20))),
    ),
    "Q026": (
        case(queue(ring=Ring.ALL, agent_choice=AgentChoice.MOST_SKILLED)),
        case(queue(ring=Ring.PROGRESSIVE, agent_choice=AgentChoice.MOST_SKILLED)),
    ),
    "Q027": (
        case(queue(agent_choice=AgentChoice.RANDOM, idle_since=IdleSince.ANY_CALL)),
        case(queue(idle_since=IdleSince.ANY_CALL)),
    ),
    "Q028": (
        case(queue(agent_choice=AgentChoice.WEIGHTED_RANDOM)),
        case(
            queue(agent_choice=AgentChoice.WEIGHTED_RANDOM),
            agents=members(Membership(), Membership(lots=3)),
        ),
    ),
    "Q029": (
        case(
            queue(agent_choice=AgentChoice.WEIGHTED_RANDOM),
            agents=members(Membership(lots=0), Membership(lots=0)),
        ),
        case(
            queue(agent_choice=AgentChoice.WEIGHTED_RANDOM),
            agents=members(Membership(lots=0), Membership(lots=1)),
        ),
    ),
    "Q030": (
        case(queue(rank_wait_ms=20_000), agents=members(Membership(rank=2))),
        case(queue(rank_wait_ms=20_000), agents=members(Membership(rank=1), Membership(rank=2))),
    ),
    "Q031": (
        case(queue(rank_wait_ms=20_000), agents=members(Membership(rank=1), Membership(rank=4))),
        case(queue(rank_wait_ms=0), agents=members(Membership(rank=1), Membership(rank=4))),
    ),
    "Q032": (
        case(queue(rank_wait_ms=20_000)),
        case(queue(rank_wait_ms=20_000), agents=members(Membership(rank=1), Membership(rank=2))),
    ),
    "Q033": (case(queue(waiting_max=0)), case(queue(waiting_max=1))),
    "Q034": (case(queue(service_level_share=1.0)), case(queue(service_level_share=0.99))),
    "Q035": (case(queue(estimate_share=0.3)), case(queue(estimate_share=0.5))),
    "Q036": (case(queue(wrap_up_ms=30 * MINUTE)), case(queue(wrap_up_ms=10 * MINUTE))),
    "Q037": (
        case(queue(wrap_up=WrapUpMode.NONE, wrap_up_ms=30_000)),
        case(queue(wrap_up=WrapUpMode.FULL, wrap_up_ms=30_000)),
    ),
    "Q038": (
        case(queue(wrap_up_ms=30_000, wrap_up_extension_ms=30_000)),
        case(queue(wrap_up_ms=30_000, wrap_up_extension_ms=30_000, wrap_up_extensions_max=2)),
    ),
    "Q039": (case(queue(music="")), case(queue(music="music:calm"))),
}
