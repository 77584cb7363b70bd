"""Laws of calendars, with the standard library's zones as the oracle (reliability T3)."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from csta.calendars import Calendar, CalendarState, Holiday, Span, SpecialDay
from csta.instants import DAY, HOUR, MINUTE, Instant
from tests.csta.calendar_examples import (
    EPOCH,
    comes_twice,
    instant,
    is_shown,
    the_zone,
    utc,
    wall,
)

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
)
FROM_AT, UNTIL_AT = utc("1990-01-01T00:00"), utc("2037-12-31T00:00")
# Offsets, and the instants at which they change, are whole quarters of an hour in these zones.
GRID = 15 * MINUTE

zones = st.sampled_from(ZONES)
quarters = st.integers(-8, 8).map(lambda n: n * GRID)


@st.composite
def zone_and_instant(draw: st.DrawFn, grid: int = 1) -> tuple[str, Instant]:
    """Draw a zone and an instant of it, every other time near one at which the clock is set."""
    zone = draw(zones)
    edges = [step.from_at for step in the_zone(zone).offsets if FROM_AT <= step.from_at < UNTIL_AT]
    anywhere = st.integers(FROM_AT, UNTIL_AT)
    aside = st.one_of(st.integers(-2 * DAY, 2 * DAY), quarters)
    near = st.builds(int.__add__, st.sampled_from(edges or [FROM_AT]), aside)
    at = draw(st.one_of(anywhere, near))
    return zone, at - at % grid


@st.composite
def calendar_and_instant(draw: st.DrawFn) -> tuple[Calendar, Instant]:
    """Draw a calendar with anything in it near the instant; hours may overlap, too."""
    zone, at = draw(zone_and_instant(GRID))
    spans = st.lists(
        st.builds(
            lambda opens, length: Span(opens * GRID, (opens + length) * GRID),
            st.integers(0, 95),
            st.integers(1, 96),
        ),
        max_size=2,
    ).map(tuple)
    near = st.integers(-4, 4).map(lambda n: at // DAY + n)
    special = draw(st.dictionaries(near, spans, max_size=2))
    calendar = Calendar(
        name="any",
        zone=the_zone(zone),
        week=tuple(draw(st.lists(spans, min_size=7, max_size=7))),
        holidays=tuple(Holiday(day, "h") for day in sorted(draw(st.sets(near, max_size=2)))),
        days=tuple(SpecialDay(day, special[day]) for day in sorted(special)),
    )
    return calendar, at


@given(zone_and_instant())
def test_the_clock_on_the_wall_is_that_of_the_standard_library(drawn: tuple[str, Instant]) -> None:
    zone, at = drawn
    shown = the_zone(zone).local(at)
    expected = wall(zone, at)
    assert EPOCH.replace(tzinfo=None) + timedelta(days=shown.day, milliseconds=shown.day_ms) == (
        expected
    )
    assert shown.weekday == expected.weekday()


@given(zone_and_instant(), st.one_of(st.integers(-2 * HOUR, 2 * HOUR), quarters))
def test_a_time_stands_for_the_first_instant_at_which_it_or_a_later_one_is_shown(
    drawn: tuple[str, Instant], aside_ms: int
) -> None:
    zone, near_at = drawn
    local = wall(zone, near_at) + timedelta(milliseconds=aside_ms)
    since = local - EPOCH.replace(tzinfo=None)
    day_ms = (since - timedelta(days=since.days)) // timedelta(milliseconds=1)
    at = the_zone(zone).first_at(since.days, day_ms)
    if is_shown(zone, local):
        assert at == instant(zone, local)
    else:
        assert wall(zone, at - 1) < local < wall(zone, at)
        assert at in [step.from_at for step in the_zone(zone).offsets]


@given(zone_and_instant())
def test_each_instant_is_in_one_day_and_days_follow_each_other(drawn: tuple[str, Instant]) -> None:
    zone, at = drawn
    clock = the_zone(zone)
    day = clock.day_at(at)
    assert day == clock.local(at).day  # these zones never set the clock back over midnight
    begins_at, ends_at = clock.first_at(day), clock.first_at(day + 1)
    assert begins_at <= at < ends_at
    assert clock.day_at(begins_at) == clock.day_at(ends_at - 1) == day
    assert clock.day_at(begins_at - 1) == day - 1
    assert abs(ends_at - begins_at - DAY) <= HOUR


@given(zone_and_instant(), st.sampled_from([15 * MINUTE, 30 * MINUTE, HOUR]), st.integers(0, HOUR))
def test_each_instant_is_in_one_bucket_and_buckets_follow_each_other(
    drawn: tuple[str, Instant], width_ms: int, later_ms: int
) -> None:
    zone, at = drawn
    clock = the_zone(zone)
    begins_at = clock.bucket_at(at, width_ms)
    assert at - width_ms < begins_at <= at
    assert clock.bucket_at(begins_at, width_ms) == begins_at
    assert clock.bucket_at(begins_at - 1, width_ms) < begins_at
    assert clock.local(begins_at).day_ms // width_ms == clock.local(at).day_ms // width_ms
    later = clock.bucket_at(at + later_ms, width_ms)
    assert later == begins_at or at < later <= at + later_ms


@given(calendar_and_instant())
def test_it_is_open_when_the_clock_shows_opening_hours(drawn: tuple[Calendar, Instant]) -> None:
    """The clock alone cannot tell where hours begin or end at a time that comes twice."""
    calendar, at = drawn
    shown = wall(calendar.zone.name, at)
    midnight = datetime(shown.year, shown.month, shown.day)  # noqa: DTZ001 - the wall's own
    special = {day.day: day.spans for day in calendar.days}
    is_holiday = {holiday.day for holiday in calendar.holidays}
    expected = False
    for begun in (midnight - timedelta(days=1), midnight):
        number = (begun - EPOCH.replace(tzinfo=None)).days
        spans = () if number in is_holiday else calendar.week[begun.weekday()]
        for span in special.get(number, spans):
            opens, closes = (
                begun + timedelta(milliseconds=part) for part in (span.opens_ms, span.closes_ms)
            )
            if any(comes_twice(calendar.zone.name, edge) for edge in (opens, closes)):
                return
            expected |= opens <= shown < closes
    assert calendar.is_open(at) is expected
    number = (midnight - EPOCH.replace(tzinfo=None)).days
    closed = number in special or number not in is_holiday
    if not expected:
        assert calendar.state(at) is (CalendarState.CLOSED if closed else CalendarState.HOLIDAY)


@given(calendar_and_instant(), st.integers(0, GRID - 1))
def test_the_next_change_is_the_first_instant_at_which_the_state_is_another(
    drawn: tuple[Calendar, Instant], aside_ms: int
) -> None:
    calendar, at = drawn
    state = calendar.state(at)
    change_at = calendar.next_change_at(at + aside_ms)
    assert state is calendar.state(at + aside_ms)
    seen = [n for n in range(at + GRID, at + 3 * DAY, GRID) if calendar.state(n) is not state]
    if seen:
        assert change_at == seen[0]
        assert calendar.state(seen[0] - 1) is state
    else:
        assert change_at is None or change_at >= at + 3 * DAY


@given(calendar_and_instant(), st.integers(0, 2 * DAY), st.integers(0, 2 * DAY))
def test_open_time_adds_up(drawn: tuple[Calendar, Instant], first_ms: int, second_ms: int) -> None:
    calendar, at = drawn
    between, end = at + first_ms, at + first_ms + second_ms
    assert calendar.open_ms(at, end) == (
        calendar.open_ms(at, between) + calendar.open_ms(between, end)
    )
    quarters = range(at, at + 2 * DAY, GRID)
    counted = sum(GRID for quarter in quarters if calendar.is_open(quarter))
    assert calendar.open_ms(at, at + 2 * DAY) == counted
