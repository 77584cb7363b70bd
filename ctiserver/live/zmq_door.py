"""Both ZeroMQ endpoints of a server, with one context and one list of keys (cti-api §7.2)."""

from __future__ import annotations

import asyncio

import zmq.asyncio

from ctiserver.live.zmq_auth import CurveKeys, KeyStore, Zap, check_bind
from ctiserver.live.zmq_events import ZmqEvents
from ctiserver.live.zmq_server import ZmqSessions

REQUESTS_AT = "tcp://127.0.0.1:5601"
EVENTS_AT = "tcp://127.0.0.1:5602"


class ZmqDoor:
    """The ROUTER and the XPUB, from `start` to `stop`."""

    def __init__(
        self,
        sessions: ZmqSessions,
        events: ZmqEvents,
        keys: KeyStore | None = None,
        curve: CurveKeys | None = None,
    ) -> None:
        """Serve both; with `curve`, only clients whose key `keys` knows come in."""
        self._sessions = sessions
        self._events = events
        self._keys = keys
        self._curve = curve
        self._context: zmq.asyncio.Context | None = None
        self._zap: Zap | None = None

    async def start(
        self, requests_at: str = REQUESTS_AT, events_at: str = EVENTS_AT
    ) -> tuple[str, str]:
        """Bind both; gives the endpoints with their ports.

        Raises:
            BindError: one would be open to others, or cannot be had; then there is none.
        """
        check_bind(requests_at, self._curve)
        check_bind(events_at, self._curve)
        self._context = context = zmq.asyncio.Context()
        if self._curve is not None:
            assert self._keys is not None, "CURVE needs a list of keys"
            self._zap = Zap(context, self._keys)
        try:
            requests_at = self._sessions.start(context, requests_at, self._curve, self._zap)
            events_at = self._events.start(context, events_at, self._curve, self._zap)
        except BaseException:
            await self.stop()
            raise
        return requests_at, events_at

    async def stop(self) -> None:
        """Close both; the desk has said goodbye before, and that gets a moment to leave."""
        await self._events.stop()
        await self._sessions.stop()
        if self._zap is not None:
            self._zap.stop()
            self._zap = None
            await asyncio.sleep(0)
        if self._context is not None:
            await asyncio.to_thread(self._context.destroy)
            self._context = None
