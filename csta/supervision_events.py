"""Extension events of listening in (`cti.supervision.*`) and of recording (`cti.recording.*`)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from csta.causes import Cause
from csta.ids import AgentId, CallId, ConnectionId, wire_name


class SupervisionMode(StrEnum):
    """Who hears a supervisor: nobody, the agent only, or everybody."""

    SILENT = "silent"
    COACH = "coach"
    BARGE = "barge"


class SupervisionEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True
):
    """Who listens to whom, in which call and how (cti-api §7.5)."""

    CATEGORY: ClassVar[str] = "supervision"
    EVENT_NAME: ClassVar[str]

    link_id: str
    call_id: CallId
    supervisor: AgentId
    target: AgentId
    mode: SupervisionMode


class SupervisionStarted(SupervisionEvent, frozen=True, kw_only=True):
    """A supervisor has come into a call."""

    EVENT_NAME: ClassVar[str] = "Started"


class SupervisionModeChanged(SupervisionEvent, frozen=True, kw_only=True):
    """A supervisor is heard by others than before; `mode` is the new one."""

    EVENT_NAME: ClassVar[str] = "ModeChanged"


class SupervisionEnded(SupervisionEvent, frozen=True, kw_only=True):
    """A supervisor has left; `mode` is the last one.

    `cause` is `transfer` when the agent has handed the call on, `redirected` when he has gone on
    with another call, else `normalClearing`: the supervisor has left, or the agent has.
    """

    EVENT_NAME: ClassVar[str] = "Ended"

    cause: Cause = Cause.NORMAL_CLEARING


SUPERVISION_EVENTS: tuple[type[SupervisionEvent], ...] = (
    SupervisionEnded,
    SupervisionModeChanged,
    SupervisionStarted,
)


class RecordingMode(StrEnum):
    """Whether both sides of a call go on one track or on two."""

    MIXED = "mixed"
    DUAL = "dual"


class RecordingEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True
):
    """Which recording of which call; `uri` is where it lies, as soon as that is known."""

    CATEGORY: ClassVar[str] = "recording"
    EVENT_NAME: ClassVar[str]

    link_id: str
    call_id: CallId
    recording_id: str
    connection: ConnectionId
    uri: str | None = None


class RecordingStarted(RecordingEvent, frozen=True, kw_only=True):
    """A call is being recorded."""

    EVENT_NAME: ClassVar[str] = "Started"

    mode: RecordingMode = RecordingMode.MIXED


class RecordingPaused(RecordingEvent, frozen=True, kw_only=True):
    """What is said now is not recorded; `secure` when a flow asks for a secret (reliability X2)."""

    EVENT_NAME: ClassVar[str] = "Paused"

    secure: bool = False


class RecordingResumed(RecordingEvent, frozen=True, kw_only=True):
    """Recording goes on."""

    EVENT_NAME: ClassVar[str] = "Resumed"


class RecordingStopped(RecordingEvent, frozen=True, kw_only=True):
    """A recording is complete."""

    EVENT_NAME: ClassVar[str] = "Stopped"


class RecordingFailed(RecordingEvent, frozen=True, kw_only=True):
    """A recording could not be made or kept."""

    EVENT_NAME: ClassVar[str] = "Failed"

    cause: Cause = Cause.RESOURCES_NOT_AVAILABLE


RECORDING_EVENTS: tuple[type[RecordingEvent], ...] = (
    RecordingFailed,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
)
