"""The plans of `lint_plans`, for the checks of steps, callers, callbacks, calendars and agents."""

from __future__ import annotations

from acd.config import AgentChoice
from acd.lint_view import Surroundings
from agents.config import Membership
from csta.calendars import ClosingPolicy, Holiday, civil_day
from csta.instants import HOUR, MINUTE
from tests.acd.lint_plans import (
    ANNA,
    BEN,
    CLEO,
    CLOSED,
    IN_2026,
    NEW_YEAR,
    NOT_OPEN,
    STAFF,
    WHOLE_DAY,
    Case,
    agent,
    asking,
    by_calendar,
    calling_back,
    case,
    members,
    queue,
    step,
)


def steps(*mine: object) -> Case:
    """Make a case with two queues, the first of which has these steps."""
    return case(queue("sales", *mine), queue("support"))  # type: ignore[arg-type]  # steps


STEP_CASES: dict[str, tuple[Case, Case]] = {
    "S001": (steps(step(overflow_to=("suport",))), steps(step(overflow_to=("support",)))),
    "S002": (
        steps(step(recipe="calm")),
        case(queue("sales", step(recipe="calm")), recipes={"calm": (step(music="music:calm"),)}),
    ),
    "S003": (steps(step(when="waiting is 5", end="full")), steps(step(when="waiting == 5"))),
    "S004": (
        steps(step(when="queue.support.wating > 5", end="full")),
        steps(step(when="queue.support.waiting > 5", end="full")),
    ),
    "S005": (
        steps(step(when="waiting < 0", end="full")),
        steps(step(when="waiting < 1", end="full")),
    ),
    "S006": (
        case(queue("sales", step(when="position > 50", end="full"), waiting_max=40)),
        case(queue("sales", step(when="position > 39", end="full"), waiting_max=40)),
    ),
    "S007": (
        steps(step(when="waiting >= 0", priority_by=5)),
        steps(step(when="waiting >= 1", priority_by=5)),
    ),
    "S008": (
        steps(step(when='caller.tier == "gold"', every_ms=9_000, priority_by=5)),
        steps(step(when='caller.tier == "gold" or waiting > 3', every_ms=9_000, priority_by=5)),
    ),
    "S009": (
        steps(step(10, when="waited_here > 60", end="late")),
        steps(step(10, when="waited_here > 60", end="late", every_ms=10_000)),
    ),
    "S010": (
        steps(step(30, overflow_to=("support",)), step(60, priority_by=5)),
        steps(step(30, overflow_to=("support",), when="waiting > 3"), step(60, priority_by=5)),
    ),
    "S011": (
        steps(step(60, priority_by=5), step(30, also="support")),
        steps(step(30, also="support"), step(60, priority_by=5)),
    ),
    "S012": (
        steps(step(0, music="music:a"), step(0, music="music:b")),
        steps(step(0, music="music:a"), step(9, music="music:b")),
    ),
    "S013": (steps(step(comment="overflow")), steps(step(music="music:a", comment="calm"))),
    "S014": (
        steps(step(overflow_to=("support",), end="late")),
        steps(step(overflow_to=("support",), announce="sound:moved")),
    ),
    "S015": (
        steps(step(overflow_to=("support",), music="music:calm")),
        steps(step(also="support", music="music:calm")),
    ),
    "S016": (
        steps(step(every_ms=30_000, announce="sound:hold-on")),
        steps(step(every_ms=30_000, announce="sound:hold-on", repeat=True)),
    ),
    "S017": (
        steps(step(announce="sound:hold-on", repeat=True)),
        steps(step(every_ms=30_000, announce="sound:hold-on", repeat=True)),
    ),
    "S018": (
        case(
            queue("sales", step(recipe="calm", every_ms=30_000, repeat=True)),
            recipes={"calm": (step(music="music:calm"),)},
        ),
        case(queue("sales", step(recipe="calm")), recipes={"calm": (step(music="music:calm"),)}),
    ),
    "S019": (steps(step(60 * 3_600, end="late")), steps(step(60, end="late"))),
    "S020": (
        steps(step(end="late", skip_empty=True)),
        steps(step(overflow_to=("support",), skip_empty=True)),
    ),
}

LOWER = queue("sales", step(skills={"sales": 4}), skills={"sales": 5})
BACK = queue("support", step(overflow_to=("sales",)))

OVERFLOW_CASES: dict[str, tuple[Case, Case]] = {
    "F001": (case(LOWER), case(LOWER, agents=(*STAFF, agent("A3", sales=4)))),
    "F002": (
        case(queue("sales", step(skills={"sales": 8})), agents=(ANNA, agent("A3", sales=9))),
        case(queue("sales", step(skills={"sales": 5})), agents=(ANNA, agent("A3", sales=9))),
    ),
    "F003": (
        case(queue("sales", step(rank_max=1)), agents=members(Membership(rank=2))),
        case(queue("sales", step(rank_max=2)), agents=members(Membership(rank=2))),
    ),
    "F004": (
        case(queue("sales", step(also="gold")), queue("gold", skills={"sales": 5})),
        case(
            queue("sales", step(also="gold")),
            queue("gold", skills={"sales": 5}),
            agents=(ANNA, BEN, agent("A3", {"gold": Membership()}, sales=6)),
        ),
    ),
    "F005": (
        case(queue("sales", step(overflow_to=("night",))), queue("night", skills={"night": 1})),
        case(
            queue("sales", step(overflow_to=("night",))),
            queue("night", step(0, end="closed"), skills={"night": 1}),
        ),
    ),
    "F006": (steps(step(overflow_to=("sales",))), steps(step(overflow_to=("support",)))),
    "F007": (
        case(queue("sales", step(overflow_to=("support",))), BACK),
        case(queue("sales", step(also="support")), queue("support")),
    ),
    "F008": (
        case(queue("sales", step(recipe="a")), recipes={"a": (step(0, recipe="a"),)}),
        case(queue("sales", step(recipe="a")), recipes={"a": (step(60, recipe="a"),)}),
    ),
    "F009": (
        steps(step(0, when="estimated_wait > 600", also="support"), step(300, end="late")),
        steps(step(0, when="estimated_wait > 240", also="support"), step(300, end="late")),
    ),
    "F010": (
        steps(step(split={"support": 60, "sales": 30})),
        steps(step(split={"support": 60, "sales": 40})),
    ),
    "F011": (
        steps(step(split={"support": 100})),
        steps(step(split={"support": 60, "sales": 40})),
    ),
    "F012": (
        steps(step(60, priority_by=5)),
        steps(step(60, priority_by=5, when="caller.vip == true")),
    ),
    "F013": (
        case(
            queue("sales", step(0, rank_max=1), step(30, rank_max=2)),
            agents=members(Membership(rank=1), Membership(rank=3)),
        ),
        case(
            queue("sales", step(0, rank_max=1), step(30, rank_max=3)),
            agents=members(Membership(rank=1), Membership(rank=3)),
        ),
    ),
}

CALLER_CASES: dict[str, tuple[Case, Case]] = {
    "M001": (
        steps(step(0, every_ms=5_000, repeat=True, say_position=True)),
        steps(step(0, every_ms=10_000, repeat=True, say_position=True)),
    ),
    "M002": (asking(keys={"1": "stay"}), asking(keys={"1": "stay", "2": "callback"})),
    "M003": (asking(keys={"12": "leave"}), asking(keys={"#": "leave"})),
    "M004": (asking(wait_ms=1_000), asking(wait_ms=3_000)),
    "M005": (
        asking()._replace(
            acd=case(
                queue("sales", step(ask="go_on", every_ms=5_000, repeat=True)),
                questions=asking().acd.questions,
            ).acd
        ),
        asking()._replace(
            acd=case(
                queue("sales", step(ask="go_on", every_ms=60_000, repeat=True)),
                questions=asking().acd.questions,
            ).acd
        ),
    ),
    "M006": (case(queue(), questions=asking().acd.questions), asking()),
    "M007": (
        case(queue(), recipes={"calm": (step(music="music:calm"),)}),
        case(
            queue("sales", step(music="music:calm")), recipes={"calm": (step(music="music:calm"),)}
        ),
    ),
    "M008": (asking(keys={"1": "stya", "2": "leave"}), asking(keys={"1": "routeing:night"})),
    "B001": (steps(step(offer_callback=True)), calling_back()),
    "B002": (case(queue(callbacks=calling_back().acd.queues[0].callbacks)), calling_back()),
    "B003": (calling_back(share=0.0), calling_back(share=0.1)),
    "B004": (calling_back(share=1.0), calling_back(share=0.9)),
    "B005": (
        calling_back(attempts_max=9, retry_ms=HOUR),
        calling_back(attempts_max=4, retry_ms=HOUR),
    ),
    "B006": (calling_back(attempts_max=0), calling_back(attempts_max=1)),
    "B007": (calling_back(ring_ms=5_000), calling_back(ring_ms=30_000)),
}

PAST = (Holiday(civil_day(2019, 12, 25), "Christmas"),)

CALENDAR_CASES: dict[str, tuple[Case, Case]] = {
    "C001": (by_calendar(NOT_OPEN, week=((),) * 7), by_calendar(NOT_OPEN)),
    "C002": (by_calendar(NOT_OPEN, week=(WHOLE_DAY,) * 7), by_calendar(NOT_OPEN)),
    "C003": (by_calendar("waiting > 5"), by_calendar(NOT_OPEN)),
    "C004": (by_calendar('calendar.ofice != "open"'), by_calendar(NOT_OPEN)),
    "C005": (
        by_calendar(NOT_OPEN, IN_2026, holidays=PAST),
        by_calendar(NOT_OPEN, IN_2026, holidays=(*PAST, NEW_YEAR)),
    ),
    "C006": (by_calendar('calendar.office == "close"'), by_calendar(CLOSED)),
    "C007": (
        by_calendar(CLOSED, holidays=(NEW_YEAR,)),
        by_calendar(NOT_OPEN, holidays=(NEW_YEAR,)),
    ),
    "C008": (by_calendar(NOT_OPEN, closing=ClosingPolicy.NOW), by_calendar(NOT_OPEN)),
}


def staffed(*agents: object) -> Case:
    """Make a case with two queues and these agents."""
    return case(queue("sales"), queue("support"), agents=agents)  # type: ignore[arg-type]  # agents


AGENT_CASES: dict[str, tuple[Case, Case]] = {
    "A001": (staffed(ANNA, CLEO, agent("X", french=9)), staffed(ANNA, CLEO)),
    "A002": (staffed(ANNA, CLEO, agent("X", {}, sales=5)), staffed(ANNA, CLEO)),
    "A003": (
        staffed(ANNA, CLEO, agent("X", sales=5, slaes=5)),
        staffed(ANNA, CLEO, agent("X", sales=5, slaes=5))._replace(
            around=Surroundings(asked=("slaes",))
        ),
    ),
    "A004": (
        staffed(ANNA, CLEO, agent("X", {"sales": Membership(), "support": Membership()}, sales=5)),
        staffed(ANNA, CLEO, agent("X", {"sales": Membership()}, sales=5)),
    ),
    "A005": (
        staffed(ANNA, CLEO, agent("X", {"sales": Membership(), "suport": Membership()}, sales=5)),
        staffed(ANNA, CLEO, agent("X", {"sales": Membership()}, sales=5)),
    ),
    "A006": (
        case(
            queue("sales", step(60, end="late")),
            agents=members(Membership(), Membership(delay_ms=2 * MINUTE)),
        ),
        case(
            queue("sales", step(180, end="late")),
            agents=members(Membership(), Membership(delay_ms=2 * MINUTE)),
        ),
    ),
    "A007": (
        case(queue(), agents=members(Membership(delay_ms=30_000))),
        case(queue(), agents=members(Membership(delay_ms=30_000), Membership())),
    ),
    "A008": (
        case(queue(), agents=members(Membership(lots=3))),
        case(queue(agent_choice=AgentChoice.WEIGHTED_RANDOM), agents=members(Membership(lots=3))),
    ),
    "A009": (
        case(queue(), agents=members(Membership(lots=-1))),
        case(queue(), agents=members(Membership(lots=1))),
    ),
    "A010": (
        case(queue(), agents=members(Membership(rank=0))),
        case(queue(), agents=members(Membership(rank=1))),
    ),
    "A011": (
        case(queue(weight=2), agents=members(Membership(weight=2))),
        case(queue(weight=2), agents=members(Membership(weight=0))),
    ),
    "A012": (
        case(queue(), agents=(ANNA, agent("X", capacity={"chat": 3}, sales=5))),
        case(queue(channel="chat"), agents=(agent("X", capacity={"chat": 3}, sales=5),)),
    ),
    "A013": (
        staffed(ANNA, CLEO, agent("X", capacity={"voice": 2}, sales=5)),
        staffed(ANNA, CLEO, agent("X", capacity={"voice": 1}, sales=5)),
    ),
    "A014": (staffed(ANNA, CLEO, agent("X", sales=11)), staffed(ANNA, CLEO)),
}
