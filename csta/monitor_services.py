"""Services of monitors, snapshots, system status, capabilities and replay (ECMA-269 §13 to §16)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from csta.ids import AgentId, DeviceId, wire_name
from csta.service_request import CallObject, ServiceRequest

MonitorFilter: TypeAlias = dict[str, bool]
"""Which events are wanted: names of categories (`voice`) and of events (`Delivered`)."""


class MonitorType(StrEnum):
    """Whether a monitor follows a device, or a call wherever it goes."""

    DEVICE = "device"
    CALL = "call"


class MonitorObject(
    Struct,
    frozen=True,
    kw_only=True,
    rename=wire_name,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What is monitored: exactly one of these (agents and groups are extensions)."""

    device_object: DeviceId | None = None
    call_object: CallObject | None = None
    agent_object: AgentId | None = None
    group_object: DeviceId | None = None

    def __post_init__(self) -> None:
        """Refuse none and more than one.

        Raises:
            ValueError: not exactly one object is named.
        """
        named = (self.device_object, self.call_object, self.agent_object, self.group_object)
        if len(named) - named.count(None) != 1:
            problem = (
                "monitorObject needs one of deviceObject, callObject, agentObject, groupObject"
            )
            raise ValueError(problem)


class MonitorStart(ServiceRequest, frozen=True, kw_only=True):
    """Have events sent from now on; with `snapshot` (ext) after the state as it is now."""

    monitor_object: MonitorObject | Literal["all"]
    monitor_type: MonitorType | None = None
    requested_monitor_filter: MonitorFilter | None = None
    snapshot: bool = False


class MonitorStop(ServiceRequest, frozen=True, kw_only=True):
    """Have no more events sent."""

    monitor_cross_ref_id: str


class ChangeMonitorFilter(ServiceRequest, frozen=True, kw_only=True):
    """Have other events sent than before."""

    monitor_cross_ref_id: str
    requested_filter_list: MonitorFilter


class GetMonitors(ServiceRequest, frozen=True, kw_only=True):
    """Ask for the monitors of this session."""


MONITOR_SERVICES: tuple[type[ServiceRequest], ...] = (
    ChangeMonitorFilter,
    GetMonitors,
    MonitorStart,
    MonitorStop,
)


class SnapshotCall(ServiceRequest, frozen=True, kw_only=True):
    """Ask for the state of a call."""

    snapshot_object: CallObject


class SnapshotDevice(ServiceRequest, frozen=True, kw_only=True):
    """Ask for the calls at a device."""

    snapshot_object: DeviceId


class ExplainCall(ServiceRequest, frozen=True, kw_only=True):
    """Ask why a call is still waiting in a queue (an extension; features R35)."""

    call_to_explain: CallObject


SNAPSHOT_SERVICES: tuple[type[ServiceRequest], ...] = (ExplainCall, SnapshotCall, SnapshotDevice)


class RequestSystemStatus(ServiceRequest, frozen=True, kw_only=True):
    """Ask how the links are, or how one of them is."""

    link_id: str | None = None


class SystemRegister(ServiceRequest, frozen=True, kw_only=True):
    """Have changes of the links' status sent."""

    link_id: str | None = None


SYSTEM_SERVICES: tuple[type[ServiceRequest], ...] = (RequestSystemStatus, SystemRegister)


class GetCSTAFeatures(ServiceRequest, frozen=True, kw_only=True):
    """Ask what services and events there are (cti-api §7.9)."""

    link_id: str | None = None


class GetSwitchingFunctionCaps(ServiceRequest, frozen=True, kw_only=True):
    """Ask what a switch can do."""

    link_id: str | None = None


class GetSwitchingFunctionDevices(ServiceRequest, frozen=True, kw_only=True):
    """Ask which devices a switch has."""

    link_id: str | None = None


class GetLogicalDeviceInformation(ServiceRequest, frozen=True, kw_only=True):
    """Ask what a device can do."""

    device: DeviceId


class GetPhysicalDeviceInformation(ServiceRequest, frozen=True, kw_only=True):
    """Ask what a device is."""

    device: DeviceId


CAPABILITY_SERVICES: tuple[type[ServiceRequest], ...] = (
    GetCSTAFeatures,
    GetLogicalDeviceInformation,
    GetPhysicalDeviceInformation,
    GetSwitchingFunctionCaps,
    GetSwitchingFunctionDevices,
)


class ReplayEvents(ServiceRequest, frozen=True, kw_only=True):
    """Ask for the events after a place in the log (ext)."""

    epoch: str
    after: Annotated[str, Meta(pattern="^[0-9]{1,16}$")]
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 1_000
    filter: MonitorFilter | None = None


REPLAY_SERVICES: tuple[type[ServiceRequest], ...] = (ReplayEvents,)
