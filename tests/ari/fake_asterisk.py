"""A server that speaks as much ARI as a socket needs: what it answers the test says."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.secret import Secret

PASSWORD = "not-in-any-log"  # noqa: S105 - that is what is looked for
SOON_S = 20.0

Asked = dict[str, Any]


class FakeAsterisk:
    """Takes connections, keeps the requests, answers them by `answer`."""

    def __init__(self) -> None:
        """Answer everything with an empty list until a test says otherwise."""
        self.asked: list[Asked] = []
        self.paths: list[str] = []
        self.connections: list[ServerConnection] = []
        self.refuse: HTTPStatus | None = None
        self.deaf = False
        """Whether it answers those who ask for an event, and never tells it."""
        self.answer: Callable[[Asked], tuple[int, Any] | None] = lambda _asked: (200, [])
        """Gives status and body; None: no reply."""
        self.config = AriConfig(
            url="",
            user="offhook",
            password=Secret(PASSWORD),
            trunks=(AriTrunk("t", "PJSIP/t", ""),),
        )
        self._server: Server

    async def open(self, port: int = 0) -> None:
        """Listen."""
        self._server = await serve(
            self._serve, "127.0.0.1", port, process_request=self._let_in, close_timeout=1
        )
        port = next(iter(self._server.sockets)).getsockname()[1]
        self.config = msgspec.structs.replace(self.config, url=f"http://127.0.0.1:{port}/ari")

    async def close(self) -> None:
        """Listen no more, and cut all connections."""
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.config.url.split(":")[2].split("/")[0])

    def cut(self) -> None:
        """Cut all connections."""
        for connection in self.connections:
            connection.transport.abort()
        self.connections.clear()

    async def say(self, event: dict[str, Any]) -> None:
        """Tell an event on the newest connection."""
        await self.connections[-1].send(msgspec.json.encode(event), text=True)

    async def reply(self, asked: Asked, status: int, body: Any) -> None:  # noqa: ANN401 - JSON
        """Reply to a request on the newest connection."""
        reply = {"type": "RESTResponse", "request_id": asked["request_id"], "status_code": status}
        if body is not None:
            reply["message_body"] = msgspec.json.encode(body).decode()
        await self.say(reply)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it is so; a test that waits for ever fails."""
        async with asyncio.timeout(SOON_S):
            while not condition():  # noqa: ASYNC110 - nobody sets an event for it
                await asyncio.sleep(0.005)

    def _let_in(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        secret = base64.b64encode(f"offhook:{PASSWORD}".encode()).decode()
        if self.refuse is not None:
            return connection.respond(self.refuse, "{}")
        if request.headers.get("Authorization") != f"Basic {secret}":
            return connection.respond(HTTPStatus.UNAUTHORIZED, "{}")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        try:
            async for message in connection:
                asked = msgspec.json.decode(message)
                self.asked.append(asked)
                answer = self.answer(asked)
                if answer is not None:
                    await self.reply(asked, *answer)
                    await self._tell_own(asked)
        except ConnectionClosed:
            return

    async def _tell_own(self, asked: Asked) -> None:
        event = asked["uri"].removeprefix("events/user/")
        if event != asked["uri"] and not self.deaf:
            await self.say({"type": "ChannelUserevent", "eventname": event})


@asynccontextmanager
async def a_fake_asterisk() -> AsyncIterator[FakeAsterisk]:
    """Let one listen while the block runs."""
    fake = FakeAsterisk()
    await fake.open()
    try:
        yield fake
    finally:
        await fake.close()
