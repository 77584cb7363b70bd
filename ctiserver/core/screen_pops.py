"""The pop of one offer: what an agent's screen shows of a caller."""

from __future__ import annotations

from acd.decisions import Offer
from csta.customers import ScreenPopped
from csta.ids import CallId, device
from csta.instants import Milliseconds
from ctiserver.core.contacts import Contact


def screen_pop(
    contact: Contact, offer: Offer, call_id: CallId, waited_ms: Milliseconds
) -> ScreenPopped:
    """Show what is known of the caller of a contact to the agent who is offered this call."""
    return ScreenPopped(
        offer_id=offer.offer_id,
        call_id=call_id,
        agent_id=offer.agent_id,
        device_id=offer.device_id,
        match=contact.match,
        number=contact.number,
        dialled=contact.dialled,
        queue=device("acd", offer.queue),
        waited_ms=waited_ms,
        customer=contact.customer,
        menu_path=contact.menu_path,
        collected=contact.collected or None,
    )
