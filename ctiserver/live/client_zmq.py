"""A client's connection over ZeroMQ: a DEALER that sends `[empty, JSON]` (cti-api §7.2)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

from ctiserver.live.client_errors import NotConnectedError
from ctiserver.live.client_wires import FRAME_MAX, OPEN_S, ClientCurve, WireLostError

QUEUE_MAX = 100
"""Frames that ZeroMQ holds for us: few, so that the server learns when we do not read."""
_LINGER_MS = 200
_LOST = (
    zmq.EVENT_DISCONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)


async def open_zmq(url: str, curve: ClientCurve | None = None) -> ZmqWire:
    """Connect; `curve` proves to the server who we are, and to us who it is.

    Raises:
        NotConnectedError: nobody is there, or one of the two is not who it should be.
    """
    wire = ZmqWire(url, curve)
    try:
        async with asyncio.timeout(OPEN_S):
            await wire.opened()
    except (TimeoutError, WireLostError, zmq.ZMQError) as fault:
        await wire.close()
        raise NotConnectedError(f"{url}: {fault or 'no answer'}") from fault
    return wire


class ZmqWire:
    """One DEALER with one connection: ZeroMQ does not reconnect it, because hello comes first."""

    def __init__(self, url: str, curve: ClientCurve | None) -> None:
        """Prepare; `opened` waits for the connection."""
        self._url = url
        self._context = zmq.asyncio.Context()
        self._socket: zmq.asyncio.Socket = self._context.socket(zmq.DEALER)
        self._socket.linger = _LINGER_MS
        self._socket.reconnect_ivl = -1
        self._socket.rcvhwm = QUEUE_MAX
        self._socket.maxmsgsize = FRAME_MAX
        if curve is not None:
            self._socket.curve_serverkey = curve.server.encode()
            self._socket.curve_publickey = curve.public.encode()
            self._socket.curve_secretkey = curve.secret.reveal().encode()
        self._monitor: Any = self._socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | _LOST)
        self._lost = asyncio.get_running_loop().create_task(self._watch())
        self._ready = asyncio.Event()

    async def opened(self) -> None:
        """Wait for the connection.

        Raises:
            WireLostError: there is none.
        """
        self._socket.connect(self._url)
        await self._unless_lost(self._ready.wait())

    async def send(self, frame: bytes) -> None:
        """Send a frame."""
        await self._unless_lost(self._socket.send_multipart((b"", frame)))

    async def receive(self) -> bytes | str:
        """Wait for a frame; those that have come are read before the loss is told."""
        while True:
            frames = await self._unless_lost(self._socket.recv_multipart())
            if frames and frames[-1]:
                return bytes(frames[-1])

    async def close(self) -> None:
        """Close it; what was sent gets a moment to leave."""
        self._lost.cancel()
        with suppress(asyncio.CancelledError):
            await self._lost
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close()
        await asyncio.to_thread(self._context.term)

    async def _watch(self) -> None:
        """Come back when the connection is lost."""
        while True:
            told = await recv_monitor_message(self._monitor)
            if told["event"] != zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return
            self._ready.set()

    async def _unless_lost(self, work: Any) -> Any:  # noqa: ANN401 - of pyzmq's futures
        """Wait for one thing, or raise that the connection is lost before it."""
        doing = asyncio.ensure_future(work)
        try:
            await asyncio.wait((doing, self._lost), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
        finally:
            doing.cancel()
        raise WireLostError
