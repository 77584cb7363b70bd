"""Services of voice units, of data collection and of call recording (ECMA-269 §25, §26)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from csta.ids import CallId, ConnectionId, wire_name
from csta.instants import Milliseconds
from csta.service_request import ServiceRequest
from csta.supervision_events import RecordingMode

MessageUri = Annotated[str, Meta(pattern="^(sound|file|tts|tone|digits|music):")]
Length = Annotated[Milliseconds, Meta(gt=0)]


class TerminatingConditions(
    Struct, frozen=True, rename=wire_name, omit_defaults=True, forbid_unknown_fields=True
):
    """What ends a message that is played or recorded, besides its own end."""

    duration_exceeded: bool = False
    dtmf_digit_detected: bool = field(name="dTMFDigitDetected", default=False)
    end_of_message_detected: bool = False
    speech_detected: bool = False


class PlayMessage(ServiceRequest, frozen=True, kw_only=True):
    """Play `sound:`, `file:`, `tts:`, `tone:`, `digits:` or `music:` over a connection."""

    message_to_be_played: MessageUri
    over_connection: ConnectionId
    duration_ms: Length | None = field(name="duration", default=None)
    termination: TerminatingConditions | None = None


class RecordMessage(ServiceRequest, frozen=True, kw_only=True):
    """Record what a caller says to a voice unit."""

    call_to_be_recorded: ConnectionId
    max_duration_ms: Length | None = field(name="maxDuration", default=None)
    termination: TerminatingConditions | None = None
    encoding_algorithm: str | None = None
    sampling_rate: Annotated[int, Meta(gt=0)] | None = None


class Stop(ServiceRequest, frozen=True, kw_only=True):
    """End playing or recording."""

    connection: ConnectionId
    resource: str | None = None


class Suspend(ServiceRequest, frozen=True, kw_only=True):
    """Pause playing or recording."""

    connection: ConnectionId
    resource: str | None = None


class Resume(ServiceRequest, frozen=True, kw_only=True):
    """Go on playing or recording."""

    connection: ConnectionId
    resource: str | None = None


class Reposition(ServiceRequest, frozen=True, kw_only=True):
    """Go forward, or back (negative), in the message that is played."""

    connection: ConnectionId
    resource: str | None = None
    period_of_reposition_ms: Milliseconds = field(name="periodOfReposition")


class Review(ServiceRequest, frozen=True, kw_only=True):
    """Play back what was just recorded: the last so many milliseconds, or all of it."""

    connection: ConnectionId
    resource: str | None = None
    period_to_review_ms: Length | None = field(name="periodToReview", default=None)


class SetVoiceAttribute(ServiceRequest, frozen=True, kw_only=True):
    """Change attributes of a voice resource, by ECMA-323's names (`currentVolume`, `language`)."""

    connection: ConnectionId
    resource: str | None = None
    attribute_to_set: dict[str, Any]


class QueryVoiceAttribute(ServiceRequest, frozen=True, kw_only=True):
    """Ask for an attribute of a voice resource, by ECMA-323's name."""

    connection: ConnectionId
    resource: str | None = None
    attribute_to_query: str


VOICE_SERVICES: tuple[type[ServiceRequest], ...] = (
    PlayMessage,
    QueryVoiceAttribute,
    RecordMessage,
    Reposition,
    Resume,
    Review,
    SetVoiceAttribute,
    Stop,
    Suspend,
)


class DataCollectionType(StrEnum):
    """What is collected (ECMA-323 DataCollType)."""

    DIGITS = "digits"
    TELEPHONY_TONES = "telTones"


class DigitsReportingCriteria(
    Struct, frozen=True, rename=wire_name, omit_defaults=True, forbid_unknown_fields=True
):
    """When collected digits are reported: so many, this one, or after so long a pause."""

    num_chars: Annotated[int, Meta(gt=0)] | None = None
    flush_char: Annotated[str, Meta(pattern="^[0-9A-D*#]$")] | None = None
    timeout_ms: Length | None = field(name="timeout", default=None)


class StartDataCollection(ServiceRequest, frozen=True, kw_only=True):
    """Collect what is keyed in on a connection."""

    connection: ConnectionId = field(name="object")
    data_coll_type: DataCollectionType = DataCollectionType.DIGITS
    digits_reporting_criteria: DigitsReportingCriteria | None = None


class StopDataCollection(ServiceRequest, frozen=True, kw_only=True):
    """End a collection."""

    dcoll_cross_ref_id: str


DATA_COLLECTION_SERVICES: tuple[type[ServiceRequest], ...] = (
    StartDataCollection,
    StopDataCollection,
)


class StartCallRecording(ServiceRequest, frozen=True, kw_only=True):
    """Record a call (ext), and tell those in it when `announce`."""

    call_id: CallId
    mode: RecordingMode = RecordingMode.MIXED
    announce: bool = False


class PauseCallRecording(ServiceRequest, frozen=True, kw_only=True):
    """Leave out of the recording what is said now (ext)."""

    call_id: CallId


class ResumeCallRecording(ServiceRequest, frozen=True, kw_only=True):
    """Go on recording (ext)."""

    call_id: CallId


class StopCallRecording(ServiceRequest, frozen=True, kw_only=True):
    """End a recording (ext)."""

    call_id: CallId


RECORDING_SERVICES: tuple[type[ServiceRequest], ...] = (
    PauseCallRecording,
    ResumeCallRecording,
    StartCallRecording,
    StopCallRecording,
)
