"""Requests, from the message that comes to the answer that goes (cti-api §7.6, C1 to C7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from csta.errors import CtiError
from csta.instants import HOUR
from csta.replies import MonitorsResult
from csta.service_request import ServiceRequest
from ctiserver.core.messages import RequestMessage
from ctiserver.core.principals import Principal
from ctiserver.core.wire import encode
from ctiserver.live import commands
from ctiserver.live.idempotency import KeptAnswers
from ctiserver.live.ports import Answered
from tests.live.desk import Desk, call_out
from tests.live.host import SOURCE, decoded, message, principal, world_host

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with world_host() as host:
        yield Desk(host)


async def test_a_granted_request_names_its_call_and_where_in_the_log_it_stands(desk: Desk) -> None:
    answer = await desk.ask(call_out(id="req-7"))
    assert answer["kind"] == "response"
    assert (answer["id"], answer["service"], answer["ok"]) == ("req-7", "MakeCall", True)
    assert answer["result"]["callingDevice"]["deviceID"] == "station:1001"
    assert answer["asOf"]["epoch"] == desk.host.log.epoch
    assert len(answer["asOf"]["sequence"]) == 16
    assert "replayed" not in answer


async def test_events_name_the_request_as_its_client_named_it(desk: Desk) -> None:
    await desk.ask(call_out(id="req-7"))
    originated = await desk.host.event("ServiceInitiated")
    assert b'"correlationid":"req-7"' in encode(originated, desk.host.log.epoch, SOURCE)
    assert originated.principal == "key:test"


async def test_events_that_come_of_a_request_later_too_belong_to_its_trace(desk: Desk) -> None:
    await desk.ask(call_out(id="req-7", traceparent=TRACE))
    for name in ("ServiceInitiated", "Originated"):
        event = await desk.host.event(name)
        written = decoded(encode(event, desk.host.log.epoch, SOURCE))
        assert (written["traceparent"], written["correlationid"]) == (TRACE, "req-7")
        assert written["principal"] == "key:test"


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "00",
        TRACE[:-1],
        TRACE + " 1",
        TRACE.upper(),
        TRACE.replace("00-4", "ff-4"),
        f"00-{0:032}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{0:016}-01",
    ],
)
async def test_a_trace_that_is_none_is_passed_over(desk: Desk, odd: str) -> None:
    answer = await desk.ask(call_out(id="req-7", traceparent=odd))
    assert answer["ok"], answer
    initiated = await desk.host.event("ServiceInitiated")
    assert b"traceparent" not in encode(initiated, desk.host.log.epoch, SOURCE)


async def test_two_clients_may_use_the_same_id_at_once(desk: Desk) -> None:
    await desk.log_on()
    await desk.log_on("bea")
    states = [
        message("SetAgentState", id="1", agentID=agent, requestedAgentState="notReady")
        for agent in ("anna", "bea")
    ]
    answers = await asyncio.gather(
        desk.ask(states[0], "agent:anna", "s-1"), desk.ask(states[1], "agent:bea", "s-2")
    )
    assert [answer["result"]["agentID"] for answer in answers] == ["anna", "bea"]


@pytest.mark.parametrize(
    ("request_", "value", "status"),
    [
        (message("Teleport"), "serviceNotSupported", 501),
        (message("RouteRequest"), "serviceNotSupported", 501),
        (message("HoldCall"), "invalidParameterValue", 400),
        (message("HoldCall", callToBeHeld=3), "invalidParameterValue", 400),
        (call_out(colour="red"), "parameterNotSupported", 422),
        (call_out(id=""), "invalidParameterValue", 400),
        (call_out(id="two words"), "invalidParameterValue", 400),
        (call_out(id="x" * 65), "invalidParameterValue", 400),
        (call_out(idempotency_key="k" * 256), "invalidParameterValue", 400),
        (call_out(deadline="tomorrow"), "invalidParameterValue", 400),
        (call_out(deadline="2026-11-21T23:10:00"), "invalidParameterValue", 400),
        (call_out(wait_for="completed", timeout_ms=30_001), "invalidParameterValue", 400),
        (message("MonitorStart", monitorObject="all"), "requestIncompatibleWithObject", 422),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_a_bad_request_is_refused_and_changes_nothing(
    desk: Desk, request_: RequestMessage, value: str, status: int
) -> None:
    before = desk.host.log.last
    answer = await desk.ask(request_)
    assert not answer["ok"]
    error = answer["error"]
    assert (error["value"], error["status"], error["outcome"]) == (value, status, "notExecuted")
    assert desk.host.log.last == before
    assert desk.gate.refusals == [("key:test", request_.service, value)]


async def test_unsupported_parameters_are_left_out_when_the_client_says_so(desk: Desk) -> None:
    plain = call_out(colour="red", userData="aGk=")
    assert not (await desk.ask(plain))["ok"]
    asked = call_out(colour="red", userData="aGk=", ignore_unsupported_parameters=True)
    assert (await desk.ask(asked))["ok"]
    inside = message(
        "AnswerCall",
        callToBeAnswered={"callID": "c-1", "deviceID": "station:1", "mood": "good"},
        ignore_unsupported_parameters=True,
    )
    assert (await desk.ask(inside))["error"]["value"] == "invalidCallID"


async def test_what_is_forbidden_or_too_often_never_reaches_the_engine(desk: Desk) -> None:
    desk.gate.forbidden.add("MakeCall")
    assert (await desk.ask(call_out()))["error"]["status"] == 403
    desk.gate.forbidden.clear()
    desk.gate.limited.add("key:test")
    assert (await desk.ask(call_out()))["error"]["status"] == 429
    assert desk.host.log.last == 0
    assert [value for _, _, value in desk.gate.refusals] == ["forbidden", "rateLimited"]


async def test_a_request_after_its_deadline_is_not_carried_out(desk: Desk) -> None:
    late = call_out(deadline="2023-11-14T22:13:19Z")  # a second before the centre opens
    answer = await desk.ask(late)
    assert answer["error"]["value"] == "linkTimeout"
    assert answer["error"]["outcome"] == "notExecuted"
    assert desk.host.log.last == 0
    assert (await desk.ask(call_out(deadline="2023-11-14T22:13:20+00:00")))["ok"]


async def test_the_same_key_and_request_give_the_same_answer_byte_for_byte(desk: Desk) -> None:
    first = await desk.desk.carry_out(principal(), call_out(idempotency_key="k1"), None)
    events = desk.host.log.last
    second = await desk.desk.carry_out(
        principal(), call_out(idempotency_key="k1", id="req-2"), None
    )
    expected = first.replace(b'"id":"req-1"', b'"id":"req-2"')
    assert second == expected[:-1] + b',"replayed":true}'
    assert desk.host.log.last == events


async def test_a_key_is_for_one_request_of_one_principal(desk: Desk) -> None:
    await desk.ask(call_out(idempotency_key="k1"))
    other = await desk.ask(call_out("1003", idempotency_key="k1"))
    assert (other["error"]["value"], other["error"]["status"]) == ("idempotencyKeyReused", 422)
    theirs = await desk.ask(
        message("GetAgentState", device="station:1002", idempotency_key="k1"), "key:other"
    )
    assert theirs["error"]["value"] == "invalidDeviceID"


async def test_a_key_is_free_again_after_a_day(desk: Desk) -> None:
    await desk.ask(call_out(idempotency_key="k1"))
    desk.wall += 24 * HOUR
    again = await desk.ask(call_out("1003", idempotency_key="k1"))
    assert "replayed" not in again
    assert again["error"]["value"] != "idempotencyKeyReused"


async def test_a_session_without_keys_is_protected_by_its_request_ids(desk: Desk) -> None:
    first = await desk.ask(call_out(), session="s-1")
    again = await desk.ask(call_out(), session="s-1")
    assert again == {**first, "replayed": True}
    elsewhere = await desk.ask(call_out(), session="s-2")
    assert "replayed" not in elsewhere


async def test_what_may_be_tried_again_is_carried_out_again(desk: Desk) -> None:
    desk.gate.limited.add("key:test")
    await desk.ask(call_out(idempotency_key="k1"))
    desk.gate.limited.clear()
    desk.gate.forbidden.add("MakeCall")
    assert not (await desk.ask(call_out(idempotency_key="k1")))["ok"]
    desk.gate.forbidden.clear()
    answer = await desk.ask(call_out(idempotency_key="k1"))
    assert answer["ok"]
    assert "replayed" not in answer


async def test_a_refusal_by_the_state_is_kept_like_any_answer(desk: Desk) -> None:
    wanted = message("GetAgentState", device="station:1001")
    assert not (await desk.ask(wanted))["ok"]
    ready = message(
        "SetAgentState", agentID="anna", requestedAgentState="ready", idempotency_key="k1"
    )
    first = await desk.ask(ready)
    assert first["error"]["status"] == 409
    await desk.log_on()
    assert await desk.ask(ready) == {**first, "replayed": True}


async def test_an_answer_that_does_not_come_is_unknown_and_nothing_is_done_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "DIAL_MS", 50)
    step: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()

    async def ask(*_asked: object, **_more: object) -> Answered:
        return await step

    really = desk.host.ask
    monkeypatch.setattr(desk.host, "ask", ask)
    answer = await desk.ask(call_out(idempotency_key="k1"))
    assert (answer["error"]["value"], answer["error"]["outcome"]) == ("linkTimeout", "unknown")
    again = await desk.ask(call_out(idempotency_key="k1"))
    assert (again["error"]["value"], again["error"]["retryable"]) == ("requestInProgress", True)
    request = call_out()
    step.set_result(await really("late", "MakeCall", request.params, "key:test"))
    while (late := await desk.ask(call_out(idempotency_key="k1"))).get("error"):
        assert late["error"]["value"] == "requestInProgress"
        await asyncio.sleep(0)
    assert late["replayed"]
    assert late["result"]["callingDevice"]["deviceID"] == "station:1001"


async def test_kept_answers_outlive_the_server(desk: Desk) -> None:
    first = await desk.ask(call_out(idempotency_key="k1"))
    events = desk.host.log.last
    answers = KeptAnswers()
    answers.restore(desk.host.kept["idempotency"].values(), desk.wall)
    desk.desk = desk.make(answers)
    assert await desk.ask(call_out(idempotency_key="k1")) == {**first, "replayed": True}
    assert desk.host.log.last == events


async def test_an_answer_is_safe_together_with_its_step_before_anybody_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: dict[str, bytes] = {}
    really = desk.host.ask

    async def ask(*asked: Any, keep: Any) -> Answered:  # noqa: ANN401 - as the port has it
        await really(*asked, keep=keep)
        rows.update(desk.host.kept["idempotency"])  # what is on the disk when the server dies
        raise OSError

    monkeypatch.setattr(desk.host, "ask", ask)
    lost = await desk.ask(call_out(idempotency_key="k1"))
    assert lost["error"]["outcome"] == "unknown"
    monkeypatch.undo()
    events = desk.host.log.last
    answers = KeptAnswers()
    answers.restore(rows.values(), desk.wall)
    desk.desk = desk.make(answers)
    answer = await desk.ask(call_out(idempotency_key="k1"))
    assert answer["result"]["callingDevice"]["deviceID"] == "station:1001"
    assert answer["replayed"]
    assert desk.host.log.last == events


async def test_a_session_that_has_ended_leaves_no_answers_behind(desk: Desk) -> None:
    await desk.ask(call_out(), session="s-1")
    assert len(desk.host.kept["idempotency"]) == 1
    desk.answers.forget_session("s-1")
    assert not desk.host.kept["idempotency"]


async def test_a_fault_of_ours_says_nothing_of_the_inside(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_who: Principal, _request: ServiceRequest) -> None:
        place = "/srv/secret"
        raise KeyError(place)

    monkeypatch.setattr(desk.gate, "check", check)
    answer = await desk.ask(call_out())
    assert answer["error"]["outcome"] == "unknown"
    assert "secret" not in str(answer)


async def test_of_two_who_race_for_a_call_one_wins(desk: Desk) -> None:
    await desk.log_on()
    link = await desk.ringing()
    answers = await asyncio.gather(
        desk.ask(message("ClearConnection", connectionToBeCleared=link), "key:a"),
        desk.ask(message("AnswerCall", callToBeAnswered=link), "key:b"),
    )
    assert [answer["ok"] for answer in answers] == [True, False]
    assert answers[1]["error"]["status"] in (404, 409)


async def test_events_of_the_log_can_be_asked_for(desk: Desk) -> None:
    await desk.log_on()
    desk.gate.hidden.add("AgentLoggedOn")
    epoch = desk.host.log.epoch
    result = await desk.granted("ReplayEvents", epoch=epoch, after="0", filter={"agent": True})
    assert [event["type"] for event in result["events"]] == [
        "csta.agent.AgentReady.v1",
    ]
    assert result["more"] is False
    gone = await desk.ask(message("ReplayEvents", epoch="01OLD", after="0"))
    assert (gone["error"]["value"], gone["error"]["status"]) == ("epochChanged", 410)
    future = await desk.ask(message("ReplayEvents", epoch=epoch, after="999"))
    assert future["error"]["status"] == 400
    odd = await desk.ask(message("ReplayEvents", epoch=epoch, after="0", filter={"Weather": True}))
    assert "Weather" in odd["error"]["detail"]


async def test_a_replay_fits_into_a_frame_and_goes_on_after_its_last_event(desk: Desk) -> None:
    await desk.log_on()
    for number in range(400):
        state = {"requestedAgentState": "notReady", "reasonCode": f"{number:0>900}"}
        await desk.granted("SetAgentState", agentID="anna", **state)
    told: list[int] = []
    more, pages = True, 0
    while more:
        after = f"{told[-1]:016}" if told else "0"
        asked = message("ReplayEvents", epoch=desk.host.log.epoch, after=after)
        frame = await desk.desk.carry_out(principal(), asked, None)
        assert len(frame) <= 256 * 1024
        result = decoded(frame)["result"]
        told += [int(event["sequence"]) for event in result["events"]]
        more, pages = result["more"], pages + 1
    assert told == list(range(1, desk.host.log.last + 1))
    assert pages > 1


async def test_services_of_a_session_go_to_the_session(desk: Desk) -> None:
    class Sessions:
        async def serve(
            self, session_id: str, _who: Principal, request: ServiceRequest
        ) -> Answered:
            assert type(request).__name__ == "GetMonitors"
            return Answered(MonitorsResult(monitor_cross_ref_ids=(f"m-{session_id}",)), None, 0)

    desk.desk.sessions = Sessions()
    answer = await desk.ask(message("GetMonitors"), session="s-1")
    assert answer["result"] == {"monitorCrossRefIDs": ["m-s-1"]}


async def test_a_snapshot_tells_its_place_in_the_log(desk: Desk) -> None:
    made = await desk.granted(
        "MakeCall",
        callingDevice="station:1001",
        calledDirectoryNumber="1002",
        autoOriginate="doNotPrompt",
    )
    call = {"callID": made["callingDevice"]["callID"]}
    answer = await desk.ask(message("SnapshotCall", snapshotObject=call))
    assert answer["result"]["asOf"] == answer["asOf"]
    assert answer["asOf"]["epoch"]


def test_refusals_that_may_be_tried_again_are_not_kept() -> None:
    error = commands._our_fault()  # noqa: SLF001 - there is no other of this kind
    assert isinstance(error, CtiError)
    assert not commands.may_be_tried_again(error)
