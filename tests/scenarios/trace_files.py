"""Small traces for tests, in both forms, written with the faults that are wanted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from scenarios.days import EVERY_DAY, Days
from scenarios.trace import Trace, read_trace

RAW_HEADER = (
    "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\t"
    "q_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver"
)
TIDY_HEADER = "day,arrival,type,priority,customer,vru_s,queued,queue_s,outcome,service_s,agent"

_RAW = {
    "vru+line": "AA0101",
    "call_id": "1",
    "customer_id": "77",
    "priority": "2",
    "type": "PS",
    "date": "990105",
    "vru_entry": "9:00:00",
    "vru_exit": "9:00:10",
    "vru_time": "10",
    "q_start": "9:00:10",
    "q_exit": "9:00:40",
    "q_time": "30",
    "outcome": "AGENT",
    "ser_start": "9:00:39",
    "ser_exit": "9:02:39",
    "ser_time": "120",
    "server": "ANNA",
}
_TIDY = {
    "day": "1999-01-05",
    "arrival": "1999-01-05T09:00:00",
    "type": "PS",
    "priority": "2",
    "customer": "77",
    "vru_s": "10",
    "queued": "1",
    "queue_s": "30",
    "outcome": "AGENT",
    "service_s": "120",
    "agent": "A01",
}
HANG_UP = {"outcome": "HANG", "ser_start": "0:00:00", "ser_time": "0", "server": "NO_SERVER"}
NOT_QUEUED = {"q_start": "0:00:00", "q_exit": "0:00:00", "q_time": "0"}


def raw_row(**cells: str) -> str:
    """Write a row of the raw form: an answered call, but for the cells given."""
    return "\t".join((_RAW | cells).values())


def tidy_row(**cells: str) -> str:
    """Write a row of the tidy form: an answered call, but for the cells given."""
    return ",".join((_TIDY | cells).values())


def raw_file(folder: Path, *rows: str) -> Path:
    """Write a raw month as such systems do, with CR LF at the ends of lines."""
    path = folder / "month.txt"
    path.write_bytes("\r\n".join([RAW_HEADER, *rows, ""]).encode())
    return path


def tidy_file(folder: Path, *rows: str) -> Path:
    """Write a month in the tidy form."""
    path = folder / "month.csv"
    path.write_text("\n".join([TIDY_HEADER, *rows, ""]), "utf-8")
    return path


@cache
def real_trace(shared: Path, name: str, days: Days = EVERY_DAY) -> Trace:
    """Read a file of the real records, once for all tests."""
    return read_trace(shared / "data" / "anonymous_bank" / name, days)
