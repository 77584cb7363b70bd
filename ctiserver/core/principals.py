"""Who asks: a principal, the role it has, and what that role may (cti-api §7.8)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from csta.ids import AgentId, DeviceId


class Role(StrEnum):
    """What kind of client it is."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    WALLBOARD = "wallboard"
    ROUTER = "router"
    DIALER = "dialer"
    INTEGRATION = "integration"
    ADMIN = "admin"


class Scope(StrEnum):
    """One right. A role has some by itself; a key or a token may grant or leave out others."""

    MONITOR_SELF = "monitor:self"
    MONITOR_TEAM = "monitor:team"
    MONITOR_AGGREGATE = "monitor:aggregate"
    MONITOR_ALL = "monitor:all"
    CONTROL_SELF = "control:self"
    CONTROL_TEAM = "control:team"
    CONTROL_CAMPAIGN = "control:campaign"
    CONTROL_ALL = "control:all"
    AGENT_SELF = "agent:self"
    AGENT_TEAM = "agent:team"
    SUPERVISE_TEAM = "supervise:team"
    RECORD_CONTROL = "record:control"
    ROUTE = "route"
    DATA_ASSOCIATE = "data:associate"
    PII = "pii"
    """Sees off-switch numbers whole, and correlator data that is marked as sensitive."""
    NATIVE = "cti:native"
    """Sees the switch's own ids."""
    ADMIN = "admin"


SCOPES_OF: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.AGENT: frozenset(
            {Scope.MONITOR_SELF, Scope.CONTROL_SELF, Scope.AGENT_SELF, Scope.PII}
        ),
        Role.SUPERVISOR: frozenset(
            {
                Scope.MONITOR_SELF,
                Scope.CONTROL_SELF,
                Scope.AGENT_SELF,
                Scope.MONITOR_TEAM,
                Scope.CONTROL_TEAM,
                Scope.AGENT_TEAM,
                Scope.SUPERVISE_TEAM,
                Scope.RECORD_CONTROL,
                Scope.PII,
            }
        ),
        Role.WALLBOARD: frozenset({Scope.MONITOR_AGGREGATE}),
        Role.ROUTER: frozenset({Scope.ROUTE}),
        Role.DIALER: frozenset({Scope.CONTROL_CAMPAIGN}),
        Role.INTEGRATION: frozenset({Scope.MONITOR_ALL, Scope.DATA_ASSOCIATE}),
        Role.ADMIN: frozenset(Scope) - {Scope.SUPERVISE_TEAM},
    }
)
"""What each role may by itself; an administrator cannot listen to calls (reliability §6.2)."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or something, that has proved who it is.

    `name` stands in events and in the audit trail: `agent:anna`, `key:crm`, `user:carla`.
    `teams` are the queues whose agents and calls a supervisor may see and touch; None: all.
    """

    name: str
    role: Role
    scopes: frozenset[Scope]
    tenant: str = "default"
    agent_id: AgentId | None = None
    devices: tuple[DeviceId, ...] = ()
    teams: tuple[DeviceId, ...] | None = None
    expires_at: int | None = None
    """When its token expires, as an instant; None: never."""

    def may(self, scope: Scope) -> bool:
        """Tell whether it has a right."""
        return scope in self.scopes
