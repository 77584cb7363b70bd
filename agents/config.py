"""The agents as people write them down: who, at which phone, with which skills."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from agents.skills import LEVEL_MAX, LEVEL_MIN
from csta.documents import Section
from csta.ids import AgentId, DeviceId, QueueName, device
from csta.instants import Milliseconds

RANK_MAX: Final = 100
WEIGHT_MAX: Final = 100
LOTS_MAX: Final = 1_000
CAPACITY_MAX: Final = 100

VOICE: Final = "voice"


class Membership(msgspec.Struct, frozen=True):
    """How an agent serves one queue (R09, R20): all the same for who is not told otherwise.

    Agents of a lower `rank` (1 is the first) are offered a call only when no better one is ready.
    `weight` puts this queue's calls before others for this agent (None: the queue's own), after
    `delay_ms` of waiting. `lots` are the agent's share in a weighted random choice.
    """

    rank: int = 1
    weight: int | None = None
    delay_ms: Milliseconds = 0
    lots: int = 1


EVERY_QUEUE: Final = Membership()
"""How an agent serves each queue who is not told which queues he serves."""


class AgentConfig(msgspec.Struct, frozen=True):
    """One agent: login id, name, home device, skills with levels (1 to 10), queues, capacity.

    With `queues`, the agent serves these alone, if the skills suffice; without, every queue whose
    requirement the skills meet. `capacity` is how many contacts of a channel he has at once; voice
    is always one.
    """

    agent_id: AgentId
    name: str
    device_id: DeviceId
    skills: dict[str, int]
    queues: dict[QueueName, Membership] | None = None
    capacity: dict[str, int] = {}


def read_agents(
    plan: Section, queues: Collection[QueueName] | None = None
) -> tuple[AgentConfig, ...]:
    """Read the `agents:` list of a queue plan; `queues` are those that there are, None: not known.

    An entry with `count` makes that many agents, numbered behind the id and the station:
    `{id: A, count: 3, station: 1001}` gives A01 to A03 at stations 1001 to 1003.

    Raises:
        ConfigError: an entry is wrong, or an id or a station is used twice.
    """
    agents: list[AgentConfig] = []
    ids: set[str] = set()
    devices: set[str] = set()
    for entry in plan.sections("agents"):
        for agent in _read_entry(entry, queues):
            if agent.agent_id in ids:
                raise entry.error("id", f"agent '{agent.agent_id}' is here twice", "another id")
            if agent.device_id in devices:
                number = agent.device_id.partition(":")[2]
                raise entry.error(
                    "station", f"station {number} has two agents", "a station for each agent"
                )
            ids.add(agent.agent_id)
            devices.add(agent.device_id)
            agents.append(agent)
    return tuple(agents)


def _read_entry(entry: Section, queues: Collection[QueueName] | None) -> list[AgentConfig]:
    agent_id = entry.text("id")
    station = entry.integer("station", least=1)
    first = AgentConfig(
        agent_id=agent_id,
        name=entry.text("name", default=agent_id),
        device_id=device("station", str(station)),
        skills=_read_skills(entry),
        queues=_read_queues(entry, queues) if entry.has("queues") else None,
        capacity=_read_capacity(entry),
    )
    count = entry.integer("count", default=0, least=0, most=100_000)
    entry.done()
    if not count:
        return [first]
    width = max(2, len(str(count)))
    return [
        msgspec.structs.replace(
            first,
            agent_id=f"{agent_id}{number:0{width}}",
            name=f"{first.name} {number}",
            device_id=device("station", str(station + number - 1)),
        )
        for number in range(1, count + 1)
    ]


def _read_skills(entry: Section) -> dict[str, int]:
    skills = entry.integers_by_name("skills")
    for skill, level in skills.items():
        if not LEVEL_MIN <= level <= LEVEL_MAX:
            raise entry.error(
                "skills", f"skill '{skill}' has level {level}", f"{skill}: 1 to 10, 10 is best"
            )
    return skills


def _read_queues(
    entry: Section, queues: Collection[QueueName] | None
) -> dict[QueueName, Membership]:
    """Read the queues that an agent serves: a list of names, or names with how he serves them."""
    if isinstance(entry.raw("queues"), list):
        names = entry.texts("queues")
        memberships = dict.fromkeys(names, Membership())
        if len(memberships) < len(names):
            raise entry.error("queues", "a queue stands here twice", "each queue once")
    else:
        memberships = {name: _read_membership(one) for name, one in entry.entries("queues")}
    if not memberships:
        problem = "the agent serves no queue"
        raise entry.error("queues", problem, "queues: [sales], or no queues: for all that fit")
    for name in memberships:
        if queues is not None and name not in queues:
            problem = f"there is no queue '{name}'"
            raise entry.error("queues", problem, f"one of: {', '.join(queues)}")
    return memberships


def _read_membership(entry: Section) -> Membership:
    membership = Membership(
        rank=entry.integer("rank", default=1, least=1, most=RANK_MAX),
        weight=entry.integer("weight", default=None, least=0, most=WEIGHT_MAX),
        delay_ms=entry.duration_ms("delay", default=0),
        lots=entry.integer("lots", default=1, least=1, most=LOTS_MAX),
    )
    entry.done()
    return membership


def _read_capacity(entry: Section) -> dict[str, int]:
    capacity = entry.integers_by_name("capacity")
    for channel, most in capacity.items():
        if channel == VOICE and most != 1:
            problem = f"an agent has one call of voice at a time, not {most}"
            raise entry.error("capacity", problem, "voice: 1, or no voice here")
        if not 0 <= most <= CAPACITY_MAX:
            problem = f"the channel '{channel}' has a capacity of {most}"
            raise entry.error("capacity", problem, f"{channel}: 0 to {CAPACITY_MAX}")
    return capacity
