"""Run the benchmarks and print their tables (`make bench`; docs/bench.md says how to read them).

Every run has a process of its own and counts its processor time. The rounds go through all runs
in turn, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import msgspec

from bench import explain, server
from bench.cases import REFERENCES, AnyCase, decisions, models, timers, whole_calls
from bench.figures import Measured, Table, write
from bench.tables import (
    Rounds,
    decision_table,
    full_fidelity_table,
    model_table,
    ratio_table,
    timer_table,
)


class Report(msgspec.Struct, frozen=True):
    """All that was measured, with the machine it was measured on."""

    python: str
    machine: str
    cores: int
    rounds: int
    seconds: float
    tables: tuple[Table, ...]


def main() -> None:
    """Read the command line, run everything, print it."""
    parser = argparse.ArgumentParser(description="Run the benchmarks and print their tables.")
    parser.add_argument("--quick", action="store_true", help="one short round, under a minute")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the default run (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all values there too")
    parser.add_argument("--server", action="store_true", help="only what measures the CTI server")
    asked = parser.parse_args()
    quick, count = asked.quick, 1 if asked.quick else asked.rounds
    cases: list[AnyCase] = [*server.cases(quick=quick)]
    if not asked.server:
        cases += whole_calls(quick=quick) + models(quick=quick) + decisions(quick=quick) + timers()
        cases += explain.cases(quick=quick)
    begun = time.monotonic()
    rounds = _run(cases, count)
    report = Report(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        machine=platform.machine(),
        cores=os.cpu_count() or 1,
        rounds=count,
        seconds=round(time.monotonic() - begun, 1),
        tables=(*(() if asked.server else _cores(rounds)), *server.tables(rounds)),
    )
    _print(report)
    if asked.json:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def _cores(rounds: Rounds) -> tuple[Table, ...]:
    return (
        full_fidelity_table(rounds),
        model_table(rounds),
        *([ratio_table(rounds)] if REFERENCES.is_dir() else []),
        *decision_table(rounds),
        timer_table(rounds),
        explain.table(rounds),
    )


def _run(cases: list[AnyCase], count: int) -> Rounds:
    rounds: dict[str, list[dict[str, Measured]]] = {case.name: [] for case in cases}
    for seed in range(1, count + 1):
        for case in cases:
            if seed == 1 or not case.once:
                if sys.stderr.isatty():
                    print(f"\rround {seed} of {count}: {case.name:30}", end="", file=sys.stderr)
                rounds[case.name].append(case.run(seed))
    if sys.stderr.isatty():
        print(f"\r{'':50}\r", end="", file=sys.stderr)
    return rounds


def _print(report: Report) -> None:
    print(
        f"{report.python} on {report.machine}, {report.cores} cores; rounds: {report.rounds};"
        f" {report.seconds:.0f} s. Rates are per second of processor time on one core."
    )
    if not REFERENCES.is_dir():
        print("References (SimPy, plain Python, SQL) were left out: ../shared/bench is not there.")
    write(report.tables)


if __name__ == "__main__":
    main()
