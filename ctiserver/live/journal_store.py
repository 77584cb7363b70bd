"""The journal on disk: one thread writes it, in whole steps, and says when they are safe.

SQLite in WAL mode with `synchronous=FULL` (reliability §5.3): what is told to be committed survives
the loss of power. One connection writes and takes checkpoints, whoever reads opens the file
read-only (`journal_reader`): so the fault of SQLite before 3.51.3 by which two connections that
write can damage a WAL database has no place to happen. A lock on a file beside the database keeps
a second server away.

A disk that is full or stuck never stops whoever hands steps over: they wait here, in their order,
`health` says what is wrong, and the writer goes on when it can.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Protocol

import msgspec
import structlog

from ctiserver.live.journal_database import (
    Kept,
    Record,
    StoreError,
    connect,
    has,
    insert,
    locked,
    prepare,
)
from ctiserver.live.journal_reader import JournalReader

RESERVE_BYTES: Final = 64 * 1024 * 1024
"""So much room is kept free beside the database, to be given up when the disk is full."""

_TOGETHER_BYTES = 256 * 1024
_CHECKPOINT_BYTES = 512 * 1024
_CHECKPOINT_BYTES_MAX = 16 * 1024 * 1024
_COMMIT_BYTES = 3 * 4_096
_PAUSE_S, _PAUSE_S_MAX = 0.01, 1.0
_STUCK_S = 1.0
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)

_log = structlog.get_logger(__name__)


class StoreHealth(msgspec.Struct, frozen=True):
    """How the writer does: the last hand-over that is safe, and what keeps it from its work."""

    committed: int
    fault: str | None = None


class JournalStore(Protocol):
    """What the engine's host needs of a store; another database can stand behind it."""

    def start(self, on_commit: Callable[[int], object]) -> None:
        """Begin to write. `on_commit` is told, on another thread, which hand-over is safe."""

    def put(self, records: Sequence[Record], kept: Sequence[Kept] = ()) -> int:
        """Hand over what belongs together, and give the number of the hand-over, from 1."""

    def stop(self, within_s: float) -> bool:
        """Write what is there and close; False if that did not succeed within the time."""

    def kept(self, table: str) -> dict[str, bytes]:
        """Read what a part of the server has kept: its rows by their keys."""

    def health(self) -> StoreHealth:
        """Tell how the writer does."""


class _Whole(msgspec.Struct, frozen=True, gc=False):
    serial: int
    records: Sequence[Record]
    kept: Sequence[Kept]
    size: int


class SqliteStore:
    """A `JournalStore` in one SQLite database."""

    def __init__(self, path: Path, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Take possession of the database, which is made if it is not there.

        Raises:
            StoreError: another server writes to it, it is no journal, or it cannot be made safe.
        """
        self.path = path
        self._reserve = path.with_name(path.name + ".reserve")
        self._lock = locked(path.with_name(path.name + ".lock"))
        try:
            prepare(path)
            self._make_reserve(reserve_bytes)
        except BaseException:
            self._lock.close()
            raise
        self._waiting: SimpleQueue[_Whole | None] = SimpleQueue()
        self._left: _Whole | None = None
        self._serial = 0
        self._committed = 0
        self._fault: str | None = None
        self._given_up = threading.Event()
        self._ends = False
        self._is_full = False
        self._logged_bytes = 0
        self._on_commit: Callable[[int], object]
        self._database: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self, on_commit: Callable[[int], object]) -> None:
        """Begin to write. `on_commit` is told, on the writer's thread, what is safe."""
        self._on_commit = on_commit
        self._thread.start()

    def put(self, records: Sequence[Record], kept: Sequence[Kept] = ()) -> int:
        """Hand over what belongs together; it is written in one transaction, in this order."""
        self._serial += 1
        size = sum([len(record.line) for record in records])
        size += sum([len(row.value) for row in kept if row.value is not None])
        self._waiting.put(_Whole(self._serial, records, kept, size))
        return self._serial

    def stop(self, within_s: float = 5.0) -> bool:
        """Write what is there and close; False if that did not succeed within the time."""
        self._waiting.put(None)
        if self._thread.ident is not None:
            self._thread.join(within_s)
            if self._thread.is_alive():
                self._given_up.set()
                self._thread.join(_STUCK_S)
        self._reserve.unlink(missing_ok=True)
        self._lock.close()
        return self._committed == self._serial

    def kept(self, table: str) -> dict[str, bytes]:
        """Read what a part of the server has kept, as it is safe now."""
        with closing(JournalReader(self.path)) as reader:
            return reader.kept(table)

    def health(self) -> StoreHealth:
        """Tell how the writer does."""
        return StoreHealth(self._committed, self._fault)

    # On the writer's thread.

    def _run(self) -> None:
        while not self._given_up.is_set() and (wholes := self._take()):
            if not self._write(wholes):
                break
            self._committed = wholes[-1].serial
            with suppress(RuntimeError):  # the loop that wanted to know has ended
                self._on_commit(self._committed)
            self._checkpoint_if_due(wholes)
        self._close(last=True)

    def _take(self) -> list[_Whole]:
        """Wait for something to write, and take what is there: 256 KiB at most, or one step."""
        if self._ends:
            return []
        whole = self._left or self._waiting.get()
        self._left = None
        wholes: list[_Whole] = []
        size = 0
        while whole is not None:
            size += whole.size
            if wholes and size > _TOGETHER_BYTES:
                self._left = whole
                return wholes
            wholes.append(whole)
            try:
                whole = self._waiting.get_nowait()
            except Empty:
                return wholes
        self._ends = True
        return wholes

    def _write(self, wholes: Sequence[_Whole]) -> bool:
        """Write until it has succeeded; False if it is given up before."""
        records = [record for whole in wholes for record in whole.records]
        kept = [row for whole in wholes for row in whole.kept]
        pause = _PAUSE_S
        while True:
            try:
                if self._database is None:
                    self._database = connect(self.path)
                    if records and has(self._database, records[-1]):
                        return self._went_well()  # the commit that told of a fault was one
                insert(self._database, records, kept)
                return self._went_well()
            except (sqlite3.Error, StoreError, OSError) as fault:
                self._went_wrong(fault)
            if self._give_up_reserve():
                continue
            if self._given_up.wait(pause):
                return False
            pause = min(2 * pause, _PAUSE_S_MAX)

    def _went_well(self) -> bool:
        if self._fault is not None:
            _log.info("journal.writes_again", path=str(self.path))
            self._fault = None
        return True

    def _went_wrong(self, fault: Exception) -> None:
        """Note the fault; what has become of the transaction is asked of a new connection."""
        words = f"{type(fault).__name__}: {fault}"
        if self._fault != words:
            _log.error("journal.does_not_write", path=str(self.path), fault=words)
        self._fault = words
        self._close()
        self._is_full = getattr(fault, "sqlite_errorcode", None) in _FULL

    def _give_up_reserve(self) -> bool:
        if not self._is_full or not self._reserve.exists():
            return False
        self._is_full = False
        self._reserve.unlink()
        _log.error("journal.reserve_is_used_up", path=str(self._reserve))
        return True

    def _make_reserve(self, size: int) -> None:
        """Take hold of room on the disk; where there is none, the log says so."""
        if not size:
            return
        try:
            with self._reserve.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as fault:
            self._reserve.unlink(missing_ok=True)
            _log.warning("journal.no_reserve", path=str(self._reserve), fault=str(fault))

    def _checkpoint_if_due(self, wholes: Sequence[_Whole]) -> None:
        """Bring the log's pages home when nobody waits, or when there are very many.

        A commit writes each page that it has touched, however little of it is new. What comes
        during a checkpoint waits for it: a few pages at a time keep that to about a millisecond.
        """
        self._logged_bytes += _COMMIT_BYTES + sum([whole.size for whole in wholes])
        idle = self._left is None and self._waiting.empty()
        if self._logged_bytes < (_CHECKPOINT_BYTES if idle else _CHECKPOINT_BYTES_MAX):
            return
        try:
            assert self._database is not None, "there is no connection after a commit"
            self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._logged_bytes = 0
        except sqlite3.Error as fault:
            _log.warning("journal.no_checkpoint", fault=str(fault))

    def _close(self, *, last: bool = False) -> None:
        database, self._database = self._database, None
        if database is None:
            return
        try:
            if last:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            database.close()
        except sqlite3.Error as fault:
            _log.warning("journal.closed_with_a_fault", fault=str(fault))
