"""A server with all its doors, and the ways in which clients ask for services by each of them.

The centre behind is in simulated time, which a test lets pass; the doors are the server's own parts
with real sockets: HTTP, WebSocket, ZeroMQ, and MQTT when there is a broker.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Generic, TypeVar

import httpx
import msgspec
import zmq.asyncio
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ctiserver.core.outbox import Reply
from ctiserver.live.mqtt_bridge import MqttBridge
from ctiserver.live.mqtt_requests import MqttRequests
from ctiserver.live.routers import RouterHook, Routers
from ctiserver.live.zmq_door import ZmqDoor
from ctiserver.live.zmq_events import ZmqEvents
from ctiserver.live.zmq_server import ZmqSessions
from tests.ctiserver.centre import Centre
from tests.live.brokers import Mosquitto
from tests.live.event_streams import (
    MqttStream,
    PollStream,
    SseStream,
    Stream,
    XpubStream,
)
from tests.live.host import LIMIT_S, WorldHost
from tests.live.http_centre import ADMIN, TLS, Server, Tokens, served
from tests.live.session_streams import DealerStream, SessionStream, WebSocketStream
from tests.live.test_routers import router_at_web
from tests.live.zmq_clients import ANYWHERE, ROOT

S = TypeVar("S", bound=Stream, covariant=True)

_USER = "integration"
"""The user of the broker whose clients ask and read."""


class HandHost(WorldHost):
    """The port, over a centre in simulated time: a test lets it pass."""

    def __init__(self, centre: Centre) -> None:
        """Listen to a centre in which nothing has happened yet."""
        assert centre.log == [], "what has happened before would be missing in the log"
        super().__init__(centre.world)  # type: ignore[arg-type] # `act` is all that a world has not

    def _reply(self, reply: Reply) -> None:
        """Bring an answer to who has asked by a door; the crew asks the engine itself."""
        if reply.request_id in self._asked:
            super()._reply(reply)


class Doors:
    """A server with all its doors, and what a client needs to come in by each."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        """Open nothing yet."""
        self.server = server
        self.host = server.host
        self.context = zmq.asyncio.Context()
        self.requests_at = self.events_at = ""
        self.broker: Mosquitto | None = None
        self.asking = httpx.AsyncClient(trust_env=False, verify=TLS)
        self.routers = Routers(self.host, server.desk.ask_session, self.asking)
        self.stack = stack

    @property
    def epoch(self) -> str:
        """The log's epoch."""
        return self.host.log.epoch

    async def open(self, broker: Mosquitto | None) -> None:
        """Open ZeroMQ, routeing, and MQTT if there is a broker."""
        server, host, stack = self.server, self.host, self.stack
        stack.callback(self.context.destroy, linger=0)
        stack.push_async_callback(self.asking.aclose)
        host.world.routers.append(self.routers.ask)
        server.desk.on_answer = self.routers.answered
        stack.push_async_callback(self.routers.stop)
        door = ZmqDoor(ZmqSessions(server.desk), ZmqEvents(host.log, server.gate))
        self.requests_at, self.events_at = await door.start(ANYWHERE, ANYWHERE)
        stack.push_async_callback(door.stop)
        if broker is not None:
            self.broker = broker
            requests = MqttRequests(server.commands, host.log, Tokens())
            bridge = MqttBridge(host, server.gate, requests, broker.broker)
            bridge.start(b'{"epoch":"%s","sequence":0}' % self.epoch.encode())
            stack.push_async_callback(bridge.stop)

    def streams(self) -> list[Stream]:
        """Make a client of each event stream."""
        client = self.server.client
        made: list[Stream] = [
            PollStream(client, self.epoch),
            SseStream(client, self.epoch),
            WebSocketStream(self.server.ws),
            DealerStream(self.context, self.requests_at),
            XpubStream(self.context, self.events_at, self.epoch, client),
        ]
        if self.broker is not None:
            made.append(MqttStream(self.broker, self.epoch, client))
        return made


@asynccontextmanager
async def opened(centre: Centre, broker: Mosquitto | None = None) -> AsyncIterator[Doors]:
    """Serve a centre by all its doors while the block runs."""
    async with served(HandHost(centre)) as server, AsyncExitStack() as stack:
        doors = Doors(server, stack)
        await doors.open(broker)
        yield doors


# Ways to ask.


class Way(ABC, Generic[S]):
    """How one client asks for services, and by which stream it hears of what comes of them."""

    name: str

    def __init__(self, doors: Doors, stream: S) -> None:
        """Come in by one of the doors."""
        self.doors = doors
        self.stream = stream
        self.same: dict[bytes, bytes] = {}
        """What stands in this way's events where another's say something else."""
        self._of_router: SessionStream | None = None

    @abstractmethod
    async def ask(
        self, service: str, params: dict[str, Any], request_id: str, key: str | None = None
    ) -> dict[str, Any]:
        """Ask; `key` is an idempotency key. Gives the response as HTTP has it: with `asOf`."""

    async def ask_as_router(self, service: str, params: dict[str, Any], request_id: str) -> str:
        """Ask in a router's session; gives the id by which events name the request."""
        router = await self._router()
        if service == "RouteSelect":
            await router.question()
        answer = await router.ask(service, params, request_id)
        assert answer["ok"], answer
        return request_id

    async def _router(self) -> SessionStream:
        """Give the session of the router, which is begun when it is first needed."""
        if self._of_router is None:
            self._of_router = self._new_router()
        return self._of_router

    def _new_router(self) -> SessionStream:
        """Make a client with a session of its own; over WebSocket where there is no other way."""
        return WebSocketStream(self.doors.server.ws, monitors=False)

    async def close(self) -> None:
        """Let go of what was opened for asking."""
        if self._of_router is not None:
            await self._of_router.close()


def _flat(answer: dict[str, Any]) -> dict[str, Any]:
    """Write a response frame as HTTP has it."""
    assert answer["ok"], answer
    replayed = {"replayed": True} if answer.get("replayed") else {}
    flat: dict[str, Any] = answer["result"] | {"asOf": answer["asOf"]} | replayed
    return flat


class HttpWay(Way[PollStream]):
    """POST, long poll, and web-hooks for what the server asks."""

    name = "HTTP"

    async def ask(
        self, service: str, params: dict[str, Any], request_id: str, key: str | None = None
    ) -> dict[str, Any]:
        """Post a request."""
        headers = {"X-Request-ID": request_id} | ({"Idempotency-Key": key} if key else {})
        client = self.doors.server.client
        response = await client.post(f"/services/{service}", json=params, headers=headers)
        assert response.status_code == 200, response.text
        read: dict[str, Any] = response.json()
        replayed = response.headers.get("Idempotency-Replayed") == "true"
        return read | ({"replayed": True} if replayed else {})

    async def ask_as_router(self, service: str, params: dict[str, Any], request_id: str) -> str:
        """Register a web-hook; later let it answer what it is asked."""
        routers, loop = self.doors.routers, asyncio.get_running_loop()
        if service == "RouteRegister":
            self._asked: asyncio.Future[dict[str, Any]] = loop.create_future()
            self._selected: asyncio.Future[dict[str, Any]] = loop.create_future()
            web = await self.doors.stack.enter_async_context(router_at_web(self._respond))
            device = params["routeingDevice"]
            hook = RouterHook(hook_id="router", routeing_device=device, url=web.url)
            await routers.add_hook(hook)
            return "webhook:router/register"
        asked = await asyncio.wait_for(self._asked, LIMIT_S)
        self._selected.set_result({"service": service, "params": params})
        await self.doors.host.event("RouteEnd")
        caused_by = f"webhook:router/{asked['id']}/{service}"
        self.same[f'"correlationid":"{caused_by}"'.encode()] = (
            f'"correlationid":"{request_id}"'.encode()
        )
        self.same[b'"principal":"webhook:router"'] = b'"principal":"key:test"'
        return caused_by

    async def _respond(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        if asked["service"] != "RouteRequest":
            return 204, b""
        self._asked.set_result(asked)
        return 200, msgspec.json.encode(await self._selected)


class SessionWay(Way[SessionStream]):
    """Requests and events in one session; a router has one of its own, of the same kind."""

    async def ask(
        self, service: str, params: dict[str, Any], request_id: str, key: str | None = None
    ) -> dict[str, Any]:
        """Ask in the session."""
        return _flat(await self.stream.ask(service, params, request_id, key))


class WebSocketWay(SessionWay):
    """A session over WebSocket."""

    name = "WebSocket"


class DealerWay(SessionWay):
    """A session over ZeroMQ."""

    name = "ZeroMQ"

    def _new_router(self) -> SessionStream:
        return DealerStream(self.doors.context, self.doors.requests_at, monitors=False)


class MqttWay(Way[MqttStream]):
    """Requests and answers through the broker; a router is asked over WebSocket (§7.2)."""

    name = "MQTT"

    async def ask(
        self, service: str, params: dict[str, Any], request_id: str, key: str | None = None
    ) -> dict[str, Any]:
        """Publish a request, and wait for what is published in answer."""
        broker = self.doors.broker
        assert broker is not None
        answers = f"{ROOT}/rsp/{_USER}/{request_id}"
        given = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho has few types
        given.ResponseTopic = answers
        given.CorrelationData = request_id.encode()
        given.UserProperty = [("token", ADMIN)]
        asked = {"kind": "request", "id": request_id, "service": service, "params": params}
        body = msgspec.json.encode(asked | ({"idempotencyKey": key} if key else {}))
        async with asyncio.timeout(LIMIT_S), broker.client(_USER) as client:
            await client.subscribe(answers, qos=1)
            await client.publish(f"{ROOT}/req/{_USER}", body, qos=1, properties=given)
            message = await anext(aiter(client.messages))
        assert getattr(message.properties, "CorrelationData", b"") == request_id.encode()
        return _flat(msgspec.json.decode(bytes(message.payload)))


_WAYS: dict[type[Stream], type[Way[Any]]] = {
    PollStream: HttpWay,
    WebSocketStream: WebSocketWay,
    DealerStream: DealerWay,
    MqttStream: MqttWay,
}
WAYS = tuple(way.name for way in _WAYS.values())


def ways_of(doors: Doors, streams: list[Stream]) -> dict[str, Way[Any]]:
    """Give the ways to ask, each with the stream of its own transport, by their names."""
    kinds = [(_WAYS[type(stream)], stream) for stream in streams if type(stream) in _WAYS]
    return {kind.name: kind(doors, stream) for kind, stream in kinds}
