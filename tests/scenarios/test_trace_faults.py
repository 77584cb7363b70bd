"""A trace that is damaged or wrong is refused: the file, the line, the column, what to write."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.errors import ConfigError
from scenarios import trace_file
from scenarios.trace import read_trace
from tests.scenarios.trace_files import (
    RAW_HEADER,
    TIDY_HEADER,
    raw_file,
    raw_row,
    tidy_file,
    tidy_row,
)


def fault(path: Path) -> ConfigError:
    """Give the error with which a trace is refused."""
    with pytest.raises(ConfigError) as caught:
        read_trace(path)
    assert caught.value.file == str(path)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("column", "text", "problem", "remedy"),
    [
        ("outcome", "GONE", "'GONE' is none of the words", "AGENT or HANG or PHANTOM"),
        ("outcome", "", "'' is none of the words", "AGENT"),
        ("q_time", "soon", "'soon' is no whole number", "such as 17"),
        ("ser_time", "1.5", "'1.5' is no whole number", "such as 17"),
        ("vru_time", "", "'' is no whole number", "such as 17"),
        ("priority", "-1", "'-1' is too small", "from 0 up"),
        ("date", "990231", "'990231' is no date", "990105"),
        ("date", "tomorrow", "'tomorrow' is no date", "990105"),
        ("vru_entry", "25:00:00", "'25:00:00' is no clock", "7:02:47"),
        ("ser_start", "9:60:00", "'9:60:00' is no clock", "7:02:47"),
        ("q_start", "noon", "'noon' is no clock", "7:02:47"),
        ("type", "", "'' is empty", "what was recorded"),
        ("server", "", "'' is empty", "what was recorded"),
    ],
)
def test_a_wrong_cell_of_the_raw_month_is_named(
    tmp_path: Path, column: str, text: str, problem: str, remedy: str
) -> None:
    found = fault(raw_file(tmp_path, raw_row(), raw_row(**{column: text})))
    assert (found.line, found.key) == (3, column)
    assert problem in found.problem
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("column", "text", "problem"),
    [
        ("day", "5.1.1999", "is no date"),
        ("arrival", "09:00:00", "is no day with a clock"),
        ("arrival", "1999-01-05T9", "is no clock"),
        ("arrival", "1999-02-30T09:00:00", "is no date"),
        ("queued", "yes", "is none of the words"),
        ("service_s", "long", "is no whole number"),
    ],
)
def test_a_wrong_cell_of_the_tidy_form_is_named(
    tmp_path: Path, column: str, text: str, problem: str
) -> None:
    found = fault(tidy_file(tmp_path, tidy_row(), tidy_row(), tidy_row(**{column: text})))
    assert (found.line, found.key) == (4, column)
    assert f"'{text}' {problem}" in found.problem


def test_a_row_with_too_few_or_too_many_cells_is_named(tmp_path: Path) -> None:
    short = fault(raw_file(tmp_path, raw_row().rsplit("\t", 2)[0]))
    assert (short.line, short.key) == (2, "ser_time")
    assert short.problem == "the row has 15 cells for 17 columns"
    long = fault(tidy_file(tmp_path, tidy_row(agent="A01,A02")))
    assert (long.line, long.problem) == (2, "the row has 12 cells for 11 columns")


def test_a_row_with_an_open_quote_is_named(tmp_path: Path) -> None:
    found = fault(tidy_file(tmp_path, tidy_row(), tidy_row(agent='"A01')))
    assert (found.line, found.key) == (3, "")
    assert "cannot be split into cells" in found.problem


@pytest.mark.parametrize(
    ("header", "column"),
    [(RAW_HEADER.replace("\tq_time", ""), "q_time"), (TIDY_HEADER.replace("day,", ""), "day")],
)
def test_a_missing_column_is_named(tmp_path: Path, header: str, column: str) -> None:
    path = tmp_path / "month"
    path.write_text(header + "\n", "utf-8")
    found = fault(path)
    assert (found.line, found.key) == (1, column)
    assert found.problem == f"the column '{column}' is missing from the header"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"\r\n\n", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (b"queues:\n  - name: sales\n", "this is no trace of calls"),
        (b"a,b,c\n1,2,3\n", "this is no trace of calls"),
        (TIDY_HEADER.encode(), "of 0 rows there is no call to replay"),
        (
            gzip.compress(TIDY_HEADER.encode() * 99, mtime=0)[:-30],
            "the gzip file is damaged or cut off",
        ),
        (
            gzip.compress(b"x" * 99, mtime=0)[:-8] + b"\x00" * 8,
            "the gzip file is damaged or cut off",
        ),
        (b"\x1f\x8b and no gzip at all", "the gzip file is damaged or cut off"),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "month.txt.gz"
    path.write_bytes(data)
    assert problem in fault(path).problem


def test_a_byte_that_is_no_utf_8_is_found_in_its_line(tmp_path: Path) -> None:
    path = raw_file(tmp_path, raw_row())
    path.write_bytes(path.read_bytes() + b"\xff\n")
    assert (fault(path).line, fault(path).problem) == (3, "the byte 0xff is no UTF-8")


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    assert fault(tmp_path / "none").problem == "there is no such file"
    assert fault(tmp_path).problem.startswith("the file cannot be read")


def test_a_file_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_file, "_BYTES_MAX", 100)
    path = raw_file(tmp_path, raw_row())
    assert fault(path).problem.startswith("the file is larger than")
    path.write_bytes(gzip.compress(bytes(10_000)))
    assert fault(path).problem.startswith("the file is larger than")


@given(st.sampled_from((b"", TIDY_HEADER.encode() + b"\n")), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(header + data)
    with pytest.raises(ConfigError):
        read_trace(path)


@given(st.text("0123456789,-:T \tAGENTHPOM\n\"'", max_size=80))
def test_any_text_after_a_good_row_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_text(f"{TIDY_HEADER}\n{tidy_row()}\n{text}", "utf-8")
    with suppress(ConfigError):
        assert read_trace(path).rows >= 1
