"""Journals read again: whether a file is sound, and whether its inputs give the same events."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from csta.instants import Instant
from ctiserver.core.engine import Engine
from ctiserver.core.journal import Header, Line, read_journal
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.wire import Published, encode
from ctiserver.live.journal_reader import open_journal


class JournalFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a sound journal holds; `records` are all its lines but the header."""

    title: str
    epoch: str
    seed: int | None
    records: int
    inputs: int
    wakings: int
    events: int
    first_at: Instant | None
    last_at: Instant | None
    sha256: str
    """Of all lines, in hexadecimal digits."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay leaves its journal; None stands for an event that one of them lacks."""

    line: int
    """The line of the journal, from 1, where the event stands or should stand."""
    at: Instant
    journal: str | None
    replay: str | None


class ReplayVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a replay: how much was replayed, and the first difference if there is one."""

    inputs: int
    """Inputs and wakings that were given to the engine."""
    events: int
    """Events that were the same, byte for byte."""
    first_difference: Difference | None = None

    @property
    def equal(self) -> bool:
        """Tell whether the replay gave the journal's events and no others."""
        return self.first_difference is None


def verify(path: Path) -> JournalFigures:
    """Read a journal from end to end.

    Raises:
        JournalError: a line is damaged, missing, doubled or moved, or this is no journal.
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    inputs = wakings = events = 0
    first_at = last_at = None
    with open_journal(path) as file:
        header, lines = read_journal(_hashed(file, digest))
        for line in lines:
            first_at = line.at if first_at is None else first_at
            last_at = line.at
            events += isinstance(line.event, msgspec.Raw)
            inputs += line.taken is not None
            wakings += line.wake
    return JournalFigures(
        title=header.title,
        epoch=header.epoch,
        seed=header.seed,
        records=inputs + wakings + events,
        inputs=inputs,
        wakings=wakings,
        events=events,
        first_at=first_at,
        last_at=last_at,
        sha256=digest.hexdigest(),
    )


def replay(path: Path) -> ReplayVerdict:
    """Give the inputs of a journal to a fresh engine, and compare the events byte for byte.

    It ends at the first difference.

    Raises:
        JournalError: a line is damaged, missing, doubled or moved, or this is no journal.
        OSError: the file cannot be read.
    """
    with open_journal(path) as file:
        header, lines = read_journal(file)
        return _replay(header, lines)


def _replay(header: Header, lines: Iterator[Line]) -> ReplayVerdict:
    replay = Replay(header, lines)
    inputs = sum(1 for _ in replay)
    return ReplayVerdict(
        inputs=inputs, events=replay.events, first_difference=replay.first_difference
    )


class Replay:
    """A fresh engine that is given a journal's inputs and wakings, one at a time.

    Going through it gives each line with what the engine decided. What it decided is compared with
    the journal's events before the next line is given; at a difference it ends.
    """

    def __init__(self, header: Header, lines: Iterator[Line]) -> None:
        """Build the engine that the header describes."""
        self.engine = Engine(header.config)
        self.events = 0
        self.first_difference: Difference | None = None
        self._header = header
        self._lines = lines

    def __iter__(self) -> Iterator[tuple[Line, Sequence[EngineDecision]]]:
        """Give the inputs to the engine.

        Raises:
            JournalError: a line is damaged, missing, doubled or moved.
        """
        expected: deque[bytes] = deque()
        last = Line(n=0, at=0)
        for last in self._lines:
            written = _written(last)
            if (expected[0] if expected else None) != written:
                self.first_difference = _difference(last, expected)
                return
            if expected:
                expected.popleft()
                self.events += 1
                continue
            decided = (
                self.engine.wake(last.at)
                if last.taken is None
                else self.engine.handle(last.taken, last.at)
            )
            yield last, decided
            expected = _encoded(decided, self._header)
        if expected:
            self.first_difference = _difference(Line(n=last.n + 1, at=last.at), expected)


def _written(line: Line) -> bytes | None:
    return bytes(line.event) if isinstance(line.event, msgspec.Raw) else None


def _difference(line: Line, expected: deque[bytes]) -> Difference:
    written = _written(line)
    return Difference(
        line=line.n + 1,
        at=line.at,
        journal=None if written is None else written.decode(),
        replay=expected[0].decode() if expected else None,
    )


def _encoded(decided: Sequence[EngineDecision], header: Header) -> deque[bytes]:
    return deque(
        encode(decision, header.epoch, header.source)
        for decision in decided
        if isinstance(decision, Published)
    )


def _hashed(lines: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for line in lines:
        digest.update(line)
        yield line
