"""Services that clients ask for: checked against the present state, then carried out.

A positive answer says that the switch was asked, not that it is done (cti-api §7.6, C1). A refusal
is a `CtiError`, raised before anything has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from csta import call_services as asked
from csta.device_services import SetAgentState
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import DeviceId, wire_name
from csta.monitor_services import SnapshotCall, SnapshotDevice
from csta.replies import AsOf, SnapshotEntry, SnapshotResult
from csta.services import SERVICES
from ctiserver.core.agent_requests import AgentRequests
from ctiserver.core.call_lookup import CallLookup
from ctiserver.core.call_requests import CallRequests
from ctiserver.core.callback_requests import CallbackRequests
from ctiserver.core.calls import Call, Connection
from ctiserver.core.capabilities import CapabilityRequests
from ctiserver.core.data_requests import DataRequests
from ctiserver.core.explain_requests import ExplainRequests
from ctiserver.core.inputs import Requested
from ctiserver.core.outbox import Registrant
from ctiserver.core.pickup import PickupRequests
from ctiserver.core.queue_requests import QueueRequests
from ctiserver.core.routeing_requests import RouteingRequests
from ctiserver.core.supervision_requests import SupervisionRequests

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

_UNUSED: dict[type[msgspec.Struct], tuple[str, ...]] = {
    asked.ClearConnection: ("correlator_data",),
    asked.ConsultationCall: ("consult_options", "user_data"),
    asked.DeflectCall: ("reason", "correlator_data"),
    asked.GenerateDigits: ("tone_duration_ms", "pause_duration_ms"),
    asked.HoldCall: ("connection_reservation",),
    asked.MakeCall: (
        "user_data",
        "call_characteristics",
        "account_code",
        "auth_code",
        "subject_of_call",
        "caller_id",
        "timeout_ms",
    ),
    asked.SingleStepTransferCall: ("reason",),
    SetAgentState: ("password", "group"),
}
NOT_SUPPORTED = {
    shape: tuple(
        (field.name, field.default)
        for field in msgspec.structs.fields(shape)
        if field.name in names
    )
    for shape, names in _UNUSED.items()
}
"""Parameters that would do nothing here: refused unless they have their defaults (§7.9)."""


class Requests(CallLookup):
    """All services of the engine: those of calls and data, and here those of agents, snapshots."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        super().__init__(engine)
        self.calls = CallRequests(engine)
        self.data = DataRequests(engine)
        self.asks = Registrant()
        """Who asks for the service at hand."""
        self._services: dict[type, Callable[[Any, str], Any]] = {
            **self.calls.services(),
            **self.data.services(),
            **AgentRequests(engine).services(),
            **CallbackRequests(engine).services(),
            **ExplainRequests(engine).services(),
            **QueueRequests(engine).services(),
            **engine.predictive.services(),
            **RouteingRequests(engine).services(),
            **SupervisionRequests(engine).services(),
            **PickupRequests(engine).services(),
            **engine.features.services(),
            **engine.parking.services(),
            **engine.voice.services(),
            **engine.collections.services(),
            **engine.recordings.services(),
            SnapshotCall: self._snapshot_call,
            SnapshotDevice: self._snapshot_device,
        }
        self.capabilities = CapabilityRequests(engine, [each.__name__ for each in self._services])
        self._services |= self.capabilities.services()
        for name in engine.config.link.not_possible:
            self._services.pop(SERVICES[name], None)

    def carry_out(self, event: Requested) -> object:
        """Carry out a request and give the service's answer.

        Raises:
            CtiError: the service, its parameters, or the state do not allow it.
        """
        shape = SERVICES.get(event.service)
        service = self._services.get(shape) if shape is not None else None
        if shape is None or service is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.SERVICE_NOT_SUPPORTED,
                f"there is no service '{event.service}' here",
            )
        try:
            request = msgspec.convert(event.params, shape)
        except msgspec.ValidationError as error:
            unknown = "unknown field" in str(error)
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.PARAMETER_NOT_SUPPORTED
                if unknown
                else ErrorValue.INVALID_PARAMETER_VALUE,
                f"{event.service}: {error}",
            ) from error
        for name, default in NOT_SUPPORTED.get(shape, ()):
            if getattr(request, name) != default:
                raise CtiError(
                    ErrorCategory.OPERATION,
                    ErrorValue.PARAMETER_NOT_SUPPORTED,
                    f"{event.service}: '{wire_name(name)}' is not supported here; leave it out",
                )
        self.asks = Registrant(event.principal, event.session_id)
        self.engine.resynchronising.refuse_while_down(event.service)
        return service(request, event.request_id)

    def _snapshot_call(self, request: SnapshotCall, _request_id: str) -> SnapshotResult:
        call = self.call(request.snapshot_object.call_id)
        return self._snapshot(list(call.connections.values()), call)

    def _snapshot_device(self, request: SnapshotDevice, _request_id: str) -> SnapshotResult:
        return self._snapshot(self._at(request.snapshot_object), None)

    def _at(self, device_id: DeviceId) -> list[Connection]:
        """List the connections of a device; a queue's and a flow's stand in the calls only."""
        if device_id in self.engine.model.at_device:
            return self.engine.model.at_device[device_id]
        return [
            call.connections[device_id]
            for call in self.engine.model.calls.values()
            if device_id in call.connections
        ]

    def _snapshot(self, connections: list[Connection], call: Call | None) -> SnapshotResult:
        model = self.engine.model
        return SnapshotResult(
            call_linkage_data=call.linkage if call else None,
            snapshot_data=tuple(
                SnapshotEntry(
                    connection.device_id,
                    connection.key,
                    connection.state,
                    model.permitted(connection),
                )
                for connection in connections
            ),
            as_of=AsOf(epoch="", sequence=f"{self.engine.out.sequence:016}"),
        )
