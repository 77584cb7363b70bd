"""Checks of calendars, and of the steps that go by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acd.lint_check import Check, Found, Severity, similar
from acd.lint_conditions import Domain, Words, comparisons, names_of, outcomes
from acd.lint_hours import calendar_states, never_closes
from acd.lint_view import CALENDAR, PlacedStep, PlanView, leads_away
from csta.calendars import Calendar, CalendarState, ClosingPolicy

_WORDS = tuple(state.value for state in CalendarState)


def _never_open(plan: PlanView) -> Iterator[Found]:
    for name, calendar in plan.acd.calendars.items():
        if CalendarState.OPEN not in calendar_states(calendar):
            message = f"calendar '{name}' has no hours on any day: it is closed for ever"
            yield Found(("calendars", name, "open"), message, 'open: {mon-fri: "08:00-18:00"}')


def _always_open(plan: PlanView) -> Iterator[Found]:
    for name, calendar in plan.acd.calendars.items():
        if never_closes(calendar) and not calendar.holidays:
            message = f"calendar '{name}' never closes"
            yield Found(("calendars", name, "open"), message, "hours, or no calendar at all")


def _unused(plan: PlanView) -> Iterator[Found]:
    used = [name for _, name in plan.named_conditions()]
    for name in plan.acd.calendars:
        if CALENDAR + name not in used:
            message = f"no step goes by calendar '{name}'"
            remedy = f"{{after: 0 s, when: 'calendar.{name} != \"open\"', flow: night}}"
            yield Found(("calendars", name), message, remedy)


def _unknown(plan: PlanView) -> Iterator[Found]:
    for placed, name in plan.named_conditions():
        calendar = name.removeprefix(CALENDAR)
        if name.startswith(CALENDAR) and calendar not in plan.acd.calendars:
            message = f"there is no calendar '{calendar}'"
            remedy = similar(calendar, tuple(plan.acd.calendars))
            yield Found((*placed.where, "when"), message, remedy)


def _run_out(plan: PlanView) -> Iterator[Found]:
    at = plan.around.at
    for name, calendar in plan.acd.calendars.items():
        days = [*(h.day for h in calendar.holidays), *(s.day for s in calendar.days)]
        if days and at is not None and max(days) < calendar.zone.day_at(at):
            message = f"all {len(days)} holidays and special days of '{name}' are past"
            yield Found(("calendars", name), message, "the days of the years to come")


def _no_such_word(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        for name, word in comparisons(placed.step.when):
            if name.startswith(CALENDAR) and word not in _WORDS:
                message = f"a calendar is never '{word}'"
                yield Found((*placed.where, "when"), message, similar(str(word), _WORDS))


def _holiday_forgotten(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        steps = [p for p in plan.timeline(queue) if leads_away(p.step)]
        for name, calendar in plan.acd.calendars.items():
            used = [p for p in steps if CALENDAR + name in names_of(p.step.when)]
            by_holiday = CalendarState.HOLIDAY in calendar_states(calendar)
            at_night = _leads(plan, used, calendar, CalendarState.CLOSED)
            if by_holiday and at_night and not _leads(plan, used, calendar, CalendarState.HOLIDAY):
                message = (
                    f"calls leave when '{name}' is closed, "
                    f"but not on its {len(calendar.holidays)} holidays"
                )
                remedy = f"when: 'calendar.{name} != \"open\"'"
                yield Found((*used[0].where, "when"), message, remedy)


def _closing_unseen(plan: PlanView) -> Iterator[Found]:
    for placed, name in plan.named_conditions():
        calendar = plan.acd.calendars.get(name.removeprefix(CALENDAR))
        if not name.startswith(CALENDAR) or calendar is None or placed.step.every_ms:
            continue
        if calendar.closing is ClosingPolicy.NOW:
            message = f"'{calendar.name}' closes for who waits too, but is looked at only once"
            yield Found((*placed.where, "when"), message, "every: 30 s")


def _leads(
    plan: PlanView, steps: list[PlacedStep], calendar: Calendar, state: CalendarState
) -> bool:
    """Tell whether one of the steps can be taken in a state of the calendar."""

    def taken(placed: PlacedStep) -> bool:
        def domain_of(name: str) -> Domain | None:
            if name == CALENDAR + calendar.name:
                return Words((state.value,))
            return plan.domain(placed, name, limits=False)

        return outcomes(placed.step.when, domain_of).can_hold

    return any(taken(placed) for placed in steps)


CALENDAR_CHECKS: Final = (
    Check(
        "C001",
        Severity.WARNING,
        "a calendar that never opens",
        "Whatever goes by it is closed all day, every day.",
        "open: {mon: closed}",
        _never_open,
    ),
    Check(
        "C002",
        Severity.NOTE,
        "a calendar that never closes",
        "A condition on it never changes.",
        'open: {mon-sun: "00:00-24:00"}',
        _always_open,
    ),
    Check(
        "C003",
        Severity.NOTE,
        "a calendar that nobody goes by",
        "Something was forgotten, or is left over.",
        "calendars: {old: {zone: UTC}}",
        _unused,
    ),
    Check(
        "C004",
        Severity.ERROR,
        "a calendar that is not there",
        "The condition is unknown for ever, and what is unknown does not hold.",
        'when: calendar.ofice == "open"',
        _unknown,
    ),
    Check(
        "C005",
        Severity.WARNING,
        "holidays that are all past",
        "The next holiday is an ordinary day to it.",
        "days: {2019-12-24: closed}",
        _run_out,
    ),
    Check(
        "C006",
        Severity.WARNING,
        "a calendar compared with a word that it never says",
        "It says open, closed or holiday.",
        'when: calendar.office == "close"',
        _no_such_word,
    ),
    Check(
        "C007",
        Severity.WARNING,
        "closed at night, but not on holidays",
        "On a holiday a calendar says holiday, not closed.",
        'when: calendar.office == "closed"',
        _holiday_forgotten,
    ),
    Check(
        "C008",
        Severity.WARNING,
        "a closing that those who wait never meet",
        "The calendar closes for them too, but the step is looked at once, when they come.",
        "closing: now",
        _closing_unseen,
    ),
)
