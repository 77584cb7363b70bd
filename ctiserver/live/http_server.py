"""uvicorn inside the server's own loop: one listening socket, HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator
from typing import Any

import uvicorn

from ctiserver.core.messages import FRAME_BYTES_MAX
from ctiserver.live.websocket_protocol import BatchingProtocol

_DRAIN_S = 5
_BACKLOG = 2_048


class HttpServer:
    """Serves an application until it is stopped."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - an ASGI application; the two libraries type it differently
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        certificate: str | None = None,
        key: str | None = None,
    ) -> None:
        """Prepare; nothing listens before `start`. Files of `certificate` and `key` are PEM."""
        self._host = host
        self._port = port
        self._task: asyncio.Task[None] | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws=BatchingProtocol,
                ws_max_size=FRAME_BYTES_MAX,
                ws_per_message_deflate=False,
                ws_ping_interval=None,
                ssl_certfile=certificate,
                ssl_keyfile=key,
                timeout_graceful_shutdown=_DRAIN_S,
                backlog=_BACKLOG,
            )
        )

    async def start(self) -> tuple[str, int]:
        """Listen; gives the address and the port.

        Raises:
            OSError: the port is taken, or may not be used.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        listening.setblocking(False)  # noqa: FBT003 - its only argument
        # Connections inherit it. asyncio sets it only on sockets that name their protocol, which
        # those of `create_server` do not; without it an answer may wait 40 ms for the other's ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))
        listens = asyncio.create_task(self._server.listens.wait())
        await asyncio.wait((listens, self._task), return_when=asyncio.FIRST_COMPLETED)
        listens.cancel()
        if self._task.done():
            listening.close()
            await self._task
        host, port = listening.getsockname()[:2]
        return str(host), int(port)

    async def stop(self) -> None:
        """Take no more requests, let those under way end, and close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class _Server(uvicorn.Server):
    """Leaves signals to the process: the whole server is drained by them, not only this part."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
