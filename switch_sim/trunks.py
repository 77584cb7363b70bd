"""Trunk groups: finite, counted, and what an Erlang-B check needs to know of them."""

from __future__ import annotations

import msgspec

from csta.ids import DeviceId, device
from csta.instants import Instant, Milliseconds


class TrunkBoard(msgspec.Struct, frozen=True):
    """How a trunk group stands: `busy_ms` is the time integral of trunks in use.

    `busy_ms` divided by the time that has passed is the carried traffic in erlang.
    """

    name: str
    size: int
    in_use: int
    in_use_max: int
    offered: int
    carried: int
    blocked: int
    busy_ms: Milliseconds


class TrunkGroup:
    """A group of trunks: a call takes one of them, or is blocked when all are in use."""

    __slots__ = (
        "_blocked",
        "_busy_ms",
        "_carried",
        "_in_use",
        "_in_use_max",
        "_since",
        "device",
        "name",
        "size",
    )

    def __init__(self, name: str, size: int) -> None:
        """Begin with all trunks free."""
        self.name = name
        self.device: DeviceId = device("trunk", name)
        self.size = size
        self._in_use = 0
        self._in_use_max = 0
        self._carried = 0
        self._blocked = 0
        self._busy_ms: Milliseconds = 0
        self._since: Instant = 0

    def seize(self, now: Instant) -> bool:
        """Take a trunk; False, and the attempt is counted as blocked, when all are in use."""
        if self._in_use >= self.size:
            self._blocked += 1
            return False
        self._pass_time(now)
        self._carried += 1
        self._in_use += 1
        self._in_use_max = max(self._in_use_max, self._in_use)
        return True

    def release(self, now: Instant) -> None:
        """Give a trunk back."""
        assert self._in_use > 0, f"trunk group {self.name} has no trunk in use to release"
        self._pass_time(now)
        self._in_use -= 1

    def board(self, now: Instant) -> TrunkBoard:
        """Tell how the group stands."""
        self._pass_time(now)
        return TrunkBoard(
            name=self.name,
            size=self.size,
            in_use=self._in_use,
            in_use_max=self._in_use_max,
            offered=self._carried + self._blocked,
            carried=self._carried,
            blocked=self._blocked,
            busy_ms=self._busy_ms,
        )

    def _pass_time(self, now: Instant) -> None:
        self._busy_ms += self._in_use * (now - self._since)
        self._since = now
