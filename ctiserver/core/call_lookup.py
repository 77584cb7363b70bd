"""Finding the calls and connections that requests name, and refusing what their state forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import CallId, ConnectionId, DeviceId
from csta.states import ConnectionState
from ctiserver.core.calls import Call, Connection, Leg, LegState

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


_NOT_WHILE_LED = (
    "ConferenceCall",
    "IntrudeCall",
    "JoinCall",
    "ParkCall",
    "PlayMessage",
    "SingleStepConferenceCall",
    "SingleStepTransferCall",
    "StartDataCollection",
    "TransferCall",
)
"""Services on a call that no queue or flow has."""


class CallLookup:
    """Finds what a request names in one engine."""

    def __init__(self, engine: Engine) -> None:
        """Look into one engine."""
        self.engine = engine

    def call(self, call_id: CallId) -> Call:
        """Find a call.

        Raises:
            CtiError: `invalidCallID`.
        """
        call = self.engine.model.calls.get(call_id)
        if call is None:
            raise CtiError(
                ErrorCategory.OPERATION, ErrorValue.INVALID_CALL_ID, f"there is no call {call_id}"
            )
        return call

    def connection(self, key: ConnectionId, service: str) -> Connection:
        """Find a connection on which the service is permitted now.

        Raises:
            CtiError: it is not there, or its state forbids the service.
        """
        connection = self.call(key.call_id).connections.get(key.device_id)
        if connection is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_CONNECTION_ID,
                f"{key.device_id} has no part in call {key.call_id}",
            )
        permitted = self.engine.model.permitted(connection)
        if service not in permitted:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.INVALID_CONNECTION_STATE,
                f"{key.device_id} is {connection.state.value} in call {key.call_id}",
                current=Current(
                    local_connection_info=connection.state.value, services_permitted=permitted
                ),
            )
        return connection

    def pair(
        self, held: ConnectionId, active: ConnectionId, service: str
    ) -> tuple[Connection, Connection]:
        """Find the held and the active connection of one device.

        Raises:
            CtiError: one is not there, or they are not that pair.
        """
        first, second = self.connection(held, service), self.connection(active, service)
        on_hold = first.state is ConnectionState.HOLD and second.state is not ConnectionState.HOLD
        if not on_hold or held.device_id != active.device_id:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.NO_HELD_CALL,
                f"{held.device_id} does not hold call {held.call_id}",
                current=Current(local_connection_info=first.state.value),
            )
        return first, second

    def check_is_nowhere_waiting(self, *connections: Connection) -> None:
        """Refuse to merge, to move or to talk into a call that a queue or a flow still has.

        Raises:
            CtiError: a call has its place there, or rings at an agent for it.
        """
        for connection in connections:
            call = connection.call
            place = self.place_of(call)
            if place is not None:
                permitted = self.engine.model.permitted(connection)
                raise CtiError(
                    ErrorCategory.STATE_INCOMPATIBILITY,
                    ErrorValue.INVALID_CONNECTION_STATE,
                    f"call {call.call_id} is still at {place}: nobody has answered",
                    current=Current(
                        local_connection_info=connection.state.value,
                        services_permitted=tuple(
                            name for name in permitted if name not in _NOT_WHILE_LED
                        ),
                    ),
                )

    def place_of(self, call: Call) -> DeviceId | None:
        """Tell where a call waits, or rings for a queue; None: nowhere."""
        for link in (*call.connections.values(), *call.coming.values()):
            if link.leg is None or self.engine.queueing.is_offer(link.leg):
                return link.device_id
        return None


def leg_of(connection: Connection) -> Leg:
    """Give the leg behind a connection that has one."""
    leg = connection.leg
    assert leg is not None, f"{connection.key} has no leg"
    assert leg.state is not LegState.GONE, f"leg {leg.leg_id} is gone"
    return leg


def mapping_of(data: object) -> dict[str, Any] | None:
    """Take correlator data as the mapping that travels; a bare value goes under `value`."""
    if data is None or isinstance(data, dict):
        return data
    return {"value": data}
