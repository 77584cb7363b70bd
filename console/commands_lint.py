"""`offhook lint`: what can be followed in a queue plan but is hardly meant."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from pathlib import Path

import typer
from rich.table import Table

from acd.lint import CHECKS, lint
from acd.lint_check import Finding, Severity
from acd.lint_view import Surroundings, Where
from acd.plan_file import read_plan
from console.faults import FAILED
from console.terminal import out, write_json
from csta.calendar_file import read_calendars
from csta.documents import Section, load_document
from csta.errors import ConfigError
from csta.ids import category_of, local_part
from ctiserver.core.config import EngineConfig
from ctiserver.live.wall_clock import wall
from ctiserver.live.zones import PackagedZones
from ivr.config import Flow, QueueStep, SetStep, TransferStep
from scenarios.scenario import LIBRARY, Scenario, load_scenario

SCHEMA = "offhook.lint/1"

_QUEUE = "acd"


def run_lint(file: str, *, as_json: bool) -> int:
    """Print what the checks find in a plan, or in the plan of a scenario; 1 if it has an error.

    Raises:
        ConfigError: the plan, or the scenario, cannot be read.
    """
    path = _find(file)
    document = load_document(path)
    if document.has("scenario"):
        around = _around(load_scenario(path))
        section = _plan_of(document)
    else:
        around = Surroundings(at=wall())
        section = document
    plan = read_plan(section, read_calendars(section, PackagedZones()))
    section.done()
    findings = lint(plan.acd, plan.agents, around)
    if as_json:
        write_json(_document(section, findings))
    else:
        _write(section, findings)
    return FAILED if any(f.severity is Severity.ERROR for f in findings) else 0


def list_checks(*, as_json: bool) -> int:
    """Print all checks."""
    if as_json:
        columns = ("id", "severity", "title", "why", "example")
        rows = [{name: getattr(check, name) for name in columns} for check in CHECKS.values()]
        write_json({"schema": SCHEMA, "checks": rows})
        return 0
    table = Table(box=None, pad_edge=False)
    for column in ("id", "severity", "what it finds"):
        table.add_column(column)
    for check in CHECKS.values():
        table.add_row(check.id, check.severity.value, check.title)
    out().print(table)
    return 0


def explain_check(name: str) -> int:
    """Print one check: what it finds, why that matters, and how it looks in a file.

    Raises:
        BadParameter: there is no such check.
    """
    check = CHECKS.get(name.upper())
    if check is None:
        close = get_close_matches(name.upper(), list(CHECKS), n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        problem = f"there is no check '{name}'.{hint}"
        raise typer.BadParameter(problem, param_hint="--explain")
    console = out()
    console.print(f"check     {check.id}, {check.severity.value}")
    console.print(f"finds     {check.title}")
    console.print(f"why       {check.why}", soft_wrap=True)
    console.print(f"example   {check.example}", soft_wrap=True)
    return 0


def _find(file: str) -> Path:
    """Find a file, or a scenario of the library by its name."""
    path = Path(file)
    shipped = LIBRARY / f"{file}.yaml"
    return shipped if not path.exists() and shipped.is_file() else path


def _plan_of(document: Section) -> Section:
    """Give the plan of a scenario that has been read before, so that it is there."""
    if isinstance(document.raw("plan"), str):
        return load_document(Path(document.file).parent / document.text("plan"))
    return document.section("plan")


def _around(scenario: Scenario) -> Surroundings:
    """Say what numbers and flows of a scenario lead to, and ask for."""
    engine = scenario.engine
    return Surroundings(
        entered=tuple(dict.fromkeys(_entered(engine))),
        asked=tuple(dict.fromkeys(_asked(tuple(engine.flows.values())))),
        at=scenario.starts_at,
    )


def _entered(engine: EngineConfig) -> list[str]:
    devices = [*engine.numbers.values(), engine.default_device]
    queues = []
    for flow in engine.flows.values():
        queues.append(flow.on_limit)
        for step in flow.steps.values():
            if isinstance(step, QueueStep):
                queues.append(step.queue)
            elif isinstance(step, TransferStep):
                devices.append(step.device)
    return [*(local_part(d) for d in devices if category_of(d) == _QUEUE), *queues]


def _asked(flows: tuple[Flow, ...]) -> list[str]:
    steps = [step for flow in flows for step in flow.steps.values()]
    return [s for step in steps if isinstance(step, SetStep | QueueStep) for s in step.skills]


def _document(plan: Section, findings: tuple[Finding, ...]) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "file": plan.file,
        "checks": len(CHECKS),
        "findings": [
            {
                "id": finding.id,
                "severity": finding.severity,
                "line": line_of(plan, finding.where),
                "where": finding.place,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
    }


def _write(plan: Section, findings: tuple[Finding, ...]) -> None:
    console = out()
    for finding in findings:
        where = f"{plan.file}:{line_of(plan, finding.where)} at '{finding.place}'"
        console.print(f"{finding.id} {finding.severity.value}: {finding.message}", soft_wrap=True)
        console.print(f"  where: {where}", soft_wrap=True)
        console.print(f"  write: {finding.remedy}", soft_wrap=True)
    counts = Counter(finding.severity for finding in findings)
    said = [_counted(counts[severity], severity.value) for severity in Severity]
    console.print(f"{len(CHECKS)} checks: {', '.join(said)}")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def line_of(plan: Section, where: Where) -> int:
    """Give the line of a path in the file; where a part of it is not there, of what is around."""
    section, line, parts = plan, plan.line, list(where)
    try:
        while parts:
            key = str(parts.pop(0))
            if not section.has(key):
                break
            line = section.line_of(key)
            if not parts:
                break
            if section is plan and key == "agents":
                section = _agent(plan, str(parts.pop(0)))
                line = section.line
            elif isinstance(parts[0], int):
                section = section.sections(key)[int(parts.pop(0)) - 1]
                line = section.line
            else:
                section = section.section(key)
    except ConfigError:
        # Steps may be the name of a recipe, and other values be written in two ways.
        return line
    return line


def _agent(plan: Section, agent_id: str) -> Section:
    """Find the entry of an agent, which may stand for many."""
    for entry in plan.sections("agents"):
        base = entry.text("id")
        number = agent_id.removeprefix(base) if entry.has("count") else ""
        if agent_id == base or (number.isdigit() and agent_id.startswith(base)):
            return entry
    raise AssertionError(f"agent {agent_id} was read from this plan")
