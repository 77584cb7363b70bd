"""Services that bring somebody into a call at once, heard or not (cti-api §7.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from csta.call_services import (
    IntrudeCall,
    JoinCall,
    ParticipationType,
    SingleStepConferenceCall,
)
from csta.causes import Cause
from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import ConnectionId, DeviceId, category_of
from csta.replies import CallResult
from csta.supervision_events import SupervisionMode
from ctiserver.core.call_lookup import CallLookup
from ctiserver.core.supervision import Asked

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

_MODES: Mapping[ParticipationType, SupervisionMode] = MappingProxyType(
    {
        ParticipationType.ACTIVE: SupervisionMode.BARGE,
        ParticipationType.COACH: SupervisionMode.COACH,
        ParticipationType.SILENT: SupervisionMode.SILENT,
    }
)


class SupervisionRequests(CallLookup):
    """Three names of one thing: they differ in the cause that the others are told."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        super().__init__(engine)

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            SingleStepConferenceCall: self._single_step,
            JoinCall: self._join,
            IntrudeCall: self._intrude,
        }

    def _single_step(self, request: SingleStepConferenceCall, request_id: str) -> CallResult:
        asked = _asked(request, request.participation_type, Cause.ACTIVE_PARTICIPATION, request_id)
        return self._bring_in(request.device_to_join, request.active_call, asked)

    def _join(self, request: JoinCall, request_id: str) -> CallResult:
        asked = _asked(request, request.participation_type, Cause.JOIN_CALL, request_id)
        return self._bring_in(request.joining_device, request.active_call, asked)

    def _intrude(self, request: IntrudeCall, request_id: str) -> CallResult:
        asked = _asked(request, request.participation_type, Cause.INTRUDE, request_id)
        return self._bring_in(request.joining_device, request.intrude, asked)

    def _bring_in(self, device_id: DeviceId | None, key: ConnectionId, asked: Asked) -> CallResult:
        """Bring a device into a call; one that listens in there already, changes its mode."""
        engine = self.engine
        target = self.connection(key, asked.service)
        self.check_is_nowhere_waiting(target)
        watch = engine.supervision.at(device_id) if device_id is not None else None
        done = watch is not None and watch.target is target
        if watch is None or not done:
            watch = engine.supervision.begin(self._idle_station(device_id), target, asked)
            return CallResult(
                conferenced_call=watch.seat.key, call_linkage_data=target.call.linkage
            )
        already = watch.mode is asked.mode
        if not already:
            engine.supervision.change(watch, asked)
        return CallResult(
            conferenced_call=watch.seat.key,
            call_linkage_data=target.call.linkage,
            already_done=already,
        )

    def _idle_station(self, device_id: DeviceId | None) -> DeviceId:
        """Check that somebody can listen at a device.

        Raises:
            CtiError: it is no phone, or in use.
        """
        if device_id is None or category_of(device_id) != "station":
            what = "the device that joins is missing" if device_id is None else device_id
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"only a station can join a call: {what}",
            )
        busy = self.engine.model.at_device.get(device_id)
        if busy:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.CONNECTED_CALL_EXISTS,
                f"{device_id} is in use",
                current=Current(local_connection_info=busy[0].state.value),
            )
        return device_id


def _asked(
    request: object, participation: ParticipationType, cause: Cause, request_id: str
) -> Asked:
    service = type(request).__name__
    mode = _MODES.get(participation)
    if mode is None:
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.INVALID_PARAMETER_VALUE,
            f"{service}: participationType '{participation}' is none of active, silent, coach",
        )
    return Asked(mode, service, cause, request_id)
