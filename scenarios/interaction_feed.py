"""Feeds the customer store from the event log: it lags behind, and loses nothing.

The store keeps its own cursor, in the transaction of its rows. A store that fails is tried again
from where it stands; calls never wait for it (DESIGN §7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from crm_bridge.bridge import Bridge
from crm_bridge.store import Store
from ctiserver.live.event_log import EventLog, Logged

_BATCH = 512
_AGAIN_S = (0.1, 1.0, 5.0, 30.0)
_GATHER_S = 0.05
_log = structlog.get_logger(__name__)


class InteractionFeed:
    """Projects the log of one server to its store, in batches."""

    def __init__(self, log: EventLog, bridge: Bridge, store: Store) -> None:
        """Follow a log; nothing is projected before `start`."""
        self._log = log
        self._bridge = bridge
        self._store = store
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.fault: str | None = None
        """What is wrong with the store now."""
        log.listeners.append(self._hear)

    async def start(self) -> None:
        """Go on where the store stands."""
        self._task = asyncio.create_task(self._run())

    async def stop(self, within_s: float = 5.0) -> None:
        """Bring the store up to date, unless it takes too long."""
        self._stopping = True
        self._news.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=within_s)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _hear(self, _batch: Sequence[Logged]) -> None:
        self._news.set()

    async def _run(self) -> None:
        tries = 0
        while True:
            try:
                await self._follow()
            except Exception as fault:  # noqa: BLE001 - whatever a store raises, it is tried again
                self.fault = f"{type(fault).__name__}: {fault}"
                _log.warning("crm.behind", fault=self.fault)
                if self._stopping:
                    return
                await asyncio.sleep(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
                tries += 1
            else:
                return

    async def _follow(self) -> None:
        """Project what is new, until the server stops."""
        at = await self._store.cursor(self._bridge.cursor_name)
        while True:
            self._news.clear()
            while at < self._log.last:
                page = await self._log.read(at, _BATCH)
                await self._bridge.take([logged.event for logged in page])
                at, self.fault = page[-1].sequence, None
            if self._stopping:
                return
            await self._news.wait()
            if not self._stopping:
                await asyncio.sleep(_GATHER_S)
