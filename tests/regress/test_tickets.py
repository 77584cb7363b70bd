"""Which ticket the screen pops with (c.3-11)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from crm_bridge.bridge import Bridge, finish_now
from crm_bridge.customers import Customer
from crm_bridge.sql_store import SqlStore
from crm_bridge.store import MemoryStore, Store
from crm_bridge.tickets import Ticket, ticket_card
from csta.customers import NEW_TICKET, CustomerCard, Match, TicketCard, TicketState
from csta.instants import DAY, HOUR, SECOND, Instant
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import ANNA, CALLER, Centre

TODAY: Instant = 1_700_000_000_000
ADA = Customer(customer_id="C1", name="Ada", numbers=(CALLER,))


def ticket(number: int, state: TicketState, changed_at: Instant = TODAY) -> Ticket:
    """Make a ticket of Ada's."""
    return Ticket(
        ticket_id=f"T{number}",
        customer_id="C1",
        subject=f"subject {number}",
        state=state,
        changed_at=changed_at,
    )


CLOSED_TODAY = ticket(1, TicketState.CLOSED)
OPEN_LAST_WEEK = ticket(2, TicketState.OPEN, TODAY - 7 * DAY)


@pytest_asyncio.fixture(params=["memory", "sql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give both stores in turn, with Ada in them."""
    in_file = await SqlStore.open(tmp_path / "crm.db") if request.param == "sql" else None
    either: Store = in_file or MemoryStore()
    await either.save_customers([ADA])
    yield either
    if in_file is not None:
        await in_file.close()


@pytest.mark.parametrize(
    ("tickets", "popped"),
    [
        ((CLOSED_TODAY, OPEN_LAST_WEEK), "T2"),
        ((CLOSED_TODAY,), ""),
        ((ticket(1, TicketState.SOLVED),), ""),
        ((), ""),
        ((ticket(3, TicketState.PENDING), OPEN_LAST_WEEK), "T3"),
        ((ticket(3, TicketState.NEW), ticket(4, TicketState.OPEN)), "T4"),
    ],
)
async def test_c3_11_the_pop_selects_the_open_ticket_and_else_a_new_draft(
    store: Store, tickets: tuple[Ticket, ...], popped: str
) -> None:
    await store.save_tickets(tickets)
    match, card = await Bridge(store, "DE").look_up(CALLER)
    assert match is Match.ONE
    assert card is not None
    assert card.ticket.ticket_id == popped
    assert (card.ticket == NEW_TICKET) is (card.ticket.state is TicketState.DRAFT) is (not popped)
    assert card.ticket == ticket_card(tickets)


async def test_c3_11_a_ticket_that_is_closed_or_given_away_is_popped_no_more(store: Store) -> None:
    await store.save_tickets([OPEN_LAST_WEEK, ticket(3, TicketState.OPEN)])
    assert [each.ticket_id for each in await store.open_tickets("C1")] == ["T2", "T3"]
    given_away = msgspec.structs.replace(OPEN_LAST_WEEK, customer_id="C2")
    await store.save_tickets([given_away, ticket(3, TicketState.CLOSED, TODAY + HOUR)])
    assert await store.open_tickets("C1") == []
    assert await store.open_tickets("C2") == [given_away]


def test_c3_11_the_agents_screen_pops_with_the_open_ticket() -> None:
    """From the trunk to the desk: the ticket is on the card that the agent is shown."""
    centre = Centre()
    finish_now(centre.world.store.save_customers([ADA]))
    finish_now(centre.world.store.save_tickets([CLOSED_TODAY, OPEN_LAST_WEEK]))
    centre.phone(ANNA.device_id, PhoneAct.ANSWERS, SECOND)
    centre.log_on("anna")
    centre.call()
    centre.wait(2 * SECOND)
    [pop] = centre.events("ScreenPopped")
    assert pop.data.customer.ticket == TicketCard(
        "T2", "subject 2", TicketState.OPEN, TODAY - 7 * DAY
    )


def test_c3_11_a_draft_is_not_on_the_wire_and_comes_back_as_one() -> None:
    card = CustomerCard("C1", "Ada", ticket=ticket_card([CLOSED_TODAY]))
    wire = msgspec.json.encode(card)
    assert b"ticket" not in wire
    assert msgspec.json.decode(wire, type=CustomerCard).ticket is NEW_TICKET
