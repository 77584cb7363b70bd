"""Reading the log: which events somebody may and wants to see, by HTTP, ReplayEvents, web-hooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import SECOND, Milliseconds
from ctiserver.core.event_filters import EventFilter
from ctiserver.core.principals import Principal
from ctiserver.live.event_log import EventLog, Logged, TooOldError
from ctiserver.live.gate import Gate

LIMIT_MAX = 1_000
PAGE_BYTES_MAX = 252 * 1024
"""The most that envelopes of one page have: with its frame it stays within the 256 KiB of §7.2."""
_SCAN = 2_000
"""How many events are looked at before others get a turn."""


class Page(msgspec.Struct, frozen=True):
    """Some envelopes, the sequence up to which all has been looked at, and whether more follow."""

    events: tuple[tuple[Logged, bytes], ...]
    last: int
    more: bool


class EventReader:
    """Reads one log for many who may see different parts of it."""

    def __init__(self, log: EventLog, gate: Gate) -> None:
        """Read a log; what may be seen, and how, is the gate's to say."""
        self.log = log
        self._gate = gate
        self._arrivals: set[asyncio.Event] = set()
        self._closed = False
        log.listeners.append(self._hear)

    def close(self) -> None:
        """Let nobody wait any more: what is waited for is answered with what there is."""
        self._closed = True
        self._hear(())

    def _hear(self, _batch: Sequence[Logged]) -> None:
        for arrival in self._arrivals:
            arrival.set()

    def place(self, epoch: str, after: str) -> int:
        """Read a place in the log.

        Raises:
            CtiError: it is of another epoch, or it is no sequence, or one that is still to come.
        """
        if epoch != self.log.epoch:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.EPOCH_CHANGED,
                f"the log's epoch is {self.log.epoch}; take the state anew and go on from there",
            )
        if not (after.isascii() and after.isdigit()) or int(after) > self.log.last:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_PARAMETER_VALUE,
                f"{after!r} is no place in the log, whose last sequence is {self.log.last}",
            )
        return int(after)

    async def read(self, principal: Principal, after: int, limit: int, wanted: EventFilter) -> Page:
        """Give up to `limit` events after a sequence, or as many as `PAGE_BYTES_MAX` holds.

        Raises:
            CtiError: they are no longer kept.
        """
        events: list[tuple[Logged, bytes]] = []
        last, size = after, 0
        while len(events) < limit and last < self.log.last:
            for logged in await self._scan(last):
                if wanted.passes(logged.event.data) and self._gate.sees(principal, logged):
                    envelope = self._gate.envelope(principal, logged)
                    size += len(envelope) + 1
                    if events and size > PAGE_BYTES_MAX:
                        return Page(tuple(events), last, more=True)
                    events.append((logged, envelope))
                last = logged.sequence
                if len(events) == limit:
                    break
        return Page(tuple(events), last, last < self.log.last)

    async def _scan(self, after: int) -> Sequence[Logged]:
        try:
            batch = await self.log.read(after, _SCAN)
        except TooOldError:
            batch = ()
        if not batch:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.EPOCH_CHANGED,
                f"events after {after} are no longer kept; take the state anew",
            )
        return batch

    async def wait(
        self,
        principal: Principal,
        after: int,
        limit: int,
        wanted: EventFilter,
        timeout_ms: Milliseconds,
    ) -> Page:
        """Give events as `read` does, but wait for the first one if there is none (long poll).

        Raises:
            CtiError: they are no longer kept.
        """
        arrival = asyncio.Event()
        self._arrivals.add(arrival)
        try:
            # What there is is read however long that takes: old events come from the store.
            page = await self.read(principal, after, limit, wanted)
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_ms / SECOND):
                    while not page.events and not self._closed:
                        await arrival.wait()
                        arrival.clear()
                        page = await self.read(principal, page.last, limit, wanted)
            return page
        finally:
            self._arrivals.discard(arrival)

    async def follow(
        self, principal: Principal, after: int, wanted: EventFilter, idle_ms: Milliseconds
    ) -> AsyncIterator[Page]:
        """Give pages until the reader is closed; an empty one when nothing has come for so long.

        Raises:
            CtiError: they are no longer kept.
        """
        last = after
        while not self._closed:
            page = await self.wait(principal, last, LIMIT_MAX, wanted, idle_ms)
            last = page.last
            yield page
