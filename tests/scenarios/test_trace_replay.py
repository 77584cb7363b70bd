"""A month of a bank's calls, replayed through trunk, flow, queue and agents, hits its figures."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from csta.call_events import CallCleared
from ctiserver.core.journal import read_journal
from ctiserver.core.switch_link import LegSeen
from ctiserver.core.wire import Published
from scenarios.days import Days, parse_days
from scenarios.plain_queue import play
from scenarios.replay_plan import plan_replay
from scenarios.scenario import LIBRARY
from scenarios.trace import read_trace
from scenarios.trace_figures import wait_figures
from scenarios.trace_replay import (
    ABANDONED_MAX,
    MEAN_WAIT_MAX,
    SL20_MAX,
    TraceReplay,
    compare,
    replay_trace,
)
from switch_sim.variates import Streams

SHIPPED = LIBRARY / "synthetic_month.csv.gz"
BANK = "data/anonymous_bank"
WEEK = parse_days("1999-01-03..1999-01-07")


def replayed(path: Path, seed: int, days: Days | None = None) -> TraceReplay:
    return replay_trace(read_trace(path, days) if days else read_trace(path), seed)


def test_the_gate_is_the_one_that_was_agreed() -> None:
    assert (MEAN_WAIT_MAX, SL20_MAX, ABANDONED_MAX) == (0.05, 0.02, 0.007)


def test_the_shipped_month_passes_the_gate() -> None:
    result = replayed(SHIPPED, seed=1)

    assert result.passed
    assert result.replay.offered == result.data.offered == 14_804
    assert result.blocked == 0


def test_a_real_month_passes_the_gate(shared: Path) -> None:
    result = replayed(shared / BANK / "january_1999.txt.gz", seed=1)

    assert result.passed, result.checks
    assert result.replay.offered == 30_161


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "file", ["january_1999.txt.gz", "february_1999.txt.gz", "calls_jan_feb_1999.csv.gz"]
)
def test_every_real_month_passes_the_gate_with_any_seed(shared: Path, file: str, seed: int) -> None:
    result = replayed(shared / BANK / file, seed)

    assert result.passed, result.checks


def test_the_whole_centre_does_with_a_week_what_the_bare_recipe_does(shared: Path) -> None:
    """Between the recipe on a naive queue and the engine stand only ties at one instant."""
    trace = read_trace(shared / BANK / "january_1999.txt.gz", WEEK)

    whole = replay_trace(trace, 1).replay
    fates = play(plan_replay(trace, Streams(1)))
    bare = wait_figures([(fate.wait_ms, fate.answered) for fate in fates])

    assert whole.offered == bare.offered
    assert whole.mean_wait_ms == pytest.approx(bare.mean_wait_ms, rel=0.02)
    assert whole.abandoned_share == pytest.approx(bare.abandoned_share, abs=0.003)
    assert whole.served_within_20s_share == pytest.approx(bare.served_within_20s_share, abs=0.005)


def test_a_trace_that_is_not_like_its_replay_misses_the_gate() -> None:
    """If the data had said twice as long a wait, the verdict would be no."""
    trace = read_trace(SHIPPED, parse_days("2099-02-01..2099-02-05"))
    result = replay_trace(trace, 1)
    doubled = msgspec.structs.replace(result.data, mean_wait_ms=2 * result.data.mean_wait_ms)

    checks = compare(doubled, result.replay)

    assert [check.name for check in checks if not check.passed] == ["mean wait, all offered"]


def test_progress_is_told_day_by_day_and_ends_at_one() -> None:
    told: list[float] = []

    replay_trace(read_trace(SHIPPED, _first_days()), 1, progress=told.append)

    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_journal_of_a_replay_holds_every_call() -> None:
    lines: list[bytes] = []
    trace = read_trace(SHIPPED, _first_days())

    replay_trace(trace, 1, title="first days", journal=lines.append)

    header, records = read_journal(lines)
    calls = [
        record
        for record in records
        if record.taken is not None
        and isinstance(getattr(record.taken, "what", None), LegSeen)
        and record.taken.what.device == "trunk:pstn"  # type: ignore[union-attr]  # just asked
    ]
    assert header.title == "first days"
    assert len(calls) == len(trace.calls)


def test_a_listener_of_a_replay_hears_every_call_end() -> None:
    heard: list[Published] = []
    trace = read_trace(SHIPPED, _first_days())

    replay_trace(trace, 1, listener=heard.extend)

    ended = [event for event in heard if isinstance(event.data, CallCleared)]
    assert len(ended) == len(trace.calls)


def _first_days() -> Days:
    first = read_trace(SHIPPED).calls[0].day
    return parse_days(first)
