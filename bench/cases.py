"""The runs of a benchmark: which they are, and how each is started in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import msgspec

from bench.figures import Measured

ROOT = Path(__file__).parents[1]
REFERENCES = ROOT.parent / "shared" / "bench"
"""Programs that others wrote for the same models; they are not part of the project."""


POLICIES = ("greatest_need", "round_robin", "ranks")
"""Of `bench.routing`, those that are measured beside the first."""

Options: TypeAlias = dict[str, str | float]


class Case(msgspec.Struct, frozen=True):
    """One of our modules with its options; `once` is for what one round is enough for."""

    name: str
    module: str
    options: Options
    once: bool = False

    def run(self, seed: int) -> dict[str, Measured]:
        """Measure it in a process of its own."""
        options = msgspec.json.encode(self.options | {"seed": seed}).decode()
        command = [sys.executable, "-m", "bench.case", self.module, options]
        return msgspec.json.decode(_output(command), type=dict[str, Measured])


class Reference(msgspec.Struct, frozen=True):
    """One of the reference programs; it prints one line of JSON for its run."""

    name: str
    program: str
    scale: int
    load: float
    hours: float
    once: bool = False

    def run(self, seed: int) -> dict[str, Measured]:
        """Measure it; the program counts its processor time as we do."""
        program = str(REFERENCES / "sim" / f"{self.program}.py")
        figures = [f"{self.scale}", f"{self.hours:g}", f"{seed}", "1", f"{self.load:g}"]
        ran = json.loads(_output([sys.executable, program, *figures]))
        return {"calls": Measured(ran["calls"], ran["cpu_s"], ran["peak_kb"] / 1024)}


class RoutingReference(msgspec.Struct, frozen=True):
    """The reference routers: a table in SQL, a scan, an index; each decides what ours decides."""

    name: str
    agents: int
    once: bool = True

    def run(self, seed: int) -> dict[str, Measured]:
        """Measure all of them; the program has its own seed, and prints a table of rates."""
        del seed
        program = str(REFERENCES / "routing" / "bench_py.py")
        table = _output([sys.executable, program, f"{self.agents}"]).decode()
        rows = re.findall(r"\| \d+ \| (d\d) \| (\S+) \| ([\d,]+) ", table)
        return {
            f"{decision} {version}": Measured(int(rate.replace(",", "")), 1.0)
            for decision, version, rate in rows
        }


AnyCase = Case | Reference | RoutingReference


def whole_calls(*, quick: bool) -> list[AnyCase]:
    """Full fidelity, small and large, without and with a journal."""
    return [
        Case(
            f"full {agents} {'journal' if journal else 'plain'}",
            "full_fidelity",
            {"agents": agents, "calls": 1_000 if quick else 2_000, "journal": journal},
        )
        for agents in (100, 1_000)
        for journal in (False, True)
    ]


def models(*, quick: bool) -> list[AnyCase]:
    """M1 and M2, ours and the references in turn; the long ones have fewer hours."""
    cases: list[AnyCase] = []
    for scale, load, hours in (
        (1, 1, 1 if quick else 2),
        (10, 1, 0.6 if quick else 0.75),
        (1, 10, 0.6 if quick else 0.75),
    ):
        for model in ("m1", "m2"):
            size = f"{model} {scale} {load}"
            options: Options = {"model": model, "scale": scale, "load": load, "hours": hours}
            cases.append(Case(f"ours {size}", "queues_alone", options))
            programs = ("simpy", "py") if (scale, load) == (1, 1) or not quick else ()
            cases += [
                Reference(f"{program} {size}", f"{model}_{program}", scale, load, hours)
                for program in programs
                if REFERENCES.is_dir()
            ]
    longer: Options = {"model": "m2", "scale": 10, "load": 1, "hours": 1.2 if quick else 1.5}
    return [*cases, Case("ours m2 longer", "queues_alone", longer, once=True)]


def decisions(*, quick: bool) -> list[AnyCase]:
    """Routing at each depth, in a small and a large centre, and in a huge one."""
    sizes = [(100, 4, n) for n in (10, 100, 1_000, 10_000)]
    sizes += [(5_000, 40, n) for n in ((10, 10_000) if quick else (10, 100, 1_000, 10_000))]
    sizes += [] if quick else [(50_000, 40, 10_000)]
    steps = 2_000 if quick else 5_000
    options: list[tuple[str, Options]] = [
        (
            f"routing {agents} {waiting}",
            {"agents": agents, "skills": skills, "waiting": waiting, "steps": steps},
        )
        for agents, skills, waiting in sizes
    ]
    deep: Options = {"agents": 5_000, "skills": 40, "waiting": 10_000, "steps": steps}
    options += [(f"policy {policy}", deep | {"policy": policy}) for policy in POLICIES]
    cases: list[AnyCase] = [Case(name, "routing", each) for name, each in options]
    if REFERENCES.is_dir() and not quick:
        cases.append(RoutingReference("routers", 5_000))
    return cases


def timers() -> list[AnyCase]:
    """Deadlines beside 100,000 others."""
    return [Case("timers", "timers", {"pending": 100_000, "pairs": 200_000})]


def _output(command: list[str]) -> bytes:
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    # The commands are this file's; cwd makes `bench` importable.
    return subprocess.run(  # noqa: S603 - see above
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True
    ).stdout
