"""Sessions over a ZeroMQ ROUTER (cti-api §7.2): a client is a DEALER and sends `[empty, JSON]`.

A routing id is one TCP connection, and one connection of the desk of sessions. Ids that clients
choose are refused: whoever chose that of somebody who has just gone would be sent his events.
A client that was reconnected by ZeroMQ itself says hello again: anything else is answered with
a goodbye that says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol, cast

import structlog
import zmq
import zmq.asyncio

from csta.errors import CtiError
from ctiserver.core.messages import FRAME_BYTES_MAX, Goodbye, write_message
from ctiserver.core.outgoing import Closing
from ctiserver.core.principals import Principal
from ctiserver.live.conversation import Conversation, Wire
from ctiserver.live.zmq_auth import (
    BACKLOG,
    HANDSHAKE_MS,
    CurveKeys,
    KeyStore,
    Zap,
    bound,
    check_bind,
)

DOMAIN = "offhook.sessions"
CONNECTIONS_MAX = 10_000
QUEUE_MAX = 200
"""Frames that ZeroMQ holds for one client: few, so that the desk's own bound is what counts."""
SEND_BYTES = 256 * 1024
"""What the kernel holds for one client."""
REVOKED_S = 15.0
"""How often keys of clients are looked up again."""

_TURN = 100
_WAIT_S = 0.002
_WAIT_S_MAX = 0.1
_OURS = b"\x00"
"""What routing ids that ROUTER gives begin with; no client can choose such a one."""

_log = structlog.get_logger(__name__)


class Desk(Protocol):
    """What is needed of the desk of sessions."""

    def connect(self, wire: Wire, principal: Principal | None = None) -> Conversation:
        """Take in a new connection."""


class ZmqSessions:
    """One ROUTER, from `start` to `stop`."""

    def __init__(
        self,
        desk: Desk,
        keys: KeyStore | None = None,
        *,
        admit: Callable[[str], object] = lambda _address: None,
    ) -> None:
        """Take connections to a desk; `keys` are asked with CURVE only.

        `admit` is told the address of each new connection, and raises `CtiError` if it is one too
        many (`RateLimits.connect`).
        """
        self._desk = desk
        self._keys = keys
        self._admit = admit
        self._socket: zmq.asyncio.Socket | None = None
        self._peers: dict[bytes, _Peer] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._peers)

    def start(
        self,
        context: zmq.asyncio.Context,
        endpoint: str,
        curve: CurveKeys | None = None,
        zap: Zap | None = None,
    ) -> str:
        """Bind and begin; gives the endpoint with its port. CURVE needs both keys and `zap`.

        Raises:
            BindError: the endpoint would be open to others, or cannot be had.
        """
        check_bind(endpoint, curve)
        self._socket = socket = context.socket(zmq.ROUTER)
        socket.linger = 0
        socket.router_mandatory = True
        socket.sndhwm = QUEUE_MAX
        socket.sndbuf = SEND_BYTES
        # The desk refuses what is too long with a word; ZeroMQ guards memory, without one.
        socket.maxmsgsize = 4 * FRAME_BYTES_MAX
        socket.handshake_ivl = HANDSHAKE_MS
        socket.backlog = BACKLOG
        try:
            if curve is not None:
                assert zap is not None, "CURVE without a ZAP door would let everybody in"
                zap.protect(socket, DOMAIN, curve)
            endpoint = bound(socket, endpoint)
        except BaseException:
            socket.close()
            raise
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._read())]
        if curve is not None:
            self._tasks.append(loop.create_task(self._watch_keys()))
        return endpoint

    async def stop(self) -> None:
        """Take no more; the desk has said goodbye to everybody before."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        for peer in list(self._peers.values()):
            peer.conversation.lost()
        self._peers.clear()
        if self._socket is not None:
            # What is on its way, such as goodbyes, gets a moment to leave.
            self._socket.close(linger=500)

    # Reading.

    async def _read(self) -> None:
        assert self._socket is not None, "it is bound"
        count = 0
        while True:
            frames = await self._socket.recv_multipart(copy=False)
            try:
                self._take(frames)
            except Exception:  # noqa: BLE001 - one bad message is not the others' matter
                _log.exception("zmq.frame_failed")
            count += 1
            if count % _TURN == 0:  # what is there already is read without waiting
                await asyncio.sleep(0)

    def _take(self, frames: Sequence[zmq.Frame]) -> None:
        """Hand a message to its conversation; a new routing id begins one."""
        routing_id = frames[0].bytes
        peer = self._peers.get(routing_id)
        if peer is None:
            peer = self._begin(routing_id, frames[-1])
            if peer is None:
                return
        if len(frames) != 3 or frames[1].bytes:  # noqa: PLR2004 - the id, empty, JSON
            peer.conversation.refuse("send two frames: an empty one, and one with JSON")
            return
        peer.conversation.receive(frames[2].bytes)

    def _begin(self, routing_id: bytes, frame: zmq.Frame) -> _Peer | None:
        if not routing_id.startswith(_OURS):
            reason = "do not choose a routing id: ZMQ_ROUTING_ID is not to be set"
            self._turn_away(routing_id, Closing.PROTOCOL_ERROR, reason)
            return None
        if len(self._peers) >= CONNECTIONS_MAX:
            self._turn_away(routing_id, Closing.QUOTA, "there are too many connections")
            return None
        address = _property(frame, "Peer-Address") or ""
        try:
            self._admit(address)
        except CtiError as error:
            self._turn_away(routing_id, Closing.QUOTA, error.detail)
            return None
        key = _property(frame, "User-Id")
        principal = self._keys.of_curve_key(key) if key and self._keys is not None else None
        wire = _RouterWire(self, routing_id, address)
        conversation = self._desk.connect(wire, principal)
        peer = self._peers[routing_id] = _Peer(conversation, key, principal)
        return peer

    def _turn_away(self, routing_id: bytes, code: Closing, reason: str) -> None:
        goodbye = Goodbye(code=code, reason=reason)
        with suppress(zmq.ZMQError):  # full, or gone: it was told once
            self.push(routing_id, write_message(goodbye))

    async def _watch_keys(self) -> None:
        """Let go of clients whose key has been taken off the list, or stands for another now."""
        assert self._keys is not None, "CURVE needs a list of keys"
        while True:
            await asyncio.sleep(REVOKED_S)
            for peer in self._peers.values():
                if peer.key and self._keys.of_curve_key(peer.key) != peer.principal:
                    reason = "the key does not count any more"
                    peer.conversation.refuse(reason, Closing.UNAUTHENTICATED)

    # Writing: for wires.

    def push(self, routing_id: bytes, frame: bytes) -> None:
        """Send one frame, at once or not at all.

        Raises:
            zmq.Again: the client's queue is full.
            zmq.ZMQError: it is gone.
        """
        assert self._socket is not None, "it is bound"
        sent = self._socket.send_multipart((routing_id, b"", frame), flags=zmq.NOBLOCK)
        cast("asyncio.Future[object]", sent).result()  # with NOBLOCK it is done already

    def forget(self, routing_id: bytes) -> None:
        """Let go of a connection."""
        self._peers.pop(routing_id, None)


class _Peer:
    """One connection, and by which key it came in."""

    __slots__ = ("conversation", "key", "principal")

    def __init__(
        self, conversation: Conversation, key: str | None, principal: Principal | None
    ) -> None:
        self.conversation = conversation
        self.key = key
        self.principal = principal


class _RouterWire:
    """The writing side of one routing id."""

    def __init__(self, server: ZmqSessions, routing_id: bytes, address: str) -> None:
        self.address = address
        self._server = server
        self._routing_id = routing_id

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send frames; a client whose queue is full is waited for, and nobody else with it.

        ROUTER does not tell when one peer's queue has room again: it is tried, less and less often.
        """
        for frame in frames:
            wait_s = _WAIT_S
            while True:
                try:
                    self._server.push(self._routing_id, frame)
                except zmq.Again:
                    await asyncio.sleep(wait_s)
                    wait_s = min(2 * wait_s, _WAIT_S_MAX)
                else:
                    break

    async def close(self, _code: int, _reason: str) -> None:
        """Forget the connection: `goodbye` is all that ZeroMQ has to tell a client."""
        self._server.forget(self._routing_id)


def _property(frame: zmq.Frame, name: str) -> str | None:
    """Read what ZeroMQ knows of where a frame comes from."""
    try:
        return str(frame.get(name)) or None
    except zmq.ZMQError:
        return None
