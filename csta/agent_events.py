"""Agent-state events (ECMA-269 §22.2), one for each change, with who, where, why and since when."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from csta.causes import Cause
from csta.ids import AgentId, DeviceId, wire_name
from csta.instants import Instant
from csta.states import AgentState, BusyPhase


class AgentEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True, gc=False
):
    """What every agent event says (cti-api §7.5).

    `reason_code` is the auxiliary code of a not-ready or logged-off agent; `pending_agent_state`
    is what the agent goes to when the present work is done.
    """

    CATEGORY: ClassVar[str] = "agent"
    STATE: ClassVar[AgentState]

    link_id: str
    agent_device: DeviceId
    agent_id: AgentId
    cause: Cause = Cause.NORMAL
    since: Instant
    acd_group: DeviceId | None = None
    previous_state: AgentState | None = None
    pending_agent_state: AgentState | None = None
    reason_code: str | None = None
    busy_phase: BusyPhase | None = None
    agent_state_condition: str | None = None
    call_id: str | None = None


class AgentLoggedOn(AgentEvent, frozen=True, kw_only=True, gc=False):
    """An agent has come to a device (ECMA-269 §22.2.3)."""

    STATE: ClassVar[AgentState] = AgentState.NOT_READY


class AgentLoggedOff(AgentEvent, frozen=True, kw_only=True, gc=False):
    """An agent has left (ECMA-269 §22.2.2)."""

    STATE: ClassVar[AgentState] = AgentState.NULL


class AgentNotReady(AgentEvent, frozen=True, kw_only=True, gc=False):
    """An agent takes no ACD calls (ECMA-269 §22.2.4)."""

    STATE: ClassVar[AgentState] = AgentState.NOT_READY


class AgentReady(AgentEvent, frozen=True, kw_only=True, gc=False):
    """An agent waits for a call (ECMA-269 §22.2.5)."""

    STATE: ClassVar[AgentState] = AgentState.READY


class AgentBusy(AgentEvent, frozen=True, kw_only=True, gc=False):
    """An agent has a call, from the moment it is offered (ECMA-269 §22.2.1)."""

    STATE: ClassVar[AgentState] = AgentState.BUSY


class AgentWorkingAfterCall(AgentEvent, frozen=True, kw_only=True, gc=False):
    """An agent finishes what a call left to do (ECMA-269 §22.2.6)."""

    STATE: ClassVar[AgentState] = AgentState.WORKING_AFTER_CALL


AGENT_EVENTS: tuple[type[AgentEvent], ...] = (
    AgentBusy,
    AgentLoggedOff,
    AgentLoggedOn,
    AgentNotReady,
    AgentReady,
    AgentWorkingAfterCall,
)

EVENT_OF_STATE: dict[AgentState, type[AgentEvent]] = {
    AgentState.NULL: AgentLoggedOff,
    AgentState.NOT_READY: AgentNotReady,
    AgentState.READY: AgentReady,
    AgentState.BUSY: AgentBusy,
    AgentState.WORKING_AFTER_CALL: AgentWorkingAfterCall,
}
