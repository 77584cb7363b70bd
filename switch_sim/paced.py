"""Runs a simulated switch in step with a clock: in real time, on an asyncio loop, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import simpy

from ctiserver.core.driver import Clock, Timer
from ctiserver.core.switch_link import AnyCommand, AnyObservation, SwitchLink

T = TypeVar("T")


class Pacer:
    """Lets an environment's time follow a clock, which tells how fast that is.

    What is due is done when the clock rings. Whatever touches the switch from outside goes through
    `act`, so that it happens at the clock's instant and that what comes of it is waited for.
    """

    def __init__(self, env: simpy.Environment, clock: Clock) -> None:
        """Tie the two together; nothing runs before `start`."""
        self.env = env
        self._clock = clock
        self._timer: Timer | None = None
        self._armed_at: float | None = None
        self._running = False
        self._stepping = False

    def start(self) -> None:
        """Begin to follow the clock."""
        self._running = True
        self._arm()

    def stop(self) -> None:
        """Stand still; the clock rings no more."""
        self._running = False
        self._arm()

    def act(self, action: Callable[[], T]) -> T:
        """Do something to the switch now.

        What happens in the environment before this instant happens first. While the environment is
        at it (a reaction to an observation), its own instant counts, which may be a little behind.
        """
        if self._stepping or not self._running:
            return action()
        self._stepping = True
        try:
            now = self._clock.now()
            if now > self.env.now:
                self.env.run(until=now)
            return action()
        finally:
            self._stepping = False
            self._arm()

    def link(self, link: SwitchLink) -> PacedLink:
        """Give the link through which an engine reaches the switch in this environment."""
        return PacedLink(self, link)

    def _ring(self) -> None:
        self._timer = self._armed_at = None
        self.act(self._catch_up)

    def _catch_up(self) -> None:
        now = self._clock.now()
        while self.env.peek() <= now:
            self.env.step()

    def _arm(self) -> None:
        due = self.env.peek() if self._running else float("inf")
        due_at = None if due == float("inf") else due
        if due_at == self._armed_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_at = due_at
        self._timer = None if due_at is None else self._clock.call_at(round(due_at), self._ring)


class PacedLink:
    """A `SwitchLink` whose commands are carried out at the clock's instant."""

    def __init__(self, pacer: Pacer, link: SwitchLink) -> None:
        """Stand before this link."""
        self.link_id = link.link_id
        self._pacer = pacer
        self._link = link

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command."""
        self._pacer.act(lambda: self._link.execute(command))

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations to this function."""
        self._link.attach(observe)
