"""One thread, one row: what each kind of event writes into it."""

from __future__ import annotations

from typing import Any

import pytest

from crm_bridge.interactions import InteractionDraft, InteractionFold
from csta.agent_events import AgentReady
from csta.call_events import CallOutcome, Conferenced, ConnectionCleared, Party
from csta.causes import Cause
from csta.customers import CustomerCard
from csta.ids import ConnectionId
from csta.instants import Instant
from csta.states import ConnectionState
from tests.crm_bridge import stories as tell

T = "t-1"
ANNA = CustomerCard(customer_id="C1", name="Anna Kestrel")


def _rows(
    *data: Any,
    agent_names: dict[str, str] | None = None,
) -> dict[str, InteractionDraft]:
    """Fold events that come a second apart; give the last draft of each thread."""
    fold = InteractionFold("GB", agent_names or {})
    timed: list[tuple[Instant, Any]] = [
        (tell.START + 1_000 * place, event) for place, event in enumerate(data)
    ]
    rows = {}
    for event in tell.published(timed):
        draft = fold.take(event)
        if draft is not None:
            rows[draft.thread_id] = draft
    return rows


def test_an_answered_call_fills_every_field() -> None:
    row = _rows(
        tell.delivered("c-1", T),
        tell.queued("c-1", T),
        tell.popped("c-1", ANNA, menu_path=("sales", "orders"), collected={"order": "42"}),
        tell.established("c-1", T, "7", waited_ms=8_000),
        tell.noted("c-1", T, reason="order", script="S-3", documents=["offer.pdf", "terms.pdf"]),
        tell.cleared("c-1", T, 60_000, hold_ms=5_000, queue_ms=8_000),
        tell.noted("c-1", T, after_call=True, result="sold", effect="renewed", notes="call in May"),
        agent_names={"7": "Grace"},
    )[T]
    assert row == InteractionDraft(
        customer_name="Anna Kestrel",
        customer_number="+442079460018",
        agent_name="Grace",
        direction="inbound",
        channel_type="voice",
        contact_duration_ms=65_000,
        contact_reason="order",
        result="sold",
        effect="renewed",
        documents_created="offer.pdf; terms.pdf",
        script_used="S-3",
        notes_taken="call in May",
        thread_id=T,
        call_id="c-1",
        calls=row.calls,
        customer_id="C1",
        queue="sales",
        agent_id="7",
        started_at=tell.START,
        ended_at=tell.START + 5_000,
        waited_ms=8_000,
        outcome="answered",
        menu_path=("sales", "orders"),
        collected={"order": "42"},
    )


def test_a_row_is_there_from_the_first_event_on() -> None:
    row = _rows(tell.delivered("c-1", T))[T]
    assert (row.started_at, row.ended_at, row.direction) == (tell.START, None, "inbound")


def test_a_caller_who_gives_up_in_the_queue_has_a_row_without_an_agent() -> None:
    row = _rows(
        tell.delivered("c-1", T),
        tell.queued("c-1", T),
        tell.cleared("c-1", T, queue_ms=31_000, outcome=CallOutcome.ABANDONED_IN_QUEUE),
    )[T]
    assert (row.outcome, row.agent_id, row.waited_ms) == ("abandonedInQueue", "", 31_000)
    assert row.ended_at == tell.START + 2_000


def test_an_agent_without_a_name_is_written_with_the_id() -> None:
    row = _rows(tell.delivered("c-1", T), tell.established("c-1", T, "7"))[T]
    assert (row.agent_id, row.agent_name) == ("7", "7")


def test_an_agent_who_is_only_offered_the_call_is_not_its_agent() -> None:
    alerting = tell.parties("7", state=ConnectionState.ALERTING)
    assert _rows(tell.delivered("c-1", T, **alerting))[T].agent_id == ""


def test_the_number_of_an_outbound_call_is_the_one_that_was_called() -> None:
    outbound = {
        "direction": "outbound",
        "calling_device": Party(device_identifier="station:7"),
        "called_device": Party(device_identifier="number:+12015550123"),
    }
    row = _rows(tell.delivered("c-1", T, **outbound))[T]
    assert (row.direction, row.customer_number) == ("outbound", "+12015550123")


def test_the_number_of_an_outbound_call_may_become_known_later() -> None:
    not_yet = {"direction": "outbound", "called_device": Party(not_known=True)}
    later = {"direction": "outbound", "called_device": Party(device_identifier="number:80100")}
    row = _rows(tell.delivered("c-1", T, **not_yet), tell.delivered("c-1", T, **later))[T]
    assert row.customer_number == "80100"


def test_a_withheld_number_is_not_replaced_by_that_of_an_expert_outside() -> None:
    row = _rows(
        tell.delivered("c-1", T, calling_device=Party(restricted=True)),
        tell.consultation("c-2", T, "7"),
        tell.delivered("c-2", T, called_device=Party(device_identifier="number:+12015550123")),
    )[T]
    assert row.customer_number == ""


@pytest.mark.parametrize(
    "party", [Party(restricted=True), Party(device_identifier="number:anonymous")]
)
def test_a_withheld_number_is_an_empty_text(party: Party) -> None:
    assert _rows(tell.delivered("c-1", T, calling_device=party))[T].customer_number == ""


def test_a_call_between_agents_has_no_customer_number() -> None:
    row = _rows(tell.consultation("c-1", T, "7"))[T]
    assert (row.direction, row.customer_number, row.agent_id) == ("internal", "", "7")


def test_a_consultation_that_comes_to_nothing_leaves_the_row_as_it_was() -> None:
    before = (tell.delivered("c-1", T), tell.established("c-1", T, "7"))
    rows = _rows(
        *before,
        tell.consultation("c-2", T, "7"),
        tell.queued("c-2", T, "acd:experts"),
        tell.established("c-2", T, "7", "8"),
        tell.cleared("c-2", T, 9_000, outcome=CallOutcome.NO_ANSWER),
    )
    assert list(rows) == [T]
    plain = _rows(*before)[T]
    ignoring = {"calls": (), "started_at": 0}
    assert _fields(rows[T]) | ignoring == _fields(plain) | ignoring


def _fields(row: InteractionDraft) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


@pytest.mark.parametrize("ending_clears_first", [True, False])
def test_a_transferred_call_is_one_row_with_the_agent_who_took_it(
    ending_clears_first: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    ending = tell.cleared(
        "c-2", T, 9_000, outcome=CallOutcome.TRANSFERRED_OUT, cause=Cause.TRANSFER
    )
    staying = tell.cleared("c-1", T, 100_000, hold_ms=9_000)
    ends = [ending, staying] if ending_clears_first else [staying, ending]
    rows = _rows(
        tell.delivered("c-1", T),
        tell.established("c-1", T, "7"),
        tell.consultation("c-2", T, "7"),
        tell.established("c-2", T, "7", "8"),
        tell.transferred("c-1", "c-2", T, "7", "8"),
        *ends,
    )
    assert list(rows) == [T]
    row = rows[T]
    assert (row.agent_id, row.outcome, row.contact_duration_ms) == ("8", "answered", 109_000)
    assert row.ended_at == tell.START + (6_000 if ending_clears_first else 5_000)


def test_a_row_stays_open_until_the_last_open_call_of_the_thread_is_cleared() -> None:
    told = (
        tell.delivered("c-1", T),
        tell.established("c-1", T, "7"),
        tell.consultation("c-2", T, "7"),
        tell.cleared("c-1", T, 60_000),
    )
    assert _rows(*told)[T].ended_at is None
    row = _rows(*told, tell.cleared("c-2", T, 90_000, outcome=CallOutcome.NO_ANSWER))[T]
    assert row.ended_at == tell.START + 4_000
    assert (row.contact_duration_ms, row.outcome) == (60_000, "answered")


def test_a_caller_who_moves_into_the_consultation_call_is_followed_there() -> None:
    row = _rows(
        tell.delivered("c-1", T),
        tell.established("c-1", T, "7"),
        tell.consultation("c-2", T, "7"),
        tell.established("c-2", T, "7", "8"),
        tell.transferred("c-2", "c-1", T, "7", "8"),
        tell.cleared("c-1", T, 60_000, outcome=CallOutcome.TRANSFERRED_OUT, cause=Cause.TRANSFER),
        tell.established("c-2", T, "9"),
        tell.cleared("c-2", T, 30_000),
    )[T]
    assert (row.call_id, row.agent_id, row.outcome) == ("c-2", "9", "answered")
    assert row.contact_duration_ms == 90_000
    assert row.ended_at == tell.START + 7_000


def test_an_agent_who_joins_is_the_agent_when_the_other_one_leaves() -> None:
    conferenced = Conferenced(
        primary_old_call=ConnectionId("c-1", "station:7"),
        secondary_old_call=ConnectionId("c-2", "station:7"),
        conferencing_device="station:7",
        added_party="station:8",
        conference_connections=(),
        **tell.common("c-1", T, **tell.parties("7", "8")),
    )
    left = ConnectionCleared(
        releasing_device="station:7", **tell.common("c-1", T, **tell.parties("8"))
    )
    told = (
        tell.delivered("c-1", T),
        tell.established("c-1", T, "7"),
        tell.consultation("c-2", T, "7"),
        conferenced,
    )
    assert _rows(*told)[T].agent_id == "7"
    assert _rows(*told, left)[T].agent_id == "8"


def test_a_supervisor_who_joins_does_not_become_the_agent() -> None:
    row = _rows(
        tell.delivered("c-1", T),
        tell.established("c-1", T, "7"),
        tell.established("c-1", T, "9", "7"),
    )[T]
    assert row.agent_id == "7"


def test_a_callback_goes_on_with_the_row_of_its_thread() -> None:
    told = (
        tell.delivered("c-1", T),
        tell.cleared("c-1", T, queue_ms=30_000, outcome=CallOutcome.ABANDONED_IN_QUEUE),
        tell.delivered("c-2", T, direction="outbound"),
        tell.established("c-2", T, "7"),
    )
    row = _rows(*told)[T]
    assert (row.ended_at, row.direction, row.call_id) == (None, "inbound", "c-2")
    row = _rows(*told, tell.cleared("c-2", T, 45_000))[T]
    assert (row.outcome, row.contact_duration_ms, row.waited_ms) == ("answered", 45_000, 30_000)
    assert (row.started_at, row.ended_at) == (tell.START, tell.START + 4_000)


def test_what_several_pops_say_is_gathered_and_the_number_stays() -> None:
    row = _rows(
        tell.delivered("c-1", T),
        tell.popped("c-1", menu_path=("sales",), collected={"order": "42"}),
        tell.consultation("c-2", T, "7"),
        tell.popped("c-2", ANNA, number="+12015550123", collected={"claim": "9"}),
    )[T]
    assert (row.customer_id, row.customer_number) == ("C1", "+442079460018")
    assert (row.menu_path, row.collected) == (("sales",), {"order": "42", "claim": "9"})


def test_the_number_of_the_pop_serves_when_the_call_had_none() -> None:
    withheld = {"calling_device": Party(not_known=True)}
    row = _rows(tell.delivered("c-1", T, **withheld), tell.popped("c-1", number="020 7946 0018"))[T]
    assert row.customer_number == "+442079460018"


def test_a_note_replaces_only_what_it_names() -> None:
    row = _rows(
        tell.delivered("c-1", T),
        tell.noted("c-1", T, reason="order", notes="first"),
        tell.noted("c-1", T, notes="second", result=None, effect=3),
    )[T]
    assert (row.contact_reason, row.notes_taken) == ("order", "second")
    assert (row.result, row.effect) == ("", "3")


def test_two_threads_are_two_rows() -> None:
    rows = _rows(
        tell.delivered("c-1", "t-1"),
        tell.delivered("c-2", "t-2"),
        tell.established("c-1", "t-1", "7"),
        tell.established("c-2", "t-2", "8"),
    )
    assert {key: row.agent_id for key, row in rows.items()} == {"t-1": "7", "t-2": "8"}


def test_what_belongs_to_no_known_contact_changes_nothing() -> None:
    ready = AgentReady(link_id="sim1", agent_device="station:7", agent_id="7", since=tell.START)
    assert _rows(ready, tell.popped("c-1", ANNA), tell.noted("c-1", T, notes="lost")) == {}


def test_no_pop_reaches_a_row_that_is_closed() -> None:
    told = (tell.delivered("c-1", T), tell.cleared("c-1", T))
    assert _rows(*told, tell.popped("c-1", ANNA)) == _rows(*told)


def test_an_event_that_adds_nothing_asks_for_no_writing() -> None:
    fold = InteractionFold("GB")
    first, second = tell.published(
        [(tell.START, tell.delivered("c-1", T)), (tell.START + 1, tell.delivered("c-1", T))]
    )
    assert fold.take(first) is not None
    assert fold.take(second) is None


def test_closed_drafts_are_forgotten_when_told_and_open_ones_are_not() -> None:
    fold = InteractionFold("GB")
    for event in tell.published([*tell.whole_call("t-1"), (0, tell.delivered("c-2", "t-2"))]):
        fold.take(event)
    assert fold.held_count == 2
    fold.forget_closed()
    assert fold.held_count == 1
    late = tell.published(
        [(0, tell.noted("c-t-1", "t-1", notes="x")), (0, tell.queued("c-2", "t-2"))]
    )
    assert fold.strangers(late) == ["t-1"]


def test_a_contact_that_was_closed_and_goes_on_is_not_forgotten() -> None:
    fold = InteractionFold("GB")
    for event in tell.published([*tell.whole_call(T), (0, tell.delivered("c-2", T))]):
        fold.take(event)
    fold.forget_closed()
    assert fold.held_count == 1


def test_a_row_that_is_adopted_can_be_amended() -> None:
    closed = _rows(*(data for _, data in tell.whole_call("t-1")))["t-1"]
    fold = InteractionFold("GB", drafts=[closed])
    [late] = tell.published([(0, tell.noted("c-t-1", "t-1", after_call=True, notes="said thanks"))])
    draft = fold.take(late)
    assert draft is not None
    assert _fields(draft) == _fields(closed) | {"notes_taken": "said thanks"}
