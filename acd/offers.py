"""Offers that are alive: made for one call and one agent, and ended in one way or another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from acd.decisions import Offer
from acd.queue import Queue, WaitingCall
from agents.agent import Agent
from csta.acd_events import RefusalReason
from csta.causes import Cause
from csta.ids import Mint, OfferId
from csta.instants import Instant

CAUSE_OF_REFUSAL: Mapping[RefusalReason, Cause] = MappingProxyType(
    {
        RefusalReason.NO_ANSWER: Cause.ALERT_TIME_EXPIRED,
        RefusalReason.REJECTED: Cause.BLOCKED,
        RefusalReason.BUSY: Cause.BUSY,
        RefusalReason.DEVICE_LOST: Cause.DEST_NOT_OBTAINABLE,
    }
)
"""Why an agent becomes not ready, in CSTA's words."""


class Offers:
    """All offers that are alive, by id. An agent has at most one of a call by voice."""

    def __init__(self) -> None:
        """Start with none."""
        self._alive: dict[OfferId, tuple[Offer, WaitingCall]] = {}
        self._mint = Mint()

    def __len__(self) -> int:
        """Count the offers that are alive."""
        return len(self._alive)

    def get(self, offer_id: OfferId) -> tuple[Offer, WaitingCall] | None:
        """Find an offer and its call, or None when the offer is over."""
        return self._alive.get(offer_id)

    def call_of(self, offer_id: OfferId) -> WaitingCall | None:
        """Find the call of an offer, or None when the offer is over."""
        found = self._alive.get(offer_id)
        return found[1] if found else None

    def rebuild(self, calls: Iterable[WaitingCall]) -> None:
        """Take over the offers that the calls know, and no others."""
        self._alive = {offer.offer_id: (offer, call) for call in calls for offer in call.offers}

    def make(self, call: WaitingCall, agent: Agent, queue: Queue, now: Instant) -> Offer:
        """Propose a call to an agent, who serves it for this queue."""
        assert agent.offer_id is None, f"{agent!r} is offered two calls"
        assert call.call_id not in agent.contacts, f"{agent!r} is offered {call!r} twice"
        call.attempts += 1
        config = queue.config
        # By place, in the order of the struct: by name it takes twice as long.
        offer = Offer(
            self._mint.next("o", now),
            call.call_id,
            agent.agent_id,
            agent.device_id,
            queue.name,
            call.attempts,
            now - call.enqueued_at,
            now + config.ring_ms,
            config.auto_answer,
            call.callback_id,
        )
        call.offers.append(offer)
        if queue.channel is None:
            agent.offer_id = offer.offer_id
        else:
            agent.contacts[call.call_id] = queue.channel
        queue.turn = agent.number
        self._alive[offer.offer_id] = (offer, call)
        return offer

    def end(self, offer: Offer, call: WaitingCall, agent: Agent) -> None:
        """Forget an offer of a call to this agent."""
        call.offers.remove(offer)
        if agent.offer_id == offer.offer_id:
            agent.offer_id = None
        else:
            agent.contacts.pop(call.call_id, None)
        del self._alive[offer.offer_id]
