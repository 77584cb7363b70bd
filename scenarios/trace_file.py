"""The file of a trace as rows of named cells; every fault in it names its line and its column."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import msgspec

from csta.errors import ConfigError
from csta.instants import HOUR, MINUTE, SECOND, Instant, Milliseconds
from scenarios.days import midnight, parse_day

RAW_COLUMNS = (
    *("customer_id", "priority", "type", "date", "vru_entry", "vru_time", "q_start", "q_time"),
    *("outcome", "ser_start", "ser_time", "server"),
)
TIDY_COLUMNS = (
    *("day", "arrival", "type", "priority", "customer", "vru_s", "queued", "queue_s"),
    *("outcome", "service_s", "agent"),
)

_BYTES_MAX = 1 << 28
_GZIP_MAGIC = b"\x1f\x8b"
_BLANK = "\x1a \t\r"  # 0x1a ended files of that age
_COMMENT = "#"
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_YYMMDD = re.compile(r"[0-9]{6}")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})")


class Row(msgspec.Struct, frozen=True):
    """One row of a trace, its cells by the names of their columns."""

    file: str
    line: int
    cells: dict[str, str]
    respaced: bool
    """A space stood where a tab belongs."""

    def word(self, column: str) -> str:
        """Give a cell that must not be empty."""
        text = self.cells[column]
        if not text:
            self.refuse(column, "is empty", "what was recorded")
        return text

    def one_of(self, column: str, words: tuple[str, ...]) -> str:
        """Give a cell that holds one of these words."""
        text = self.cells[column]
        if text not in words:
            self.refuse(column, "is none of the words known here", " or ".join(words))
        return text

    def number(self, column: str, least: int | None = None) -> int:
        """Give a cell that holds a whole number, not below `least`."""
        text = self.cells[column]
        if not _NUMBER.fullmatch(text):
            self.refuse(column, "is no whole number", "a whole number such as 17")
        value = int(text)
        if least is not None and value < least:
            self.refuse(column, "is too small", f"a whole number from {least} up")
        return value

    def clock_ms(self, column: str) -> Milliseconds:
        """Give a cell that holds a wall clock as milliseconds of the day; 24:00:00 ends it."""
        return self._clock_ms(column, self.cells[column])

    def midnight(self, column: str) -> Instant:
        """Give a cell that holds a day, yymmdd or yyyy-mm-dd, as the instant it begins."""
        return self._midnight(column, self.cells[column])

    def instant(self, column: str) -> Instant:
        """Give a cell that holds a day and a wall clock, `1999-01-05T07:02:47`."""
        day, separator, clock = self.cells[column].partition("T")
        if not separator:
            self.refuse(column, "is no day with a clock", "such as 1999-01-05T07:02:47")
        return self._midnight(column, day) + self._clock_ms(column, clock)

    def refuse(self, column: str, problem: str, remedy: str) -> NoReturn:
        """Say what is wrong with a cell, and what to write instead."""
        said = f"'{self.cells[column]}' {problem}"
        raise ConfigError(self.file, self.line, column, said, remedy)

    def _clock_ms(self, column: str, text: str) -> Milliseconds:
        clock_ms = _clock_of(text)
        if clock_ms is None:
            self.refuse(column, "is no clock", "hours, minutes and seconds such as 7:02:47")
        return clock_ms

    def _midnight(self, column: str, text: str) -> Instant:
        midnight_at = _midnight_of(text)
        if midnight_at is None:
            self.refuse(column, "is no date", "a date such as 990105 or 1999-01-05")
        return midnight_at


@lru_cache(maxsize=1 << 17)
def _clock_of(text: str) -> Milliseconds | None:
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    hour, minute, second = (int(part) for part in match.groups())
    if hour > 24 or minute > 59 or second > 59:  # noqa: PLR2004 - a clock's own limits
        return None
    return hour * HOUR + minute * MINUTE + second * SECOND


@lru_cache(maxsize=1 << 10)
def _midnight_of(text: str) -> Instant | None:
    if _YYMMDD.fullmatch(text):
        century = "19" if text >= "70" else "20"
        text = f"{century}{text[:2]}-{text[2:4]}-{text[4:]}"
    try:
        return midnight(parse_day(text))
    except ValueError:
        return None


class Table(msgspec.Struct, frozen=True):
    """A trace that was opened: its form, known by its header, and its rows, read one by one."""

    raw: bool
    rows: Iterator[Row]


def read_table(path: Path) -> Table:
    """Open a trace and read its header.

    Raises:
        ConfigError: the file cannot be read, is damaged or empty, or has not the columns of a
            trace. The rows raise it as they are read: a row has too few or too many cells.
    """
    file = str(path)
    lines = enumerate(_text(path).split("\n"), start=1)
    told = (
        (number, line.rstrip("\r"))
        for number, line in lines
        if line.strip(_BLANK) and not line.startswith(_COMMENT)
    )
    number, header = next(told, (1, ""))
    if not header:
        problem = "the file is empty"
        raise ConfigError(file, 1, "", problem, "a trace: a header, then one line for each call")
    raw = "," not in header
    columns = header.split() if raw else [name.strip() for name in header.split(",")]
    _require_columns(file, number, columns, RAW_COLUMNS if raw else TIDY_COLUMNS)
    return Table(raw, _rows(file, told, columns, raw=raw))


def _require_columns(file: str, line: int, columns: list[str], wanted: tuple[str, ...]) -> None:
    missing = [name for name in wanted if name not in columns]
    if 2 * len(missing) > len(wanted):
        problem = "this is no trace of calls: its first line is no header of one"
        remedy = f"a header with the columns {', '.join(RAW_COLUMNS)}, tabs between them"
        raise ConfigError(file, line, "", problem, f"{remedy}; or {','.join(TIDY_COLUMNS)}")
    if missing:
        problem = f"the column '{missing[0]}' is missing from the header"
        raise ConfigError(file, line, missing[0], problem, "a header with all its columns")


def _rows(
    file: str, lines: Iterator[tuple[int, str]], columns: list[str], *, raw: bool
) -> Iterator[Row]:
    for number, line in lines:
        cells = _cells(file, number, line, raw=raw)
        respaced = False
        if raw and len(cells) != len(columns) and len(line.split()) == len(columns):
            cells, respaced = line.split(), True
        if len(cells) < len(columns):
            column = columns[len(cells)]
            problem = f"the row has {len(cells)} cells for {len(columns)} columns"
            raise ConfigError(file, number, column, problem, f"a cell for '{column}' as well")
        if len(cells) > len(columns):
            problem = f"the row has {len(cells)} cells for {len(columns)} columns"
            remedy = "one cell for each column of the header"
            raise ConfigError(file, number, columns[-1], problem, remedy)
        yield Row(file, number, dict(zip(columns, cells, strict=True)), respaced)


def _cells(file: str, number: int, line: str, *, raw: bool) -> list[str]:
    if raw:
        return [cell.strip() for cell in line.split("\t")]
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as fault:
        problem = f"the row cannot be split into cells: {fault}"
        raise ConfigError(file, number, "", problem, "cells with commas between them") from None


def _text(path: Path) -> str:
    """Read a file, gzipped or not, whatever it is called."""
    file = str(path)
    try:
        with path.open("rb") as opened:
            data = opened.read(_BYTES_MAX + 1)
        if data.startswith(_GZIP_MAGIC):
            with gzip.open(path) as unpacked:
                data = unpacked.read(_BYTES_MAX + 1)
    except FileNotFoundError:
        raise ConfigError(file, 1, "", "there is no such file", "an existing path") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as fault:
        problem = f"the gzip file is damaged or cut off: {fault}"
        raise ConfigError(file, 1, "", problem, "the whole file, fetched again") from None
    except OSError as fault:
        problem = f"the file cannot be read: {fault.strerror or fault}"
        raise ConfigError(file, 1, "", problem, "a file that you may read") from None
    if len(data) > _BYTES_MAX:
        problem = f"the file is larger than {_BYTES_MAX >> 20} MiB"
        raise ConfigError(file, 1, "", problem, "several smaller files")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        problem = f"the byte 0x{data[fault.start]:02x} is no UTF-8"
        raise ConfigError(file, line, "", problem, "the file saved again as UTF-8") from None
