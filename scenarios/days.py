"""Days of a calendar, and which of them are asked for: `1999-01-03..1999-01-07`, `sun-thu`."""

from __future__ import annotations

import re
from datetime import date, timedelta

import msgspec

from csta.instants import DAY, Instant

_EPOCH = date(1970, 1, 1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WANTED = "days such as 1999-01-03, 1999-01-03..1999-01-07, sun or sun-thu, with commas between"


def midnight(day: date) -> Instant:
    """Give the instant at which a day begins, its wall clock read as if it were UTC."""
    return (day - _EPOCH).days * DAY


def day_at(instant: Instant) -> date:
    """Give the day in which an instant lies."""
    return _EPOCH + timedelta(days=instant // DAY)


def parse_day(text: str) -> date:
    """Read a day in ISO 8601, `1999-01-03`.

    Raises:
        ValueError: it is no such day.
    """
    if not _ISO.fullmatch(text):
        raise ValueError(f"'{text}' is not a date such as 1999-01-03")
    return date.fromisoformat(text)


class Days(msgspec.Struct, frozen=True):
    """A choice of days: those in one of the ranges (ends included), or on one of the weekdays.

    Monday is weekday 0. With neither ranges nor weekdays every day is meant.
    """

    ranges: tuple[tuple[date, date], ...] = ()
    weekdays: frozenset[int] = frozenset()

    def hold(self, day: date) -> bool:
        """Tell whether a day is among them."""
        if not self.ranges and not self.weekdays:
            return True
        in_range = any(first <= day <= last for first, last in self.ranges)
        return in_range or day.weekday() in self.weekdays


EVERY_DAY = Days()


def parse_days(text: str) -> Days:
    """Read a choice of days: dates, ranges of dates, weekdays and ranges of weekdays.

    Raises:
        ValueError: a part of it is none of these, or a range of dates runs backwards.
    """
    ranges: list[tuple[date, date]] = []
    weekdays: set[int] = set()
    for part in text.lower().split(","):
        word = part.strip()
        if word[:1].isdigit():
            first, dots, last = word.partition("..")
            span = (parse_day(first.strip()), parse_day((last if dots else first).strip()))
            if span[0] > span[1]:
                raise ValueError(f"'{word}' runs backwards; write {_WANTED}")
            ranges.append(span)
        else:
            start, dash, end = word.partition("-")
            weekdays.update(_weekdays(start.strip(), (end if dash else start).strip()))
    return Days(tuple(ranges), frozenset(weekdays))


def _weekdays(first: str, last: str) -> list[int]:
    """Give the weekdays from one to another; they may run over the end of the week."""
    for name in (first, last):
        if name not in _WEEKDAYS:
            raise ValueError(f"'{name}' is no weekday; write {_WANTED}")
    start = _WEEKDAYS.index(first)
    span = (_WEEKDAYS.index(last) - start) % len(_WEEKDAYS)
    return [(start + n) % len(_WEEKDAYS) for n in range(span + 1)]
