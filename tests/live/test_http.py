"""The HTTP API, by real requests to a real port (cti-api §7.2, §7.7, §7.8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from tests.live.http_centre import ADMIN, ORIGIN, WALLBOARD, Server, http_centre, problem

MAKE_CALL = {
    "callingDevice": "station:1001",
    "calledDirectoryNumber": "1002",
    "autoOriginate": "doNotPrompt",
}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with http_centre() as centre:
        yield centre


async def log_on(server: Server, agent: str = "anna") -> None:
    for state in ("loggedOn", "ready"):
        body = {"agentID": agent, "requestedAgentState": state}
        response = await server.client.post("/services/SetAgentState", json=body)
        assert response.status_code == 200, response.text


async def test_a_service_is_asked_for_and_answers_with_its_place(server: Server) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"X-Request-ID": "req-7", "traceparent": trace}
    response = await server.client.post("/services/MakeCall", json=MAKE_CALL, headers=headers)
    assert response.status_code == 200
    answer = response.json()
    assert answer["callingDevice"]["deviceID"] == "station:1001"
    assert answer["asOf"]["epoch"] == server.host.log.epoch
    assert response.headers["x-request-id"] == "req-7"
    replayed = (await server.client.get("/events", params={"after": _start(server)})).json()
    assert replayed["events"][0]["correlationid"] == "req-7"
    assert replayed["events"][0]["principal"] == "key:test"
    assert replayed["events"][0]["traceparent"] == trace


async def test_the_same_key_gives_the_same_body_again(server: Server) -> None:
    headers = {"Idempotency-Key": "k1"}
    first, second = [
        await server.client.post("/services/MakeCall", json=MAKE_CALL, headers=headers)
        for _ in range(2)
    ]
    assert second.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    other = {**MAKE_CALL, "calledDirectoryNumber": "1003"}
    reused = await server.client.post("/services/MakeCall", json=other, headers=headers)
    assert problem(reused) == (422, "idempotencyKeyReused", "notExecuted")


async def test_a_client_can_prefer_to_wait(server: Server) -> None:
    await log_on(server)
    body = {"agentID": "anna", "requestedAgentState": "notReady"}
    waited = await server.client.post(
        "/services/SetAgentState", json=body, headers={"Prefer": "wait=5"}
    )
    assert waited.status_code == 200
    late = await server.client.post(
        "/services/MakeCall", json=MAKE_CALL, headers={"Prefer": "respond-async, wait=1"}
    )
    assert problem(late) == (504, "linkTimeout", "unknown")


@pytest.mark.parametrize(
    ("method", "path", "content", "expected"),
    [
        ("POST", "/services/Teleport", b"{}", (501, "serviceNotSupported")),
        ("POST", "/services/MakeCall", b"{}", (400, "invalidParameterValue")),
        ("POST", "/services/MakeCall", b"[1]", (400, "invalidParameterValue")),
        ("POST", "/services/MakeCall", b"\xff{", (400, "invalidParameterValue")),
        ("POST", "/services/MakeCall", b'{"colour":1}', (422, "parameterNotSupported")),
        ("POST", "/services/MonitorStart", b'{"monitorObject":"all"}', (422, None)),
        ("GET", "/services/MakeCall", b"", (405, "requestIncompatibleWithObject")),
        ("GET", "/nowhere", b"", (404, "objectNotKnown")),
        ("GET", "/calls/c-1", b"", (404, "invalidCallID")),
        ("GET", "/agents/nobody", b"", (404, "invalidAgentIdentifier")),
        ("GET", "/devices/station:9999", b"", (404, "invalidDeviceID")),
        ("GET", "/queues/acd:nothing", b"", (404, "invalidDeviceID")),
        ("GET", "/events?after=17", b"", (400, "invalidParameterValue")),
        ("GET", "/events?after=01OLD:0", b"", (410, "epochChanged")),
        ("GET", "/events?limit=0", b"", (400, "invalidParameterValue")),
        ("GET", "/events?limit=many", b"", (400, "invalidParameterValue")),
        ("GET", "/events?filter=Weather", b"", (400, "invalidParameterValue")),
        ("DELETE", "/webhooks/w-1", b"", (404, "objectNotKnown")),
        ("POST", "/webhooks", b'{"url":1}', (400, "invalidParameterValue")),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    server: Server, method: str, path: str, content: bytes, expected: tuple[int, str | None]
) -> None:
    response = await server.client.request(method, path, content=content)
    status, value, outcome = problem(response)
    assert (status, outcome) == (expected[0], "notExecuted")
    assert expected[1] in (value, None)
    assert server.host.log.last == 0


async def test_a_body_that_is_too_long_is_refused(server: Server) -> None:
    response = await server.client.post("/services/MakeCall", content=b" " * 65_537)
    assert problem(response) == (413, "frameTooLarge", "notExecuted")


async def test_nobody_gets_in_without_a_token_that_counts(server: Server) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {ADMIN}"}):
        async with httpx.AsyncClient(base_url=f"{server.url}/cti/v1", headers=headers) as client:
            for method, path in (
                ("POST", "/services/MakeCall"),
                ("GET", "/calls"),
                ("GET", "/events"),
                ("GET", "/events/stream"),
                ("GET", "/webhooks"),
                ("GET", f"/calls?token={ADMIN}"),
            ):
                response = await client.request(method, path)
                assert problem(response)[:2] == (401, "unauthenticated")
                assert response.headers["www-authenticate"].startswith("Bearer")


async def test_pages_of_other_origins_are_not_allowed(server: Server) -> None:
    evil = await server.client.get("/calls", headers={"Origin": "https://evil.example"})
    assert problem(evil)[:2] == (403, "forbidden")
    assert "access-control-allow-origin" not in evil.headers
    ours = await server.client.get("/calls", headers={"Origin": ORIGIN})
    assert ours.status_code == 200
    assert ours.headers["access-control-allow-origin"] == ORIGIN


async def test_every_answer_has_the_security_headers(server: Server) -> None:
    for path in ("/calls", "/nowhere", "/calls/c-1"):
        headers = (await server.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


async def test_a_fault_of_ours_is_a_problem_without_a_word_of_the_inside(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_place: str) -> int:
        place = "/srv/secret"
        raise KeyError(place)

    monkeypatch.setattr(server.reader, "place", broken)
    response = await server.client.get("/events", params={"after": _start(server)})
    assert problem(response) == (500, "resourceOutOfService", "unknown")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_the_state_is_read_with_its_place(server: Server) -> None:
    await log_on(server)
    await server.client.post("/services/MakeCall", json=MAKE_CALL)
    agents = (await server.client.get("/agents")).json()
    assert {agent["id"]: agent["agentState"] for agent in agents["agents"]}["anna"]
    call = (await server.client.get("/calls")).json()["calls"][0]
    one = (await server.client.get(f"/calls/{call['id']}")).json()
    assert one["class"] == "call"
    assert int(one["asOf"]["sequence"]) == server.host.engine.out.sequence
    queue = (await server.client.get("/queues/acd:sales")).json()
    assert (queue["class"], queue["id"]) == ("acd", "acd:sales")
    assert (await server.client.get("/devices/station:1001")).json()["inService"] is True
    assert (await server.client.get("/links/sim1")).json()["class"] == "link"


async def test_what_may_not_be_seen_is_not_there(server: Server) -> None:
    server.gate.hidden.add("anna")
    agents = (await server.client.get("/agents")).json()["agents"]
    assert "anna" not in [agent["id"] for agent in agents]
    hidden = await server.client.get("/agents/anna")
    assert problem(hidden)[:2] == (404, "invalidAgentIdentifier")


async def test_capabilities_are_told(server: Server) -> None:
    told = (await server.client.get("/capabilities")).json()
    assert "MakeCall" in told["supportedServices"]["callControl"]
    assert told["asOf"]["epoch"] == server.host.log.epoch


async def test_events_are_polled_page_by_page_without_a_gap(server: Server) -> None:
    await log_on(server)
    await log_on(server, "bea")
    ids, place, more = [], _start(server), True
    while more:
        page = (await server.client.get("/events", params={"after": place, "limit": 1})).json()
        ids += [event["sequence"] for event in page["events"]]
        place, more = page["next"], page["more"]
    assert [int(each) for each in ids] == list(range(1, server.host.log.last + 1))
    only = {"after": _start(server), "filter": "agent,-AgentLoggedOn"}
    types = [
        event["type"]
        for event in (await server.client.get("/events", params=only)).json()["events"]
    ]
    assert set(types) == {"csta.agent.AgentReady.v1"}


async def test_a_long_poll_waits_for_what_comes(server: Server) -> None:
    polled = asyncio.create_task(
        server.client.get("/events", params={"after": server.place, "wait": 20})
    )
    await asyncio.sleep(0)
    await log_on(server)
    page = (await polled).json()
    assert page["events"][0]["type"] == "csta.agent.AgentLoggedOn.v1"
    nothing = await server.client.get("/events", params={"after": server.place})
    assert nothing.json() == {"events": [], "next": server.place, "more": False}


async def test_a_stream_goes_on_where_its_client_was(server: Server) -> None:
    await log_on(server)
    await log_on(server, "bea")
    first = f"{server.host.log.epoch}:{1:016}"
    seen: list[str] = []
    async with server.client.stream(
        "GET", "/events/stream", headers={"Last-Event-ID": first}
    ) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("id: "):
                seen.append(line.removeprefix("id: "))
            if line.startswith("data: "):
                event = msgspec.json.decode(line.removeprefix("data: "))
                assert event["id"] == seen[-1]
            if seen and seen[-1] == server.place:
                break
    expected = [f"{server.host.log.epoch}:{n:016}" for n in range(2, server.host.log.last + 1)]
    assert seen == expected


async def test_health_is_open_and_says_which_part_is_faulty(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as anybody:
        assert (await anybody.get("/healthz")).json() == {"status": "ok", "parts": {}}
        faults: list[str] = []
        server.health.watch("journal", lambda: faults[-1] if faults else None, needed=True)
        assert (await anybody.get("/healthz")).status_code == 200
        faults.append("disk full at /srv/secret")
        response = await anybody.get("/healthz")
        assert response.status_code == 503
        assert response.json() == {"status": "failed", "parts": {"journal": "faulty"}}
        assert server.health.faults() == {"journal": "disk full at /srv/secret"}


async def test_figures_are_for_this_machine_and_for_administrators(server: Server) -> None:
    await log_on(server)
    async with httpx.AsyncClient(base_url=server.url) as local:
        text = (await local.get("/metrics")).text
        assert 'offhook_requests_total{granted="yes",service="SetAgentState"} 2.0' in text
        assert 'offhook_events_total{type="csta.agent.AgentReady.v1"} 1.0' in text
        assert 'offhook_agents{state="agentReady"} 1.0' in text
        assert 'offhook_waiting{queue="sales"} 0.0' in text
        forwarded = {"X-Forwarded-For": "198.51.100.7"}
        assert problem(await local.get("/metrics", headers=forwarded))[0] == 401
        wall = {**forwarded, "Authorization": f"Bearer {WALLBOARD}"}
        assert problem(await local.get("/metrics", headers=wall))[0] == 403
        admin = {**forwarded, "Authorization": f"Bearer {ADMIN}"}
        assert (await local.get("/metrics", headers=admin)).status_code == 200


async def test_the_documents_of_the_api_are_open(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as anybody:
        assert (await anybody.get("/cti/v1/openapi.json")).json() == {"openapi": "3.1.0"}


def _start(server: Server) -> str:
    return f"{server.host.log.epoch}:{0:016}"
