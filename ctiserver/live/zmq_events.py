"""Every event to whoever subscribes, over a ZeroMQ XPUB (cti-api §7.2).

Messages are `[topic, "epoch:sequence", CloudEvent]`. Subscribers have no rights of their own here,
so that all get what somebody with `monitor:all` and without `pii` may see. One who reads too
slowly loses events: he sees it by `entityseq`, and by the heartbeat that comes each second on
`cti/v1/{tenant}/system/heartbeat/` with the last sequence, and with the `count` of all messages
that this stream has had; `ReplayEvents` on the ROUTER gives what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import zmq
import zmq.asyncio

from ctiserver.core.messages import FRAME_BYTES_MAX, sequence_text
from ctiserver.core.principals import SCOPES_OF, Principal, Role, Scope
from ctiserver.live.event_log import EventLog, Logged
from ctiserver.live.gate import Gate
from ctiserver.live.topics import event_path, tenant_root
from ctiserver.live.zmq_auth import (
    BACKLOG,
    HANDSHAKE_MS,
    CurveKeys,
    Zap,
    bound,
    check_bind,
)

DOMAIN = "offhook.events"
HEARTBEAT_S = 1.0
QUEUE_MAX = 10_000
"""How many messages wait for one subscriber before he loses some."""

_NOW = int(zmq.NOBLOCK)
_MORE = int(zmq.NOBLOCK | zmq.SNDMORE)


class Heartbeat(msgspec.Struct, frozen=True):
    """How far a stream is.

    `sequence` is the log's last, `published` that of the last event of this stream (others were
    not for it), `count` how many events the stream has had since the server started: whoever has
    subscribed to all has lost none when he has had as many in between.
    """

    epoch: str
    sequence: str
    published: str
    count: int


def stream_reader(tenant: str) -> Principal:
    """Give who all the readers of an open stream are: an integration that sees no numbers."""
    scopes = SCOPES_OF[Role.INTEGRATION] - {Scope.PII, Scope.NATIVE}
    return Principal(name="stream", role=Role.INTEGRATION, scopes=scopes, tenant=tenant)


def may_subscribe(who: Principal) -> bool:
    """Tell whether the key of a principal opens the stream."""
    return who.may(Scope.MONITOR_ALL)


class ZmqEvents:
    """One XPUB; it hears the log from `start` to `stop`."""

    def __init__(self, log: EventLog, gate: Gate, tenant: str = "default") -> None:
        """Publish a log's events."""
        self._log = log
        self._gate = gate
        self._reader = stream_reader(tenant)
        self._root = tenant_root(tenant)
        self._socket: zmq.Socket[bytes] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._subscriptions = 0
        self._published = 0
        self._count = 0
        self._encoder = msgspec.json.Encoder()

    @property
    def subscriptions(self) -> int:
        """How many different topics are subscribed to, as far as is known by now."""
        return self._subscriptions

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
        # Without futures: a send that would wait is given up, and nothing else is asked of it.
        socket: zmq.Socket[bytes] = zmq.Context.shadow(context.underlying).socket(zmq.XPUB)
        self._socket = socket
        socket.linger = 0
        socket.sndhwm = QUEUE_MAX
        socket.maxmsgsize = FRAME_BYTES_MAX
        socket.handshake_ivl = HANDSHAKE_MS
        socket.backlog = BACKLOG
        try:
            if curve is not None:
                assert zap is not None, "CURVE without a ZAP door would let everybody in"
                zap.protect(socket, DOMAIN, curve, may_subscribe)
            endpoint = bound(socket, endpoint)
        except BaseException:
            socket.close()
            raise
        self._log.listeners.append(self._hear)
        self._beating = asyncio.get_running_loop().create_task(self._beat())
        return endpoint

    async def stop(self) -> None:
        """Publish no more."""
        if self._socket is None or self._beating is None:
            return
        self._log.listeners.remove(self._hear)
        self._beating.cancel()
        with suppress(asyncio.CancelledError):
            await self._beating
        self._socket.close()

    def _hear(self, batch: Sequence[Logged]) -> None:
        if not self._subscriptions:  # else they are counted with each heartbeat
            self._read_subscriptions()
        wanted = self._subscriptions > 0
        for logged in batch:
            if not self._gate.sees(self._reader, logged):
                continue
            self._published = logged.sequence
            self._count += 1
            if wanted:
                place = f"{self._log.epoch}:{sequence_text(logged.sequence)}"
                topic = f"{self._root}/{event_path(logged.event)}"
                envelope = self._gate.envelope(self._reader, logged)
                self._send(topic, place, envelope)

    def _send(self, topic: str, place: str, body: bytes) -> None:
        """Send; a subscriber whose queue is full is left out, and nobody waits for him."""
        assert self._socket is not None, "nothing is heard before start"
        send = self._socket.send  # thrice: `send_multipart` reckons with enums for each part
        with suppress(zmq.Again):
            send(topic.encode(), _MORE)
            send(place.encode(), _MORE)
            send(body, _NOW)

    def _read_subscriptions(self) -> None:
        """Count the topics; messages that are no subscriptions are dropped."""
        assert self._socket is not None, "nothing is heard before start"
        with suppress(zmq.Again):
            while True:
                message = self._socket.recv(flags=zmq.NOBLOCK)
                if message[:1] == b"\x01":
                    self._subscriptions += 1
                elif message[:1] == b"\x00":
                    self._subscriptions -= 1

    async def _beat(self) -> None:
        topic = f"{self._root}/system/heartbeat/"
        log = self._log
        while True:
            self._read_subscriptions()
            if self._subscriptions:
                last = sequence_text(log.last)
                published = sequence_text(self._published)
                told = Heartbeat(log.epoch, last, published, self._count)
                self._send(topic, f"{log.epoch}:{last}", self._encoder.encode(told))
            await asyncio.sleep(HEARTBEAT_S)
