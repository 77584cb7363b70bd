"""`offhook replay`: a recorded month through the whole centre, beside what was recorded."""

from __future__ import annotations

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from console.faults import TARGETS_MISSED, FailedError
from console.terminal import journal_file, out, progress_bar, write_json
from csta.instants import SECOND
from scenarios.days import Days
from scenarios.scenario import LIBRARY
from scenarios.trace import Trace, read_trace
from scenarios.trace_replay import Check, TraceReplay, replay_trace

SCHEMA = "offhook.trace-replay/1"

_SHIPPED = LIBRARY / "synthetic_month.csv.gz"
_WAITS = ("wait", "ASA")


def run_replay(
    file: Path | None,
    days: Days,
    *,
    seed: int,
    as_json: bool,
    check: bool,
    journal_out: Path | None,
) -> int:
    """Replay a trace and compare; with `check`, a missed gate is an exit code of its own."""
    path = _SHIPPED if file is None else file
    if file is None and not path.is_file():
        what = "this copy of the program has no month of its own"
        raise FailedError(what, path.name, "offhook replay FILE, with a trace of yours")
    trace = read_trace(path, days)
    with journal_file(journal_out) as journal, progress_bar(path.name) as show:
        replayed = replay_trace(trace, seed, title=path.name, journal=journal, progress=show)
    if as_json:
        write_json(_document(path, trace, replayed, seed))
    else:
        _write(out(), path, trace, replayed, seed)
    return TARGETS_MISSED if check and not replayed.passed else 0


def _document(path: Path, trace: Trace, replayed: TraceReplay, seed: int) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "trace": path.name,
        "seed": seed,
        "rows": trace.rows,
        "calls": len(trace.calls),
        "dropped": {reason.value: count for reason, count in trace.dropped.items()},
        "mended": {reason.value: count for reason, count in trace.mended.items()},
        "blocked": replayed.blocked,
        "data": replayed.data,
        "replay": replayed.replay,
        "checks": [
            {**msgspec.structs.asdict(check), "passed": check.passed} for check in replayed.checks
        ],
        "passed": replayed.passed,
    }


def _write(console: Console, path: Path, trace: Trace, replayed: TraceReplay, seed: int) -> None:
    console.print(f"{path.name}: {trace.rows:,} rows, {len(trace.calls):,} calls, seed {seed}")
    for title, counts in (("not used", trace.dropped), ("mended", trace.mended)):
        for reason, count in counts.items():
            console.print(f"  {title:9}{count:>7,}  {reason.value}")
    table = Table(
        "", "data", "replay", "difference", "may be", "verdict",
        box=None, pad_edge=False, padding=(0, 2, 0, 0),
    )  # fmt: skip
    for column in table.columns[1:5]:
        column.justify = "right"
    for check in replayed.checks:
        table.add_row(check.name, *_cells(check))
    console.print()
    console.print(table)
    if replayed.blocked:
        console.print(f"{replayed.blocked:,} calls were blocked at the trunks")
    console.print("the gate is passed" if replayed.passed else "the gate is missed")


def _cells(check: Check) -> tuple[str, ...]:
    difference, limit = check.difference, check.limit
    if check.name == "offered":
        data, replay = f"{check.data:,.0f}", f"{check.replay:,.0f}"
        unit = "%"
    elif any(word in check.name for word in _WAITS) and "P(" not in check.name:
        data, replay = f"{check.data / SECOND:.1f} s", f"{check.replay / SECOND:.1f} s"
        unit = "%"
    else:
        data, replay = f"{check.data:.2%}", f"{check.replay:.2%}"
        unit = "points"
    verdict = "" if limit is None else "ok" if check.passed else "! missed"
    may_be = "" if limit is None else f"±{100 * limit:.1f} {unit}"
    return data, replay, f"{100 * difference:+.2f} {unit}", may_be, verdict
