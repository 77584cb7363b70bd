"""What a client knows: calls, agents, devices, queues and links, folded of a snapshot and events.

The items of a snapshot are shaped as the events are (cti-api §7.3.3, §7.5), so that one fold
serves both: a snapshot, and all events after its place in the log, make the snapshot of later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from csta.acd_events import QueueStatus, ServiceLevel
from csta.agent_events import AgentEvent
from csta.call_events import (
    AcdInfo,
    CallCleared,
    CallEvent,
    CallInformation,
    CallLinkageData,
    Conferenced,
    ConnectionInfo,
    Party,
    Transferred,
)
from csta.device_events import BackInService, LogicalEvent, OutOfService
from csta.ids import AgentId, CallId, DeviceId, wire_name
from csta.instants import Instant, Milliseconds
from csta.monitor_services import MonitorObject, MonitorType
from csta.replies import ForwardingEntry
from csta.states import AgentState, BusyPhase
from csta.system_events import SystemStatus, SystemStatusValue
from ctiserver.core.feature_fold import changed_by, device_of


class Item(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename=wire_name,
    omit_defaults=True,
    tag_field="class",
):
    """One thing as it is; `id` is its callID, agentID, deviceID or linkID."""

    id: str
    link_id: str = ""

    @property
    def kind(self) -> str:
        """Its class: `call`, `agent`, `device`, `acd` or `link`."""
        return str(self.__struct_config__.tag)


class CallItem(Item, frozen=True, kw_only=True, tag="call"):
    """A call: the members that all its events have, as the latest of them has them."""

    calling_device: Party
    called_device: Party
    last_redirection_device: Party
    associated_calling_device: Party | None = None
    associated_called_device: Party | None = None
    call_linkage_data: CallLinkageData
    correlator_data: dict[str, Any] | None = None
    direction: str
    connections: tuple[ConnectionInfo, ...] = ()
    acd: AcdInfo | None = None


class AgentItem(Item, frozen=True, kw_only=True, tag="agent"):
    """An agent; one who is not in the picture is not logged on."""

    agent_device: DeviceId
    agent_state: AgentState
    since: Instant
    name: str = ""
    """As the configuration has it; events do not tell it."""
    acd_group: DeviceId | None = None
    pending_agent_state: AgentState | None = None
    reason_code: str | None = None
    busy_phase: BusyPhase | None = None
    call_id: CallId | None = None


class DeviceItem(Item, frozen=True, kw_only=True, tag="device"):
    """A device; one that is not in the picture is in service, and its features are switched off.

    `forwarding_list` has the rules that are in force. With `routeing_mode` off no router is asked.
    """

    in_service: bool
    do_not_disturb_on: bool = False
    forwarding_list: tuple[ForwardingEntry, ...] = ()
    auto_answer_on: bool = False
    auto_work_on: bool = False
    auto_work_interval_ms: Milliseconds | None = msgspec.field(
        name="autoWorkInterval", default=None
    )
    message_waiting_on: bool = False
    device_for_message: DeviceId | None = None
    routeing_mode: bool = True


class QueueItem(Item, frozen=True, kw_only=True, tag="acd"):
    """A queue at a glance, as its last `QueueStatus` has it; durations in milliseconds."""

    name: str = ""
    waiting: int
    longest_wait_ms: Milliseconds
    agents_logged_on: int
    agents_ready: int
    agents_busy: int
    service_level: ServiceLevel | None = None


class LinkItem(Item, frozen=True, kw_only=True, tag="link"):
    """A link to a switch, and how it is."""

    system_status: SystemStatusValue


AnyItem: TypeAlias = CallItem | AgentItem | DeviceItem | QueueItem | LinkItem


class Watched(msgspec.Struct, frozen=True):
    """What a monitor is on: which kind of thing, its id, and whether calls are followed.

    A call belongs to what is watched while it is there; one that is followed until it is over.
    """

    kind: Literal["all", "device", "call", "agent", "group"]
    id: str = ""
    follows: bool = False


EVERYTHING = Watched("all")


def watched(target: MonitorObject | Literal["all"], kind: MonitorType | None) -> Watched:
    """Say what a monitor with this object and of this type is on."""
    follows = kind is MonitorType.CALL
    if isinstance(target, str):
        return EVERYTHING
    if target.call_object is not None:
        return Watched("call", target.call_object.call_id, follows=True)
    if target.device_object is not None:
        return Watched("device", target.device_object, follows)
    if target.agent_object is not None:
        return Watched("agent", target.agent_object, follows)
    assert target.group_object is not None, "a monitor's object names one thing"
    return Watched("group", target.group_object, follows)


def is_part(call: CallEvent | CallItem, of: Watched) -> bool:
    """Tell whether what is watched has a part in a call now."""
    if of.kind == "call":
        return (call.id if isinstance(call, CallItem) else call.call_id) == of.id
    return has_part(call.connections, call.acd, of)


def has_part(connections: tuple[ConnectionInfo, ...], acd: AcdInfo | None, of: Watched) -> bool:
    """Tell whether a call with these connections is one of what is watched, which is no call."""
    match of.kind:
        case "all":
            return True
        case "device":
            return any(part.device_id.partition(";")[0] == of.id for part in connections)
        case "agent":
            return any(part.agent_id == of.id for part in connections)
        case _:
            group = acd.group if acd is not None else None
            waits = any(part.device_id == of.id for part in connections)
            return waits or (bool(connections) and group == of.id)


def merged_call(event: object) -> CallId | None:
    """Name the call that has ended in another one by this event (T1), if one has."""
    if isinstance(event, Transferred | Conferenced) and event.secondary_old_call is not None:
        return event.secondary_old_call.call_id
    return None


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What is known, by class and id."""

    calls: dict[CallId, CallItem] = {}
    agents: dict[AgentId, AgentItem] = {}
    devices: dict[DeviceId, DeviceItem] = {}
    queues: dict[DeviceId, QueueItem] = {}
    links: dict[str, LinkItem] = {}

    def items(self) -> list[AnyItem]:
        """List everything: links, queues, devices, agents, calls."""
        return [
            *self.links.values(),
            *self.queues.values(),
            *self.devices.values(),
            *self.agents.values(),
            *self.calls.values(),
        ]


NOTHING = Picture()


def fold(picture: Picture, news: object, of: Watched = EVERYTHING) -> Picture:
    """Take an item of a snapshot, or the data of an event, into a picture; gives the new one.

    `of` is what the monitor is on: a call that has left it is in its picture no more. Events that
    tell of no state give the picture as it is.
    """
    for kind, take_in in _FOLDS:
        if isinstance(news, kind):
            return take_in(picture, news, of)
    return picture


def queue_item(status: QueueStatus, name: str) -> QueueItem:
    """Make an item of a queue's status."""
    return QueueItem(
        id=status.device_id,
        name=name,
        waiting=status.waiting,
        longest_wait_ms=status.longest_wait_ms,
        agents_logged_on=status.agents_logged_on,
        agents_ready=status.agents_ready,
        agents_busy=status.agents_busy,
        service_level=status.service_level,
    )


def with_feature(item: DeviceItem, event: LogicalEvent) -> DeviceItem:
    """Take a feature event into what is known of its device."""
    return msgspec.structs.replace(item, **changed_by(event, item.forwarding_list))


_PLACES: dict[type, str] = {
    CallItem: "calls",
    AgentItem: "agents",
    DeviceItem: "devices",
    QueueItem: "queues",
    LinkItem: "links",
}
"""Where the items of a class stand in a picture."""
_OF_CALLS = tuple(
    name for name in CallItem.__struct_fields__ if name in CallEvent.__struct_fields__
)
_T = TypeVar("_T")


def _with_call_event(picture: Picture, event: CallEvent, of: Watched) -> Picture:
    calls = dict(picture.calls)
    ended = merged_call(event)
    if ended is not None:
        calls.pop(ended, None)
    stays = (of.follows or is_part(event, of)) and not isinstance(event, CallCleared)
    if stays:
        said = {name: getattr(event, name) for name in _OF_CALLS}
        calls[event.call_id] = CallItem(id=event.call_id, **said)
    else:
        calls.pop(event.call_id, None)
    return msgspec.structs.replace(picture, calls=calls)


def _with_information(picture: Picture, event: CallInformation, _of: Watched) -> Picture:
    """Data are added to those that the call has (`AssociateData`)."""
    call = picture.calls.get(event.call_id)
    if call is None or event.correlator_data is None:
        return picture
    data = {**(call.correlator_data or {}), **event.correlator_data}
    return _put(picture, msgspec.structs.replace(call, correlator_data=data))


def _with_agent_event(picture: Picture, event: AgentEvent, of: Watched) -> Picture:
    gone = event.STATE is AgentState.NULL or event.agent_device != of.id
    if of.kind == "device" and gone:
        return msgspec.structs.replace(picture, agents=_without(picture.agents, event.agent_id))
    known = picture.agents.get(event.agent_id)
    item = AgentItem(
        id=event.agent_id,
        link_id=event.link_id,
        name=known.name if known else "",
        agent_device=event.agent_device,
        agent_state=event.STATE,
        since=event.since,
        acd_group=event.acd_group,
        pending_agent_state=event.pending_agent_state,
        reason_code=event.reason_code,
        busy_phase=event.busy_phase,
        call_id=event.call_id,
    )
    return _put(picture, item)


def _with_queue_status(picture: Picture, event: QueueStatus, _of: Watched) -> Picture:
    known = picture.queues.get(event.device_id)
    return _put(picture, queue_item(event, known.name if known else ""))


def _with_service(picture: Picture, event: OutOfService | BackInService, _of: Watched) -> Picture:
    known = _device(picture, event.device, event.link_id)
    in_service = isinstance(event, BackInService)
    return _put(picture, msgspec.structs.replace(known, in_service=in_service))


def _with_feature_event(picture: Picture, event: LogicalEvent, _of: Watched) -> Picture:
    return _put(picture, with_feature(_device(picture, device_of(event), event.link_id), event))


def _device(picture: Picture, device_id: DeviceId, link_id: str) -> DeviceItem:
    known = picture.devices.get(device_id)
    return known or DeviceItem(id=device_id, link_id=link_id, in_service=True)


def _with_link_status(picture: Picture, event: SystemStatus, _of: Watched) -> Picture:
    item = LinkItem(id=event.link_id, link_id=event.link_id, system_status=event.system_status)
    return _put(picture, item)


def _with_item(picture: Picture, item: Item, _of: Watched) -> Picture:
    return _put(picture, item)


_FOLDS: tuple[tuple[type, Callable[[Picture, Any, Watched], Picture]], ...] = (
    (CallEvent, _with_call_event),
    (AgentEvent, _with_agent_event),
    (CallInformation, _with_information),
    (QueueStatus, _with_queue_status),
    (OutOfService, _with_service),
    (BackInService, _with_service),
    (LogicalEvent, _with_feature_event),
    (SystemStatus, _with_link_status),
    (Item, _with_item),
)


def _put(picture: Picture, item: Item) -> Picture:
    place = _PLACES[type(item)]
    return msgspec.structs.replace(picture, **{place: {**getattr(picture, place), item.id: item}})


def _without(table: dict[str, _T], key: str) -> dict[str, _T]:
    return {each: value for each, value in table.items() if each != key}
