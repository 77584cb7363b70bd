"""Voice-unit events (ECMA-269 §26.2): what is played, recorded, keyed in and recognised."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from csta.call_events import CallLinkageData
from csta.causes import Cause
from csta.ids import CallId, ConnectionId, wire_name
from csta.instants import Milliseconds


class VoiceEvent(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """What every voice event says: whose it is, and why.

    `connection` is the one that is played to or listened to. The events of the later, interactive
    half of the standard call it `overConnection` on the wire (`SUBJECT_NAME`).
    """

    CATEGORY: ClassVar[str] = "voice"
    SUBJECT_NAME: ClassVar[str] = "connection"

    link_id: str
    call_id: CallId
    connection: ConnectionId
    cause: Cause = Cause.NORMAL
    call_linkage_data: CallLinkageData
    resource: str | None = None
    services_permitted: tuple[str, ...] = ()


class VoiceMessageEvent(VoiceEvent, frozen=True, kw_only=True):
    """A voice event of one message: which (its URI), how long it is and where it stands."""

    message: str
    length_ms: Milliseconds | None = msgspec.field(name="length", default=None)
    current_position_ms: Milliseconds | None = msgspec.field(name="currentPosition", default=None)


class Play(VoiceMessageEvent, frozen=True, kw_only=True):
    """A message is being played."""


class Stop(VoiceMessageEvent, frozen=True, kw_only=True):
    """Playing or recording has ended; the cause says by what."""


class SuspendPlay(VoiceMessageEvent, frozen=True, kw_only=True):
    """Playing has paused."""


class Record(VoiceMessageEvent, frozen=True, kw_only=True):
    """A message is being recorded."""


class SuspendRecord(VoiceMessageEvent, frozen=True, kw_only=True):
    """Recording has paused."""


class Review(VoiceMessageEvent, frozen=True, kw_only=True):
    """What was just recorded is played back."""


class InteractiveVoiceEvent(VoiceEvent, frozen=True, kw_only=True):
    """A voice event of prompting, listening or collecting."""

    SUBJECT_NAME: ClassVar[str] = "overConnection"
    connection: ConnectionId = msgspec.field(name="overConnection")


class Started(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """A prompt or a listener has started."""


class Completed(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """A prompt or a listener has done what it was asked to."""


class DtmfDetected(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """A key was pressed: one of 0-9 A-D * #; `*` for each key of a secret input."""

    cause: Cause = Cause.DTMF_DIGIT_DETECTED
    dtmf_char: str
    duration_ms: Milliseconds | None = None


class SpeechDetected(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """Somebody has begun to speak."""


class SilenceTimeoutExpired(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """Nobody spoke in the time given."""


class Recognized(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """What was said is understood: the words, and what they mean."""

    text: str
    result: str | None = None


class NotRecognized(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """What was said is not understood."""

    result: str | None = None


class VoiceErrorOccurred(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """A voice resource has failed."""


class BookmarkReached(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """A prompt has come to a marked place."""

    bookmark: str


class InterruptionDetected(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """A prompt was interrupted by a key or by speech (barge-in)."""


class Emptied(InteractiveVoiceEvent, frozen=True, kw_only=True):
    """A prompt queue has played everything in it."""


class CollectionCause(StrEnum):
    """Why collected digits are reported (ECMA-323 DcollCause)."""

    FLUSH_CHAR_RECEIVED = "flushCharReceived"
    CHAR_COUNT_RECEIVED = "charCountReceived"
    TIMEOUT = "timeout"
    SF_TERMINATED = "sfTerminated"


class DigitsData(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """Digits that were keyed, and how long each of them was."""

    digits_detected: str
    digits_duration_ms: tuple[Milliseconds, ...] = msgspec.field(name="digitsDuration", default=())


class DataCollected(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True
):
    """Digits were collected: those since the last report (ECMA-269, data collection services)."""

    CATEGORY: ClassVar[str] = "dataCollection"

    link_id: str
    call_id: CallId
    connection: ConnectionId
    call_linkage_data: CallLinkageData
    dcoll_cross_ref_id: str
    digits_data: DigitsData
    collection_cause: CollectionCause = msgspec.field(name="dcollcause")


DATA_COLLECTION_EVENTS: tuple[type[DataCollected], ...] = (DataCollected,)

VOICE_EVENTS: tuple[type[VoiceEvent], ...] = (
    BookmarkReached,
    Completed,
    DtmfDetected,
    Emptied,
    InterruptionDetected,
    NotRecognized,
    Play,
    Recognized,
    Record,
    Review,
    SilenceTimeoutExpired,
    SpeechDetected,
    Started,
    Stop,
    SuspendPlay,
    SuspendRecord,
    VoiceErrorOccurred,
)
"""All of them, in the order of their names."""
