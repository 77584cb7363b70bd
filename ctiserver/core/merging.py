"""Two calls become one: transfer and conference (rule T1, cti-api §7.1).

The call that goes on keeps the id of the primary old call, the one that was held; the id of the
secondary old call ends.
"""

from __future__ import annotations

from csta.call_events import CallOutcome, Conferenced, Transferred, TransferredConnection
from csta.causes import Cause
from csta.ids import ConnectionId, DeviceId
from ctiserver.core.call_model import CallModel
from ctiserver.core.calls import Call, Connection


def transfer(
    model: CallModel, held: Connection, active: Connection, request_id: str | None
) -> Call:
    """Join the parties of both calls in the held one; the transferring device leaves both."""
    primary, secondary = held.call, active.call
    held_key, active_key, device_id = held.key, active.key, held.device_id
    model.drop(held)
    model.drop(active)
    moved = _move(model, secondary, primary)
    model.emit_for(
        primary,
        Transferred,
        None,
        Cause.TRANSFER,
        request_id,
        primary_old_call=held_key,
        secondary_old_call=active_key,
        transferring_device=device_id,
        transferred_to_device=_first(moved, device_id),
        transferred_connections=_survivors(primary, moved),
    )
    _end_secondary(model, secondary, Cause.TRANSFER, request_id)
    return primary


def conference(model: CallModel, held: Connection, active: Connection, request_id: str) -> Call:
    """Join the parties of both calls in the held one; the conferencing device stays in it."""
    primary, secondary = held.call, active.call
    active_key = active.key
    model.drop(active)
    moved = _move(model, secondary, primary)
    model.rejoin(held)
    model.emit_for(
        primary,
        Conferenced,
        None,
        Cause.CONFERENCE,
        request_id,
        primary_old_call=held.key,
        secondary_old_call=active_key,
        conferencing_device=held.device_id,
        added_party=_first(moved, held.device_id),
        conference_connections=_survivors(primary, moved),
    )
    _end_secondary(model, secondary, Cause.CONFERENCE, request_id)
    return primary


def single_step_transfer(
    model: CallModel, active: Connection, target: DeviceId, request_id: str | None
) -> None:
    """Let the device leave its call, which goes on to `target`."""
    call, key = active.call, active.key
    model.drop(active)
    staying = tuple(
        TransferredConnection(other.key, other.key, other.device_id) for other in call.parties()
    )
    model.emit_for(
        call,
        Transferred,
        None,
        Cause.SINGLE_STEP_TRANSFER,
        request_id,
        primary_old_call=key,
        transferring_device=active.device_id,
        transferred_to_device=target,
        transferred_connections=(
            *staying,
            TransferredConnection(ConnectionId(call.call_id, target), None, target),
        ),
    )


def _move(model: CallModel, source: Call, target: Call) -> dict[ConnectionId, ConnectionId]:
    """Give the connections of one call to another one, and tell which was which.

    States stay as they are. The table goes from the new connection to the old one, in order.
    """
    moved = {}
    for connection in list(source.connections.values()):
        model.tally(connection, connection.state, -1)
        del source.connections[connection.device_id]
        old = model.take_over(connection, target)
        target.connections[connection.device_id] = connection
        model.tally(connection, connection.state, 1)
        moved[connection.key] = old
    for connection in list(source.coming.values()):
        del source.coming[connection.device_id]
        old = model.take_over(connection, target)
        target.coming[connection.device_id] = connection
        moved[connection.key] = old
    model.list_again(source)
    model.list_again(target)
    return moved


def _first(moved: dict[ConnectionId, ConnectionId], otherwise: DeviceId) -> DeviceId:
    return next((key.device_id for key in moved), otherwise)


def _survivors(
    primary: Call, moved: dict[ConnectionId, ConnectionId]
) -> tuple[TransferredConnection, ...]:
    keys = [connection.key for connection in primary.parties()]
    return tuple(TransferredConnection(key, moved.get(key, key), key.device_id) for key in keys)


def _end_secondary(model: CallModel, call: Call, cause: Cause, request_id: str | None) -> None:
    call.outcome = CallOutcome.TRANSFERRED_OUT
    model.end(call, cause, request_id)
