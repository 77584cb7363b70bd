"""Faults as people read them: what, where (with the line itself), and what to write instead."""

from __future__ import annotations

import errno
import gzip
import os
import sys
import traceback
from pathlib import Path

from typer.exceptions import TyperException

from csta.errors import ConfigError

FAILED = 1
WRONG_USAGE = 2
INVALID_FILE = 3
TARGETS_MISSED = 5
INTERRUPTED = 130

_SHOWN_MAX = 100


class FailedError(Exception):
    """A command has failed for a reason that can be told in three lines."""

    def __init__(self, what: str, where: str, write: str) -> None:
        """Say what is wrong, where, and what to do."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.write = write


def tell(fault: BaseException) -> int:
    """Tell of a fault on stderr; gives the exit code."""
    if isinstance(fault, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(fault, OSError) and fault.errno == errno.EPIPE:
        # Who reads our output has enough; Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if os.environ.get("OFFHOOK_DEBUG") == "1":
        traceback.print_exception(fault)
    code, what, where, write = _words(fault)
    sys.stderr.write(f"{what}\n  where: {where}\n  write: {write}\n")
    return code


def _words(fault: BaseException) -> tuple[int, str, str, str]:
    if isinstance(fault, ConfigError):
        where = f"{fault.file}:{fault.line}" + (f" at '{fault.key}'" if fault.key else "")
        line = _line(Path(fault.file), fault.line)
        return INVALID_FILE, fault.problem, f"{where}: {line}" if line else where, fault.remedy
    if isinstance(fault, FailedError):
        return FAILED, fault.what, fault.where, fault.write
    if isinstance(fault, TyperException):
        context = getattr(fault, "ctx", None)
        command = context.command_path if context else "offhook"
        what = getattr(fault, "format_message", fault.__str__)()
        return WRONG_USAGE, what, command, f"{command} --help shows how"
    if isinstance(fault, OSError):
        return FAILED, fault.strerror or str(fault), str(fault.filename or "-"), "another file"
    what = f"this should not happen: {type(fault).__name__}: {fault}".splitlines()[0]
    frames = traceback.extract_tb(fault.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "-"
    return FAILED, what, where, "OFFHOOK_DEBUG=1 before the command, for the traceback"


def _line(path: Path, number: int) -> str:
    """Give a line of a file, or nothing when it cannot be had."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for count, line in enumerate(file, start=1):
                if count == number:
                    return line.decode("utf-8", "replace").strip()[:_SHOWN_MAX]
    except (OSError, EOFError):
        pass
    return ""
