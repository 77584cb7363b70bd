"""Opening hours: states, nights, holidays, and both edges of daylight saving (Q18, T3)."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, timedelta

import msgspec
import pytest

from csta.calendars import (
    Calendar,
    CalendarState,
    ClosingPolicy,
    Holiday,
    OffsetStep,
    Span,
    SpecialDay,
    Zone,
    civil_day,
    weekday,
)
from csta.instants import DAY, HOUR, MINUTE, SECOND
from tests.csta.calendar_examples import daily, day, hours, utc, weekly

OPEN, CLOSED, HOLIDAY = CalendarState

# Sunday 2026-03-29 has 23 hours in Berlin, Sunday 2026-10-25 has 25.
SPRING, AUTUMN = day("2026-03-29"), day("2026-10-25")

OFFICE = weekly(
    "Europe/Berlin",
    hours("08:00-18:00"),
    hours("09:00-12:00", "13:00-16:00"),
    holidays=(
        Holiday(day("2026-12-25"), "Christmas Day"),
        Holiday(day("2026-12-26"), "Second Day of Christmas"),
    ),
    days=(
        SpecialDay(day("2026-12-24"), hours("08:00-12:00")),
        SpecialDay(day("2026-12-26"), hours("10:00-11:00")),
        SpecialDay(day("2026-12-31"), ()),
    ),
)


@pytest.mark.parametrize(
    ("at", "state", "next_change"),
    [
        ("2026-12-23T06:59:59.999", CLOSED, "2026-12-23T07:00"),
        ("2026-12-23T07:00", OPEN, "2026-12-23T17:00"),
        ("2026-12-23T17:00", CLOSED, "2026-12-24T07:00"),
        ("2026-12-24T10:59", OPEN, "2026-12-24T11:00"),  # its own hours
        ("2026-12-24T11:00", CLOSED, "2026-12-24T23:00"),
        ("2026-12-24T23:00", HOLIDAY, "2026-12-25T23:00"),  # from midnight in Berlin
        ("2026-12-25T23:00", CLOSED, "2026-12-26T09:00"),  # a holiday with hours of its own
        ("2026-12-26T09:30", OPEN, "2026-12-26T10:00"),
        ("2026-12-26T10:00", CLOSED, "2026-12-28T07:00"),
        ("2026-12-30T17:00", CLOSED, "2027-01-01T07:00"),  # closed on the 31st
        ("2027-01-02T10:59", OPEN, "2027-01-02T11:00"),  # Saturday, until lunch
        ("2027-01-02T11:00", CLOSED, "2027-01-02T12:00"),
    ],
)
def test_q18_a_calendar_is_open_closed_or_on_holiday(
    at: str, state: CalendarState, next_change: str
) -> None:
    assert OFFICE.state(utc(at)) is state
    assert OFFICE.is_open(utc(at)) is (state is OPEN)
    assert OFFICE.next_change_at(utc(at)) == utc(next_change)


def test_a_holiday_has_its_name() -> None:
    assert OFFICE.holiday(day("2026-12-25")) == "Christmas Day"
    assert OFFICE.holiday(day("2026-12-24")) is None


def test_q18_whoever_waits_when_it_closes_is_served_or_is_closed_out_as_the_policy_says() -> None:
    came, closes = utc("2026-12-23T16:59"), utc("2026-12-23T17:00")
    serve, now = (
        weekly("Europe/Berlin", hours("08:00-18:00"), closing=policy) for policy in ClosingPolicy
    )
    for calendar in (serve, now):
        assert calendar.state_for_call(came, closes - 1) is OPEN
        assert calendar.state_for_call(closes, closes) is CLOSED
    assert serve.state_for_call(came, closes) is OPEN
    assert now.state_for_call(came, closes) is CLOSED
    opens = utc("2026-12-24T07:00")
    assert serve.state_for_call(closes, opens) is OPEN


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    nights = weekly(
        "Europe/Berlin",
        hours("22:00-30:00"),
        holidays=(Holiday(day("2026-05-14"), "Ascension Day"),),
        days=(SpecialDay(day("2026-05-15"), hours("10:00-12:00")),),
    )
    wednesday = utc("2026-05-13T20:00")
    changes = [wednesday]
    for _ in range(5):
        changes.append(nights.next_change_at(changes[-1]) or 0)
    assert changes == [
        wednesday,
        utc("2026-05-14T04:00"),  # the night of Wednesday reaches into the holiday
        utc("2026-05-14T22:00"),  # the holiday's own night is not; midnight ends the holiday
        utc("2026-05-15T08:00"),
        utc("2026-05-15T10:00"),
        utc("2026-05-18T20:00"),
    ]
    states = [nights.state(at) for at in changes]
    assert states == [OPEN, HOLIDAY, CLOSED, OPEN, CLOSED, OPEN]


@pytest.mark.parametrize(
    ("zone", "text", "civil", "expected_ms"),
    [
        ("Europe/Berlin", "00:00-24:00", "2026-03-29", 23 * HOUR),
        ("Europe/Berlin", "00:00-24:00", "2026-10-25", 25 * HOUR),
        ("Europe/Berlin", "00:00-24:00", "2026-10-26", 24 * HOUR),
        ("Australia/Lord_Howe", "00:00-24:00", "2026-10-04", 23 * HOUR + 30 * MINUTE),
        ("Australia/Lord_Howe", "00:00-24:00", "2026-04-05", 24 * HOUR + 30 * MINUTE),
        ("Europe/Berlin", "01:00-04:00", "2026-03-29", 2 * HOUR),
        ("Europe/Berlin", "01:00-04:00", "2026-10-25", 4 * HOUR),
        ("Europe/Berlin", "02:15-02:45", "2026-03-29", 0),
        ("Europe/Berlin", "02:15-02:45", "2026-10-25", 30 * MINUTE),  # the first time only
        ("Europe/Berlin", "02:30-06:00", "2026-03-29", 3 * HOUR),
        ("Europe/Berlin", "02:30-06:00", "2026-10-25", 4 * HOUR + 30 * MINUTE),
        ("Africa/Casablanca", "00:00-24:00", "2026-02-15", 25 * HOUR),  # Ramadan begins
    ],
)
def test_t3_the_open_time_of_a_day_on_which_the_clock_is_set(
    zone: str, text: str, civil: str, expected_ms: int
) -> None:
    calendar = daily(zone, text)
    begins_at, ends_at = calendar.zone.first_at(day(civil)), calendar.zone.first_at(day(civil) + 1)
    assert calendar.open_ms(begins_at, ends_at) == expected_ms


def test_what_opens_in_the_hour_that_is_skipped_opens_when_the_clock_has_jumped() -> None:
    calendar = daily("Europe/Berlin", "02:30-06:00")
    jump_at = utc("2026-03-29T01:00")
    assert calendar.next_change_at(utc("2026-03-28T12:00")) == jump_at
    assert not calendar.is_open(jump_at - 1)
    assert calendar.zone.local(jump_at).day_ms == 3 * HOUR


def test_a_time_that_comes_twice_is_meant_the_first_time() -> None:
    late = daily("Europe/Berlin", "22:00-26:30")
    assert late.next_change_at(utc("2026-10-24T22:00")) == utc("2026-10-25T00:30")
    assert not late.is_open(utc("2026-10-25T01:15"))  # 02:15 once more
    assert late.zone.first_at(AUTUMN, 3 * HOUR) == utc("2026-10-25T02:00")  # comes once
    assert late.zone.local(utc("2026-10-25T01:15")).day_ms == 2 * HOUR + 15 * MINUTE


def test_a_day_is_in_one_piece_even_where_the_clock_is_set_back_over_midnight() -> None:
    # St. John's, 2006: at 00:01 on Sunday the clock was set back to 23:01 on Saturday.
    calendar = weekly("America/St_Johns", sun=hours("00:00-24:00"))
    sunday = day("2006-10-29")
    begins_at = calendar.zone.first_at(sunday)
    back_at = begins_at + MINUTE
    assert calendar.zone.local(back_at - 1).day == sunday
    assert calendar.zone.local(back_at).day == sunday - 1
    assert [calendar.zone.day_at(begins_at + n * 15 * MINUTE) for n in range(-1, 6)] == (
        [sunday - 1] + [sunday] * 6
    )
    assert calendar.is_open(back_at)
    assert calendar.open_ms(begins_at - DAY, begins_at + 2 * DAY) == 25 * HOUR


def test_a_day_that_a_country_left_out_has_no_length() -> None:
    # Samoa went over the date line: after Thursday, 2011-12-29, came Saturday.
    calendar = daily("Pacific/Apia", "22:00-26:00")
    friday = day("2011-12-30")
    assert calendar.zone.first_at(friday) == calendar.zone.first_at(friday + 1)
    assert calendar.zone.day_at(calendar.zone.first_at(friday)) == friday + 1
    assert calendar.zone.day_at(calendar.zone.first_at(friday) - 1) == friday - 1


@pytest.mark.parametrize("at", [0, utc("2026-03-29T00:59"), utc("2090-01-01T00:00"), -DAY])
def test_what_never_changes_has_no_next_change(at: int) -> None:
    assert daily("Europe/Berlin", "00:00-24:00").next_change_at(at) is None
    assert weekly("Europe/Berlin").next_change_at(at) is None
    nights = hours("12:00-36:00")  # from noon to noon, day by day
    assert weekly("Europe/Berlin", nights, nights, nights).next_change_at(at) is None


def test_a_change_that_lies_years_ahead_is_found() -> None:
    always = hours("00:00-24:00")
    closed = weekly("UTC", holidays=(Holiday(day("2040-05-01"), "Labour Day"),))
    open_ = weekly("UTC", always, always, always, days=(SpecialDay(day("2040-05-01"), ()),))
    for calendar in (closed, open_):
        assert calendar.next_change_at(utc("2026-01-01T00:00")) == utc("2040-05-01T00:00")


def test_the_only_closed_hour_of_a_week_may_be_the_one_that_is_skipped() -> None:
    always, short = hours("00:00-24:00"), hours("00:00-02:00", "03:00-24:00")
    calendar = weekly("Europe/Berlin", always, always, short)
    assert calendar.next_change_at(utc("2026-03-23T00:00")) == utc("2026-04-05T00:00")


def test_the_day_after_a_day_with_hours_of_its_own_is_looked_at_too() -> None:
    # From noon to noon, but on New Year's Day until midnight: the morning after is missing.
    nights = hours("12:00-36:00")
    special = (SpecialDay(day("2040-01-01"), hours("00:00-24:00")),)
    calendar = weekly("UTC", nights, nights, nights, days=special)
    for start in ("2026-01-01T00:00", "2039-12-20T00:00", "2039-12-23T13:00"):
        assert calendar.next_change_at(utc(start)) == utc("2040-01-02T00:00")


def test_rg_48_working_time_of_old_days_is_counted_with_the_offset_of_those_days() -> None:
    calendar = daily("Europe/Berlin", "08:00-18:00")
    for civil in range(day("2025-01-01"), day("2026-12-31")):
        begins_at, ends_at = calendar.zone.first_at(civil), calendar.zone.first_at(civil + 1)
        assert calendar.open_ms(begins_at, ends_at) == 10 * HOUR
        midday = begins_at + 12 * HOUR
        assert calendar.open_ms(calendar.zone.first_at(civil, 8 * HOUR), midday) == (
            midday - calendar.zone.first_at(civil, 8 * HOUR)
        )
    since, until = utc("2026-03-27T00:00"), utc("2026-03-31T00:00")
    assert calendar.open_ms(since, until) == 4 * 10 * HOUR


def test_rg_49_hours_written_in_summer_hold_by_the_same_clock_in_winter() -> None:
    calendar = daily("Europe/Berlin", "08:00-18:00")
    openings = [
        calendar.zone.first_at(civil, 8 * HOUR) for civil in range(AUTUMN - 180, AUTUMN + 180)
    ]
    assert {calendar.zone.local(at).day_ms for at in openings} == {8 * HOUR}
    assert Counter(at % DAY for at in openings) == {6 * HOUR: 180 + 26, 7 * HOUR: 154}
    assert all(calendar.is_open(at) and not calendar.is_open(at - 1) for at in openings)


@pytest.mark.parametrize("machine", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_rg_50_hours_are_those_of_the_calendar_and_not_of_the_machine(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendars = [
        daily(zone, "08:00-18:00") for zone in ("Europe/Berlin", "America/New_York", "UTC")
    ]
    monkeypatch.setenv("TZ", machine)
    time.tzset()
    try:
        seen = [
            [calendar.is_open(utc(at)) for calendar in calendars]
            for at in ("2026-06-01T06:30", "2026-06-01T13:00", "2026-06-01T17:00")
        ]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert seen == [[True, False, False], [True, True, True], [False, True, True]]


@pytest.mark.parametrize("civil", [SPRING, AUTUMN, AUTUMN + 1])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_rg_51_rows_and_hourly_sums_tell_the_same_hours(zone: str, civil: int) -> None:
    calendar = daily(zone, "00:00-24:00")
    calls = range(calendar.zone.first_at(civil), calendar.zone.first_at(civil + 1), 7 * MINUTE)
    rows = Counter(calendar.zone.local(at).day_ms // HOUR for at in calls)
    buckets = Counter(calendar.zone.bucket_at(at, HOUR) for at in calls)
    sums: Counter[int] = Counter()
    for begins_at, count in buckets.items():
        sums[calendar.zone.local(begins_at).day_ms // HOUR] += count
        assert calendar.zone.day_at(begins_at) == civil
    assert sums == rows
    assert buckets.total() == len(calls)


def test_rg_52_opening_and_closing_move_with_the_clock_on_the_very_day() -> None:
    calendar = daily("Europe/Berlin", "08:00-18:00")
    changes = [calendar.next_change_at(utc("2026-03-28T00:00")) or 0]
    for _ in range(3):
        changes.append(calendar.next_change_at(changes[-1]) or 0)
    assert changes == [
        utc("2026-03-28T07:00"),
        utc("2026-03-28T17:00"),
        utc("2026-03-29T06:00"),
        utc("2026-03-29T16:00"),
    ]
    assert calendar.next_change_at(utc("2026-10-24T16:00")) == utc("2026-10-25T07:00")


@pytest.mark.parametrize(
    ("zone", "civil", "count"),
    [
        ("Europe/Berlin", "2026-03-28", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Australia/Lord_Howe", "2026-10-04", 24),  # one of them half an hour long
        ("Australia/Lord_Howe", "2026-04-05", 25),
    ],
)
def test_t3_the_hours_of_a_day_add_up_to_the_day(zone: str, civil: str, count: int) -> None:
    calendar = daily(zone, "00:00-24:00")
    begins_at, ends_at = calendar.zone.first_at(day(civil)), calendar.zone.first_at(day(civil) + 1)
    lengths: Counter[int] = Counter()
    for at in range(begins_at, ends_at, MINUTE):
        lengths[calendar.zone.bucket_at(at, HOUR)] += MINUTE
    assert len(lengths) == count
    assert lengths.total() == ends_at - begins_at
    assert max(lengths.values()) == HOUR


def test_days_are_numbered_and_named_as_the_standard_library_does() -> None:
    first = date(1968, 1, 1)
    for n in range(134 * 366):
        day_ = first + timedelta(days=n)
        number = (day_ - date(1970, 1, 1)).days
        assert civil_day(day_.year, day_.month, day_.day) == number
        assert weekday(number) == day_.weekday()


def test_a_calendar_comes_out_of_the_journal_as_it_went_in() -> None:
    for encode, decode in (
        (msgspec.json.encode, msgspec.json.decode),
        (msgspec.msgpack.encode, msgspec.msgpack.decode),
    ):
        assert decode(encode(OFFICE), type=Calendar) == OFFICE
    assert len(msgspec.json.encode(OFFICE)) < 7_000  # 243 steps of Berlin, 1970 to 2100
    assert hash(OFFICE) == hash(msgspec.json.decode(msgspec.json.encode(OFFICE), type=Calendar))


@pytest.mark.parametrize(
    "changes",
    [
        {"week": ((),) * 6},
        {"holidays": (Holiday(2, "two"), Holiday(1, "one"))},
        {"days": (SpecialDay(1, ()), SpecialDay(1, ()))},
    ],
)
def test_a_calendar_that_the_arithmetic_cannot_stand_on_is_not_made(
    changes: dict[str, object],
) -> None:
    with pytest.raises(AssertionError):
        msgspec.structs.replace(OFFICE, **changes)


@pytest.mark.parametrize(
    "offsets",
    [(), (OffsetStep(0, DAY),), (OffsetStep(SECOND, 0), OffsetStep(0, HOUR))],
)
def test_a_zone_that_the_arithmetic_cannot_stand_on_is_not_made(
    offsets: tuple[OffsetStep, ...],
) -> None:
    with pytest.raises(AssertionError):
        Zone("nowhere", offsets)


@pytest.mark.parametrize(("opens_ms", "closes_ms"), [(-1, 1), (DAY, DAY + 1), (5, 5), (0, 3 * DAY)])
def test_hours_that_the_arithmetic_cannot_stand_on_are_not_made(
    opens_ms: int, closes_ms: int
) -> None:
    with pytest.raises(AssertionError):
        Span(opens_ms, closes_ms)


def test_a_zone_is_shown_without_its_steps() -> None:
    assert repr(OFFICE.zone) == "Zone('Europe/Berlin', 243 offsets)"


def test_before_the_first_step_its_offset_holds_already() -> None:
    calendar = daily("Asia/Kathmandu", "08:00-18:00")
    assert calendar.zone.offsets[0].from_at == 0
    assert calendar.zone.local(-1).day_ms == 5 * HOUR + 30 * MINUTE - 1
    assert calendar.zone.first_at(-1) == -DAY - 5 * HOUR - 30 * MINUTE
    assert calendar.zone.bucket_at(-1, HOUR) == -30 * MINUTE
