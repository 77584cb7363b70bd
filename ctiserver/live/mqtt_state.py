"""The state of agents, queues and links as the broker keeps it: one retained message for each.

A snapshot of the engine begins it, events go on. Only the latest state of each object is ever
waiting, so that a broker that is away costs no memory. Calls are not kept by the broker, nor are
names and numbers (cti-api §7.2; reliability §6.3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from csta.acd_events import ConfigurationChanged, QueueStatus
from csta.agent_events import AgentEvent
from csta.replies import AsOf
from csta.system_events import SystemStatus
from ctiserver.core.messages import sequence_text
from ctiserver.core.picture import AgentItem, LinkItem, Picture, QueueItem, fold
from ctiserver.core.principals import Principal
from ctiserver.core.snapshots import agent_item, links, queue_items
from ctiserver.live.event_log import Logged
from ctiserver.live.gate import Gate
from ctiserver.live.ports import EngineHost
from ctiserver.live.topics import topic_id

Key = tuple[str, str]
"""A class (`agent`, `acd`, `link`) and an id: the last two levels of the topic."""


class StateBoard:
    """What is so now, and what of it the broker does not have yet."""

    def __init__(self, host: EngineHost, gate: Gate, reader: Principal) -> None:
        """Follow one engine, as `reader` may see it."""
        self._host = host
        self._gate = gate
        self._reader = reader
        self._items: dict[Key, tuple[AgentItem | QueueItem | LinkItem, int]] = {}
        self._waiting: dict[Key, None] = {}
        self._as_of = 0
        self._safe = 0
        self._taken = 0
        self._changed = asyncio.Event()

    def start(self) -> None:
        """Take the state as it is, and hear of what changes it."""
        self._host.log.listeners.append(self._hear)
        self._take()

    def stop(self) -> None:
        """Hear no more."""
        self._host.log.listeners.remove(self._hear)

    def renew(self) -> None:
        """Have everything told again: the broker may have lost it."""
        self._waiting.update(dict.fromkeys(self._items))
        self._changed.set()

    async def next(self) -> Key:
        """Wait for an object whose state is to be told."""
        while not self._waiting or self._safe != self._taken:
            self._changed.clear()
            await self._changed.wait()
        key = next(iter(self._waiting))
        del self._waiting[key]
        return key

    def body(self, key: Key) -> bytes:
        """Give the state of an object, `asOf` in it as in the answer of HTTP; empty: it is gone."""
        found = self._items.get(key)
        if found is None or not self._gate.sees_object(self._reader, *key):
            return b""
        item, sequence = found
        if isinstance(item, AgentItem):
            item = msgspec.structs.replace(item, name="")
        place = msgspec.json.encode(AsOf(self._host.log.epoch, sequence_text(sequence)))
        shown = self._gate.masked(self._reader, msgspec.json.encode(item))
        return b'%s,"asOf":%s}' % (shown[:-1], place)

    def _take(self) -> None:
        """Read the engine; nothing of it is told before it is safe."""
        engine = self._host.engine
        before = self._items
        self._as_of = sequence = engine.out.sequence
        self._items = {
            **{("link", name): (item, sequence) for name, item in links(engine).items()},
            **{("acd", name): (item, sequence) for name, item in queue_items(engine).items()},
            **{
                ("agent", agent.agent_id): (agent_item(engine, agent), sequence)
                for agent in engine.directory
            },
        }
        self._waiting.update(dict.fromkeys((*before, *self._items)))
        self._taken += 1
        taken = self._taken
        self._host.after_commit(lambda: self._is_safe(taken))

    def _is_safe(self, taken: int) -> None:
        self._safe = max(self._safe, taken)
        self._changed.set()

    def _hear(self, batch: Sequence[Logged]) -> None:
        for logged in batch:
            data = logged.event.data
            if logged.sequence <= self._as_of:
                continue
            if isinstance(data, ConfigurationChanged):
                self._take()
            elif isinstance(data, AgentEvent | QueueStatus | SystemStatus):
                self._fold(data, logged.sequence)
        if self._waiting:
            self._changed.set()

    def _fold(self, data: AgentEvent | QueueStatus | SystemStatus, sequence: int) -> None:
        """Take in one event: only the object that it is about is looked at."""
        key = _key_of(data)
        known, _ = self._items.get(key, (None, 0))
        picture = fold(_picture(known), data)
        found: list[AgentItem | QueueItem | LinkItem] = [
            *picture.agents.values(),
            *picture.queues.values(),
            *picture.links.values(),
        ]
        assert len(found) == 1, "one event is about one object"
        self._items[key] = (found[0], sequence)
        self._waiting[key] = None


def state_path(key: Key) -> str:
    """Give the place of an object's state below the tenant: `state/agent/anna`."""
    kind, name = key
    return f"state/{kind}/{topic_id(name)}"


def _key_of(data: AgentEvent | QueueStatus | SystemStatus) -> Key:
    match data:
        case AgentEvent():
            return ("agent", data.agent_id)
        case QueueStatus():
            return ("acd", data.device_id)
        case _:
            return ("link", data.link_id)


def _picture(known: AgentItem | QueueItem | LinkItem | None) -> Picture:
    match known:
        case AgentItem():
            return Picture(agents={known.id: known})
        case QueueItem():
            return Picture(queues={known.id: known})
        case _:
            return Picture()
