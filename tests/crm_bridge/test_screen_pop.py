"""The card that an agent sees."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.customers import Customer
from crm_bridge.interactions import InteractionDraft
from crm_bridge.screen_pop import customer_card, past_contact
from csta.customers import CustomerCard, PastContact


def _row(thread: str, **given: Any) -> InteractionDraft:
    fields: dict[str, Any] = {
        "thread_id": thread,
        "call_id": f"c-{thread}",
        "calls": (),
        "direction": "inbound",
        "started_at": 1_000,
        "ended_at": 2_000,
        "agent_name": "Grace",
        "contact_duration_ms": 700,
        "outcome": "answered",
    }
    return InteractionDraft(**(fields | given))


def test_a_card_shows_the_customer_and_three_contacts_at_most() -> None:
    customer = Customer(
        customer_id="C1", name="Anna", tier="vip", language="de", since=5, numbers=("+1",)
    )
    rows = [_row(f"t-{number}", started_at=number) for number in (9, 8, 7, 6)]
    card = customer_card(customer, rows)
    assert card == CustomerCard("C1", "Anna", "vip", "de", 5, card.last_contacts)
    assert [contact.at for contact in card.last_contacts] == [9, 8, 7]


@pytest.mark.parametrize(
    ("given", "result", "reason"),
    [
        ({"result": "sold", "contact_reason": "order"}, "sold", "order"),
        ({"menu_path": ("sales", "orders")}, "answered", "sales > orders"),
        ({}, "answered", ""),
    ],
)
def test_a_past_contact_says_what_agents_wrote_or_else_what_is_known(
    given: dict[str, object], result: str, reason: str
) -> None:
    assert past_contact(_row("t-1", **given)) == PastContact(
        1_000, "voice", result, "Grace", reason, 700
    )
