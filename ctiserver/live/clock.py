"""The clock of live operation: an asyncio loop's time as instants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from csta.instants import Instant
from ctiserver.core.driver import Timer


class AsyncioClock:
    """A `Clock` on an event loop: it starts at an instant, and runs `speed` times as fast.

    It follows the loop's monotonic time, so that it never goes back when the machine's clock is
    set. A speed other than 1 is for demonstrations and tests.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, start_at: Instant, speed: float = 1.0
    ) -> None:
        """Let it be `start_at` now."""
        self._loop = loop
        self._start_at = start_at
        self._per_second = 1_000 * speed
        self._started = loop.time()

    def now(self) -> Instant:
        """Give the present instant."""
        return self._start_at + round((self._loop.time() - self._started) * self._per_second)

    def call_at(self, at: Instant, callback: Callable[[], None]) -> Timer:
        """Call back at the instant and never before, or at once after this call when it is past."""
        return _Call(self, at, callback)

    def ring_at(self, at: Instant, ring: Callable[[], None]) -> asyncio.TimerHandle:
        """Ask the loop for a call; the loop may make it a little early."""
        when = self._started + (at - self._start_at) / self._per_second
        return self._loop.call_at(when, ring)


class _Call:
    __slots__ = ("_at", "_callback", "_clock", "_handle")

    def __init__(self, clock: AsyncioClock, at: Instant, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._at = at
        self._callback = callback
        self._handle = clock.ring_at(at, self._ring)

    def cancel(self) -> None:
        self._handle.cancel()

    def _ring(self) -> None:
        if self._clock.now() < self._at:
            self._handle = self._clock.ring_at(self._at, self._ring)
        else:
            self._callback()
