"""Laws of the fold, on random centres: threads that interleave, batches, crashes, replays."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.bridge import Bridge, finish_now
from crm_bridge.customers import Customer
from crm_bridge.interactions import InteractionDraft
from crm_bridge.store import MemoryStore
from csta.call_events import CallCleared, CallOutcome
from csta.customers import CustomerCard
from ctiserver.core.wire import Published
from tests.crm_bridge import stories as tell

_TALKS = st.integers(0, 10_000)


@st.composite
def _stories(draw: st.DrawFn, thread: str) -> tuple[list[Any], dict[str, Any]]:
    """Draw one contact, and reckon beside what its row must say at the end."""
    call = f"c-{thread}"
    talk_ms = draw(_TALKS)
    note = draw(st.sampled_from(["", "asked twice", "angry"]))
    told: list[Any] = [tell.delivered(call, thread), tell.queued(call, thread)]
    expected = {"agent_id": "", "customer_id": "C-known", "notes_taken": note}
    if draw(st.booleans()):
        told.append(tell.popped(call, CustomerCard(f"C-{thread}", "Anna")))
        expected["customer_id"] = f"C-{thread}"
    ends: list[Any] = [tell.cleared(call, thread, talk_ms)]
    if draw(st.booleans()):
        told.append(tell.established(call, thread, "7"))
        expected["agent_id"] = "7"
        if draw(st.booleans()):
            aside, ends, expected["agent_id"], more_ms = draw(_consultations(thread, ends[0]))
            told += aside
            talk_ms += more_ms
    if draw(st.booleans()):
        again, again_ms = f"c-{thread}-again", draw(_TALKS)
        ends += [
            tell.delivered(again, thread, direction="outbound"),
            tell.established(again, thread, "6"),
            tell.cleared(again, thread, again_ms),
        ]
        expected["agent_id"] = "6"
        talk_ms += again_ms
    if note:
        late = tell.noted(call, thread, after_call=True, notes=note)
        ends.insert(draw(st.integers(0, len(ends))), late)
    return told + ends, expected | {"contact_duration_ms": talk_ms, "outcome": "answered"}


@st.composite
def _consultations(
    draw: st.DrawFn, thread: str, end: CallCleared
) -> tuple[list[Any], list[Any], str, int]:
    """Draw a call to another agent: its events, the ends, the last agent, the talk it adds."""
    call, aside, aside_ms = f"c-{thread}", f"c-{thread}-aside", draw(_TALKS)
    told = [tell.consultation(aside, thread, "7"), tell.established(aside, thread, "7", "8")]
    gone = CallOutcome.TRANSFERRED_OUT
    kind = draw(st.sampled_from(["in vain", "transferred", "caller moves"]))
    if kind == "caller moves":
        told.append(tell.transferred(aside, call, thread, "7", "8"))
        call_ends = tell.cleared(call, thread, end.durations.talk_ms, outcome=gone)
        return told, [call_ends, tell.cleared(aside, thread, aside_ms)], "8", aside_ms
    if kind == "transferred":
        told.append(tell.transferred(call, aside, thread, "7", "8"))
    ends = draw(st.permutations([end, tell.cleared(aside, thread, aside_ms, outcome=gone)]))
    return told, list(ends), "8" if kind == "transferred" else "7", 0


@st.composite
def _centres(draw: st.DrawFn) -> tuple[list[Published], dict[str, dict[str, Any]]]:
    """Draw some contacts whose events interleave in any way."""
    drawn = {f"t-{n}": draw(_stories(f"t-{n}")) for n in range(draw(st.integers(1, 4)))}
    turns = draw(st.permutations([key for key, (told, _) in drawn.items() for _ in told]))
    left = {key: iter(told) for key, (told, _) in drawn.items()}
    timed = [(tell.START + 10 * place, next(left[key])) for place, key in enumerate(turns)]
    return tell.published(timed), {key: expected for key, (_, expected) in drawn.items()}


def _store() -> MemoryStore:
    """Make a store that knows the one number from which everybody calls."""
    store = MemoryStore()
    known = Customer(customer_id="C-known", name="Anna", numbers=("+442079460018",))
    finish_now(store.save_customers([known]))
    return store


def _rows(store: MemoryStore) -> list[InteractionDraft]:
    rows = finish_now(store.interactions([f"t-{number}" for number in range(4)]))
    assert len(rows) == finish_now(store.interaction_count())
    return rows


def _at_once(events: list[Published]) -> list[InteractionDraft]:
    store = _store()
    finish_now(Bridge(store, "GB").take(events))
    return _rows(store)


@given(_centres())
def test_contacts_and_closed_rows_are_in_bijection_and_say_what_happened(
    centre: tuple[list[Published], dict[str, dict[str, Any]]],
) -> None:
    events, contacts = centre
    rows = _at_once(events)
    assert [row.thread_id for row in rows] == sorted(contacts)
    for row in rows:
        expected = contacts[row.thread_id]
        assert {field: getattr(row, field) for field in expected} == expected
        assert row.ended_at is not None
        assert row.started_at <= row.ended_at


@given(_centres(), st.data())
def test_neither_batches_nor_restarts_nor_replays_change_a_row(
    centre: tuple[list[Published], dict[str, dict[str, Any]]], data: st.DataObject
) -> None:
    events, _ = centre
    store = _store()
    bridge = Bridge(store, "GB")
    done = 0
    while done < len(events):
        if data.draw(st.booleans(), label="restart"):
            bridge = Bridge(store, "GB")
        begin = data.draw(st.integers(0, done), label="begin")
        upto = data.draw(st.integers(done + 1, len(events)), label="upto")
        finish_now(bridge.take(events[begin:upto]))
        done = upto
    assert _rows(store) == _at_once(events)


@given(_centres())
def test_a_row_depends_on_its_own_thread_alone(
    centre: tuple[list[Published], dict[str, dict[str, Any]]],
) -> None:
    events, contacts = centre
    alone = [
        row
        for thread in sorted(contacts)
        for row in _at_once([event for event in events if _belongs(event.data, thread)])
    ]
    assert alone == _at_once(events)


def _belongs(data: Any, thread: str) -> bool:  # noqa: ANN401 - event data of any type
    return f"{data.call_id}-".startswith(f"c-{thread}-")
