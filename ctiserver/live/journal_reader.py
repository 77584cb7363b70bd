"""Journals read: from the server's database or from a file of lines, whoever writes meanwhile.

A database is read page by page, each in a transaction of its own: a long one would keep the writer
from taking checkpoints.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from csta.event_types import EVENT_BY_TYPE
from ctiserver.core.journal import Header, JournalError, Line, Place, place_of, read_journal
from ctiserver.core.wire import Envelope, Published
from ctiserver.live.event_log import Logged

_MAGIC = b"SQLite format 3\0"
_PAGE = 1_000


class _RawEnvelope(Envelope, frozen=True, kw_only=True):
    """An envelope whose data is of a type that is yet to be looked up."""

    data: msgspec.Raw


_line_decoder = msgspec.json.Decoder(Line)
_envelope_decoder = msgspec.json.Decoder(_RawEnvelope)


class JournalReader:
    """Reads a journal's database."""

    def __init__(self, path: Path) -> None:
        """Open it; call `close` in the end.

        Raises:
            JournalError: there is no such database.
        """
        try:
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0
            )
            # One word is read for the one question that every reader has: is it a journal?
            self._database.execute("SELECT n FROM records LIMIT 1").fetchone()
        except sqlite3.Error as fault:
            raise JournalError(1, f"this is no journal's database: {fault}") from fault

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def header(self) -> Header | None:
        """Read the header; None while the journal is empty."""
        line = self.line(0)
        return None if line is None else read_journal([line])[0]

    def line(self, n: int) -> bytes | None:
        """Read one line."""
        found = self._database.execute("SELECT line FROM records WHERE n = ?", (n,)).fetchone()
        return None if found is None else bytes(found[0])

    def lines(self, after: int = -1) -> Iterator[bytes]:
        """Read the lines after a record, the header being record 0, up to the present last one.

        A record that is missing is not seen here, but by the checksums of the lines.
        """
        while page := self._page(after):
            yield from (line for _, line in page)
            after = page[-1][0]

    def place(self) -> Place | None:
        """Tell where the journal ends; None while it is empty.

        Raises:
            JournalError: the last line is none of a journal.
        """
        found = self._database.execute(
            "SELECT n, line FROM records ORDER BY n DESC LIMIT 1"
        ).fetchone()
        return None if found is None else place_of(*found)

    def kept(self, table: str) -> dict[str, bytes]:
        """Read what a part of the server has kept, in the order of the keys."""
        rows = self._database.execute(
            "SELECT key, value FROM kept WHERE name = ? ORDER BY key", (table,)
        )
        return {key: bytes(value) for key, value in rows}

    def events(self, after: int, limit: int) -> list[Logged]:
        """Read up to `limit` events after a sequence, in their order."""
        rows = self._database.execute(
            "SELECT line FROM records WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, limit)
        )
        return [logged(bytes(line)) for (line,) in rows]

    def _page(self, after: int) -> Sequence[tuple[int, bytes]]:
        return self._database.execute(
            "SELECT n, CAST(line AS BLOB) FROM records WHERE n > ? ORDER BY n LIMIT ?",
            (after, _PAGE),
        ).fetchall()


def older_events(path: Path) -> Callable[[int, int], Awaitable[Sequence[Logged]]]:
    """Give what reads events of a journal for an `EventLog`: `older(after, limit)`."""

    def read(after: int, limit: int) -> Sequence[Logged]:
        with closing(JournalReader(path)) as reader:
            return reader.events(after, limit)

    async def older(after: int, limit: int) -> Sequence[Logged]:
        return await asyncio.to_thread(read, after, limit)

    return older


def logged(line: bytes) -> Logged:
    """Make of an event's line what the event log has: the event with its data, the envelope."""
    record = _line_decoder.decode(line[: line.rindex(b',"crc":"')] + b"}")
    assert isinstance(record.event, msgspec.Raw), f"record {record.n} is no event"
    body = bytes(record.event)
    envelope = _envelope_decoder.decode(body)
    cause = envelope.causationid
    event = Published(
        sequence=int(envelope.sequence),
        entity_sequence=envelope.entityseq,
        at=record.at,
        subject=envelope.subject,
        partition_key=envelope.partitionkey,
        data=msgspec.json.decode(envelope.data, type=EVENT_BY_TYPE[envelope.type]),
        correlation_id=envelope.correlationid or None,
        causation=int(cause.rpartition(":")[2]) if cause else None,
        principal=envelope.principal or None,
        synthetic=envelope.synthetic,
        quality=envelope.quality,
    )
    return Logged(event, body)


@contextmanager
def open_journal(path: Path) -> Iterator[Iterable[bytes]]:
    """Open a journal for reading, a server's database or a file: gives its lines once.

    Raises:
        JournalError: it is a database, but no journal's.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            file.seek(0)
            yield file
            return
    with closing(JournalReader(path)) as reader:
        yield reader.lines()
