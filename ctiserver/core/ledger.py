"""Who came to which queue and how he left it, kept apart from the ACD's own state (C2).

It is a fold of what the ACD is told and what it decides. At any time a queue has the calls that
came to it and have not left it: waiting = entered + came over - all that left.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from acd.decisions import (
    AcdDecision,
    CallbackAccepted,
    Diverts,
    Ends,
    Offer,
    OfferTaken,
    Overflows,
    TurnedAway,
    Waits,
)
from acd.inputs import Enter, Leave
from csta.ids import AgentId, CallId, QueueName

_ENDS: Mapping[type[msgspec.Struct], str] = MappingProxyType(
    {
        TurnedAway: "turnedAway",
        Diverts: "diverted",
        Ends: "ended",
        CallbackAccepted: "calledBack",
    }
)
"""Decisions with which a call leaves the ACD, and how that is counted."""

_COUNTED = frozenset({Offer, Waits, OfferTaken, Overflows, *_ENDS})


class Ledger:
    """The queues' double entry."""

    def __init__(self) -> None:
        """Start with nobody anywhere."""
        self.where: dict[CallId, QueueName] = {}
        """In which queue each call must be."""
        self.agents: dict[AgentId, None] = {}
        self.calls: dict[CallId, None] = {}
        """Whom the present step has changed; the monitor looks at them and forgets them."""
        self._counts: dict[QueueName, dict[str, int]] = {}

    def told(self, event: object) -> None:
        """Note what the ACD is told."""
        if type(event) is Enter:
            self.where[event.call_id] = event.queue
            self._count(event.queue, "entered")
        elif type(event) is Leave:
            self._out(event.call_id, "left")

    def decided(self, decision: AcdDecision) -> None:
        """Note what the ACD decides."""
        kind = type(decision)
        if kind not in _COUNTED:
            return
        if isinstance(decision, (Offer, Waits)):
            self.calls[decision.call_id] = None
        elif isinstance(decision, OfferTaken):
            self._out(decision.offer.call_id, "answered")
        elif isinstance(decision, Overflows):
            self._moves(decision)
        elif isinstance(decision, (TurnedAway, Diverts, Ends, CallbackAccepted)):
            self._out(decision.call_id, _ENDS[kind])

    def counts(self, queue: QueueName) -> dict[str, int]:
        """Count how often what has happened to a queue's calls since the engine's start."""
        return dict(self._counts.get(queue, {}))

    def balance(self, queue: QueueName) -> int:
        """Count the calls that must be in a queue."""
        counts = self.counts(queue)
        came = counts.pop("entered", 0) + counts.pop("cameOver", 0)
        return came - sum(counts.values())

    def _moves(self, decision: Overflows) -> None:
        if not decision.stays and decision.call_id in self.where:
            self._out(decision.call_id, "overflowed")
            self.where[decision.call_id] = decision.target
            self._count(decision.target, "cameOver")

    def _out(self, call_id: CallId, how: str) -> None:
        queue = self.where.pop(call_id, None)
        if queue is not None:
            self._count(queue, how)

    def _count(self, queue: QueueName, what: str) -> None:
        counts = self._counts.setdefault(queue, {})
        counts[what] = counts.get(what, 0) + 1
