"""A report as tables for people: one row for each figure, one column for each queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.table import Table

from acd.service_levels import AVERAGE_EXCESS, Level
from acd.visits import By
from agents.ledger import Activity
from agents.stats import RATIOS
from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant
from ctiserver.core.wire import rfc3339
from scenarios.report_document import (
    AgentReport,
    Estimate,
    FairnessReport,
    QueueReport,
    Report,
    ServiceLevel,
)

_COLUMNS_MAX = 4
_AGENTS_MAX = 24
_PERCENTILES = ("p50", "p90", "p99")
_NOTHING = "-"

_CAPTIONS = {
    By.OFFER: "each contact and visit in the interval in which it came",
    By.ANSWER: "each contact and visit in the interval in which its wait ended",
    By.END: "each contact and visit in the interval in which it was over",
}
_ACTIVITIES = {
    Activity.TALK: "talk",
    Activity.HOLD: "hold",
    Activity.CONSULT: "consult",
    Activity.WORK: "wrap-up",
    Activity.RING: "ring",
    Activity.READY: "ready",
    Activity.NOT_READY: "not ready",
    Activity.OTHER: "other",
}

_Row: TypeAlias = tuple[str, Callable[[QueueReport], Estimate], Callable[[float], str]]


def count(value: float) -> str:
    """Write a number of calls; means of runs have one decimal."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def share(value: float) -> str:
    """Write a share: `83.2 %`."""
    return f"{100 * value:.1f} %"


def seconds(value: float) -> str:
    """Write milliseconds as seconds: `12.3 s`."""
    return f"{value / SECOND:,.1f} s"


def _tenths(value: float) -> str:
    """Write milliseconds as seconds without the unit, which stands beside."""
    return f"{value / SECOND:,.1f}"


def hours(value: float) -> str:
    """Write milliseconds as hours: `3.25 h`."""
    return f"{value / HOUR:,.2f} h"


_COUNTS: tuple[_Row, ...] = (
    ("offered", lambda q: q.offered, count),
    ("answered", lambda q: q.answered, count),
    ("abandoned", lambda q: q.abandoned, count),
)
_WAITS: tuple[_Row, ...] = (
    ("mean wait, all offered", lambda q: q.mean_wait_ms, seconds),
    ("mean wait, answered and abandoned", lambda q: q.mean_decided_wait_ms, seconds),
    ("ASA: mean wait, answered", lambda q: q.asa_ms, seconds),
    ("mean wait, abandoned", lambda q: q.mean_abandon_ms, seconds),
    ("P(wait > 0), ringing counts", lambda q: q.waited_share, share),
    ("longest wait", lambda q: q.longest_wait_ms, seconds),
    ("patience: half would wait longer", lambda q: q.patience_median_ms, seconds),
    ("patience: waited / hung up", lambda q: q.patience_mean_ms, seconds),
    ("mean talk and hold", lambda q: q.mean_talk_ms, seconds),
)
_VISITS: tuple[_Row, ...] = (
    ("visits", lambda q: q.visits.offered, count),
    ("flowed in", lambda q: q.visits.flowed_in, count),
    ("flowed out", lambda q: q.visits.flowed_out, count),
    (f"{AVERAGE_EXCESS}: mean of (wait - T)+, answered", lambda q: q.mean_excess_ms, seconds),
)


def write_report(console: Console, report: Report) -> None:
    """Write a report on a console."""
    console.print(f"{report.scenario}: {report.about}" if report.about else report.scenario)
    runs = "one run" if report.replications == 1 else f"{report.replications} runs"
    day, start = _wall(report.measured_from)
    until_day, end = _wall(report.measured_until)
    until = end if until_day == day else f"{until_day} {end}"
    console.print(f"{runs}, seed {report.seed}, measured from {day} {start} to {until}")
    console.print(f"by={report.by.value}: {_CAPTIONS[report.by]}\n")
    columns = {"total": report.total, **report.queues} if len(report.queues) > 1 else report.queues
    names = list(columns)
    for first in range(0, len(names), _COLUMNS_MAX):
        part = {name: columns[name] for name in names[first : first + _COLUMNS_MAX]}
        console.print(_contact_table(part))
        console.print()
        console.print(_visit_table(part))
        console.print()
        console.print(_bucket_table(part))
        console.print()
    short = seconds(report.total.service_levels[0].short_ms)
    console.print(
        f"SLO: answered or abandoned within T, or T ran out. F: flowed out. Short: below {short}.\n"
    )
    console.print(_agent_table(report))
    console.print()
    console.print(_ratio_table(report))
    console.print()
    console.print(_centre_table(report))
    if report.replications == 1:
        console.print("One run has no confidence interval; --replications 10 gives one.")
    else:
        console.print("± is half of the 95 % confidence interval (Student's t over the runs).")


def _grid(title: str, *columns: str) -> Table:
    table = Table(title, *columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _contact_table(columns: dict[str, QueueReport]) -> Table:
    """Contacts: counts, abandonment, waits."""
    table = _grid("contacts, at their first queue", *columns)
    queues = list(columns.values())
    _add_rows(table, _COUNTS, queues)
    for place, level in enumerate(queues[0].abandonment):
        cells = [cell(queue.abandonment[place].share, share) for queue in queues]
        table.add_row(f"{level.variant}: {level.definition}", *cells)
    _add_rows(table, _WAITS, queues)
    shown = " / ".join(_PERCENTILES)
    for label, of in (
        ("answered", [queue.answered_wait_percentiles_ms for queue in queues]),
        ("abandoned", [queue.abandoned_wait_percentiles_ms for queue in queues]),
    ):
        cells = [" / ".join(_short(each[part], _tenths) for part in _PERCENTILES) for each in of]
        table.add_row(f"{shown} of waits, {label}, s", *cells)
    return table


def _visit_table(columns: dict[str, QueueReport]) -> Table:
    """Visits: flows, service levels, exits."""
    table = _grid("visits to queues, each with its own wait", *columns)
    queues = list(columns.values())
    _add_rows(table, _VISITS[:3], queues)
    if len({queue.service_levels[0].threshold_ms for queue in queues}) > 1:
        table.add_row("T", *(_own_threshold(queue.service_levels[0]) for queue in queues))
    for place, level in enumerate(queues[0].service_levels):
        levels = [queue.service_levels[place] for queue in queues]
        over = "" if level.counted_over is Level.VISITS else f" ({level.counted_over.value})"
        label = f"{level.variant}, {_threshold(levels)}: {level.definition}{over}"
        table.add_row(label, *(cell(one.share, share) for one in levels))
    _add_rows(table, _VISITS[3:], queues)
    exits = dict.fromkeys(reason for queue in queues for reason in queue.visits.exits)
    for reason in sorted(exits):
        each = [queue.visits.exits.get(reason, Estimate(0)) for queue in queues]
        table.add_row(f"ended: {reason}", *(cell(one, count) for one in each))
    return table


def _bucket_table(columns: dict[str, QueueReport]) -> Table:
    """Contacts by how long they waited, answered / abandoned."""
    table = _grid("waited from, answered / abandoned", *columns)
    queues = list(columns.values())
    for place, bucket in enumerate(queues[0].buckets):
        each = [queue.buckets[place] for queue in queues]
        if any(one.answered.value or one.abandoned.value for one in each):
            table.add_row(
                f"{bucket.from_ms / SECOND:g} s",
                *(f"{_value(one.answered)} / {_value(one.abandoned)}" for one in each),
            )
    return table


def _value(estimate: Estimate) -> str:
    return _NOTHING if estimate.value is None else count(estimate.value)


def _add_rows(table: Table, rows: Sequence[_Row], queues: Sequence[QueueReport]) -> None:
    for label, of, write in rows:
        table.add_row(label, *(cell(of(queue), write) for queue in queues))


def _threshold(levels: Sequence[ServiceLevel]) -> str:
    """Name the threshold of one service level or of several."""
    each = {level.threshold_ms for level in levels}
    if len(each) > 1 or None in each:
        return "T of each queue"
    return f"T = {(each.pop() or 0) / SECOND:g} s"


def _own_threshold(level: ServiceLevel) -> str:
    return _NOTHING if level.threshold_ms is None else f"{level.threshold_ms / SECOND:g} s"


def _agent_table(report: Report) -> Table:
    """The ledger: what each agent spent the time on, in shares of the time logged on."""
    used = [
        activity
        for activity in Activity
        if any(agent.spent_share[activity].value for agent in report.agents.values())
    ]
    names = [_ACTIVITIES[activity] for activity in used]
    table = _grid("agents", "logged on", *names, "calls", "AHT")
    rows: dict[str, AgentReport] = {"all": report.all_agents}
    if len(report.agents) <= _AGENTS_MAX:
        rows |= report.agents
    for name, agent in rows.items():
        table.add_row(
            name,
            _short(agent.login_ms, hours),
            *(_short(agent.spent_share[activity], share) for activity in used),
            _short(agent.handled, count),
            _short(agent.aht_ms, seconds),
        )
    if len(rows) == 1:
        table.add_row(f"({len(report.agents)} agents: --json has each)")
    return table


def _short(estimate: Estimate, write: Callable[[float], str]) -> str:
    """Write an estimate without its interval."""
    return _NOTHING if estimate.value is None else write(estimate.value)


def _ratio_table(report: Report) -> Table:
    """What is made of the ledger: occupancies, rates, fairness."""
    table = _grid("all agents", "")
    agents = report.all_agents
    for name, ratio in RATIOS.items():
        table.add_row(f"{name}: {ratio.formula}", cell(agents.ratios[name], share))
    for label, estimate, write in (
        ("AHT: talk, hold, wrap-up", agents.aht_ms, seconds),
        ("of which wrap-up", agents.work_ms, seconds),
        (
            "agent answer rate: handled / (handled + rung out + rejected)",
            agents.answer_share,
            share,
        ),
        ("RONA: rung out / offers", agents.rona_share, share),
        ("held / handled", agents.hold_share, share),
        ("transferred / handled", agents.transfer_share, share),
        ("handled calls per hour logged on", agents.calls_per_hour, count),
    ):
        table.add_row(label, cell(estimate, write))
    for measure, fair in report.fairness.items():
        table.add_row(f"fairness of {measure}: Jain (least to most)", _fair_cell(measure, fair))
    for reason, spent in agents.not_ready_ms.items():
        table.add_row(f"not ready: {reason or 'without a reason'}", cell(spent, hours))
    return table


def _fair_cell(measure: str, fair: FairnessReport) -> str:
    write = share if measure in ("occupancy", "idle") else count
    return (
        f"{cell(fair.jain, '{:.4f}'.format)} ({_short(fair.least, write)} to "
        f"{_short(fair.most, write)})"
    )


def _centre_table(report: Report) -> Table:
    table = _grid("the whole centre", "")
    table.add_row("calls tried", cell(report.attempts, count))
    blocked = f"{cell(report.blocked, count)} ({cell(report.blocked_share, share)})"
    table.add_row("blocked at the trunks", blocked)
    for outcome, number in report.unqueued.items():
        table.add_row(f"never queued: {outcome}", cell(number, count))
    if report.unfinished.value:
        table.add_row("never over", cell(report.unfinished, count))
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
