"""A client's connection over WebSocket (cti-api §7.2: `wss://host/cti/v1/ws`, `cti.v1.json`)."""

from __future__ import annotations

from contextlib import suppress
from ssl import SSLContext
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from ctiserver.live.client_errors import NotConnectedError
from ctiserver.live.client_wires import FRAME_MAX, OPEN_S, WireLostError
from ctiserver.live.websocket import SUBPROTOCOL

PATH = "/cti/v1/ws"


async def open_websocket(url: str, tls: SSLContext | None = None) -> WebsocketWire:
    """Connect; a URL without a path gets that of the API.

    Raises:
        NotConnectedError: nobody is there, or it is not let in.
    """
    parts = urlsplit(url)
    if parts.path in ("", "/"):
        url = urlunsplit(parts._replace(path=PATH))
    try:
        socket = await connect(
            url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            max_size=FRAME_MAX,
            open_timeout=OPEN_S,
            # The API has its own signs of life; a consumer that pauses must not look dead here.
            ping_interval=None,
            ssl=tls,
        )
    except (OSError, InvalidHandshake) as fault:
        raise NotConnectedError(f"{url}: {fault}") from fault
    return WebsocketWire(socket)


class WebsocketWire:
    """One WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        """Take an open one."""
        self._socket = socket

    async def send(self, frame: bytes) -> None:
        """Send a frame."""
        try:
            await self._socket.send(frame, text=True)
        except ConnectionClosed as closed:
            raise _lost(closed) from closed

    async def receive(self) -> bytes | str:
        """Wait for a frame."""
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as closed:
            raise _lost(closed) from closed

    async def close(self) -> None:
        """Close it."""
        with suppress(ConnectionClosed, OSError):
            await self._socket.close()


def _lost(closed: ConnectionClosed) -> WireLostError:
    if closed.rcvd is None:
        return WireLostError()
    return WireLostError(closed.rcvd.code, closed.rcvd.reason)
