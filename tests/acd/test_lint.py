"""Every check of the linter, with a plan that it finds fault with and one that it does not."""

from __future__ import annotations

import pytest

from acd.config import AcdConfig, ServiceOrder
from acd.lint import CHECKS, lint, page
from acd.lint_check import Finding, Severity, written
from acd.plan_file import read_plan
from csta.calendar_file import read_calendars
from csta.documents import load_document, read_document
from ctiserver.live.zones import PackagedZones
from tests.acd.lint_plans import (
    ANNA,
    CENTRE_CASES,
    QUEUE_CASES,
    SHARED,
    STAFF,
    WEIGHTS_OF_AST_1561,
    Case,
    agent,
    case,
    queue,
    step,
)
from tests.acd.lint_step_plans import (
    AGENT_CASES,
    CALENDAR_CASES,
    CALLER_CASES,
    OVERFLOW_CASES,
    STEP_CASES,
)
from tests.repository import ROOT

CASES = {
    **CENTRE_CASES,
    **QUEUE_CASES,
    **STEP_CASES,
    **OVERFLOW_CASES,
    **CALLER_CASES,
    **CALENDAR_CASES,
    **AGENT_CASES,
}
PLANS = sorted((ROOT / "scenarios" / "library" / "plans").glob("*.yaml"))


def found(wanted: Case) -> tuple[Finding, ...]:
    return lint(wanted.acd, wanted.agents, wanted.around)


def ids(wanted: Case) -> list[str]:
    return [finding.id for finding in found(wanted)]


def test_there_are_at_least_forty_checks_and_each_has_its_two_plans() -> None:
    """Features (d) idea 6."""
    assert len(CHECKS) >= 40
    assert sorted(CASES) == sorted(CHECKS)


@pytest.mark.parametrize("check", CASES)
def test_the_check_finds_its_fault(check: str) -> None:
    wrong, _ = CASES[check]
    mine = [finding for finding in found(wrong) if finding.id == check]
    assert mine, ids(wrong)
    assert mine[0].severity is CHECKS[check].severity
    assert mine[0].message
    assert mine[0].remedy


@pytest.mark.parametrize("check", CASES)
def test_the_check_leaves_the_right_plan_alone(check: str) -> None:
    _, right = CASES[check]
    assert check not in ids(right)


@pytest.mark.parametrize("check", CHECKS)
def test_the_example_of_a_check_can_be_read_as_yaml(check: str) -> None:
    example = CHECKS[check].example
    assert read_document(f"steps: {example}" if example[0] == "[" else example, check).keys()


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_plan_that_is_shipped_has_no_error_and_no_warning(path: object) -> None:
    section = load_document(path)  # type: ignore[arg-type]  # a path
    plan = read_plan(section, read_calendars(section, PackagedZones()))
    faults = [f for f in lint(plan.acd, plan.agents) if f.severity is not Severity.NOTE]
    assert [(fault.id, fault.place, fault.message) for fault in faults] == []


def test_the_page_of_all_checks_is_fresh() -> None:
    assert (ROOT / "docs" / "lint.md").read_text("utf-8") == page(), "write acd.lint.page() there"


def test_two_queues_of_weights_0_and_1_with_shared_agents_are_found_beforehand() -> None:
    """Regression c.3-5: AST-1561, two queues of weights 0 and 1, penalties, rules."""
    finding = next(f for f in found(WEIGHTS_OF_AST_1561) if f.id == "P002")
    assert finding.place == "queues.low.weight"
    assert "all 2 agents of 'low' (weight 0) also serve high (weight 1)" in finding.message


@pytest.mark.parametrize(
    "relief",
    [
        case(queue("low"), queue("high", priority=1), agents=SHARED, order=ServiceOrder.AGED),
        case(queue("low", step(priority_by=1)), queue("high", priority=1), agents=SHARED),
        case(queue("low", step(priority=2)), queue("high", priority=1), agents=SHARED),
        case(queue("low", step(end="late")), queue("high", priority=1), agents=SHARED),
        case(queue("low", priority=1), queue("high", priority=1), agents=SHARED),
        case(
            queue("low", step(priority_by=1, every_ms=9, repeat=True)),
            queue("high", priority=9),
            agents=SHARED,
        ),
    ],
    ids=["aged", "raised", "set", "led away", "equal", "raised again and again"],
)
def test_nobody_starves_where_waiting_helps(relief: Case) -> None:
    """R37."""
    assert "P001" not in ids(relief)


def test_a_raise_that_is_too_small_does_not_help_against_starving() -> None:
    """R37."""
    low = queue("low", step(priority_by=1))
    assert "P001" in ids(case(low, queue("high", priority=2), agents=SHARED))


def test_a_circle_of_overflow_is_found_once_and_shown_whole() -> None:
    """O09."""
    ring = case(
        queue("a", step(overflow_to=("b",)), skills={"sales": 1}),
        queue("b", step(split={"c": 50, "d": 50}), skills={"sales": 1}),
        queue("c", step(overflow_to=("a",), when="waiting > 5"), skills={"sales": 1}),
        queue("d", skills={"sales": 1}),
    )
    circles = [finding.message for finding in found(ring) if finding.id == "F007"]
    assert circles == ["overflow goes round: a -> b -> c -> a"]


def test_the_agents_of_one_kind_are_told_of_together() -> None:
    idle = tuple(agent(f"X{n}", french=9) for n in range(1, 9))
    told = [f for f in found(case(queue(), agents=(*STAFF, *idle))) if f.id == "A001"]
    # Those of support can serve nobody here either.
    assert [finding.where for finding in told] == [("agents", "B1"), ("agents", "X1")]
    assert "each of 8 agents (X1, X2, X3, X4, X5 and 3 more)" in told[1].message


def test_errors_come_first() -> None:
    mixed = case(queue("sales", step(60, priority_by=5), step(30, when="waiting < 0", end="x")))
    severities = [finding.severity for finding in found(mixed)]
    assert severities == sorted(severities, key=list(Severity).index)
    assert severities[0] is Severity.ERROR


def test_without_agents_nothing_is_said_about_who_serves_whom() -> None:
    said = ids(case(queue("sales", step(skills={"sales": 3})), queue("support"), agents=()))
    assert [name for name in said if name != "Q010"] == []


def test_a_plan_of_nothing_has_no_findings() -> None:
    assert lint(AcdConfig(queues=()), ()) == ()


def test_a_slip_of_the_pen_is_told_with_what_may_be_meant() -> None:
    finding = found(case(queue(skills={"slaes": 1})))[0]
    assert (finding.id, finding.remedy) == ("Q004", "did you mean 'sales'?")


def test_the_figures_of_a_limit_are_told() -> None:
    wrong = case(queue("sales", step(when="ready > 3", end="x")))
    finding = next(f for f in found(wrong) if f.id == "S006")
    assert finding.message == "'ready > 3' never holds here: ready is 0 to 2"


def test_a_place_is_written_as_the_readers_of_files_write_it() -> None:
    assert written(("queues", "sales", "steps", 2, "when")) == "queues.sales.steps[2].when"
    assert ANNA.skills == {"sales": 5}
