"""WebSocket clients that lose their connections, come back, and check all that they are sent."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from ctiserver.live.journal_reader import JournalReader
from ctiserver.live.websocket import SUBPROTOCOL
from tests.live.processes import READY_S

_AGAIN_S = 0.05
_PAGE = 1_000


class Frame(msgspec.Struct):
    """A frame as far as clients look at every one; `body` is read again where more is wanted."""

    kind: str
    n: int = 0
    id: str = ""
    event: msgspec.Raw = msgspec.Raw(b"")
    body: bytes = b""

    def read(self) -> dict[str, Any]:
        """Read all of it."""
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found


class Head(msgspec.Struct):
    """What is looked at of every event."""

    sequence: str
    type: str


_frames = msgspec.json.Decoder(Frame)
_heads = msgspec.json.Decoder(Head)


class SocketClient:
    """A client that keeps a digest of each event it was sent, over all its connections."""

    def __init__(
        self, address: Callable[[], str], token: str, name: str = "test", desk: int = 1
    ) -> None:
        """Know where the server is (`host:port`, asked each time), and how to come in.

        Clients at different desks have different addresses, and rates of their own with them.
        """
        self.name = name
        # Only Linux has all of 127.0.0.0/8; elsewhere clients are refused and come again later.
        self._from = (f"127.0.0.{desk}", 0) if sys.platform == "linux" else None
        self.session_id = ""
        self.epoch = ""
        self.after = 0
        self.first = 0
        """The place of the monitor: events after it are due."""
        self.events: dict[int, bytes] = {}
        self.repeated: list[int] = []
        self.resumed = 0
        self.resyncs: list[str] = []
        self.goodbyes: list[int] = []
        self.on_event: Callable[[bytes], object] | None = None
        """Told the envelope of each event when it comes."""
        self._address = address
        self._token = token
        self._requests = 0
        self._n = 0
        self._socket: ClientConnection | None = None
        self._forgotten: list[ClientConnection] = []

    async def connect(self) -> None:
        """Connect, as often as it takes: the server may be away, or refuse too many at once."""
        await self.close()
        async with asyncio.timeout(READY_S):
            while self._socket is None:
                try:
                    self._socket = await connect(
                        f"ws://{self._address()}/cti/v1/ws",
                        subprotocols=[Subprotocol(SUBPROTOCOL)],
                        compression=None,
                        max_size=None,
                        max_queue=None,
                        ping_interval=None,
                        close_timeout=0.1,
                        proxy=None,
                        local_addr=self._from,
                    )
                except (OSError, InvalidHandshake):
                    await asyncio.sleep(_AGAIN_S)
        self._n = 0

    async def hello(self, **hello: Any) -> None:
        """Say hello: for the first time, or to go on."""
        again = {"sessionID": self.session_id, "epoch": self.epoch, "after": f"{self.after:016}"}
        resume = {"resume": again} if self.session_id else {}
        await self.send({"kind": "hello", "token": self._token, **resume, **hello})

    async def come(self, **hello: Any) -> None:
        """Connect, say hello, and wait until the server has answered and all missed is there.

        If the connection is lost meanwhile, all that is done again.
        """
        while True:
            resumes = bool(self.session_id)
            await self.connect()
            try:
                await self.hello(**hello)
                await self.until("live" if resumes else "welcome")
            except ConnectionClosed:
                continue
            return

    async def watch(self, target: object = "all") -> None:
        """Start a monitor."""
        started = await self.ask("MonitorStart", monitorObject=target)
        assert started["ok"], started
        self.first = self.after = int(started["asOf"]["sequence"])

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame."""
        assert self._socket is not None
        await self._socket.send(msgspec.json.encode(frame).decode())

    async def ask(self, service: str, **params: Any) -> dict[str, Any]:
        """Ask for a service, and give the response."""
        self._requests += 1
        request_id = f"{self.name}-{self._requests}"
        await self.send({"kind": "request", "id": request_id, "service": service, "params": params})
        while True:
            frame = await self.next()
            if frame.kind == "response" and frame.id == request_id:
                return frame.read()

    async def until(self, *kinds: str) -> Frame:
        """Read on to a frame of one of these kinds."""
        while (frame := await self.next()).kind not in kinds:
            pass
        return frame

    async def next(self) -> Frame:
        """Read one frame, and check it.

        Raises:
            ConnectionClosed: the connection is lost.
        """
        assert self._socket is not None
        async with asyncio.timeout(READY_S):
            text = await self._socket.recv(decode=False)
        frame = _frames.decode(text)
        frame.body = text
        match frame.kind:
            case "event":
                self._take(frame)
            case "welcome":
                told = frame.read()
                self.session_id, self.epoch = told["sessionID"], told["epoch"]
            case "resumed":
                self.resumed += 1
            case "resync":
                self.resyncs.append(frame.read()["reason"])
            case "goodbye":
                self.goodbyes.append(frame.read()["code"])
            case "ping":
                await self.send({"kind": "pong"})
        return frame

    async def read_up_to(self, sequence: int) -> None:
        """Read until an event is there."""
        while self.after < sequence:
            await self.next()

    def lose(self) -> None:
        """Lose the connection, whatever is on its way."""
        if self._socket is not None:
            self._socket.transport.abort()

    def leave_open(self) -> None:
        """Forget the connection without closing it: the server sees no sign of that."""
        if self._socket is not None:
            self._forgotten.append(self._socket)
            self._socket = None

    async def close(self) -> None:
        """Close the connection, if there is one."""
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(ConnectionClosed, OSError):
                await socket.close()

    async def end(self) -> None:
        """Close all connections, the forgotten ones too."""
        await self.close()
        for socket in self._forgotten:
            await socket.close()

    def _take(self, frame: Frame) -> None:
        self._n += 1
        assert frame.n == self._n, "G2: n is contiguous"
        envelope = bytes(frame.event)
        sequence = int(_heads.decode(envelope).sequence)
        if sequence in self.events:
            self.repeated.append(sequence)
        assert sequence > self.after, "events come in the order of the log"
        self.events[sequence] = digest(envelope)
        self.after = sequence
        if self.on_event is not None:
            self.on_event(envelope)


def digest(envelope: bytes) -> bytes:
    """Make a short digest of an event's bytes: a test keeps hundreds of thousands of them."""
    return hashlib.blake2b(envelope, digest_size=8).digest()


def log_of(journal: Path) -> Iterator[tuple[int, bytes]]:
    """Read the log as the journal has it: each event's sequence and bytes, in order."""
    after = 0
    with closing(JournalReader(journal)) as reader:
        while page := reader.events(after, _PAGE):
            yield from ((logged.sequence, logged.envelope) for logged in page)
            after = page[-1].sequence
