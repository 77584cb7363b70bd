"""Responses that wait until the service is complete (cti-api §7.6, C1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from csta.event_types import EVENTS
from csta.ids import CallId
from csta.services import SERVICES
from ctiserver.live.completion import COMPLETES, call_of
from ctiserver.live.request_reading import read_request
from tests.ctiserver.centre import BUSY_NUMBER
from tests.live.desk import Desk, call_out
from tests.live.host import message, world_host


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with world_host() as host:
        yield Desk(host)


async def test_a_response_can_wait_for_the_service_to_be_complete(desk: Desk) -> None:
    await desk.log_on()
    link = await desk.ringing()
    answer = await desk.ask(message("AnswerCall", callToBeAnswered=link, wait_for="completed"))
    assert answer["ok"], answer
    established = await desk.host.event("Established")
    assert int(answer["asOf"]["sequence"]) >= established.sequence


async def test_an_agent_who_is_in_the_state_at_once_is_complete_at_once(desk: Desk) -> None:
    await desk.log_on()
    asked = message(
        "SetAgentState", agentID="anna", requestedAgentState="notReady", wait_for="completed"
    )
    assert (await desk.ask(asked))["ok"]


async def test_a_service_that_fails_after_it_was_accepted_says_so(desk: Desk) -> None:
    answer = await desk.ask(call_out(BUSY_NUMBER, wait_for="completed", timeout_ms=20_000))
    assert (answer["error"]["value"], answer["error"]["outcome"]) == ("resourceBusy", "executed")
    assert "busy" in answer["error"]["detail"]


async def test_a_service_that_takes_longer_than_the_client_waits_is_unknown(desk: Desk) -> None:
    asked = call_out(wait_for="completed", timeout_ms=50, idempotency_key="k1")
    answer = await desk.ask(asked)
    assert (answer["error"]["value"], answer["error"]["outcome"]) == ("linkTimeout", "unknown")
    again = await desk.ask(asked)
    assert again["ok"], "the key's answer is that it was accepted"
    assert again["replayed"]


async def test_a_call_is_complete_when_the_other_side_answers(desk: Desk) -> None:
    asked = asyncio.create_task(desk.ask(call_out(wait_for="completed")))
    rings = await desk.host.event("Delivered")
    link = {"callID": rings.data.call_id, "deviceID": "station:1002"}
    assert (await desk.ask(message("AnswerCall", id="a", callToBeAnswered=link)))["ok"]
    answer = await asked
    assert answer["ok"], answer
    assert answer["result"]["callingDevice"]["callID"] == rings.data.call_id


async def test_a_state_that_comes_after_the_call_is_waited_for(desk: Desk) -> None:
    await desk.log_on()
    link = await desk.ringing()
    await desk.granted("AnswerCall", callToBeAnswered=link)
    await desk.host.event("Established")
    state = {"agentID": "anna", "requestedAgentState": "notReady"}
    asked = asyncio.create_task(
        desk.ask(message("SetAgentState", wait_for="completed", timeout_ms=20_000, **state))
    )
    await asyncio.sleep(0)
    await desk.granted("ClearConnection", connectionToBeCleared=link)
    answer = await asked
    assert answer["ok"], answer
    told = await desk.host.event("AgentNotReady")
    assert int(answer["asOf"]["sequence"]) >= told.sequence


def test_the_table_names_services_and_events_that_there_are() -> None:
    assert set(COMPLETES) <= set(SERVICES.values())
    assert {event for events in COMPLETES.values() for event in events} <= set(EVENTS)


@pytest.mark.parametrize(
    ("service", "params", "call_id"),
    [
        ("HoldCall", {"callToBeHeld": {"callID": "c-1", "deviceID": "station:1"}}, "c-1"),
        ("ClearCall", {"callToBeCleared": {"callID": "c-2"}}, "c-2"),
        ("StopCallRecording", {"callID": "c-3"}, "c-3"),
        ("GetMonitors", {}, None),
    ],
)
def test_a_request_tells_which_call_it_is_about(
    service: str, params: dict[str, Any], call_id: CallId | None
) -> None:
    request, _ = read_request(message(service, **params))
    assert call_of(request) == call_id
