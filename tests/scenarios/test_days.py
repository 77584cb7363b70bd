"""Days of a calendar, and choices of them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.instants import DAY
from scenarios.days import EVERY_DAY, day_at, midnight, parse_day, parse_days

FIRST = date(1999, 1, 1)  # a Friday


def chosen(text: str) -> list[int]:
    """Give the days of the first fortnight of January 1999 that the text chooses."""
    days = parse_days(text)
    return [n + 1 for n in range(14) if days.hold(FIRST + timedelta(days=n))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1999-01-05", [5]),
        ("1999-01-03..1999-01-07", [3, 4, 5, 6, 7]),
        ("1998-12-30..1999-01-02, 1999-01-09", [1, 2, 9]),
        ("sun", [3, 10]),
        ("Sun-Thu", [3, 4, 5, 6, 7, 10, 11, 12, 13, 14]),
        ("fri-sat", [1, 2, 8, 9]),
        ("mon,1999-01-01", [1, 4, 11]),
    ],
)
def test_days_are_chosen_by_date_range_or_weekday(text: str, expected: list[int]) -> None:
    assert chosen(text) == expected


def test_without_a_choice_every_day_is_meant() -> None:
    assert EVERY_DAY.hold(FIRST)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is no weekday"),
        ("sunday", "'sunday' is no weekday"),
        ("sun-", "'' is no weekday"),
        ("mon,", "'' is no weekday"),
        ("1999-13-01", "month must be in"),
        ("1999-1-3", "'1999-1-3' is not a date"),
        ("1999-01-03..", "'' is not a date"),
        ("1999-01-07..1999-01-03", "runs backwards"),
    ],
)
def test_what_is_no_choice_of_days_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_days(text)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(0, DAY - 1))
def test_an_instant_lies_in_its_day(day: date, clock_ms: int) -> None:
    assert day_at(midnight(day) + clock_ms) == day
    assert parse_day(day.isoformat()) == day
