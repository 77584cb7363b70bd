"""Scenarios as people write them: a centre, who calls it, and how its people behave, in one file.

`scenarios/library/clinic.yaml` is the shortest example. What a scenario refers to (a queue plan,
flows) is read with it, so that every fault of a run's files is found before the run.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import msgspec

from acd.plan_file import Plan as QueuePlan
from acd.plan_file import read_plan
from agents.simulated import Shift
from agents.skills import LEVEL_MAX
from crm_bridge.samples import COUNT_MAX
from csta.calendar_file import read_calendars
from csta.documents import Section, load_document, read_document
from csta.ids import DeviceId, device, local_part
from csta.instants import DAY, HOUR, MINUTE, Instant, Milliseconds
from ctiserver.core.config import EngineConfig
from ctiserver.core.reconfiguring import names_without_a_place
from ctiserver.live.zones import PackagedZones
from ivr.config import Flow
from ivr.menu_file import load_flow
from scenarios.behaviour import AgentBehaviour, read_behaviour, read_shifts
from scenarios.caller_stream import CallerStream, number_written, read_callers
from scenarios.world import Plan
from switch_sim.config import DialledNumber, PbxConfig, TrunkGroupConfig, VoiceUnitsConfig

LIBRARY = Path(__file__).parent / "library"
"""The scenarios that come with the program."""

_LASTS_MAX: Milliseconds = 62 * DAY
_LINES_MAX = 100_000
_TARGET = re.compile(r"(flow|queue)\s+(\S+)(?:\s+on\s+(\S+))?")
_CATEGORY = {"flow": "routeing", "queue": "acd"}


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """All of a run but its seed."""

    name: str
    about: str
    file: str
    starts_at: Instant
    lasts_ms: Milliseconds
    """How long calls come in; those that are under way then are brought to their end."""
    warm_up_ms: Milliseconds
    """What happens so long after the start is not measured."""
    engine: EngineConfig
    pbx: PbxConfig
    callers: tuple[CallerStream, ...]
    behaviour: AgentBehaviour
    shifts: tuple[Shift, ...]
    customers: int

    @property
    def ends_at(self) -> Instant:
        """The instant from which on nobody calls any more."""
        return self.starts_at + self.lasts_ms

    @property
    def measured_from(self) -> Instant:
        """The instant at which measuring begins."""
        return self.starts_at + self.warm_up_ms

    def plan(self, seed: int) -> Plan:
        """Say what the world of one run is made of."""
        return Plan(
            title=self.name,
            engine=self.engine,
            pbx=self.pbx,
            starts_at=self.starts_at,
            seed=seed,
            shifts=self.shifts,
            back_after_ms=self.behaviour.back_after_miss_ms,
        )


def load_scenario(path: Path) -> Scenario:
    """Read a scenario, and the queue plan and the flows that it names.

    Raises:
        ConfigError: one of the files has a fault; it names that file, the line and the key.
    """
    return read_scenario(load_document(path))


def read_scenario_text(text: str, name: str) -> Scenario:
    """Read a scenario from a text; `name` is its path. Raises as `load_scenario`."""
    return read_scenario(read_document(text, name))


def read_scenario(document: Section) -> Scenario:
    """Read a scenario from a document. Raises as `load_scenario`."""
    name = document.text("scenario")
    starts_at = _starts_at(document)
    lasts_ms = document.duration_ms("lasts", least=MINUTE)
    if lasts_ms > _LASTS_MAX:
        raise document.error("lasts", "that is longer than two months", "lasts: 1 d")
    warm_up_ms = document.duration_ms("warm_up", default=0, least=0)
    if warm_up_ms >= lasts_ms:
        problem = "the warm-up is as long as the scenario: nothing would be measured"
        raise document.error("warm_up", problem, "warm_up: 10 min")
    plan = _queue_plan(document)
    flows = _flows(document, tuple(queue.name for queue in plan.acd.queues))
    trunks = _trunks(document)
    numbers = _numbers(document, plan, flows, trunks)
    voice_units = _voice_units(document, flows)
    customers = document.integer("customers", default=1_000, least=0, most=COUNT_MAX)
    scenario = Scenario(
        name=name,
        about=document.text("about", default=""),
        file=document.file,
        starts_at=starts_at,
        lasts_ms=lasts_ms,
        warm_up_ms=warm_up_ms,
        engine=_engine(plan, flows, numbers),
        pbx=_pbx(plan, trunks, numbers, voice_units),
        callers=read_callers(
            document,
            hours=math.ceil(lasts_ms / HOUR),
            numbers=tuple(numbers),
            prompts=(*_prompts(flows), *_asked(plan)),
            customers=customers,
        ),
        behaviour=read_behaviour(document),
        shifts=read_shifts(document, plan.agents, starts_at, starts_at + lasts_ms),
        customers=customers,
    )
    document.done()
    for fault in names_without_a_place(scenario.engine):
        remedy = "a flow under flows:, a queue under plan: or a number"
        raise document.error("plan", fault, remedy)
    return scenario


def _starts_at(document: Section) -> Instant:
    if not document.has("starts_at"):
        problem = "the scenario does not say when it starts"
        raise document.error("starts_at", problem, "starts_at: 2026-11-23 08:00")
    text = document.text("starts_at")
    try:
        wall = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        problem = f"'{text}' is no day with a clock"
        raise document.error("starts_at", problem, "starts_at: 2026-11-23 08:00") from None
    if wall.timestamp() < 0:
        problem = f"{text} lies before 1970"
        raise document.error("starts_at", problem, "starts_at: 2026-11-23 08:00")
    return round(wall.timestamp()) * 1_000


def _queue_plan(document: Section) -> QueuePlan:
    if isinstance(document.raw("plan"), str):
        section = load_document(_beside(document, document, "plan", "plans/centre.yaml"))
    else:
        section = document.section("plan")
    plan = read_plan(section, read_calendars(section, PackagedZones()))
    if not plan.agents:
        remedy = "agents: [{id: A, count: 5, station: 1001, skills: {sales: 5}}]"
        raise section.error("agents", "the plan has no agents", remedy)
    section.done()
    for queue in plan.acd.queues:
        able = any(
            all(agent.skills.get(skill, 0) >= level for skill, level in queue.skills.items())
            for agent in plan.agents
        )
        if not able and not queue.steps:
            problem = f"no agent has the skills that queue '{queue.name}' asks for"
            remedy = ", ".join(f"{skill}: {LEVEL_MAX}" for skill in queue.skills)
            entry = dict(section.entries("queues"))[queue.name]
            raise entry.error("skills", problem, f"skills: {{{remedy}}} at one of the agents")
    return plan


def _flows(document: Section, queues: tuple[str, ...]) -> dict[str, Flow]:
    section = document.optional_section("flows")
    if section is None:
        return {}
    return {
        name: load_flow(_beside(document, section, name, f"flows/{name}.yaml"), queues)
        for name in section.keys()  # noqa: SIM118 - a Section is no mapping
    }


def _beside(document: Section, section: Section, key: str, example: str) -> Path:
    """Find a file that is named relative to the scenario's own."""
    text = section.text(key)
    path = Path(document.file).parent / text
    if not path.is_file():
        problem = f"there is no file '{text}' beside the scenario"
        raise section.error(key, problem, f"{key}: {example}, a path relative to this file")
    return path


def _trunks(document: Section) -> dict[str, int]:
    trunks = document.integers_by_name("trunks")
    if not trunks:
        raise document.error("trunks", "there are no trunks: nobody can call", "trunks: {pstn: 30}")
    section = document.section("trunks")
    for name in trunks:
        section.integer(name, least=1, most=_LINES_MAX)
    return trunks


def _numbers(
    document: Section, plan: QueuePlan, flows: dict[str, Flow], trunks: dict[str, int]
) -> dict[str, tuple[DeviceId, str]]:
    """Read where each number of ours leads, and on which trunks its calls come in."""
    section = document.section("numbers")
    known = {"flow": tuple(flows), "queue": tuple(queue.name for queue in plan.acd.queues)}
    numbers: dict[str, tuple[DeviceId, str]] = {}
    for key in section.keys():  # noqa: SIM118 - a Section is no mapping
        text = section.text(key)
        match = _TARGET.fullmatch(text)
        example = f"queue {known['queue'][0]}"
        if match is None:
            problem = f"'{text}' is nowhere that a number can lead"
            raise section.error(key, problem, f'"{key}": flow main, or "{key}": {example}')
        kind, name, group = match[1], match[2], match[3] or next(iter(trunks))
        if name not in known[kind]:
            raise section.error(key, f"there is no {kind} '{name}'", _one_of(name, known[kind]))
        if group not in trunks:
            problem = f"there is no trunk group '{group}'"
            raise section.error(key, problem, _one_of(group, tuple(trunks)))
        numbers[number_written(section, key, key)] = device(_CATEGORY[kind], name), group
    if not numbers:
        remedy = 'numbers: {"+49 30 555 100": flow main}'
        raise document.error("numbers", "there is no number that can be called", remedy)
    return numbers


def _one_of(word: str, known: tuple[str, ...]) -> str:
    if not known:
        return "flows: {main: flows/main.yaml}, to have one"
    close = get_close_matches(word, known, n=1)
    return close[0] if close else f"one of: {', '.join(known)}"


def _voice_units(document: Section, flows: dict[str, Flow]) -> int:
    units = document.integer("voice_units", default=0, least=0, most=_LINES_MAX)
    if flows and not units:
        problem = "a flow needs voice units to play its prompts"
        raise document.error("voice_units", problem, "voice_units: 10")
    return units


def _prompts(flows: dict[str, Flow]) -> tuple[str, ...]:
    """List all that the flows play, in their order."""
    found: dict[str, None] = {}
    for flow in flows.values():
        for step in flow.steps.values():
            retries = (getattr(step, "no_input", None), getattr(step, "no_match", None))
            for holder in (step, *retries):
                found |= dict.fromkeys(getattr(holder, "prompts", ()))
    return tuple(found)


def _asked(plan: QueuePlan) -> tuple[str, ...]:
    """List what callers are asked while they wait."""
    return tuple(question.prompt for question in plan.acd.questions.values())


def _engine(
    plan: QueuePlan, flows: dict[str, Flow], numbers: dict[str, tuple[DeviceId, str]]
) -> EngineConfig:
    leads_to = {number: target for number, (target, _) in numbers.items()}
    return EngineConfig(
        link_id="sim1",
        acd=plan.acd,
        agents=plan.agents,
        flows=flows,
        numbers=leads_to,
        default_device=next(iter(leads_to.values())),
    )


def _pbx(
    plan: QueuePlan,
    trunks: dict[str, int],
    numbers: dict[str, tuple[DeviceId, str]],
    voice_units: int,
) -> PbxConfig:
    return PbxConfig(
        trunk_groups=tuple(TrunkGroupConfig(name, size) for name, size in trunks.items()),
        dialled_numbers=tuple(
            DialledNumber(number, group) for number, (_, group) in numbers.items()
        ),
        stations=tuple(local_part(agent.device_id) for agent in plan.agents),
        voice_units=(VoiceUnitsConfig(voice_units),) if voice_units else (),
        ledger_max=0,
    )
