"""Services of agents and of devices' features (ECMA-269 §21.1, §22.1; cti-api §7.6)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from csta.device_events import ForwardingType
from csta.ids import AgentId, DeviceId
from csta.instants import Milliseconds
from csta.service_request import ServiceRequest


class RequestedAgentState(StrEnum):
    """What may be asked of an agent (ECMA-323 ReqAgentState)."""

    LOGGED_ON = "loggedOn"
    LOGGED_OFF = "loggedOff"
    NOT_READY = "notReady"
    READY = "ready"
    WORKING_AFTER_CALL = "workingAfterCall"


class SetAgentState(ServiceRequest, frozen=True, kw_only=True):
    """Log an agent on or off, or change what the agent is ready for.

    `device` goes with `loggedOn`; `reason_code` and `force` (a supervisor's) are extensions.
    """

    agent_id: AgentId
    requested_agent_state: RequestedAgentState
    device: DeviceId | None = None
    password: str | None = None
    group: tuple[DeviceId, ...] = ()
    reason_code: str | None = None
    force: bool = False


class GetAgentState(ServiceRequest, frozen=True, kw_only=True):
    """Ask for the state of the agent at a device."""

    device: DeviceId
    acd_group: DeviceId | None = None


class ExtendAfterCallWork(ServiceRequest, frozen=True, kw_only=True):
    """Ask for more time after a call (an extension; features A06)."""

    agent_id: AgentId


class GetAgentInformation(ServiceRequest, frozen=True, kw_only=True):
    """Ask for all about an agent: state, abilities, own figures (an extension; A18, A23)."""

    agent_id: AgentId


class PauseAgentQueue(ServiceRequest, frozen=True, kw_only=True):
    """Let an agent take no calls of one queue, or take them again (an extension; A10)."""

    agent_id: AgentId
    queue: DeviceId
    paused: bool = True


class SetAgentSkills(ServiceRequest, frozen=True, kw_only=True):
    """Change what an agent can do, and for which queues, at once (an extension; A10, A12).

    What is not given stays as it is; `queues` are those that the agent serves, all alike.
    """

    agent_id: AgentId
    skills: dict[str, Annotated[int, Meta(ge=1, le=10)]] | None = None
    queues: tuple[DeviceId, ...] | None = None


AGENT_SERVICES: tuple[type[ServiceRequest], ...] = (
    ExtendAfterCallWork,
    GetAgentInformation,
    GetAgentState,
    PauseAgentQueue,
    SetAgentSkills,
    SetAgentState,
)


class GetAutoAnswer(ServiceRequest, frozen=True, kw_only=True):
    """Ask whether a device answers by itself."""

    device: DeviceId


class GetAutoWorkMode(ServiceRequest, frozen=True, kw_only=True):
    """Ask whether after-call work begins by itself at a device."""

    device: DeviceId


class GetDoNotDisturb(ServiceRequest, frozen=True, kw_only=True):
    """Ask whether a device takes calls."""

    device: DeviceId


class GetForwarding(ServiceRequest, frozen=True, kw_only=True):
    """Ask where a device forwards its calls to."""

    device: DeviceId


class GetMessageWaitingIndicator(ServiceRequest, frozen=True, kw_only=True):
    """Ask whether a message waits for a device."""

    device: DeviceId


class GetMicrophoneMute(ServiceRequest, frozen=True, kw_only=True):
    """Ask whether the microphone of a device is off."""

    device: DeviceId


class GetRouteingMode(ServiceRequest, frozen=True, kw_only=True):
    """Ask whether a routeing device asks for routes."""

    device: DeviceId


class SetAutoAnswer(ServiceRequest, frozen=True, kw_only=True):
    """Let a device answer by itself, after so many rings."""

    device: DeviceId
    auto_answer_on: bool
    number_of_rings: Annotated[int, Meta(ge=0)] | None = None


class SetAutoWorkMode(ServiceRequest, frozen=True, kw_only=True):
    """Let after-call work begin by itself, and last so long."""

    device: DeviceId
    auto_work_on: bool
    auto_work_interval_ms: Annotated[Milliseconds, Meta(ge=0)] | None = field(
        name="autoWorkInterval", default=None
    )


class SetDoNotDisturb(ServiceRequest, frozen=True, kw_only=True):
    """Let a device take no calls."""

    device: DeviceId
    do_not_disturb_on: bool


class SetForwarding(ServiceRequest, frozen=True, kw_only=True):
    """Let a device forward its calls."""

    device: DeviceId
    activate_forward: bool
    forwarding_type: ForwardingType = ForwardingType.IMMEDIATE
    forward_dn: DeviceId | None = field(name="forwardDN", default=None)
    ring_count: Annotated[int, Meta(ge=0)] | None = None


class SetMessageWaitingIndicator(ServiceRequest, frozen=True, kw_only=True):
    """Show that a message waits for a device."""

    device: DeviceId
    message_waiting_on: bool
    device_for_message: DeviceId | None = None


class SetMicrophoneMute(ServiceRequest, frozen=True, kw_only=True):
    """Switch the microphone of a device off or on."""

    device: DeviceId
    microphone_mute_on: bool


class SetRouteingMode(ServiceRequest, frozen=True, kw_only=True):
    """Let a routeing device ask for routes."""

    device: DeviceId
    routeing_mode: bool


DEVICE_SERVICES: tuple[type[ServiceRequest], ...] = (
    GetAutoAnswer,
    GetAutoWorkMode,
    GetDoNotDisturb,
    GetForwarding,
    GetMessageWaitingIndicator,
    GetMicrophoneMute,
    GetRouteingMode,
    SetAutoAnswer,
    SetAutoWorkMode,
    SetDoNotDisturb,
    SetForwarding,
    SetMessageWaitingIndicator,
    SetMicrophoneMute,
    SetRouteingMode,
)
