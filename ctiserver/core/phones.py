"""What a phone is doing, read from its connections: so agents follow their phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.inputs import CallKind, PhoneBusy
from csta.call_events import CallOutcome
from csta.ids import CallId, DeviceId, category_of
from csta.states import AgentState, BusyPhase, ConnectionState
from ctiserver.core.calls import Call, Connection, Role

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


def follow_phones(engine: Engine) -> None:
    """Tell the ACD what each phone that was touched is doing now (features SD009)."""
    model = engine.model
    while model.touched:
        device_id = next(iter(model.touched))
        del model.touched[device_id]
        agent = engine.directory.at_device(device_id)
        if agent is None or agent.state is AgentState.NULL:
            continue
        here = model.at_device.get(device_id, [])
        phase, call_id = phase_of(here)
        if here and here[-1].leg is not None and here[-1].leg.role is Role.LISTENER:
            call_id = None  # events of the supervisor must not tell on which call he listens in
        kind = kind_of(model.calls.get(call_id or ""), device_id)
        call_id = engine.queueing.calling_back.inward(call_id)
        engine.queueing.tell(PhoneBusy(agent.agent_id, phase, call_id, kind))


def kind_of(call: Call | None, device_id: DeviceId) -> CallKind | None:
    """Tell what kind of call a phone has (A05); None for one that came in or that a queue made."""
    if call is None or call.direction == "inbound" or call.calls_back:
        return None
    if category_of(call.calling.device_identifier or "") in ("acd", "routeing"):
        return None
    calls_out = call.direction == "outbound" and call.calling.device_identifier == device_id
    return CallKind.OUTBOUND if calls_out else CallKind.INTERNAL


def phase_of(connections: list[Connection]) -> tuple[BusyPhase | None, CallId | None]:
    """Tell what a phone with these connections is doing, and with which call."""
    by_state = {connection.state: connection for connection in connections}
    by_state.pop(ConnectionState.NULL, None)
    active = by_state.get(ConnectionState.CONNECTED)
    held = by_state.get(ConnectionState.HOLD)
    if active is not None:
        if held is not None:
            return BusyPhase.CONSULT, held.call.call_id
        answered = active.call.outcome is CallOutcome.ANSWERED
        return (BusyPhase.TALKING if answered else BusyPhase.DIALING), active.call.call_id
    for state, phase in (
        (ConnectionState.INITIATED, BusyPhase.DIALING),
        (ConnectionState.HOLD, BusyPhase.HOLD),
        (ConnectionState.ALERTING, BusyPhase.OFFERED),
    ):
        if state in by_state:
            call = by_state[state].call
            if call.calls_back and phase is BusyPhase.DIALING:
                return BusyPhase.OFFERED, call.call_id
            return phase, call.call_id
    return None, None
