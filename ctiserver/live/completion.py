"""When is a service complete? The events that end each one, and waiting for them (cti-api §7.6).

A positive answer is an acknowledgement (C1). Who asks with `waitFor: completed` is answered when
the event of this table has come: it names the request as its cause, or concerns what the
acknowledgement named (the new call of a MakeCall, the agent of a SetAgentState).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from csta import agent_events as agents
from csta import call_events as calls
from csta import call_services as services
from csta import device_events as devices
from csta import supervision_events as supervision
from csta import voice_events as voice
from csta import voice_services as voices
from csta.causes import Cause
from csta.device_services import (
    RequestedAgentState,
    SetAgentState,
    SetAutoAnswer,
    SetAutoWorkMode,
    SetDoNotDisturb,
    SetForwarding,
    SetMessageWaitingIndicator,
    SetRouteingMode,
)
from csta.errors import CtiError, ErrorCategory, ErrorValue, Outcome
from csta.ids import CallId, ConnectionId
from csta.instants import SECOND, Milliseconds
from csta.replies import AgentStateResult, CallResult, Result
from csta.service_request import CallObject, ServiceRequest
from ctiserver.core.wire import Published
from ctiserver.live.event_log import EventLog, Logged, TooOldError

WAIT_MS_MAX: Milliseconds = 30 * SECOND
"""The longest that a response is held back (C1)."""

COMPLETES: Mapping[type[ServiceRequest], tuple[type[msgspec.Struct], ...]] = MappingProxyType(
    {
        services.AcceptCall: (calls.Delivered,),
        services.AlternateCall: (calls.Retrieved,),
        services.AnswerCall: (calls.Established,),
        services.ClearCall: (calls.CallCleared,),
        services.ClearConnection: (calls.ConnectionCleared, supervision.SupervisionEnded),
        services.ConferenceCall: (calls.Conferenced,),
        services.ConsultationCall: (calls.Established,),
        services.DeflectCall: (calls.Diverted,),
        services.DialDigits: (calls.DigitsDialed,),
        services.DirectedPickupCall: (calls.Established,),
        services.GroupPickupCall: (calls.Established,),
        services.HoldCall: (calls.Held,),
        services.IntrudeCall: (calls.Conferenced, supervision.SupervisionModeChanged),
        services.JoinCall: (calls.Conferenced, supervision.SupervisionModeChanged),
        services.MakeCall: (calls.Established,),
        services.MakePredictiveCall: (calls.Established,),
        services.ParkCall: (calls.Queued,),
        services.ReconnectCall: (calls.Retrieved,),
        services.RetrieveCall: (calls.Retrieved,),
        services.SingleStepConferenceCall: (
            calls.Conferenced,
            supervision.SupervisionModeChanged,
        ),
        services.SingleStepTransferCall: (calls.Transferred,),
        services.TransferCall: (calls.Transferred,),
        services.AssociateData: (calls.CallInformation,),
        services.GenerateDigits: (calls.DigitsGenerated,),
        services.SendUserInformation: (calls.CallInformation,),
        voices.PlayMessage: (voice.Stop,),
        voices.RecordMessage: (voice.Stop,),
        voices.Stop: (voice.Stop,),
        voices.Suspend: (voice.SuspendPlay, voice.SuspendRecord),
        voices.StartCallRecording: (supervision.RecordingStarted,),
        voices.PauseCallRecording: (supervision.RecordingPaused,),
        voices.ResumeCallRecording: (supervision.RecordingResumed,),
        voices.StopCallRecording: (supervision.RecordingStopped,),
        SetAutoAnswer: (devices.AutoAnswer,),
        SetAutoWorkMode: (devices.AutoWorkMode,),
        SetDoNotDisturb: (devices.DoNotDisturb,),
        SetForwarding: (devices.Forwarding,),
        SetMessageWaitingIndicator: (devices.MessageWaiting,),
        SetRouteingMode: (devices.Routeing,),
    }
)
"""What is not here is complete when it is acknowledged (§7.6, last column)."""

_AGENT_EVENT: Mapping[RequestedAgentState, type[agents.AgentEvent]] = MappingProxyType(
    {
        RequestedAgentState.LOGGED_ON: agents.AgentLoggedOn,
        RequestedAgentState.LOGGED_OFF: agents.AgentLoggedOff,
        RequestedAgentState.NOT_READY: agents.AgentNotReady,
        RequestedAgentState.READY: agents.AgentReady,
        RequestedAgentState.WORKING_AFTER_CALL: agents.AgentWorkingAfterCall,
    }
)
_FAILS = (calls.Failed, calls.CallCleared, calls.ServiceCompletionFailure)
_ENDING = ("ClearCall", "ClearConnection")
_VALUE_OF_CAUSE: Mapping[Cause, ErrorValue] = MappingProxyType(
    {
        Cause.BUSY: ErrorValue.RESOURCE_BUSY,
        Cause.DO_NOT_DISTURB: ErrorValue.RESOURCE_BUSY,
        Cause.TRUNKS_BUSY: ErrorValue.NETWORK_BUSY,
        Cause.DEST_NOT_OBTAINABLE: ErrorValue.INVALID_DESTINATION,
        Cause.NUMBER_UNALLOCATED: ErrorValue.INVALID_DESTINATION,
    }
)


class Awaited(msgspec.Struct, frozen=True):
    """What ends a service: these events, if the request caused them or they are about these."""

    request_id: str
    service: str
    done: tuple[type[msgspec.Struct], ...]
    call_id: CallId | None = None
    whole_call: bool = False
    agent_id: str | None = None

    def judge(self, event: Published) -> bool | CtiError:
        """Tell whether an event completes the service (True), fails it (an error), or neither."""
        data = event.data
        caused = event.correlation_id == self.request_id
        if isinstance(data, self.done):
            if caused or (self.agent_id is not None and data_agent(data) == self.agent_id):
                return True
            if self.whole_call and data_call(data) == self.call_id:
                return True
        if isinstance(data, calls.CallCleared) and self.service in _ENDING:
            return data_call(data) == self.call_id
        if isinstance(data, supervision.RecordingFailed) and caused:
            return self._failure("recordingFailed", None)
        if isinstance(data, _FAILS) and (
            (caused and not isinstance(data, calls.CallCleared))
            or (self.call_id is not None and data_call(data) == self.call_id)
        ):
            return self._failure(type(data).__name__, data.cause)
        return False

    def _failure(self, event: str, cause: Cause | None) -> CtiError:
        value = ErrorValue.RESOURCE_OUT_OF_SERVICE
        if cause is not None:
            value = _VALUE_OF_CAUSE.get(cause, value)
        why = f" with cause {cause}" if cause else ""
        category = (
            ErrorCategory.OPERATION
            if value is ErrorValue.INVALID_DESTINATION
            else ErrorCategory.SYSTEM_RESOURCE_AVAILABILITY
        )
        return CtiError(
            category,
            value,
            f"{self.service} was accepted and then came to nothing: {event}{why}",
            outcome=Outcome.EXECUTED,
        )


def data_call(data: Any) -> CallId | None:  # noqa: ANN401 - any event's data
    """Give the call that an event is about."""
    return getattr(data, "call_id", None)


def data_agent(data: Any) -> str | None:  # noqa: ANN401 - any event's data
    """Give the agent that an event is about."""
    return getattr(data, "agent_id", None)


def call_of(request: ServiceRequest) -> CallId | None:
    """Give the call that a request is about, by the first of its parameters that names one."""
    for field in request.__struct_fields__:
        value = getattr(request, field)
        if isinstance(value, ConnectionId | CallObject):
            return value.call_id
        if field == "call_id":
            return str(value)
    return None


def awaited(request: ServiceRequest, request_id: str, result: object) -> Awaited | None:
    """Tell what is still to come after an acknowledgement; None when nothing is."""
    service = type(request).__name__
    if isinstance(result, Result) and result.already_done:
        return None
    if isinstance(request, SetAgentState):
        done = (_AGENT_EVENT[request.requested_agent_state],)
        pending = result.pending_agent_state if isinstance(result, AgentStateResult) else None
        if pending is None:
            return None
        return Awaited(request_id, service, done, agent_id=request.agent_id)
    events = COMPLETES.get(type(request))
    if events is None:
        return None
    made = new_call_of(result)
    if made is not None:
        return Awaited(request_id, service, events, made, whole_call=True)
    return Awaited(request_id, service, events, call_of(request))


def new_call_of(result: object) -> CallId | None:
    """Give the call that a MakeCall, a ConsultationCall or a predictive call has made."""
    if not isinstance(result, CallResult):
        return None
    made = result.calling_device or result.initiated_call
    return made.call_id if made else None


class Completions:
    """Waits for the events that complete services; hears the log."""

    def __init__(self, log: EventLog) -> None:
        """Listen to a log."""
        self._log = log
        self._waiting: dict[asyncio.Future[None], Awaited] = {}
        log.listeners.append(self._hear)

    def __len__(self) -> int:
        """Count the responses that are held back."""
        return len(self._waiting)

    async def wait(self, what: Awaited, after: int, timeout_ms: Milliseconds) -> None:
        """Wait for the completing event, if it is not among those after a sequence already.

        Raises:
            CtiError: it has failed, or it has not come in time (its outcome is unknown then).
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            for logged in self._log.recent(after):
                self._judge(done, what, logged)
        except TooOldError:
            pass  # it waits for what comes; the time-out says that nothing is known
        if not done.done():
            self._waiting[done] = what
        try:
            async with asyncio.timeout(timeout_ms / SECOND):
                await done
        except TimeoutError:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.LINK_TIMEOUT,
                f"{what.service} was accepted and is not complete after {timeout_ms} ms",
                outcome=Outcome.UNKNOWN,
            ) from None
        finally:
            self._waiting.pop(done, None)

    def _hear(self, batch: Sequence[Logged]) -> None:
        for done, what in list(self._waiting.items()):
            for logged in batch:
                self._judge(done, what, logged)

    def _judge(self, done: asyncio.Future[None], what: Awaited, logged: Logged) -> None:
        if done.done():
            return
        verdict = what.judge(logged.event)
        if verdict is True:
            done.set_result(None)
        elif isinstance(verdict, CtiError):
            done.set_exception(verdict)
