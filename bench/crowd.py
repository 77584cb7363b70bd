"""Clients in a process of their own that only count, or stamp, what they are sent.

    async with Crowd.start() as crowd:
        await crowd.join(Guests(host, port, talks))     # comes back when all of them are in
        await crowd.until(lambda: crowd.had >= 1_000)

They speak as much WebSocket as it takes and nothing more, so that they are no part of what is
measured, and the same for every server. Run as `python -m bench.crowd` by `Crowd`.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, cast

import msgspec
import zmq

from bench.cases import ROOT
from bench.open_files import raise_limit
from bench.serving import run

_REPORT_S: Final = 0.002
_SUBPROTOCOL: Final = "cti.v1.json"
_UPGRADE: Final = (
    "GET /cti/v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    f"Sec-WebSocket-Protocol: {_SUBPROTOCOL}\r\n\r\n"
).encode()
_PONG: Final = b'{"kind":"pong"}'
_EVENT: Final = b'{"kind":"event"'
_SEQUENCE: Final = b'"sequence":"'
_HEARTBEAT: Final = b"/heartbeat/"
_DIGITS: Final = 16
_SHORT_MAX: Final = 125
_AT_ONCE: Final = 50
_LINE_MAX: Final = 1 << 24


class Talk(msgspec.Struct, frozen=True):
    """What one client says: frames, each of which is answered before the next; none to listen."""

    frames: tuple[str, ...] = ()


class Guests(msgspec.Struct, frozen=True):
    """Clients that come together. `stamps`: each event's arrival is kept. `reads`: do they read?

    With an `endpoint` they are ZeroMQ subscribers, one for each talk.
    """

    host: str
    port: int
    talks: tuple[Talk, ...]
    endpoint: str = ""
    stamps: bool = False
    reads: bool = True


# The side of the benchmark.


class Crowd:
    """The clients' process, seen from the server's."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take a process that has just been started."""
        self.had = 0
        """How many events the clients that do not stamp have been sent so far."""
        self._process = process
        self._changed = asyncio.Event()
        self._ready = 0
        self._reading = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def start(cls) -> AsyncIterator[Crowd]:
        """Start the process, and end it with the block."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.crowd"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_MAX,
        )
        crowd = cls(process)
        try:
            yield crowd
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await crowd._reading

    async def join(self, guests: Guests) -> None:
        """Let clients connect and say what they have to say."""
        assert self._process.stdin is not None, "it is a pipe"
        ready = self._ready + 1
        self._process.stdin.write(msgspec.json.encode(guests) + b"\n")
        await self._process.stdin.drain()
        await self.until(lambda: self._ready == ready)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what the clients tell."""
        while not holds():
            assert not self._reading.done(), "the clients' process has ended"
            self._changed.clear()
            await self._changed.wait()

    async def arrivals(self) -> list[tuple[int, int, int]]:
        """End the clients; gives (client, sequence, monotonic nanoseconds) of each event."""
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.close()
        flat = await self._reading
        return list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))

    async def _read(self) -> array[int]:
        assert self._process.stdout is not None, "it is a pipe"
        stamps = array("q")
        try:
            while line := await self._process.stdout.readline():
                word, _, number = line.partition(b" ")
                if word == b"had":
                    self.had = int(number)
                elif word == b"ready":
                    self._ready += 1
                else:
                    stamps.frombytes(await self._process.stdout.readexactly(int(number)))
                self._changed.set()
        finally:
            self._changed.set()
        return stamps


# The side of the clients.


class _Tally:
    """What all clients of this process have been sent."""

    def __init__(self) -> None:
        self.had = 0
        self.stamps = array("q")


class _Client(asyncio.Protocol):
    """One WebSocket."""

    def __init__(self, tally: _Tally, number: int, guests: Guests) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tally = tally
        self._number = number
        self._stamps = guests.stamps
        self._reads = guests.reads
        self._says = list(guests.talks[number].frames)
        self._rest = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(_UPGRADE)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionResetError("the server has closed"))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self._rest + data
        at = 0
        if not self._upgraded:
            head = data.find(b"\r\n\r\n")
            if head < 0:
                self._rest = data
                return
            assert data.startswith(b"HTTP/1.1 101"), data[:head].decode()
            at, self._upgraded = head + 4, True
            self._go_on()
        self._rest = data[self._walk(data, at, now) :]

    def _walk(self, data: bytes, at: int, now: int) -> int:
        """Go through whole frames (RFC 6455 §5.2, not masked); gives where the rest begins."""
        end = len(data)
        while at + 2 <= end:
            length, body = data[at + 1], at + 2
            if length == 126:  # noqa: PLR2004 - two bytes of length follow
                length, body = int.from_bytes(data[at + 2 : at + 4]), at + 4
            elif length == 127:  # noqa: PLR2004 - eight bytes of length follow
                length, body = int.from_bytes(data[at + 2 : at + 10]), at + 10
            if body + length > end:
                break
            if data.startswith(_EVENT, body):
                self._event(data, body, now)
            else:
                self._other(data[body : body + length])
            at = body + length
        return at

    def _event(self, data: bytes, body: int, now: int) -> None:
        tally = self._tally
        if self._stamps:
            digits = data.index(_SEQUENCE, body) + len(_SEQUENCE)
            tally.stamps.extend((self._number, int(data[digits : digits + _DIGITS]), now))
        else:
            tally.had += 1

    def _other(self, frame: bytes) -> None:
        if frame.startswith(b'{"kind":"ping"'):
            self._send(_PONG)
        elif frame.startswith((b'{"kind":"welcome"', b'{"kind":"response"')):
            assert b'"ok":false' not in frame, frame.decode()
            self._go_on()

    def _go_on(self) -> None:
        if self._says:
            self._send(self._says.pop(0).encode())
        elif not self.ready.done():
            self.ready.set_result(None)
            if not self._reads:
                self._transport.pause_reading()

    def _send(self, text: bytes) -> None:
        """Send a text, masked with zeros as it must be masked with something."""
        length = len(text)
        assert length <= 0xFFFF, "clients say little"  # noqa: PLR2004 - two bytes of length
        head = b"\x81\xfe" + length.to_bytes(2)
        if length <= _SHORT_MAX:
            head = bytes((0x81, 0x80 | length))
        self._transport.write(head + b"\0\0\0\0" + text)


def _subscribe(tally: _Tally, guests: Guests) -> None:
    """Count, on a thread of its own, what ZeroMQ brings; a topic of its own shows who is there."""
    context = zmq.Context(io_threads=1)
    context.set(zmq.MAX_SOCKETS, len(guests.talks) + 16)
    poller = zmq.Poller()
    for number in range(len(guests.talks)):
        socket = context.socket(zmq.SUB)
        socket.rcvhwm = 0
        socket.subscribe(b"cti/")
        socket.subscribe(b"n%d" % number)
        socket.connect(guests.endpoint)
        poller.register(socket, zmq.POLLIN)

    def count() -> None:
        while True:
            for socket, _ in poller.poll():
                with suppress(zmq.Again):
                    while True:
                        topic, *_ = socket.recv_multipart(zmq.NOBLOCK)
                        tally.had += _HEARTBEAT not in topic

    threading.Thread(target=count, daemon=True).start()


async def _join(tally: _Tally, guests: Guests, kept: list[_Client]) -> None:
    loop = asyncio.get_running_loop()
    if guests.endpoint:
        _subscribe(tally, guests)
        return
    for first in range(0, len(guests.talks), _AT_ONCE):
        coming = [
            _Client(tally, number, guests)
            for number in range(first, min(first + _AT_ONCE, len(guests.talks)))
        ]
        for client in coming:
            await loop.create_connection(lambda client=client: client, guests.host, guests.port)  # type: ignore[misc]
        await asyncio.gather(*(client.ready for client in coming))
        kept += coming


async def _report(tally: _Tally) -> None:
    """Tell how much there was, and read in turns: who sends is not to pay for waking us each time.

    Clients on other machines would not cost him that either.
    """
    told = 0
    while True:
        if tally.had != told:
            told = tally.had
            _say(b"had %d\n" % told)
        time.sleep(_REPORT_S)  # noqa: ASYNC251 - that is what is meant
        await asyncio.sleep(0)


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


async def main() -> None:
    """Do as the lines of the standard input say, until it ends."""
    raise_limit()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LINE_MAX)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tally, kept = _Tally(), list[_Client]()
    reporting: asyncio.Task[None] | None = None
    while line := await reader.readline():
        guests = msgspec.json.decode(line, type=Guests)
        await _join(tally, guests, kept)
        if reporting is None and guests.reads and not guests.stamps:
            reporting = loop.create_task(_report(tally))
        _say(b"ready 1\n")
    if reporting is not None:
        reporting.cancel()
    stamps = tally.stamps.tobytes()
    _say(b"stamps %d\n" % len(stamps) + stamps)


if __name__ == "__main__":
    run(main())
