"""Every service level that is in use, each with its formula and source (features §e.1).

The same contacts give 61 % or 82 %, depending on whose formula is taken: a service level is never
shown without its id. All are made of counts that add up over queues and intervals; shares do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from agents.ledger import share
from csta.instants import SECOND, Milliseconds

SHORT_MS: Milliseconds = 5 * SECOND
"""The `s` below which an abandoned wait is short, unless told otherwise."""


class LevelCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of waits `w` by how they ended, against a threshold T and a short wait s.

    `within` is w <= T, `before` is w < T, `short` is w < s. What still waits is `waiting`; it has
    waited until the instant of the count.
    """

    offered: int
    """All: answered, abandoned, flowed out, callbacks, withdrawn, errors, and still waiting."""
    answered: int
    answered_within: int
    answered_before: int
    abandoned: int
    abandoned_within: int
    abandoned_short: int
    flowed_out: int
    callbacks: int
    callbacks_within: int
    withdrawn: int
    errors: int
    waiting: int
    waiting_late: int
    late: int
    """Whatever came of them, they waited longer than T: the timer of Cisco's event ran out."""
    rung_out: int
    """An agent let them ring within T (RONA); then they abandoned within T, or T ran out."""
    excess_ms: Milliseconds
    """The sum of w - T over those who were answered later than T."""

    @property
    def level_events(self) -> int:
        """Cisco's SLO: answered or abandoned within T, or T ran out. Who left before had none."""
        return self.answered_within + self.abandoned_within + self.late


class Level(StrEnum):
    """What a service level is counted over."""

    VISITS = "visits"
    """Stays in a queue, each with its own wait: one contact may have several."""
    CONTACTS = "contacts"
    """Contacts, with the wait since they first came to a queue."""
    NOW = "now"
    """Who waits at one instant. It adds up over queues, and means nothing over time."""


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One formula: its id, what it divides, who uses it, and what it is counted over."""

    variant: str
    formula: str
    source: str
    level: Level = Level.VISITS
    share: Callable[[LevelCounts], float | None]


def genesys(
    counts: LevelCounts,
    *,
    flow_outs: bool = True,
    short_abandons: bool = True,
    abandons: bool = True,
) -> float | None:
    """Give SL7 with its three switches. Without abandons the short ones are out as well."""
    bottom = counts.answered
    if flow_outs:
        bottom += counts.flowed_out
    if abandons:
        bottom += counts.abandoned
        if not short_abandons:
            bottom -= counts.abandoned_short
    return share(counts.answered_within, bottom)


def _answered_only(counts: LevelCounts) -> float | None:
    return share(counts.answered_within, counts.answered)


def _abandoned_in_time_are_good(counts: LevelCounts) -> float | None:
    good = counts.answered_within + counts.abandoned_within
    return share(good, counts.answered + counts.abandoned)


def _strictly_before(counts: LevelCounts) -> float | None:
    return share(counts.answered_before, counts.answered)


def _cisco_ignores(counts: LevelCounts) -> float | None:
    return share(counts.answered_within, counts.level_events - counts.abandoned_within)


def _cisco_negative(counts: LevelCounts) -> float | None:
    return share(counts.answered_within, counts.level_events)


def _cisco_positive(counts: LevelCounts) -> float | None:
    return share(counts.answered_within + counts.abandoned_within, counts.level_events)


def _cisco_without_rona(counts: LevelCounts) -> float | None:
    return share(counts.answered_within, counts.level_events - counts.rung_out)


def _without_flow_outs(counts: LevelCounts) -> float | None:
    return genesys(counts, flow_outs=False)


def _without_short(counts: LevelCounts) -> float | None:
    return genesys(counts, short_abandons=False)


def _without_flow_outs_and_short(counts: LevelCounts) -> float | None:
    return genesys(counts, flow_outs=False, short_abandons=False)


def _without_abandons(counts: LevelCounts) -> float | None:
    return genesys(counts, abandons=False)


def _removed_in_time(counts: LevelCounts) -> float | None:
    removed = counts.answered_within + counts.abandoned_within + counts.callbacks_within
    return share(removed, counts.offered)


def _all_offered(counts: LevelCounts) -> float | None:
    return share(counts.answered_within, counts.offered)


def _waiting_in_time(counts: LevelCounts) -> float | None:
    return share(counts.waiting - counts.waiting_late, counts.waiting)


def _table(*variants: Variant) -> Mapping[str, Variant]:
    return MappingProxyType({variant.variant: variant for variant in variants})


_ICM = "Cisco Unified ICM/CCE reporting guide, table 3"
_PURECLOUD = "Genesys Cloud, configure the service level calculation"

VARIANTS: Mapping[str, Variant] = _table(
    Variant(
        variant="SL1",
        formula="answered within T / answered",
        source="Asterisk SL (queues.conf.sample); AltiSupervisor; Genesys, all switches off",
        share=_answered_only,
    ),
    Variant(
        variant="SL2",
        formula="(answered + abandoned within T) / (answered + abandoned)",
        source="Asterisk SL2; Cisco UWFO",
        share=_abandoned_in_time_are_good,
    ),
    Variant(
        variant="SL3",
        formula="answered in less than T / answered",
        source="wazo-call-logd QoS",
        share=_strictly_before,
    ),
    Variant(
        variant="SL4",
        formula="answered within T / (SLO - abandoned within T)",
        source=f"{_ICM}: abandons ignored",
        share=_cisco_ignores,
    ),
    Variant(
        variant="SL5",
        formula="answered within T / SLO",
        source=f"{_ICM}: abandons negative",
        share=_cisco_negative,
    ),
    Variant(
        variant="SL5 no RONA",
        formula="answered within T / (SLO - rung out within T)",
        source=f"{_ICM}: without RONA",
        share=_cisco_without_rona,
    ),
    Variant(
        variant="SL6",
        formula="(answered + abandoned within T) / SLO",
        source=f"{_ICM}: abandons positive",
        share=_cisco_positive,
    ),
    Variant(
        variant="SL7",
        formula="answered within T / (answered + abandoned + F)",
        source=f"{_PURECLOUD}: all switches on",
        share=genesys,
    ),
    Variant(
        variant="SL7 no F",
        formula="answered within T / (answered + abandoned)",
        source=f"{_PURECLOUD}: flow-outs off",
        share=_without_flow_outs,
    ),
    Variant(
        variant="SL7 no short",
        formula="answered within T / (answered + abandoned - short + F)",
        source=f"{_PURECLOUD}: short abandons off",
        share=_without_short,
    ),
    Variant(
        variant="SL7 no F, no short",
        formula="answered within T / (answered + abandoned - short)",
        source=f"{_PURECLOUD}: flow-outs and short abandons off",
        share=_without_flow_outs_and_short,
    ),
    Variant(
        variant="SL7 no abandons",
        formula="answered within T / (answered + F)",
        source=f"{_PURECLOUD}: abandons off",
        share=_without_abandons,
    ),
    Variant(
        variant="SL8",
        formula="(answered + abandoned + callback within T) / offered",
        source="Amazon Connect metrics definitions: service level X",
        share=_removed_in_time,
    ),
    Variant(
        variant="SL9",
        formula="answered within T / offered",
        source="textbooks; the strictest",
        share=_all_offered,
    ),
    Variant(
        variant="SL10",
        formula="waiting no longer than T / waiting",
        source="AltiGen real-time monitor (CDR manual p. 63)",
        level=Level.NOW,
        share=_waiting_in_time,
    ),
    Variant(
        variant="SL11",
        formula="SL9 of contacts, waits since the first queue",
        source="ours: what the caller feels",
        level=Level.CONTACTS,
        share=_all_offered,
    ),
)
"""All variants by id. SLO: answered or abandoned within T, or T ran out. F: flow-outs."""

AVERAGE_EXCESS = "AE"
"""The id of the mean of (w - T)+ over the answered (CCMath's WFM glossary)."""


def _of_offered(counts: LevelCounts) -> float | None:
    return share(counts.abandoned, counts.offered)


def _of_decided(counts: LevelCounts) -> float | None:
    return share(counts.abandoned, counts.answered + counts.abandoned)


def _longer_of_offered(counts: LevelCounts) -> float | None:
    short = counts.abandoned_short
    return share(counts.abandoned - short, counts.offered - short)


ABANDONMENT: Mapping[str, Variant] = _table(
    Variant(
        variant="AB1",
        formula="abandoned / offered",
        source="Amazon Connect; Genesys",
        share=_of_offered,
    ),
    Variant(
        variant="AB2",
        formula="abandoned / (answered + abandoned)",
        source="textbooks; Erlang A",
        share=_of_decided,
    ),
    Variant(
        variant="AB3",
        formula="(abandoned - short) / (offered - short)",
        source="Cisco's abandon-wait threshold; Genesys's short abandons",
        share=_longer_of_offered,
    ),
)
"""All shares of abandonment by id (features §e.2)."""
