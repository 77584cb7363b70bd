"""Faults at the boundary of a switch: a link that lies as real switches do (features S21).

The same generator in the same state gives the same lies, so that a run can be made again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, Protocol, get_args

import msgspec
import numpy as np
import simpy

from csta.ids import DeviceId
from csta.instants import Instant, Milliseconds
from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkDown, LinkUp, SwitchLink
from switch_sim.clock import SimpyClock

_KINDS = {kind.__name__ for kind in get_args(AnyObservation)}


class Lie(StrEnum):
    """What may become of an observation."""

    LOSE = "lose"
    """It is never told."""
    DUPLICATE = "duplicate"
    """It is told once more, up to `window_ms` later."""
    DELAY = "delay"
    """It is told up to `window_ms` late, and so is what comes after it: the order is kept."""
    REORDER = "reorder"
    """It is told up to `window_ms` late, and what comes after it overtakes it."""


class Fault(msgspec.Struct, frozen=True):
    """A lie, and how often it is told."""

    lie: Lie
    share: float
    """Of all the observations that it may befall, 0 to 1."""
    window_ms: Milliseconds = 100
    kinds: tuple[str, ...] = ()
    """The observations that it may befall (`LegUp`, `LegGone` …); none given is all."""

    def __post_init__(self) -> None:
        """Refuse what could never happen.

        Raises:
            ValueError: The share is no share, the window is empty, or a kind is no observation.
        """
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share} is not between 0 and 1")
        if self.window_ms < 1:
            raise ValueError(f"window_ms {self.window_ms} is less than 1")
        for kind in self.kinds:
            if kind not in _KINDS:
                raise ValueError(f"'{kind}' is no observation: {', '.join(sorted(_KINDS))}")


class LinkDrop(msgspec.Struct, frozen=True):
    """A time during which the link is down: nothing is told, and commands are lost."""

    down_at: Instant
    up_at: Instant


class PhoneOutage(msgspec.Struct, frozen=True):
    """A time during which the switch cannot reach a phone; None: for ever."""

    device: DeviceId
    lost_at: Instant
    back_at: Instant | None = None


class Faults(msgspec.Struct, frozen=True):
    """All that is wrong with one link. Of several faults that befall an observation, all count."""

    faults: tuple[Fault, ...] = ()
    drops: tuple[LinkDrop, ...] = ()
    outages: tuple[PhoneOutage, ...] = ()


class SnapshotLink(SwitchLink, Protocol):
    """A link that can tell of all its legs at once, and whose phones can be unplugged."""

    def unplug(self, device: DeviceId) -> None:
        """Let a phone be lost."""

    def plug_in(self, device: DeviceId) -> None:
        """Let a phone be there again."""

    def snapshot(self) -> tuple[dict[str, Any], ...]:
        """Tell of all legs, for `LinkUp`."""

    def lost_phones(self) -> tuple[DeviceId, ...]:
        """Name the phones that cannot be reached."""


class FaultyLink:
    """A `SwitchLink` that stands before another one and lies about it."""

    def __init__(
        self,
        link: SnapshotLink,
        env: simpy.Environment,
        faults: Faults,
        generator: np.random.Generator,
    ) -> None:
        """Stand before this link; drops of the link come by themselves."""
        self.link_id = link.link_id
        self._link = link
        self._faults = faults.faults
        self._generator = generator
        self._clock = SimpyClock(env)
        self._observe: Callable[[AnyObservation], None] | None = None
        self._in_order_at: Instant = 0
        """Until this instant inclusive, something that came before may still have to be told."""
        self._outages = 0
        self._up = True
        for drop in faults.drops:
            self._clock.call_at(drop.down_at, self.go_down)
            self._clock.call_at(drop.up_at, self.come_up)
        for outage in faults.outages:
            self._clock.call_at(outage.lost_at, partial(link.unplug, outage.device))
            if outage.back_at is not None:
                self._clock.call_at(outage.back_at, partial(link.plug_in, outage.device))

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command, unless the link is down."""
        if self._up:
            self._link.execute(command)

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations, and lies, to this function."""
        self._observe = observe
        self._link.attach(self._lie)

    def go_down(self) -> None:
        """Let the link be lost, and all that is under way on it."""
        if self._up:
            self._tell(LinkDown())
            self._up = False
            self._outages += 1

    def come_up(self) -> None:
        """Let the link be there again, and tell of all legs."""
        if not self._up:
            self._up = True
            self._tell(LinkUp(self._link.snapshot(), lost=self._link.lost_phones()))

    def _lie(self, observation: AnyObservation) -> None:
        """Draw what becomes of an observation, and let it happen."""
        drawn_ms = self._draw(observation) if self._up else {Lie.LOSE: 0}
        if Lie.LOSE in drawn_ms:
            return
        now = self._clock.now()
        behind = self._in_order_at >= now
        if Lie.DELAY in drawn_ms:
            self._in_order_at = max(self._in_order_at, now + drawn_ms[Lie.DELAY])
        tell_at = max(self._in_order_at, now + drawn_ms.get(Lie.REORDER, 0))
        if behind or tell_at > now:
            self._tell_late(tell_at, observation)
        else:
            self._tell(observation)
        if Lie.DUPLICATE in drawn_ms:
            self._tell_late(tell_at + drawn_ms[Lie.DUPLICATE], observation)

    def _draw(self, observation: AnyObservation) -> dict[Lie, Milliseconds]:
        """Draw which lies befall an observation, and by how much."""
        drawn_ms = {}
        for fault in self._faults:
            applies = not fault.kinds or type(observation).__name__ in fault.kinds
            if applies and self._generator.random() < fault.share:
                drawn_ms[fault.lie] = int(self._generator.integers(1, fault.window_ms + 1))
        return drawn_ms

    def _tell_late(self, at: Instant, observation: AnyObservation) -> None:
        """Tell at the instant, after all that is to be told then; not if the link goes down."""
        outages = self._outages

        def tell() -> None:
            if outages == self._outages:
                self._tell(observation)

        self._clock.call_at(at, tell)

    def _tell(self, observation: AnyObservation) -> None:
        if self._observe is not None:
            self._observe(observation)
