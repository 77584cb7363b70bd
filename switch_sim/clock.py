"""The clock of a simulation: SimPy's time as instants, and calls that may be called off."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import simpy

from csta.instants import Instant, Milliseconds
from ctiserver.core.driver import Timer

_STALE_MIN = 64


class SimpyClock:
    """A `Clock` on a SimPy environment whose time is whole milliseconds since the Unix epoch.

    SimPy cannot take an event back, so the calls are kept here, and SimPy holds one event for the
    earliest of them. An event that a called-off call has left behind serves whoever is due then.
    """

    def __init__(self, env: simpy.Environment) -> None:
        """Tell the time of this environment: `simpy.Environment(initial_time=start_at)`."""
        self._env = env
        self._calls: list[tuple[Instant, int, _Call]] = []
        self._serial = 0
        self._calls_max = _STALE_MIN
        self._armed: list[Instant] = []
        """When our events in SimPy's heap will come, the earliest last."""
        self._ringing = False

    def now(self) -> Instant:
        """Give the present instant."""
        now = self._env.now
        return now if type(now) is int else round(now)

    def call_at(self, at: Instant, callback: Callable[[], None]) -> Timer:
        """Call back at the instant, or at once after this call when it has passed.

        Calls for one instant come in the order in which they were asked for.
        """
        now = self.now()
        return self._keep(max(at, now), now, callback)

    def call_in(self, delay_ms: Milliseconds, callback: Callable[[], None]) -> Timer:
        """Call back so much later; 0 is at once after this call."""
        now = self.now()
        return self._keep(now + delay_ms, now, callback)

    def _keep(self, at: Instant, now: Instant, callback: Callable[[], None]) -> Timer:
        call = _Call(callback)
        self._serial += 1
        heapq.heappush(self._calls, (at, self._serial, call))
        if len(self._calls) > self._calls_max:
            self._sweep()
        if not self._ringing and (not self._armed or at < self._armed[-1]):
            self._arm(at, now)
        return call

    def _arm(self, at: Instant, now: Instant) -> None:
        self._armed.append(at)
        self._env.timeout(at - now).callbacks.append(self._ring)

    def _ring(self, _: simpy.Event) -> None:
        now = self._armed.pop()
        self._ringing = True
        calls = self._calls
        try:
            while calls and (calls[0][0] <= now or calls[0][2].callback is None):
                heapq.heappop(calls)[2].ring()
        finally:
            self._ringing = False
            if calls and (not self._armed or calls[0][0] < self._armed[-1]):
                self._arm(calls[0][0], now)

    def _sweep(self) -> None:
        """Drop what was called off. Waiting for twice as many keeps the cost of a call constant."""
        self._calls[:] = [entry for entry in self._calls if entry[2].callback is not None]
        heapq.heapify(self._calls)
        self._calls_max = max(_STALE_MIN, 2 * len(self._calls))


class _Call:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def ring(self) -> None:
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()
