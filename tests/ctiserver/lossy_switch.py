"""The small switch of the tests behind a link that can be lost; it tells who hears whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from csta.causes import Cause
from csta.ids import DeviceId, LegId, category_of
from ctiserver.core.switch_link import AnyCommand, Hold, Join, LegGone, LinkUp
from tests.ctiserver.model_switch import Line, ModelSwitch


class LossySwitch(ModelSwitch):
    """Lives on while the link is down: what it has to say then is lost, and so are commands."""

    def __init__(self, stations: Sequence[DeviceId], voice_units: int) -> None:
        """Begin with a link that is up."""
        super().__init__(stations, voice_units)
        self.linked = True
        self.dialled: dict[LegId, tuple[str, str]] = {}
        """Who called, and what he dialled, of each leg that somebody has begun."""
        self.company: dict[LegId, tuple[LegId, ...]] = {}
        """All of one conversation, for each of them."""

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command, unless it is lost."""
        if not self.linked:
            return
        super().execute(command)
        if isinstance(command, Join):
            self._talk([leg for leg in command.legs if leg in self.lines], least=len(command.legs))
        elif isinstance(command, Hold) and command.leg in self.lines:
            self._part(command.leg)

    def hold(self, line: Line) -> None:
        """Somebody presses the hold key; he hears nobody until he takes them back."""
        super().hold(line)
        self._part(line.leg_id)

    def call_in(self, ani: str, dnis: str) -> None:
        """Somebody outside calls."""
        super().call_in(ani, dnis)
        self.dialled[next(reversed(self.lines))] = (ani, dnis)

    def dial_from(self, station: DeviceId, number: str) -> None:
        """Somebody picks up a phone and dials."""
        super().dial_from(station, number)
        self.dialled[next(reversed(self.lines))] = (station.partition(":")[2], number)

    def lose_link(self) -> None:
        """Lose the link, and all that was to be told."""
        self.linked = False
        self.untold.clear()

    def link_up(self) -> LinkUp:
        """Be heard again: tell of all legs."""
        self.linked = True
        self.untold.clear()
        return LinkUp(self.snapshot())

    def snapshot(self) -> tuple[dict[str, Any], ...]:
        """Tell of all legs."""
        return tuple(self._now(line) for line in self.lines.values())

    def ends_untold(self) -> list[LegId]:
        """List the legs that have ended, and the engine has not heard of it yet."""
        return [event.leg for event in self.untold if isinstance(event, LegGone)]

    def _now(self, line: Line) -> dict[str, Any]:
        ani, dnis = self.dialled.get(line.leg_id, ("", ""))
        state = "up" if line.up else "ringing" if self._rings(line) else "seen"
        return {
            "leg": line.leg_id,
            "device": line.device,
            "ani": ani,
            "dnis": dnis,
            "state": state,
            "held": line.held,
            "joined": [leg for leg in self.company.get(line.leg_id, ()) if leg != line.leg_id],
            "playing": line.play_id or "",
            "outgoing": line.outgoing,
        }

    @staticmethod
    def _rings(line: Line) -> bool:
        return line.outgoing and category_of(line.device) != "voiceUnit"

    def _talk(self, legs: list[LegId], *, least: int) -> None:
        if len(legs) >= min(2, least):
            for leg in legs:
                self._part(leg)
            self.company.update(dict.fromkeys(legs, tuple(legs)))

    def _part(self, leg: LegId) -> None:
        left = tuple(other for other in self.company.pop(leg, ()) if other != leg)
        for other in left:
            self.company[other] = left

    def end(self, leg_id: LegId, cause: Cause, *, far_end: bool) -> None:
        """A leg ends."""
        super().end(leg_id, cause, far_end=far_end)
        self._part(leg_id)
