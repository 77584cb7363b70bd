"""What a client can ask for and hear of (cti-api §7.9), computed from what is really served."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.event_types import EVENT_BY_TYPE
from csta.ids import DeviceId, category_of, device
from csta.monitor_services import (
    MONITOR_SERVICES,
    REPLAY_SERVICES,
    GetCSTAFeatures,
    GetLogicalDeviceInformation,
    GetPhysicalDeviceInformation,
    GetSwitchingFunctionCaps,
    GetSwitchingFunctionDevices,
    RequestSystemStatus,
)
from csta.replies import Capabilities, DeviceInformation, DevicesResult, SystemStatusResult
from csta.services import SERVICES_BY_CATEGORY
from ctiserver.core import permitted
from ctiserver.core.queueing import acd_device
from ctiserver.core.voice_requests import USER_DATA_BYTES_MAX

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

SESSION_SERVICES = frozenset(service.__name__ for service in (*MONITOR_SERVICES, *REPLAY_SERVICES))
"""Those that the server's sessions serve, not the engine."""

NEVER_TOLD = frozenset(
    {
        "csta.callAssociated.Charging.v1",
        "csta.callAssociated.TelephonyTonesGenerated.v1",
        "csta.callControl.Bridged.v1",
        "csta.callControl.DigitsDialed.v1",
        "csta.callControl.NetworkCapabilitiesChanged.v1",
        "csta.maintenance.DeviceCapsChanged.v1",
        "csta.maintenance.PartiallyInService.v1",
        "csta.system.MonitorStop.v1",
        "csta.system.SwFunctionCapsChanged.v1",
        "csta.system.SwFunctionDevicesChanged.v1",
        "csta.logical.CallerIDStatus.v1",
        *(
            name
            for name in EVENT_BY_TYPE
            if name.startswith("csta.voice.")
            and name.split(".")[2] not in ("DtmfDetected", "Play", "Stop")
        ),
    }
)
"""Types of events that the vocabulary has, and of which nothing here ever tells."""
_TOLD_BY_A_SWITCH_THAT_RECORDS = "cti.recording.Failed.v1"

CC_PROFILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ccBasic": (
            "AnswerCall",
            "ClearConnection",
            "ConferenceCall",
            "ConsultationCall",
            "HoldCall",
            "MakeCall",
            "RetrieveCall",
            "SingleStepTransferCall",
            "SnapshotCall",
            "TransferCall",
        ),
        "ccAgent": ("GetAgentState", "SetAgentState"),
        "ccQueue": ("ChangeQueuedCall", "PickQueuedCall"),
        "ccRouteing": ("RouteRegister", "RouteSelect"),
        "ccMedia": ("PlayMessage", "StartDataCollection", "Stop"),
        "ccSupervision": ("SingleStepConferenceCall",),
        "ccRecording": ("PauseCallRecording", "StartCallRecording", "StopCallRecording"),
        "ccPredictive": ("MakePredictiveCall",),
    }
)
"""The services that each of our profiles needs."""

_PROFILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "basicTelephonyProfile": (
            "AnswerCall",
            "ClearConnection",
            "ConsultationCall",
            "HoldCall",
            "MakeCall",
            "RetrieveCall",
            "TransferCall",
        ),
        "routeingProfile": ("RouteRegister", "RouteSelect", "RouteEnd"),
    }
)
_CORRELATOR_DATA_BYTES_MAX = 4_096


def _names(tables: Collection[Mapping[Any, tuple[str, ...]]]) -> frozenset[str]:
    return frozenset(name for table in tables for names in table.values() for name in names)


PHONE_FEATURES = (
    "AutoAnswer",
    "AutoWorkMode",
    "DoNotDisturb",
    "Forwarding",
    "MessageWaitingIndicator",
)
"""The features of phones that can be asked for and changed."""

_AT_DEVICE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "acd": frozenset({*permitted.QUEUE, "ChangeQueuedCall", "PickQueuedCall"}),
        "number": _names([permitted.OUTSIDE]),
        "park": frozenset({*permitted.PARKED, "SnapshotDevice"}),
        "routeing": frozenset(
            {
                *permitted.FLOW,
                *("GetRouteingMode", "RouteRegister", "RouteRegisterCancel", "SetRouteingMode"),
            }
        ),
        "station": _names([permitted.ALONE, permitted.BESIDE_ANOTHER])
        | {"GetAgentState", "GroupPickupCall", "MakeCall", "SetAgentState", "SnapshotDevice"}
        | {f"{verb}{feature}" for verb in ("Get", "Set") for feature in PHONE_FEATURES},
    }
)
"""What can be asked of devices of a category, and of the connections that they have."""


class CapabilityRequests:
    """Answers what there is; asks nothing of the switch."""

    def __init__(self, engine: Engine, others: Collection[str]) -> None:
        """Speak for one engine, which serves these services beside its own."""
        self._engine = engine
        own = [request.__name__ for request in self.services()]
        not_possible = frozenset(engine.config.link.not_possible)
        self.served = (frozenset([*others, *own]) | SESSION_SERVICES) - not_possible
        """All services that are not refused as unknown."""

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            GetCSTAFeatures: self._capabilities,
            GetSwitchingFunctionCaps: self._capabilities,
            GetSwitchingFunctionDevices: self._devices,
            GetLogicalDeviceInformation: self._device,
            GetPhysicalDeviceInformation: self._device,
            RequestSystemStatus: self._status,
        }

    def _capabilities(
        self, request: GetCSTAFeatures | GetSwitchingFunctionCaps, _request_id: str
    ) -> Capabilities:
        self._check_link(request.link_id)
        link, served = self._engine.config.link, self.served
        services = {
            category: tuple(each.__name__ for each in requests if each.__name__ in served)
            for category, requests in SERVICES_BY_CATEGORY.items()
        }
        events: dict[str, tuple[str, ...]] = {}
        silent = NEVER_TOLD if link.records else NEVER_TOLD | {_TOLD_BY_A_SWITCH_THAT_RECORDS}
        for name in sorted(EVENT_BY_TYPE):
            if name not in silent:
                _, category, event, _ = name.split(".")
                events[category] = (*events.get(category, ()), event)
        return Capabilities(
            link_id=self._engine.config.link_id,
            supported_services={name: table for name, table in services.items() if table},
            supported_events=events,
            emulated=tuple(name for name in link.emulated if name in served),
            records_calls=link.records,
            profiles={name: served.issuperset(needs) for name, needs in _PROFILES.items()},
            cc_profiles=tuple(
                name for name, needs in CC_PROFILES.items() if served.issuperset(needs)
            ),
            limits={"messagesPerConnection": 1, "recordingsPerCall": 1, **link.limits},
            quality=dict(link.quality),
            acd_models=("visibleACDRelatedDevices",),
            agent_log_on_models=("logOnToACDImplOneStep",),
            agent_state_models=("agentOriented",),
            trans_and_conf_setup=("consultationCall",),
            correlator_data_supported=True,
            max_length_parameters={
                "correlatorData": _CORRELATOR_DATA_BYTES_MAX,
                "userData": USER_DATA_BYTES_MAX,
            },
        )

    def _devices(self, request: GetSwitchingFunctionDevices, _request_id: str) -> DevicesResult:
        self._check_link(request.link_id)
        return DevicesResult(devices=known_devices(self._engine))

    def _device(
        self, request: GetLogicalDeviceInformation | GetPhysicalDeviceInformation, _request_id: str
    ) -> DeviceInformation:
        device_id = request.device
        category = category_of(device_id)
        if device_id not in known_devices(self._engine) and category != "number":
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"there is no device {device_id}",
            )
        services = _AT_DEVICE.get(category, frozenset())
        return DeviceInformation(
            device_id=device_id,
            device_category=category,
            supported_services=tuple(sorted(services & self.served)),
        )

    def _status(self, request: RequestSystemStatus, _request_id: str) -> SystemStatusResult:
        self._check_link(request.link_id)
        status = self._engine.resynchronising.status
        return SystemStatusResult(system_status={self._engine.config.link_id: status})

    def _check_link(self, link_id: str | None) -> None:
        """Refuse to speak for a link that is another one.

        Raises:
            CtiError: there is no such link.
        """
        if link_id not in (None, self._engine.config.link_id):
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.OBJECT_NOT_KNOWN,
                f"there is no link '{link_id}': this one is '{self._engine.config.link_id}'",
            )


def known_devices(engine: Engine) -> tuple[DeviceId, ...]:
    """List the devices of the centre: phones, queues, routeing devices, parked calls' places."""
    known = {agent.home_device_id: None for agent in engine.directory}
    known.update({agent.device_id: None for agent in engine.directory})
    known.update(dict.fromkeys(engine.features.known()))
    known.update({acd_device(name): None for name in engine.acd.queues})
    known.update({device("routeing", name): None for name in engine.config.flows})
    known.update(dict.fromkeys(engine.config.routeing_devices))
    known.update(dict.fromkeys(engine.parking.places()))
    return (*known, engine.config.voice_units)
