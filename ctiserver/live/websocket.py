"""GET /cti/v1/ws: sessions over WebSocket, subprotocol `cti.v1.json` (cti-api §7.2, §7.3).

The token comes in the `Authorization` header or in the first frame, never in the URL: URLs stand
in the logs of proxies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler

from csta.errors import CtiError
from ctiserver.core.principals import Principal
from ctiserver.live.gate import Authenticator
from ctiserver.live.http_door import Door, address_of
from ctiserver.live.session_desk import SessionDesk
from ctiserver.live.websocket_protocol import EXTENSION, BatchingProtocol

SUBPROTOCOL = "cti.v1.json"
_log = structlog.get_logger(__name__)

Socket = WebSocket[Any, Any, Any]


def websocket_route(
    desk: SessionDesk,
    authenticator: Authenticator,
    *,
    origins: Sequence[str] = (),
    connects: Callable[[str], object] | None = None,
) -> WebsocketRouteHandler:
    """Make the route; `connects` counts a connection by its address, and refuses one too many."""
    door = Door(authenticator, origins)

    @websocket("/ws")
    async def talk(socket: Socket) -> None:
        """Carry frames between a client and its session."""
        try:
            principal = await _let_in(socket, door, authenticator, connects)
        except CtiError as error:
            _log.info("websocket.refused", peer=address_of(socket), why=error.detail)
            await socket.send({"type": "websocket.close", "code": 4003, "reason": ""})
            return
        await socket.accept(subprotocols=SUBPROTOCOL)
        conversation = desk.connect(_SocketWire(socket), principal)
        try:
            await _listen(socket, conversation.receive)
        finally:
            conversation.lost()

    return talk


async def _let_in(
    socket: Socket,
    door: Door,
    authenticator: Authenticator,
    connects: Callable[[str], object] | None,
) -> Principal | None:
    """Look at the request before it becomes a connection; gives who the header says it is.

    Raises:
        CtiError: it is not let in.
    """
    address = address_of(socket)
    if connects is not None:
        connects(address)
    door.check_origin(socket.headers)
    door.check_no_query(socket.scope["query_string"])
    if SUBPROTOCOL not in socket.scope["subprotocols"]:
        raise door.refusal(f"the subprotocol is {SUBPROTOCOL}")
    authorization = socket.headers.get("authorization")
    return None if authorization is None else await authenticator.of_header(authorization, address)


async def _listen(socket: Socket, receive: Callable[[bytes | str], None]) -> None:
    """Hand on what comes, until the client is gone."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message["type"] == "websocket.receive":
            text = message.get("text")
            receive(text if text is not None else message.get("bytes") or b"")


class _SocketWire:
    """A WebSocket as `SessionDesk` wants a connection (its `Wire`)."""

    def __init__(self, socket: Socket) -> None:
        self.address = address_of(socket)
        self._socket = socket
        quick: object = (socket.scope["extensions"] or {}).get(EXTENSION)
        self.quick = quick if isinstance(quick, BatchingProtocol) else None
        """What is written to past all of ASGI, when the server is ours."""

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send frames in one write; waits while the client does not read (`BatchingProtocol`)."""
        batch: Any = {"type": "websocket.send", "frames": frames}
        await self._socket.send(batch)

    async def close(self, code: int, reason: str) -> None:
        """Close with a code of the API."""
        await self._socket.send({"type": "websocket.close", "code": code, "reason": reason})
