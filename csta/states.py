"""States of connections and of agents, with the literals of ECMA-323, and the legal steps."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ConnectionState(StrEnum):
    """Local connection states (ECMA-269 §6.1.5; ECMA-323 LocalConnectionState)."""

    NULL = "null"
    INITIATED = "initiated"
    ALERTING = "alerting"
    CONNECTED = "connected"
    HOLD = "hold"
    QUEUED = "queued"
    FAIL = "fail"


class AgentState(StrEnum):
    """Agent states, agent-oriented model (ECMA-269 §6.1.1.4; ECMA-323 AgentStateList)."""

    NULL = "agentNull"
    NOT_READY = "agentNotReady"
    READY = "agentReady"
    BUSY = "agentBusy"
    WORKING_AFTER_CALL = "agentWorkingAfterCall"


class BusyPhase(StrEnum):
    """What a busy agent is busy with (an extension; CSTA has one word for all of them)."""

    OFFERED = "offered"
    DIALING = "dialing"
    TALKING = "talking"
    HOLD = "hold"
    CONSULT = "consult"


def _steps(text: str) -> Mapping[ConnectionState, frozenset[ConnectionState]]:
    table = {}
    for row in text.split(";"):
        origin, _, targets = row.partition(">")
        table[ConnectionState(origin.strip())] = frozenset(
            ConnectionState(target) for target in targets.split()
        )
    return MappingProxyType(table)


CONNECTION_STEPS: Mapping[ConnectionState, frozenset[ConnectionState]] = _steps(
    "null > initiated alerting connected queued fail;"
    "initiated > connected fail null;"
    "alerting > connected queued fail null;"
    "connected > hold queued fail null;"
    "hold > connected fail null;"
    "queued > alerting connected queued fail null;"
    "fail > null"
)
"""Legal steps of one connection (cti-api §7.1). A device that returns gets a new instance."""
