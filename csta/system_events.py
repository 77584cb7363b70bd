"""Events of the system: links, monitors and routeing registrations, and the audit trail."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from csta.causes import Cause
from csta.errors import ErrorValue, Outcome
from csta.ids import wire_name
from csta.instants import Instant


class SystemStatusValue(StrEnum):
    """How a switch, or the link to it, is (ECMA-323 SystemStatusValue)."""

    INITIALIZING = "initializing"
    ENABLED = "enabled"
    NORMAL = "normal"
    MESSAGES_LOST = "messagesLost"
    DISABLED = "disabled"
    PARTIALLY_DISABLED = "partiallyDisabled"
    OVERLOAD_IMMINENT = "overloadImminent"
    OVERLOAD_REACHED = "overloadReached"
    OVERLOAD_RELIEVED = "overloadRelieved"


class SystemEvent(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """What the system events share; `EVENT_NAME` is the type's name where it is not the class's."""

    CATEGORY: ClassVar[str] = "system"

    link_id: str


class SystemStatus(SystemEvent, frozen=True, kw_only=True):
    """The status of a link has changed (ECMA-269 §14)."""

    system_status: SystemStatusValue
    cause: Cause = Cause.NORMAL


class SwFunctionDevicesChanged(SystemEvent, frozen=True, kw_only=True):
    """The switch has other devices than before: ask for them anew."""


class SwFunctionCapsChanged(SystemEvent, frozen=True, kw_only=True):
    """The switch can do more or less than before: ask for its capabilities anew."""


class MonitorStopped(SystemEvent, frozen=True, kw_only=True):
    """The switch or the server has ended a monitor (ECMA-269 §15, MonitorStop)."""

    EVENT_NAME: ClassVar[str] = "MonitorStop"

    monitor_cross_ref_id: str
    cause: Cause = Cause.NORMAL


class RouteEnd(SystemEvent, frozen=True, kw_only=True):
    """A routeing dialogue is over, well or with an error (ECMA-269 §20)."""

    routeing_cross_ref_id: str
    error_value: ErrorValue | None = None
    correlator_data: dict[str, Any] | None = None


class RouteRegisterAbort(SystemEvent, frozen=True, kw_only=True):
    """The server has ended a routeing registration (ECMA-269 §20)."""

    route_register_req_id: str


class LinkResynchronised(SystemEvent, frozen=True, kw_only=True):
    """After a loss the model is as the switch says (ext): connections added, removed, corrected."""

    CATEGORY: ClassVar[str] = "link"
    EVENT_NAME: ClassVar[str] = "Resynchronised"

    added: int
    removed: int
    corrected: int


class ApplicationSessionTerminated(SystemEvent, frozen=True, kw_only=True):
    """A session has ended that its client did not end (ECMA-354); its monitors are no more.

    `reason` is `expired` or `administrator`.
    """

    CATEGORY: ClassVar[str] = "session"

    session_id: str
    principal: str
    reason: str


class WebhookSuspended(SystemEvent, frozen=True, kw_only=True):
    """A web-hook is called no more (ext): nobody has taken its events since `failing_since`.

    What it had taken before is `taken_up_to`, a sequence of 16 digits.
    """

    CATEGORY: ClassVar[str] = "webhook"
    EVENT_NAME: ClassVar[str] = "Suspended"

    webhook_id: str
    taken_up_to: str
    failing_since: Instant
    reason: str


class AuditCommand(SystemEvent, frozen=True, kw_only=True):
    """Somebody asked for something (ext), carried out or not; `params` are masked.

    `error_value` is why it was refused.
    """

    CATEGORY: ClassVar[str] = "audit"
    EVENT_NAME: ClassVar[str] = "Command"

    service: str
    principal: str
    params: dict[str, Any]
    outcome: Outcome
    error_value: ErrorValue | None = None


class InvariantViolated(SystemEvent, frozen=True, kw_only=True):
    """Something about the engine's state is wrong (ext), whose it was, and what was done about it.

    `invariant` is an id of reliability §3; `V3` stands for an exception. `answer` is `quarantined`,
    `requeued`, `defaultRoute`, `ended`, `released`, `forgotten`, `removed`, `settled`, `mended`
    or `none`. `evidence` holds ids and states, and under `steps` the last inputs by number.
    """

    CATEGORY: ClassVar[str] = "audit"

    invariant: str
    entity_kind: str
    entity_id: str
    sentence: str
    answer: str
    evidence: dict[str, Any]


SYSTEM_EVENTS: tuple[type[SystemEvent], ...] = (
    ApplicationSessionTerminated,
    AuditCommand,
    InvariantViolated,
    LinkResynchronised,
    MonitorStopped,
    RouteEnd,
    RouteRegisterAbort,
    SwFunctionCapsChanged,
    SwFunctionDevicesChanged,
    SystemStatus,
    WebhookSuspended,
)
"""Those of ECMA-269 and, of category `audit`, `link`, `session` and `webhook`, our own."""
