"""The call model: makes CSTA events of what happens to legs, and keeps the one truth of calls.

What a switch says of legs comes in by `leg_seen` to `leg_gone`. They answer with the leg if it was
news, and with None if it was late or came twice: a leg goes from seen to ringing to up to gone and
never back, so duplicates and inversions are harmless.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from csta.call_events import CallLinkageData, Party
from csta.causes import Cause
from csta.ids import AgentId, ConnectionId, DeviceId, LegId, Mint
from csta.states import ConnectionState
from ctiserver.core.calls import Call, Connection, Leg, LegState, Role
from ctiserver.core.connection_steps import ConnectionSteps
from ctiserver.core.outbox import Outbox
from ctiserver.core.switch_link import LegGone, LegSeen

_REMEMBERED_GONE = 4_096


def _nothing_belongs(_call: Call) -> None:
    """Do nothing for a call that ends: nothing belongs to it."""


class CallModel(ConnectionSteps):
    """All calls of one link."""

    def __init__(
        self, out: Outbox, link_id: str, agent_at: Callable[[DeviceId], AgentId | None]
    ) -> None:
        """Start without calls; `agent_at` tells who is logged on at a device."""
        super().__init__(out, link_id)
        self.legs: dict[LegId, Leg] = {}
        self._agent_at = agent_at
        self.before_end: Callable[[Call], object] = _nothing_belongs
        """Told of a call that is over before its last event is."""
        self._mint = Mint()
        self._gone: dict[LegId, None] = {}

    # Calls and legs come to be.

    def begin(
        self,
        direction: str,
        calling: Party,
        called: Party,
        *,
        of: Call | None = None,
        request_id: str | None = None,
    ) -> Call:
        """Begin a call; one that grows out of another shares its thread."""
        call_id = self._mint.next("c", self.out.now)
        linkage = (
            of.linkage
            if of is not None
            else CallLinkageData(call_id, self._mint.next("t", self.out.now))
        )
        call = Call(call_id, linkage, direction, calling, called)
        call.request_id = request_id
        if of is not None:
            call.correlator_data = of.correlator_data
        self.calls[call_id] = call
        return call

    def end(self, call: Call, cause: Cause, request_id: str | None = None) -> None:
        """The call is over; what belongs to it ends before its last event."""
        self.before_end(call)
        super().end(call, cause, request_id)

    def forget_call(self, call: Call) -> None:
        """Take back a call that has come to nothing before anything was told of it."""
        assert not call.instances, f"call {call.call_id} has been told of"
        call.cleared = True
        del self.calls[call.call_id]

    def mint_leg(self) -> LegId:
        """Choose the id of a leg that the engine will ask for."""
        return self._mint.next("l", self.out.now)

    def expect(self, leg_id: LegId, device_id: DeviceId, role: Role, cause: Cause) -> Leg:
        """Know a leg that the switch has been, or is about to be, asked for."""
        leg = self.legs[leg_id] = Leg(leg_id, device_id, role, cause)
        return leg

    def attach(self, call: Call, device_id: DeviceId, leg: Leg | None) -> Connection:
        """Give a device its part in a call; the first step is still to come."""
        instance = call.instances[device_id] = call.instances.get(device_id, 0) + 1
        connection = Connection(call, device_id, leg, instance)
        connection.agent_id = self._agent_at(device_id)
        if leg is not None:
            call.coming[device_id] = connection
            leg.connections.append(connection)
            leg.active = connection
            self.at_device.setdefault(device_id, []).append(connection)
        return connection

    def take_over(self, connection: Connection, call: Call) -> ConnectionId:
        """Give a connection to another call, and tell what it was called before.

        A device that is in that call already appears in it once more: `number:+4930…;2`.
        """
        old, device_id = connection.key, connection.device_id
        count = 1
        while device_id in call.connections or device_id in call.coming:
            count += 1
            device_id = f"{old.device_id};{count}"
        connection.call = call
        connection.key = ConnectionId(call.call_id, device_id)
        call.instances.setdefault(device_id, 1)
        if device_id != old.device_id:
            self.leave_device(connection)
            connection.device_id = device_id
            self.at_device.setdefault(device_id, []).append(connection)
            if connection.info is not None:
                connection.info = msgspec.structs.replace(connection.info, device_id=device_id)
        self.touched[device_id] = None
        return old

    # What the switch says of legs. News come back as the leg, everything else as None.

    def is_gone(self, leg_id: LegId) -> bool:
        """Tell whether the leg has been here, and ended."""
        return leg_id in self._gone

    def forget_gone(self) -> None:
        """The switch begins anew, and may use the ids of legs again that have ended."""
        self._gone.clear()

    def leg_seen(self, event: LegSeen) -> Leg | None:
        """A leg exists."""
        leg = self._news(event.leg, LegState.SEEN)
        if leg is not None:
            leg.device_id = event.device
            if leg.role is Role.ORIGINATOR and leg.active is not None:
                self.initiate(leg.active, leg.cause, leg.request_id)
        return leg

    def leg_ringing(self, leg_id: LegId) -> Leg | None:
        """A leg's device alerts."""
        leg = self._news(leg_id, LegState.RINGING)
        rings = leg is not None and leg.role in (Role.PARTY, Role.CUSTOMER)
        if leg is not None and rings and leg.active is not None:
            self.deliver(leg.active, leg.cause, leg.request_id)
        return leg

    def leg_answers(self, leg_id: LegId) -> Leg | None:
        """A leg's device has answered, and is not to be in its call yet."""
        leg = self._news(leg_id, LegState.UP)
        if leg is not None and leg.active and leg.active.state is ConnectionState.NULL:
            self.deliver(leg.active, leg.cause, leg.request_id)
        return leg

    def leg_up(self, leg_id: LegId) -> Leg | None:
        """A leg's device has answered. Steps that were not told are made up for."""
        leg = self._news(leg_id, LegState.UP)
        if leg is None or leg.active is None:
            return leg
        connection = leg.active
        if leg.role is Role.ORIGINATOR:
            if connection.state is ConnectionState.NULL:
                self.initiate(connection, leg.cause, leg.request_id)
            self.originate(connection, Cause.NEW_CALL, leg.request_id)
        elif leg.role is Role.PARTY:
            if connection.state is ConnectionState.NULL and leg.cause is not Cause.CALL_PICKUP:
                self.deliver(connection, leg.cause, leg.request_id)
            cause = Cause.NEW_CALL if leg.cause is Cause.CONSULTATION else leg.cause
            self.establish(connection, cause, leg.device_id, leg.request_id)
            leg.request_id = None
        return leg

    def leg_held(self, leg_id: LegId) -> Leg | None:
        """A leg is on hold: because its phone did so, or because the engine asked for it."""
        leg = self.legs.get(leg_id)
        connection = leg.active if leg else None
        if leg is None or connection is None or connection.state is not ConnectionState.CONNECTED:
            return None
        if _is_held_for(leg, connection):
            return None
        cause, leg.held_cause = leg.held_cause, Cause.NORMAL
        self.hold(connection, cause, leg.request_id)
        leg.request_id = None
        return leg

    def leg_gone(self, event: LegGone) -> Leg | None:
        """A leg is no more: its connections are cleared, or have failed if never answered."""
        leg = self._news(event.leg, LegState.GONE)
        if leg is None:
            return None
        self._bury(leg)
        for connection in list(leg.connections):
            if connection.state is ConnectionState.NULL and leg.role is Role.VOICE_UNIT:
                continue
            unanswered = connection.state in (ConnectionState.NULL, ConnectionState.ALERTING)
            if unanswered and event.far_end and event.cause is not Cause.NORMAL_CLEARING:
                self.fail(connection, event)
            elif connection.state is ConnectionState.NULL:
                self.forget(connection)
            else:
                asked_by = leg.request_id if leg.clearing else None
                self.clear(connection, self._clearing_cause(connection, event), asked_by)
        return leg

    def _news(self, leg_id: LegId, state: LegState) -> Leg | None:
        leg = self.legs.get(leg_id)
        if leg is None or leg.state >= state:
            return None
        leg.state = state
        return leg

    def _bury(self, leg: Leg) -> None:
        del self.legs[leg.leg_id]
        self._gone[leg.leg_id] = None
        if len(self._gone) > _REMEMBERED_GONE:
            del self._gone[next(iter(self._gone))]

    @staticmethod
    def _clearing_cause(connection: Connection, event: LegGone) -> Cause:
        """A caller who leaves before anybody answered has cancelled the call."""
        leg = connection.leg
        calls = leg is not None and leg.role is not Role.PARTY
        if calls and event.far_end and connection.call.outcome is None:
            return Cause.CALL_CANCELLED
        return event.cause


def _is_held_for(leg: Leg, active: Connection) -> bool:
    """Tell whether a leg is on hold in another call, and nobody has answered in this one.

    Until somebody does, the switch has nothing else to hold it from: that it is held is no news.
    """
    holds = any(each.state is ConnectionState.HOLD for each in leg.connections)
    answered = (ConnectionState.CONNECTED, ConnectionState.HOLD)
    return holds and not any(other.state in answered for other in active.call.others(active))
