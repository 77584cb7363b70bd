"""Predictive calls: somebody outside is rung first, then brought to a queue or a flow.

MakePredictiveCall of cti-api §7.6 and §7.11 (S12). The queue or flow is the calling device; who
is called becomes the call's caller when he has answered. If the client wants it, the switch
listens who or what has answered before: until then the call counts as alerting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csta.call_events import CallOutcome, Party
from csta.call_services import (
    DestinationCondition,
    DetectionAction,
    MakePredictiveCall,
    SignallingCondition,
    SignallingConditionsAction,
)
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import CallId, DeviceId, LegId, category_of, local_part
from csta.instants import SECOND, Agenda, Instant, Milliseconds
from csta.replies import CallResult
from ctiserver.core.call_lookup import mapping_of
from ctiserver.core.calls import Call, Connection, Leg, LegState, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.outbox import LookUp
from ctiserver.core.switch_link import DestinationDetected, Detect

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

DETECTION_MS_MAX: Milliseconds = 10 * SECOND
"""So long the switch may listen; after that the default action is taken."""

ANSWERED_BY = "answered_by"
"""The attribute of a caller that tells who or what has answered: a DestinationCondition."""


class Attempt:
    """One predictive call until it is answered, and by whom is known."""

    __slots__ = ("actions", "customer", "default", "detects", "place", "rings_ms")

    def __init__(
        self, place: Connection, customer: Connection, request: MakePredictiveCall
    ) -> None:
        """Begin; `place` is the part of the queue or flow, `customer` of the one who is called."""
        self.place = place
        self.customer = customer
        self.detects = _detects(request)
        self.actions = {
            item.destination_condition: item.detection_action
            for item in request.destination_detection
        }
        self.default = request.default_action
        self.rings_ms = request.alert_time_ms

    @property
    def call(self) -> Call:
        """The call."""
        return self.place.call


class PredictiveCalls:
    """The predictive calls of one engine that have not been answered yet."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        self._engine = engine
        self._attempts: dict[LegId, Attempt] = {}
        self._calls: dict[CallId, Attempt] = {}
        self.deadlines: Agenda[LegId] = Agenda()
        """Until when the switch may listen who has answered."""

    def __len__(self) -> int:
        """Count them."""
        return len(self._attempts)

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {MakePredictiveCall: self._make}

    def dials(self, call_id: CallId) -> bool:
        """Tell whether a call is one that is not answered yet."""
        return call_id in self._calls

    # The service.

    def _make(self, request: MakePredictiveCall, request_id: str) -> CallResult:
        engine, device_id = self._engine, request.calling_device
        target = engine.numbering.device(request.called_directory_number)
        self._check(request, target)
        call = engine.model.begin(
            "outbound",
            Party(device_identifier=device_id),
            Party(device_identifier=target),
            request_id=request_id,
        )
        call.correlator_data = mapping_of(request.correlator_data)
        place = engine.model.attach(call, device_id, None)
        engine.model.originate(place, Cause.NEW_CALL, request_id)
        leg = engine.parties.dial(
            target,
            Role.CUSTOMER,
            Cause.NEW_CALL,
            calling=engine.numbering.shown(device_id),
            request_id=request_id,
        )
        customer = engine.model.attach(call, target, leg)
        attempt = Attempt(place, customer, request)
        self._attempts[leg.leg_id] = self._calls[call.call_id] = attempt
        return CallResult(initiated_call=place.key, call_linkage_data=call.linkage)

    def _check(self, request: MakePredictiveCall, target: DeviceId) -> None:
        """Refuse what cannot be.

        Raises:
            CtiError: there is no such queue or flow, the number is not outside, or the conditions
                contradict one another or are not supported.
        """
        if not self._is_there(request.calling_device):
            raise _refused(
                ErrorValue.INVALID_DEVICE_ID,
                f"{request.calling_device} is no queue and no flow that calls can be brought to",
            )
        if category_of(target) != "number" or not local_part(target):
            raise _refused(
                ErrorValue.INVALID_DESTINATION,
                f"{target} is not outside: predictive calls are made to numbers in the network",
            )
        signalling = request.signalling_detection
        if signalling and signalling.signalling_condition is SignallingCondition.CALL_DELIVERED:
            raise _refused(
                ErrorValue.PARAMETER_NOT_SUPPORTED,
                "signallingCondition callDelivered: a call goes on when it is established only",
            )
        items = request.destination_detection
        if items and not _detects(request):
            raise _refused(
                ErrorValue.INVALID_PARAMETER_VALUE,
                "destinationDetection needs the signallingConditionsAction destinationDetection",
            )
        if len({item.destination_condition for item in items}) < len(items):
            raise _refused(
                ErrorValue.INVALID_PARAMETER_VALUE,
                "destinationDetection names a condition twice",
            )
        remains = request.default_action is DetectionAction.REMAIN_CONNECTED
        if not remains and not _detects(request):
            raise _refused(
                ErrorValue.INVALID_PARAMETER_VALUE,
                "defaultAction is taken when destinationDetection is asked for, and it is not",
            )

    def _is_there(self, device_id: DeviceId) -> bool:
        if category_of(device_id) == "acd":
            return local_part(device_id) in self._engine.acd.queues
        return self._engine.leading.is_routeing_device(device_id)

    # What the switch says.

    def leg_ringing(self, leg: Leg) -> None:
        """The phone of one who is called rings: his time to answer begins."""
        attempt = self._attempts.get(leg.leg_id)
        if attempt is not None and attempt.rings_ms is not None and not leg.clearing:
            until = self._engine.out.now + attempt.rings_ms
            self._engine.parties.unanswered.set(leg.leg_id, until)

    def leg_up(self, leg: Leg) -> bool:
        """Somebody has answered; False: it is not one whom a predictive call has called."""
        attempt = self._attempts.get(leg.leg_id)
        if attempt is None:
            return False
        if self._engine.model.leg_answers(leg.leg_id) is None:
            return True
        if attempt.detects:
            self.deadlines.set(leg.leg_id, self._engine.out.now + DETECTION_MS_MAX)
            self._engine.out.decide(Detect(leg=leg.leg_id))
        else:
            self._connect(attempt, leg, Cause.NEW_CALL, None)
        return True

    def detected(self, event: DestinationDetected) -> None:
        """The switch has heard who or what has answered."""
        self._decide(event.leg, event.condition)

    def leg_gone(self, leg: Leg) -> None:
        """A leg is no more; it may be that of one who was called."""
        attempt = self._attempts.get(leg.leg_id)
        if attempt is not None:
            self._forget(attempt, leg)

    def wake(self, now: Instant) -> None:
        """Take the default action where the switch has not heard who has answered."""
        for leg_id in self.deadlines.due(now):
            self._decide(leg_id, None)

    # What follows.

    def _decide(self, leg_id: LegId, condition: DestinationCondition | None) -> None:
        attempt, leg = self._attempts.get(leg_id), self._engine.model.legs.get(leg_id)
        if attempt is None or leg is None or leg.state is not LegState.UP or leg.clearing:
            return
        action = attempt.default
        if condition is not None:
            action = attempt.actions.get(condition, action)
        if action is DetectionAction.CLEAR_CALLED_CONNECTION:
            self._clear(attempt, leg, condition)
        else:
            self._connect(attempt, leg, Cause.DEST_DETECTED, condition)

    def _clear(self, attempt: Attempt, leg: Leg, condition: DestinationCondition | None) -> None:
        """Let go of one who is not wanted: a machine."""
        machine = condition is DestinationCondition.ANSWERING_MACHINE
        attempt.call.outcome = CallOutcome.VOICEMAIL if machine else CallOutcome.FAILED
        self._forget(attempt, leg)
        self._engine.model.clear(attempt.place, Cause.DEST_DETECTED)
        self._engine.parties.leave(attempt.customer, Cause.DEST_DETECTED, leg.request_id)

    def _connect(
        self, attempt: Attempt, leg: Leg, cause: Cause, condition: DestinationCondition | None
    ) -> None:
        """Bring one who has answered to the queue or the flow that has called him."""
        engine, call, customer = self._engine, attempt.call, attempt.customer
        self._forget(attempt, leg)
        engine.model.establish(customer, cause, customer.device_id, leg.request_id)
        leg.request_id = None
        call.outcome = None  # nobody of ours has spoken with him yet
        device_id = attempt.place.device_id
        number, shown = local_part(customer.device_id), engine.numbering.shown(device_id)
        contact = Contact(call, customer, number, shown)
        contact.entry = attempt.place
        if condition is not None:
            contact.attributes[ANSWERED_BY] = condition.value
        engine.contacts[call.call_id] = contact
        engine.out.decide(LookUp(call.call_id, number, shown))
        there = self._is_there(device_id)
        engine.leading.lead(contact, device_id if there else engine.config.default_device)

    def _forget(self, attempt: Attempt, leg: Leg) -> None:
        del self._attempts[leg.leg_id], self._calls[attempt.call.call_id]
        self.deadlines.cancel(leg.leg_id)


def _detects(request: MakePredictiveCall) -> bool:
    signalling = request.signalling_detection
    if signalling is None:
        return bool(request.destination_detection)
    action = signalling.signalling_conditions_action
    return action is SignallingConditionsAction.DESTINATION_DETECTION


def _refused(value: ErrorValue, detail: str) -> CtiError:
    return CtiError(ErrorCategory.OPERATION, value, detail)
