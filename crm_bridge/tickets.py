"""Tickets: what a customer waits for, and which of them a call is about (features P05, P10)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from csta.customers import NEW_TICKET, TicketCard, TicketState
from csta.instants import Instant

OPEN_STATES = (TicketState.NEW, TicketState.OPEN, TicketState.PENDING)
"""Somebody still has something to do."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket of one customer; `changed_at` is when anybody last touched it."""

    ticket_id: str
    customer_id: str
    subject: str
    state: TicketState
    changed_at: Instant


def ticket_card(tickets: Sequence[Ticket]) -> TicketCard:
    """Choose the ticket that the screen pops with: the open one that was touched last.

    One that is solved or closed is never chosen, however fresh it is; without an open one the
    agent begins with a new draft.
    """
    is_open = [ticket for ticket in tickets if ticket.state in OPEN_STATES]
    if not is_open:
        return NEW_TICKET
    chosen = max(is_open, key=lambda ticket: (ticket.changed_at, ticket.ticket_id))
    return TicketCard(chosen.ticket_id, chosen.subject, chosen.state, chosen.changed_at)
