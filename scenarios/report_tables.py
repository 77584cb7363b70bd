"""A report as tables for people: one row for each figure, one column for each queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from acd.stats import SERVICE_LEVELS
from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant
from ctiserver.core.wire import rfc3339
from scenarios.report import Estimate, QueueReport, Report, ServiceLevel

_COLUMNS_MAX = 4
_NOTHING = "-"


def count(value: float) -> str:
    """Write a number of calls; means of runs have one decimal."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def share(value: float) -> str:
    """Write a share: `83.2 %`."""
    return f"{100 * value:.1f} %"


def seconds(value: float) -> str:
    """Write milliseconds as seconds: `12.3 s`."""
    return f"{value / SECOND:,.1f} s"


_ROWS: tuple[tuple[str, Callable[[QueueReport], Estimate], Callable[[float], str]], ...] = (
    ("offered", lambda q: q.offered, count),
    ("answered", lambda q: q.answered, count),
    ("abandoned", lambda q: q.abandoned, count),
    ("abandoned / offered", lambda q: q.abandoned_share, share),
    ("mean wait, all offered", lambda q: q.mean_wait_ms, seconds),
    ("ASA: mean wait, answered", lambda q: q.asa_ms, seconds),
    ("mean wait, abandoned", lambda q: q.mean_abandon_ms, seconds),
    ("P(wait > 0), ringing counts", lambda q: q.waited_share, share),
    ("longest wait", lambda q: q.longest_wait_ms, seconds),
    ("mean talk and hold", lambda q: q.mean_talk_ms, seconds),
)


def write_report(console: Console, report: Report) -> None:
    """Write a report on a console."""
    console.print(f"{report.scenario}: {report.about}" if report.about else report.scenario)
    runs = "one run" if report.replications == 1 else f"{report.replications} runs"
    day, start = _wall(report.measured_from)
    until_day, end = _wall(report.measured_until)
    until = end if until_day == day else f"{until_day} {end}"
    console.print(f"{runs}, seed {report.seed}, measured from {day} {start} to {until}\n")
    columns = {"total": report.total, **report.queues} if len(report.queues) > 1 else report.queues
    names = list(columns)
    for first in range(0, len(names), _COLUMNS_MAX):
        part = names[first : first + _COLUMNS_MAX]
        console.print(_queue_table({name: columns[name] for name in part}))
    console.print()
    console.print(_centre_table(report))
    if report.replications == 1:
        console.print("One run has no confidence interval; --replications 10 gives one.")
    else:
        console.print("± is half of the 95 % confidence interval (Student's t over the runs).")


def _queue_table(columns: dict[str, QueueReport]) -> Table:
    table = Table("", *columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
    queues = list(columns.values())
    for label, of, write in _ROWS[:4]:
        table.add_row(label, *(cell(of(queue), write) for queue in queues))
    for place, (variant, definition) in enumerate(SERVICE_LEVELS.items()):
        levels = [queue.service_levels[place] for queue in queues]
        table.add_row(f"{variant}, {_threshold(levels)}: {definition}", *_level_cells(levels))
    for label, of, write in _ROWS[4:]:
        table.add_row(label, *(cell(of(queue), write) for queue in queues))
    return table


def _threshold(levels: Sequence[ServiceLevel]) -> str:
    """Name the threshold of one service level or of several."""
    each = {level.threshold_ms for level in levels}
    if len(each) > 1 or None in each:
        return "T of each queue"
    return f"T = {(each.pop() or 0) / SECOND:g} s"


def _level_cells(levels: Sequence[ServiceLevel]) -> list[str]:
    alike = len({level.threshold_ms for level in levels}) == 1
    cells = []
    for level in levels:
        own = "" if alike or level.threshold_ms is None else f" ({_threshold([level])})"
        cells.append(cell(level.share, share) + own)
    return cells


def _centre_table(report: Report) -> Table:
    table = Table("the whole centre", "", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.columns[1].justify = "right"
    table.add_row("calls tried", cell(report.attempts, count))
    blocked = f"{cell(report.blocked, count)} ({cell(report.blocked_share, share)})"
    table.add_row("blocked at the trunks", blocked)
    for outcome, number in report.unqueued.items():
        table.add_row(f"never queued: {outcome}", cell(number, count))
    if report.unfinished.value:
        table.add_row("never over", cell(report.unfinished, count))
    table.add_row("AHT: talk, hold, wrap-up", cell(report.aht_ms, seconds))
    table.add_row("occupancy of the agents", cell(report.occupancy_share, share))
    for group in report.trunks:
        label = f"trunks {group.name} in use, of {group.size}"
        table.add_row(label, cell(group.mean_busy, "{:.2f}".format))
    if report.voice_units:
        label = f"voice units in use, of {report.voice_units.size}"
        table.add_row(label, cell(report.voice_units.mean_busy, "{:.2f}".format))
    return table


def cell(estimate: Estimate, write: Callable[[float], str]) -> str:
    """Write an estimate with its interval, where it has one: `83.2 % ±1.4 %`."""
    if estimate.value is None:
        return _NOTHING
    text = write(estimate.value)
    return text if estimate.half_width is None else f"{text} ±{write(estimate.half_width)}"


def _wall(at: Instant) -> tuple[str, str]:
    return rfc3339(at)[:10], f"{at % DAY // HOUR:02}:{at % HOUR // MINUTE:02}"
