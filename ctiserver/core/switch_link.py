"""The contract between the engine and a switch: observations come in, commands go out.

A *leg* is the switch's side of one party: a channel, a line appearance. Observations are facts
about legs and may come twice, late or in another order; the call model makes one truth of them.
Commands are what any switch can do: the richer services of CSTA are built from these
(cti-api §7.12, §7.10.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from csta.call_services import DestinationCondition
from csta.causes import Cause
from csta.ids import DeviceId, LegId
from csta.instants import Milliseconds
from csta.supervision_events import RecordingMode


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


class DestinationDetected(Observation, frozen=True, tag=True, kw_only=True):
    """Who or what has answered on the leg, as `Detect` asked; None: that is not clear."""

    condition: DestinationCondition | None


class RecordingEnded(Observation, frozen=True, tag=True, kw_only=True):
    """A recording of the leg has ended, or could not begin, though nobody asked for that.

    Not told when it was stopped, nor when it has ended with its leg. `failed`: nothing, or not
    all, of it was kept. `uri` is where the rest lies, if the switch tells.
    """

    recording_id: str
    failed: bool = False
    uri: str | None = None


class TransferAsked(Observation, frozen=True, tag=True, kw_only=True):
    """Somebody has pressed the transfer key of the leg's phone: its far end is to go elsewhere.

    It is to go to `number`, as if that phone had dialled it, or to whom the same phone talks on its
    leg `to`. The engine releases the phone's legs when that is done, or says `RefuseTransfer`.
    """

    number: str = ""
    to: LegId = ""


class DeviceLost(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """A device can be reached no more: unplugged, or its registration has expired."""

    device: DeviceId


class DeviceBack(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """A device can be reached again; a link that does not know reachability never says so."""

    device: DeviceId


class LinkDown(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """Nothing is heard of the switch any more; its legs may or may not live on."""


class LegNow(msgspec.Struct, frozen=True, kw_only=True):
    """One leg as the switch has it now: what an entry of `LinkUp.legs` says.

    `joined` names those who hear it, `playing` is the id of what is played to it. None in either,
    as in `outgoing`, means that the link cannot tell; `""` that nothing is played.
    """

    leg: LegId
    device: DeviceId
    ani: str = ""
    dnis: str = ""
    state: Literal["seen", "ringing", "up"] = "seen"
    held: bool = False
    joined: tuple[LegId, ...] | None = None
    playing: str | None = None
    outgoing: bool | None = None
    """Whether the switch has dialled it, as it was asked to."""
    recordings: tuple[str, ...] | None = None
    """The ids of what is recorded there, paused or not; None: the link cannot tell."""


class LinkUp(msgspec.Struct, frozen=True, tag_field="type", tag=True, omit_defaults=True):
    """The switch is heard again: all that it knows of.

    `legs` are its legs in the order in which they came to be (`LegNow`), `lost` the devices that
    it cannot reach (None: it does not tell). `boot` is another word each time the switch has been
    started anew, and with that has lost its legs; "" when it does not tell.
    """

    legs: tuple[dict[str, Any], ...] = ()
    lost: tuple[DeviceId, ...] | None = None
    boot: str = ""


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
    | DestinationDetected
    | RecordingEnded
    | TransferAsked
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


class Listen(Command, frozen=True, tag=True, kw_only=True):
    """Let the leg hear what the leg `to` says and hears, wherever that goes; nobody hears it.

    With `coach` whoever is on the leg `to` hears it, and nobody else does. It leaves the
    conversation in which it is; asked for again, it says anew who is heard by whom.
    """

    to: LegId
    coach: bool = False


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


class Detect(Command, frozen=True, tag=True):
    """Listen who or what has answered on the leg; `DestinationDetected` tells it."""


class SendDigits(Command, frozen=True, tag=True, kw_only=True):
    """Send digits to the leg's party."""

    digits: str


class Record(Command, frozen=True, tag=True, kw_only=True):
    """Record what the leg's party says and hears, whoever that is with, until the leg is gone.

    With an id that has been recorded before, on this leg or another, it goes on where that ended:
    what is kept is one recording. One that is under way on this leg goes on as it is. `paused`
    begins with silence, until `ResumeRecording`: nothing said before that is kept.
    """

    recording_id: str
    mode: RecordingMode = RecordingMode.MIXED
    paused: bool = False


class PauseRecording(Command, frozen=True, tag=True, kw_only=True):
    """Keep nothing of what is said from now on; it is no error when it is paused already."""

    recording_id: str


class ResumeRecording(Command, frozen=True, tag=True, kw_only=True):
    """Keep again what is said; it is no error when it is not paused."""

    recording_id: str


class StopRecording(Command, frozen=True, tag=True, kw_only=True):
    """End a recording, and keep it; it is no error when it has ended."""

    recording_id: str


class RefuseTransfer(Command, frozen=True, tag=True):
    """Tell the leg's phone that its far end stays; it is no error when no transfer was asked."""


AnyCommand: TypeAlias = (
    Answer
    | Dial
    | Join
    | Hold
    | Listen
    | Clear
    | Play
    | StopPlay
    | SendDigits
    | Detect
    | Record
    | PauseRecording
    | ResumeRecording
    | StopRecording
    | RefuseTransfer
)


class LinkCapabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a link declares of its switch (cti-api §7.9); this is what the simulated one can do.

    Services and events go by their names. `quality` tells how the link knows of an event where it
    does not know it exactly: `derived` or `assumed`.
    """

    not_possible: tuple[str, ...] = ()
    """Services of the engine that this switch cannot carry out: they are refused."""
    emulated: tuple[str, ...] = (
        "AlternateCall",
        "ConferenceCall",
        "ConsultationCall",
        "DirectedPickupCall",
        "GroupPickupCall",
        "ParkCall",
        "ReconnectCall",
        "TransferCall",
    )
    """Services that the engine makes of the switch's simpler ones."""
    quality: dict[str, str] = {}
    limits: dict[str, int] = {}
    """The most that there can be of something: `trunks`, `voiceUnits`."""
    records: bool = False
    """Whether the switch records calls when asked; if not, that is left to a recorder outside."""
    recording_modes: tuple[RecordingMode, ...] = tuple(RecordingMode)
    """How it can record; a recorder outside is not asked."""


class SwitchLink(Protocol):
    """What the engine's shell needs of a switch; the simulated one and the real ones alike."""

    link_id: str

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command; what comes of it is told by observations, failure too."""

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations to this function, in the order in which they happened."""
