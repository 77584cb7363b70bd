"""What can be said of a calendar without looking at a clock: the states it can be in."""

from __future__ import annotations

from csta.calendars import Calendar, CalendarState
from csta.instants import DAY, Milliseconds


def calendar_states(calendar: Calendar) -> tuple[CalendarState, ...]:
    """Give the states that a calendar can be in, from what is written in it."""
    spans = [*calendar.week, *(special.spans for special in calendar.days)]
    opens = any(spans)
    always = never_closes(calendar)
    own_days = [special.day for special in calendar.days]
    holidays = any(holiday.day not in own_days for holiday in calendar.holidays)
    states = (
        (CalendarState.OPEN, opens),
        (CalendarState.CLOSED, not always),
        (CalendarState.HOLIDAY, holidays),
    )
    return tuple(state for state, possible in states if possible)


def never_closes(calendar: Calendar) -> bool:
    """Tell whether the hours of a calendar leave no gap on any day that is no holiday."""
    days = [*calendar.week, *(special.spans for special in calendar.days)]
    return all(_covers(tuple((s.opens_ms, s.closes_ms) for s in day), DAY) for day in days)


def _covers(spans: tuple[tuple[Milliseconds, Milliseconds], ...], length: Milliseconds) -> bool:
    reached = 0
    for opens, closes in sorted(spans):
        if opens > reached:
            return False
        reached = max(reached, closes)
    return reached >= length
