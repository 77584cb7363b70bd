"""Phones' features over HTTP, and after a restart of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from csta.states import AgentState
from ctiserver.core.snapshots import picture_of
from ctiserver.live.recovery import recover
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import Centre
from tests.live.http_centre import Server, http_centre, problem
from tests.live.test_recovery import saved

A, B, PLACE = "station:1001", "station:1002", "park:701"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with http_centre() as centre:
        yield centre


async def test_a_phone_that_is_not_to_be_disturbed_is_shown_as_such_and_refuses_calls(
    server: Server,
) -> None:
    body = {"device": B, "doNotDisturbOn": True}
    set_ = await server.client.post(
        "/services/SetDoNotDisturb", json=body, headers={"Prefer": "wait=5"}
    )
    assert set_.status_code == 200
    shown = (await server.client.get(f"/devices/{B}")).json()
    assert (shown["inService"], shown["doNotDisturbOn"]) == (True, True)
    call = {"callingDevice": A, "calledDirectoryNumber": "1002", "autoOriginate": "doNotPrompt"}
    made = await server.client.post("/services/MakeCall", json=call, headers={"Prefer": "wait=20"})
    assert problem(made) == (503, "resourceBusy", "executed")
    again = await server.client.post("/services/SetDoNotDisturb", json=body)
    assert again.json()["alreadyDone"]


async def test_who_forwards_calls_outside_is_shown_where_to(server: Server) -> None:
    body = {"device": A, "activateForward": True, "forwardDN": "+4930123456"}
    assert (await server.client.post("/services/SetForwarding", json=body)).status_code == 200
    rules = (await server.client.get(f"/devices/{A}")).json()["forwardingList"]
    assert rules == [
        {
            "forwardingType": "forwardImmediate",
            "forwardStatus": True,
            "forwardDN": "number:+4930123456",
        }
    ]


def test_rg_29_features_parked_calls_and_their_agents_are_the_same_after_a_restart(
    tmp_path: Path,
) -> None:
    lines: list[bytes] = []
    centre = Centre(journal=lines.append)
    for phone in (A, B):
        centre.phone(phone, PhoneAct.ANSWERS)
    centre.log_on("anna", "bea")
    centre.call()
    centre.wait(2_000)
    [talk] = centre.engine.model.at_device[A]
    parking = {"callID": talk.key.call_id, "deviceID": A}
    centre.asked("ParkCall", parking=parking, parkTo=PLACE)
    centre.asked("SetDoNotDisturb", device=A, doNotDisturbOn=True)
    centre.asked("SetForwarding", device=B, activateForward=True, forwardDN="acd:sales")
    centre.wait(10_000)
    recovered = recover(saved(tmp_path / "centre.journal", lines))
    assert recovered is not None
    engine = recovered.engine
    assert picture_of(engine) == picture_of(centre.engine)
    assert engine.parking.places() == [PLACE]
    assert engine.parking.deadlines.next_at() == centre.engine.parking.deadlines.next_at()
    anna = engine.directory.agent("anna")
    assert (anna.state, anna.reason, anna.ready_when_back) == (
        AgentState.NOT_READY,
        "do_not_disturb",
        True,
    )
