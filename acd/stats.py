"""Figures of queues, folded from published events and from nothing else (features §e).

A contact is counted at the queue it came to first, in the interval in which it was offered there
(attribution `offer`), with its whole wait from then on, whatever it overflowed to.
"""

from __future__ import annotations

import msgspec

from csta.call_events import CallCleared, CallEvent, CallOutcome, Delivered, Established, Offered
from csta.ids import CallId, DeviceId, category_of
from csta.instants import Instant, Milliseconds

_ABANDONED = (CallOutcome.ABANDONED_IN_QUEUE, CallOutcome.ABANDONED_RINGING)


class Contact(msgspec.Struct):
    """What is counted of one contact; `waited_ms` is None while it waits."""

    queue: DeviceId
    offered_at: Instant
    waited_ms: Milliseconds | None = None
    answered: bool = False
    abandoned: bool = False
    talk_ms: Milliseconds = 0


class ContactFold:
    """Makes contacts of call events; `finished` are those that are over, in that order."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.finished: list[Contact] = []
        self._open: dict[CallId, Contact] = {}

    def take(self, event: object, at: Instant) -> None:
        """Take in the data of one published event."""
        if isinstance(event, (Delivered, Offered)):
            self._enters(event, at)
        elif isinstance(event, Established):
            contact = self._open.get(event.call_id)
            if contact is not None and event.acd is not None and not contact.answered:
                contact.answered = True
                contact.waited_ms = at - contact.offered_at
        elif isinstance(event, CallCleared):
            contact = self._open.pop(event.call_id, None)
            if contact is not None:
                self._ends(contact, event, at)

    def waiting(self) -> list[Contact]:
        """List the contacts that are not over, in the order in which they came."""
        return list(self._open.values())

    def _enters(self, event: CallEvent, at: Instant) -> None:
        subject = event.connection
        if subject is not None and category_of(subject.device_id) == "acd":
            self._open.setdefault(event.call_id, Contact(subject.device_id, at))

    def _ends(self, contact: Contact, event: CallCleared, at: Instant) -> None:
        if not contact.answered:
            contact.waited_ms = at - contact.offered_at
            contact.abandoned = event.outcome in _ABANDONED
        contact.talk_ms = event.durations.talk_ms + event.durations.hold_ms
        self.finished.append(contact)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over contacts, from which every share is made: sums add up, shares do not.

    `within` counts are for waits of at most `threshold_ms`. Errors and flow-outs are `other`.
    """

    threshold_ms: Milliseconds
    offered: int
    answered: int
    answered_within: int
    abandoned: int
    abandoned_within: int
    waited: int
    wait_answered_ms: Milliseconds
    wait_abandoned_ms: Milliseconds
    wait_other_ms: Milliseconds
    talk_ms: Milliseconds

    @property
    def other(self) -> int:
        """Contacts that were neither answered nor abandoned."""
        return self.offered - self.answered - self.abandoned

    def service_level(self, variant: str) -> float | None:
        """Give a service level by its id in features §e.1; None where nothing was offered."""
        top, bottom = {
            "SL1": (self.answered_within, self.answered),
            "SL2": (
                self.answered_within + self.abandoned_within,
                self.answered + self.abandoned,
            ),
            "SL4": (self.answered_within, self.offered - self.abandoned_within),
            "SL9": (self.answered_within, self.offered),
        }[variant]
        return _share(top, bottom)

    @property
    def abandoned_share(self) -> float | None:
        """Abandoned of offered."""
        return _share(self.abandoned, self.offered)

    @property
    def waited_share(self) -> float | None:
        """Those who had to wait at all, of offered."""
        return _share(self.waited, self.offered)

    @property
    def mean_wait_ms(self) -> float | None:
        """Mean wait of all that were offered, however they ended."""
        total = self.wait_answered_ms + self.wait_abandoned_ms + self.wait_other_ms
        return _share(total, self.offered)

    @property
    def asa_ms(self) -> float | None:
        """Average speed of answer: mean wait of those who were answered."""
        return _share(self.wait_answered_ms, self.answered)

    @property
    def mean_abandon_ms(self) -> float | None:
        """Mean wait of those who abandoned."""
        return _share(self.wait_abandoned_ms, self.abandoned)

    @property
    def mean_talk_ms(self) -> float | None:
        """Mean of talk and hold of those who were answered."""
        return _share(self.talk_ms, self.answered)


SERVICE_LEVELS = {
    "SL1": "answered within T / answered",
    "SL2": "(answered + abandoned within T) / (answered + abandoned)",
    "SL4": "answered within T / (offered - abandoned within T)",
    "SL9": "answered within T / offered",
}
"""The variants that can be had from `Figures`, each with its definition."""


def figures(contacts: list[Contact], threshold_ms: Milliseconds) -> Figures:
    """Sum up contacts that are over."""
    answered = [contact for contact in contacts if contact.answered]
    abandoned = [contact for contact in contacts if contact.abandoned]
    other = [contact for contact in contacts if not (contact.answered or contact.abandoned)]
    return Figures(
        threshold_ms=threshold_ms,
        offered=len(contacts),
        answered=len(answered),
        answered_within=_within(answered, threshold_ms),
        abandoned=len(abandoned),
        abandoned_within=_within(abandoned, threshold_ms),
        waited=sum(1 for contact in contacts if contact.waited_ms),
        wait_answered_ms=_wait(answered),
        wait_abandoned_ms=_wait(abandoned),
        wait_other_ms=_wait(other),
        talk_ms=sum(contact.talk_ms for contact in answered),
    )


def _within(contacts: list[Contact], threshold_ms: Milliseconds) -> int:
    return sum(1 for contact in contacts if (contact.waited_ms or 0) <= threshold_ms)


def _wait(contacts: list[Contact]) -> Milliseconds:
    return sum(contact.waited_ms or 0 for contact in contacts)


def _share(top: float, bottom: float) -> float | None:
    return top / bottom if bottom else None
