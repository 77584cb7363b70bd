"""The frames of a server as a client reads them: what it does not know it passes over (§7.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from csta.event_types import EVENT_BY_TYPE
from csta.ids import wire_name
from csta.replies import AsOf
from ctiserver.core.messages import (
    Goodbye,
    Live,
    Message,
    Ping,
    Pong,
    ReauthRequired,
    Resumed,
    ServerRequest,
    SnapshotBegin,
    SnapshotEnd,
    SnapshotItem,
    Welcome,
)
from ctiserver.core.picture import AnyItem
from ctiserver.live.client_errors import Refusal

_NULL = Raw(b"null")


class EventFrame(Message, frozen=True, kw_only=True, tag="event"):
    """An event, and the monitors of this session that it matches."""

    n: int
    monitor_cross_ref_ids: tuple[str, ...]
    event: Raw


class Answer(Message, frozen=True, kw_only=True, tag="response"):
    """The answer to a request, its result and its error unread."""

    id: str
    service: str
    ok: bool
    result: Raw = _NULL
    error: Raw = _NULL
    as_of: AsOf
    replayed: bool = False


class Resyncing(Message, frozen=True, kw_only=True, tag="resync"):
    """Resuming is not possible; the reason is one of those we know, or a newer one."""

    reason: str = ""


ServerMessage: TypeAlias = (
    Answer
    | EventFrame
    | Goodbye
    | Live
    | Ping
    | Pong
    | ReauthRequired
    | Resumed
    | Resyncing
    | ServerRequest
    | SnapshotBegin
    | SnapshotEnd
    | SnapshotItem
    | Welcome
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event: its CloudEvents envelope (cti-api §7.4), and its data.

    `data` is the class of `csta` that `type` names; a plain dict when this client does not know
    the type, or not all that stands in it.
    """

    id: str
    type: str
    source: str = ""
    subject: str = ""
    time: str = ""
    """RFC 3339."""
    epoch: str
    sequence: int
    entity_sequence: int = 0
    partition_key: str = ""
    correlation_id: str | None = None
    """The id of the request that caused it."""
    causation_id: str | None = None
    principal: str | None = None
    synthetic: bool = False
    quality: str = "exact"
    traceparent: str | None = None
    """The trace (W3C) that the request belongs to which caused it."""
    data: Any

    @property
    def name(self) -> str:
        """The short name: `Delivered`."""
        parts = self.type.split(".")
        return parts[-2] if len(parts) > 1 else self.type


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The attributes as CloudEvents writes them, in small letters."""

    id: str
    type: str
    epoch: str
    sequence: str
    source: str = ""
    subject: str = ""
    time: str = ""
    entityseq: int = 0
    partitionkey: str = ""
    correlationid: str | None = None
    causationid: str | None = None
    principal: str | None = None
    synthetic: bool = False
    quality: str = "exact"
    traceparent: str | None = None
    data: Raw = _NULL


_messages: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)
_envelopes = msgspec.json.Decoder(_Envelope)
_items: msgspec.json.Decoder[AnyItem] = msgspec.json.Decoder(AnyItem)
_refusals = msgspec.json.Decoder(Refusal)


def read_frame(frame: bytes | str) -> ServerMessage | None:
    """Read a frame; None: a kind that this client does not know.

    Raises:
        msgspec.DecodeError: it is no JSON; `ValidationError` when a kind is not as it must be.
    """
    try:
        return _messages.decode(frame)
    except msgspec.ValidationError:
        kind = msgspec.json.decode(frame, type=_Kind).kind
        if kind in _KINDS:
            raise
        return None


def read_event(envelope: bytes | Raw) -> Event:
    """Read an event's envelope; its data are left as a dict where they cannot be typed.

    Raises:
        msgspec.DecodeError: it is no envelope.
    """
    read = _envelopes.decode(envelope)
    return Event(
        id=read.id,
        type=read.type,
        source=read.source,
        subject=read.subject,
        time=read.time,
        epoch=read.epoch,
        sequence=int(read.sequence),
        entity_sequence=read.entityseq,
        partition_key=read.partitionkey,
        correlation_id=read.correlationid,
        causation_id=read.causationid,
        principal=read.principal,
        synthetic=read.synthetic,
        quality=read.quality,
        traceparent=read.traceparent,
        data=_data(read.type, read.data),
    )


def read_item(item: Raw) -> AnyItem | None:
    """Read an item of a snapshot; None: one that this client does not know."""
    try:
        return _items.decode(item)
    except msgspec.ValidationError:
        return None


def read_refusal(error: Raw) -> Refusal:
    """Read why a request was refused."""
    try:
        return _refusals.decode(error)
    except msgspec.ValidationError:
        return Refusal(detail=bytes(error).decode(errors="replace"))


class _Kind(msgspec.Struct, frozen=True, rename=wire_name):
    kind: str = ""


_KINDS = frozenset(
    str(each.__struct_config__.tag)
    for each in (
        *(Answer, EventFrame, Goodbye, Live, Ping, Pong, ReauthRequired, Resumed, Resyncing),
        *(ServerRequest, SnapshotBegin, SnapshotEnd, SnapshotItem, Welcome),
    )
)


def _data(event_type: str, data: Raw) -> Any:  # noqa: ANN401 - each event has its own
    decoder = _decoder_of(event_type)
    if decoder is not None:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError:
            pass
    return msgspec.json.decode(data)


@lru_cache(maxsize=512)
def _decoder_of(event_type: str) -> msgspec.json.Decoder[Any] | None:
    shape = EVENT_BY_TYPE.get(event_type)
    return None if shape is None else msgspec.json.Decoder(shape)
