"""Services that clients ask for: checked against the present state, then carried out.

A positive answer says that the switch was asked, not that it is done (cti-api §7.6, C1). A refusal
is a `CtiError`, raised before anything has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from acd.inputs import AskState, LogOn
from csta import call_services as asked
from csta.device_services import GetAgentState, RequestedAgentState, SetAgentState
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import DeviceId, wire_name
from csta.monitor_services import SnapshotCall, SnapshotDevice
from csta.replies import AgentStateResult, AsOf, SnapshotEntry, SnapshotResult
from csta.services import SERVICES
from csta.states import AgentState
from ctiserver.core.call_lookup import CallLookup
from ctiserver.core.call_requests import CallRequests
from ctiserver.core.calls import Call, Connection
from ctiserver.core.data_requests import DataRequests
from ctiserver.core.inputs import Requested

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
_NOT_SUPPORTED = {
    shape: tuple(
        (field.name, field.default)
        for field in msgspec.structs.fields(shape)
        if field.name in names
    )
    for shape, names in _UNUSED.items()
}
"""Parameters that would do nothing here: refused unless they have their defaults (§7.9)."""

_STATE_ASKED = {
    RequestedAgentState.LOGGED_OFF: AgentState.NULL,
    RequestedAgentState.NOT_READY: AgentState.NOT_READY,
    RequestedAgentState.READY: AgentState.READY,
    RequestedAgentState.WORKING_AFTER_CALL: AgentState.WORKING_AFTER_CALL,
}


class Requests(CallLookup):
    """All services of the engine: those of calls and data, and here those of agents, snapshots."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        super().__init__(engine)
        self.calls = CallRequests(engine)
        self.data = DataRequests(engine)
        self._services: dict[type, Callable[[Any, str], Any]] = {
            **self.calls.services(),
            **self.data.services(),
            SetAgentState: self._set_agent_state,
            GetAgentState: self._get_agent_state,
            SnapshotCall: self._snapshot_call,
            SnapshotDevice: self._snapshot_device,
        }

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
        for name, default in _NOT_SUPPORTED.get(shape, ()):
            if getattr(request, name) != default:
                raise CtiError(
                    ErrorCategory.OPERATION,
                    ErrorValue.PARAMETER_NOT_SUPPORTED,
                    f"{event.service}: '{wire_name(name)}' is not supported here; leave it out",
                )
        return service(request, event.request_id)

    def _set_agent_state(self, request: SetAgentState, _request_id: str) -> AgentStateResult:
        agent = self.engine.directory.agent(request.agent_id)
        if request.requested_agent_state is RequestedAgentState.LOGGED_ON:
            self.engine.queueing.tell(LogOn(agent.agent_id, request.device))
            self.engine.model.touched[agent.device_id] = None  # the phone may be in use
        else:
            asked = _STATE_ASKED[request.requested_agent_state]
            self.engine.queueing.tell(
                AskState(agent.agent_id, asked, request.reason_code, request.force)
            )
        return AgentStateResult(
            agent_id=agent.agent_id, agent_state=agent.state, pending_agent_state=agent.pending
        )

    def _get_agent_state(self, request: GetAgentState, _request_id: str) -> AgentStateResult:
        agent = self.engine.directory.at_device(request.device)
        if agent is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"nobody is logged on at {request.device}",
            )
        return AgentStateResult(
            agent_id=agent.agent_id,
            agent_state=agent.state,
            pending_agent_state=agent.pending,
            reason_code=agent.reason,
        )

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
