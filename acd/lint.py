"""Finding faults in a queue plan before a caller does (features d.6, O09, X05).

A plan that is read without an error can be followed; whether it is meant so is another question.
Each check is one small function with an id that stays the same. `page` writes the table of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from acd.config import AcdConfig
from acd.lint_agents import AGENT_CHECKS
from acd.lint_calendars import CALENDAR_CHECKS
from acd.lint_callers import CALLBACK_CHECKS, CALLER_CHECKS
from acd.lint_centre import CENTRE_CHECKS
from acd.lint_check import Check, Finding, Severity
from acd.lint_overflow import OVERFLOW_CHECKS
from acd.lint_queues import QUEUE_CHECKS
from acd.lint_settings import SETTING_CHECKS
from acd.lint_steps import STEP_CHECKS
from acd.lint_view import PlanView, Surroundings
from acd.lint_when import WHEN_CHECKS
from agents.config import AgentConfig

GROUPS: Final = MappingProxyType(
    {
        "The centre": CENTRE_CHECKS,
        "Queues: who serves them": QUEUE_CHECKS,
        "Queues: their settings": SETTING_CHECKS,
        "Steps: names and conditions": WHEN_CHECKS,
        "Steps: time and actions": STEP_CHECKS,
        "Overflow and relaxation": OVERFLOW_CHECKS,
        "What callers hear": CALLER_CHECKS,
        "Callbacks": CALLBACK_CHECKS,
        "Calendars": CALENDAR_CHECKS,
        "Agents": AGENT_CHECKS,
    }
)

CHECKS: Final = MappingProxyType(
    {check.id: check for checks in GROUPS.values() for check in checks}
)
"""All checks by id, in the order in which findings are given."""

_ORDER = tuple(Severity)


def lint(
    acd: AcdConfig,
    agents: Sequence[AgentConfig],
    around: Surroundings | None = None,
) -> tuple[Finding, ...]:
    """Find the faults of a queue plan: errors first, then in the order of the checks.

    Args:
        acd: queues, recipes, questions, calendars and rules.
        agents: who works there; with none, nothing is said about who can serve whom.
        around: what else is known: numbers, flows, the day.
    """
    plan = PlanView(acd, agents, around or Surroundings())
    found = [
        Finding(
            id=check.id,
            severity=check.severity,
            where=where,
            message=message,
            remedy=remedy,
        )
        for check in CHECKS.values()
        for where, message, remedy in check.find(plan)
    ]
    return tuple(sorted(found, key=_severity))


def page() -> str:
    """Write `docs/lint.md`, which a test compares."""
    parts = [_HEAD.format(count=len(CHECKS))]
    for title, checks in GROUPS.items():
        rows = [_row(check) for check in checks]
        parts.append("\n".join([f"## {title}", "", _COLUMNS, "|---|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _row(check: Check) -> str:
    example = check.example.replace("|", "\\|")
    return f"| {check.id} | {check.severity.value} | {check.title} | {check.why} | `{example}` |"


def _severity(finding: Finding) -> int:
    return _ORDER.index(finding.severity)


_COLUMNS: Final = "| id | severity | what | why | example |"

_HEAD: Final = """\
# The linter

`offhook lint FILE` reads a queue plan, or a scenario with its plan and flows, and looks for what
can be followed but is hardly meant. There are {count} checks. This page is written by
`acd.lint.page`; do not edit it by hand.

An `error` cannot work as it is written, a `warning` works but hardly as it is meant, a `note` may
be meant. With an error the exit code is 1. A file that cannot be read is refused before any check,
with exit code 3; some checks find in configurations that programs make what is refused in files.
`offhook lint --list` lists the checks, `offhook lint --explain P001` tells of one.

Nothing is guessed. A condition counts as one that never holds only if none of the values at which
it could change its mind makes it hold. An agent counts as one who can serve if he can for some
caller, before or after some step. So a plan without findings is not a good plan yet."""
