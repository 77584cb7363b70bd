"""Which events a monitor wants: names of categories and of events, each wanted or not (§7.6).

`{"voice": false}` is everything but voice; `{"Delivered": true}` is Delivered and nothing else;
`{"callControl": true, "Held": false}` is call control without Held. `recording.Started` names an
event whose plain name several categories have.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.event_types import EVENTS, event_type
from csta.monitor_services import MonitorFilter


def _read_types() -> tuple[dict[str, dict[str, type]], dict[str, list[type]]]:
    """Give the event classes by category and name, and what each name that may be written is."""
    table: dict[str, dict[str, type]] = {}
    names: dict[str, list[type]] = {}
    for event in EVENTS:
        full = event_type(event)
        _, category, name, _ = full.split(".")
        table.setdefault(category, {})[name] = event
        for word in (category, name, f"{category}.{name}", full):
            names.setdefault(word, []).append(event)
    return table, names


_CATEGORIES, _NAMES = _read_types()
NAMES: Mapping[str, list[type]] = MappingProxyType(_NAMES)
"""What may be written in a filter, and the events that it means."""


class EventFilter(msgspec.Struct, frozen=True):
    """The events that pass."""

    passing: frozenset[type]

    def passes(self, data: object) -> bool:
        """Tell whether an event with this data is wanted."""
        return type(data) in self.passing

    def told(self) -> MonitorFilter:
        """Write it down: each category, and the events that are not as their category is."""
        told: MonitorFilter = {}
        for category, events in sorted(_CATEGORIES.items()):
            passing = [event in self.passing for event in events.values()]
            most = all(passing) or (any(passing) and passing.count(True) * 2 > len(passing))
            told[category] = most
            for name, event in events.items():
                if (event in self.passing) is not most:
                    told[f"{category}.{name}"] = not most
        return told


ALL_EVENTS = EventFilter(frozenset(EVENTS))


def read_filter(wishes: MonitorFilter | None) -> EventFilter:
    """Read a filter: an event's own name counts more than its category.

    What is not named is wanted if nothing is named as wanted.

    Raises:
        CtiError: `invalidParameterValue`, there is no such category and no such event.
    """
    if not wishes:
        return ALL_EVENTS
    for name in wishes:
        if name not in NAMES:
            raise _unknown(name)
    passing = dict.fromkeys(EVENTS, True not in wishes.values())
    for name in sorted(wishes, key=lambda name: name not in _CATEGORIES):
        passing.update(dict.fromkeys(NAMES[name], wishes[name]))
    return EventFilter(frozenset(event for event, wanted in passing.items() if wanted))


def _unknown(name: str) -> CtiError:
    close = get_close_matches(name, NAMES, n=1, cutoff=0.7)
    write = f"write '{close[0]}'" if close else "write a category (voice) or an event (Delivered)"
    return CtiError(
        ErrorCategory.OPERATION,
        ErrorValue.INVALID_PARAMETER_VALUE,
        f"filter: there is no category and no event '{name}'; {write}",
    )
