"""Calendars to test with, and the wall clock as the standard library reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

from csta.calendars import Calendar, ClosingPolicy, Holiday, Span, SpecialDay, Zone
from csta.instants import HOUR, MINUTE, Instant, Milliseconds
from ctiserver.live.zones import PackagedZones, zone_info

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
NEVER: tuple[Span, ...] = ()

info = cache(zone_info)


@cache
def the_zone(name: str) -> Zone:
    """Give a zone, made once."""
    return PackagedZones().zone(name)


def day(text: str) -> int:
    """Give the number of a civil day, by the standard library: `2026-03-29`."""
    return (date.fromisoformat(text) - EPOCH.date()).days


def utc(text: str) -> Instant:
    """Give an instant: `2026-03-29T01:00`, in UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // MILLISECOND


def wall(zone: str, at: Instant) -> datetime:
    """Give what the clock on the wall shows, by the standard library."""
    shown = (EPOCH + timedelta(milliseconds=at)).astimezone(info(zone))
    return shown.replace(tzinfo=None, fold=0)


def is_shown(zone: str, local: datetime) -> bool:
    """Tell whether the clock ever shows this local time."""
    there = local.replace(tzinfo=info(zone)).astimezone(UTC).astimezone(info(zone))
    return there.replace(tzinfo=None, fold=0) == local


def comes_twice(zone: str, local: datetime) -> bool:
    """Tell whether the clock shows this local time twice."""
    first, second = (local.replace(tzinfo=info(zone), fold=fold) for fold in (0, 1))
    return is_shown(zone, local) and first.utcoffset() != second.utcoffset()


def instant(zone: str, local: datetime) -> Instant:
    """Give the instant of a local time that the clock shows; the first, where it comes twice."""
    return (local.replace(tzinfo=info(zone), fold=0).astimezone(UTC) - EPOCH) // MILLISECOND


def hours(*texts: str) -> tuple[Span, ...]:
    """Give hours, written `08:00-18:00`; past midnight `22:00-26:00`."""
    return tuple(Span(*(_clock(part) for part in text.split("-"))) for text in texts)


def _clock(text: str) -> Milliseconds:
    hour, _, minute = text.partition(":")
    return int(hour) * HOUR + int(minute) * MINUTE


def weekly(
    zone: str,
    mon_to_fri: tuple[Span, ...] = NEVER,
    sat: tuple[Span, ...] = NEVER,
    sun: tuple[Span, ...] = NEVER,
    *,
    holidays: tuple[Holiday, ...] = (),
    days: tuple[SpecialDay, ...] = (),
    closing: ClosingPolicy = ClosingPolicy.SERVE,
) -> Calendar:
    """Make a calendar."""
    return Calendar(
        name="office",
        zone=the_zone(zone),
        week=(mon_to_fri,) * 5 + (sat, sun),
        holidays=holidays,
        days=days,
        closing=closing,
    )


def daily(zone: str, *texts: str) -> Calendar:
    """Make a calendar with the same hours every day."""
    span = hours(*texts)
    return weekly(zone, span, span, span)
