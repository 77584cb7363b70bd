"""Offers that are alive: made for one call and one agent, and ended in one way or another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from acd.decisions import Offer
from acd.queue import Queue, WaitingCall
from agents.agent import Agent
from csta.acd_events import RefusalReason
from csta.causes import Cause
from csta.ids import Mint, OfferId
from csta.instants import Instant

AFTER_REFUSAL: Mapping[RefusalReason, tuple[Cause, str]] = MappingProxyType(
    {
        RefusalReason.NO_ANSWER: (Cause.ALERT_TIME_EXPIRED, "rona"),
        RefusalReason.BUSY: (Cause.BUSY, "phone_busy"),
        RefusalReason.DEVICE_LOST: (Cause.DEST_NOT_OBTAINABLE, "device_lost"),
    }
)
"""Why an agent becomes not ready; who *rejected* a call stays ready for others."""


class Offers:
    """All offers that are alive, by id. A call has at most one, and so has an agent."""

    def __init__(self) -> None:
        """Start with none."""
        self._calls: dict[OfferId, WaitingCall] = {}
        self._mint = Mint()

    def __len__(self) -> int:
        """Count the offers that are alive."""
        return len(self._calls)

    def call_of(self, offer_id: OfferId) -> WaitingCall | None:
        """Find the call of an offer, or None when the offer is over."""
        return self._calls.get(offer_id)

    def make(self, call: WaitingCall, agent: Agent, queue: Queue, now: Instant) -> Offer:
        """Propose a call to an agent, who serves it for this queue."""
        assert call.offer is None, f"call {call.call_id} is offered twice"
        assert agent.offer_id is None, f"{agent!r} is offered two calls"
        call.attempts += 1
        offer = Offer(
            offer_id=self._mint.next("o", now),
            call_id=call.call_id,
            agent_id=agent.agent_id,
            device_id=agent.device_id,
            queue=queue.name,
            attempt=call.attempts,
            waited_ms=now - call.enqueued_at,
            deadline_at=now + queue.config.ring_ms,
            auto_answer=queue.config.auto_answer,
        )
        call.offer = offer
        agent.offer_id = offer.offer_id
        self._calls[offer.offer_id] = call
        return offer

    def end(self, call: WaitingCall, agent: Agent) -> None:
        """Forget the offer of a call to this agent."""
        offer = call.offer
        assert offer is not None, f"call {call.call_id} has no offer to end"
        call.offer = agent.offer_id = None
        del self._calls[offer.offer_id]
