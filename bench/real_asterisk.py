"""Offhook on a real Asterisk under load, beside Asterisk's own Queue() with the same callers.

Run by hand, as root, for it needs the Asterisk of the tests (CONTRIBUTING.md):

    .venv/bin/python bench/real_asterisk.py

Callers and desks are sipp's, on the same machine. Each side has an Asterisk of its own, one after
the other. Nothing is held against a bound: the table is for reading (docs/bench.md).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bench.asterisk_load import Load, carry
from bench.asterisk_side import Ours, Side
from bench.open_files import raise_limit
from tests.real_asterisk.asterisk import running

_QUEUE, _OFFHOOK = "8100", "4930100"


def main() -> None:
    """Read the command line, let calls come, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=int, default=40, help="calls a second (40)")
    parser.add_argument("--seconds", type=int, default=60, help="for so long (60)")
    parser.add_argument("--agents", type=int, default=200, help="desks, at most 200")
    parser.add_argument("--talk", type=int, default=3_000, help="milliseconds of talk (3000)")
    parser.add_argument("--only", choices=("queue", "offhook"), help="one side of the two")
    asked = parser.parse_args()
    raise_limit()
    busy = os.getloadavg()[0]
    load = Load(
        rate=asked.rate,
        lasts_s=asked.seconds,
        agents=asked.agents,
        ring_ms=200,
        talk_ms=asked.talk,
        patience_ms=30_000,
    )
    sides = {}
    if asked.only != "offhook":
        sides["Queue()"] = asyncio.run(_queue(load))
    if asked.only != "queue":
        sides["Offhook"] = asyncio.run(_offhook(load))
    print(f"\nBefore the run {busy:.1f} processes wanted a core of {os.cpu_count()}.")
    _write(load, sides)


async def _nothing() -> None:
    """Be ready at once."""


async def _queue(load: Load) -> Side:
    """Let Asterisk's own queue serve them."""
    async with running() as asterisk:
        outcome = await carry(asterisk, _QUEUE, load, {}, _nothing)
        told = await asterisk.cli("queue show desks")
    members = [line for line in told.splitlines() if "PJSIP/" in line and "(ringinuse" in line]
    stuck = [line for line in members[: load.agents] if "Not in use" not in line]
    return Side(outcome=outcome, stuck=len(stuck), calls_left=0, handling_ms=())


async def _offhook(load: Load) -> Side:
    """Let Offhook serve them."""
    with tempfile.TemporaryDirectory(prefix="offhook-") as folder:
        async with running() as asterisk, Ours.running(asterisk, load, Path(folder)) as ours:
            outcome = await carry(
                asterisk, _OFFHOOK, load, {"Offhook": ours.pid}, ours.let_agents_in
            )
            return await ours.side(outcome)


def _write(load: Load, sides: dict[str, Side]) -> None:
    print(
        f"\n{load.rate} calls/s for {load.lasts_s} s to {load.agents} desks, which ring"
        f" {load.ring_ms} ms and talk {load.talk_ms} ms\n"
    )
    rows: list[tuple[str, Callable[[Side], str]]] = [
        ("calls", lambda side: f"{side.outcome.calls:,}"),
        ("calls lost", lambda side: f"{side.outcome.lost}"),
        ("agents stuck 5 s afterwards", lambda side: f"{side.stuck}"),
        ("channels left", lambda side: f"{side.outcome.channels}"),
        ("calls left in the engine", lambda side: f"{side.calls_left}"),
        ("offered to answered, p50 ms", lambda side: _at(side.outcome.set_up_ms, 50)),
        ("offered to answered, p99 ms", lambda side: _at(side.outcome.set_up_ms, 99)),
        ("INVITE to talk, p50 ms", lambda side: _at(side.outcome.to_talk_ms, 50)),
        ("INVITE to talk, p99 ms", lambda side: _at(side.outcome.to_talk_ms, 99)),
        ("ARI event to CTI event, p50 ms", lambda side: _at(side.handling_ms, 50)),
        ("ARI event to CTI event, p99 ms", lambda side: _at(side.handling_ms, 99)),
    ]
    rows += [
        (f"processor time of {name}, s", partial(_spent, name))
        for name in ("Asterisk", "Offhook", "sipp calls", "sipp answers")
    ]
    print(f"| {'figure':34} | {' | '.join(f'{name:>9}' for name in sides)} |")
    print(f"|{'-' * 36}|{'|'.join('-' * 10 + ':' for _ in sides)}|")
    for name, read in rows:
        print(f"| {name:34} | {' | '.join(f'{read(side):>9}' for side in sides.values())} |")
    for name, side in sides.items():
        if side.outcome.faults:
            print(f"\n{name}: {side.outcome.faults}")


def _at(values: tuple[float, ...], percent: int) -> str:
    return f"{np.percentile(values, percent):.1f}" if values else "-"


def _spent(name: str, side: Side) -> str:
    spent = side.outcome.cpu_s
    return f"{spent[name]:.1f}" if name in spent else "-"


if __name__ == "__main__":
    main()
