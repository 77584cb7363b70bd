"""The audit trail: an event for each request that changes something, and for each refused one.

The engine publishes it in the request's own step, so that it is as durable as what was done; what
is refused before it reaches the engine comes in as the input `Audited` (cti-api §7.8, reliability
§6.8). What stands in a record is bounded, and holds no secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from csta.errors import CtiError, Outcome
from csta.services import SERVICES, SERVICES_BY_CATEGORY
from csta.system_events import AuditCommand
from ctiserver.core.inputs import Audited, Configured, Requested
from ctiserver.core.masking import SENSITIVE, Masking

SUBJECT: Final = "system/audit"
CONFIGURE: Final = "Configure"
"""What a change of the configuration is called here: no client can ask for it."""

_READS: Final = ("Get", "Query")
_READING_CATEGORIES = ("snapshot", "monitor", "system", "capability", "replay")
QUERIES: Final = frozenset(
    {
        name
        for category in _READING_CATEGORIES
        for name in (request.__name__ for request in SERVICES_BY_CATEGORY[category])
    }
    | {name for name in SERVICES if name.startswith(_READS)}
)
"""Services that change nothing: only their refusals are in the trail."""

_SECRET = Masking((*SENSITIVE, "authCode", "charactersToSend", "token", "userData", "key"))
_SHOWN_MAX: Final = 128
_MEMBERS_MAX: Final = 32
_DEPTH_MAX: Final = 6
_BYTES_MAX: Final = 4_096
_HIDDEN: Final = "***"


def audit_record(
    link_id: str,
    service: str,
    principal: str | None,
    params: Mapping[str, Any],
    error: CtiError | None = None,
) -> AuditCommand:
    """Write what somebody has asked for and what became of it; secrets are taken out here."""
    return AuditCommand(
        link_id=link_id,
        service=service[:_SHOWN_MAX],
        principal=principal or "",
        params=without_secrets(params),
        outcome=Outcome.EXECUTED if error is None else error.outcome,
        error_value=None if error is None else error.value,
    )


def of_request(
    link_id: str, event: Requested | Configured, error: CtiError | None, *, done: bool
) -> AuditCommand | None:
    """Write the record of a request that the engine has taken; None: it is none for the trail.

    Without `done` the engine has failed over it, and nobody knows what became of it.
    """
    if isinstance(event, Configured):
        service, params = CONFIGURE, {"version": event.acd.version, "apply": event.apply.value}
    else:
        service, params = event.service, event.params
    if done and error is None and service in QUERIES:
        return None
    record = audit_record(link_id, service, event.principal, params, error)
    return record if done else msgspec.structs.replace(record, outcome=Outcome.UNKNOWN)


def of_outside(link_id: str, event: Audited) -> AuditCommand:
    """Write the record of what was done, or refused, before the engine."""
    return AuditCommand(
        link_id=link_id,
        service=event.service,
        principal=event.principal or "",
        params=event.params,
        outcome=event.outcome,
        error_value=event.error_value,
    )


def outside(
    service: str, principal: str | None, params: Mapping[str, Any], error: CtiError | None
) -> Audited:
    """Make the input that tells of what the engine is not asked for; secrets are taken out here."""
    return Audited(
        service=service[:_SHOWN_MAX],
        principal=principal,
        params=without_secrets(params),
        outcome=Outcome.EXECUTED if error is None else error.outcome,
        error_value=None if error is None else error.value,
    )


def without_secrets(params: Mapping[str, Any]) -> dict[str, Any]:
    """Give parameters as the trail may have them: no secrets, and not more than 4 KiB."""
    shown = {
        str(name)[:_SHOWN_MAX]: _shown(str(name), value, 0)
        for name, value in list(params.items())[:_MEMBERS_MAX]
    }
    size = len(msgspec.json.encode(shown))
    return shown if size <= _BYTES_MAX else {"leftOut": f"{size} bytes"}


def _shown(name: str, value: Any, depth: int) -> Any:  # noqa: ANN401 - JSON
    if _SECRET.is_sensitive(name) or depth > _DEPTH_MAX:
        return _HIDDEN
    if isinstance(value, str):
        return value[:_SHOWN_MAX]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            str(key)[:_SHOWN_MAX]: _shown(str(key), member, depth + 1)
            for key, member in list(value.items())[:_MEMBERS_MAX]
        }
    if isinstance(value, list | tuple):
        return [_shown(name, each, depth + 1) for each in value[:_MEMBERS_MAX]]
    return _HIDDEN
