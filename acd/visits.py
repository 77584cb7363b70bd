"""Visits and contacts: what is counted of a caller in the queues (features §e, Q20).

Two things are counted. A *contact* is one caller's way through the centre, all calls of one thread:
it counts once, at the queue it came to first, with its whole wait from then on. A *visit* is one
stay in one queue, with a wait of its own: a contact that overflows, or that is transferred back to
a queue, makes several. Each is counted in one interval, which the rule `By` chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import msgspec

from csta.call_events import CallOutcome
from csta.causes import Cause
from csta.ids import DeviceId
from csta.instants import Instant, Milliseconds


class VisitState(StrEnum):
    """Where a visit stands (features, Annex 2)."""

    WAITING = "waiting"
    OFFERING = "offering"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    FLOWED_OUT = "flowedOut"
    CALLBACK_HELD = "callbackHeld"
    WITHDRAWN = "withdrawn"
    ERROR = "error"


class ExitReason(StrEnum):
    """Why a visit ended (Q20): what Asterisk, FreeSWITCH and Amazon Connect tell apart."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    ABANDONED_RINGING = "abandonedRinging"
    TIMEOUT = "timeout"
    OVERFLOW = "overflow"
    FULL = "full"
    JOIN_EMPTY = "joinEmpty"
    LEAVE_EMPTY = "leaveEmpty"
    JOIN_UNAVAILABLE = "joinUnavailable"
    LEAVE_UNAVAILABLE = "leaveUnavailable"
    NO_AGENT = "noAgent"
    CLOSED = "closed"
    CALLER_EXIT = "callerExit"
    TRANSFERRED = "transferred"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    """A step of a recipe ended it, for a reason in the plan's own words."""
    ERROR = "error"


_STATES = {
    ExitReason.ANSWERED: VisitState.ANSWERED,
    ExitReason.ABANDONED: VisitState.ABANDONED,
    ExitReason.ABANDONED_RINGING: VisitState.ABANDONED,
    ExitReason.CALLBACK: VisitState.CALLBACK_HELD,
    ExitReason.WITHDRAWN: VisitState.WITHDRAWN,
    ExitReason.ERROR: VisitState.ERROR,
}

STATE_OF_EXIT: Mapping[ExitReason, VisitState] = MappingProxyType(
    {reason: _STATES.get(reason, VisitState.FLOWED_OUT) for reason in ExitReason}
)
"""What a visit is after each exit: whatever is not named left the queue unserved, flowed out."""


class Visit(msgspec.Struct):
    """What is counted of one stay in a queue; `waited_ms` is None while it lasts."""

    queue: DeviceId
    offered_at: Instant
    waited_ms: Milliseconds | None = None
    answered: bool = False
    abandoned: bool = False
    talk_ms: Milliseconds = 0
    """Talk and hold of the caller's calls; it is counted at the contact only."""
    reason: ExitReason | None = None
    rings: int = 0
    """At how many agents it rings now."""
    rang_out_ms: Milliseconds | None = None
    """How long it had waited when an agent first let it ring (RONA)."""
    came_from: DeviceId | None = None
    """The queue of the visit before: it flowed in, or was transferred here."""
    went_to: DeviceId | None = None
    ended_at: Instant | None = None
    """When the contact was over, its talk included."""

    @property
    def state(self) -> VisitState:
        """Where it stands; who left without a reason that is known is an error."""
        if self.answered:
            return VisitState.ANSWERED
        if self.abandoned:
            return VisitState.ABANDONED
        if self.waited_ms is None:
            return VisitState.OFFERING if self.rings else VisitState.WAITING
        return STATE_OF_EXIT[self.reason or ExitReason.ERROR]


class Contact(Visit):
    """What is counted of a contact: `queue` is its first, `visits` are in their order."""

    visits: list[Visit] = []


class By(StrEnum):
    """In which interval a visit or a contact is counted (features §e.0): in exactly one."""

    OFFER = "offer"
    """When it came to the queue."""
    ANSWER = "answer"
    """When its wait ended, be it with an answer or not."""
    END = "end"
    """When the contact was over."""


AnyVisit = TypeVar("AnyVisit", bound=Visit)


def counted_in(
    visits: Iterable[AnyVisit], from_at: Instant, until_at: Instant, by: By = By.OFFER
) -> list[AnyVisit]:
    """List those that count in an interval, which ends before `until_at`."""
    return [
        visit
        for visit in visits
        if (at := counts_at(visit, by)) is not None and from_at <= at < until_at
    ]


def counts_at(visit: Visit, by: By) -> Instant | None:
    """Give the instant at which a visit counts; None while it does not."""
    if by is By.OFFER:
        return visit.offered_at
    if by is By.END:
        return visit.ended_at
    return None if visit.waited_ms is None else visit.offered_at + visit.waited_ms


def visits_of(contacts: Iterable[Contact]) -> list[Visit]:
    """List the visits of contacts."""
    return [visit for contact in contacts for visit in contact.visits]


EXIT_OF_CAUSE: Mapping[Cause, ExitReason] = MappingProxyType(
    {
        Cause.ACD_BUSY: ExitReason.FULL,
        Cause.BUSY: ExitReason.FULL,
        Cause.CALL_BACK: ExitReason.CALLBACK,
        Cause.CALL_CANCELLED: ExitReason.ABANDONED,
        Cause.DTMF_DIGIT_DETECTED: ExitReason.CALLER_EXIT,
        Cause.EMPTY_QUEUE: ExitReason.LEAVE_EMPTY,
        Cause.FORCED_TRANSITION: ExitReason.WITHDRAWN,
        Cause.NO_AVAILABLE_AGENTS: ExitReason.NO_AGENT,
        Cause.OVERFLOW: ExitReason.OVERFLOW,
        Cause.QUEUE_CLEARED: ExitReason.CLOSED,
        Cause.QUEUE_TIME_OVERFLOW: ExitReason.TIMEOUT,
        Cause.REDIRECTED: ExitReason.TRANSFERRED,
        Cause.SINGLE_STEP_TRANSFER: ExitReason.TRANSFERRED,
        Cause.TIMEOUT: ExitReason.TIMEOUT,
        Cause.TRANSFER: ExitReason.TRANSFERRED,
    }
)
"""Why a visit ended, from the cause of the event that ended it, where no reason was told."""

EXIT_OF_OUTCOME: Mapping[CallOutcome, ExitReason] = MappingProxyType(
    {
        CallOutcome.ABANDONED_IN_IVR: ExitReason.ABANDONED,
        CallOutcome.ABANDONED_IN_QUEUE: ExitReason.ABANDONED,
        CallOutcome.ABANDONED_RINGING: ExitReason.ABANDONED_RINGING,
        CallOutcome.ANSWERED: ExitReason.ABANDONED,
        CallOutcome.CALLBACK_ACCEPTED: ExitReason.CALLBACK,
        CallOutcome.COMPLETED_IN_IVR: ExitReason.ABANDONED,
        CallOutcome.ENDED_IN_QUEUE: ExitReason.ENDED,
        CallOutcome.OVERFLOWED: ExitReason.OVERFLOW,
        CallOutcome.TRANSFERRED_OUT: ExitReason.ABANDONED,
        CallOutcome.VOICEMAIL: ExitReason.VOICEMAIL,
    }
)
"""Why a visit ended that lasted as long as its call; failures go by their cause. An exit reason
that the event names comes before both.

A call that was answered once, and ends in a queue that it was transferred to, is abandoned there.
"""
