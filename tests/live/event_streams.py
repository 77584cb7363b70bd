"""The event streams of all transports, as clients read them: byte for byte, and lost at will.

Each stream can be killed after any event (`lose`); it comes back by itself when it is read again,
as its transport's clients do: by a place in the log, by `resume`, by ReplayEvents, or by what the
broker has kept.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import datetime

import aiomqtt
import httpx
import msgspec
import zmq
import zmq.asyncio

from csta.event_types import EVENT_BY_TYPE
from csta.instants import SECOND
from ctiserver.core.wire import Envelope, Published
from tests.live.brokers import Mosquitto
from tests.live.host import LIMIT_S
from tests.live.zmq_clients import ROOT


class _Place(msgspec.Struct):
    sequence: str


class _Page(msgspec.Struct):
    events: list[msgspec.Raw]
    more: bool


class _RawEnvelope(Envelope, frozen=True, kw_only=True):
    data: msgspec.Raw


_place = msgspec.json.Decoder(_Place)
_page = msgspec.json.Decoder(_Page)
_envelope = msgspec.json.Decoder(_RawEnvelope)


def read_event(body: bytes) -> Published:
    """Read an envelope as a client does: from its bytes alone."""
    told = _envelope.decode(body)
    cause = told.causationid or ""
    return Published(
        sequence=int(told.sequence),
        entity_sequence=told.entityseq,
        at=round(datetime.fromisoformat(told.time).timestamp() * SECOND),
        subject=told.subject,
        partition_key=told.partitionkey,
        data=msgspec.json.decode(told.data, type=EVENT_BY_TYPE[told.type]),
        correlation_id=told.correlationid or None,
        causation=int(cause.rpartition(":")[2]) if cause else None,
        principal=told.principal or None,
        synthetic=told.synthetic,
        quality=told.quality,
    )


class Stream(ABC):
    """All events of one log, in the order in which one transport brings them."""

    name: str

    def __init__(self) -> None:
        """Know nothing of the log; `open` begins at its beginning."""
        self.events: list[bytes] = []
        self.after = 0
        """The last sequence that has come."""
        self.lose_after: set[int] = set()
        """After so many events each, the client is killed."""
        self.losses = 0
        self._here = False
        self._dies = False

    async def read_up_to(self, sequence: int) -> None:
        """Read until an event is there; a client that is killed on the way is away at once."""
        if not self._here:
            await self._come()
            self._here = True
        async with asyncio.timeout(LIMIT_S):
            while self.after < sequence:
                for body in await self._next():
                    self._take(body)
                    if self._dies:
                        await self.lose()
                        return

    async def open(self) -> None:
        """Come for the first time."""
        await self._come()
        self._here = True

    async def lose(self) -> None:
        """Kill the client, with all that it was sent and has not read."""
        self.losses += 1
        self._here = self._dies = False
        await self._drop()

    async def close(self) -> None:
        """Go for good."""
        if self._here:
            await self._drop()

    def _take(self, body: bytes) -> None:
        sequence = int(_place.decode(body).sequence)
        assert sequence == self.after + 1, f"{self.name}: {sequence} comes after {self.after}"
        self.events.append(body)
        self.after = sequence
        self._dies = self._dies or len(self.events) in self.lose_after

    @abstractmethod
    async def _come(self) -> None:
        """Connect, and go on after the last event."""

    @abstractmethod
    async def _next(self) -> list[bytes]:
        """Wait for some envelopes."""

    @abstractmethod
    async def _drop(self) -> None:
        """Break the connection."""


class PollStream(Stream):
    """GET /events: each request says where to go on."""

    name = "long poll"

    def __init__(self, client: httpx.AsyncClient, epoch: str) -> None:
        """Poll by this client."""
        super().__init__()
        self._client = client
        self._epoch = epoch

    async def _come(self) -> None:
        """Nothing is open between two requests."""

    async def _next(self) -> list[bytes]:
        asked = {"after": f"{self._epoch}:{self.after:016}", "wait": "20", "limit": "1000"}
        response = await self._client.get("/events", params=asked)
        assert response.status_code == 200, response.text
        return [bytes(each) for each in _page.decode(response.content).events]

    async def _drop(self) -> None:
        """Nothing is open between two requests."""


class SseStream(Stream):
    """GET /events/stream: `Last-Event-ID` says where to go on."""

    name = "server-sent events"

    def __init__(self, client: httpx.AsyncClient, epoch: str) -> None:
        """Read by this client."""
        super().__init__()
        self._client = client
        self._epoch = epoch
        self._stack = AsyncExitStack()
        self._lines: AsyncIterator[str]

    async def _come(self) -> None:
        headers = {"Last-Event-ID": f"{self._epoch}:{self.after:016}"}
        asking = self._client.stream("GET", "/events/stream", headers=headers)
        response = await self._stack.enter_async_context(asking)
        assert response.status_code == 200
        self._lines = response.aiter_lines()

    async def _next(self) -> list[bytes]:
        async for line in self._lines:
            if line.startswith("data: "):
                return [line.removeprefix("data: ").encode()]
        raise ConnectionResetError

    async def _drop(self) -> None:
        await self._stack.aclose()


class Subscription(Stream):
    """A stream of which what was missed is asked for: ReplayEvents, once the subscription stands.

    What comes twice then, by the replay and by the stream, is passed over.
    """

    def __init__(self, epoch: str, asking: httpx.AsyncClient) -> None:
        """Ask for what is missing by this client."""
        super().__init__()
        self.epoch = epoch
        self._asking = asking
        self._missed: list[bytes] = []

    async def _come(self) -> None:
        await self.subscribe()
        self._missed, last, more = [], f"{self.after:016}", True
        while more:
            asked = {"epoch": self.epoch, "after": last, "limit": 1000}
            told = await self._asking.post("/services/ReplayEvents", json=asked)
            assert told.status_code == 200, told.text
            page = _page.decode(told.content)
            self._missed += [bytes(each) for each in page.events]
            more = page.more
            last = _place.decode(self._missed[-1]).sequence if more else last

    async def _next(self) -> list[bytes]:
        if self._missed:
            missed, self._missed = self._missed, []
            return missed
        body = await self.receive()
        return [body] if body and int(_place.decode(body).sequence) > self.after else []

    @abstractmethod
    async def subscribe(self) -> None:
        """Subscribe, and wait until that is known to count."""

    @abstractmethod
    async def receive(self) -> bytes:
        """Wait for an envelope; empty: it was something else."""


class XpubStream(Subscription):
    """A subscription to all events over ZeroMQ; the heartbeat says that it counts."""

    name = "XPUB"

    def __init__(
        self, context: zmq.asyncio.Context, endpoint: str, epoch: str, asking: httpx.AsyncClient
    ) -> None:
        """Know where the XPUB is, and whom to ask for what is missing."""
        super().__init__(epoch, asking)
        self._context = context
        self._endpoint = endpoint
        self._socket: zmq.asyncio.Socket

    async def subscribe(self) -> None:
        """Subscribe to everything."""
        self._socket = self._context.socket(zmq.SUB)
        self._socket.rcvhwm = 0
        self._socket.connect(self._endpoint)
        self._socket.subscribe(f"{ROOT}/")
        async with asyncio.timeout(LIMIT_S):
            while await self.receive():
                pass

    async def receive(self) -> bytes:
        """Wait for a message; a heartbeat is no event."""
        topic, place, body = await self._socket.recv_multipart()
        if topic == f"{ROOT}/system/heartbeat/".encode():
            return b""
        assert place == f"{self.epoch}:{_place.decode(body).sequence}".encode()
        return body

    async def _drop(self) -> None:
        self._socket.close(linger=0)


class MqttStream(Subscription):
    """A subscription to all events over MQTT; the broker says that it counts."""

    name = "MQTT"

    def __init__(self, broker: Mosquitto, epoch: str, asking: httpx.AsyncClient) -> None:
        """Know the broker, and whom to ask for what is missing."""
        super().__init__(epoch, asking)
        self._broker = broker
        self._client: aiomqtt.Client
        self._messages: AsyncIterator[aiomqtt.Message]

    async def subscribe(self) -> None:
        """Subscribe to every event."""
        self._client = self._broker.client("integration")
        await self._client.__aenter__()
        self._messages = aiter(self._client.messages)
        await self._client.subscribe(f"{ROOT}/evt/#", qos=1)

    async def receive(self) -> bytes:
        """Wait for a message."""
        message = await anext(self._messages)
        return bytes(message.payload)

    async def _drop(self) -> None:
        paho = self._client._client  # noqa: SLF001 - the connection is cut under its feet
        if isinstance(sock := paho.socket(), socket.socket):
            sock.shutdown(socket.SHUT_RDWR)
        with suppress(aiomqtt.MqttError):
            await self._client.__aexit__(None, None, None)
