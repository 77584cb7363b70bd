"""What the engine takes in. The log of these, and the configuration, are the whole truth."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from acd.config import AcdConfig
from acd.inputs import Apply
from agents.config import AgentConfig
from csta.customers import CustomerCard, Match
from csta.ids import CallId
from ctiserver.core.switch_link import AnyObservation


class Observed(msgspec.Struct, frozen=True, tag_field="input", tag="observed"):
    """The switch says something."""

    what: AnyObservation


class Requested(msgspec.Struct, frozen=True, tag_field="input", tag="requested"):
    """A client asks for a service; `params` are the service's, in its wire names."""

    request_id: str
    service: str
    params: dict[str, Any]
    principal: str | None = None


class LookedUp(msgspec.Struct, frozen=True, tag_field="input", tag="lookedUp"):
    """The CRM answers who calls."""

    call_id: CallId
    match: Match
    customer: CustomerCard | None = None


class Configured(msgspec.Struct, frozen=True, kw_only=True, tag_field="input", tag="configured"):
    """Queues, and agents unless None, are to be these from now on; answered as a request is."""

    request_id: str
    acd: AcdConfig
    agents: tuple[AgentConfig, ...] | None = None
    apply: Apply = Apply.ALL_WAITING
    principal: str | None = None


EngineInput: TypeAlias = Observed | Requested | LookedUp | Configured
