"""The routeing dialogue through the engine and the simulated switch (cti-api §7.6, §7.11 S2)."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from csta.instants import MINUTE, SECOND
from csta.routeing_services import RouteRequest, RouteUsed
from ctiserver.core.audit import audit
from ctiserver.core.inputs import Requested, SessionEnded
from ctiserver.core.numbering import Numbering
from ctiserver.core.routeing import REROUTES_MAX, ROUTINGS_MAX
from scenarios.journal_replay import replay
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import BUSY_NUMBER, CALLER, OURS, Centre
from tests.ctiserver.engine_audit import leftovers
from tests.ctiserver.machine_centre import DIALLED
from tests.ctiserver.routed_centre import BACK, DESK, MENU, RoutedCentre, refusal, routed_plan
from tests.ctiserver.test_engine_machine import PICK, EngineMachine, pick_of

QUEUED = ["Delivered acd:sales", "Queued acd:sales"]


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[RoutedCentre]:
    """Give a centre; afterwards its log must be lawful, nothing left, and the journal the same."""
    lines: list[bytes] = []
    centre = RoutedCentre(journal=lines.append)
    yield centre
    assert list(audit(centre.engine)) == []
    for leg in list(centre.pbx.snapshot()):
        centre.pbx.hang_up(leg["leg"])
    centre.wait(2 * MINUTE)
    event_laws.check(centre.log)
    assert leftovers(centre.engine) == {}
    file = tmp_path / "journal"
    file.write_bytes(b"".join(lines))
    verdict = replay(file)
    assert verdict.equal, verdict.first_difference


def test_a_router_is_asked_before_the_flow_and_the_call_goes_where_it_says(
    centre: RoutedCentre,
) -> None:
    register_id = centre.register()
    centre.call()
    [question] = centre.questions
    asks = question.asks
    assert isinstance(asks, RouteRequest)
    assert (asks.route_register_req_id, asks.routeing_device) == (register_id, MENU)
    assert asks.calling_device.device_identifier == f"number:{CALLER}"
    assert asks.current_route.device_identifier == f"number:{OURS}"
    assert (asks.routed_call.device_id, asks.attempt, asks.reply_timeout_ms) == (MENU, 1, 2_000)
    centre.route("acd:sales")
    assert centre.way() == [f"Offered {MENU}", f"Diverted {MENU}", *QUEUED]
    assert centre.said() == ["one RouteRequest", "one RouteEnd"]
    assert centre.ends() == [None]
    assert centre.events("Play")[0].data.message.startswith("music:")


def test_a_router_that_wants_it_is_told_which_route_was_used(centre: RoutedCentre) -> None:
    centre.register()
    centre.call()
    centre.route("acd:sales", routeUsedReq=True, correlatorData={"case": 7})
    assert centre.said() == ["one RouteRequest", "one RouteUsed", "one RouteEnd"]
    used = centre.questions[1].asks
    assert isinstance(used, RouteUsed)
    assert used.route_used.device_identifier == "acd:sales"
    assert used.correlator_data == {"case": 7}
    assert centre.events("Queued")[0].data.correlator_data == {"case": 7}


def test_a_router_that_does_not_answer_is_not_waited_for(centre: RoutedCentre) -> None:
    centre.register()
    centre.call()
    centre.wait(1_999)
    assert centre.ends() == []
    centre.wait(1)
    assert centre.said() == ["one RouteRequest", "one RouteEnd routeingTimerExpired"]
    assert centre.ends() == ["routeingTimerExpired"]
    assert [e.data.answering_device for e in centre.events("Established")] == ["voiceUnit:ivr-1"]
    late = centre.answer("RouteSelect", routeSelected="acd:sales")
    assert refusal(late) == "objectNotKnown"


def test_a_device_without_a_flow_sends_calls_to_the_default_device() -> None:
    centre = RoutedCentre(routed_plan({OURS: DESK, BACK: "acd:sales"}))
    centre.call()
    assert centre.way() == [f"Offered {DESK}", f"Diverted {DESK}", *QUEUED]
    centre.register(device=DESK)
    centre.call()
    centre.wait(2 * SECOND)
    assert centre.way()[4:] == centre.way()[:4]


def test_who_rejects_lets_the_next_router_be_asked_and_then_the_flow(centre: RoutedCentre) -> None:
    centre.register("one")
    centre.register("two")
    centre.call()
    assert centre.answer("RouteReject", rejectCause="busyOverflow").error is None
    assert centre.said() == ["one RouteRequest", "one RouteEnd", "two RouteRequest"]
    assert [q.asks.attempt for q in centre.questions if isinstance(q.asks, RouteRequest)] == [1, 2]
    assert centre.answer("RouteReject").error is None
    assert centre.ends() == [None, None]
    assert centre.events("Established")[0].data.connection.device_id == MENU


def test_only_the_router_that_was_asked_may_answer(centre: RoutedCentre) -> None:
    centre.register("one")
    centre.register("two")
    centre.call()
    ref = centre.questions[0].cross_ref_id
    for service in ("RouteSelect", "RouteReject", "RouteEnd"):
        more = {"routeSelected": "acd:sales"} if service == "RouteSelect" else {}
        reply = centre.say("two", service, routeingCrossRefID=ref, **more)
        assert refusal(reply) == "objectNotKnown"
    thief = Requested("t", "RouteEnd", {"routeingCrossRefID": ref}, "agent:anna", "one")
    centre.world.driver.submit(thief)
    assert refusal(centre.replies["t"]) == "objectNotKnown"
    assert centre.said() == ["one RouteRequest"]


@pytest.mark.parametrize("target", [BUSY_NUMBER, "1002", "acd:nobody", "routeing:nobody", "park:1"])
def test_a_route_that_fails_is_asked_for_again(centre: RoutedCentre, target: str) -> None:
    centre.phone("station:1002", PhoneAct.BUSY)
    centre.register()
    centre.call()
    centre.route(target)
    centre.wait(2 * SECOND - 1)
    assert centre.said() == ["one RouteRequest", "one ReRoute"]
    centre.route("acd:sales")
    assert centre.way()[-2:] == QUEUED
    assert centre.ends() == [None]


def test_a_route_that_nobody_answers_is_asked_for_again(centre: RoutedCentre) -> None:
    centre.phone("station:1002", PhoneAct.NO_ANSWER)
    centre.register()
    centre.call()
    centre.route("1002")
    centre.wait(MINUTE - 1)
    assert centre.said() == ["one RouteRequest"]
    centre.wait(1)
    assert centre.said() == ["one RouteRequest", "one ReRoute"]
    assert [e.data.cause.value for e in centre.events("Failed")] == ["callNotAnswered"]


def test_routes_that_fail_are_asked_for_three_times_then_the_flow_has_the_call(
    centre: RoutedCentre,
) -> None:
    centre.register()
    centre.call()
    for _ in range(REROUTES_MAX + 1):
        centre.route(BUSY_NUMBER)
        centre.wait(1_000)
    assert centre.said() == [
        "one RouteRequest", *["one ReRoute"] * 3, "one RouteEnd invalidDestination",
    ]  # fmt: skip
    assert centre.ends() == ["invalidDestination"]
    assert centre.events("Established")[0].data.connection.device_id == MENU


def test_a_router_that_wants_no_further_questions_gets_none(centre: RoutedCentre) -> None:
    centre.register()
    centre.call()
    centre.route(BUSY_NUMBER, remainRetries=0)
    centre.wait(1_000)
    assert centre.said() == ["one RouteRequest", "one RouteEnd invalidDestination"]


def test_a_call_that_is_on_its_way_cannot_be_sent_elsewhere(centre: RoutedCentre) -> None:
    centre.phone("station:1002", PhoneAct.ANSWERS, 5_000)
    centre.register()
    centre.call()
    centre.route("1002", routeUsedReq=True)
    again = centre.answer("RouteSelect", routeSelected="acd:sales")
    assert refusal(again) == "invalidConnectionState"
    assert centre.said() == ["one RouteRequest"]
    centre.wait(5_000)
    assert centre.said() == ["one RouteRequest", "one RouteUsed", "one RouteEnd"]
    assert centre.events("Established")[0].data.connection.device_id == "station:1002"


def test_a_caller_who_hangs_up_ends_the_dialogue(centre: RoutedCentre) -> None:
    centre.register()
    leg = centre.call()
    centre.wait(500)
    centre.pbx.hang_up(leg)
    assert centre.said() == ["one RouteRequest", "one RouteEnd noActiveCall"]
    assert centre.way()[-1] == "CallCleared abandonedInIVR"


def test_a_caller_who_hangs_up_while_the_route_rings_ends_the_dialogue(
    centre: RoutedCentre,
) -> None:
    centre.phone("station:1002", PhoneAct.NO_ANSWER)
    centre.register()
    leg = centre.call()
    centre.route("1002")
    centre.wait(5_000)
    centre.pbx.hang_up(leg)
    assert centre.said() == ["one RouteRequest", "one RouteEnd noActiveCall"]


def test_a_router_may_end_the_dialogue_and_the_flow_has_the_call(centre: RoutedCentre) -> None:
    centre.register()
    centre.call()
    assert centre.answer("RouteEnd", errorValue="resourceBusy").error is None
    assert centre.said() == ["one RouteRequest"]
    assert centre.ends() == ["resourceBusy"]
    assert centre.events("Established")[0].data.connection.device_id == MENU


def test_a_session_that_ends_takes_its_registrations_along(centre: RoutedCentre) -> None:
    register_id = centre.register("one")
    centre.register("two")
    centre.call()
    centre.end_session("one")
    [abort] = centre.events("RouteRegisterAbort")
    assert abort.data.route_register_req_id == register_id
    assert centre.ends() == [None]
    assert centre.events("Established")[0].data.connection.device_id == MENU
    centre.call()
    assert centre.said()[-1] == "two RouteRequest"
    centre.end_session("one")
    assert len(centre.events("RouteRegisterAbort")) == 1


def test_who_cancels_is_asked_no_more_and_calls_go_the_default_way(centre: RoutedCentre) -> None:
    register_id = centre.register()
    centre.call()
    stranger = centre.say("two", "RouteRegisterCancel", routeRegisterReqID=register_id)
    assert refusal(stranger) == "objectNotKnown"
    assert centre.say("one", "RouteRegisterCancel", routeRegisterReqID=register_id).error is None
    assert centre.events("Established")[0].data.connection.device_id == MENU
    assert centre.events("RouteRegisterAbort") == []
    centre.call()
    assert centre.said() == ["one RouteRequest", "one RouteEnd"]


def test_who_registers_twice_has_one_registration(centre: RoutedCentre) -> None:
    register_id = centre.register()
    again = centre.say("one", "RouteRegister", routeingDevice=MENU).result
    assert (again.route_register_req_id, again.already_done) == (register_id, True)
    centre.call()
    centre.answer("RouteReject")
    assert centre.said() == ["one RouteRequest", "one RouteEnd"]


@pytest.mark.parametrize("device", ["routeing:nobody", "acd:sales", "station:1001"])
def test_nobody_routes_for_what_is_no_routeing_device(centre: RoutedCentre, device: str) -> None:
    assert refusal(centre.say("one", "RouteRegister", routeingDevice=device)) == "invalidDeviceID"


def test_a_router_without_a_session_could_not_be_asked_and_is_refused(
    centre: RoutedCentre,
) -> None:
    reply = centre.ask("RouteRegister", routeingDevice=MENU)
    assert refusal(reply) == "requestIncompatibleWithObject"


@pytest.mark.parametrize("service", ["RouteRequest", "ReRoute", "RouteUsed"])
def test_what_the_server_asks_a_client_cannot_ask(centre: RoutedCentre, service: str) -> None:
    assert refusal(centre.say("one", service)) == "serviceNotSupported"


def test_a_flow_may_send_its_caller_to_a_router(centre: RoutedCentre) -> None:
    centre.register(device=DESK)
    leg = centre.call()
    centre.wait(500)
    centre.pbx.press(leg, "2")
    assert centre.said() == ["one RouteRequest"]
    centre.route(MENU)
    centre.wait(500)
    assert centre.way() == [
        f"Offered {MENU}", f"Diverted {MENU}", f"Offered {DESK}", f"Diverted {DESK}",
        f"Offered {MENU}",
    ]  # fmt: skip
    centre.pbx.press(leg, "1")
    assert centre.way()[-3:] == [f"Diverted {MENU}", *QUEUED]


def test_routers_cannot_send_a_call_in_circles_for_ever(centre: RoutedCentre) -> None:
    centre.register(device=MENU)
    centre.register(device=DESK)
    centre.call()
    for count in range(ROUTINGS_MAX):
        assert centre.said().count("one RouteRequest") == count + 1
        centre.route(DESK if count % 2 == 0 else MENU)
    assert centre.said().count("one RouteRequest") == ROUTINGS_MAX
    assert centre.events("Established")[0].data.connection.device_id == MENU


def test_after_a_restart_the_dialogue_goes_on() -> None:
    """An engine is moved as its snapshot is: with all that routers are asked."""
    centre = RoutedCentre()
    centre.register()
    centre.call()
    moved = pickle.loads(pickle.dumps(centre.engine))  # noqa: S301 - our own bytes
    assert moved.routeing.open_questions() == centre.questions
    assert moved.wake_at() == centre.now + 2 * SECOND
    ref = centre.questions[0].cross_ref_id
    select = {"routeingCrossRefID": ref, "routeSelected": "acd:sales"}
    asked = Requested("again", "RouteSelect", select, "router:one", "one")
    assert moved.handle(asked, centre.now) == centre.engine.handle(asked, centre.now)
    assert moved.routeing.open_questions() == []


def test_calls_cannot_fall_through_to_a_device_without_a_way() -> None:
    config = msgspec.structs.replace(routed_plan().engine, default_device=DESK)
    with pytest.raises(ValueError, match="has no flow"):
        Numbering(config)


def test_without_routers_nothing_is_different() -> None:
    with_devices, without = RoutedCentre(), Centre(routed_plan())
    for centre in (with_devices, without):
        centre.call()
        centre.wait(MINUTE)
    assert with_devices.story() == without.story()


class RouteingMachine(EngineMachine):
    """The engine machine, with routers that come, go, and answer whatever they like."""

    @rule(session=st.sampled_from(["a", "b"]))
    def a_router_registers(self, session: str) -> None:
        self._say(session, "RouteRegister", routeingDevice="routeing:main")

    @rule(session=st.sampled_from(["a", "b"]))
    def a_session_ends(self, session: str) -> None:
        self.feed(SessionEnded(session))
        self.hear()

    @rule(session=st.sampled_from(["a", "b"]))
    def a_call_comes_in_for_a_router(self, session: str) -> None:
        self.a_router_registers(session)
        self.a_call_comes_in("1")

    @precondition(lambda self: self.questions)
    @rule(
        pick=PICK,
        service=st.sampled_from(["RouteSelect"] * 4 + ["RouteReject", "RouteEnd"]),
        place=st.sampled_from([*DIALLED, "acd:nobody", "routeing:main", "9999"]),
        used=st.booleans(),
    )
    def a_router_answers(self, pick: int, service: str, place: str, used: bool) -> None:  # noqa: FBT001 - drawn
        question = pick_of(list(self.questions), pick)
        more = {"routeSelected": place, "routeUsedReq": used} if service == "RouteSelect" else {}
        session = question.registrant.session_id or ""
        self._say(session, service, routeingCrossRefID=question.cross_ref_id, **more)

    @rule(number=st.sampled_from(["+49170", "+49171", "1003"]), listens=st.booleans())
    def a_client_dials_ahead(self, number: str, listens: bool) -> None:  # noqa: FBT001 - drawn
        item = {
            "destinationCondition": "answeringMachine",
            "detectionAction": "clearCalledConnection",
        }
        detection = {"destinationDetection": [item]} if listens else {}
        self.ask(
            "MakePredictiveCall",
            callingDevice="acd:sales" if listens else "routeing:main",
            calledDirectoryNumber=number,
            alertTime=20_000,
            **detection,
        )

    def _say(self, session: str, service: str, **params: object) -> None:
        self.requests += 1
        self.feed(Requested(f"r-{self.requests}", service, params, "router", session))
        self.hear()


def test_whatever_routers_do_the_engine_keeps_its_promises() -> None:
    run_state_machine_as_test(
        RouteingMachine, settings=settings(max_examples=100, stateful_step_count=40)
    )
