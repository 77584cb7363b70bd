"""What the engine takes in. The log of these, and the configuration, are the whole truth."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from acd.config import AcdConfig
from acd.inputs import Apply
from agents.config import AgentConfig
from csta.customers import CustomerCard, Match
from csta.errors import ErrorValue, Outcome
from csta.ids import CallId, DeviceId
from csta.instants import Instant
from ctiserver.core.switch_link import AnyObservation
from ivr.config import Flow


class Observed(msgspec.Struct, frozen=True, tag_field="input", tag="observed"):
    """The switch says something."""

    what: AnyObservation


class Requested(msgspec.Struct, frozen=True, tag_field="input", tag="requested"):
    """A client asks for a service; `params` are the service's, in its wire names."""

    request_id: str
    service: str
    params: dict[str, Any]
    principal: str | None = None
    session_id: str | None = None
    """The session that asks; routeing registrations belong to it."""


class SessionEnded(msgspec.Struct, frozen=True, tag_field="input", tag="sessionEnded"):
    """A client's session is over: what it had registered for ends with it.

    `reason` is `expired` or `administrator`; the log has an event of these. Else its client has
    ended it.
    """

    session_id: str
    principal: str = ""
    reason: str = ""


class Audited(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="input", tag="audited", omit_defaults=True
):
    """A request was refused before it reached the engine; `params` are without secrets."""

    service: str
    principal: str | None = None
    params: dict[str, Any] = {}
    outcome: Outcome = Outcome.NOT_EXECUTED
    error_value: ErrorValue | None = None


class WebhookFailed(msgspec.Struct, frozen=True, tag_field="input", tag="webhookFailed"):
    """A web-hook is given up: nobody has taken its events for a day, or it says that it is gone."""

    webhook_id: str
    taken_up_to: str
    failing_since: Instant
    reason: str


class LookedUp(msgspec.Struct, frozen=True, tag_field="input", tag="lookedUp"):
    """The CRM answers who calls."""

    call_id: CallId
    match: Match
    customer: CustomerCard | None = None


class Configured(msgspec.Struct, frozen=True, kw_only=True, tag_field="input", tag="configured"):
    """Queues, and whatever else is not None, are to be these from now on; answered as a request.

    Calls that are in a flow go on in it as it was when they came to it.
    """

    request_id: str
    acd: AcdConfig
    agents: tuple[AgentConfig, ...] | None = None
    flows: dict[str, Flow] | None = None
    numbers: dict[str, DeviceId] | None = None
    default_device: DeviceId | None = None
    apply: Apply = Apply.ALL_WAITING
    principal: str | None = None


EngineInput: TypeAlias = (
    Observed | Requested | LookedUp | Configured | SessionEnded | Audited | WebhookFailed
)
