"""Features of devices: set, told of, asked for, in snapshots, and what they do."""

from __future__ import annotations

from typing import Any

import pytest

from acd.config import AcdConfig, QueueConfig
from acd.rules import WrapUpMode
from ctiserver.core.picture import Watched, fold
from ctiserver.core.snapshots import picture_of
from ivr.config import Flow, QueueStep
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import OURS, SALES, Centre, centre_plan
from tests.ctiserver.routed_centre import MENU, RoutedCentre

A, B = "station:1001", "station:1002"
MAIN = "routeing:main"
FLOW = Flow(name="main", start="q", on_limit="sales", steps={"q": QueueStep(queue="sales")})

FEATURES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("AutoAnswer", A, {"autoAnswerOn": True}, {"autoAnswerOn": False}),
    (
        "AutoWorkMode",
        A,
        {"autoWorkOn": True, "autoWorkInterval": 30_000},
        {"autoWorkOn": False},
    ),
    ("DoNotDisturb", A, {"doNotDisturbOn": True}, {"doNotDisturbOn": False}),
    (
        "Forwarding",
        A,
        {"activateForward": True, "forwardDN": "1002"},
        {"activateForward": False},
    ),
    (
        "MessageWaitingIndicator",
        A,
        {"messageWaitingOn": True, "deviceForMessage": "voiceUnit:mail"},
        {"messageWaitingOn": False},
    ),
    ("RouteingMode", MAIN, {"routeingMode": False}, {"routeingMode": True}),
]


def centre(**more: Any) -> Centre:
    return Centre(centre_plan(flows={"main": FLOW}, numbers={OURS: MAIN}, **more))


@pytest.mark.parametrize(("feature", "device", "on", "off"), FEATURES)
def test_a_feature_is_told_of_once_and_a_snapshot_has_what_its_events_say(
    feature: str, device: str, on: dict[str, Any], off: dict[str, Any]
) -> None:
    office = centre()
    watched = Watched("device", device)
    began = picture_of(office.engine, watched)
    initial = office.asked(f"Get{feature}", device=device)
    for wanted in (on, off):
        before = len(office.log)
        assert not office.asked(f"Set{feature}", device=device, **wanted).already_done
        [event] = [e for e in office.log[before:] if e.subject == f"device/{device}"]
        assert event.correlation_id == list(office.replies)[-1]
        assert office.asked(f"Set{feature}", device=device, **wanted).already_done
        assert len([e for e in office.log[before:] if e.subject == event.subject]) == 1
        began = fold(began, event.data, watched)
        assert picture_of(office.engine, watched) == began
        assert picture_of(office.engine).devices[device] == began.devices[device]
        now = office.asked(f"Get{feature}", device=device)
        assert (now == initial) is (wanted is off)


@pytest.mark.parametrize("how", ["dialled", "offered"])
def test_a_phone_that_answers_by_itself_is_asked_to_do_so(how: str) -> None:
    office = centre()
    office.phone(A, PhoneAct.NO_ANSWER)
    office.asked("SetAutoAnswer", device=A, autoAnswerOn=True)
    if how == "dialled":
        office.phone(B, PhoneAct.ANSWERS)
        office.asked("MakeCall", callingDevice=B, calledDirectoryNumber="1001")
    else:
        office.log_on("anna")
        office.call()
    office.wait(2_000)
    assert [e.data.answering_device for e in office.events("Established")][-1] == A


@pytest.mark.parametrize(
    ("mode", "interval_ms", "lasts_ms"),
    [
        (WrapUpMode.TIMED, 20_000, 20_000),
        (WrapUpMode.OPTIONAL, 20_000, 20_000),
        (WrapUpMode.OPTIONAL, None, 600_000),
        (WrapUpMode.NONE, 20_000, 0),
    ],
)
def test_after_each_call_comes_work_if_the_phone_says_so_and_the_queue_allows_it(
    mode: WrapUpMode, interval_ms: int | None, lasts_ms: int
) -> None:
    queue = QueueConfig(name="sales", skills={"sales": 1}, wrap_up=mode)
    office = centre(acd=AcdConfig(queues=(queue,), work_ms_max=600_000))
    office.phone(A, PhoneAct.ANSWERS)
    office.asked("SetAutoWorkMode", device=A, autoWorkOn=True, autoWorkInterval=interval_ms)
    office.log_on("anna")
    office.call(talk_ms=10_000)
    office.wait(20_000)
    told = [e for e in office.events("AgentWorkingAfterCall", "AgentReady") if e.data.agent_id]
    if not lasts_ms:
        assert office.events("AgentWorkingAfterCall") == []
        return
    office.wait(lasts_ms)
    [work] = office.events("AgentWorkingAfterCall")
    ready = office.events("AgentReady")[-1]
    assert ready.at - work.at == lasts_ms
    assert told[-1] == work


def test_the_queues_own_time_after_calls_stands() -> None:
    office = centre(acd=AcdConfig(queues=(SALES,)))
    office.phone(A, PhoneAct.ANSWERS)
    office.asked("SetAutoWorkMode", device=A, autoWorkOn=True, autoWorkInterval=60_000)
    office.log_on("anna")
    office.call(talk_ms=10_000)
    office.wait(30_000)
    [work] = office.events("AgentWorkingAfterCall")
    assert office.events("AgentReady")[-1].at - work.at == SALES.wrap_up_ms


def test_with_its_routeing_mode_off_a_device_asks_no_router() -> None:
    office = RoutedCentre()
    office.register()
    office.asked("SetRouteingMode", device=MENU, routeingMode=False)
    office.call()
    office.wait(100)
    assert office.questions == []
    assert office.engine.model.calls[office.call_ids()[0]].connections[MENU].state == "connected"
    office.asked("SetRouteingMode", device=MENU, routeingMode=True)
    office.call("+492")
    office.wait(100)
    assert [question.service for question in office.questions] == ["RouteRequest"]


def test_a_router_that_is_told_of_a_phone_which_forwards_to_a_queue_has_routed_well() -> None:
    office = RoutedCentre()
    office.register()
    office.asked("SetForwarding", device=A, activateForward=True, forwardDN="acd:sales")
    office.call()
    office.wait(100)
    office.answer("RouteSelect", routeSelected="1001", routeUsedReq=True)
    office.wait(100)
    services = [question.service for question in office.questions]
    assert services == ["RouteRequest", "RouteUsed", "RouteEnd"]
    assert list(office.engine.acd.calls) == office.call_ids()


def test_a_router_is_asked_again_when_the_phone_takes_no_calls() -> None:
    office = RoutedCentre()
    office.register()
    office.asked("SetDoNotDisturb", device=A, doNotDisturbOn=True)
    office.call()
    office.wait(100)
    office.answer("RouteSelect", routeSelected="1001")
    office.wait(100)
    assert [question.service for question in office.questions] == ["RouteRequest", "ReRoute"]
