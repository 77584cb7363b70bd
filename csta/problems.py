"""What a refused request is answered: a problem (RFC 9457), made from a `CtiError` (§7.7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from csta.errors import CtiError, Current, ErrorCategory, ErrorValue, Outcome
from csta.ids import wire_name
from csta.instants import SECOND, Milliseconds


class Problem(Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """A refused request on the wire: an RFC 9457 problem object (cti-api §7.7)."""

    type: str
    title: str
    status: int
    category: ErrorCategory
    value: ErrorValue
    detail: str
    outcome: Outcome
    retryable: bool
    retry_after_ms: Milliseconds | None = None
    link_id: str | None = None
    request_id: str | None = field(name="requestId", default=None)
    current: Current | None = None
    native: dict[str, Any] | None = None


def problem_of(error: CtiError, request_id: str | None, link_id: str | None) -> Problem:
    """Write a refusal for the wire: status, title and whether to try again come from the value."""
    status, title = PROBLEMS[error.value]
    return Problem(
        type=f"urn:cti:error:{error.category}:{error.value}",
        title=title,
        status=status,
        category=error.category,
        value=error.value,
        detail=error.detail,
        outcome=error.outcome,
        retryable=error.value in RETRYABLE,
        retry_after_ms=_RETRY_AFTER_MS.get(error.value),
        link_id=link_id,
        request_id=request_id,
        current=error.current,
    )


_RETRY_AFTER_MS: dict[ErrorValue, Milliseconds] = {
    ErrorValue.PERFORMANCE_LIMIT_EXCEEDED: SECOND,
    ErrorValue.RATE_LIMITED: SECOND,
}

PROBLEMS: Mapping[ErrorValue, tuple[int, str]] = MappingProxyType(
    {
        ErrorValue.INVALID_PARAMETER_VALUE: (400, "A parameter has a value that is not allowed"),
        ErrorValue.INVALID_DEVICE_ID: (404, "There is no such device"),
        ErrorValue.INVALID_CALL_ID: (404, "There is no such call"),
        ErrorValue.INVALID_CONNECTION_ID: (404, "There is no such connection"),
        ErrorValue.INVALID_DESTINATION: (400, "This destination cannot be called"),
        ErrorValue.INVALID_MONITOR_CROSS_REF_ID: (404, "There is no such monitor"),
        ErrorValue.OBJECT_NOT_KNOWN: (404, "There is no such object"),
        ErrorValue.INVALID_AGENT_IDENTIFIER: (404, "There is no such agent"),
        ErrorValue.INVALID_AGENT_PASSWORD: (401, "The agent's password is wrong"),
        ErrorValue.SERVICE_NOT_SUPPORTED: (501, "The switch does not have this service"),
        ErrorValue.PARAMETER_NOT_SUPPORTED: (422, "The service does not have this parameter"),
        ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT: (
            422,
            "The service cannot be used on this object",
        ),
        ErrorValue.SECURITY_VIOLATION: (403, "This is not allowed"),
        ErrorValue.ROUTEING_TIMER_EXPIRED: (504, "The router has not answered in time"),
        ErrorValue.INVALID_CONNECTION_STATE: (409, "The connection is in another state"),
        ErrorValue.INVALID_DEVICE_STATE: (409, "The device is in another state"),
        ErrorValue.NO_ACTIVE_CALL: (409, "There is no active call"),
        ErrorValue.NO_HELD_CALL: (409, "There is no call on hold"),
        ErrorValue.NO_CALL_TO_ANSWER: (409, "There is no call to answer"),
        ErrorValue.NO_CALL_TO_CLEAR: (409, "There is no call to clear"),
        ErrorValue.CONNECTED_CALL_EXISTS: (409, "The device has a connected call"),
        ErrorValue.INVALID_AGENT_STATE: (409, "The agent is in another state"),
        ErrorValue.RESOURCE_BUSY: (503, "A resource is busy"),
        ErrorValue.NETWORK_BUSY: (503, "The network is busy"),
        ErrorValue.DEVICE_OUT_OF_SERVICE: (503, "The device is out of service"),
        ErrorValue.RESOURCE_OUT_OF_SERVICE: (503, "A resource is out of service"),
        ErrorValue.NETWORK_OUT_OF_ORDER: (503, "The network is out of service"),
        ErrorValue.NO_MEDIA_CHANNELS_AVAILABLE: (503, "All channels are in use"),
        ErrorValue.CONFERENCE_MEMBER_LIMIT_EXCEEDED: (503, "The conference is full"),
        ErrorValue.OBJECT_MONITOR_LIMIT_EXCEEDED: (429, "There are too many monitors"),
        ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED: (429, "There are too many unanswered requests"),
        ErrorValue.TRUNK_LIMIT_EXCEEDED: (429, "There are too many calls on these trunks"),
        ErrorValue.PERFORMANCE_LIMIT_EXCEEDED: (429, "There are too many requests"),
        ErrorValue.SEQUENCE_NUMBER_VIOLATED: (403, "A message is missing or came twice"),
        ErrorValue.TIME_STAMP_VIOLATED: (401, "A time stamp is too old"),
        ErrorValue.SECURITY_INFO_VIOLATED: (401, "A message is not signed as it should be"),
        ErrorValue.UNAUTHENTICATED: (401, "Who asks is not known"),
        ErrorValue.FORBIDDEN: (403, "Who asks may not do this"),
        ErrorValue.LINK_DOWN: (503, "The switch cannot be reached"),
        ErrorValue.LINK_TIMEOUT: (504, "The switch has not answered in time"),
        ErrorValue.IDEMPOTENCY_KEY_REUSED: (422, "The idempotency key belongs to another request"),
        ErrorValue.REQUEST_IN_PROGRESS: (409, "The same request is still being carried out"),
        ErrorValue.FRAME_TOO_LARGE: (413, "The message is too large"),
        ErrorValue.SLOW_CONSUMER: (429, "Events were not read fast enough"),
        ErrorValue.EPOCH_CHANGED: (410, "The event log has begun anew"),
        ErrorValue.RATE_LIMITED: (429, "There are too many requests"),
    }
)
"""The HTTP status and the title of each error value (cti-api §7.7)."""

RETRYABLE = frozenset(
    {
        ErrorValue.RESOURCE_BUSY,
        ErrorValue.NETWORK_BUSY,
        ErrorValue.DEVICE_OUT_OF_SERVICE,
        ErrorValue.RESOURCE_OUT_OF_SERVICE,
        ErrorValue.NETWORK_OUT_OF_ORDER,
        ErrorValue.NO_MEDIA_CHANNELS_AVAILABLE,
        ErrorValue.CONFERENCE_MEMBER_LIMIT_EXCEEDED,
        ErrorValue.OBJECT_MONITOR_LIMIT_EXCEEDED,
        ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED,
        ErrorValue.TRUNK_LIMIT_EXCEEDED,
        ErrorValue.PERFORMANCE_LIMIT_EXCEEDED,
        ErrorValue.LINK_DOWN,
        ErrorValue.REQUEST_IN_PROGRESS,
        ErrorValue.SLOW_CONSUMER,
        ErrorValue.RATE_LIMITED,
    }
)
"""After these the same request may well succeed a little later."""
