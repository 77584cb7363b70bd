"""The desk of sessions on a socket: one frame a line, and clients that check what they are sent.

The least transport that there can be, with real back-pressure and real losses of connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import SECOND, Instant
from ctiserver.core.principals import Principal
from ctiserver.live.commands import CommandDesk
from ctiserver.live.session_desk import SessionDesk
from tests.live.host import LIMIT_S, OpenGate, WorldHost, principal

_LINE_MAX = 1 << 24


class Tokens:
    """Whoever says `token-x` is `key:x`."""

    def authenticate(self, token: str, _address: str) -> Principal:
        """Tell whose token it is."""
        name = token.removeprefix("token-")
        if name == token:
            raise CtiError(ErrorCategory.CTI, ErrorValue.UNAUTHENTICATED, "nobody's token")
        return principal(f"key:{name}")

    async def of_header(self, authorization: str, address: str) -> Principal:
        """Tell whose a header is."""
        return self.authenticate(authorization.removeprefix("Bearer "), address)


class LineWire:
    """A connection whose frames are lines."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        """Write to a socket."""
        self.address = "127.0.0.1"
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.stuck = False
        """Whether its peer has stopped to read, and all buffers between them are full."""
        self._writer = writer

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send frames."""
        if self.stuck:
            await asyncio.Event().wait()
        self._writer.write(b"\n".join(frames) + b"\n")
        await self._writer.drain()

    async def close(self, code: int, reason: str) -> None:
        """Close the socket; a peer that does not read is not waited for."""
        if not self.closed.done():
            self.closed.set_result((code, reason))
        self._writer.close()


class Server:
    """A desk behind a socket."""

    def __init__(self, host: WorldHost, now: Callable[[], Instant]) -> None:
        """Listen to nobody before `listen`."""
        self.host = host
        self.gate = OpenGate()
        self.commands = CommandDesk(host, self.gate, now=now)
        self.now = now
        self.desk = self._new_desk()
        self.wires: list[LineWire] = []
        self.clients: list[LineClient] = []
        self._served: set[asyncio.Event] = set()
        self.address = ("", 0)

    def _new_desk(self) -> SessionDesk:
        desk = SessionDesk(
            self.host, self.commands, Tokens(), self.gate, now=self.now, keep=self.host.keep
        )
        self.commands.sessions = desk
        return desk

    async def restart(self) -> None:
        """Lose every connection and all that is in memory; what was kept is taken in again."""
        old = self.desk
        await old.stop()
        self.desk = self._new_desk()
        await self.desk.start(list(self.host.kept.get("sessions", {}).items()))

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Server]:
        """Listen while the block runs."""
        await self.desk.start()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LINE_MAX)
        self.address = server.sockets[0].getsockname()
        try:
            yield self
        finally:
            await self.desk.stop()
            for client in self.clients:
                await client.close()
            server.close()
            for served in list(self._served):
                await served.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = asyncio.Event()
        self._served.add(served)
        wire = LineWire(writer)
        self.wires.append(wire)
        conversation = self.desk.connect(wire)
        with suppress(ConnectionError, asyncio.LimitOverrunError, ValueError):
            while line := await reader.readline():
                conversation.receive(line.rstrip(b"\n"))
        conversation.lost()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self._served.discard(served)
        served.set()


class LineClient:
    """A client that keeps the events it was sent, over all its connections."""

    def __init__(self, server: Server, name: str = "test") -> None:
        """Know nothing."""
        self.server = server
        self.name = name
        self.session_id = ""
        self.epoch = ""
        self.after = 0
        self.events: dict[int, dict[str, Any]] = {}
        self.repeated: list[int] = []
        self.resumed = 0
        self.resyncs: list[str] = []
        self.frames: list[dict[str, Any]] = []
        """All frames of the present connection."""
        self._requests = 0
        self._n = 0
        server.clients.append(self)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Connect, and say nothing yet."""
        await self.close()
        self._reader, self._writer = await asyncio.open_connection(
            *self.server.address[:2], limit=_LINE_MAX
        )
        self.frames, self._n = [], 0

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._writer is not None:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()

    async def come(self, **hello: Any) -> None:
        """Connect, for the first time or to go on, and wait until the server has answered."""
        await self.connect()
        again = {"sessionID": self.session_id, "epoch": self.epoch, "after": f"{self.after:016}"}
        resume = {"resume": again} if self.session_id else {}
        self.send({"kind": "hello", "token": f"token-{self.name}", **resume, **hello})
        await self.until("live" if resume else "welcome", "goodbye")

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame."""
        assert self._writer is not None
        self._writer.write(msgspec.json.encode(frame) + b"\n")

    async def ask(self, service: str, **params: Any) -> dict[str, Any]:
        """Ask for a service, and give the response."""
        self._requests += 1
        request_id = f"{self.name}-{self._requests}"
        self.send({"kind": "request", "id": request_id, "service": service, "params": params})
        while True:
            frame = await self.next()
            if frame["kind"] == "response" and frame["id"] == request_id:
                return frame

    async def until(self, *kinds: str) -> dict[str, Any]:
        """Read on to a frame of one of these kinds."""
        while (frame := await self.next())["kind"] not in kinds:
            pass
        return frame

    async def next(self) -> dict[str, Any]:
        """Read one frame, and check it."""
        assert self._reader is not None
        async with asyncio.timeout(LIMIT_S):
            line = await self._reader.readline()
        if not line:
            raise ConnectionResetError
        frame: dict[str, Any] = msgspec.json.decode(line)
        self.frames.append(frame)
        match frame["kind"]:
            case "welcome":
                self.session_id, self.epoch = frame["sessionID"], frame["epoch"]
            case "resumed":
                self.resumed += 1
            case "resync":
                self.resyncs.append(frame["reason"])
            case "event":
                self._take(frame)
            case "ping":
                self.send({"kind": "pong"})
        return frame

    async def read_up_to(self, sequence: int) -> None:
        """Read until an event is there."""
        while self.after < sequence:
            await self.next()

    def lose(self) -> None:
        """Lose the connection, whatever is on its way."""
        assert self._writer is not None
        self._writer.transport.abort()

    def _take(self, frame: dict[str, Any]) -> None:
        self._n += 1
        assert frame["n"] == self._n, "G2: n is contiguous"
        sequence = int(frame["event"]["sequence"])
        if sequence in self.events:
            self.repeated.append(sequence)
        assert sequence > self.after, "events come in the order of the log"
        self.events[sequence] = frame["event"]
        self.after = sequence


def wall_clock() -> Callable[[], Instant]:
    """Give a clock for the desk: it follows the loop's time."""
    loop = asyncio.get_running_loop()
    return lambda: 1_700_000_000_000 + round(loop.time() * SECOND)
