"""Call-control services (cti-api §7.6), built from what every switch can do with legs.

Some take two steps: the switch is asked to hold or to join legs, and the service goes on when it
says that it has (`second_steps`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from csta import call_services as asked
from csta.call_events import Party
from csta.causes import Cause
from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import ConnectionId, DeviceId, LegId, category_of
from csta.replies import CallResult, Result
from csta.states import ConnectionState
from ctiserver.core.call_lookup import CallLookup, leg_of, mapping_of
from ctiserver.core.calls import Call, Connection, Leg, Role
from ctiserver.core.merging import conference, single_step_transfer, transfer
from ctiserver.core.second_steps import SecondStep, SecondSteps
from ctiserver.core.switch_link import Answer, Hold, Join, LegSeen

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class CallRequests(CallLookup):
    """Services on calls and connections."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        super().__init__(engine)
        self.second_steps = SecondSteps(engine.out, engine.config.link_id, engine.model.forget_call)

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            asked.MakeCall: self._make_call,
            asked.AnswerCall: self._answer,
            asked.ClearConnection: self._clear_connection,
            asked.ClearCall: self._clear_call,
            asked.HoldCall: self._hold,
            asked.RetrieveCall: self._retrieve,
            asked.AlternateCall: self._alternate,
            asked.ReconnectCall: self._reconnect,
            asked.ConsultationCall: self._consult,
            asked.TransferCall: self._transfer,
            asked.ConferenceCall: self._conference,
            asked.SingleStepTransferCall: self._single_step_transfer,
            asked.DeflectCall: self._deflect,
        }

    # What the switch says goes on here.

    def dialled_by_phone(self, event: LegSeen) -> None:
        """A station has begun a call by itself."""
        engine = self.engine
        called = self.called(event.dnis)
        call = engine.model.begin(_direction(called), Party(device_identifier=event.device), called)
        leg = engine.model.expect(event.leg, event.device, Role.ORIGINATOR, Cause.NEW_CALL)
        engine.model.attach(call, event.device, leg)
        engine.model.leg_seen(event)

    def originated(self, leg: Leg) -> None:
        """The calling side is through: bring the call to the dialled number."""
        connection = leg.active
        assert connection is not None, f"leg {leg.leg_id} has no call"
        call = connection.call
        target = call.called.device_identifier or ""
        self.engine.leading.lead_call(call, target, Cause.NEW_CALL, leg.request_id)
        leg.request_id = None

    # The services.

    def called(self, dialled: str) -> Party:
        """Tell where a number leads that is dialled inside; it may be a parking place."""
        place = self.engine.parking.dialled_place(dialled)
        to = self.engine.numbering.device(dialled)
        if place is not None and category_of(to) == "number":
            to = place
        return Party(device_identifier=to)

    def _make_call(self, request: asked.MakeCall, request_id: str) -> CallResult:
        engine = self.engine
        if category_of(request.calling_device) != "station":
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"{request.calling_device} cannot begin a call",
            )
        busy = engine.model.at_device.get(request.calling_device)
        if busy:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.CONNECTED_CALL_EXISTS,
                f"{request.calling_device} is in call {busy[0].call.call_id}",
                current=Current(local_connection_info=busy[0].state.value),
            )
        called = self.called(request.called_directory_number)
        call = engine.model.begin(
            _direction(called),
            Party(device_identifier=request.calling_device),
            called,
            request_id=request_id,
        )
        call.correlator_data = mapping_of(request.correlator_data)
        leg = engine.parties.dial(
            request.calling_device,
            Role.ORIGINATOR,
            Cause.MAKE_CALL,
            calling=request.called_directory_number,
            request_id=request_id,
            auto_answer=request.auto_originate is asked.AutoOriginate.DO_NOT_PROMPT,
        )
        connection = engine.model.attach(call, request.calling_device, leg)
        return CallResult(calling_device=connection.key, call_linkage_data=call.linkage)

    def _answer(self, request: asked.AnswerCall, request_id: str) -> Result:
        connection = self.connection(request.call_to_be_answered, "AnswerCall")
        leg = leg_of(connection)
        leg.request_id = request_id
        self.engine.out.decide(Answer(leg=leg.leg_id))
        return Result(call_linkage_data=connection.call.linkage)

    def _clear_connection(self, request: asked.ClearConnection, request_id: str) -> Result:
        key = request.connection_to_be_cleared
        if self.engine.supervision.leave(key, request_id):
            return Result(call_linkage_data=self.call(key.call_id).linkage)
        if key.device_id not in self.call(key.call_id).connections:
            return Result(already_done=True)
        connection = self.connection(key, "ClearConnection")
        call = connection.call
        if connection.leg is None:
            self._clear_all(call, request_id)
        else:
            self.engine.parties.leave(
                connection, request.reason or Cause.NORMAL_CLEARING, request_id
            )
        return Result(call_linkage_data=call.linkage)

    def _clear_call(self, request: asked.ClearCall, request_id: str) -> Result:
        call = self.call(request.call_to_be_cleared.call_id)
        self._clear_all(call, request_id)
        return Result(call_linkage_data=call.linkage)

    def _clear_all(self, call: Call, request_id: str) -> None:
        for connection in [*call.parties(), *call.coming.values()]:
            self.engine.parties.leave(connection, Cause.NORMAL_CLEARING, request_id)

    def _hold(self, request: asked.HoldCall, request_id: str) -> Result:
        connection = self.connection(request.call_to_be_held, "HoldCall")
        step = SecondStep("HoldCall", connection, request_id, _nothing_more)
        self._ask_hold(step, Cause.NORMAL)
        return Result(call_linkage_data=connection.call.linkage)

    def _ask_hold(self, step: SecondStep, cause: Cause) -> None:
        leg = leg_of(step.connection)
        leg.held_cause, leg.request_id = cause, step.request_id
        self.second_steps.wait(leg.leg_id, step)
        self.engine.out.decide(Hold(leg=leg.leg_id))

    def _retrieve(self, request: asked.RetrieveCall, request_id: str) -> Result:
        held = self.connection(request.call_to_be_retrieved, "RetrieveCall")
        self._take_back("RetrieveCall", held, request_id)
        return Result(call_linkage_data=held.call.linkage)

    def _take_back(self, service: str, held: Connection, request_id: str) -> None:
        go_on = partial(self._retrieved, held, request_id)
        self._ask_join(service, held, self._with_own_leg(held), request_id, go_on)

    def _retrieved(self, held: Connection, request_id: str) -> None:
        if held.state is ConnectionState.HOLD:
            self.engine.model.retrieve(held, Cause.NORMAL, request_id)

    def _with_own_leg(self, held: Connection) -> list[LegId]:
        return [leg_of(held).leg_id, *self.engine.parties.speaking(held.call)]

    def _ask_join(
        self,
        service: str,
        held: Connection,
        legs: list[LegId],
        request_id: str | None,
        go_on: Callable[[], None],
        on_failure: Callable[[], None] | None = None,
    ) -> None:
        """Ask the switch to join legs, the first of which stands for them."""
        step = SecondStep(service, held, request_id, go_on, legs=tuple(legs), on_failure=on_failure)
        self.second_steps.wait(legs[0], step)
        self.engine.out.decide(Join(leg=legs[0], legs=step.legs))

    def _alternate(self, request: asked.AlternateCall, request_id: str) -> Result:
        held, active = self.pair(request.held_call, request.active_call, "AlternateCall")
        go_on = partial(self._alternated, held, active, request_id)
        self._ask_join("AlternateCall", held, self._with_own_leg(held), request_id, go_on)
        return Result(call_linkage_data=held.call.linkage)

    def _alternated(self, held: Connection, active: Connection, request_id: str) -> None:
        if held.state is ConnectionState.HOLD and active.state is ConnectionState.CONNECTED:
            self.engine.model.hold(active, Cause.ALTERNATE, request_id)
            self.engine.model.retrieve(held, Cause.ALTERNATE, request_id)

    def _reconnect(self, request: asked.ReconnectCall, request_id: str) -> Result:
        held, active = self.pair(request.held_call, request.active_call, "ReconnectCall")
        for other in [*active.call.others(active), *active.call.coming.values()]:
            if other.leg is not None:
                self.engine.parties.release(other.leg)
        self.engine.model.clear(active, Cause.NORMAL_CLEARING, request_id)
        self.engine.parties.settle(active.call)
        self._take_back("ReconnectCall", held, request_id)
        return Result(call_linkage_data=held.call.linkage)

    def _consult(self, request: asked.ConsultationCall, request_id: str) -> CallResult:
        engine = self.engine
        connection = self.connection(request.existing_call, "ConsultationCall")
        first, leg = connection.call, leg_of(connection)
        if self.second_steps.consults(leg.leg_id):
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.CONNECTED_CALL_EXISTS,
                f"{connection.device_id} begins a consultation already",
                current=Current(local_connection_info=connection.state.value),
            )
        call = engine.model.begin(
            "internal",
            Party(device_identifier=connection.device_id),
            self.called(request.consulted_device),
            of=first,
            request_id=request_id,
        )
        if request.correlator_data is not None:
            call.correlator_data = mapping_of(request.correlator_data)
        go_on = partial(self._call_consulted, call, leg, request_id)
        step = SecondStep("ConsultationCall", connection, request_id, go_on, consultation=call)
        self._ask_hold(step, Cause.CONSULTATION)
        return CallResult(
            initiated_call=ConnectionId(call.call_id, connection.device_id),
            call_linkage_data=call.linkage,
        )

    def _call_consulted(self, call: Call, leg: Leg, request_id: str) -> None:
        engine = self.engine
        own = engine.model.attach(call, call.calling.device_identifier or "", leg)
        engine.model.initiate(own, Cause.CONSULTATION, request_id)
        engine.model.originate(own, Cause.CONSULTATION, request_id)
        target = call.called.device_identifier or ""
        engine.leading.lead_call(call, target, Cause.CONSULTATION, request_id)

    def _transfer(self, request: asked.TransferCall, request_id: str) -> CallResult:
        held, active = self.pair(request.held_call, request.active_call, "TransferCall")
        self.check_is_nowhere_waiting(held, active)
        primary = held.call
        self.transfer(held, active, request_id)
        return CallResult(
            transferred_call=ConnectionId(primary.call_id, held.device_id),
            call_linkage_data=primary.linkage,
        )

    def transfer(
        self,
        held: Connection,
        active: Connection,
        request_id: str | None,
        on_failure: Callable[[], None] | None = None,
    ) -> None:
        """Join the far ends of a device's two calls, and let go of the device."""
        own = tuple(dict.fromkeys((leg_of(held), leg_of(active))))
        go_on = partial(self._transferred, held, active, own, request_id)
        far = self._far(active)
        if far:
            legs = [*self._far(held), *far]
            self._ask_join("TransferCall", held, legs, request_id, go_on, on_failure)
        else:
            # Whom it goes to has not answered yet: the parties are joined when that happens.
            go_on()

    def _transferred(
        self, held: Connection, active: Connection, own: tuple[Leg, ...], request_id: str | None
    ) -> None:
        if ConnectionState.NULL in (held.state, active.state):
            return
        engine, primary = self.engine, held.call
        transfer(engine.model, held, active, request_id)
        engine.parties.on_left(active.call)
        for leg in own:
            engine.parties.release(leg)
        engine.parties.settle(primary)

    def _conference(self, request: asked.ConferenceCall, request_id: str) -> CallResult:
        held, active = self.pair(request.held_call, request.active_call, "ConferenceCall")
        self.check_is_nowhere_waiting(held, active)
        go_on = partial(self._conferenced, held, active, request_id)
        legs = [*self._with_own_leg(held), *self._far(active)]
        self._ask_join("ConferenceCall", held, legs, request_id, go_on)
        return CallResult(conference_call=held.key, call_linkage_data=held.call.linkage)

    def _conferenced(self, held: Connection, active: Connection, request_id: str) -> None:
        if ConnectionState.NULL not in (held.state, active.state):
            conference(self.engine.model, held, active, request_id)
            self.engine.parties.on_left(active.call)

    def _far(self, active: Connection) -> list[LegId]:
        own = leg_of(active).leg_id
        return [leg_id for leg_id in self.engine.parties.speaking(active.call) if leg_id != own]

    def _single_step_transfer(
        self, request: asked.SingleStepTransferCall, request_id: str
    ) -> CallResult:
        active = self.connection(request.active_call, "SingleStepTransferCall")
        self.check_is_nowhere_waiting(active)
        call = active.call
        target = self.engine.numbering.device(request.transferred_to)
        if request.correlator_data is not None:
            call.correlator_data = mapping_of(request.correlator_data)
        self.send_on(active, target, request_id)
        return CallResult(
            transferred_call=ConnectionId(call.call_id, target), call_linkage_data=call.linkage
        )

    def send_on(self, active: Connection, target: DeviceId, request_id: str | None) -> None:
        """Let a device leave its call, which goes on to `target`."""
        call, leg = active.call, leg_of(active)
        single_step_transfer(self.engine.model, active, target, request_id)
        self.engine.parties.release(leg)
        self.engine.leading.lead_call(call, target, Cause.SINGLE_STEP_TRANSFER, request_id)

    def _deflect(self, request: asked.DeflectCall, request_id: str) -> Result:
        engine = self.engine
        connection = self.connection(request.call_to_be_diverted, "DeflectCall")
        call = connection.call
        target = engine.numbering.device(request.new_destination)
        contact = engine.contacts.get(call.call_id)
        if connection.leg is not None:
            if engine.queueing.is_offer(connection.leg):
                engine.queueing.offer_leg_gone(connection.leg, Cause.BLOCKED)
                return Result(call_linkage_data=call.linkage)
            leg = connection.leg
            engine.model.divert(connection, Cause.REDIRECTED, target, request_id)
            engine.parties.release(leg)
        elif contact is not None:
            engine.queueing.leave(contact)
            engine.model.divert(connection, Cause.REDIRECTED, target, request_id)
            contact.waiting_at = None
        engine.leading.lead_call(call, target, Cause.NEW_CALL, request_id)
        return Result(call_linkage_data=call.linkage)


def _nothing_more() -> None:
    """End a service whose second step is only that the switch confirms it."""


def _direction(called: Party) -> str:
    outside = category_of(called.device_identifier or "") == "number"
    return "outbound" if outside else "internal"
