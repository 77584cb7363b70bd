"""Whose an input, a decision or a deadline is: the call, agent or leg that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csta.ids import DeviceId, LegId
from ctiserver.core.inputs import Observed, Requested
from ctiserver.core.violations import Kind

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

NOBODY = (Kind.ENGINE, "step")


def entity_of(engine: Engine, source: object) -> tuple[Kind, str]:
    """Name whose it is: a deadline's key, a decision of the ACD, or an input of the engine."""
    if isinstance(source, tuple):
        return _of_key(engine, source)
    if isinstance(source, str):
        return _of_word(engine, source)
    if isinstance(source, Observed):
        leg_id = getattr(source.what, "leg", None)
        return _of_leg(engine, leg_id) if leg_id else _of_device(engine, source.what)
    return _of_params(source.params) if isinstance(source, Requested) else _of_fields(source)


def _of_fields(source: object) -> tuple[Kind, str]:
    """Name the call or the agent of a decision or a look-up."""
    whose = getattr(source, "offer", source)
    call_id = getattr(whose, "call_id", None)
    agent_id = getattr(whose, "agent_id", None)
    if call_id is not None:
        return Kind.CALL, call_id
    return (Kind.AGENT, agent_id) if agent_id is not None else NOBODY


def _of_key(engine: Engine, key: tuple[str, ...]) -> tuple[Kind, str]:
    """Name whose deadline it is: ("ring", offer), ("wrap", agent), ("step", call) and so on."""
    kind, name = key[0], key[1]
    if kind == "ring":
        call = engine.acd.offers.call_of(name)
        return (Kind.CALL, call.call_id) if call is not None else NOBODY
    if kind in ("wrap", "reason"):
        return Kind.AGENT, name
    return (Kind.CALL, name) if name else NOBODY


def _of_word(engine: Engine, name: str) -> tuple[Kind, str]:
    """Name whose the deadline of a leg or a call is."""
    if name in engine.model.legs:
        return _of_leg(engine, name)
    return (Kind.CALL, name) if name in engine.model.calls else NOBODY


def _of_leg(engine: Engine, leg_id: LegId) -> tuple[Kind, str]:
    """Name the call of a leg, or the leg itself while it has none."""
    leg = engine.model.legs.get(leg_id)
    if leg is not None and leg.active is not None:
        return Kind.CALL, leg.active.call.call_id
    ringing = engine.queueing.offered_on(leg_id)
    return (Kind.CALL, ringing.call_id) if ringing is not None else (Kind.LEG, leg_id)


def _of_device(engine: Engine, what: object) -> tuple[Kind, str]:
    device_id: DeviceId = getattr(what, "device", "")
    agent = engine.directory.at_device(device_id)
    return (Kind.AGENT, agent.agent_id) if agent is not None else NOBODY


def _of_params(params: dict[str, Any]) -> tuple[Kind, str]:
    """Name the agent or the call of a request: `agentID`, or the `callID` in a connection."""
    agent_id = params.get("agentID")
    if isinstance(agent_id, str):
        return Kind.AGENT, agent_id
    for value in params.values():
        call_id = value.get("callID") if isinstance(value, dict) else None
        if isinstance(call_id, str):
            return Kind.CALL, call_id
    return NOBODY
