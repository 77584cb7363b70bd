"""A small switch for tests: it knows the truth of the legs, and people do with them as they like.

Nothing happens by itself: phones ring until the test lets somebody do something, and what the
switch has to say stands in `untold` until the test lets the engine hear it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from csta.causes import Cause
from csta.ids import DeviceId, LegId, category_of
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Clear,
    Dial,
    Digit,
    Hold,
    Join,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegRinging,
    LegSeen,
    LegsJoined,
    LegUp,
    Play,
    PlayEnded,
    StopPlay,
    TransferAsked,
)


class Line:
    """One leg as the switch has it."""

    def __init__(self, leg_id: LegId, device: DeviceId, *, outgoing: bool) -> None:
        """Begin neither up nor on hold."""
        self.leg_id = leg_id
        self.device = device
        self.outgoing = outgoing
        self.up = False
        self.held = False
        self.play_id: str | None = None

    @property
    def at_phone(self) -> bool:
        """A person is at the end of it whom the engine has called."""
        return category_of(self.device) == "station" or self.device == "trunk:out"


class ModelSwitch:
    """Phones, trunks and voice units."""

    def __init__(self, stations: Sequence[DeviceId], voice_units: int) -> None:
        """Know the phones, and how many voice units there are."""
        self.stations = stations
        self.voice_units = [f"voiceUnit:{number}" for number in range(voice_units)]
        self.lines: dict[LegId, Line] = {}
        self.unplugged: set[DeviceId] = set()
        self.untold: deque[AnyObservation] = deque()
        self._serial = 0
        self._carry_out: dict[type, Callable[..., None]] = {
            Answer: self._answer,
            Dial: self._dial,
            Join: self._join,
            Hold: self._hold,
            Clear: lambda command: self.end(command.leg, command.cause, far_end=False),
            Play: self._play,
            StopPlay: self._stop_play,
        }

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command; one for a leg that is gone does nothing."""
        carry_out = self._carry_out.get(type(command))
        if carry_out is not None:
            carry_out(command)

    def at(self, device: DeviceId) -> Line | None:
        """Find what is going on at a device."""
        return next((line for line in self.lines.values() if line.device == device), None)

    # What people do.

    def call_in(self, ani: str, dnis: str) -> None:
        """Somebody outside calls."""
        line = self._begin(self._mint(), "trunk:in", outgoing=False)
        self.untold.append(LegSeen(line.leg_id, device=line.device, ani=ani, dnis=dnis))

    def dial_from(self, station: DeviceId, number: str) -> None:
        """Somebody picks up a phone and dials."""
        line = self._begin(self._mint(), station, outgoing=False)
        ani = station.partition(":")[2]
        self.untold.append(LegSeen(line.leg_id, device=station, ani=ani, dnis=number))
        self._up(line)

    def pick_up(self, line: Line) -> None:
        """Somebody answers."""
        if not line.up:
            self._up(line)

    def key(self, line: Line, digit: str) -> None:
        """Somebody presses a key."""
        self.untold.append(Digit(line.leg_id, digit=digit))

    def end_play(self, line: Line) -> None:
        """What is played comes to its end."""
        assert line.play_id is not None
        self.untold.append(PlayEnded(line.leg_id, play_id=line.play_id))
        line.play_id = None

    def hold(self, line: Line) -> None:
        """Somebody presses the hold key."""
        line.held = True
        self.untold.append(LegHeld(line.leg_id))

    def retrieve(self, line: Line) -> None:
        """Somebody takes back whom the phone has on hold."""
        line.held = False
        self.untold.append(LegRetrieved(line.leg_id))

    def transfer(self, line: Line, number: str = "", to: LegId = "") -> None:
        """Somebody presses the transfer key: to a number, or to who is on a line of that phone."""
        self.untold.append(TransferAsked(line.leg_id, number=number, to=to))

    def end(self, leg_id: LegId, cause: Cause, *, far_end: bool) -> None:
        """A leg ends."""
        if self.lines.pop(leg_id, None) is not None:
            self.untold.append(LegGone(leg_id, cause=cause, far_end=far_end))

    # Commands.

    def _answer(self, command: Answer) -> None:
        line = self.lines.get(command.leg)
        if line is not None:
            self.pick_up(line)

    def _dial(self, command: Dial) -> None:
        device: DeviceId = command.device
        if category_of(device) == "group":
            free = [unit for unit in self.voice_units if self.at(unit) is None]
            if not free:
                self.untold.append(LegGone(command.leg, cause=Cause.BUSY))
                return
            line = self._begin(command.leg, free[0], outgoing=True)
            self.untold.append(LegSeen(line.leg_id, device=line.device))
            self._up(line)
            return
        if category_of(device) == "number":
            device = "trunk:out"
        elif device not in self.stations or device in self.unplugged:
            self.untold.append(LegGone(command.leg, cause=Cause.DEST_NOT_OBTAINABLE))
            return
        elif self.at(device) is not None:
            self.untold.append(LegGone(command.leg, cause=Cause.BUSY))
            return
        line = self._begin(command.leg, device, outgoing=True)
        self.untold.append(LegSeen(line.leg_id, device=device))
        self.untold.append(LegRinging(line.leg_id))
        if command.auto_answer:
            self._up(line)

    def _join(self, command: Join) -> None:
        there = [self.lines[leg] for leg in command.legs if leg in self.lines]
        if len(there) >= min(2, len(command.legs)):
            for line in there:
                line.held, line.play_id = False, None
            legs = tuple(line.leg_id for line in there)
            self.untold.append(LegsJoined(legs[0], legs=legs))

    def _hold(self, command: Hold) -> None:
        line = self.lines.get(command.leg)
        if line is not None and line.up:
            self.hold(line)

    def _play(self, command: Play) -> None:
        line = self.lines.get(command.leg)
        if line is not None:
            endless = command.uri.startswith(("music:", "tone:"))
            line.play_id = None if endless else command.play_id

    def _stop_play(self, command: StopPlay) -> None:
        line = self.lines.get(command.leg)
        if line is not None and line.play_id == command.play_id:
            line.play_id = None

    def _begin(self, leg_id: LegId, device: DeviceId, *, outgoing: bool) -> Line:
        line = self.lines[leg_id] = Line(leg_id, device, outgoing=outgoing)
        return line

    def _mint(self) -> LegId:
        self._serial += 1
        return f"sw-{self._serial}"

    def _up(self, line: Line) -> None:
        line.up = True
        self.untold.append(LegUp(line.leg_id))
