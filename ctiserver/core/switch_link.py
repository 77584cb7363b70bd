"""The contract between the engine and a switch: observations come in, commands go out.

A *leg* is the switch's side of one party: a channel, a line appearance. Observations are facts
about legs and may come twice, late or in another order; the call model makes one truth of them.
Commands are what any switch can do: the richer services of CSTA are built from these
(cti-api §7.12, §7.10.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import msgspec

from csta.causes import Cause
from csta.ids import DeviceId, LegId
from csta.instants import Milliseconds


class Observation(msgspec.Struct, frozen=True, tag_field="type", tag=True, omit_defaults=True):
    """Something that a switch says about one of its legs."""

    leg: LegId


class LegSeen(Observation, frozen=True, tag=True, kw_only=True):
    """A leg exists. One that the engine did not ask for is a new call.

    `device` is the leg's own device (`trunk:pstn`, `station:1001`, `voiceUnit:3`); `ani` and
    `dnis` are the calling and the dialled number of a new call, as the switch knows them.
    """

    device: DeviceId
    ani: str = ""
    dnis: str = ""


class LegRinging(Observation, frozen=True, tag=True):
    """The leg's device alerts."""


class LegUp(Observation, frozen=True, tag=True):
    """The leg's device has answered."""


class LegHeld(Observation, frozen=True, tag=True):
    """The leg's device has put its far end on hold."""


class LegRetrieved(Observation, frozen=True, tag=True):
    """The leg's device has taken its far end back."""


class LegsJoined(Observation, frozen=True, tag=True, kw_only=True):
    """These legs hear one another; `leg` is the first of them."""

    legs: tuple[LegId, ...]


class LegsParted(Observation, frozen=True, tag=True, kw_only=True):
    """These legs hear one another no more."""

    legs: tuple[LegId, ...]


class LegGone(Observation, frozen=True, tag=True, kw_only=True):
    """The leg is no more; `far_end` when its own party let go (else it was released)."""

    cause: Cause = Cause.NORMAL_CLEARING
    far_end: bool = True
    q850: int | None = None
    sip_status: int | None = None


class Digit(Observation, frozen=True, tag=True, kw_only=True):
    """The leg's party pressed a key: one of 0-9 A-D * #."""

    digit: str
    duration_ms: Milliseconds = 100


class PlayEnded(Observation, frozen=True, tag=True, kw_only=True):
    """What was played to the leg has ended by itself."""

    play_id: str


class RecordingEnded(Observation, frozen=True, tag=True, kw_only=True):
    """A recording of the leg has ended."""

    recording_id: str


class DeviceLost(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """A device can be reached no more: unplugged, or its registration has expired."""

    device: DeviceId


class DeviceBack(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """A device can be reached again; a link that does not know reachability never says so."""

    device: DeviceId


class LinkDown(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """Nothing is heard of the switch any more; its legs may or may not live on."""


class LinkUp(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """The switch is heard again; `legs` are all that it knows of: leg, device and states."""

    legs: tuple[dict[str, Any], ...] = ()


AnyObservation: TypeAlias = (
    LegSeen
    | LegRinging
    | LegUp
    | LegHeld
    | LegRetrieved
    | LegsJoined
    | LegsParted
    | LegGone
    | Digit
    | PlayEnded
    | RecordingEnded
    | DeviceLost
    | DeviceBack
    | LinkDown
    | LinkUp
)


class Command(msgspec.Struct, frozen=True, tag_field="type", tag=True, omit_defaults=True):
    """Something that the engine asks of a switch for one leg."""

    leg: LegId


class Answer(Command, frozen=True, tag=True):
    """Answer the leg of an incoming call."""


class Dial(Command, frozen=True, tag=True, kw_only=True):
    """Make a leg with this id to a device.

    `device` may be a hunt group (`group:ivr`): the switch picks an idle member and names it in
    `LegSeen`. `calling` is the number to show, `auto_answer` asks the phone to answer by itself.
    """

    device: DeviceId
    calling: str = ""
    auto_answer: bool = False


class Join(Command, frozen=True, tag=True, kw_only=True):
    """Let these legs hear one another, and nobody else; what they heard before ends."""

    legs: tuple[LegId, ...]


class Hold(Command, frozen=True, tag=True):
    """Take the leg out of its conversation; those who stay hear hold music."""


class Clear(Command, frozen=True, tag=True, kw_only=True):
    """Release the leg."""

    cause: Cause = Cause.NORMAL_CLEARING


class Play(Command, frozen=True, tag=True, kw_only=True):
    """Play to the leg: `sound:…`, `tts:…`, `tone:…`, or music that never ends (`music:…`)."""

    play_id: str
    uri: str


class StopPlay(Command, frozen=True, tag=True, kw_only=True):
    """Stop what is played to the leg; it is no error when it has ended."""

    play_id: str


class SendDigits(Command, frozen=True, tag=True, kw_only=True):
    """Send digits to the leg's party."""

    digits: str


AnyCommand: TypeAlias = Answer | Dial | Join | Hold | Clear | Play | StopPlay | SendDigits


class SwitchLink(Protocol):
    """What the engine's shell needs of a switch; the simulated one and the real ones alike."""

    link_id: str

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command; what comes of it is told by observations, failure too."""

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations to this function, in the order in which they happened."""
