"""Time in states, ratios of the ledger, and fairness (reliability A4, features §e.4, R39)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.ledger import Activity, AgentSums, sum_of_agents
from agents.stats import FAIR_SHARES, RATIOS, Fairness, TimeInState, fairness, fairness_of
from csta.agent_events import EVENT_OF_STATE, AgentEvent
from csta.states import AgentState


def event(agent_id: str, state: AgentState, at: int) -> AgentEvent:
    return EVENT_OF_STATE[state](
        link_id="sim1", agent_device="station:1", agent_id=agent_id, since=at
    )


histories = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(AgentState), st.integers(0, 500)), max_size=30
)


def ledger(history: list[tuple[str, AgentState, int]], *windows: TimeInState) -> int:
    """Take in a history; give its last instant."""
    now = 0
    for agent_id, state, pause in history:
        now += pause
        for window in windows:
            window.take(event(agent_id, state, now), now)
    for window in windows:
        window.close(now + 100)
    return now + 100


@given(histories)
def test_the_states_partition_the_time_since_the_first_event(
    history: list[tuple[str, AgentState, int]],
) -> None:
    times = TimeInState()
    end = ledger(history, times)
    now = 0
    first: dict[str, int] = {}
    for agent_id, _, pause in history:
        now += pause
        first.setdefault(agent_id, now)
    assert sum(times.total_ms(state) for state in AgentState) == sum(
        end - since for since in first.values()
    )


@given(histories, st.integers(0, 3_000))
def test_two_windows_that_touch_add_up(
    history: list[tuple[str, AgentState, int]], cut: int
) -> None:
    whole, before, after = TimeInState(), TimeInState(0, cut), TimeInState(cut)
    ledger(history, whole, before, after)
    for state in AgentState:
        assert whole.total_ms(state) == before.total_ms(state) + after.total_ms(state)


@given(histories)
def test_closing_in_between_changes_nothing(
    history: list[tuple[str, AgentState, int]],
) -> None:
    once, often = TimeInState(), TimeInState()
    now = 0
    for agent_id, state, pause in history:
        now += pause
        often.close(now)
        often.take(event(agent_id, state, now), now)
    often.close(now + 100)
    ledger(history, once)
    assert [once.total_ms(s) for s in AgentState] == [often.total_ms(s) for s in AgentState]


def test_occupancy_is_busy_and_work_of_all_but_pauses() -> None:
    times = TimeInState()
    assert times.occupancy_share is None
    for state, at in (
        (AgentState.NOT_READY, 0),
        (AgentState.READY, 1_000),
        (AgentState.BUSY, 1_400),
        (AgentState.WORKING_AFTER_CALL, 1_900),
        (AgentState.NULL, 2_000),
    ):
        times.take(event("a", state, at), at)
    times.close(9_000)
    assert times.total_ms(AgentState.NULL) == 7_000
    assert times.occupancy_share == 0.6


def spent(handled: int = 0, **hours: int) -> AgentSums:
    """Make the sums of an agent; the time is in hours by the name of the activity."""
    return AgentSums(
        spent_ms={one: hours.get(one.name.lower(), 0) * 3_600_000 for one in Activity},
        not_ready_ms={},
        handled=handled,
    )


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        ("occupancy AWS", 13 / 16),
        ("occupancy Genesys", 10 / 16),
        ("% ACD time CMS", 7 / 20),
        ("occupancy ICMI", 17 / 20),
        ("utilisation ICMI", 13 / 20),
        ("utilisation", 10 / 20),
        ("availability", 16 / 20),
    ],
)
def test_the_same_day_has_many_occupancies(ratio: str, expected: float) -> None:
    day = spent(talk=5, hold=2, consult=1, work=2, ring=1, ready=3, not_ready=4, other=2)
    assert day.login_ms == 20 * 3_600_000
    assert RATIOS[ratio].share(day) == pytest.approx(expected)


def test_every_ratio_has_its_formula_and_source_and_nobody_has_none() -> None:
    for ratio in RATIOS.values():
        assert ratio.formula
        assert ratio.source
        assert ratio.share(sum_of_agents(())) is None


def test_jains_index_of_the_vector() -> None:
    # R39.
    fair = fairness([10, 12, 8, 10])
    assert fair is not None
    assert fair.jain is not None
    assert f"{fair.jain:.5f}" == "0.98039"
    assert (fair.least, fair.most, fair.spread) == (8, 12, 4)


positive = st.lists(st.integers(0, 1_000), min_size=1, max_size=20)


@given(positive, st.integers(1, 50))
def test_fairness_is_between_one_nth_and_one_and_does_not_depend_on_the_unit(
    values: list[int], unit: int
) -> None:
    fair, scaled = fairness(values), fairness([unit * value for value in values])
    assert fair is not None
    assert scaled is not None
    if fair.jain is None:
        assert set(values) == {0}
    else:
        assert 1 / len(values) <= fair.jain + 1e-12 <= 1 + 2e-12
        assert scaled.jain == pytest.approx(fair.jain)
    assert fairness([values[0]] * 3) in (Fairness(1.0, values[0], values[0]), Fairness(None, 0, 0))


def test_one_who_does_it_all_is_as_unfair_as_can_be() -> None:
    assert fairness([0, 0, 0, 7]) == Fairness(0.25, 0, 7)
    assert fairness([]) is None


def test_fairness_is_among_those_who_were_there() -> None:
    # R39: occupancy, calls, calls per ready hour, idle.
    crew = [spent(4, talk=1, ready=1), spent(2, talk=1, ready=3), spent()]
    measured = {measure: fairness_of(crew, measure) for measure in FAIR_SHARES}
    extremes = {name: (fair.least, fair.most) for name, fair in measured.items() if fair}
    assert extremes == {
        "occupancy": (0.25, 0.5),
        "calls": (2, 4),
        "calls per ready hour": (2 / 3, 4),
        "idle": (0.5, 0.75),
    }
