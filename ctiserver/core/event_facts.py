"""What an event is about: which calls, devices, agents and queues, read once for each event.

Monitors find their events by these facts, and who may see an event is decided by them. Devices are
those that have a part in what happened: a number that is only named (who calls, where a call goes
next) is not among them.
"""

from __future__ import annotations

import msgspec

from csta.acd_events import QueueStatus
from csta.call_events import CallCleared, CallEvent, TransferredConnection
from csta.event_types import EVENTS, event_type
from csta.ids import AgentId, CallId, DeviceId, category_of
from csta.supervision_events import SupervisionEvent
from ctiserver.core.wire import Published

CALL_MEMBERS = frozenset({"call_id"})
DEVICE_MEMBERS = frozenset(
    {
        "added_party",
        "agent_device",
        "alerting_device",
        "answering_device",
        "bridged_appearance",
        "conferencing_device",
        "device",
        "device_id",
        "dialing_device",
        "diverting_device",
        "failing_device",
        "holding_device",
        "initiating_device",
        "invoking_device",
        "network_interface_used",
        "offered_device",
        "originating_device",
        "releasing_device",
        "retrieving_device",
        "target_device",
        "transferred_to_device",
        "transferring_device",
    }
)
QUEUE_MEMBERS = frozenset({"acd_group", "queue"})
AGENT_MEMBERS = frozenset({"agent_id", "supervisor", "target"})
CONNECTION_MEMBERS = frozenset(
    {"connection", "primary_call", "primary_old_call", "secondary_call", "secondary_old_call"}
)
MOVED_MEMBERS = frozenset({"conference_connections", "transferred_connections"})
NAMED_ONLY = frozenset({"target"})
"""Members that are an agent in events of supervision only: elsewhere a device that is next."""

_ACD = "acd"
_SESSION = "session"
_SUPERVISION = "supervision/"
"""How the subjects begin of events that only those see who may listen in."""


class EventFacts:
    """What one event is about. `name` is the event's own, as in its type: `Delivered`, `Started`.

    `queues` are devices too (`acd:sales`). Devices stand without the mark of an appearance.
    `supervise_only`: only who may listen in learns of it (cti-api §7.11, S10). `aggregate`: it
    says how many there are of something, and of nobody in particular. `lists_parties`: all who are
    in the call are among the devices; else they stand in the log before it. `supervisor` is who
    listens in, or ceases to, `principal` whose session it is about, if it is about one.

    Calls, devices, agents and queues are read when they are asked for: who sees everything, and
    watches everything, never asks.
    """

    __slots__ = (
        "_event",
        "_plan",
        "agents",
        "aggregate",
        "calls",
        "category",
        "devices",
        "lists_parties",
        "name",
        "principal",
        "queues",
        "sequence",
        "supervise_only",
        "supervisor",
    )

    calls: tuple[CallId, ...]
    devices: tuple[DeviceId, ...]
    agents: tuple[AgentId, ...]
    queues: tuple[DeviceId, ...]

    def __init__(self, event: Published) -> None:
        """Read what kind of event it is."""
        data = event.data
        self._event = event
        self._plan = plan = _PLANS[type(data)]
        self.sequence = event.sequence
        self.category = plan.category
        self.name = plan.name
        self.supervise_only = plan.supervises or event.subject.startswith(_SUPERVISION)
        self.aggregate = plan.aggregate
        self.lists_parties = plan.lists_parties
        self.supervisor: AgentId | None = data.supervisor if plan.supervises else None
        self.principal: str | None = data.principal if plan.category == _SESSION else None

    def __getattr__(self, name: str) -> object:
        """Read who and what has a part in it: one of these is asked for, and none is known yet."""
        if name not in _PARTS:
            raise AttributeError(name)
        self._read()
        return getattr(self, name)

    def _read(self) -> None:
        data, plan = self._event.data, self._plan
        calls = {getattr(data, name): None for name in plan.calls}
        devices: dict[DeviceId, None] = {}
        agents: dict[AgentId, None] = {}
        queues: dict[DeviceId, None] = {}
        for name in plan.connections:
            key = getattr(data, name)
            if key is not None:
                calls[key.call_id] = None
                devices[key.device_id.partition(";")[0]] = None
        for named, found in ((plan.devices, devices), (plan.agents, agents), (plan.queues, queues)):
            for name in named:
                value = getattr(data, name)
                if value is not None:
                    found[value.partition(";")[0]] = None
        for name in plan.moved:
            _read_moved(getattr(data, name), devices)
        if plan.lists_connections:
            _read_call(data, devices, agents, queues)
        queues.update({each: None for each in devices if category_of(each) == _ACD})
        devices.update(queues)
        self.calls = tuple(calls)
        self.devices = tuple(devices)
        self.agents = tuple(agents)
        self.queues = tuple(queues)


_PARTS = frozenset({"agents", "calls", "devices", "queues"})


class _Plan(msgspec.Struct, frozen=True):
    """Where to look in events of one class."""

    category: str
    name: str
    calls: tuple[str, ...]
    devices: tuple[str, ...]
    agents: tuple[str, ...]
    queues: tuple[str, ...]
    connections: tuple[str, ...]
    moved: tuple[str, ...]
    lists_connections: bool
    lists_parties: bool
    supervises: bool
    aggregate: bool


def _plan_of(event: type[msgspec.Struct]) -> _Plan:
    members = {field.name for field in msgspec.structs.fields(event)}
    supervises = issubclass(event, SupervisionEvent)
    agents = AGENT_MEMBERS if supervises else AGENT_MEMBERS - NAMED_ONLY

    def of(names: frozenset[str]) -> tuple[str, ...]:
        return tuple(sorted(members & names))

    _, category, name, _ = event_type(event).split(".")
    return _Plan(
        category=category,
        name=name,
        calls=of(CALL_MEMBERS),
        devices=of(DEVICE_MEMBERS),
        agents=of(agents),
        queues=of(QUEUE_MEMBERS),
        connections=of(CONNECTION_MEMBERS),
        moved=of(MOVED_MEMBERS),
        lists_connections=issubclass(event, CallEvent),
        lists_parties=issubclass(event, CallEvent) and event is not CallCleared,
        supervises=supervises,
        aggregate=event is QueueStatus,
    )


_PLANS: dict[type, _Plan] = {event: _plan_of(event) for event in EVENTS}


_KNOWN_MAX = 256
_known: list[tuple[Published | None, EventFacts | None]] = [(None, None)] * _KNOWN_MAX
"""What was read of the latest events: several ask for it, one after the other."""


def facts_of(event: Published) -> EventFacts:
    """Read what an event is about."""
    place = event.sequence % _KNOWN_MAX
    known, facts = _known[place]
    if known is not event or facts is None:
        facts = EventFacts(event)
        _known[place] = (event, facts)
    return facts


def _read_moved(moved: tuple[TransferredConnection, ...], devices: dict[DeviceId, None]) -> None:
    for each in moved:
        devices[each.new_connection.device_id.partition(";")[0]] = None
        if each.old_connection is not None:
            devices[each.old_connection.device_id.partition(";")[0]] = None


def _read_call(
    data: CallEvent,
    devices: dict[DeviceId, None],
    agents: dict[AgentId, None],
    queues: dict[DeviceId, None],
) -> None:
    for link in data.connections:
        devices[link.device_id.partition(";")[0]] = None
        if link.agent_id is not None:
            agents[link.agent_id] = None
    if data.acd is not None:
        queues[data.acd.group] = None
