"""ZeroMQ endpoints to be tested, and clients of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

from csta.errors import CtiError, ErrorCategory, ErrorValue
from ctiserver.core.principals import SCOPES_OF, Principal, Role
from ctiserver.live.zmq_auth import CurveKeys, new_curve_keys
from ctiserver.live.zmq_door import ZmqDoor
from ctiserver.live.zmq_events import ZmqEvents
from ctiserver.live.zmq_server import ZmqSessions
from tests.live.host import LIMIT_S, WorldHost, world_host
from tests.live.line_clients import Server, wall_clock
from tests.live.torrent import Torrent

ANYWHERE = "tcp://127.0.0.1:*"
ROOT = "cti/v1/default"
ALL_FAILED = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


class Keys:
    """The public keys that are listed, and whose they are."""

    def __init__(self) -> None:
        """List nobody."""
        self.listed: dict[str, Principal] = {}

    def of_curve_key(self, public: str) -> Principal | None:
        return self.listed.get(public)

    def let_in(self, name: str, role: Role) -> CurveKeys:
        """Make a pair of keys for a client, and list it."""
        pair = new_curve_keys()
        self.listed[pair.public] = Principal(name=f"key:{name}", role=role, scopes=SCOPES_OF[role])
        return pair


class Doors:
    """A centre with both ZeroMQ endpoints."""

    def __init__(self, host: WorldHost, curve: CurveKeys | None = None) -> None:
        """Open nothing yet."""
        self.host = host
        self.curve = curve
        self.keys = Keys()
        self.server = Server(host, wall_clock())
        self.gate = self.server.gate
        self.admitted: list[str] = []
        self.sessions = ZmqSessions(self.server.desk, self.keys, admit=self.admit)
        self.events = ZmqEvents(host.log, self.gate)
        self.door = ZmqDoor(self.sessions, self.events, self.keys, curve)
        self.requests_at = self.events_at = ""
        self.is_full = False

    def admit(self, address: str) -> None:
        self.admitted.append(address)
        if self.is_full:
            raise CtiError(ErrorCategory.CTI, ErrorValue.RATE_LIMITED, "come back later")


@asynccontextmanager
async def doors(curve: CurveKeys | None = None) -> AsyncIterator[Doors]:
    async with world_host() as host:
        opened = Doors(host, curve)
        await opened.server.desk.start()
        opened.requests_at, opened.events_at = await opened.door.start(ANYWHERE, ANYWHERE)
        try:
            yield opened
        finally:
            await opened.server.desk.stop()
            await opened.door.stop()


class Clients:
    """Sockets of clients, which are all closed in the end."""

    def __init__(self) -> None:
        """Have none."""
        self.context = zmq.asyncio.Context()
        self.sockets: list[zmq.asyncio.Socket] = []

    def socket(self, kind: int) -> zmq.asyncio.Socket:
        self.sockets.append(self.context.socket(kind))
        return self.sockets[-1]

    def close(self) -> None:
        for socket in self.sockets:
            socket.close(linger=0)
        self.context.destroy(linger=0)


class Dealer:
    """A client of the ROUTER."""

    def __init__(self, clients: Clients, doors: Doors, own: CurveKeys | None = None) -> None:
        """Connect to nobody yet."""
        self.socket = clients.socket(zmq.DEALER)
        self.welcome: dict[str, Any] = {}
        self.events: list[int] = []
        self._requests = 0
        if doors.curve is not None and own is not None:
            prove(self.socket, doors.curve, own)
        self.address = doors.requests_at

    async def say(self, **frame: Any) -> None:
        await self.socket.send_multipart([b"", msgspec.json.encode(frame)])

    async def hear(self, *kinds: str) -> dict[str, Any]:
        """Read on to a frame of one of these kinds."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                empty, body = await self.socket.recv_multipart()
                assert empty == b""
                frame: dict[str, Any] = msgspec.json.decode(body)
                if frame["kind"] == "event":
                    self.events.append(int(frame["event"]["sequence"]))
                if frame["kind"] in kinds:
                    return frame

    async def come(self, **hello: Any) -> dict[str, Any]:
        self.socket.connect(self.address)
        await self.say(kind="hello", **hello)
        answer = await self.hear("welcome", "goodbye")
        if answer["kind"] == "welcome":
            self.welcome = answer
        return answer

    async def ask(self, service: str, **params: Any) -> dict[str, Any]:
        self._requests += 1
        asked = f"r-{self._requests}"
        await self.say(kind="request", id=asked, service=service, params=params)
        while (answer := await self.hear("response"))["id"] != asked:
            pass
        return answer


def prove(socket: zmq.asyncio.Socket, server: CurveKeys, own: CurveKeys) -> None:
    socket.curve_serverkey = server.public.encode()
    socket.curve_publickey = own.public.encode()
    socket.curve_secretkey = own.secret.reveal().encode()


async def handshake(socket: zmq.asyncio.Socket, address: str) -> bool:
    """Connect, and tell whether the server lets the socket in."""
    monitor = socket.get_monitor_socket(ALL_FAILED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    assert monitor is not None
    socket.connect(address)
    async with asyncio.timeout(LIMIT_S):
        told = parse_monitor_message(await monitor.recv_multipart())
    socket.disable_monitor()
    return bool(told["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED)


async def until(
    subscriber: zmq.asyncio.Socket, topic: bytes
) -> tuple[list[list[bytes]], dict[str, Any]]:
    """Read on to a message on a topic: gives what came before, and its JSON."""
    before: list[list[bytes]] = []
    async with asyncio.timeout(LIMIT_S):
        while True:
            message = await subscriber.recv_multipart()
            if message[0].startswith(topic):
                return before, msgspec.json.decode(message[2])
            before.append(message)


async def subscribed(
    clients: Clients, address: str, *topics: str, hwm: int = 0
) -> zmq.asyncio.Socket:
    """Subscribe, and wait until the server has heard of it: until it tells its heart beats."""
    socket = clients.socket(zmq.SUB)
    socket.rcvhwm = hwm
    socket.connect(address)
    for topic in (*topics, f"{ROOT}/system/heartbeat/"):
        socket.subscribe(topic)
    await until(socket, f"{ROOT}/system/heartbeat/".encode())
    return socket


@asynccontextmanager
async def at_torrent(torrent: Torrent) -> AsyncIterator[tuple[Server, str, str]]:
    """Open both doors to a torrent of events."""
    server = Server(torrent, wall_clock())  # type: ignore[arg-type] # the port is all that is used
    door = ZmqDoor(ZmqSessions(server.desk), ZmqEvents(torrent.log, server.gate))
    requests_at, events_at = await door.start(ANYWHERE, ANYWHERE)
    try:
        yield server, requests_at, events_at
    finally:
        await server.desk.stop()
        await door.stop()


class Opened(Doors):
    """Just where the ROUTER is."""

    def __init__(self, requests_at: str) -> None:
        """Know it."""
        self.requests_at = requests_at
        self.curve = None
