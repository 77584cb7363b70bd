"""A service whose second half the switch never confirms ends all the same, and the client knows."""

from __future__ import annotations

import pytest

from csta.call_events import CallEvent, ServiceCompletionFailure
from csta.ids import ConnectionId
from csta.instants import SECOND
from csta.states import ConnectionState
from ctiserver.core.second_steps import ANSWER_MS
from ctiserver.core.switch_link import Hold, LegHeld, LegsJoined
from tests.ctiserver.scripted_desk import A, Desk


def test_a_hold_that_is_never_confirmed_ends_in_a_completion_failure() -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())

    desk.clock.advance(ANSWER_MS)

    [event] = desk.events()
    assert isinstance(event.data, ServiceCompletionFailure)
    assert (event.data.service, event.data.cause) == ("HoldCall", "timeout")
    assert event.data.primary_call == ConnectionId(desk.call.call_id, A)
    assert event.correlation_id == "req-1"
    assert desk.state() is ConnectionState.CONNECTED


def test_a_hold_that_is_confirmed_in_time_leaves_nothing_behind() -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())
    desk.clock.advance(ANSWER_MS - 1)
    desk.observe(LegHeld(desk.legs[0]))
    desk.clock.advance(60 * SECOND)

    assert desk.told() == ["Held"]
    assert len(desk.engine.second_steps) == 0


def test_a_consultation_without_its_hold_leaves_no_empty_call_and_may_be_tried_again() -> None:
    desk = Desk()
    desk.request("req-1", "ConsultationCall", existingCall=desk.key(), consultedDevice="sales")
    assert len(desk.engine.model.calls) == 2

    desk.clock.advance(ANSWER_MS)
    assert list(desk.engine.model.calls) == [desk.call.call_id]
    assert desk.told() == ["ServiceCompletionFailure"]

    desk.request("req-2", "ConsultationCall", existingCall=desk.key(), consultedDevice="sales")
    assert sum(isinstance(decision, Hold) for decision in desk.decided) == 2
    assert [reply.error for reply in desk.replies()] == [None, None]


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_a_retrieve_takes_only_the_answer_to_its_own_question(*, late: bool) -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())
    desk.observe(LegHeld(desk.legs[0]))
    desk.request("req-2", "RetrieveCall", callToBeRetrieved=desk.key())

    # An echo of a conversation with somebody else says nothing about this one.
    desk.observe(LegsJoined(desk.legs[0], legs=(desk.legs[0], "sim1-99")))
    assert desk.state() is ConnectionState.HOLD

    if late:
        desk.clock.advance(ANSWER_MS)
    desk.observe(LegsJoined(desk.legs[0], legs=tuple(desk.legs)))

    assert desk.told()[-1] == ("ServiceCompletionFailure" if late else "Retrieved")
    assert desk.state() is (ConnectionState.HOLD if late else ConnectionState.CONNECTED)


def test_what_the_switch_confirms_is_told_with_the_request_that_caused_it() -> None:
    desk = Desk()
    desk.request("req-1", "HoldCall", callToBeHeld=desk.key())
    desk.observe(LegHeld(desk.legs[0]))

    [held] = [event for event in desk.events() if isinstance(event.data, CallEvent)]
    assert held.correlation_id == "req-1"
