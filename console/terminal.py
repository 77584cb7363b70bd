"""Where commands write: data to stdout, talk to stderr, bars on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress

_WIDTH_IN_FILES = 120


def out() -> Console:
    """Give the console of the data: as wide as the terminal, or 120 columns without one."""
    width = None if sys.stdout.isatty() else _WIDTH_IN_FILES
    return Console(width=width, highlight=False, markup=False, emoji=False)


def write_json(value: object) -> None:
    """Write one JSON object on stdout."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """Show the share done on stderr while the block runs, if that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def journal_file(path: Path | None) -> Iterator[Callable[[bytes], object] | None]:
    """Open a journal for writing while the block runs; None without a path."""
    if path is None:
        yield None
        return
    with path.open("wb") as file:
        yield file.write
