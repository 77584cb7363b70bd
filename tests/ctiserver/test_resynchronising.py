"""What a loss of the link means for callers, agents and clients."""

from __future__ import annotations

from csta.errors import CtiError, ErrorValue, Outcome
from csta.instants import MINUTE
from csta.services import SERVICES
from csta.states import AgentState
from ctiserver.core.resynchronising import NEED_THE_SWITCH
from ctiserver.core.wire import Published
from tests.ctiserver.centre import SALES
from tests.ctiserver.cut_link import CutCentre

A, B = "station:1001", "station:1002"


def _statuses(events: list[Published]) -> list[str]:
    return [e.data.system_status.value for e in events if hasattr(e.data, "system_status")]


def test_a_loss_and_the_return_of_the_link_are_told_at_once() -> None:
    centre = CutCentre()
    centre.link.go_down()
    centre.link.go_down()
    assert _statuses(centre.log) == ["disabled"]
    centre.link.come_up()
    assert _statuses(centre.log) == ["disabled", "initializing", "messagesLost", "normal"]
    assert centre.counts() == (0, 0, 0)
    assert all(event.synthetic for event in centre.log)


def test_what_the_switch_would_have_to_do_is_refused_while_the_link_is_down() -> None:
    centre = CutCentre()
    leg, _ = centre.talk()
    call_id = centre.call_ids()[0]
    centre.link.go_down()
    told = len(centre.log)
    key = {"callID": call_id, "deviceID": A}
    for service, params in (
        ("MakeCall", {"callingDevice": B, "calledDirectoryNumber": "1001"}),
        ("HoldCall", {"callToBeHeld": key}),
        ("ClearCall", {"callToBeCleared": {"callID": call_id}}),
        ("GenerateDigits", {"connectionToSendDigits": key, "charactersToSend": "1"}),
    ):
        error = centre.ask(service, **params).error
        assert isinstance(error, CtiError)
        assert (error.value, error.outcome) == (ErrorValue.LINK_DOWN, Outcome.NOT_EXECUTED)
        assert service in error.detail
    assert len(centre.log) == told
    centre.set_agent("bea", "loggedOn")
    centre.asked("AssociateData", existingCall={"callID": call_id}, accountCode="7")
    assert centre.asked("SnapshotCall", snapshotObject={"callID": call_id}).snapshot_data
    centre.link.come_up()
    centre.asked("HoldCall", callToBeHeld=key)
    assert leg in centre.legs()


def test_every_service_that_needs_the_switch_is_one() -> None:
    assert set(SERVICES) >= NEED_THE_SWITCH
    assert {"MakeCall", "PickQueuedCall", "PlayMessage"} <= NEED_THE_SWITCH
    assert not {"SetAgentState", "SnapshotCall", "RouteSelect"} & NEED_THE_SWITCH


def test_calls_keep_their_places_and_nobody_is_offered_one_until_the_link_is_back() -> None:
    centre = CutCentre()
    first, second = centre.call("+491"), centre.call("+492")
    centre.link.go_down()
    centre.log_on("anna", "bea")
    centre.wait(MINUTE)
    assert centre.events("AgentOffered") == []
    assert centre.state("anna") is AgentState.READY
    centre.link.come_up()
    offers = centre.events("AgentOffered")
    assert [offer.data.call_id for offer in offers] == centre.call_ids()[:2]
    assert not any(offer.synthetic for offer in offers)
    assert {first, second} <= set(centre.legs())
    centre.agree()


def test_nobody_misses_a_call_that_rings_while_the_link_is_down() -> None:
    centre = CutCentre()
    centre.log_on("anna")
    centre.call()
    centre.link.go_down()
    centre.wait(5 * MINUTE)
    assert centre.events("OfferRefused") == []
    centre.link.come_up()
    centre.wait(SALES.ring_ms - 1)
    assert centre.state("anna") is AgentState.BUSY
    assert centre.events("OfferRefused") == []
    centre.wait(1)
    assert [e.data.reason for e in centre.events("OfferRefused")] == ["noAnswer"]
    centre.agree()


def test_who_answers_while_the_link_is_down_has_the_caller_when_it_is_back() -> None:
    centre = CutCentre()
    centre.log_on("anna")
    caller = centre.call()
    centre.link.go_down()
    centre.pbx.answer(A)
    assert centre.joined() == []
    centre.link.come_up()
    assert centre.synthetic() == ["Stop", "Established", "AgentBusy"]
    assert centre.joined() == [{caller, centre.leg_at(A)}]
    assert centre.counts() == (0, 0, 1)
    centre.agree()


def test_an_offer_that_never_reached_the_phone_is_made_again_and_nobody_is_blamed() -> None:
    centre = CutCentre()
    centre.log_on("anna")
    centre.link.deaf = True
    centre.call()
    assert A not in [leg["device"] for leg in centre.legs().values()]
    centre.link.go_down()
    centre.link.come_up()
    assert [e.data.attempt for e in centre.events("AgentOffered")] == [1, 2]
    assert centre.events("OfferRefused", "AgentNotReady") == []
    assert centre.legs()[centre.leg_at(A)]["state"] == "ringing"
    centre.agree()


def test_an_offer_whose_phone_rings_no_more_is_made_again_and_nobody_is_blamed() -> None:
    centre = CutCentre()
    centre.log_on("anna")
    centre.call()
    centre.link.go_down()
    centre.pbx.hang_up(A)
    centre.link.come_up()
    assert [name for name in centre.synthetic() if name not in ("Stop", "Play")] == [
        *("Diverted", "OfferWithdrawn", "Queued", "AgentReady"),
    ]
    assert centre.events("OfferRefused", "AgentNotReady") == []
    assert len(centre.events("AgentOffered")) == 2
    centre.agree()


def test_a_caller_who_has_gone_meanwhile_is_let_go_and_the_agent_is_free() -> None:
    centre = CutCentre()
    caller, _ = centre.talk()
    waiting = centre.call("+492")
    centre.link.go_down()
    centre.pbx.hang_up(caller)
    centre.pbx.hang_up(waiting)
    centre.link.come_up()
    ended = centre.events("CallCleared")
    assert [e.data.outcome for e in ended] == ["abandonedInQueue", "answered"]
    # The agent is released by a command that the switch carries out: nothing is inferred there.
    assert [e.synthetic for e in ended] == [True, False]
    assert centre.counts() == (0, 2, 0)
    centre.wait(MINUTE)
    assert centre.state("anna") is AgentState.READY
    assert centre.legs() == {}
    centre.agree()
