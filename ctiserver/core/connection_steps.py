"""Steps of connections: each makes its CSTA event, checks the table, keeps `connections[]`.

Every change of a connection's state goes through `_step`, every event through `_emit`.
"""

from __future__ import annotations

from typing import Any

from csta.call_events import (
    CallCleared,
    CallEvent,
    CallOutcome,
    ConnectionCleared,
    ConnectionInfo,
    Delivered,
    Diverted,
    Durations,
    Established,
    Failed,
    Held,
    NetworkReached,
    Offered,
    Originated,
    Party,
    Queued,
    Retrieved,
    ServiceInitiated,
)
from csta.causes import Cause
from csta.ids import CallId, DeviceId
from csta.instants import Milliseconds
from csta.states import CONNECTION_STEPS, ConnectionState
from ctiserver.core import permitted
from ctiserver.core.calls import Call, Clocked, Connection, Role
from ctiserver.core.outbox import Outbox
from ctiserver.core.switch_link import LegGone

_OUTCOME_OF_FAILURE: dict[Cause | None, CallOutcome] = {
    Cause.BUSY: CallOutcome.BUSY,
    Cause.ACD_BUSY: CallOutcome.BUSY,
    Cause.CALL_NOT_ANSWERED: CallOutcome.NO_ANSWER,
    Cause.BLOCKED: CallOutcome.REJECTED,
    Cause.DO_NOT_DISTURB: CallOutcome.REJECTED,
}

_IN_TALK = (ConnectionState.CONNECTED, ConnectionState.HOLD)


class ConnectionSteps:
    """Changes connections and tells of it; knows nothing of how a switch reports."""

    def __init__(self, out: Outbox, link_id: str) -> None:
        """Start without calls."""
        self.out = out
        self.link_id = link_id
        self.calls: dict[CallId, Call] = {}
        self.touched: dict[DeviceId, None] = {}
        """Devices whose connections have changed in this step, in order."""
        self.changed: dict[CallId, None] = {}
        """Calls whose connections have changed in this step, in order."""
        self.at_device: dict[DeviceId, list[Connection]] = {}
        """The connections of each device that has legs."""
        self.ended: list[Call] = []
        """Calls that have ended in this step, in order."""

    def offer(self, connection: Connection) -> None:
        """The call is at a flow or a queue that decides what becomes of it."""
        self._step(connection, ConnectionState.ALERTING)
        self._emit(Offered, connection, Cause.NEW_CALL, offered_device=connection.device_id)

    def answer_by_caller(self, connection: Connection) -> None:
        """Connect the calling side of a call that comes in; no event of its own tells it."""
        self._step(connection, ConnectionState.CONNECTED)

    def deliver(self, connection: Connection, cause: Cause, request_id: str | None = None) -> None:
        """The call alerts at the device."""
        self._step(connection, ConnectionState.ALERTING)
        if connection.category == "number":
            self._emit(
                NetworkReached,
                connection,
                Cause.NEW_CALL,
                request_id,
                network_interface_used=connection.leg.device_id if connection.leg else "",
            )
        self._emit(Delivered, connection, cause, request_id, alerting_device=connection.device_id)

    def queue(
        self,
        connection: Connection,
        cause: Cause,
        number: int,
        in_front: int,
        estimated_wait_ms: Milliseconds | None = None,
    ) -> None:
        """The call waits at the queue."""
        self._step(connection, ConnectionState.QUEUED)
        self._emit(
            Queued,
            connection,
            cause,
            queue=connection.device_id,
            number_queued=number,
            calls_in_front=in_front,
            estimated_wait_ms=estimated_wait_ms,
        )

    def divert(
        self,
        connection: Connection,
        cause: Cause,
        new_destination: DeviceId | None,
        request_id: str | None = None,
    ) -> None:
        """The call leaves the device for another one."""
        diverting = connection.device_id
        self._step(connection, ConnectionState.NULL)
        connection.call.last_redirection = Party(device_identifier=diverting)
        self._emit(
            Diverted,
            connection,
            cause,
            request_id,
            diverting_device=diverting,
            new_destination=new_destination,
        )

    def establish(
        self,
        connection: Connection,
        cause: Cause,
        answering: DeviceId,
        request_id: str | None = None,
    ) -> None:
        """The device has answered."""
        self._step(connection, ConnectionState.CONNECTED)
        call = connection.call
        if connection.leg is not None and call.outcome is not CallOutcome.ANSWERED:
            call.outcome = CallOutcome.ANSWERED
            # Who has called is dialling no more.
            self.touched.update((party.device_id, None) for party in call.others(connection))
        self._emit(Established, connection, cause, request_id, answering_device=answering)
        connection.call.request_id = None

    def originate(self, connection: Connection, cause: Cause, request_id: str | None) -> None:
        """The calling side is through."""
        self._step(connection, ConnectionState.CONNECTED)
        self._emit(
            Originated, connection, cause, request_id, originating_device=connection.device_id
        )

    def hold(self, connection: Connection, cause: Cause, request_id: str | None = None) -> None:
        """The device has put the call on hold."""
        self._step(connection, ConnectionState.HOLD)
        self._emit(Held, connection, cause, request_id, holding_device=connection.device_id)

    def retrieve(self, connection: Connection, cause: Cause, request_id: str | None = None) -> None:
        """The device has taken the call back."""
        self._step(connection, ConnectionState.CONNECTED)
        if connection.leg is not None:
            connection.leg.active = connection
        self._emit(Retrieved, connection, cause, request_id, retrieving_device=connection.device_id)

    def clear(self, connection: Connection, cause: Cause, request_id: str | None = None) -> None:
        """The device has left the call."""
        if connection.state is ConnectionState.NULL:
            self.forget(connection)
            return
        call = connection.call
        if cause is Cause.CALL_CANCELLED:
            call.abandoned = True
        if call.outcome is None and call.failure is None:
            self._note_abandonment(connection)
        call.last_cause = cause
        self._step(connection, ConnectionState.NULL)
        self._emit(
            ConnectionCleared,
            connection,
            cause,
            request_id,
            releasing_device=connection.device_id,
        )

    def end(self, call: Call, cause: Cause, request_id: str | None = None) -> None:
        """The call is over; what is left of it is cleared first."""
        for connection in list(call.connections.values()):
            if connection.state is ConnectionState.FAIL:
                self.drop(connection)
            else:
                self.clear(connection, cause)
        call.cleared = True
        del self.calls[call.call_id]
        self.ended.append(call)
        self.emit_for(
            call,
            CallCleared,
            None,
            call.last_cause or cause,
            request_id,
            outcome=call.outcome or self._failure_of(call),
            exit_reason=call.exit_reason,
            durations=Durations(
                ring_ms=call.total_ms(Clocked.RING),
                queue_ms=call.total_ms(Clocked.QUEUE),
                talk_ms=call.total_ms(Clocked.TALK),
                hold_ms=call.total_ms(Clocked.HOLD),
            ),
        )

    def rejoin(self, connection: Connection) -> None:
        """Take a held connection back without an event of its own: Conferenced tells of it."""
        self._step(connection, ConnectionState.CONNECTED)
        if connection.leg is not None:
            connection.leg.active = connection

    def drop(self, connection: Connection) -> None:
        """Take a connection out of its call without an event: another event tells of it."""
        if connection.state is not ConnectionState.NULL:
            self._step(connection, ConnectionState.NULL)

    def initiate(self, connection: Connection, cause: Cause, request_id: str | None) -> None:
        """The device has begun a call."""
        self._step(connection, ConnectionState.INITIATED)
        self._emit(
            ServiceInitiated,
            connection,
            cause,
            request_id,
            initiating_device=connection.device_id,
        )

    def fail(self, connection: Connection, event: LegGone) -> None:
        """The call could not reach the device."""
        self._step(connection, ConnectionState.FAIL)
        connection.call.failure = event.cause
        self._emit(
            Failed,
            connection,
            event.cause,
            connection.leg.request_id if connection.leg else None,
            failing_device=connection.device_id,
            q850=event.q850,
            sip_status=event.sip_status,
        )

    @staticmethod
    def _note_abandonment(connection: Connection) -> None:
        """Note where an unanswered call stood when it was given up."""
        call = connection.call
        places = {
            (link.category, link.state)
            for link in call.connections.values()
            if link.leg is None or link.leg.role is Role.PARTY
        }
        if ("acd", ConnectionState.QUEUED) in places:
            call.outcome = CallOutcome.ABANDONED_IN_QUEUE
        elif (
            any(state is ConnectionState.ALERTING for place, state in places if place != "routeing")
            or call.acd is not None
        ):
            call.outcome = CallOutcome.ABANDONED_RINGING
        elif any(place == "routeing" for place, _ in places):
            call.outcome = (
                CallOutcome.ABANDONED_IN_IVR if call.abandoned else CallOutcome.COMPLETED_IN_IVR
            )

    @staticmethod
    def _failure_of(call: Call) -> CallOutcome:
        return _OUTCOME_OF_FAILURE.get(call.failure, CallOutcome.FAILED)

    # The one way to change a state, and the one way to tell of it.

    def _step(self, connection: Connection, state: ConnectionState) -> None:
        before = connection.state
        assert state in CONNECTION_STEPS[before], (
            f"{connection.key} may not go from {before.value} to {state.value}"
        )
        call, now = connection.call, self.out.now
        self.changed[call.call_id] = None
        if before is ConnectionState.NULL:
            call.coming.pop(connection.device_id, None)
        self.tally(connection, before, -1)
        connection.state = state
        connection.since = now
        self.tally(connection, state, 1)
        if state is ConnectionState.NULL:
            call.connections.pop(connection.device_id, None)
            self.forget(connection)
        else:
            call.connections[connection.device_id] = connection
            connection.info = ConnectionInfo(
                connection.device_id, state, now, connection.agent_id, connection.instance
            )
        self.list_again(call)
        if connection.leg is not None:
            self.touched[connection.device_id] = None

    @staticmethod
    def list_again(call: Call) -> None:
        """Write `connections[]` anew."""
        call.listing = tuple([at.info for at in call.connections.values() if at.info is not None])

    def tally(self, connection: Connection, state: ConnectionState, step: int) -> None:
        """Count the time that the connection gives to its call."""
        leg, call, now = connection.leg, connection.call, self.out.now
        if leg is None:
            if connection.category == "acd" and state.name in ("ALERTING", "QUEUED"):
                call.tally(Clocked.QUEUE, step, now)
        elif state is ConnectionState.HOLD:
            call.tally(Clocked.HOLD, step, now)
        elif leg.role is Role.PARTY:
            if state is ConnectionState.ALERTING:
                call.tally(Clocked.RING, step, now)
            elif state is ConnectionState.CONNECTED:
                call.tally(Clocked.TALK, step, now)

    def forget(self, connection: Connection) -> None:
        """Take the connection from its leg, which goes on with another one if there is one."""
        leg = connection.leg
        connection.call.coming.pop(connection.device_id, None)
        if leg is None or connection not in leg.connections:
            return
        leg.connections.remove(connection)
        self.leave_device(connection)
        if leg.active is connection:
            leg.active = leg.connections[-1] if leg.connections else None
        self.touched[connection.device_id] = None

    def leave_device(self, connection: Connection) -> None:
        """Strike the connection from the list of its device."""
        here = self.at_device[connection.device_id]
        here.remove(connection)
        if not here:
            del self.at_device[connection.device_id]

    def permitted(self, connection: Connection) -> tuple[str, ...]:
        """Name the services that may be asked for on a connection now."""
        leg, state = connection.leg, connection.state
        if leg is None:
            return permitted.of_place(connection.category, state)
        if leg.role is Role.LISTENER:
            return permitted.LISTENING
        if connection.device_id.startswith("number:"):
            return permitted.OUTSIDE[state]
        led, with_somebody = False, False
        for other in connection.call.connections.values():
            if other.leg is None:
                led = True
            elif other is not connection and other.state in _IN_TALK:
                with_somebody = True
        if len(leg.connections) > 1:
            return (permitted.WHILE_LED_BESIDE_ANOTHER if led else permitted.BESIDE_ANOTHER)[state]
        return (permitted.ALONE if with_somebody and not led else permitted.WHILE_LED)[state]

    def _emit(
        self,
        event: type[CallEvent],
        connection: Connection,
        cause: Cause,
        request_id: str | None = None,
        **extra: Any,
    ) -> None:
        self.emit_for(connection.call, event, connection, cause, request_id, **extra)

    def emit_for(
        self,
        call: Call,
        event: type[CallEvent],
        connection: Connection | None,
        cause: Cause,
        request_id: str | None = None,
        subject: str | None = None,
        **extra: Any,
    ) -> None:
        """Publish an event of a call with all that every such event says."""
        self.out.publish(
            subject or f"call/{call.call_id}",
            call.linkage.thread_linkage_id,
            event(
                link_id=self.link_id,
                cause=cause,
                call_id=call.call_id,
                connection=connection.key if connection else None,
                local_connection_info=connection.state if connection else None,
                calling_device=call.calling,
                called_device=call.called,
                last_redirection_device=call.last_redirection,
                associated_calling_device=call.associated_calling,
                call_linkage_data=call.linkage,
                correlator_data=call.correlator_data,
                services_permitted=self.permitted(connection) if connection else (),
                direction=call.direction,
                connections=call.listing,
                acd=call.acd,
                **extra,
            ),
            request_id or call.request_id,
        )
