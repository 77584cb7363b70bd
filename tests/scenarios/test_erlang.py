"""Erlang's formulas against published tables, to every printed digit, and their laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.erlang import (
    ErlangA,
    ErlangC,
    agents_for_service_level,
    erlang_b,
    erlang_c,
    lines_for_blocking,
)

HALF_HOUR = 1800.0

loads = st.floats(0.1, 200)
servers = st.integers(1, 250)
means = st.floats(1, 1000)


def half_hour_queue(agents: int, mean_patience: float = 60) -> ErlangA:
    """100 calls in 30 min of 180 s each: 10 erlang (features e.7)."""
    return ErlangA(
        arrival_rate=100 / HALF_HOUR,
        mean_service=180,
        servers=agents,
        mean_patience=mean_patience,
    )


def whitts_queue(mean_patience: float) -> ErlangA:
    """M/M/100/200+M of Whitt 2005, tables 1 and 3: load 102, mean service 1."""
    return ErlangA(
        arrival_rate=102,
        mean_service=1,
        servers=100,
        mean_patience=mean_patience,
        waiting_places=200,
    )


def bench_queue(scale: int, load: float) -> ErlangA:
    """M1 of the benchmarks: 100 calls/min of 180 s to 310 agents, patience 120 s."""
    return ErlangA(
        arrival_rate=100 / 60 * scale * load,
        mean_service=180,
        servers=310 * scale,
        mean_patience=120,
    )


@pytest.mark.parametrize(
    ("load", "lines", "blocking"),
    [
        (1, 2, 0.2),
        (10, 15, 0.036497),
        (20, 30, 0.008457),
        (100, 110, 0.027463),
        (10, 10, 0.214582),
        (5, 5, 0.284868),
    ],
)
def test_erlang_b_gives_the_published_blocking(load: float, lines: int, blocking: float) -> None:
    assert round(erlang_b(load, lines), 6) == blocking


@pytest.mark.parametrize(
    ("load", "agents", "waiting"), [(10, 15, 0.102042), (20, 25, 0.209103), (100, 110, 0.237008)]
)
def test_erlang_c_gives_the_published_waiting(load: float, agents: int, waiting: float) -> None:
    assert round(erlang_c(load, agents), 6) == waiting


@pytest.mark.parametrize(
    ("lines", "load", "step"),
    [
        (5, 1.361, 0.001),
        (10, 4.461, 0.001),
        (20, 12.03, 0.01),
        (50, 37.90, 0.01),
        (100, 84.06, 0.01),
    ],
)
def test_the_published_traffic_at_one_percent_blocking(
    lines: int, load: float, step: float
) -> None:
    assert erlang_b(load - step / 2, lines) < 0.01 < erlang_b(load + step / 2, lines)


@pytest.mark.parametrize(("load", "lines"), [(10, 18), (20, 30)])
def test_lines_for_one_percent_blocking(load: float, lines: int) -> None:
    assert lines_for_blocking(load, 0.01) == lines


@pytest.mark.parametrize(
    ("agents", "waiting", "level", "asa"),
    [
        (11, 0.68212, 0.38961, 122.78),
        (12, 0.44939, 0.64016, 40.445),
        (13, 0.28527, 0.79560, 17.116),
        (14, 0.17413, 0.88835, 7.836),
        (15, 0.10204, 0.94145, 3.674),
    ],
)
def test_erlang_c_in_seconds(agents: int, waiting: float, level: float, asa: float) -> None:
    queue = ErlangC(100 / HALF_HOUR, 180, agents)
    assert queue.wait_share == pytest.approx(waiting, abs=5.1e-6)
    assert queue.service_level(20) == pytest.approx(level, abs=6e-6)  # 13: .795595, printed .7956
    assert queue.mean_wait == pytest.approx(asa, abs=5.1e-3 if agents == 11 else 5.1e-4)
    assert queue.occupancy == pytest.approx(10 / agents)


def test_erlang_c_of_a_busier_hour() -> None:
    queue = ErlangC(240 / 3600, 300, 24)
    assert round(queue.wait_share, 5) == 0.29807
    assert round(queue.service_level(20), 5) == 0.77170
    assert round(queue.mean_wait, 3) == 22.355


@pytest.mark.parametrize(
    ("agents", "waiting", "abandoned", "wait", "occupancy", "level", "level_of_answered"),
    [
        (9, 0.52491, 0.21322, 12.793, 0.87420, 0.62703, 0.79696),
        (10, 0.42342, 0.15753, 9.452, 0.84247, 0.71801, 0.85226),
        (11, 0.32679, 0.11178, 6.707, 0.80747, 0.79652, 0.89676),
        (12, 0.24043, 0.07590, 4.554, 0.77008, 0.86030, 0.93096),
        (14, 0.11153, 0.03032, 1.819, 0.69263, 0.94378, 0.97329),
    ],
)
def test_erlang_a_gives_every_digit_of_the_table(
    agents: int,
    waiting: float,
    abandoned: float,
    wait: float,
    occupancy: float,
    level: float,
    level_of_answered: float,
) -> None:
    queue = half_hour_queue(agents)
    levels = queue.service_levels(20)
    found = (queue.wait_share, queue.abandoned_share, queue.occupancy)
    assert [round(share, 5) for share in found] == [waiting, abandoned, occupancy]
    assert round(queue.mean_wait, 3) == wait
    assert round(levels.answered_of_offered, 5) == level
    assert round(levels.answered_of_answered, 5) == level_of_answered


def test_whitts_table_with_patience_1() -> None:
    queue = whitts_queue(1)
    assert round(1 - queue.wait_share, 4) == 0.4083
    assert round(queue.abandoned_share, 4) == 0.0499
    assert round(queue.mean_queue, 3) == 5.092
    assert round(queue.queue_variance, 1) == 44.6
    assert round(queue.mean_calls, 1) == 102.0
    assert round(queue.mean_wait_of_answered, 4) == 0.0490
    assert round(queue.mean_wait_of_abandoned, 4) == 0.0666
    assert round(queue.answered_within_of_answered(0.1), 4) == 0.7986
    assert round(queue.answered_within_of_answered(0.2), 4) == 0.9644


def test_whitts_table_with_patience_4() -> None:
    queue = whitts_queue(4)
    assert round(1 - queue.wait_share, 3) == 0.226
    assert round(queue.abandoned_share, 4) == 0.0364
    assert round(queue.mean_queue, 2) == 14.84
    assert round(queue.queue_variance, 1) == 214.5
    assert round(queue.mean_calls, 1) == 113.1
    assert round(queue.mean_wait_of_answered, 4) == 0.1455
    assert round(queue.answered_within_of_answered(0.1), 3) == 0.469
    assert round(queue.answered_within_of_answered(0.2), 3) in (
        0.686,
        0.687,
    )  # .68648; printed .687


@pytest.mark.parametrize(
    ("scale", "load", "level", "asa", "abandoned", "occupancy"),
    [
        (1, 1, 0.98621, 1.38191, 0.01182, 0.95630),
        (1, 1.1, 0.87462, 7.98203, 0.06599, 0.99427),
        (10, 1, 0.99968, 0.03853, 0.00032, 0.96743),
    ],
)
def test_the_benchmark_model_in_steady_state(
    scale: int, load: float, level: float, asa: float, abandoned: float, occupancy: float
) -> None:
    queue = bench_queue(scale, load)
    assert round(queue.answered_within(20), 5) == level
    assert round(queue.mean_wait_of_answered, 5) == asa
    assert round(queue.abandoned_share, 5) == abandoned
    assert round(queue.occupancy, 5) == occupancy


def test_staffing_for_a_service_level() -> None:
    wanted = {"arrival_rate": 100 / HALF_HOUR, "mean_service": 180, "within": 20.0}
    assert agents_for_service_level(**wanted, level_min=0.8) == 14
    assert agents_for_service_level(**wanted, level_min=0.8, mean_patience=60) == 12
    assert agents_for_service_level(**wanted, level_min=0.796, mean_patience=60) == 11


def test_a_load_that_no_number_of_servers_overflows() -> None:
    assert erlang_b(1e-9, 500) == 0.0
    quiet = ErlangA(arrival_rate=1e-9, mean_service=1, servers=500, mean_patience=1)
    assert (quiet.wait_share, quiet.abandoned_share, quiet.answered_within(0)) == (0, 0, 1)
    flooded = ErlangA(arrival_rate=500, mean_service=1, servers=10, mean_patience=100)
    assert flooded.occupancy == pytest.approx(1)
    assert flooded.abandoned_share == pytest.approx(0.98)


@pytest.mark.parametrize("wrong", [0, -1, math.inf, math.nan])
def test_what_describes_no_queue_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        erlang_b(wrong, 3)
    with pytest.raises(ValueError, match="positive and finite"):
        ErlangC(1, wrong, 3)
    with pytest.raises(ValueError, match="positive and finite"):
        ErlangA(arrival_rate=1, mean_service=1, servers=1, mean_patience=wrong)
    with pytest.raises(ValueError, match="counted from 0"):
        erlang_b(1, -1)
    with pytest.raises(ValueError, match="at least one server"):
        ErlangA(arrival_rate=1, mean_service=1, servers=0, mean_patience=1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        lines_for_blocking(1, 1)


@given(loads, servers)
def test_erlang_b_is_the_truncated_poisson_law(load: float, lines: int) -> None:
    logs = [n * math.log(load) - math.lgamma(n + 1) for n in range(lines + 1)]
    direct = math.exp(logs[-1]) / math.fsum(math.exp(log) for log in logs)
    assert erlang_b(load, lines) == pytest.approx(direct, rel=1e-9, abs=1e-300)


@given(loads, servers)
def test_more_servers_block_less_and_more_load_blocks_more(load: float, lines: int) -> None:
    blocking = erlang_b(load, lines)
    assert 0 <= blocking <= 1
    assert erlang_b(load, lines + 1) <= blocking <= erlang_b(load * 1.01, lines)


@given(loads, servers)
def test_who_may_wait_waits_more_often_than_who_is_lost(load: float, agents: int) -> None:
    assert erlang_b(load, agents) <= erlang_c(load, agents) <= 1


@given(loads, st.floats(0.001, 0.9))
def test_no_line_more_than_needed(load: float, blocking: float) -> None:
    lines = lines_for_blocking(load, blocking)
    assert erlang_b(load, lines) <= blocking < erlang_b(load, lines - 1)


@given(st.floats(0.01, 1), means, st.integers(1, 60), means, st.floats(0, 300))
def test_the_shares_of_a_queue_whose_callers_give_up(
    rate: float, service: float, agents: int, patience: float, within: float
) -> None:
    queue = ErlangA(arrival_rate=rate, mean_service=service, servers=agents, mean_patience=patience)
    levels = queue.service_levels(within)
    assert 0 <= levels.answered_of_offered <= levels.answered_of_answered <= 1 + 1e-9
    assert levels.answered_of_offered <= levels.answered_of_offered_less_abandoned + 1e-9
    assert levels.answered_of_offered <= levels.answered_or_abandoned_of_offered <= 1 + 1e-9
    assert queue.answered_within(within) <= queue.answered_within(within + 1) + 1e-9
    assert queue.answered_within(1e9) == pytest.approx(queue.answered_share, abs=1e-9)
    assert queue.answered_within(0) == pytest.approx(1 - queue.wait_share, abs=1e-9)
    assert queue.occupancy <= 1 + 1e-9
    assert queue.mean_queue == pytest.approx(rate * queue.mean_wait)  # Little


@given(st.floats(0.05, 0.95), st.integers(1, 60))
def test_patience_without_end_gives_erlang_c(occupancy: float, agents: int) -> None:
    rate = occupancy * agents / 180
    forever = ErlangA(arrival_rate=rate, mean_service=180, servers=agents, mean_patience=1e12)
    queue = ErlangC(rate, 180, agents)
    assert forever.wait_share == pytest.approx(queue.wait_share, rel=1e-6)
    assert forever.mean_wait == pytest.approx(queue.mean_wait, rel=1e-6)
    assert forever.mean_wait_of_answered == pytest.approx(queue.mean_wait, rel=1e-6)
    assert forever.answered_within(20) == pytest.approx(queue.service_level(20), rel=1e-6)


@given(st.floats(0.1, 100), st.integers(1, 60), means)
def test_no_waiting_place_gives_erlang_b(load: float, agents: int, patience: float) -> None:
    queue = ErlangA(
        arrival_rate=load, mean_service=1, servers=agents, mean_patience=patience, waiting_places=0
    )
    assert queue.blocked_share == pytest.approx(erlang_b(load, agents), rel=1e-9)
    assert (queue.wait_share, queue.abandoned_share, queue.mean_wait_of_abandoned) == (0, 0, 0)


@given(st.floats(0.1, 100), st.integers(1, 60), means, st.integers(0, 50))
def test_every_call_is_answered_abandoned_or_blocked(
    load: float, agents: int, patience: float, places: int
) -> None:
    queue = ErlangA(
        arrival_rate=load,
        mean_service=1,
        servers=agents,
        mean_patience=patience,
        waiting_places=places,
    )
    total = queue.answered_within(1e9) + queue.abandoned_share + queue.blocked_share
    assert total == pytest.approx(1, abs=1e-9)


@given(st.floats(0.01, 0.5), st.floats(30, 600), st.floats(0.05, 0.95), st.floats(30, 900))
def test_no_agent_more_than_needed(
    rate: float, service: float, level: float, patience: float
) -> None:
    agents = agents_for_service_level(
        arrival_rate=rate, mean_service=service, within=20, level_min=level, mean_patience=patience
    )

    def answered(servers: int) -> float:
        queue = ErlangA(
            arrival_rate=rate, mean_service=service, servers=servers, mean_patience=patience
        )
        return queue.answered_within(20)

    assert answered(agents) >= level
    assert agents == 1 or answered(agents - 1) < level
