"""The agents as people write them down: who, at which phone, with which skills."""

from __future__ import annotations

import msgspec

from agents.skills import LEVEL_MAX, LEVEL_MIN
from csta.documents import Section
from csta.ids import AgentId, DeviceId, device


class AgentConfig(msgspec.Struct, frozen=True):
    """One agent: login id, name, home device and skills with levels (1 to 10)."""

    agent_id: AgentId
    name: str
    device_id: DeviceId
    skills: dict[str, int]


def read_agents(plan: Section) -> tuple[AgentConfig, ...]:
    """Read the `agents:` list of a queue plan.

    An entry with `count` makes that many agents, numbered behind the id and the station:
    `{id: A, count: 3, station: 1001}` gives A01 to A03 at stations 1001 to 1003.

    Raises:
        ConfigError: an entry is wrong, or an id or a station is used twice.
    """
    agents: list[AgentConfig] = []
    ids: set[str] = set()
    devices: set[str] = set()
    for entry in plan.sections("agents"):
        for agent in _read_entry(entry):
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


def _read_entry(entry: Section) -> list[AgentConfig]:
    agent_id = entry.text("id")
    name = entry.text("name", default=agent_id)
    station = entry.integer("station", least=1)
    count = entry.integer("count", default=0, least=0, most=100_000)
    skills = entry.integers_by_name("skills")
    for skill, level in skills.items():
        if not LEVEL_MIN <= level <= LEVEL_MAX:
            raise entry.error(
                "skills", f"skill '{skill}' has level {level}", f"{skill}: 1 to 10, 10 is best"
            )
    entry.done()
    if not count:
        return [AgentConfig(agent_id, name, device("station", str(station)), skills)]
    width = max(2, len(str(count)))
    return [
        AgentConfig(
            agent_id=f"{agent_id}{number:0{width}}",
            name=f"{name} {number}",
            device_id=device("station", str(station + number - 1)),
            skills=skills,
        )
        for number in range(1, count + 1)
    ]
