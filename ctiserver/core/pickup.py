"""Taking a call that rings at another phone, or stands parked (ECMA-269 §17.1, Pickup Call)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from csta.call_services import DirectedPickupCall, GroupPickupCall
from csta.causes import Cause
from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import ConnectionId, DeviceId, category_of
from csta.replies import CallResult
from csta.states import ConnectionState
from ctiserver.core.call_lookup import CallLookup, leg_of
from ctiserver.core.calls import Connection, Role
from ctiserver.core.reach import Reach

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class PickupRequests(CallLookup):
    """Picks up calls, those that the ACD has offered to an agent too.

    Nobody is a loser by it: the agent's offer is withdrawn, it is not refused. Should the phone
    that picks up not answer, a caller of a queue goes back to his place. A pick-up group is a
    queue: the phones of the agents who serve it.
    """

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        super().__init__(engine)

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {DirectedPickupCall: self._pick_up, GroupPickupCall: self._pick_up_in_group}

    def _pick_up(self, request: DirectedPickupCall, request_id: str) -> CallResult:
        rings = self.connection(request.call_to_be_picked_up, "DirectedPickupCall")
        self._check_phone(request.requesting_device)
        parked = self.engine.parking.by_call.get(rings.call.call_id)
        if parked is not None and parked.seat is rings:
            self.engine.parking.pick_up(parked, request.requesting_device, request_id)
            return _picked(rings, request.requesting_device)
        if not _may_be_taken(rings):
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT,
                f"call {rings.call.call_id} rings at {rings.device_id} to be made, not to be taken",
            )
        return self._take(rings, request.requesting_device, request_id)

    def _pick_up_in_group(self, request: GroupPickupCall, request_id: str) -> CallResult:
        to = request.new_destination
        self._check_phone(to)
        groups = self._groups(to) if request.pick_group is None else (request.pick_group,)
        ringing = [link for link in self._ringing(groups) if _may_be_taken(link)]
        if not ringing:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.NO_CALL_TO_ANSWER,
                f"no call rings at a phone of {', '.join(groups)}",
            )
        longest = min(ringing, key=lambda link: (link.since, link.key))
        return self._take(longest, to, request_id)

    def _groups(self, to: DeviceId) -> tuple[DeviceId, ...]:
        """List the queues of the agent at a phone.

        Raises:
            CtiError: nobody is there, or he serves no queue.
        """
        agent = self.engine.directory.at_device(to)
        groups = Reach(self.engine).queues_of(agent) if agent is not None else ()
        if not groups:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_PARAMETER_VALUE,
                f"nobody at {to} serves a queue: name the queue as 'pickGroup'",
            )
        return groups

    def _ringing(self, groups: tuple[DeviceId, ...]) -> Iterator[Connection]:
        """List the connections that ring at phones of agents who serve one of these queues."""
        reach = Reach(self.engine)
        for device_id, here in self.engine.model.at_device.items():
            agent = self.engine.directory.at_device(device_id)
            if agent is not None and any(reach.serves(agent, group) for group in groups):
                yield from (link for link in here if link.state is ConnectionState.ALERTING)

    def _take(self, rings: Connection, to: DeviceId, request_id: str) -> CallResult:
        """Let a call that rings at one phone be answered at another."""
        engine, call, leg = self.engine, rings.call, leg_of(rings)
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
        return _picked(rings, to)

    def _check_phone(self, to: DeviceId) -> None:
        """Check that the call can be had there.

        Raises:
            CtiError: the device is no phone, or in use.
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


def _may_be_taken(rings: Connection) -> bool:
    """Tell whether a call rings to be taken: not to be made, and not for its own agent alone."""
    return not rings.call.calls_back and leg_of(rings).role is Role.PARTY


def _picked(rings: Connection, to: DeviceId) -> CallResult:
    call = rings.call
    return CallResult(picked_call=ConnectionId(call.call_id, to), call_linkage_data=call.linkage)
