"""A client that never reads is cut at its bound, and nobody else waits for it (§7.3.7, G12)."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ctiserver.core.outgoing import Closing
from ctiserver.live.websocket import SUBPROTOCOL
from tests.live.processes import READY_S, Folder, Process, running
from tests.live.socket_clients import SocketClient
from tests.live.test_disconnects import centre

_OTHERS = 5
_LENGTH_FOLLOWS = 126
_BUFFER = 4_096
"""What the kernel keeps for who does not read, about: nothing beside what a server sends."""


class DeafClient:
    """Shakes hands, says hello, asks for everything, and never reads again."""

    def __init__(self, address: str, token: str) -> None:
        """Know the server; nothing happens before `come`."""
        self._address = address
        self._token = token
        self._socket = socket.socket()

    async def come(self, **hello: Any) -> None:
        """Come in, and start a monitor on all there is."""
        loop = asyncio.get_running_loop()
        host, _, port = self._address.rpartition(":")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.setblocking(False)  # noqa: FBT003 - its only argument
        await loop.sock_connect(self._socket, (host, int(port)))
        key = base64.b64encode(os.urandom(16)).decode()
        await loop.sock_sendall(
            self._socket,
            (
                f"GET /cti/v1/ws HTTP/1.1\r\nHost: {self._address}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
            ).encode(),
        )
        answer = await loop.sock_recv(self._socket, 4_096)
        assert answer.startswith(b"HTTP/1.1 101"), answer
        await self._say({"kind": "hello", "token": self._token, **hello})
        params = {"monitorObject": "all"}
        request = {"kind": "request", "id": "1", "service": "MonitorStart", "params": params}
        await self._say(request)

    async def _say(self, frame: dict[str, Any]) -> None:
        """Send a text frame; a mask of noughts is one too (RFC 6455 §5.3)."""
        body = msgspec.json.encode(frame)
        short = len(body) < _LENGTH_FOLLOWS
        length = bytes([0x80 | len(body)]) if short else b"\xfe%c%c" % divmod(len(body), 256)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, b"\x81" + length + bytes(4) + body)

    async def rest(self) -> bytes:
        """Read, after all, what was sent, to the end of the connection."""
        loop = asyncio.get_running_loop()
        received = bytearray()
        with suppress(ConnectionResetError):
            async with asyncio.timeout(READY_S):
                while part := await loop.sock_recv(self._socket, 1 << 16):
                    received += part
        return bytes(received)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


async def connections(server: Process, http: httpx.AsyncClient) -> float:
    """Ask the server how many connections it has."""
    metrics = (await http.get(f"http://{server.address}/metrics")).text
    name = "offhook_connections "
    found = [line for line in metrics.splitlines() if line.startswith(name)]
    assert found, metrics
    return float(found[0].removeprefix(name))


async def test_who_never_reads_is_cut_and_the_others_get_everything(tmp_path: Path) -> None:
    async with a_deaf_one_among_others(tmp_path) as (server, http, deaf):
        while await connections(server, http) != _OTHERS:  # noqa: ASYNC110 - it is asked for
            await asyncio.sleep(0.1)
        reason = b"events were not read fast enough"
        close = b"\x88%c" % (2 + len(reason)) + Closing.SLOW_CONSUMER.to_bytes(2) + reason
        assert (await deaf.rest()).endswith(close)


@asynccontextmanager
async def a_deaf_one_among_others(
    path: Path,
) -> AsyncIterator[tuple[Process, httpx.AsyncClient, DeafClient]]:
    """Serve one who does not read, and others who do; in the end those must have everything."""
    folder = Folder(path, centre(30))
    token = folder.keys.add("watcher")
    server = folder.server(simulate={"callers": True, "agents": True})
    headers = {"Authorization": f"Bearer {token}"}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(server))
        http = await stack.enter_async_context(httpx.AsyncClient(headers=headers, trust_env=False))
        others = [SocketClient(lambda: server.address, token, f"{n}") for n in range(_OTHERS)]
        for other in others:
            stack.push_async_callback(other.end)
            await other.come()
            await other.watch()
        deaf = stack.enter_context(closing(DeafClient(server.address, token)))
        await deaf.come(maxQueue=200)
        while await connections(server, http) <= _OTHERS:  # noqa: ASYNC110 - it is asked for
            await asyncio.sleep(0.02)
        async with asyncio.timeout(READY_S), asyncio.TaskGroup() as group:
            reading = [group.create_task(read_on(other)) for other in others]
            yield server, http, deaf
            for task in reading:
                task.cancel()
        last = max(other.after for other in others)
        for other in others:
            await other.read_up_to(last)
            assert other.events.keys() == set(range(other.first + 1, other.after + 1))
            assert other.goodbyes == []


async def read_on(client: SocketClient) -> None:
    while True:
        await client.next()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells what a process has open")
async def test_of_who_never_reads_nothing_is_left_in_the_server(tmp_path: Path) -> None:
    """He is not only forgotten: his socket is closed, though he says nothing and reads nothing."""
    async with a_deaf_one_among_others(tmp_path) as (server, _, _):
        before = open_sockets(server.pid)
        while open_sockets(server.pid) >= before:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.5)


def open_sockets(pid: int) -> int:
    """Count the sockets of a process."""
    links = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(each.readlink()))
    return sum(link.startswith("socket:") for link in links)
