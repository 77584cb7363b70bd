"""The journal's format: every input with its instant, every event that came of it, line by line.

A line is one JSON object whose last member `crc` is the CRC-32 of the line before it and of its
own other bytes: a line that is changed, missing, doubled or moved is found. The first line is the
header, which holds the whole configuration, so that a journal replays by itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from csta.instants import Instant
from ctiserver.core.config import EngineConfig
from ctiserver.core.inputs import EngineInput
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.wire import Published, encode

FORMAT = 1

_encoder = msgspec.json.Encoder()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What stands first: which run this is, and all that the engine was told beforehand."""

    offhook_journal: int = FORMAT
    epoch: str
    source: str
    seed: int | None = None
    title: str = ""
    config: EngineConfig


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line after the header: an input (`in`), a waking (`wake`), or an event (`event`)."""

    n: int
    at: Instant
    taken: EngineInput | None = msgspec.field(name="in", default=None)
    wake: bool = False
    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Place(msgspec.Struct, frozen=True):
    """Where a journal stands: the number of its last record (0: the header), and the checksum."""

    n: int
    crc: int


_BEFORE = Place(-1, 0)


class JournalError(Exception):
    """A journal that cannot be trusted, with the number of the first bad line."""

    def __init__(self, line: int, problem: str) -> None:
        """Say which line, from 1, and what is wrong with it."""
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


class JournalWriter:
    """Writes lines, in the order of the steps: the input, then the events that came of it."""

    def __init__(
        self, write: Callable[[bytes], object], header: Header, after: Place | None = None
    ) -> None:
        """Write the header at once, or go on after a place of a journal that has it already."""
        self._write = write
        self._header = header
        self._count = 0 if after is None else after.n
        self._crc = 0 if after is None else after.crc
        if after is None:
            self._put(_encoder.encode(header))

    @property
    def place(self) -> Place:
        """Where the journal stands after what is written."""
        return Place(self._count, self._crc)

    def record(self, event: EngineInput | None, now: Instant) -> None:
        """Write an input before the engine takes it; None is a waking."""
        self._count += 1
        self._put(_encoder.encode(Line(n=self._count, at=now, taken=event, wake=event is None)))

    def derive(self, decisions: Sequence[EngineDecision]) -> list[bytes]:
        """Write the events among the decisions of a step, and give their envelopes."""
        bodies: list[bytes] = []
        for decision in decisions:
            if isinstance(decision, Published):
                self._count += 1
                body = encode(decision, self._header.epoch, self._header.source)
                self._put(
                    _encoder.encode(Line(n=self._count, at=decision.at, event=msgspec.Raw(body)))
                )
                bodies.append(body)
        return bodies

    def _put(self, body: bytes) -> None:
        self._crc = zlib.crc32(body, self._crc)
        self._write(b'%s,"crc":"%08x"}\n' % (body[:-1], self._crc))


def read_journal(lines: Iterable[bytes]) -> tuple[Header, Iterator[Line]]:
    """Read a journal and check it on the way.

    Raises:
        JournalError: the header is not one, or, while the lines are read, a line is damaged,
            missing or out of order.
    """
    checked = _checked(lines)
    try:
        header = msgspec.json.decode(next(checked), type=Header)
    except StopIteration:
        raise JournalError(1, "the file is empty") from None
    except msgspec.DecodeError as error:
        raise JournalError(1, f"this is no journal header: {error}") from error
    if header.offhook_journal != FORMAT:
        raise JournalError(1, f"format {header.offhook_journal}, this program reads {FORMAT}")
    return header, _read_lines(checked, 0)


def read_on(lines: Iterable[bytes], after: Place) -> Iterator[Line]:
    """Read a journal from behind a place on, and check it on the way.

    Raises:
        JournalError: while the lines are read, a line is damaged, missing or out of order.
    """
    return _read_lines(_checked(lines, after), after.n)


def place_of(number: int, line: bytes) -> Place:
    """Tell where a journal stands after a line that is there, which is not checked.

    Raises:
        JournalError: it is no line of a journal.
    """
    _, mark, rest = line.rpartition(b',"crc":"')
    try:
        return Place(number, int(rest[:-3] if mark else b"", 16))
    except ValueError:
        raise JournalError(number + 1, "the line is torn, or this is no journal") from None


def _read_lines(bodies: Iterator[bytes], after: int) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    last_at: Instant | None = None
    for number, body in enumerate(bodies, start=after + 1):
        try:
            line = decoder.decode(body)
        except msgspec.DecodeError as error:
            raise JournalError(number + 1, f"not a journal line: {error}") from error
        if line.n != number:
            raise JournalError(number + 1, f"record {line.n} stands where {number} belongs")
        if last_at is not None and line.at < last_at:
            raise JournalError(number + 1, "time runs backwards")
        last_at = line.at
        yield line


def _checked(lines: Iterable[bytes], after: Place = _BEFORE) -> Iterator[bytes]:
    crc = after.crc
    for number, line in enumerate(lines, start=after.n + 2):
        body, mark, rest = line.rpartition(b',"crc":"')
        if not mark or not line.endswith(b'"}\n'):
            raise JournalError(number, "the line is torn, or this is no journal")
        body += b"}"
        crc = zlib.crc32(body, crc)
        if rest[:-3] != b"%08x" % crc:
            raise JournalError(number, "the checksum does not fit: damaged, missing or moved lines")
        yield body
