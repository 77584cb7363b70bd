"""A month of recorded calls, as a bank's call centre kept it, read for replay.

Two forms are read and told apart by their header, plain or gzipped: the raw month (tabs between the
columns) and the tidy form (commas). Every row is accounted for: it is used, or it is dropped for a
stated reason. What is repaired on the way is counted too.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path

import msgspec

from csta.errors import ConfigError
from csta.instants import DAY, HOUR, SECOND, Instant, Milliseconds
from scenarios.days import EVERY_DAY, Days, day_at
from scenarios.trace_file import Row, read_table

_PHANTOM = "PHANTOM"
_NO_AGENT = "NO_SERVER"
_NO_CUSTOMER = "0"


class TraceOutcome(StrEnum):
    """How a call of a trace ended: an agent answered it, or the caller hung up in the queue."""

    AGENT = "AGENT"
    HANG = "HANG"


class Dropped(StrEnum):
    """Why a row is not used."""

    OTHER_DAY = "on a day that was not asked for"
    PHANTOM = "phantom call"
    HUNG_UP_EARLY = "hung up before queueing"


class Mended(StrEnum):
    """What was repaired in a row that is used, or is known to be wrong in it."""

    SPACE_FOR_TAB = "a space stood where a tab belongs"
    NEGATIVE_IVR_TIME = "negative time in the IVR: the call arrived when it left the IVR"
    NEGATIVE_TIME = "negative wait or service: taken as none"
    EARLY_SERVICE = "service began before the wait was over: the clocks differ, taken as then"
    NO_SERVICE_TIME = "answered, but the service took no time: drawn when replayed"
    NO_AGENT_NAME = "answered, but no agent is named: kept, not used for the rota"
    SERVICE_AFTER_HANG_UP = "hung up, and yet served: the service is left out"


class TraceCall(msgspec.Struct, frozen=True):
    """One recorded call. Instants are the wall clock of the place, read as if it were UTC."""

    day: str
    """The day of the record, ISO 8601; a call may end on the next."""
    arrived_at: Instant
    call_type: str
    priority: int
    customer_id: str
    """Who called, or nothing: calls that were answered at once lost theirs."""
    vru_ms: Milliseconds
    queued: bool
    wait_ms: Milliseconds
    outcome: TraceOutcome
    service_ms: Milliseconds
    served_at: Instant
    """When the service began; for a caller who hung up, when that was."""
    agent_id: str

    @property
    def answered(self) -> bool:
        """Tell whether an agent answered."""
        return self.outcome is TraceOutcome.AGENT


class Trace(msgspec.Struct, frozen=True):
    """The calls of a trace in order of arrival, and an account of all rows of its file.

    `row_arrivals` holds the arrival of each row of the days asked for, whether used or not.
    """

    calls: tuple[TraceCall, ...]
    dropped: dict[Dropped, int]
    mended: dict[Mended, int]
    row_arrivals: tuple[Instant, ...]

    @property
    def rows(self) -> int:
        """Count the rows of the file: what is used and what is dropped."""
        return len(self.calls) + sum(self.dropped.values())


class _Record(msgspec.Struct, frozen=True):
    """What both forms say of a call, before anything is mended."""

    midnight: Instant
    entered_at: Instant
    call_type: str
    priority: int
    customer_id: str
    vru_ms: Milliseconds
    queued: bool
    wait_ms: Milliseconds
    outcome: str
    service_ms: Milliseconds
    service_at: Instant | None
    agent_id: str
    respaced: bool


def read_trace(path: Path, days: Days = EVERY_DAY) -> Trace:
    """Read the calls of those days.

    Raises:
        ConfigError: the file is no trace or is damaged, a line of it is wrong, or it holds no call
            to replay on those days.
    """
    table = read_table(path)
    calls: list[TraceCall] = []
    dropped: Counter[Dropped] = Counter()
    mended: Counter[Mended] = Counter()
    row_arrivals: list[Instant] = []
    for row in table.rows:
        record = _raw_record(row) if table.raw else _tidy_record(row)
        reason = _why_dropped(record, days)
        if reason is not Dropped.OTHER_DAY:
            row_arrivals.append(record.entered_at)
        if reason:
            dropped[reason] += 1
        else:
            calls.append(_mended_call(record, mended))
    if not calls:
        problem = f"of {dropped.total()} rows there is no call to replay"
        remedy = "days that the trace has" if dropped[Dropped.OTHER_DAY] else "a trace with calls"
        raise ConfigError(str(path), 1, "days", problem, remedy)
    calls.sort(key=lambda call: call.arrived_at)
    return Trace(
        calls=tuple(calls),
        dropped={reason: dropped[reason] for reason in Dropped if dropped[reason]},
        mended={what: mended[what] for what in Mended if mended[what]},
        row_arrivals=tuple(row_arrivals),
    )


def _raw_record(row: Row) -> _Record:
    """Read a row of the raw month (validation §1.3)."""
    began = row.midnight("date")
    entered_at = began + row.clock_ms("vru_entry")
    wait = row.number("q_time")
    service = row.number("ser_time")
    service_clock = row.clock_ms("ser_start")
    service_at = began + service_clock if service_clock or service else None
    if service_at is not None and service_at < entered_at - 12 * HOUR:
        service_at += DAY
    customer, agent = row.word("customer_id"), row.word("server")
    return _Record(
        midnight=began,
        entered_at=entered_at,
        call_type=row.word("type"),
        priority=row.number("priority", least=0),
        customer_id="" if customer == _NO_CUSTOMER else customer,
        vru_ms=row.number("vru_time") * SECOND,
        queued=bool(row.clock_ms("q_start") or wait),
        wait_ms=wait * SECOND,
        outcome=_outcome(row),
        service_ms=service * SECOND,
        service_at=service_at,
        agent_id="" if agent == _NO_AGENT else agent,
        respaced=row.respaced,
    )


def _tidy_record(row: Row) -> _Record:
    """Read a row of the tidy form; it does not say when the service began."""
    return _Record(
        midnight=row.midnight("day"),
        entered_at=row.instant("arrival"),
        call_type=row.word("type"),
        priority=row.number("priority", least=0),
        customer_id="" if row.cells["customer"] == _NO_CUSTOMER else row.cells["customer"],
        vru_ms=row.number("vru_s") * SECOND,
        queued=row.one_of("queued", ("0", "1")) == "1",
        wait_ms=row.number("queue_s") * SECOND,
        outcome=_outcome(row),
        service_ms=row.number("service_s") * SECOND,
        service_at=None,
        agent_id=row.cells["agent"],
        respaced=row.respaced,
    )


def _outcome(row: Row) -> str:
    return row.one_of("outcome", (*TraceOutcome, _PHANTOM))


def _why_dropped(record: _Record, days: Days) -> Dropped | None:
    if not days.hold(day_at(record.midnight)):
        return Dropped.OTHER_DAY
    if record.outcome == _PHANTOM:
        return Dropped.PHANTOM
    if record.outcome == TraceOutcome.HANG and not record.queued:
        return Dropped.HUNG_UP_EARLY
    return None


def _mended_call(record: _Record, mended: Counter[Mended]) -> TraceCall:
    """Make a call of a record, and count what had to be mended or is known to be wrong."""
    outcome = TraceOutcome(record.outcome)
    answered = outcome is TraceOutcome.AGENT
    wait_ms = max(0, record.wait_ms)
    service_ms = max(0, record.service_ms) if answered else 0
    arrived_at = record.entered_at + min(0, record.vru_ms)
    left_queue_at = arrived_at + max(0, record.vru_ms) + wait_ms
    begun_at = record.service_at if answered and record.service_at is not None else left_queue_at
    wrong = {
        Mended.SPACE_FOR_TAB: record.respaced,
        Mended.NEGATIVE_IVR_TIME: record.vru_ms < 0,
        Mended.NEGATIVE_TIME: record.wait_ms < 0 or record.service_ms < 0,
        Mended.EARLY_SERVICE: begun_at < left_queue_at,
        Mended.NO_SERVICE_TIME: answered and not service_ms,
        Mended.NO_AGENT_NAME: answered and not record.agent_id,
        Mended.SERVICE_AFTER_HANG_UP: not answered and record.service_ms > 0,
    }
    mended.update(what for what, is_so in wrong.items() if is_so)
    return TraceCall(
        day=day_at(record.midnight).isoformat(),
        arrived_at=arrived_at,
        call_type=record.call_type,
        priority=record.priority,
        customer_id=record.customer_id,
        vru_ms=max(0, record.vru_ms),
        queued=record.queued,
        wait_ms=wait_ms,
        outcome=outcome,
        service_ms=service_ms,
        served_at=max(begun_at, left_queue_at),
        agent_id=record.agent_id if answered else "",
    )
