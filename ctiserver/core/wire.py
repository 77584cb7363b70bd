"""Published events: one log, one sequence, and the CloudEvents envelope (cti-api §7.4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from csta.event_types import EVENTS, event_type
from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant

_MARCH_IS_0_UNTIL = 10
_FEBRUARY = 2

_encoder = msgspec.json.Encoder()


class Published(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event as the log has it: its place, its time, whose it is, what caused it, its data."""

    sequence: int
    entity_sequence: int
    at: Instant
    subject: str
    """`call/<callID>`, `agent/<agentID>`, `device/<deviceID>`; `supervision/<callID>` is for those
    alone who may listen in, so that the count of the call's own events has no gap for the others.
    """
    partition_key: str
    data: Any
    correlation_id: str | None = None
    causation: int | None = None
    principal: str | None = None
    synthetic: bool = False
    quality: str = "exact"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event as clients get it: CloudEvents 1.0, structured mode; names as it demands them.

    `id` is `epoch:sequence`; `entityseq` counts the events of one subject; `correlationid` is the
    id of the request that caused it, `traceparent` the trace (W3C) that the request belongs to.
    `data` is of the type that `type` names.
    """

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    dataschema: str
    epoch: str
    sequence: str
    entityseq: int
    partitionkey: str
    correlationid: str | UnsetType = UNSET
    causationid: str | UnsetType = UNSET
    principal: str | UnsetType = UNSET
    synthetic: bool
    quality: str
    traceparent: str | UnsetType = UNSET
    data: Any


# The name of the schema of each event's data: `urn:cti:schema:v1:Delivered:1.0`.
_DATA_SCHEMAS: dict[type, str] = {
    event: f"urn:cti:schema:v1:{event_type(event).split('.')[2]}:1.0" for event in EVENTS
}


def encode(event: Published, epoch: str, source: str) -> bytes:
    """Write the CloudEvents 1.0 structured JSON of an event; done once for each event."""
    sequence = f"{event.sequence:016}"
    cause = event.causation
    return _encoder.encode(
        Envelope(
            specversion="1.0",
            id=f"{epoch}:{sequence}",
            source=source,
            type=event_type(type(event.data)),
            subject=event.subject,
            time=rfc3339(event.at),
            datacontenttype="application/json",
            dataschema=_DATA_SCHEMAS[type(event.data)],
            epoch=epoch,
            sequence=sequence,
            entityseq=event.entity_sequence,
            partitionkey=event.partition_key,
            correlationid=_as_client_said(event.correlation_id),
            causationid=UNSET if cause is None else f"{epoch}:{cause:016}",
            principal=event.principal or UNSET,
            synthetic=event.synthetic,
            quality=event.quality,
            traceparent=_trace_of(event.correlation_id),
            data=event.data,
        )
    )


def _as_client_said(request_id: str | None) -> str | UnsetType:
    """Leave out the mark by which the server tells two requests with the same id apart."""
    return request_id.partition(" ")[0] if request_id else UNSET


def request_id_of(client_id: str, mark: str, traceparent: str | None, principal: str) -> str:
    """Make the id by which the engine knows a request: `<client's id> <mark> <principal>`.

    With the mark goes the trace that the request belongs to: `<mark>;<traceparent>`.
    """
    trace = f";{traceparent}" if traceparent else ""
    return f"{client_id} {mark}{trace} {principal}"


def _trace_of(request_id: str | None) -> str | UnsetType:
    if not request_id or ";" not in request_id:
        return UNSET
    return request_id.partition(" ")[2].partition(" ")[0].partition(";")[2] or UNSET


@lru_cache(maxsize=64)
def rfc3339(at: Instant) -> str:
    """Write an instant in UTC with microseconds: `2026-11-21T23:10:00.123000Z`."""
    days, in_day = divmod(at, DAY)
    hours, in_hour = divmod(in_day, HOUR)
    minutes, in_minute = divmod(in_hour, MINUTE)
    seconds, milliseconds = divmod(in_minute, SECOND)
    return f"{_date(days)}T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}000Z"


@lru_cache(maxsize=512)
def _date(days: int) -> str:
    """Turn days since 1970-01-01 into a date of the Gregorian calendar.

    The pure packages do without `datetime`; this is the usual reckoning in eras of 400 years,
    with years that begin in March.
    """
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + 3 if month_from_march < _MARCH_IS_0_UNTIL else month_from_march - 9
    year = year_of_era + era * 400 + (month <= _FEBRUARY)
    return f"{year:04}-{month:02}-{day:02}"
