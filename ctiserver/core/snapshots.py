"""Snapshots: the state as it is now, read from the engine in the shape of its events (§7.3.3).

Nothing is changed by it. What no event has told of yet is not in a snapshot either: the events
that are to come begin it. A queue is as it was told last, so that no event is ever older news.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from agents.agent import Agent
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import DEVICE_CATEGORIES, CallId, DeviceId, category_of, local_part
from ctiserver.core.calls import Call
from ctiserver.core.picture import (
    EVERYTHING,
    AgentItem,
    CallItem,
    DeviceItem,
    LinkItem,
    Picture,
    QueueItem,
    Watched,
    has_part,
    queue_item,
)
from ctiserver.core.queue_status import oldest_in_queues, status_of

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


def check_watched(engine: Engine, of: Watched) -> None:
    """Refuse what cannot be monitored because it does not exist.

    Raises:
        CtiError: `invalidDeviceID`, `invalidCallID` or `invalidAgentIdentifier`.
    """
    match of.kind:
        case "agent":
            engine.directory.agent(of.id)
        case "call" if of.id not in engine.model.calls:
            problem = f"there is no call {of.id}, or it is over"
            raise CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_CALL_ID, problem)
        case "group" if _queue_name(of.id) not in engine.acd.queues:
            raise _no_device(f"there is no queue {of.id}: a queue is written acd:<name>")
        case "device" if category_of(of.id) not in DEVICE_CATEGORIES or not local_part(of.id):
            raise _no_device(f"'{of.id}' is no device: write it as station:1001")


def picture_of(
    engine: Engine, of: Watched = EVERYTHING, followed: Iterable[CallId] = ()
) -> Picture:
    """Give the state of what is watched; `followed` are calls that belong to it in any case."""
    return Picture(
        links=links(engine),
        queues=_queues(engine, of),
        devices=_devices(engine, of),
        agents=_agents(engine, of),
        calls={call.call_id: call_item(engine, call) for call in _calls(engine, of, followed)},
    )


def calls_of(engine: Engine, of: Watched) -> list[CallId]:
    """Name the calls in which what is watched has a part now."""
    return [call.call_id for call in _calls(engine, of, ())]


def call_item(engine: Engine, call: Call) -> CallItem:
    """Write a call as its events write it."""
    return CallItem(
        id=call.call_id,
        link_id=engine.config.link_id,
        calling_device=call.calling,
        called_device=call.called,
        last_redirection_device=call.last_redirection,
        associated_calling_device=call.associated_calling,
        call_linkage_data=call.linkage,
        correlator_data=call.correlator_data,
        direction=call.direction,
        connections=call.listing,
        acd=call.acd,
    )


def agent_item(engine: Engine, agent: Agent) -> AgentItem:
    """Write an agent as his events do, logged on or not."""
    promise = engine.queueing.calling_back.promises.get(agent.call_id or "")
    at_phone = promise.call.call_id if promise is not None and promise.call else agent.call_id
    return AgentItem(
        id=agent.agent_id,
        link_id=engine.config.link_id,
        name=agent.name,
        agent_device=agent.device_id,
        agent_state=agent.state,
        since=agent.since,
        pending_agent_state=agent.pending,
        reason_code=agent.reason,
        busy_phase=agent.phase,
        call_id=at_phone,
    )


def device_item(engine: Engine, device_id: DeviceId) -> DeviceItem:
    """Write a device."""
    in_service = not engine.reachability.is_lost(device_id)
    return msgspec.structs.replace(engine.features.of(device_id), in_service=in_service)


def queue_items(engine: Engine) -> dict[DeviceId, QueueItem]:
    """Write all queues: as they were told last, or as they are where nothing is told of them."""
    statuses = engine.queue_statuses
    told = statuses.told if statuses is not None else {}
    oldest = oldest_in_queues(engine)
    items = {}
    for name in engine.acd.queues:
        device_id = f"acd:{name}"
        status = told.get(device_id)
        if status is None:
            status = status_of(engine, name, oldest.get(name), engine.out.now)
        items[device_id] = queue_item(status, name)
    return items


def links(engine: Engine) -> dict[str, LinkItem]:
    """Write the links."""
    link_id, status = engine.config.link_id, engine.resynchronising.status
    return {link_id: LinkItem(id=link_id, link_id=link_id, system_status=status)}


def _queues(engine: Engine, of: Watched) -> dict[DeviceId, QueueItem]:
    if of.kind == "all":
        return queue_items(engine)
    if of.kind in ("group", "device") and _queue_name(of.id) in engine.acd.queues:
        return {of.id: queue_items(engine)[of.id]}
    return {}


def _devices(engine: Engine, of: Watched) -> dict[DeviceId, DeviceItem]:
    if of.kind == "device" and category_of(of.id) != "acd":
        return {of.id: device_item(engine, of.id)}
    if of.kind != "all":
        return {}
    known = {agent.home_device_id: None for agent in engine.directory}
    told_of = [*engine.reachability.lost_devices(), *engine.features.known()]
    known |= dict.fromkeys(told_of)
    return {device_id: device_item(engine, device_id) for device_id in known}


def _agents(engine: Engine, of: Watched) -> dict[str, AgentItem]:
    match of.kind:
        case "all":
            found = list(engine.directory)
        case "agent":
            found = [engine.directory.agent(of.id)]
        case "device":
            there = engine.directory.at_device(of.id)
            found = [there] if there is not None else []
        case _:
            found = []
    return {agent.agent_id: agent_item(engine, agent) for agent in found}


def _calls(engine: Engine, of: Watched, followed: Iterable[CallId]) -> list[Call]:
    """List the calls that belong to what is watched, in the order in which they began."""
    model = engine.model
    if of.kind == "call":
        found = {of.id: model.calls[of.id]} if of.id in model.calls else {}
    elif of.kind == "device" and of.id in model.at_device and of.id + ";2" not in model.at_device:
        found = {each.call.call_id: each.call for each in model.at_device[of.id]}
        found = {
            call_id: call for call_id, call in found.items() if has_part(call.listing, call.acd, of)
        }
    else:
        found = {
            call.call_id: call
            for call in model.calls.values()
            if has_part(call.listing, call.acd, of)
        }
    for call_id in followed:
        if call_id in model.calls:
            found[call_id] = model.calls[call_id]
    return [call for call in found.values() if engine.out.has_told(f"call/{call.call_id}")]


def _queue_name(device_id: DeviceId) -> str:
    return local_part(device_id) if category_of(device_id) == "acd" else ""


def _no_device(problem: str) -> CtiError:
    return CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_DEVICE_ID, problem)
