"""Calendars as people write them: what is read, and what is said about faults (Q18)."""

from __future__ import annotations

import re

import pytest

from csta.calendar_file import read_calendars
from csta.calendars import Calendar, CalendarState, ClosingPolicy, SpecialDay
from csta.documents import read_document
from csta.errors import ConfigError
from ctiserver.live.zones import PackagedZones
from tests.csta.calendar_examples import day, hours, utc
from tests.repository import ROOT

OFFICE = """\
calendars:
  office:
    zone: Europe/Berlin
    open: {mon-fri: "08:00-18:00", sat: ["13:00-16:00", "09:00-12:00"], sun: closed}
    holidays: {country: DE, subdivision: BE}
    days: {2026-12-31: closed, 2026-12-24: "08:00-12:00", 2026-12-23: holiday}
  hotline:
    zone: America/New_York
    open:
      mon, wed: 08:00 - 24:00
      fri-sun: "22:00-06:00"
      thu: "18:00-00:00"
    holidays: {country: US, years: 2026}
    closing: now
"""


def _read(text: str) -> tuple[Calendar, ...]:
    plan = read_document(text, "plan.yaml")
    calendars = read_calendars(plan, PackagedZones())
    plan.done()
    return calendars


def _office(**changes: str) -> str:
    """Write a calendar of one line for each key; a change with no text takes the line away."""
    lines = {"zone": "UTC", "open": '{mon-fri: "08:00-18:00"}'} | changes
    body = "".join(f"    {key}: {value}\n" for key, value in lines.items() if value)
    return f"calendars:\n  office:\n{body}"


def test_a_calendar_is_read_as_it_is_written() -> None:
    office, hotline = _read(OFFICE)
    assert (office.name, office.zone.name) == ("office", "Europe/Berlin")
    weekday, saturday = hours("08:00-18:00"), hours("09:00-12:00", "13:00-16:00")
    assert office.week == (weekday,) * 5 + (saturday, ())
    assert office.days == (
        SpecialDay(day("2026-12-24"), hours("08:00-12:00")),
        SpecialDay(day("2026-12-31"), ()),
    )
    assert office.closing is ClosingPolicy.SERVE
    assert (hotline.name, hotline.zone.name) == ("hotline", "America/New_York")
    night = hours("22:00-30:00")
    day_shift, late = hours("08:00-24:00"), hours("18:00-24:00")
    assert hotline.week == (day_shift, (), day_shift, late, night, night, night)
    assert hotline.closing is ClosingPolicy.NOW


def test_holidays_are_those_of_the_place_and_of_the_years() -> None:
    office, hotline = _read(OFFICE)
    assert office.holiday(day("2026-03-08")) == "Women's Day"  # in Berlin, not in all of Germany
    assert office.holiday(day("2020-01-01")) == office.holiday(day("2040-01-01"))
    assert office.holiday(day("2019-12-25")) is office.holiday(day("2041-01-01")) is None
    assert office.holiday(day("2026-12-23")) == "holiday"
    assert office.state(utc("2026-12-23T10:00")) is CalendarState.HOLIDAY
    assert office.state(utc("2026-12-31T10:00")) is CalendarState.CLOSED
    assert hotline.holiday(day("2026-07-04")) == "Independence Day"
    assert hotline.holiday(day("2027-07-04")) is None


def test_a_holiday_that_the_tables_know_keeps_its_name() -> None:
    (office,) = _read(_office(holidays="{country: DE}", days="{2026-12-25: holiday}"))
    assert office.holiday(day("2026-12-25")) == "Christmas Day"


def test_a_plan_without_calendars_has_none() -> None:
    assert _read("calendars: {}\n") == ()
    assert read_calendars(read_document("queues: {}\n", "plan.yaml"), PackagedZones()) == ()


def test_weekdays_may_run_over_the_end_of_the_week() -> None:
    (office,) = _read(_office(open='{sat-mon: "08:00-09:00"}'))
    span = hours("08:00-09:00")
    assert office.week == (span, (), (), (), (), span, span)


def test_hours_may_begin_when_others_end() -> None:
    (office,) = _read(_office(open='{sun: "22:00-02:00", mon: ["02:00-12:00", "12:00-18:00"]}'))
    assert office.week[6] + office.week[0] == hours("22:00-26:00", "02:00-12:00", "12:00-18:00")


@pytest.mark.parametrize(
    ("changes", "key", "problem", "remedy"),
    [
        ({"zone": ""}, "zone", "'zone' is missing", "zone: "),
        ({"zone": "Berlin"}, "zone", "Did you mean 'Europe/Berlin'?", "zone: Europe/Berlin"),
        ({"zone": "Mars/Olympus"}, "zone", "no time zone 'Mars/Olympus'", "zone: "),
        ({"open": ""}, "open", "'open' is missing", ""),
        ({"open": '{mon: "8-18"}'}, "open.mon", "'8-18' is not written as hours", '"08:00-18:00"'),
        ({"open": '{mon: "08:00-18:60"}'}, "open.mon", "is not written as hours", ""),
        ({"open": '{mon: "08:00-24:01"}'}, "open.mon", "goes beyond 24:00", "00:00-24:00"),
        ({"open": '{mon: "24:00-02:00"}'}, "open.mon", "goes beyond 24:00", ""),
        ({"open": '{mon: "08:00-08:00"}'}, "open.mon", "ends when it begins", "00:00-24:00"),
        ({"open": '{mon: "18:00-17:00"}'}, "open.mon", "ends before it begins", "after 12:00"),
        ({"open": '{mon: "08:00-07:00"}'}, "open.mon", "ends before it begins", "before it"),
        (
            {"open": '{mon: ["13:00-18:00", "09:00-13:30"]}'},
            "open.mon",
            "the hours overlap at 13:00",
            "hours that do not overlap",
        ),
        (
            {"open": '{sun: "22:00-02:00", mon: "01:30-10:00"}'},
            "open.mon",
            "on mon it opens while the night before is not yet over",
            "hours that do not overlap",
        ),
        (
            {"open": '{mon-wed: "08:00-18:00", wed: "08:00-12:00"}'},
            "open.wed",
            "wed is here twice, in 'mon-wed' as well",
            "each weekday once",
        ),
        ({"open": '{monday: "08:00-18:00"}'}, "open.monday", "'monday' is no weekday", "mon, tue"),
        ({"open": '{mon-: "08:00-18:00"}'}, "open.mon-", "'' is no weekday", "mon-fri"),
        ({"open": "{mon: {from: 8}}"}, "open.mon", "should be one value", ""),
        ({"open": "{mon: [[1]]}"}, "open.mon", "should be a list of texts", ""),
        ({"days": "{2026-02-29: closed}"}, "days.2026-02-29", "is no day from 1970", "2026-12-24"),
        ({"days": "{2026-13-01: closed}"}, "days.2026-13-01", "is no day", ""),
        ({"days": "{2026-04-31: closed}"}, "days.2026-04-31", "is no day", ""),
        ({"days": "{2026-04-00: closed}"}, "days.2026-04-00", "is no day", ""),
        ({"days": "{24.12.2026: closed}"}, "days.24.12.2026", "is no day", ""),
        ({"days": "{2101-01-01: closed}"}, "days.2101-01-01", "is no day", ""),
        ({"days": "{2026-12-24: shut}"}, "days.2026-12-24", "'shut' is not written", "closed"),
        ({"holidays": "{}"}, "holidays.country", "'country' is missing", ""),
        ({"holidays": "{country: XX}"}, "holidays.country", "country 'XX'", "country: DE"),
        (
            {"holidays": "{country: DE, subdivision: Berlin}"},
            "holidays.subdivision",
            "has no subdivision 'Berlin'",
            "BB, BE",
        ),
        ({"holidays": "{country: DE, years: 2040..2020}"}, "holidays.years", "no range", "2020.."),
        ({"holidays": "{country: DE, years: 2020-2030}"}, "holidays.years", "no range", "2020.."),
        ({"holidays": "{country: DE, years: 1969}"}, "holidays.years", "from 1970 to 2100", ""),
        ({"holidays": "{country: DE, year: 2026}"}, "holidays.year", "Did you mean 'years'?", ""),
        ({"closing": "later"}, "closing", "'later' is not known here", "serve | now"),
        ({"opened": "1"}, "opened", "Did you mean 'open'?", "one of: closing, days"),
    ],
)
def test_a_fault_is_refused_with_its_line_and_what_to_write(
    changes: dict[str, str], key: str, problem: str, remedy: str
) -> None:
    text = _office(**changes)
    with pytest.raises(ConfigError) as caught:
        _read(text)
    fault = caught.value
    assert fault.key == f"calendars.office.{key}"
    assert problem in fault.problem
    assert remedy in fault.remedy
    assert fault.remedy
    lines = text.splitlines()
    named = key.partition(".")[0]
    where = next((n for n, line in enumerate(lines, 1) if line.strip().startswith(f"{named}:")), 2)
    assert (fault.file, fault.line) == ("plan.yaml", where)


def test_the_example_of_the_page_is_read() -> None:
    page = (ROOT / "docs" / "calendars.md").read_text("utf-8")
    examples: list[str] = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert [calendar.name for text in examples for calendar in _read(text)] == ["office", "nights"]
