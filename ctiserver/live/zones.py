"""The world's time zones and public holidays, from the libraries that the lock file pins.

Zones are read from the package tzdata, not from the machine's tables, so that one plan means the
same on every machine. Holidays are those of the package holidays, named in English where it can.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import holidays

from csta.calendar_file import YEAR_MAX, UnknownPlaceError
from csta.calendars import Holiday, OffsetStep, Zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
# The shortest time that an offset was ever in force since 1970 is a week (Recife, October 2000).
_PROBE = timedelta(days=2)
_TABLES = resources.files("tzdata")
_LANGUAGE = "en_US"


class PackagedZones:
    """The `Zones` of the calendar reader."""

    def zone(self, name: str) -> Zone:
        """Give a zone with the offsets that it had and will have, from 1970 to 2100.

        Raises:
            UnknownPlaceError: there is no such zone.
        """
        if name not in zone_names():
            guess = _similar_zone(name)
            hint = f" Did you mean '{guess}'?" if guess else ""
            remedy = f"zone: {guess or 'Europe/Berlin'}"
            raise UnknownPlaceError("zone", f"there is no time zone '{name}'.{hint}", remedy)
        return Zone(name, _offsets(name))

    def holidays(self, country: str, subdivision: str | None, years: range) -> tuple[Holiday, ...]:
        """Give the public holidays of these years, in order of day, each day once.

        Raises:
            UnknownPlaceError: there is no such country, or no such subdivision in it.
        """
        known = holidays.list_supported_countries()
        if country not in known:
            problem = f"no public holidays are known for the country '{country}'"
            remedy = "country: DE, a code of ISO 3166-1"
            raise UnknownPlaceError("country", problem, remedy)
        if subdivision is not None and subdivision not in known[country]:
            problem = f"the country '{country}' has no subdivision '{subdivision}'"
            remedy = (
                f"one of: {', '.join(known[country])}"
                if known[country]
                else f"country: {country}, and no subdivision"
            )
            raise UnknownPlaceError("subdivision", problem, remedy)
        # Without a language the names are those of the machine's locale.
        tongues = holidays.country_holidays(country).supported_languages or ()
        language = _LANGUAGE if _LANGUAGE in tongues else None
        found = holidays.country_holidays(
            country, subdiv=subdivision, years=years, language=language
        )
        return tuple(
            Holiday(day.toordinal() - _EPOCH.toordinal(), found[day]) for day in sorted(found)
        )


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Give the names of all zones: those of the IANA, old names included."""
    return tuple(_TABLES.joinpath("zones").read_text("utf-8").split())


def zone_info(name: str) -> ZoneInfo:
    """Give a zone of the package, whatever tables the machine has."""
    with _TABLES.joinpath("zoneinfo", *name.split("/")).open("rb") as table:
        return ZoneInfo.from_file(table, key=name)


@lru_cache(maxsize=64)
def _offsets(name: str) -> tuple[OffsetStep, ...]:
    """Find the steps by probing: the library does not say when an offset changes."""
    info = zone_info(name)
    end = datetime(YEAR_MAX + 1, 1, 1, tzinfo=UTC)
    offset = _offset(info, _EPOCH)
    steps = [OffsetStep(0, offset // _MILLISECOND)]
    probe = _EPOCH
    while probe < end:
        later = probe + _PROBE
        if _offset(info, later) == offset:
            probe = later
            continue
        before = probe
        while later - before > _SECOND:
            middle = before + (later - before) // _SECOND // 2 * _SECOND
            before, later = (middle, later) if _offset(info, middle) == offset else (before, middle)
        probe, offset = later, _offset(info, later)
        steps.append(OffsetStep((probe - _EPOCH) // _MILLISECOND, offset // _MILLISECOND))
    return tuple(steps)


def _offset(info: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(info).utcoffset()
    assert offset is not None, "a zone has an offset at every instant"
    return offset


def _similar_zone(word: str) -> str | None:
    """Find the zone that may have been meant: by its whole name or its city, in any case."""
    spelt: dict[str, str] = {}
    for name in zone_names():
        if "/" not in name:  # EST is a name, but it is hardly what CEST was to be
            continue
        spelt.setdefault(name.lower(), name)
        spelt.setdefault(name.rpartition("/")[2].lower(), name)
    close = get_close_matches(word.lower().replace(" ", "_"), spelt, n=1, cutoff=0.8)
    return spelt[close[0]] if close else None
