"""Queue plans as people write them: `order:`, `queues:` and `agents:` in one YAML file."""

from __future__ import annotations

import msgspec

from acd.config import AcdConfig, AgentChoice, QueueConfig, ServiceOrder, Step
from agents.config import AgentConfig, read_agents
from agents.skills import LEVEL_MAX, LEVEL_MIN
from csta.documents import Section

_RING_MS_MIN = 1_000


class Plan(msgspec.Struct, frozen=True):
    """A centre's queues and agents."""

    acd: AcdConfig
    agents: tuple[AgentConfig, ...]


def read_plan(plan: Section) -> Plan:
    """Read a queue plan.

    Raises:
        ConfigError: with file, line, key and what to write; nothing is taken over.
    """
    queues = tuple(_read_queue(name, entry) for name, entry in plan.entries("queues"))
    if not queues:
        raise plan.error("queues", "the plan has no queue", "queues: {sales: {skills: {sales: 1}}}")
    acd = AcdConfig(
        queues=queues,
        order=plan.choice("order", ServiceOrder, default=ServiceOrder.STRICT),
        ageing_ms=plan.duration_ms("ageing", default=60_000, least=1),
        refusal_back_off_ms=plan.duration_ms("refusal_back_off", default=30_000, least=0),
    )
    _check_targets(plan, acd)
    return Plan(acd, read_agents(plan) if plan.has("agents") else ())


def _read_queue(name: str, entry: Section) -> QueueConfig:
    skills = entry.integers_by_name("skills") if entry.has("skills") else {name: 1}
    for skill, level in skills.items():
        if not LEVEL_MIN <= level <= LEVEL_MAX:
            raise entry.error(
                "skills", f"skill '{skill}' asks for level {level}", f"{skill}: 1 to 10"
            )
    queue = QueueConfig(
        name=name,
        skills=skills,
        priority=entry.integer("priority", default=0, least=-100, most=100),
        agent_choice=entry.choice("agent_choice", AgentChoice, default=AgentChoice.LONGEST_IDLE),
        ring_ms=entry.duration_ms("ring", default=20_000, least=_RING_MS_MIN),
        wrap_up_ms=entry.duration_ms("wrap_up", default=0, least=0),
        auto_answer=entry.flag("auto_answer", default=False),
        waiting_max=entry.integer("waiting_max", least=1) if entry.has("waiting_max") else None,
        music=entry.text("music", default="music:default"),
        service_level_ms=entry.duration_ms("service_level_within", default=20_000, least=1),
        service_level_share=entry.share("service_level", default=0.8),
        steps=tuple(_read_step(step) for step in entry.sections("steps"))
        if entry.has("steps")
        else (),
    )
    entry.done()
    return queue


def _read_step(entry: Section) -> Step:
    step = Step(
        after_ms=entry.duration_ms("after", least=0),
        overflow_to=entry.text("overflow_to") if entry.has("overflow_to") else None,
        also=entry.text("also") if entry.has("also") else None,
        priority_by=entry.integer("priority_by", default=0),
        comment=entry.text("comment", default=""),
    )
    entry.done()
    if step.overflow_to and step.also:
        raise entry.error("also", "a step either moves the call or copies it", "one of the two")
    if not (step.overflow_to or step.also or step.priority_by):
        raise entry.error("after", "the step does nothing", "overflow_to: second_queue")
    return step


def _check_targets(plan: Section, acd: AcdConfig) -> None:
    """Refuse steps that lead to unknown queues, and overflow that never comes to rest."""
    known = {queue.name: queue for queue in acd.queues}
    for name, entry in plan.entries("queues"):
        for step in entry.sections("steps") if entry.has("steps") else ():
            for key in ("overflow_to", "also"):
                target = step.text(key) if step.has(key) else None
                if target is not None and target not in known:
                    raise step.error(
                        key, f"there is no queue '{target}'", f"one of: {', '.join(known)}"
                    )
                if target == name:
                    raise step.error(key, f"queue '{name}' leads to itself", "another queue")
    for name, entry in plan.entries("queues"):
        path = _overflow_cycle(name, known)
        if path:
            raise entry.error(
                "steps",
                f"overflow goes round in a circle: {' -> '.join(path)}",
                "steps that end in a queue without overflow_to",
            )


def _overflow_cycle(start: str, known: dict[str, QueueConfig]) -> list[str]:
    path = [start]
    while True:
        target = next(
            (step.overflow_to for step in known[path[-1]].steps if step.overflow_to), None
        )
        if target is None:
            return []
        if target in path:
            return [*path[path.index(target) :], target]
        path.append(target)
