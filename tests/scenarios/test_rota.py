"""Who was at work, and for what: read from who answered what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from csta.instants import MINUTE, SECOND, Instant, Milliseconds
from scenarios.rota import Presence, answered_types, presence_runs
from scenarios.trace import TraceCall, TraceOutcome
from tests.scenarios.trace_files import real_trace


def served(at: Instant, service_ms: Milliseconds, agent: str = "A", kind: str = "PS") -> TraceCall:
    """Make a call that an agent answered at that instant."""
    return TraceCall(
        day="1970-01-01",
        arrived_at=at,
        call_type=kind,
        priority=0,
        customer_id="",
        vru_ms=0,
        queued=False,
        wait_ms=0,
        outcome=TraceOutcome.AGENT,
        service_ms=service_ms,
        served_at=at,
        agent_id=agent,
    )


def runs(*spans: tuple[int, int], gap_ms: Milliseconds = 5 * MINUTE) -> list[tuple[int, int]]:
    """Give the runs, in seconds, of an agent who served from and until those seconds."""
    calls = [served(start * SECOND, (end - start) * SECOND) for start, end in spans]
    presence = presence_runs(calls, gap_ms)["A"]
    return [(run.start_at // SECOND, run.end_at // SECOND) for run in presence]


def test_a_run_goes_on_over_a_pause_of_five_minutes_and_no_longer() -> None:
    assert runs((0, 100), (400, 500), (801, 900)) == [(0, 500), (801, 900)]


def test_the_longest_pause_can_be_chosen() -> None:
    assert runs((0, 100), (400, 500), (801, 900), gap_ms=301 * SECOND) == [(0, 900)]


def test_calls_that_overlap_make_one_run() -> None:
    assert runs((0, 1000), (100, 200), (150, 180), (1200, 1300)) == [(0, 1300)]
    assert runs((0, 1000), (100, 200), (1301, 1400)) == [(0, 1000), (1301, 1400)]


def test_calls_may_come_in_any_order() -> None:
    assert runs((801, 900), (0, 100), (400, 500)) == [(0, 500), (801, 900)]


def test_a_run_that_takes_no_time_is_left_out() -> None:
    assert runs((0, 0)) == []
    assert runs((0, 0), (10, 20)) == [(0, 20)]


def test_agents_come_in_order_of_name_and_the_nameless_are_not_there() -> None:
    calls = [served(0, 5, "Z"), served(0, 5, ""), served(0, 5, "B")]
    assert presence_runs(calls) == {"B": (Presence(0, 5),), "Z": (Presence(0, 5),)}


def many(agent: str, **counts: int) -> Iterator[TraceCall]:
    """Make so many answered calls of each type."""
    for kind, count in counts.items():
        yield from (served(0, 5, agent, kind) for _ in range(count))


def test_an_agent_lacks_a_type_that_hardly_ever_came_to_him() -> None:
    calls = [*many("A", PS=900, NW=100), *many("B", PS=990, NW=1), *many("C", PS=990, NW=6)]
    assert answered_types(calls) == {"A": ("NW", "PS"), "B": ("PS",), "C": ("NW", "PS")}


def test_with_too_few_calls_nothing_is_said_against_an_agent() -> None:
    calls = [*many("A", PS=900, NW=100), *many("B", PS=40)]
    assert answered_types(calls)["B"] == ("NW", "PS")


def test_a_type_that_nobody_named_answered_is_everybodys() -> None:
    calls = [*many("A", PS=900), *many("", TT=900)]
    assert answered_types(calls) == {"A": ("PS", "TT")}


def test_agents_of_a_pool_of_their_own_take_its_calls_only() -> None:
    calls = [*many("A", PS=900, IN=2), *many("B", PS=900), *many("C", IN=100)]
    assert answered_types(calls) == {"A": ("PS",), "B": ("PS",), "C": ("IN",)}


def test_the_real_agents_have_runs_and_skills(shared: Path) -> None:
    trace = real_trace(shared, "february_1999.txt.gz")
    presence, types = presence_runs(trace.calls), answered_types(trace.calls)
    assert len(presence) == len(types) == 24
    assert "NW" not in types["ANAT"]
    assert "NE" not in types["YIFAT"]
    assert "IN" in types["YIFAT"]
    hours = sum(run.end_at - run.start_at for of in presence.values() for run in of) / 3_600_000
    services = sum(call.service_ms for call in trace.calls if call.agent_id) / 3_600_000
    assert 1_300 < services < 1_400 < hours < 1_700


spans = st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 500)), min_size=1, max_size=30)


@given(spans, st.integers(0, 1000))
def test_runs_cover_every_service_and_lie_further_apart_than_the_gap(
    services: list[tuple[int, int]], gap_ms: int
) -> None:
    calls = [served(at, service_ms) for at, service_ms in services]
    presence = presence_runs(calls, gap_ms)["A"]
    for call in calls:
        until = call.served_at + call.service_ms
        assert sum(run.start_at <= call.served_at and until <= run.end_at for run in presence) == 1
    for run, following in pairwise(presence):
        assert following.start_at - run.end_at > gap_ms
