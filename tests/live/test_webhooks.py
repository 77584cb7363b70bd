"""Web-hooks, delivered to a real HTTP server (cti-api §7.2, last paragraph)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from csta.errors import CtiError
from csta.instants import DAY
from ctiserver.live.http_server import HttpServer
from ctiserver.live.webhook_delivery import Pace
from ctiserver.live.webhook_targets import Targets
from tests.live.host import LIMIT_S, world_host
from tests.live.http_centre import PACE, WALLBOARD, Server, http_centre, problem, served

SECRET = "a secret of enough characters"  # noqa: S105 - a test's
LOOPBACK = ("127.0.0.0/8",)


class Receiver:
    """Somebody's program that takes events; `answers` decides the status of each post."""

    def __init__(self) -> None:
        """Take everything."""
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[dict[str, Any]] = []
        self.answers: Callable[[dict[str, Any]], int] = lambda _event: 200
        self.open: dict[str, int] = {}
        self.most_open: dict[str, int] = {}
        self.changed = asyncio.Event()
        self._server = HttpServer(self)
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        host, port = await self._server.start()
        self.url = f"http://{host}:{port}/events"

    async def stop(self) -> None:
        """Stop."""
        await self._server.stop()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Take a post."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.posts.append((headers, body))
        event = msgspec.json.decode(body)
        key = event["partitionkey"]
        self.open[key] = self.open.get(key, 0) + 1
        self.most_open[key] = max(self.most_open.get(key, 0), self.open[key])
        await asyncio.sleep(0)
        status = self.answers(event)
        if status == 200:
            self.taken.append(event)
        self.open[key] -= 1
        self.changed.set()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def sequences(self) -> list[int]:
        """Give the sequences of what was taken, in order."""
        return [int(event["sequence"]) for event in self.taken]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    somebody = Receiver()
    await somebody.start()
    yield somebody
    await somebody.stop()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with http_centre(allowed=LOOPBACK) as centre:
        yield centre


async def add_hook(server: Server, url: str, **more: Any) -> dict[str, Any]:
    body = {"url": url, "secret": SECRET, **more}
    response = await server.client.post("/webhooks", json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/cti/v1/webhooks/{made['id']}"
    return made


async def set_agents(server: Server, *states: str) -> None:
    for agent in ("anna", "bea"):
        for state in states:
            body = {"agentID": agent, "requestedAgentState": state}
            assert (await server.client.post("/services/SetAgentState", json=body)).is_success


async def test_events_are_posted_signed_and_as_they_are_in_the_log(
    server: Server, receiver: Receiver
) -> None:
    hook = await add_hook(server, receiver.url, filter={"agent": True})
    after = server.host.log.last
    await set_agents(server, "loggedOn", "ready")
    await receiver.until(lambda: len(receiver.taken) == 4)
    logged = {each.sequence: each.envelope for each in server.host.log.recent(after)}
    for headers, body in receiver.posts:
        assert body == logged[int(headers["webhook-id"])]
        assert headers["content-type"] == "application/cloudevents+json"
        signed = headers["webhook-timestamp"].encode() + b"." + body
        digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert headers["webhook-signature"] == f"v1={digest}"
    shown = (await server.client.get(f"/webhooks/{hook['id']}")).json()
    assert shown["url"] == receiver.url
    assert "secret" not in shown


async def test_events_of_one_key_come_in_order_and_one_at_a_time_whatever_fails(
    server: Server, receiver: Receiver
) -> None:
    failures = iter([503, 500, 200, 429, 200, 503] + [200] * 100)
    receiver.answers = lambda _event: next(failures)
    await add_hook(server, receiver.url, filter={"agent": True})
    await set_agents(server, "loggedOn", "ready", "notReady", "ready")
    await receiver.until(lambda: len(receiver.taken) == 8)
    for key in ("anna", "bea"):
        mine = [int(each["sequence"]) for each in receiver.taken if each["partitionkey"] == key]
        assert mine == sorted(set(mine))
        assert receiver.most_open[key] == 1


async def test_a_key_that_waits_does_not_hold_up_the_others(
    server: Server, receiver: Receiver
) -> None:
    receiver.answers = lambda event: 503 if event["partitionkey"] == "anna" else 200
    await add_hook(server, receiver.url, filter={"agent": True})
    await set_agents(server, "loggedOn", "ready")
    await receiver.until(lambda: len(receiver.taken) == 2)
    assert {event["partitionkey"] for event in receiver.taken} == {"bea"}
    receiver.answers = lambda _event: 200
    await receiver.until(lambda: len(receiver.taken) == 4)


async def test_a_restart_goes_on_where_the_hook_was(receiver: Receiver) -> None:
    async with world_host() as host:
        receiver.answers = lambda event: 200 if "LoggedOn" in event["type"] else 503
        async with served(host, allowed=LOOPBACK) as server:
            await add_hook(server, receiver.url, filter={"agent": True})
            await set_agents(server, "loggedOn")
            await receiver.until(lambda: len(receiver.taken) == 2)
            await set_agents(server, "ready")
            await receiver.until(lambda: len(receiver.posts) > 3)
        receiver.answers = lambda _event: 200
        async with served(host, allowed=LOOPBACK) as server:
            await set_agents(server, "notReady")
            await receiver.until(lambda: len(set(receiver.sequences())) == 6)
        for key in {event["partitionkey"] for event in receiver.taken}:
            of_one = [event["sequence"] for event in receiver.taken if event["partitionkey"] == key]
            assert of_one == sorted(of_one), key


async def test_a_hook_that_nobody_takes_is_suspended_after_a_day_and_an_event_tells(
    server: Server, receiver: Receiver
) -> None:
    def fails(_event: dict[str, Any]) -> int:
        server.wall += DAY
        return 503

    receiver.answers = fails
    server.hooks._pace = Pace(first_ms=5, longest_ms=5)  # noqa: SLF001 - else it takes a day
    hook = await add_hook(server, receiver.url, filter={"agent": True})
    await set_agents(server, "loggedOn")
    told = (await server.host.event("WebhookSuspended")).data
    assert told.webhook_id == hook["id"]
    assert "503" in told.reason
    shown = (await server.client.get("/webhooks")).json()["webhooks"][0]
    assert shown["suspended"] is True
    assert shown["takenUpTo"] == told.taken_up_to


async def test_a_hook_that_is_gone_is_suspended_at_once(server: Server, receiver: Receiver) -> None:
    receiver.answers = lambda _event: 410
    await add_hook(server, receiver.url)
    await set_agents(server, "loggedOn")
    assert "410" in (await server.host.event("WebhookSuspended")).data.reason
    assert len(receiver.posts) <= 2


async def test_a_hook_can_be_removed(server: Server, receiver: Receiver) -> None:
    hook = await add_hook(server, receiver.url, filter={"agent": True})
    assert (await server.client.delete(f"/webhooks/{hook['id']}")).status_code == 204
    gone = await server.client.get(f"/webhooks/{hook['id']}")
    assert problem(gone)[:2] == (404, "objectNotKnown")
    assert not server.host.kept["webhooks"]
    await set_agents(server, "loggedOn")
    other = await add_hook(server, receiver.url, filter={"agent": True})
    await set_agents(server, "ready")
    await receiver.until(lambda: bool(receiver.taken))
    assert {event["type"] for event in receiver.taken} == {"csta.agent.AgentReady.v1"}
    assert other["id"] != hook["id"]


async def test_only_administrators_have_hooks(server: Server, receiver: Receiver) -> None:
    async with server.as_who(WALLBOARD) as wall:
        body = {"url": receiver.url, "secret": SECRET}
        assert problem(await wall.post("/webhooks", json=body))[:2] == (403, "forbidden")
        assert problem(await wall.get("/webhooks"))[:2] == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://127.0.0.1/", "secret": SECRET},
        {"url": "http:///events", "secret": SECRET},
        {"url": "http://user:word@127.0.0.1/", "secret": SECRET},
        {"url": "http://127.0.0.1:99999/", "secret": SECRET},
        {"url": "http://127.0.0.1/a b", "secret": SECRET},
        {"url": "http://10.0.0.1/", "secret": SECRET},
        {"url": "http://169.254.169.254/latest", "secret": SECRET},
        {"url": "http://[::1]/", "secret": SECRET},
        {"url": "http://[::ffff:10.0.0.1]/", "secret": SECRET},
        {"url": "http://127.0.0.1/", "secret": "short"},
        {"url": "http://127.0.0.1/", "secret": SECRET, "filter": {"Weather": True}},
    ],
)
async def test_a_hook_into_our_own_network_or_without_a_right_url_is_refused(
    server: Server, body: dict[str, Any]
) -> None:
    assert problem(await server.client.post("/webhooks", json=body))[:2] == (
        400,
        "invalidParameterValue",
    )
    assert (await server.client.get("/webhooks")).json() == {"webhooks": []}


async def test_a_name_that_leads_home_is_refused_unless_it_is_configured() -> None:
    with pytest.raises(CtiError, match="private"):
        await Targets().find("http://localhost:8080/x?y=1")
    there = await Targets(("127.0.0.0/8", "::1/128")).find("http://localhost:8080/x?y=1")
    assert there.url in ("http://127.0.0.1:8080/x?y=1", "http://[::1]:8080/x?y=1")
    assert (there.host_header, there.server_name) == ("localhost:8080", "localhost")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07::1", True),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104 - an address that is refused
        ("224.0.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:192.168.0.1", False),
    ],
)
def test_only_public_addresses_are_called(address: str, *, public: bool) -> None:
    assert Targets().may_call(ipaddress.ip_address(address)) is public


def test_the_usual_pace_gives_up_after_a_day() -> None:
    assert Pace().give_up_ms == DAY
    assert PACE.longest_ms < Pace().longest_ms
