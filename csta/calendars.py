"""Calendars: when a centre is open, in the clock of its own time zone (features Q18).

A calendar is a value. It carries what it needs of its zone, so that a journal that holds it is
replayed alike on a machine whose time-zone tables are newer. All arithmetic is in whole
milliseconds. One rule settles both edges of daylight saving, for hours and for days alike:

    A time of the wall clock stands for the first instant at which the clock shows that time or a
    later one.

So what opens inside the hour that is skipped opens when the clock has jumped; a time that comes
twice is meant the first time; and every instant belongs to exactly one civil day, of 23, 24 or
25 hours (reliability T3). Civil days are numbered from 1970-01-01, which is day 0.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import TypeVar

import msgspec

from csta.instants import DAY, Instant, Milliseconds

WEEK_DAYS = 7
_WEEKDAY_OF_DAY_0 = 3  # 1970-01-01 was a Thursday
_DAYS_TO_1970 = 719_468  # from 0000-03-01

# A week shows all that a week can change, and the day after it what reaches past midnight. Twice,
# because the clock may skip, in one of the two, the only time of the week at which it is closed.
_ORDINARY_DAYS_MAX = 2 * WEEK_DAYS + 1

_from_at = attrgetter("from_at")
_day_of = attrgetter("day")


class CalendarState(StrEnum):
    """What a calendar says about an instant."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    """Closed, on a day that is a holiday."""


class ClosingPolicy(StrEnum):
    """What closing means for calls that already wait."""

    SERVE = "serve"
    """Who came while it was open is served; only later callers meet `closed`."""
    NOW = "now"
    """From the instant of closing every call meets `closed`, those that wait too."""


class OffsetStep(msgspec.Struct, frozen=True, array_like=True):
    """From this instant on, local time is UTC plus `offset_ms`."""

    from_at: Instant
    offset_ms: Milliseconds


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Opening hours in milliseconds since 00:00 of their day; past midnight, more than a day."""

    opens_ms: Milliseconds
    closes_ms: Milliseconds

    def __post_init__(self) -> None:
        """Hold what looking at two days for an instant rests on."""
        assert 0 <= self.opens_ms < DAY, "hours open on their day"
        assert self.opens_ms < self.closes_ms <= 2 * DAY, "hours end after they begin, by tomorrow"


class Holiday(msgspec.Struct, frozen=True, array_like=True):
    """A civil day that is a holiday, and what it is called."""

    day: int
    name: str


class SpecialDay(msgspec.Struct, frozen=True, array_like=True):
    """A civil day with hours of its own; with none, it is closed."""

    day: int
    spans: tuple[Span, ...]


class LocalTime(msgspec.Struct, frozen=True, gc=False):
    """What calendar and clock on the wall show: civil day, weekday (Monday is 0), time of day."""

    day: int
    weekday: int
    day_ms: Milliseconds


class Zone(msgspec.Struct, frozen=True):
    """A time zone: what the clock on the wall shows at any instant.

    `offsets` is in order of instant; the first step holds for all time before it too, the last for
    all time after it.
    """

    name: str
    offsets: tuple[OffsetStep, ...]

    def __post_init__(self) -> None:
        """Hold what the arithmetic rests on."""
        assert self.offsets, "a zone has at least one offset"
        assert all(abs(step.offset_ms) < DAY for step in self.offsets), "offsets are below a day"
        ordered = all(one.from_at < other.from_at for one, other in pairwise(self.offsets))
        assert ordered, "offsets are in order of instant"

    def __repr__(self) -> str:
        """Leave out the steps, which are hundreds."""
        return f"Zone({self.name!r}, {len(self.offsets)} offsets)"

    def local(self, at: Instant) -> LocalTime:
        """Give what the clock on the wall shows at the instant."""
        day, day_ms = divmod(at + self.offsets[self._step_at(at)].offset_ms, DAY)
        return LocalTime(day, weekday(day), day_ms)

    def first_at(self, day: int, day_ms: Milliseconds = 0) -> Instant:
        """Give the first instant at which the clock shows this time or a later one."""
        local_ms = day * DAY + day_ms
        # An offset is less than a day: a day before, the clock cannot yet have shown that time.
        index = self._step_at(local_ms - DAY)
        at = local_ms - self.offsets[index].offset_ms
        while index + 1 < len(self.offsets) and self.offsets[index + 1].from_at <= at:
            index += 1
            step = self.offsets[index]
            at = max(step.from_at, local_ms - step.offset_ms)
        return at

    def day_at(self, at: Instant) -> int:
        """Give the civil day to which the instant belongs; days are `first_at` to `first_at`."""
        day = self.local(at).day
        # Where the clock is set back over midnight, it shows the old day once more.
        return day + 1 if self.first_at(day + 1) <= at else day

    def bucket_at(self, at: Instant, width_ms: Milliseconds) -> Instant:
        """Give the first instant of the bucket of local time in which the instant lies.

        Buckets begin on the multiples of `width_ms` (at most an hour, a divisor of it) that the
        clock shows, and wherever the clock is set. An hour that comes twice is two buckets.
        """
        index = self._step_at(at)
        step = self.offsets[index]
        begins_at = at - (at + step.offset_ms) % width_ms
        return max(begins_at, step.from_at) if index else begins_at

    def _step_at(self, at: Instant) -> int:
        return max(bisect_right(self.offsets, at, key=_from_at) - 1, 0)


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """Opening hours in one time zone.

    `week` holds the hours of Monday to Sunday; `holidays` and `days` are in order of day, each day
    once. Hours belong to the day on which they open, also past midnight: a holiday has none, a
    special day has its own even where it is a holiday.
    """

    name: str
    zone: Zone
    week: tuple[tuple[Span, ...], ...]
    holidays: tuple[Holiday, ...] = ()
    days: tuple[SpecialDay, ...] = ()
    closing: ClosingPolicy = ClosingPolicy.SERVE

    def __post_init__(self) -> None:
        """Hold what the arithmetic rests on."""
        assert len(self.week) == WEEK_DAYS, "a week has seven days"
        for numbers in ([found.day for found in self.holidays], [found.day for found in self.days]):
            ordered = all(one < other for one, other in pairwise(numbers))
            assert ordered, "days are in order, each once"

    def is_open(self, at: Instant) -> bool:
        """Tell whether it is open at the instant."""
        day = self.zone.day_at(at)
        return any(
            self.zone.first_at(begun, span.opens_ms)
            <= at
            < self.zone.first_at(begun, span.closes_ms)
            for begun in (day - 1, day)
            for span in self._spans(begun)
        )

    def state(self, at: Instant) -> CalendarState:
        """Give the state at the instant."""
        if self.is_open(at):
            return CalendarState.OPEN
        day = self.zone.day_at(at)
        by_holiday = self.holiday(day) is not None and _listed(self.days, day) is None
        return CalendarState.HOLIDAY if by_holiday else CalendarState.CLOSED

    def state_for_call(self, enqueued_at: Instant, at: Instant) -> CalendarState:
        """Give the state that a call meets that has waited since `enqueued_at`."""
        if self.closing is ClosingPolicy.SERVE and self.is_open(enqueued_at):
            return CalendarState.OPEN
        return self.state(at)

    def holiday(self, day: int) -> str | None:
        """Give the name of the holiday on a civil day, or None."""
        found = _listed(self.holidays, day)
        return found.name if found else None

    def next_change_at(self, at: Instant) -> Instant | None:
        """Give the first instant after this one at which the state is another; None: never."""
        state = self.state(at)
        return next((edge for edge in self._edges(at) if self.state(edge) is not state), None)

    def open_ms(self, from_at: Instant, until_at: Instant) -> Milliseconds:
        """Give how long it is open between two instants."""
        total = 0
        while from_at < until_at:
            change_at = self.next_change_at(from_at)
            end_at = until_at if change_at is None else min(change_at, until_at)
            total += end_at - from_at if self.is_open(from_at) else 0
            from_at = end_at
        return total

    def _is_listed(self, day: int) -> bool:
        return _listed(self.days, day) is not None or _listed(self.holidays, day) is not None

    def _spans(self, day: int) -> tuple[Span, ...]:
        special = _listed(self.days, day)
        if special is not None:
            return special.spans
        return () if self.holiday(day) is not None else self.week[weekday(day)]

    def _edges(self, after_at: Instant) -> Iterator[Instant]:
        """Give, in order, the instants after this one at which the state may change."""
        day = self.zone.day_at(after_at)
        ordinary_days = 0
        while True:
            begins_at, ends_at = self.zone.first_at(day), self.zone.first_at(day + 1)
            times = [begins_at]
            for begun in (day - 1, day):
                for span in self._spans(begun):
                    times.append(self.zone.first_at(begun, span.opens_ms))
                    times.append(self.zone.first_at(begun, span.closes_ms))
            yield from sorted(t for t in times if after_at < t and begins_at <= t < ends_at)
            ordinary_days = 0 if self._is_listed(day) else ordinary_days + 1
            day += 1
            if ordinary_days > _ORDINARY_DAYS_MAX:
                listed = [_next_day(self.days, day), _next_day(self.holidays, day)]
                known = [found for found in listed if found is not None]
                if not known:
                    return
                day = min(known)


def weekday(day: int) -> int:
    """Give the weekday of a civil day; Monday is 0."""
    return (day + _WEEKDAY_OF_DAY_0) % WEEK_DAYS


def civil_day(year: int, month: int, day: int) -> int:
    """Give the number of a date of the Gregorian calendar; 1970-01-01 is 0."""
    # Years are counted from March, so that the day that leap years add comes last.
    since_march = (month - 3) % 12
    years = year - since_march // 10
    leap_days = years // 4 - years // 100 + years // 400
    # The lengths of the months from March on, 31 30 31 30 31, go round every five.
    return years * 365 + leap_days + (153 * since_march + 2) // 5 + day - 1 - _DAYS_TO_1970


Listed = TypeVar("Listed", Holiday, SpecialDay)


def _listed(days: tuple[Listed, ...], day: int) -> Listed | None:
    index = bisect_left(days, day, key=_day_of)
    return days[index] if index < len(days) and days[index].day == day else None


def _next_day(days: tuple[Listed, ...], from_day: int) -> int | None:
    index = bisect_left(days, from_day, key=_day_of)
    return days[index].day if index < len(days) else None
