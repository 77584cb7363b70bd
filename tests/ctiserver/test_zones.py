"""The tables of time zones and public holidays that the lock file pins."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from csta.calendar_file import UnknownPlaceError, Zones
from csta.calendars import Zone
from csta.instants import DAY, HOUR, MINUTE, SECOND
from ctiserver.live.zones import PackagedZones, zone_info, zone_names

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ZONES: Zones = PackagedZones()


def _offset_ms(info: ZoneInfo, at: int) -> int:
    offset = (EPOCH + timedelta(milliseconds=at)).astimezone(info).utcoffset()
    assert offset is not None
    return offset // timedelta(milliseconds=1)


def _step(zone: Zone, at: int) -> int:
    return next(step.offset_ms for step in reversed(zone.offsets) if step.from_at <= at)


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Africa/Monrovia",  # until 1972 its offset had seconds
        "America/Recife",  # in 2000 it had summer time for a week
        "Pacific/Apia",  # it went over the date line
        "UTC",
    ],
)
def test_every_offset_since_1970_is_found_to_the_second(name: str) -> None:
    zone, info = ZONES.zone(name), zone_info(name)
    assert zone.name == name
    assert zone.offsets[0].from_at == 0
    for step in zone.offsets[1:]:
        assert _offset_ms(info, step.from_at - SECOND) != _offset_ms(info, step.from_at)
    # The 59 hours and 59 minutes between looks make them wander through the hours of the week.
    for at in range(0, 131 * 365 * DAY, 60 * HOUR - MINUTE):
        assert _step(zone, at) == _offset_ms(info, at)


def test_the_shortest_summer_time_is_found() -> None:
    recife = [step.from_at for step in ZONES.zone("America/Recife").offsets]
    assert 7 * DAY - HOUR in [b - a for a, b in pairwise(recife)]


def test_utc_has_one_offset() -> None:
    assert [(step.from_at, step.offset_ms) for step in ZONES.zone("UTC").offsets] == [(0, 0)]


def test_the_zones_of_the_world_have_names() -> None:
    assert {"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"} <= set(zone_names())


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("CEST", None),
        ("../zones", None),
        ("", None),
    ],
)
def test_a_zone_that_does_not_exist_is_refused_with_the_one_that_was_meant(
    wrong: str, right: str | None
) -> None:
    with pytest.raises(UnknownPlaceError) as caught:
        ZONES.zone(wrong)
    assert caught.value.key == "zone"
    assert caught.value.remedy == f"zone: {right or 'Europe/Berlin'}"
    assert ("Did you mean" in caught.value.problem) is (right is not None)


def test_holidays_are_in_order_each_day_once() -> None:
    found = ZONES.holidays("DE", "BE", range(2026, 2028))
    days = [(date(1970, 1, 1) + timedelta(days=holiday.day), holiday.name) for holiday in found]
    assert days == sorted(days)
    assert len(days) == len({day for day, _ in days}) == 20
    assert days[:2] == [(date(2026, 1, 1), "New Year's Day"), (date(2026, 3, 8), "Women's Day")]
    assert {day.year for day, _ in days} == {2026, 2027}
    assert "Women's Day" not in [
        holiday.name for holiday in ZONES.holidays("DE", None, range(2026, 2028))
    ]


@pytest.mark.parametrize("tongue", ["de_DE.UTF-8", "th", "C"])
def test_the_names_of_holidays_do_not_depend_on_the_machine(
    tongue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LANG"):
        monkeypatch.setenv(name, tongue)
    assert ZONES.holidays("DE", None, range(2026, 2027))[0].name == "New Year's Day"


def test_a_country_that_is_named_in_one_language_only_is_read_too() -> None:
    assert "Waitangi Day" in [found.name for found in ZONES.holidays("NZ", None, range(2026, 2027))]


@pytest.mark.parametrize(
    ("country", "subdivision", "key", "remedy"),
    [
        ("XX", None, "country", "country: DE, a code of ISO 3166-1"),
        ("DE", "XX", "subdivision", "one of: BB, BE, BW, BY, HB, HE, HH, MV, NI, NW, RP, SH"),
        ("AG", "XX", "subdivision", "country: AG, and no subdivision"),
    ],
)
def test_a_place_that_the_tables_do_not_know_is_refused(
    country: str, subdivision: str | None, key: str, remedy: str
) -> None:
    with pytest.raises(UnknownPlaceError) as caught:
        ZONES.holidays(country, subdivision, range(2026, 2027))
    assert caught.value.key == key
    assert caught.value.remedy.startswith(remedy)
