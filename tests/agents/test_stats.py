"""The ledger of agents' time: the states partition the time logged on (reliability A4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.stats import TimeInState
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
