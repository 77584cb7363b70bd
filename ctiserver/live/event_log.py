"""The log of events as the server's clients have it: what is committed, encoded once.

The latest are kept in memory for those who resume; what is older is read from the journal's store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

import msgspec

from csta.instants import SECOND, Milliseconds
from ctiserver.core.wire import Published

WINDOW_EVENTS = 100_000
WINDOW_MS: Milliseconds = 900 * SECOND


class Logged(msgspec.Struct, frozen=True, gc=False):
    """One committed event: as the engine made it, and its CloudEvents envelope."""

    event: Published
    envelope: bytes

    @property
    def sequence(self) -> int:
        """Its place in the log."""
        return self.event.sequence


class TooOldError(Exception):
    """The place in the log that is asked for is no longer kept."""


class EventLog:
    """The committed events, in order and without a gap; `listeners` hear each batch once."""

    def __init__(
        self,
        epoch: str,
        source: str,
        *,
        last: int = 0,
        older: Callable[[int, int], Awaitable[Sequence[Logged]]] | None = None,
        window_events: int = WINDOW_EVENTS,
        window_ms: Milliseconds = WINDOW_MS,
    ) -> None:
        """Begin after `last`, the sequence of the last event that is in the store already.

        `older(after, limit)` reads events from the store.
        """
        self.epoch = epoch
        self.source = source
        self.last = last
        self.listeners: list[Callable[[Sequence[Logged]], object]] = []
        self.on_fault: Callable[[Exception], object] = _raise
        self._older = older
        self._recent: deque[Logged] = deque()
        self._window_events = window_events
        self._window_ms = window_ms

    @property
    def first_kept(self) -> int:
        """The sequence of the oldest event in memory, or of the next one when there is none."""
        return self._recent[0].sequence if self._recent else self.last + 1

    def append(self, batch: Sequence[Logged]) -> None:
        """Take in committed events, and tell of them."""
        assert batch[0].sequence == self.last + 1, "the event log has a gap"
        self.last = batch[-1].sequence
        recent = self._recent
        recent.extend(batch)
        oldest = batch[-1].event.at - self._window_ms
        while len(recent) > self._window_events or recent[0].event.at < oldest:
            recent.popleft()
        for listener in self.listeners:
            try:
                listener(batch)
            except Exception as fault:  # noqa: BLE001 - one listener's fault is not the others'
                self.on_fault(fault)

    def recent(self, after: int, limit: int | None = None) -> list[Logged]:
        """Give the events after a sequence, from memory.

        Raises:
            TooOldError: some of them are no longer there.
        """
        skip = after + 1 - self.first_kept
        if skip < 0:
            raise TooOldError
        return list(islice(self._recent, skip, None if limit is None else skip + limit))

    async def read(self, after: int, limit: int) -> Sequence[Logged]:
        """Give up to `limit` events after a sequence, from the store if they are older.

        Raises:
            TooOldError: they are not in the store either.
        """
        try:
            return self.recent(after, limit)
        except TooOldError:
            if self._older is None:
                raise
            return await self._older(after, limit)


def _raise(fault: Exception) -> None:
    raise fault
