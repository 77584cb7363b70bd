"""`offhook journal verify` and `offhook journal replay`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from console.faults import FAILED, FailedError
from console.terminal import out
from ctiserver.core.journal import JournalError
from ctiserver.core.wire import rfc3339
from scenarios.journal_replay import Difference, replay, verify

Answer = TypeVar("Answer")

_AROUND = 60


def run_verify(path: Path) -> int:
    """Print what a sound journal holds."""
    figures = _read(verify, path)
    console = out()
    console.print(f"journal   {path}")
    if figures.title:
        console.print(f"title     {figures.title}")
    if figures.seed is not None:
        console.print(f"seed      {figures.seed}")
    console.print(f"epoch     {figures.epoch}")
    if figures.first_at is not None and figures.last_at is not None:
        console.print(f"time      {rfc3339(figures.first_at)} to {rfc3339(figures.last_at)}")
    console.print(f"records   {figures.records}")
    console.print(f"inputs    {figures.inputs}, and {figures.wakings} wakings")
    console.print(f"events    {figures.events}")
    console.print(f"SHA-256   {figures.sha256}")
    console.print("verdict   whole: no line is changed, missing, doubled or moved")
    return 0


def run_replay_of_journal(path: Path) -> int:
    """Run the inputs again; exit with 1 at the first event that differs."""
    verdict = _read(replay, path)
    console = out()
    console.print(f"journal   {path}")
    console.print(f"inputs    {verdict.inputs} given again, wakings included")
    console.print(f"events    {verdict.events} the same, byte for byte")
    if verdict.first_difference is None:
        console.print("verdict   equal")
        return 0
    console.print(f"verdict   different from line {verdict.first_difference.line} on")
    for line in _shown(verdict.first_difference):
        console.print(line, soft_wrap=True)
    return FAILED


def _shown(difference: Difference) -> list[str]:
    """Show both events around the first byte in which they differ."""
    journal, replayed = difference.journal, difference.replay
    if journal is None or replayed is None:
        start, cut = 0, None
    else:
        pairs = enumerate(zip_longest(journal, replayed))
        first = next((at for at, (one, other) in pairs if one != other), 0)
        start, cut = max(0, first - _AROUND), first + _AROUND
    before = "…" if start else ""
    return [
        f"  at      {rfc3339(difference.at)}",
        f"  journal {before}{journal[start:cut] if journal else 'no such event'}",
        f"  replay  {before}{replayed[start:cut] if replayed else 'no such event'}",
    ]


def _read(read: Callable[[Path], Answer], path: Path) -> Answer:
    try:
        return read(path)
    except JournalError as fault:
        where = f"{path}:{fault.line}"
        remedy = "the journal as it was written; the lines before this one are sound"
        raise FailedError(fault.problem, where, remedy) from fault
    except OSError as fault:
        what = f"the journal cannot be read: {fault.strerror}"
        raise FailedError(what, str(path), "the path of a journal that you may read") from fault
