"""The one driver: feeds a core, performs its decisions, keeps one timer armed.

Live, simulated and test runs differ only in the clock object. What is ordered goes through one
queue: an input that arrives while decisions are being performed waits its turn.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from csta.instants import Instant

Input = TypeVar("Input", contravariant=True)
Decision = TypeVar("Decision", covariant=True)


class Core(Protocol[Input, Decision]):
    """What every core looks like: it takes in an input and the instant, and returns decisions."""

    def handle(self, event: Input, now: Instant) -> Sequence[Decision]:
        """Take in one input."""

    def wake_at(self) -> Instant | None:
        """Give the instant that matters next."""

    def wake(self, now: Instant) -> Sequence[Decision]:
        """That instant has come; waking early is harmless."""


class Timer(Protocol):
    """A call that was asked of a clock and may still be called off."""

    def cancel(self) -> None:
        """Call it off; it is no error when it has happened."""


class Clock(Protocol):
    """Where instants come from. Rounding to whole milliseconds happens here and nowhere else."""

    def now(self) -> Instant:
        """Give the present instant; it never goes back."""

    def call_at(self, at: Instant, callback: Callable[[], None]) -> Timer:
        """Call back at the instant, or at once after this call when it has passed."""


I = TypeVar("I")  # noqa: E741 - the invariant twin of Input
D = TypeVar("D")


class Driver(Generic[I, D]):
    """Feeds one core from one queue.

    `perform` is given all decisions of one step together, with the instant; `record` is told of
    each input before the core sees it (None stands for a waking), which is what a journal needs.
    """

    def __init__(
        self,
        core: Core[I, D],
        clock: Clock,
        perform: Callable[[Sequence[D], Instant], None],
        record: Callable[[I | None, Instant], None] | None = None,
        settled: Callable[[], None] | None = None,
    ) -> None:
        """Tie the three together; nothing happens before the first `submit`.

        `settled` is called when there is nothing more to do for now, whatever steps were taken.
        """
        self.core = core
        self.clock = clock
        self._perform = perform
        self._record = record
        self._settled = settled
        self._inbox: deque[I] = deque()
        self._busy = False
        self._timer: Timer | None = None
        self._armed_at: Instant | None = None
        self._due: Instant | None = None
        """What the core answered to `wake_at` after its last step: nothing else changes it."""

    def submit(self, event: I) -> None:
        """Hand an input to the core, after those that came before it."""
        self._inbox.append(event)
        if not self._busy:
            self._drain()

    @property
    def is_busy(self) -> bool:
        """Tell whether steps are being taken at this moment."""
        return self._busy

    def start(self) -> None:
        """Arm the timer for deadlines that the core has from the beginning."""
        self._due = self.core.wake_at()
        self._drain()

    def stop(self) -> None:
        """Let no deadline ring any more, until the next `submit`."""
        self._arm(None)

    def _drain(self) -> None:
        """Take steps until there is nothing to do now; what is due comes before what has come."""
        core, inbox, clock = self.core, self._inbox, self.clock
        self._busy = True
        try:
            due = self._due
            while True:
                now = clock.now()
                if due is not None and due <= now:
                    self._wake(now)
                elif inbox:
                    self._take(inbox.popleft(), now)
                else:
                    break
                self._due = due = core.wake_at()
        finally:
            self._busy = False
            if self._settled is not None:
                self._settled()
        if due != self._armed_at:
            self._arm(due)

    def _take(self, event: I, now: Instant) -> None:
        if self._record is not None:
            self._record(event, now)
        decisions = self.core.handle(event, now)
        if decisions:
            self._perform(decisions, now)

    def _wake(self, now: Instant) -> None:
        if self._record is not None:
            self._record(None, now)
        decisions = self.core.wake(now)
        if decisions:
            self._perform(decisions, now)

    def _arm(self, due: Instant | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_at = due
        self._timer = None if due is None else self.clock.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._armed_at = None
        if not self._busy:
            self._drain()


class ManualClock:
    """A clock that a test, or a replay, turns by hand."""

    def __init__(self, start: Instant = 0) -> None:
        """Begin at this instant."""
        self._now = start
        self._serial = 0
        self._calls: list[tuple[Instant, int, _ManualTimer]] = []

    def now(self) -> Instant:
        """Give the present instant."""
        return self._now

    def call_at(self, at: Instant, callback: Callable[[], None]) -> Timer:
        """Call back while time is advanced over the instant."""
        timer = _ManualTimer(callback)
        self._serial += 1
        heapq.heappush(self._calls, (max(at, self._now), self._serial, timer))
        return timer

    def advance_to(self, at: Instant) -> None:
        """Let time pass, and call what falls due in order, each at its own instant."""
        while self._calls and self._calls[0][0] <= at:
            self._now, _, timer = heapq.heappop(self._calls)
            timer.ring()
        self._now = max(self._now, at)

    def advance(self, milliseconds: int) -> None:
        """Let so many milliseconds pass."""
        self.advance_to(self._now + milliseconds)

    def next_at(self) -> Instant | None:
        """Give the instant of the next call, or None."""
        while self._calls and self._calls[0][2].callback is None:
            heapq.heappop(self._calls)
        return self._calls[0][0] if self._calls else None


class _ManualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def ring(self) -> None:
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()
