"""What really happened to each incoming call: an oracle that owes nothing to the engine."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import msgspec

from csta.causes import Cause
from csta.ids import DeviceId, LegId
from csta.instants import Instant


class EndedBy(StrEnum):
    """Who let go first."""

    CALLER = "caller"
    AGENT = "agent"
    """The one he talked to; the switch then released the caller."""
    SWITCH = "switch"
    """The switch was told to release the caller."""


class LedgerEntry(msgspec.Struct):
    """One incoming call, from the caller's side."""

    number: str
    dialled: str
    offered_at: Instant
    leg: LegId | None = None
    """None when all trunks were in use: the call was blocked."""
    waited_from: Instant | None = None
    """When the caller first heard music or ringback."""
    answered_at: Instant | None = None
    """When he was first joined with a person, who had answered."""
    answered_by: DeviceId | None = None
    gone_at: Instant | None = None
    ended_by: EndedBy | None = None
    cause: Cause | None = None


class Ledger:
    """Counts all incoming calls, and keeps the latest of them."""

    def __init__(self, entries_max: int | None = None) -> None:
        """Keep so many entries; None keeps all, 0 counts only."""
        self.entries: deque[LedgerEntry] = deque(maxlen=entries_max)
        self.offered = 0
        self.blocked = 0
        self.answered = 0
        self.ended: dict[EndedBy, int] = dict.fromkeys(EndedBy, 0)
        self.ended_unanswered: dict[EndedBy, int] = dict.fromkeys(EndedBy, 0)

    @property
    def live(self) -> int:
        """Count the calls that are still there."""
        return self.offered - self.blocked - sum(self.ended.values())

    def offer(self, number: str, dialled: str, now: Instant) -> LedgerEntry:
        """Enter a call attempt."""
        self.offered += 1
        entry = LedgerEntry(number, dialled, now)
        self.entries.append(entry)
        return entry

    def block(self) -> None:
        """The last attempt found no trunk."""
        self.blocked += 1

    def answer(self, entry: LedgerEntry, by: DeviceId, now: Instant) -> None:
        """The caller talks to a person for the first time."""
        self.answered += 1
        entry.answered_at = now
        entry.answered_by = by

    def end(self, entry: LedgerEntry, by: EndedBy, cause: Cause, now: Instant) -> None:
        """The caller is gone."""
        self.ended[by] += 1
        if entry.answered_at is None:
            self.ended_unanswered[by] += 1
        entry.gone_at = now
        entry.ended_by = by
        entry.cause = cause
