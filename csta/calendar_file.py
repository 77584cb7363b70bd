"""Calendars as people write them: `calendars:` of a queue plan.

What zones and countries are like is not written here: the caller brings it (`Zones`), since it
comes from tables that only a shell may read (`ctiserver.live.zones`).
"""

from __future__ import annotations

import re
from itertools import pairwise
from operator import attrgetter
from typing import Protocol

from csta.calendars import (
    WEEK_DAYS,
    Calendar,
    ClosingPolicy,
    Holiday,
    Span,
    SpecialDay,
    Zone,
    civil_day,
)
from csta.documents import Section
from csta.instants import DAY, HOUR, MINUTE, Milliseconds

YEAR_MIN = 1970
YEAR_MAX = 2100

_CLOSED = "closed"
_HOLIDAY = "holiday"
_NOON = DAY // 2
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([0-9]{1,2}):([0-5][0-9])\s*-\s*([0-9]{1,2}):([0-5][0-9])")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_YEARS = re.compile(r"([0-9]{4})(?:\.\.([0-9]{4}))?")
_YEARS_DEFAULT = "2020..2040"
_MONTHS = 12
_opens_ms = attrgetter("opens_ms")
_HOURS_EXAMPLE = '"08:00-18:00", ["09:00-12:00", "13:00-17:00"] or closed'


class UnknownPlaceError(LookupError):
    """The tables know no such zone, country or subdivision."""

    def __init__(self, key: str, problem: str, remedy: str) -> None:
        """Say which key of the file is wrong (zone, country, subdivision), why, what to write."""
        super().__init__(problem)
        self.key = key
        self.problem = problem
        self.remedy = remedy


class Zones(Protocol):
    """The tables of the world's time zones and public holidays."""

    def zone(self, name: str) -> Zone:
        """Give a zone with the offsets that it had and will have, from 1970 to 2100.

        Raises:
            UnknownPlaceError: there is no such zone.
        """
        ...

    def holidays(self, country: str, subdivision: str | None, years: range) -> tuple[Holiday, ...]:
        """Give the public holidays of these years, in order of day, each day once.

        Raises:
            UnknownPlaceError: there is no such country, or no such subdivision in it.
        """
        ...


def read_calendars(plan: Section, zones: Zones) -> tuple[Calendar, ...]:
    """Read the calendars of a queue plan; none, where it has none.

    Raises:
        ConfigError: with file, line, key and what to write; nothing is taken over.
    """
    return tuple(_read_calendar(name, entry, zones) for name, entry in plan.entries("calendars"))


def _read_calendar(name: str, entry: Section, zones: Zones) -> Calendar:
    try:
        zone = zones.zone(entry.text("zone"))
    except UnknownPlaceError as fault:
        raise entry.error(fault.key, fault.problem, fault.remedy) from None
    holidays, days = _read_days(entry, _read_holidays(entry, zones))
    calendar = Calendar(
        name=name,
        zone=zone,
        week=_read_week(entry.section("open")),
        holidays=holidays,
        days=days,
        closing=entry.choice("closing", ClosingPolicy, default=ClosingPolicy.SERVE),
    )
    entry.done()
    return calendar


def _read_holidays(entry: Section, zones: Zones) -> tuple[Holiday, ...]:
    public = entry.optional_section("holidays")
    if public is None:
        return ()
    country = public.text("country")
    subdivision = public.text("subdivision", default=None)
    years = _read_years(public)
    public.done()
    try:
        return zones.holidays(country, subdivision, years)
    except UnknownPlaceError as fault:
        raise public.error(fault.key, fault.problem, fault.remedy) from None


def _read_years(public: Section) -> range:
    text = public.text("years", default=_YEARS_DEFAULT)
    match = _YEARS.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not YEAR_MIN <= first <= last <= YEAR_MAX:
        problem = f"'{text}' is no range of years from {YEAR_MIN} to {YEAR_MAX}"
        raise public.error("years", problem, f"years: {_YEARS_DEFAULT}")
    return range(first, last + 1)


def _read_days(
    entry: Section, public: tuple[Holiday, ...]
) -> tuple[tuple[Holiday, ...], tuple[SpecialDay, ...]]:
    """Read `days:`; give the holidays, those written there included, and the special days."""
    section = entry.optional_section("days")
    if section is None:
        return public, ()
    holidays = {holiday.day: holiday for holiday in public}
    days: dict[int, SpecialDay] = {}
    for key in section.keys():  # noqa: SIM118 - a section is no mapping
        day = _read_date(section, key)
        if _words(section, key) == (_HOLIDAY,):
            holidays.setdefault(day, Holiday(day, _HOLIDAY))
        else:
            days[day] = SpecialDay(day, _read_hours(section, key))
    return (
        tuple(holidays[day] for day in sorted(holidays)),
        tuple(days[day] for day in sorted(days)),
    )


def _read_date(section: Section, key: str) -> int:
    match = _DATE.fullmatch(key)
    year, month, day = (int(part) for part in match.groups()) if match else (0, 0, 0)
    if YEAR_MIN <= year <= YEAR_MAX and 1 <= month <= _MONTHS:
        first = civil_day(year, month, 1)
        next_month = civil_day(year + month // _MONTHS, month % _MONTHS + 1, 1)
        if 1 <= day <= next_month - first:
            return first + day - 1
    problem = f"'{key}' is no day from {YEAR_MIN} to {YEAR_MAX}"
    raise section.error(key, problem, '2026-12-24: "08:00-12:00"')


def _read_week(section: Section) -> tuple[tuple[Span, ...], ...]:
    key_of: dict[int, str] = {}
    week: list[tuple[Span, ...]] = [()] * WEEK_DAYS
    for key in section.keys():  # noqa: SIM118 - a section is no mapping
        spans = _read_hours(section, key)
        for weekday in _read_weekdays(section, key):
            if weekday in key_of:
                problem = f"{_WEEKDAYS[weekday]} is here twice, in '{key_of[weekday]}' as well"
                raise section.error(key, problem, "each weekday once")
            key_of[weekday] = key
            week[weekday] = spans
    for weekday, key in key_of.items():
        night, morning = week[weekday - 1], week[weekday]
        if night and morning and night[-1].closes_ms - DAY > morning[0].opens_ms:
            problem = f"on {_WEEKDAYS[weekday]} it opens while the night before is not yet over"
            raise section.error(key, problem, "hours that do not overlap")
    return tuple(week)


def _read_weekdays(section: Section, key: str) -> tuple[int, ...]:
    """Read `mon`, `mon-fri` or `mon, wed`; a range may run over the end of the week."""
    found: list[int] = []
    for part in key.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        for name in (first, last if dash else first):
            if name not in _WEEKDAYS:
                problem = f"'{name}' is no weekday"
                raise section.error(key, problem, f"{', '.join(_WEEKDAYS)}, or mon-fri")
        start = _WEEKDAYS.index(first)
        length = (_WEEKDAYS.index(last if dash else first) - start) % WEEK_DAYS + 1
        found += [(start + n) % WEEK_DAYS for n in range(length)]
    return tuple(found)


def _read_hours(section: Section, key: str) -> tuple[Span, ...]:
    words = _words(section, key)
    if words == (_CLOSED,):
        return ()
    spans = sorted((_read_span(section, key, word) for word in words), key=_opens_ms)
    for one, other in pairwise(spans):
        if other.opens_ms < one.closes_ms:
            problem = f"the hours overlap at {_clock(other.opens_ms)}"
            raise section.error(key, problem, "hours that do not overlap")
    return tuple(spans)


def _words(section: Section, key: str) -> tuple[str, ...]:
    if isinstance(section.raw(key), list):
        return section.texts(key)
    return (section.text(key),)


def _read_span(section: Section, key: str, text: str) -> Span:
    match = _HOURS.fullmatch(text)
    if not match:
        raise section.error(key, f"'{text}' is not written as hours", f"{key}: {_HOURS_EXAMPLE}")
    opens_ms = int(match[1]) * HOUR + int(match[2]) * MINUTE
    closes_ms = int(match[3]) * HOUR + int(match[4]) * MINUTE
    if opens_ms >= DAY or closes_ms > DAY:
        raise section.error(key, f"'{text}' goes beyond 24:00", f'{key}: "00:00-24:00" at most')
    if closes_ms > opens_ms:
        return Span(opens_ms, closes_ms)
    if closes_ms == opens_ms:
        problem = f"'{text}' ends when it begins"
        raise section.error(key, problem, f'{key}: "00:00-24:00" for a whole day')
    # A night begins after noon and ends before noon; anything else is rather a slip of the pen.
    if opens_ms < _NOON or closes_ms > _NOON:
        problem = f"'{text}' ends before it begins, and is no night either"
        remedy = "the earlier time first; what passes midnight begins after 12:00, ends before it"
        raise section.error(key, problem, remedy)
    return Span(opens_ms, closes_ms + DAY)


def _clock(day_ms: Milliseconds) -> str:
    return f"{day_ms // HOUR:02}:{day_ms % HOUR // MINUTE:02}"
