"""What is promised of a store, on the one in memory and on the one in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crm_bridge.customers import Candidate, Customer
from crm_bridge.interactions import InteractionDraft, ThreadCall
from crm_bridge.samples import sample_customers
from crm_bridge.store import CursorMovedError, Store

NUMBER = "+442079460018"
ANNA = Customer(
    customer_id="C1",
    name="Anna Kestrel",
    tier="vip",
    language="de",
    since=1_262_304_000_000,
    notes="calls before noon",
    numbers=("+12015550100", NUMBER),
)
BEN = Customer(customer_id="C2", name="Ben Larkspur", numbers=(NUMBER,))


def draft(thread: str, started_at: int = 0, **given: Any) -> InteractionDraft:
    """Make a closed row, open with `ended_at=None`."""
    fields: dict[str, Any] = {
        "thread_id": thread,
        "call_id": f"c-{thread}",
        "calls": (ThreadCall(f"c-{thread}", cleared=True),),
        "direction": "inbound",
        "started_at": started_at,
        "ended_at": started_at + 1,
    }
    return InteractionDraft(**(fields | given))


async def _written(store: Store, drafts: Sequence[InteractionDraft]) -> None:
    at = await store.cursor("test")
    await store.project("test", at, at + 1, drafts)


async def test_a_customer_comes_back_as_it_was_saved(store: Store) -> None:
    await store.save_customers([BEN, ANNA])
    assert await store.candidates("+12015550100") == [Candidate(ANNA, None)]


async def test_a_number_that_nobody_has_has_no_candidates(store: Store) -> None:
    await store.save_customers([ANNA])
    assert await store.candidates("+442079460999") == []


async def test_all_who_share_a_number_are_candidates_with_their_last_contact(store: Store) -> None:
    await store.save_customers([BEN, ANNA])
    await _written(
        store,
        [
            draft("t-1", 10, customer_id="C2"),
            draft("t-2", 30, customer_id="C2"),
            draft("t-3", 20, customer_id="C2"),
            draft("t-4", 40, customer_id="C2", ended_at=None),
        ],
    )
    assert await store.candidates(NUMBER) == [Candidate(ANNA, None), Candidate(BEN, 30)]


async def test_saving_a_known_customer_replaces_it_and_its_numbers(store: Store) -> None:
    await store.save_customers([ANNA, BEN])
    moved = Customer(customer_id="C1", name="Anna Merriweather", numbers=("+12015550177",))
    await store.save_customers([moved])
    assert await store.candidates("+12015550177") == [Candidate(moved, None)]
    assert await store.candidates("+12015550100") == []
    assert await store.candidates(NUMBER) == [Candidate(BEN, None)]


async def test_saving_the_same_twice_in_one_go_keeps_the_last(store: Store) -> None:
    twice = Customer(customer_id="C1", name="Anna", numbers=(NUMBER, NUMBER))
    await store.save_customers([ANNA, twice])
    [candidate] = await store.candidates(NUMBER)
    assert candidate.customer.name == "Anna"


async def test_many_customers_can_be_saved(store: Store) -> None:
    await store.save_customers(sample_customers(6_000))
    [candidate] = await store.candidates("+442079460998")
    assert candidate.customer.customer_id == "C0001997"


async def test_every_field_of_a_row_comes_back(store: Store) -> None:
    row = draft(
        "t-1",
        1_700_000_000_123,
        customer_name="Anna Kestrel",
        customer_number=NUMBER,
        agent_name="Grace ☎",
        contact_duration_ms=65_000,
        contact_reason="order",
        result="sold",
        effect="renewed",
        documents_created="offer.pdf",
        script_used="S-3",
        notes_taken="line one\nline 'two'",
        calls=(ThreadCall("c-1", cleared=True), ThreadCall("c-2", consultation=True)),
        customer_id="C1",
        queue="sales",
        agent_id="7",
        waited_ms=8_000,
        outcome="answered",
        menu_path=("sales", "orders"),
        collected={"order": "42", "nested": {"list": [1, None, 2.5]}},
    )
    await _written(store, [row])
    assert await store.interactions(["t-1"]) == [row]


async def test_writing_a_thread_again_replaces_its_row(store: Store) -> None:
    await _written(store, [draft("t-1", customer_id="C1"), draft("t-2")])
    await _written(store, [draft("t-1", customer_id="C2", result="sold")])
    assert await store.interaction_count() == 2
    assert await store.interactions(["t-1"]) == [draft("t-1", customer_id="C2", result="sold")]
    assert await store.last_contacts("C1", 3) == []
    assert [row.thread_id for row in await store.last_contacts("C2", 3)] == ["t-1"]


async def test_rows_come_by_thread_in_the_order_of_the_ids(store: Store) -> None:
    await _written(store, [draft(f"t-{number:04}") for number in range(1_200)])
    wanted = [f"t-{number:04}" for number in range(1_200)]
    rows = await store.interactions([*reversed(wanted), "t-unknown"])
    assert [row.thread_id for row in rows] == wanted
    assert await store.interactions([]) == []


async def test_open_rows_are_those_without_an_end(store: Store) -> None:
    rows = [draft("t-3", ended_at=None), draft("t-2"), draft("t-1", ended_at=None)]
    await _written(store, rows)
    assert await store.open_interactions() == [rows[2], rows[0]]


async def test_last_contacts_are_closed_and_the_latest_come_first(store: Store) -> None:
    await _written(
        store,
        [
            draft("t-1", 10, customer_id="C1"),
            draft("t-2", 40, customer_id="C1", ended_at=None),
            draft("t-3", 20, customer_id="C1"),
            draft("t-4", 20, customer_id="C1"),
            draft("t-5", 30, customer_id="C2"),
            draft("t-6", 5, customer_id="C1"),
        ],
    )
    rows = await store.last_contacts("C1", 3)
    assert [row.thread_id for row in rows] == ["t-4", "t-3", "t-1"]


async def test_a_cursor_begins_at_nought_and_each_name_has_its_own(store: Store) -> None:
    assert await store.cursor("one") == 0
    await store.project("one", 0, 17, [])
    assert (await store.cursor("one"), await store.cursor("two")) == (17, 0)


@pytest.mark.parametrize("expected", [0, 4, 6])
async def test_nothing_is_written_when_the_cursor_is_elsewhere(store: Store, expected: int) -> None:
    await store.project("one", 0, 5, [])
    with pytest.raises(CursorMovedError, match=f"'one' is not at {expected}"):
        await store.project("one", expected, 9, [draft("t-1")])
    assert (await store.cursor("one"), await store.interaction_count()) == (5, 0)


async def test_a_cursor_that_was_never_set_is_not_at_five(store: Store) -> None:
    with pytest.raises(CursorMovedError):
        await store.project("one", 5, 9, [draft("t-1")])
    assert await store.interaction_count() == 0
