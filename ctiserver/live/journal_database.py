"""The journal's database: its tables, its lock, and the statements that write to it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

_BUSY_S = 0.25
_ROWS_MAX = 64
"""Of each number of rows SQLite keeps a statement that is read and planned already."""
_VERSION = 1
_SCHEMA = (
    "CREATE TABLE records (n INTEGER PRIMARY KEY, sequence INTEGER, line BLOB NOT NULL)",
    "CREATE UNIQUE INDEX by_sequence ON records (sequence) WHERE sequence IS NOT NULL",
    """CREATE TABLE kept (
        name TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name, key)
    ) WITHOUT ROWID""",
    f"PRAGMA user_version = {_VERSION}",
)


class StoreError(Exception):
    """A journal's store that cannot be used: what is wrong, and what to do."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal; `n` counts from 0, the header. `sequence` is that of an event."""

    n: int
    sequence: int | None
    line: bytes


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A row that a part of the server keeps over restarts: `None` lets go of it."""

    table: str
    key: str
    value: bytes | None


def locked(path: Path) -> IO[str]:
    """Take the lock that only one server can have; it ends with the process that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise StoreError(
            f"another server (process {owner}) writes to this journal; stop it, or name another"
            f" file (lock {path})"
        ) from None
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def prepare(path: Path) -> None:
    """Make the tables if there are none yet."""
    try:
        database = connect(path)
        try:
            [version] = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise StoreError(f"{path} is of version {version}, this program writes {_VERSION}")
            if version == 0:
                if database.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
                    raise StoreError(f"{path} is another program's database, and no journal")
                database.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA:
                    database.execute(statement)
                database.execute("COMMIT")
        finally:
            database.close()
    except sqlite3.Error as fault:
        raise StoreError(f"{path} cannot be opened as a journal: {fault}") from fault
    path.chmod(0o600)


def connect(path: Path) -> sqlite3.Connection:
    """Open the connection that writes, and see that what it commits is safe."""
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        mode = database.execute("PRAGMA journal_mode = WAL").fetchone()
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA wal_autocheckpoint = 0").fetchone()
        safe = database.execute("PRAGMA synchronous").fetchone()
    except BaseException:
        database.close()
        raise
    if (mode, safe) != (("wal",), (2,)):
        database.close()
        raise StoreError(f"{path}: no WAL with synchronous=FULL here, but {mode} and {safe}")
    return database


def has(database: sqlite3.Connection, record: Record) -> bool:
    """Tell whether a record is there, as it was to be written."""
    found = database.execute("SELECT line FROM records WHERE n = ?", (record.n,)).fetchone()
    return bool(found == (record.line,))


def insert(database: sqlite3.Connection, records: Sequence[Record], kept: Sequence[Kept]) -> None:
    """Write in one transaction, and in as few statements as can be.

    Between any two of them the thread has to win back the interpreter from a busy loop.
    """
    if not kept and 0 < len(records) <= _ROWS_MAX:
        _insert_records(database, records)
        return
    database.execute("BEGIN IMMEDIATE")
    for start in range(0, len(records), _ROWS_MAX):
        _insert_records(database, records[start : start + _ROWS_MAX])
    for row in kept:
        if row.value is None:
            database.execute("DELETE FROM kept WHERE name = ? AND key = ?", (row.table, row.key))
        else:
            database.execute(
                "INSERT INTO kept VALUES (?, ?, ?)"
                " ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
                (row.table, row.key, row.value),
            )
    database.execute("COMMIT")


def _insert_records(database: sqlite3.Connection, records: Sequence[Record]) -> None:
    places = ", ".join(["(?, ?, ?)"] * len(records))
    values: list[int | bytes | None] = []
    for record in records:
        values += (record.n, record.sequence, record.line)
    database.execute(f"INSERT INTO records VALUES {places}", values)  # noqa: S608 - only marks
