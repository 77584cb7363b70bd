"""What three parties may do with their call, while a fourth is busy or still has to answer."""

from __future__ import annotations

from csta.causes import Cause
from csta.errors import CtiError, ErrorValue
from csta.states import ConnectionState
from ctiserver.core.switch_link import LegGone, LegHeld, LegsJoined, LegUp, SendDigits
from tests.ctiserver.scripted_desk import A, B, C, Desk


def conference() -> Desk:
    """Anna has brought Cara into her call with Ben."""
    desk = Desk()
    desk.request("r1", "ConsultationCall", existingCall=desk.key(), consultedDevice="1003")
    desk.observe(LegHeld(desk.legs[0]))
    desk.legs.append(desk.dialled())
    desk.observe(LegUp(desk.legs[2]))
    second = list(desk.engine.model.calls)[1]
    desk.request(
        "r2",
        "ConferenceCall",
        heldCall=desk.key(),
        activeCall={"callID": second, "deviceID": A},
    )
    desk.observe(LegsJoined(desk.legs[0], legs=tuple(desk.legs)))
    assert set(desk.call.connections) == {A, B, C}
    return desk


def test_digits_reach_those_who_speak_and_not_one_who_was_busy() -> None:
    desk = conference()
    desk.request("r3", "SingleStepTransferCall", activeCall=desk.key(C), transferredTo="+49301234")
    desk.observe(LegGone(desk.dialled(), cause=Cause.BUSY))
    assert desk.call.connections["number:+49301234"].state is ConnectionState.FAIL

    desk.request("r4", "GenerateDigits", connectionToSendDigits=desk.key(), charactersToSend="1")

    assert desk.replies()[-1].error is None
    sent = [decision.leg for decision in desk.decided if isinstance(decision, SendDigits)]
    assert sent == [desk.legs[1]]


def test_a_call_that_rings_at_an_agent_is_not_moved_to_another_queue() -> None:
    desk = conference()
    for state in ("loggedOn", "ready"):
        desk.request(state, "SetAgentState", agentID="dora", requestedAgentState=state)
    desk.request("r3", "SingleStepTransferCall", activeCall=desk.key(C), transferredTo="acd:sales")
    before = list(desk.call.connections)

    desk.request("r4", "SingleStepTransferCall", activeCall=desk.key(B), transferredTo="acd:sales")

    error = desk.replies()[-1].error
    assert isinstance(error, CtiError)
    assert error.value is ErrorValue.INVALID_CONNECTION_STATE
    assert error.current is not None
    assert "SingleStepTransferCall" not in error.current.services_permitted
    assert list(desk.call.connections) == before
