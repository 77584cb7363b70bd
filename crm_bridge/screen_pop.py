"""What an agent sees when a call is offered: the customer and the last contacts (SD051, SD055)."""

from __future__ import annotations

from collections.abc import Sequence

from crm_bridge.customers import Customer
from crm_bridge.interactions import InteractionDraft
from crm_bridge.tickets import Ticket, ticket_card
from csta.customers import CustomerCard, PastContact

CONTACTS_SHOWN_MAX = 3


def customer_card(
    customer: Customer, contacts: Sequence[InteractionDraft], tickets: Sequence[Ticket] = ()
) -> CustomerCard:
    """Put the card together; the contacts are given with the latest first, tickets in any order."""
    return CustomerCard(
        customer_id=customer.customer_id,
        name=customer.name,
        tier=customer.tier,
        language=customer.language,
        since=customer.since,
        last_contacts=tuple(past_contact(row) for row in contacts[:CONTACTS_SHOWN_MAX]),
        ticket=ticket_card(tickets),
    )


def past_contact(row: InteractionDraft) -> PastContact:
    """Make one line of an interaction.

    Where no agent wrote a result or a reason, the call's outcome and the menu choices speak.
    """
    return PastContact(
        at=row.started_at,
        channel=row.channel_type,
        result=row.result or row.outcome,
        agent_name=row.agent_name,
        reason=row.contact_reason or " > ".join(row.menu_path),
        duration_ms=row.contact_duration_ms,
    )
