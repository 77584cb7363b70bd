"""Reading a request message: its ids, its deadline, and its parameters as the service's struct."""

from __future__ import annotations

import re
import typing
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import wire_name
from csta.instants import SECOND, Instant, Milliseconds
from csta.service_request import ServiceRequest
from csta.services import SERVER_REQUESTS, SERVICES
from ctiserver.core.messages import RequestMessage
from ctiserver.core.requests import NOT_SUPPORTED
from ctiserver.live.completion import WAIT_MS_MAX

_ID = re.compile(r"[!-~]{1,64}")
_KEY = re.compile(r"[!-~]{1,255}")
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def bad_value(detail: str) -> CtiError:
    """Make the refusal of a member that has a value which is not allowed."""
    return CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_PARAMETER_VALUE, detail)


def check_message(message: RequestMessage) -> None:
    """Look at what stands around the parameters.

    Raises:
        CtiError: an id, a key or a time-out is not as it must be.
    """
    if not _ID.fullmatch(message.id):
        raise bad_value("id: 1 to 64 printable ASCII characters, without blanks")
    if message.idempotency_key is not None and not _KEY.fullmatch(message.idempotency_key):
        raise bad_value("idempotencyKey: 1 to 255 printable ASCII characters, without blanks")
    if message.timeout_ms is not None and not 0 < message.timeout_ms <= WAIT_MS_MAX:
        raise bad_value(f"timeoutMs: 1 to {WAIT_MS_MAX}")


def trace_of(message: RequestMessage) -> str | None:
    """Give the trace that a request belongs to; one that W3C's Trace Context forbids is none."""
    given = message.traceparent
    return given if given is not None and _TRACE.fullmatch(given) else None


def completion_wait_ms(message: RequestMessage) -> Milliseconds | None:
    """Tell how long a response is to wait for the service's completion; None: not at all."""
    if message.wait_for is None:
        return None
    return WAIT_MS_MAX if message.timeout_ms is None else message.timeout_ms


def deadline_of(message: RequestMessage) -> Instant | None:
    """Read the deadline of a request, which is RFC 3339 with an offset or `Z`.

    Raises:
        CtiError: it is no instant.
    """
    if message.deadline is None:
        return None
    try:
        at = datetime.fromisoformat(message.deadline)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise bad_value(f"deadline: {message.deadline!r} is not RFC 3339 (2026-11-21T23:10:00Z)")
    return round(at.timestamp() * SECOND)


def read_request(message: RequestMessage) -> tuple[ServiceRequest, dict[str, Any]]:
    """Give the parameters as the service's struct, and as the dict that the engine is given.

    With `ignoreUnsupportedParameters` the dict is without those that the service does not have,
    or that would do nothing here.

    Raises:
        CtiError: there is no such service, or its parameters are not as they must be.
    """
    shape = SERVICES.get(message.service)
    if shape is None or message.service in SERVER_REQUESTS:
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.SERVICE_NOT_SUPPORTED,
            f"there is no service {message.service!r} that can be asked for",
        )
    params = message.params
    if message.ignore_unsupported_parameters:
        unused = {wire_name(name) for name, _ in NOT_SUPPORTED.get(shape, ())}
        params = {
            name: value for name, value in _known(params, shape).items() if name not in unused
        }
    try:
        return msgspec.convert(params, shape), params
    except msgspec.ValidationError as error:
        unknown = "unknown field" in str(error)
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.PARAMETER_NOT_SUPPORTED if unknown else ErrorValue.INVALID_PARAMETER_VALUE,
            f"{message.service}: {error}",
        ) from error


def _known(value: dict[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Leave out the members that a struct does not have, inside its members too."""
    members = _members(shape)
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        if name not in members:
            continue
        nested = members[name]
        if nested is not None and isinstance(inner, dict):
            kept[name] = _known(inner, nested)
        elif nested is not None and isinstance(inner, list):
            kept[name] = [_known(one, nested) if isinstance(one, dict) else one for one in inner]
        else:
            kept[name] = inner
    return kept


@cache
def _members(shape: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct] | None]:
    """Give the members of a struct by their wire names, with the struct in each, if any."""
    return {field.encode_name: _struct_in(field.type) for field in msgspec.structs.fields(shape)}


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:  # noqa: ANN401 - any type form
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    for inner in typing.get_args(kind):
        found = _struct_in(inner)
        if found is not None:
            return found
    return None
