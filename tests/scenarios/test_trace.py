"""Traces are read whole or refused with a place: every row is used or dropped for a reason."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import msgspec
import pytest

from csta.errors import ConfigError
from csta.instants import HOUR, MINUTE, SECOND
from scenarios.days import midnight, parse_days
from scenarios.trace import Dropped, Mended, Trace, TraceCall, TraceOutcome, read_trace
from tests.scenarios.trace_files import (
    HANG_UP,
    NOT_QUEUED,
    raw_file,
    raw_row,
    real_trace,
    tidy_file,
    tidy_row,
)

NINE = midnight(date(1999, 1, 5)) + 9 * HOUR

_REAL_FAULTS = (
    Mended.NEGATIVE_IVR_TIME,
    Mended.NO_SERVICE_TIME,
    Mended.NO_AGENT_NAME,
    Mended.SERVICE_AFTER_HANG_UP,
)

ANSWERED = TraceCall(
    day="1999-01-05",
    arrived_at=NINE,
    call_type="PS",
    priority=2,
    customer_id="77",
    vru_ms=10 * SECOND,
    queued=True,
    wait_ms=30 * SECOND,
    outcome=TraceOutcome.AGENT,
    service_ms=2 * MINUTE,
    served_at=NINE + 40 * SECOND,
    agent_id="ANNA",
)


def one_call(trace: Trace) -> TraceCall:
    """Give the only call of a trace."""
    (call,) = trace.calls
    return call


def test_a_row_of_the_raw_month_becomes_a_call(tmp_path: Path) -> None:
    trace = read_trace(raw_file(tmp_path, raw_row()))
    assert one_call(trace) == ANSWERED
    assert trace.mended == {Mended.EARLY_SERVICE: 1}


def test_a_row_of_the_tidy_form_becomes_the_same_call(tmp_path: Path) -> None:
    trace = read_trace(tidy_file(tmp_path, tidy_row(agent="ANNA")))
    assert one_call(trace) == ANSWERED
    assert (trace.dropped, trace.mended, trace.rows) == ({}, {}, 1)


def test_a_gzipped_trace_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    path = raw_file(tmp_path, raw_row())
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert one_call(read_trace(path)) == ANSWERED


def test_comments_blank_lines_and_the_end_mark_of_old_files_are_no_rows(tmp_path: Path) -> None:
    path = tidy_file(tmp_path, "", tidy_row(), "# a remark", "  ")
    path.write_text("\ufeff# made by hand\n" + path.read_text("utf-8") + "\x1a", "utf-8")
    assert read_trace(path).rows == 1


def test_a_caller_who_hangs_up_in_the_queue_is_used(tmp_path: Path) -> None:
    call = one_call(read_trace(raw_file(tmp_path, raw_row(**HANG_UP, customer_id="0"))))
    assert (call.outcome, call.answered, call.agent_id) == (TraceOutcome.HANG, False, "")
    assert (call.wait_ms, call.service_ms, call.customer_id) == (30 * SECOND, 0, "")
    assert call.served_at == NINE + 40 * SECOND


def test_a_call_answered_at_once_waits_for_nothing(tmp_path: Path) -> None:
    row = raw_row(**NOT_QUEUED, ser_start="9:00:12")
    call = one_call(read_trace(raw_file(tmp_path, row)))
    assert (call.queued, call.wait_ms, call.served_at) == (False, 0, NINE + 12 * SECOND)


def test_calls_come_in_order_of_arrival_and_equal_ones_as_they_stood(tmp_path: Path) -> None:
    rows = [
        raw_row(vru_entry="9:00:05", customer_id="2"),
        raw_row(vru_entry="9:00:00", customer_id="3"),
        raw_row(vru_entry="9:00:05", customer_id="1"),
    ]
    trace = read_trace(raw_file(tmp_path, *rows))
    assert [call.customer_id for call in trace.calls] == ["3", "2", "1"]


def test_rows_that_are_not_used_are_counted_by_reason(tmp_path: Path) -> None:
    rows = [
        raw_row(),
        raw_row(outcome="PHANTOM"),
        raw_row(**HANG_UP | NOT_QUEUED),
        raw_row(**HANG_UP | NOT_QUEUED),
        raw_row(date="990106"),
        raw_row(date="990106", outcome="PHANTOM"),
    ]
    trace = read_trace(raw_file(tmp_path, *rows), parse_days("1999-01-05"))
    assert trace.dropped == {
        Dropped.OTHER_DAY: 2,
        Dropped.PHANTOM: 1,
        Dropped.HUNG_UP_EARLY: 2,
    }
    assert (trace.rows, len(trace.calls), len(trace.row_arrivals)) == (6, 1, 4)


@pytest.mark.parametrize(
    ("row", "what", "changed"),
    [
        (
            raw_row(vru_entry="9:01:00", vru_exit="9:00:10", vru_time="-50"),
            Mended.NEGATIVE_IVR_TIME,
            {"arrived_at": NINE + 10 * SECOND, "vru_ms": 0},
        ),
        (raw_row(q_time="-5"), Mended.NEGATIVE_TIME, {"wait_ms": 0}),
        (
            raw_row(ser_time="0", ser_start="0:00:00"),
            Mended.NO_SERVICE_TIME,
            {"service_ms": 0, "served_at": NINE + 40 * SECOND},
        ),
        (raw_row(server="NO_SERVER"), Mended.NO_AGENT_NAME, {"agent_id": ""}),
        (
            raw_row(**HANG_UP | {"ser_time": "7", "server": "ANNA"}),
            Mended.SERVICE_AFTER_HANG_UP,
            {"service_ms": 0, "agent_id": ""},
        ),
        (raw_row().replace("\t", " ", 1), Mended.SPACE_FOR_TAB, {"agent_id": "ANNA"}),
    ],
)
def test_faults_of_a_row_are_mended_and_counted(
    tmp_path: Path, row: str, what: Mended, changed: dict[str, object]
) -> None:
    trace = read_trace(raw_file(tmp_path, row))
    call = msgspec.structs.asdict(one_call(trace))
    assert trace.mended[what] == 1
    assert {name: call[name] for name in changed} == changed


def test_a_service_after_midnight_belongs_to_the_next_day(tmp_path: Path) -> None:
    row = raw_row(
        **NOT_QUEUED, vru_entry="23:59:39", vru_exit="23:59:39", vru_time="0", ser_start="0:00:09"
    )
    call = one_call(read_trace(raw_file(tmp_path, row)))
    assert call.served_at - call.arrived_at == 30 * SECOND
    assert call.day == "1999-01-05"


def test_a_day_may_end_at_24_o_clock(tmp_path: Path) -> None:
    row = raw_row(**NOT_QUEUED, vru_entry="24:00:00", ser_start="24:00:10")
    call = one_call(read_trace(raw_file(tmp_path, row)))
    assert call.arrived_at == NINE + 15 * HOUR


def test_a_trace_of_other_days_has_nothing_to_replay(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="of 1 rows there is no call to replay"):
        read_trace(raw_file(tmp_path, raw_row()), parse_days("sun"))


# Rows, phantoms, early hang-ups; then what is mended: times in the IVR (one and two more negative
# ones are in phantoms), no service, no agent, served after all (validation §1.3).
@pytest.mark.parametrize(
    ("name", "counts", "mends"),
    [
        ("january_1999.txt.gz", (31_599, 240, 1_198), (32, 277, 490, 82)),
        ("february_1999.txt.gz", (33_344, 278, 1_941), (23, 85, 491, 97)),
        ("calls_jan_feb_1999.csv.gz", (64_943, 518, 3_139), (55, 362, 981, 179)),
    ],
)
def test_the_dirt_of_real_months_is_survived_and_counted(
    shared: Path, name: str, counts: tuple[int, int, int], mends: tuple[int, int, int, int]
) -> None:
    trace = real_trace(shared, name)
    rows, phantoms, early = counts
    assert trace.rows == len(trace.row_arrivals) == rows
    assert trace.dropped == {Dropped.PHANTOM: phantoms, Dropped.HUNG_UP_EARLY: early}
    assert set(trace.mended) <= {*_REAL_FAULTS, Mended.EARLY_SERVICE}
    assert tuple(trace.mended[what] for what in _REAL_FAULTS) == mends
