"""The report of a scenario's runs as a document: what is in it, and in which units.

Every figure is an `Estimate`; counts are means of the runs.
"""

from __future__ import annotations

import msgspec

from acd.service_levels import Level
from acd.visits import By
from agents.ledger import Activity
from csta.ids import AgentId
from csta.instants import Instant, Milliseconds

SCHEMA = "offhook.sim-report/1"


class Estimate(msgspec.Struct, frozen=True):
    """One figure; `half_width` is None where there are fewer than two runs that have it."""

    value: float | None
    half_width: float | None = None


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A share, with what it means: which variant, which formula, over what, which threshold.

    The threshold is None where each call is measured by the threshold of its own queue.
    """

    variant: str
    definition: str
    source: str
    counted_over: Level
    threshold_ms: Milliseconds | None
    short_ms: Milliseconds
    share: Estimate


class VisitReport(msgspec.Struct, frozen=True, kw_only=True):
    """Stays in a queue: a flow-out here is a flow-in there, and one contact in all (O13)."""

    offered: Estimate
    flowed_in: Estimate
    flowed_out: Estimate
    callbacks: Estimate
    exits: dict[str, Estimate]
    """How many visits ended for each reason (Q20)."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts waited at least `from_ms`, and less than the next bucket begins."""

    from_ms: Milliseconds
    answered: Estimate
    abandoned: Estimate


class QueueReport(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one queue, or of all; waits end with the answer, so that ringing counts.

    All is over contacts, which belong to their first queue, but for `visits` and what says so.
    """

    offered: Estimate
    answered: Estimate
    abandoned: Estimate
    abandoned_share: Estimate
    abandonment: tuple[ServiceLevel, ...]
    visits: VisitReport
    service_levels: tuple[ServiceLevel, ...]
    mean_excess_ms: Estimate
    """AE, over visits."""
    mean_wait_ms: Estimate
    mean_decided_wait_ms: Estimate
    asa_ms: Estimate
    mean_abandon_ms: Estimate
    waited_share: Estimate
    longest_wait_ms: Estimate
    """The mean of the longest waits of the runs."""
    mean_talk_ms: Estimate
    answered_wait_percentiles_ms: dict[str, Estimate]
    abandoned_wait_percentiles_ms: dict[str, Estimate]
    buckets: tuple[Bucket, ...]
    patience_median_ms: Estimate
    """Kaplan and Meier's: half of the callers would wait longer; None if fewer hung up."""
    patience_mean_ms: Estimate
    """Time waited for each hang-up: the mean of the exponential law that fits."""


class AgentReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent, or all together, did. The shares of `spent_share` sum to 1."""

    login_ms: Estimate
    spent_share: dict[Activity, Estimate]
    not_ready_ms: dict[str, Estimate]
    offers: Estimate
    handled: Estimate
    aht_ms: Estimate
    talk_ms: Estimate
    hold_ms: Estimate
    consult_ms: Estimate
    work_ms: Estimate
    """Parts of `aht_ms`: means over the handled calls."""
    transfer_share: Estimate
    hold_share: Estimate
    rona_share: Estimate
    answer_share: Estimate
    calls_per_hour: Estimate
    ratios: dict[str, Estimate]


class FairnessReport(msgspec.Struct, frozen=True, kw_only=True):
    """How evenly something is spread over the agents: Jain's index and the extremes."""

    jain: Estimate
    least: Estimate
    most: Estimate


class GroupReport(msgspec.Struct, frozen=True, kw_only=True):
    """A group of trunks or voice units; `mean_busy` in erlang."""

    name: str
    size: int
    mean_busy: Estimate
    blocked: Estimate


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a scenario's runs. Counts are means of the runs."""

    schema: str = SCHEMA
    scenario: str
    about: str
    seed: int
    seeds: tuple[int, ...]
    replications: int
    confidence: float = 0.95
    measured_from: Instant
    measured_until: Instant
    by: By
    """In which interval a contact or a visit is counted."""
    queues: dict[str, QueueReport]
    total: QueueReport
    occupancy_share: Estimate
    aht_ms: Estimate
    """Talk, hold, consultation and wrap-up of a call that an agent handled."""
    all_agents: AgentReport
    agents: dict[AgentId, AgentReport]
    fairness: dict[str, FairnessReport]
    attempts: Estimate
    blocked: Estimate
    blocked_share: Estimate
    trunks: tuple[GroupReport, ...]
    voice_units: GroupReport | None
    unqueued: dict[str, Estimate]
    unfinished: Estimate
    events: Estimate
