"""The bridge: a card for a number, a row for a contact, each event once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from crm_bridge.bridge import Bridge, finish_now
from crm_bridge.customers import Candidate, Customer
from crm_bridge.interactions import InteractionDraft
from crm_bridge.store import CursorMovedError, MemoryStore, Store
from csta.call_events import CallOutcome
from csta.customers import CustomerCard, Match
from tests.crm_bridge import stories as tell

NUMBER = "+442079460018"
ANNA = Customer(customer_id="C1", name="Anna Kestrel", tier="vip", numbers=(NUMBER,))
CARD = CustomerCard(customer_id="C1", name="Anna Kestrel", tier="vip")


async def test_a_known_caller_comes_with_the_last_three_contacts(store: Store) -> None:
    await store.save_customers([ANNA])
    bridge = Bridge(store, "GB")
    for day in range(5):
        at = tell.START + day * 86_400_000
        story = tell.published(tell.whole_call(f"t-{day}", at, CARD), after=day * 100)
        await bridge.take(story)
    match, card = await bridge.look_up("020 7946 0018")
    assert match is Match.ONE
    assert card is not None
    assert [contact.at for contact in card.last_contacts] == [
        tell.START + day * 86_400_000 for day in (4, 3, 2)
    ]
    assert {contact.result for contact in card.last_contacts} == {"sold"}


async def test_the_contact_that_goes_on_is_not_a_last_contact(store: Store) -> None:
    await store.save_customers([ANNA])
    bridge = Bridge(store, "GB")
    await bridge.take(tell.published(tell.whole_call("t-1", customer=CARD)[:4]))
    assert await bridge.look_up(NUMBER) == (Match.ONE, CARD)


async def test_of_two_who_share_a_number_the_one_contacted_last_pops(store: Store) -> None:
    ben = Customer(customer_id="C2", name="Ben", numbers=(NUMBER,))
    await store.save_customers([ANNA, ben])
    bridge = Bridge(store, "GB")
    match, card = await bridge.look_up(NUMBER)
    assert (match, card) == (Match.SEVERAL, CARD)
    await bridge.take(tell.published(tell.whole_call("t-1", customer=CustomerCard("C2", "Ben"))))
    match, card = await bridge.look_up(NUMBER)
    assert (match, card and card.customer_id) == (Match.SEVERAL, "C2")


def _abandoned(thread: str) -> list[tuple[int, object]]:
    call = f"c-{thread}"
    ends = tell.cleared(call, thread, outcome=CallOutcome.ABANDONED_IN_QUEUE, queue_ms=9_000)
    return [(tell.START, tell.delivered(call, thread)), (tell.START + 9_000, ends)]


async def test_a_caller_who_gave_up_before_any_pop_is_remembered(store: Store) -> None:
    await store.save_customers([ANNA])
    bridge = Bridge(store, "GB")
    await bridge.take(tell.published(_abandoned("t-1")))
    _, card = await bridge.look_up(NUMBER)
    assert card is not None
    [contact] = card.last_contacts
    assert contact.result == "abandonedInQueue"


async def test_a_number_that_several_share_names_nobody_without_a_pop(store: Store) -> None:
    await store.save_customers([ANNA, Customer(customer_id="C2", name="Ben", numbers=(NUMBER,))])
    await Bridge(store, "GB").take(tell.published(_abandoned("t-1")))
    [row] = await store.interactions(["t-1"])
    assert (row.customer_id, row.customer_number) == ("", NUMBER)


@pytest.mark.parametrize("number", ["", "anonymous", "0000000000", "1001", "+442079460999"])
async def test_an_anonymous_or_unknown_caller_pops_without_a_card(
    store: Store, number: str
) -> None:
    await store.save_customers([ANNA])
    assert await Bridge(store, "GB").look_up(number) == (Match.NONE, None)


class _Away(MemoryStore):
    async def candidates(self, number: str) -> list[Candidate]:
        raise OSError(f"no store, no {number}")


class _Slow(MemoryStore):
    async def candidates(self, number: str) -> list[Candidate]:
        await asyncio.Event().wait()
        return await super().candidates(number)


@pytest.mark.parametrize("store", [_Away(), _Slow()])
async def test_a_store_that_fails_or_is_slow_means_unknown_not_no(store: Store) -> None:
    bridge = Bridge(store, "GB", look_up_max_ms=5)
    assert await bridge.look_up(NUMBER) == (Match.UNKNOWN, None)


async def test_a_look_up_that_is_cancelled_is_cancelled() -> None:
    task = asyncio.create_task(Bridge(_Slow(), "GB").look_up(NUMBER))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_events_that_are_given_again_change_nothing(store: Store) -> None:
    events = tell.published(tell.whole_call("t-1", customer=CARD))
    bridge = Bridge(store, "GB")
    await bridge.take(events)
    [row] = await store.interactions(["t-1"])
    assert row.contact_duration_ms == 60_000
    for again in (bridge, Bridge(store, "GB")):
        await again.take(events)
        await again.take(events[2:4])
        assert await store.interactions(["t-1"]) == [row]


async def test_a_bridge_that_starts_anew_goes_on_with_open_rows(store: Store) -> None:
    events = tell.published(tell.whole_call("t-1", customer=CARD))
    await Bridge(store, "GB").take(events)
    [expected] = await store.interactions(["t-1"])
    for cut in range(1, len(events)):
        epoch = f"cut-{cut}"
        thread = f"t-{epoch}"
        story = tell.published(tell.whole_call(thread, customer=CARD))
        await Bridge(store, "GB", epoch=epoch).take(story[:cut])
        await Bridge(store, "GB", epoch=epoch).take(story[cut - 1 :])
        [row] = await store.interactions([thread])
        assert _without_ids(row) == _without_ids(expected)


def _without_ids(row: InteractionDraft) -> tuple[object, ...]:
    ids = {"thread_id", "call_id", "calls"}
    return tuple(getattr(row, name) for name in row.__struct_fields__ if name not in ids)


async def test_a_note_long_after_the_call_amends_its_row(store: Store) -> None:
    bridge = Bridge(store, "GB")
    await bridge.take(tell.published(tell.whole_call("t-1")))
    late = tell.noted("c-t-1", "t-1", after_call=True, notes="sent the papers")
    await bridge.take(tell.published([(tell.START + 9_000_000, late)], after=500))
    [row] = await store.interactions(["t-1"])
    assert (row.notes_taken, row.result, row.outcome) == ("sent the papers", "sold", "answered")
    assert await store.interaction_count() == 1


async def test_another_epoch_begins_its_sequences_anew(store: Store) -> None:
    await Bridge(store, "GB", epoch="e1").take(tell.published(tell.whole_call("t-1"), after=900))
    await Bridge(store, "GB", epoch="e2").take(tell.published(tell.whole_call("t-2")))
    assert await store.interaction_count() == 2


class _LosesTheAnswer(MemoryStore):
    """Commits, and then the connection breaks: the writer cannot know."""

    breaks = True

    async def project(
        self, name: str, expected: int, upto: int, drafts: Sequence[InteractionDraft]
    ) -> None:
        await super().project(name, expected, upto, drafts)
        if self.breaks:
            self.breaks = False
            raise ConnectionError("no answer to the commit")


async def test_a_commit_of_unknown_fate_is_not_done_twice() -> None:
    store = _LosesTheAnswer()
    bridge = Bridge(store, "GB")
    events = tell.published(tell.whole_call("t-1"))
    with pytest.raises(ConnectionError):
        await bridge.take(events)
    await bridge.take(events)
    [row] = await store.interactions(["t-1"])
    assert row.contact_duration_ms == 60_000


async def test_two_batches_at_once_are_projected_one_after_the_other(store: Store) -> None:
    bridge = Bridge(store, "GB")
    events = tell.published(tell.whole_call("t-1"))
    await asyncio.gather(*(bridge.take([event]) for event in events))
    [row] = await store.interactions(["t-1"])
    assert (row.result, row.ended_at) == ("sold", tell.START + 70_000)


def test_in_simulated_time_everything_ends_at_once_and_without_an_event_loop() -> None:
    store = MemoryStore()
    finish_now(store.save_customers([ANNA]))
    bridge = Bridge(store, "GB", agent_names={"7": "Grace"})
    assert finish_now(bridge.look_up(NUMBER)) == (Match.ONE, CARD)
    finish_now(bridge.take(tell.published(tell.whole_call("t-1", customer=CARD))))
    [row] = finish_now(store.interactions(["t-1"]))
    assert (row.agent_name, row.customer_name) == ("Grace", "Anna Kestrel")


def test_a_coroutine_that_waits_cannot_be_finished_now() -> None:
    with pytest.raises(RuntimeError, match="waits; in simulated time use a store in memory"):
        finish_now(asyncio.sleep(0))


def test_an_error_of_a_coroutine_that_is_finished_now_comes_through() -> None:
    with pytest.raises(OSError, match="no store"):
        finish_now(_Away().candidates(NUMBER))


def test_a_wrong_region_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'UK' has no numbering plan"):
        Bridge(MemoryStore(), "UK")


async def test_a_bridge_keeps_nothing_of_contacts_that_are_over(store: Store) -> None:
    bridge = Bridge(store, "GB")
    for number in range(20):
        story = tell.published(tell.whole_call(f"t-{number}"), after=number * 10)
        await bridge.take(story)
    await bridge.take(tell.published([(0, tell.delivered("c-x", "t-x"))], after=1_000))
    assert bridge.open_count == 1
    assert await store.open_interactions() == await store.interactions(["t-x"])


async def test_two_bridges_on_one_store_are_found_out(store: Store) -> None:
    first, second = Bridge(store, "GB"), Bridge(store, "GB")
    await first.take([])
    await second.take([])
    await first.take(tell.published([(0, tell.delivered("c-1", "t-1"))]))
    with pytest.raises(CursorMovedError, match="two bridges on one store"):
        await second.take(tell.published([(0, tell.delivered("c-2", "t-2"))], after=5))
    assert await store.interactions(["t-2"]) == []
