"""Two calls become one: ids of the surviving parties (T1), and a device that is in both."""

from __future__ import annotations

from csta.call_events import Conferenced, Party, Transferred
from csta.causes import Cause
from csta.ids import ConnectionId, DeviceId
from csta.states import ConnectionState
from ctiserver.core.call_model import CallModel
from ctiserver.core.calls import Call, Connection, Role
from ctiserver.core.merging import conference, transfer
from ctiserver.core.outbox import Outbox
from ctiserver.core.wire import Published

A, FAR = "station:1001", "number:+4930123"


class Desk:
    """Station A holds one call and is active in another; whom they are with, the test says."""

    def __init__(self, held_with: DeviceId, active_with: DeviceId) -> None:
        """Build the two calls."""
        self.out = Outbox()
        self.model = CallModel(self.out, "sim1", lambda _device: None)
        leg = self.model.expect("leg-a", A, Role.ORIGINATOR, Cause.MAKE_CALL)
        self.first = self._begin(held_with)
        self.held = self._own(self.first, leg_of=leg.leg_id)
        self._far(self.first, held_with, "leg-1")
        self.model.hold(self.held, Cause.CONSULTATION)
        self.second = self._begin(active_with, of=self.first)
        self.active = self._own(self.second, leg_of=leg.leg_id)
        self._far(self.second, active_with, "leg-2")
        self.out.take()

    def _begin(self, called: DeviceId, of: Call | None = None) -> Call:
        return self.model.begin(
            "outbound", Party(device_identifier=A), Party(device_identifier=called), of=of
        )

    def _own(self, call: Call, leg_of: str) -> Connection:
        own = self.model.attach(call, A, self.model.legs[leg_of])
        self.model.initiate(own, Cause.MAKE_CALL, None)
        self.model.originate(own, Cause.NEW_CALL, None)
        return own

    def _far(self, call: Call, device_id: DeviceId, leg_id: str) -> None:
        leg = self.model.expect(leg_id, device_id, Role.PARTY, Cause.NEW_CALL)
        far = self.model.attach(call, device_id, leg)
        self.model.deliver(far, Cause.NEW_CALL)
        self.model.establish(far, Cause.NEW_CALL, device_id)

    def events(self) -> list[Published]:
        return [decision for decision in self.out.take() if isinstance(decision, Published)]


def test_a_transfer_keeps_the_call_that_was_held_and_names_each_party_old_and_new() -> None:
    desk = Desk("number:+49301", "number:+49302")
    transfer(desk.model, desk.held, desk.active, "req-1")

    event = desk.events()[0].data
    assert isinstance(event, Transferred)
    first, second = desk.first.call_id, desk.second.call_id
    assert [
        (each.new_connection, each.old_connection) for each in event.transferred_connections
    ] == [
        (ConnectionId(first, "number:+49301"), ConnectionId(first, "number:+49301")),
        (ConnectionId(first, "number:+49302"), ConnectionId(second, "number:+49302")),
    ]
    assert list(desk.model.calls) == [first]


def test_a_number_that_is_in_both_calls_appears_twice_in_the_one_that_stays() -> None:
    desk = Desk(FAR, FAR)
    transfer(desk.model, desk.held, desk.active, "req-1")

    event = desk.events()[0].data
    assert [part.device_id for part in event.connections] == [FAR, f"{FAR};2"]
    assert event.transferred_connections[1].old_connection == ConnectionId(desk.second.call_id, FAR)
    assert event.transferred_to_device == f"{FAR};2"
    assert [len(desk.model.at_device[device]) for device in (FAR, f"{FAR};2")] == [1, 1]


def test_the_second_appearance_leaves_by_its_own_name() -> None:
    desk = Desk(FAR, FAR)
    transfer(desk.model, desk.held, desk.active, "req-1")
    twin = desk.first.connections[f"{FAR};2"]
    desk.model.clear(twin, Cause.NORMAL_CLEARING)

    assert list(desk.first.connections) == [FAR]
    assert f"{FAR};2" not in desk.model.at_device


def test_a_conference_takes_the_holding_device_back_into_the_talk() -> None:
    desk = Desk("number:+49301", "number:+49302")
    conference(desk.model, desk.held, desk.active, "req-1")

    event = desk.events()[0].data
    assert isinstance(event, Conferenced)
    assert event.added_party == "number:+49302"
    assert {part.local_connection_info for part in event.connections} == {ConnectionState.CONNECTED}
    assert len(event.connections) == 3
