"""The clock of a server that starts: it stands still at an instant until it is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from csta.instants import Instant
from ctiserver.core.driver import Timer
from ctiserver.live.clock import AsyncioClock

_log = structlog.get_logger(__name__)


class StandingClock:
    """A `Clock` that stands at the last instant of a journal, then jumps to the wall's and runs.

    Engine and simulated switch share it. It never goes back: when the wall clock is behind the
    journal, it goes on from the journal's instant. A callback that raises is told to `on_fault`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        at: Instant,
        *,
        wall: Callable[[], Instant],
        speed: float = 1.0,
    ) -> None:
        """Stand at an instant; `wall` gives the wall clock's."""
        self._loop = loop
        self._at = at
        self._wall = wall
        self._speed = speed
        self.on_fault: Callable[[Exception], object] = _log_fault
        self._runs: AsyncioClock | None = None
        self._held: list[_Held] = []

    def now(self) -> Instant:
        """Give the present instant."""
        return self._at if self._runs is None else self._runs.now()

    def call_at(self, at: Instant, callback: Callable[[], None]) -> Timer:
        """Call back at the instant, and not before the clock runs."""
        guarded = partial(self._call, callback)
        if self._runs is not None:
            return self._runs.call_at(at, guarded)
        held = _Held(at, guarded)
        self._held.append(held)
        return held

    def go(self) -> None:
        """Run from now on."""
        assert self._runs is None, "the clock runs already"
        self._runs = AsyncioClock(self._loop, max(self._at, self._wall()), self._speed)
        held, self._held = self._held, []
        for each in held:
            each.hand_to(self._runs)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is told and time goes on
            self.on_fault(fault)


class _Held:
    __slots__ = ("_at", "_callback", "_cancelled", "_timer")

    def __init__(self, at: Instant, callback: Callable[[], None]) -> None:
        self._at = at
        self._callback = callback
        self._cancelled = False
        self._timer: Timer | None = None

    def cancel(self) -> None:
        self._cancelled = True
        if self._timer is not None:
            self._timer.cancel()

    def hand_to(self, clock: AsyncioClock) -> None:
        if not self._cancelled:
            self._timer = clock.call_at(self._at, self._callback)


def _log_fault(fault: Exception) -> None:
    _log.error("clock.fault", exc_info=fault)
