"""The event streams of sessions: over WebSocket, and over ZeroMQ (cti-api §7.3)."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Any

import msgspec
import zmq
import zmq.asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ctiserver.live.websocket import SUBPROTOCOL
from tests.live.event_streams import Stream
from tests.live.host import LIMIT_S
from tests.live.http_centre import ADMIN


class _Frame(msgspec.Struct):
    """As much of a frame as a stream looks at."""

    kind: str
    n: int = 0
    event: msgspec.Raw = msgspec.Raw()


_frame = msgspec.json.Decoder(_Frame)


class SessionStream(Stream):
    """A session with a monitor of everything, unless told otherwise; after a loss `resume`."""

    def __init__(self, *, monitors: bool) -> None:
        """Begin without a session."""
        super().__init__()
        self._monitors = monitors
        self.questions: list[dict[str, Any]] = []
        """What the server has asked or told this session: the frames `serverRequest`."""
        self._session_id = self._epoch = ""
        self._n = 0
        self._asked = 0

    async def ask(
        self, service: str, params: dict[str, Any], request_id: str = "", key: str | None = None
    ) -> dict[str, Any]:
        """Ask for a service in this session; gives the whole response."""
        if not self._here:
            await self.open()
        self._asked += 1
        request_id = request_id or f"{self.name}-{self._asked}"
        asked = {"kind": "request", "id": request_id, "service": service, "params": params}
        await self.send(msgspec.json.encode(asked | ({"idempotencyKey": key} if key else {})))
        while True:
            answer = await self._hear("response")
            if answer["id"] == request_id:
                break
        if self._dies:
            await self.lose()
        return answer

    async def question(self) -> dict[str, Any]:
        """Wait until the server asks something, unless it has."""
        while not self.questions:
            await self._hear("serverRequest")
        return self.questions[-1]

    async def _come(self) -> None:
        await self.connect()
        self._n = 0
        hello: dict[str, Any] = {"kind": "hello", "token": ADMIN}
        if not self._session_id:
            await self.send(msgspec.json.encode(hello))
            welcome = await self._hear("welcome")
            self._session_id, self._epoch = welcome["sessionID"], welcome["epoch"]
            self._here = True
            if self._monitors:
                answer = await self.ask("MonitorStart", {"monitorObject": "all"})
                assert answer["ok"], answer
            return
        place = {"sessionID": self._session_id, "epoch": self._epoch, "after": f"{self.after:016}"}
        await self.send(msgspec.json.encode(hello | {"resume": place}))
        await self._hear("resumed")

    async def _hear(self, *kinds: str) -> dict[str, Any]:
        """Read on to a frame of one of these kinds."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                body = await self.receive()
                for event in self._sift(body):
                    self._take(event)
                read: dict[str, Any] = msgspec.json.decode(body)
                if read["kind"] in kinds:
                    return read
                assert read["kind"] not in ("goodbye", "resync"), read

    async def _next(self) -> list[bytes]:
        return self._sift(await self.receive())

    def _sift(self, body: bytes) -> list[bytes]:
        """Take in a frame; gives the event in it, if there is one."""
        frame = _frame.decode(body)
        if frame.kind == "serverRequest":
            self.questions.append(msgspec.json.decode(body))
        if frame.kind != "event":
            return []
        self._n += 1
        assert frame.n == self._n, "G2: n is contiguous"
        return [bytes(frame.event)]

    @abstractmethod
    async def connect(self) -> None:
        """Connect, and say nothing."""

    @abstractmethod
    async def send(self, frame: bytes) -> None:
        """Send a frame."""

    @abstractmethod
    async def receive(self) -> bytes:
        """Wait for a frame."""


class WebSocketStream(SessionStream):
    """A session over WebSocket."""

    name = "WebSocket"

    def __init__(self, url: str, *, monitors: bool = True) -> None:
        """Know where the server is."""
        super().__init__(monitors=monitors)
        self._url = url
        self._socket: ClientConnection

    async def connect(self) -> None:
        """Connect."""
        wanted = [Subprotocol(SUBPROTOCOL)]
        self._socket = await connect(
            self._url, subprotocols=wanted, compression=None, proxy=None, ping_interval=None
        )

    async def send(self, frame: bytes) -> None:
        """Send a frame."""
        await self._socket.send(frame.decode())

    async def receive(self) -> bytes:
        """Wait for a frame."""
        return await self._socket.recv(decode=False)

    async def _drop(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()


class DealerStream(SessionStream):
    """A session over ZeroMQ."""

    name = "DEALER"

    def __init__(
        self, context: zmq.asyncio.Context, endpoint: str, *, monitors: bool = True
    ) -> None:
        """Know where the ROUTER is."""
        super().__init__(monitors=monitors)
        self._context = context
        self._endpoint = endpoint
        self._socket: zmq.asyncio.Socket

    async def connect(self) -> None:
        """Connect; a new socket is a new connection."""
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.connect(self._endpoint)

    async def send(self, frame: bytes) -> None:
        """Send a frame."""
        await self._socket.send_multipart([b"", frame])

    async def receive(self) -> bytes:
        """Wait for a frame."""
        _, body = await self._socket.recv_multipart()
        return body

    async def _drop(self) -> None:
        self._socket.close(linger=0)
