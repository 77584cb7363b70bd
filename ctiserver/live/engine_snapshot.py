"""Snapshots of an engine, so that a start need not go through the whole journal (§5.3.5).

`python -m ctiserver.live.engine_snapshot JOURNAL` makes one, in a process of its own: it goes on
from the last snapshot through the records since, so that the server never stops for it, and so that
each snapshot proves that what was decided can be decided again. It never becomes one if not.

A snapshot is a header line and a pickle. It is read only by the very program that has written it:
other code or another Python begins with the whole journal instead.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import pickle
import sys
from contextlib import closing
from functools import lru_cache
from pathlib import Path

import msgspec
import structlog

from csta.instants import Instant
from ctiserver.core.engine import Engine
from ctiserver.core.journal import Header, JournalError, Place, place_of
from ctiserver.live.folding import Folding, JournalDiffersError
from ctiserver.live.journal_reader import JournalReader

KEPT = 3
_SUFFIX = ".snapshot"
_PACKAGES = ("csta", "agents", "acd", "ivr", "ctiserver.core")

_log = structlog.get_logger(__name__)


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the pickle: where in which journal it is, who can read it, its digest."""

    epoch: str
    place: Place
    at: Instant
    code: str
    sha256: str


class Snapshot(msgspec.Struct, frozen=True):
    """An engine as it was after a record."""

    head: SnapshotHead
    engine: Engine


class SnapshotResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of making a snapshot: up to which record, or why there is none."""

    n: int | None
    replayed: int = 0
    problem: str | None = None


def directory_of(journal: Path) -> Path:
    """Name the directory of a journal's snapshots."""
    return journal.with_name(journal.name + ".snapshots")


@lru_cache(maxsize=1)
def code_version() -> str:
    """Give a digest of all that the engine consists of: its sources, Python, msgspec."""
    digest = hashlib.sha256(f"{sys.version} msgspec {msgspec.__version__}".encode())
    for name in _PACKAGES:
        package = Path(importlib.import_module(name).__path__[0])
        for source in sorted(package.glob("*.py")):
            digest.update(f"\0{name}/{source.name}\0".encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()


def write_snapshot(journal: Path, folding: Folding, epoch: str) -> Path:
    """Write a snapshot so that it is whole or not there, and let go of the oldest.

    Raises:
        OSError: it cannot be written.
    """
    body = pickle.dumps(folding.engine, protocol=5)
    head = SnapshotHead(
        epoch=epoch,
        place=folding.place,
        at=folding.at,
        code=code_version(),
        sha256=hashlib.sha256(body).hexdigest(),
    )
    directory = directory_of(journal)
    directory.mkdir(mode=0o700, exist_ok=True)
    path = directory / f"{folding.place.n:016}{_SUFFIX}"
    fresh = path.with_suffix(".new")
    with open(fresh, "wb", opener=_private) as file:
        file.write(msgspec.json.encode(head) + b"\n")
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    _sync_directory(directory)
    for old in _all(directory)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def newest(journal: Path, reader: JournalReader) -> Snapshot | None:
    """Read the newest snapshot that is whole, of this program, and of this journal."""
    for path in _all(directory_of(journal)):
        try:
            return _read(path, reader)
        except _UnfitError as fault:
            _log.warning("snapshot.ignored", path=str(path), reason=str(fault))
    return None


class _UnfitError(Exception):
    """A snapshot that is not to be used: why not."""


def _read(path: Path, reader: JournalReader) -> Snapshot:
    try:
        line, _, body = path.read_bytes().partition(b"\n")
        head = msgspec.json.decode(line, type=SnapshotHead)
    except (OSError, msgspec.DecodeError) as fault:
        raise _UnfitError(f"it is damaged: {fault}") from fault
    if hashlib.sha256(body).hexdigest() != head.sha256:
        raise _UnfitError("it is damaged: its digest is another")
    if head.code != code_version():
        raise _UnfitError("another program has written it")
    record = reader.line(head.place.n)
    if record is None or place_of(head.place.n, record) != head.place:
        raise _UnfitError("it is of another journal")
    # Only this program writes here, the file is its user's alone, and its digest is right.
    engine = pickle.loads(body)  # noqa: S301 - see above
    assert isinstance(engine, Engine), f"{path} holds no engine"
    return Snapshot(head, engine)


def folded(journal: Path, reader: JournalReader, header: Header) -> Folding:
    """Begin to go through a journal: at the newest snapshot that fits, or with a new engine."""
    found = newest(journal, reader)
    if found is not None:
        return Folding(found.engine, header, found.head.place, found.head.at)
    first = reader.line(0)
    assert first is not None, "a journal that has a header has a first line"
    return Folding(Engine(header.config), header, place_of(0, first), 0)


def make_snapshot(journal: Path) -> SnapshotResult:
    """Go on from the last snapshot to the end of the journal, and write what it comes to."""
    try:
        with closing(JournalReader(journal)) as reader:
            header = reader.header()
            if header is None:
                return SnapshotResult(n=None)
            folding = folded(journal, reader, header)
            replayed = folding.take(reader.lines(folding.place.n))
        if folding.owed:
            return SnapshotResult(n=None, problem="the journal ends in the middle of a step")
        if replayed:
            write_snapshot(journal, folding, header.epoch)
        return SnapshotResult(n=folding.place.n, replayed=replayed)
    except (JournalError, JournalDiffersError, OSError) as fault:
        return SnapshotResult(n=None, problem=f"{type(fault).__name__}: {fault}")


def _all(directory: Path) -> list[Path]:
    return sorted(directory.glob(f"*{_SUFFIX}"), reverse=True) if directory.is_dir() else []


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    # Logs go to standard error, the result to standard output.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    os.nice(10)
    sys.stdout.buffer.write(msgspec.json.encode(make_snapshot(Path(sys.argv[1]))))
