"""Routers in sessions and behind web-hooks, with a real HTTP server at the other end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from csta.errors import CtiError
from ctiserver.core.messages import ClientResponse, ServerRequest
from ctiserver.live.routers import RouterHook, Routers
from tests.ctiserver.centre import BUSY_NUMBER
from tests.ctiserver.routed_centre import MENU, routed_plan
from tests.live.host import LIMIT_S, WorldHost, world_host

Respond = Callable[[dict[str, Any]], Awaitable[tuple[int, bytes]]]


class Router:
    """A web server that is asked for routes, and remembers what it was sent."""

    def __init__(self, respond: Respond) -> None:
        """Answer each POST with the status and the body that `respond` gives."""
        self.asked: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self._respond = respond

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, and answer it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        lower = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(lower["content-length"]))
        self.bodies.append(body)
        self.headers.append(lower)
        asked = json.loads(body)
        self.asked.append(asked)
        status, answer = await self._respond(asked)
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n" % (status, len(answer)))
        writer.write(b"Connection: close\r\n\r\n" + answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def router_at_web(respond: Respond) -> AsyncIterator[Router]:
    """Run such a server on loopback while the block runs."""
    router = Router(respond)
    server = await asyncio.start_server(router.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        router.url = f"http://127.0.0.1:{port}/route"
        yield router


class Sessions:
    """Sessions that keep what they are asked."""

    def __init__(self) -> None:
        """Nobody has been asked."""
        self.asked: asyncio.Queue[tuple[str, ServerRequest]] = asyncio.Queue()

    def ask(self, session_id: str, request: ServerRequest) -> None:
        """Take what a session is asked."""
        self.asked.put_nowait((session_id, request))

    async def next(self, service: str) -> tuple[str, ServerRequest]:
        """Wait until a session is asked for this service."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                session_id, request = await self.asked.get()
                if request.service == service:
                    return session_id, request


@asynccontextmanager
async def routed_host() -> AsyncIterator[tuple[WorldHost, Routers, Sessions]]:
    """Run a centre with a routeing device, and its routers."""
    sessions = Sessions()
    plan = routed_plan()
    engine = msgspec.structs.replace(plan.engine, route_ms_max=400)
    async with (
        httpx.AsyncClient() as client,
        world_host(msgspec.structs.replace(plan, engine=engine)) as host,
    ):
        routers = Routers(host, sessions.ask, client)
        host.world.routers.append(routers.ask)
        try:
            yield host, routers, sessions
        finally:
            await routers.stop()


def _select(target: str, **more: object) -> tuple[int, bytes]:
    params = {"routeSelected": target} | more
    return 200, json.dumps({"service": "RouteSelect", "params": params}).encode()


async def _register(host: WorldHost, session_id: str) -> None:
    asked = {"routeingDevice": MENU}
    answered = await host.ask("reg", "RouteRegister", asked, "router:r", session_id)
    assert answered.error is None


async def test_a_session_is_asked_and_its_answer_sends_the_call() -> None:
    async with routed_host() as (host, routers, sessions):
        await _register(host, "s-1")
        host.call_in()
        session_id, request = await sessions.next("RouteRequest")
        params = json.loads(bytes(request.params))
        assert (session_id, request.reply_timeout_ms) == ("s-1", 400)
        assert (params["routeingDevice"], params["replyTimeout"]) == (MENU, 400)
        assert "service" not in params
        answer = ClientResponse(
            id=request.id,
            service="RouteSelect",
            params={
                "routeingCrossRefID": params["routeingCrossRefID"],
                "routeSelected": "acd:sales",
                "routeUsedReq": True,
            },
        )
        routers.answered("router:r", session_id, answer)
        await host.event("Queued")
        used = json.loads(bytes((await sessions.next("RouteUsed"))[1].params))
        assert used["routeUsed"] == {"deviceIdentifier": "acd:sales"}
        _, end = await sessions.next("RouteEnd")
        assert end.reply_timeout_ms is None


async def test_which_dialogue_an_answer_means_its_id_tells_too() -> None:
    async with routed_host() as (host, routers, sessions):
        await _register(host, "s-1")
        host.call_in()
        session_id, request = await sessions.next("RouteRequest")
        stranger = ClientResponse(
            id=request.id, service="RouteSelect", params={"routeSelected": "acd:nobody"}
        )
        routers.answered("router:other", session_id, stranger)
        routers.answered("router:r", session_id, ClientResponse(id=request.id, service="MakeCall"))
        answer = msgspec.structs.replace(stranger, params={"routeSelected": "acd:sales"})
        routers.answered("router:r", session_id, answer)
        await host.event("Queued")
        assert (await host.event("RouteEnd")).data.error_value is None


async def test_a_session_that_ends_is_asked_no_more() -> None:
    async with routed_host() as (host, routers, sessions):
        await _register(host, "s-1")
        routers.session_ended("s-1")
        await host.event("RouteRegisterAbort")
        host.call_in()
        await host.event("Play")
        assert sessions.asked.empty()


async def test_what_was_asked_before_a_restart_is_asked_once_more() -> None:
    async with routed_host() as (host, routers, sessions):
        await _register(host, "s-1")
        host.call_in()
        _, first = await sessions.next("RouteRequest")
        routers.start()
        _, again = await sessions.next("RouteRequest")
        assert again.params == first.params


async def test_a_web_hook_answers_in_its_body_and_what_it_is_sent_is_signed() -> None:
    async def respond(asked: dict[str, Any]) -> tuple[int, bytes]:
        return _select("acd:sales") if asked["service"] == "RouteRequest" else (204, b"")

    async with routed_host() as (host, routers, _), router_at_web(respond) as web:
        hook = RouterHook(hook_id="h1", routeing_device=MENU, url=web.url, secret="s3cret")  # noqa: S106 - of a test
        register_id = await routers.add_hook(hook)
        assert await routers.add_hook(hook) == register_id
        assert "s3cret" not in repr(hook)
        host.call_in()
        await host.event("Queued")
        assert web.asked[0]["kind"] == "serverRequest"
        assert web.asked[0]["params"]["routeRegisterReqID"] == register_id
        headers = web.headers[0]
        signed = headers["webhook-timestamp"].encode() + b"." + web.bodies[0]
        digest = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
        assert headers["webhook-signature"] == f"v1={digest}"


async def test_a_web_hook_is_asked_again_when_its_route_fails() -> None:
    async def respond(asked: dict[str, Any]) -> tuple[int, bytes]:
        first = asked["service"] == "RouteRequest"
        return _select(BUSY_NUMBER if first else "acd:sales")

    async with routed_host() as (host, routers, _), router_at_web(respond) as web:
        await routers.add_hook(RouterHook(hook_id="h", routeing_device=MENU, url=web.url))
        host.call_in()
        await host.event("Queued")
        assert [asked["service"] for asked in web.asked][:2] == ["RouteRequest", "ReRoute"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (302, b""),
        (200, b"no JSON"),
        (200, b'{"service":"MakeCall"}'),
        (200, b'{"service":"RouteReject","params":{}}'),
        (200, b" " * 70_000),
    ],
    ids=["error", "redirect", "no JSON", "no answer", "reject", "too long"],
)
async def test_a_web_hook_without_an_answer_has_rejected(status: int, body: bytes) -> None:
    async def respond(_asked: dict[str, Any]) -> tuple[int, bytes]:
        return status, body

    async with routed_host() as (host, routers, _), router_at_web(respond) as web:
        await routers.add_hook(RouterHook(hook_id="h", routeing_device=MENU, url=web.url))
        host.call_in()
        assert (await host.event("RouteEnd")).data.error_value is None
        await host.event("Play")


async def test_a_web_hook_that_nobody_serves_has_rejected() -> None:
    async with routed_host() as (host, routers, _):
        server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        url = f"http://127.0.0.1:{port}/"
        await routers.add_hook(RouterHook(hook_id="h", routeing_device=MENU, url=url))
        host.call_in()
        assert (await host.event("RouteEnd")).data.error_value is None


async def test_a_web_hook_that_is_slow_is_not_waited_for() -> None:
    done = asyncio.Event()

    async def respond(_asked: dict[str, Any]) -> tuple[int, bytes]:
        await done.wait()
        return _select("acd:sales")

    async with routed_host() as (host, routers, _), router_at_web(respond) as web:
        await routers.add_hook(RouterHook(hook_id="h", routeing_device=MENU, url=web.url))
        host.call_in()
        ended = await host.event("RouteEnd")
        assert ended.data.error_value == "routeingTimerExpired"
        await host.event("Play")
        done.set()


async def test_a_web_hook_that_is_removed_is_asked_no_more() -> None:
    async def respond(_asked: dict[str, Any]) -> tuple[int, bytes]:
        return _select("acd:sales")

    async with routed_host() as (host, routers, _), router_at_web(respond) as web:
        await routers.add_hook(RouterHook(hook_id="h", routeing_device=MENU, url=web.url))
        routers.remove_hook("h")
        await host.event("RouteRegisterAbort")
        routers.remove_hook("h")
        host.call_in()
        await host.event("Play")
        assert web.asked == []


async def test_a_web_hook_for_a_device_that_is_not_there_is_refused() -> None:
    async with routed_host() as (_, routers, _sessions):
        nowhere = RouterHook(hook_id="h", routeing_device="routeing:no", url="http://[::1]:1/")
        with pytest.raises(CtiError, match="no routeing device"):
            await routers.add_hook(nowhere)
