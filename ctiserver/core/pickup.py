"""Taking a call that rings at another phone (ECMA-269 §17.1, Directed Pickup Call)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csta.call_services import DirectedPickupCall
from csta.causes import Cause
from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import ConnectionId, DeviceId, category_of
from csta.replies import CallResult
from ctiserver.core.call_lookup import CallLookup, leg_of
from ctiserver.core.calls import Connection, Role

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class PickupRequests(CallLookup):
    """Picks up calls, those that the ACD has offered to an agent too.

    Nobody is a loser by it: the agent's offer is withdrawn, it is not refused. Should the phone
    that picks up not answer, a caller of a queue goes back to his place.
    """

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        super().__init__(engine)

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {DirectedPickupCall: self._pick_up}

    def _pick_up(self, request: DirectedPickupCall, request_id: str) -> CallResult:
        engine, to = self.engine, request.requesting_device
        rings = self.connection(request.call_to_be_picked_up, "DirectedPickupCall")
        self._check(rings, to)
        call, leg = rings.call, leg_of(rings)
        contact = engine.contacts.get(call.call_id)
        offered = engine.queueing.is_offer(leg)
        engine.model.divert(rings, Cause.CALL_PICKUP, to, request_id)
        if offered and contact is not None:
            engine.queueing.leave(contact)
        else:
            engine.parties.release(leg, Cause.CALL_PICKUP)
        engine.parties.dial_into(
            call, to, Cause.CALL_PICKUP, request_id=request_id, auto_answer=True
        )
        return CallResult(
            picked_call=ConnectionId(call.call_id, to), call_linkage_data=call.linkage
        )

    def _check(self, rings: Connection, to: DeviceId) -> None:
        """Check that the call can be had there.

        Raises:
            CtiError: the device is no phone or in use, or the call rings for nobody but its agent.
        """
        if category_of(to) != "station":
            raise CtiError(
                ErrorCategory.OPERATION, ErrorValue.INVALID_DEVICE_ID, f"{to} is no phone"
            )
        busy = self.engine.model.at_device.get(to)
        if busy:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.CONNECTED_CALL_EXISTS,
                f"{to} is in use",
                current=Current(local_connection_info=busy[0].state.value),
            )
        role = leg_of(rings).role
        if rings.call.calls_back or role is not Role.PARTY:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT,
                f"call {rings.call.call_id} rings at {rings.device_id} to be made, not to be taken",
            )
