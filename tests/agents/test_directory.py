"""The directory: found by id and device, changed by one table, told by events."""

from __future__ import annotations

import pytest

from agents.config import AgentConfig
from agents.directory import Directory
from agents.states import AGENT_STEPS
from csta.agent_events import AgentBusy, AgentLoggedOff, AgentLoggedOn
from csta.errors import CtiError, ErrorValue
from csta.states import AgentState, BusyPhase


@pytest.fixture
def directory() -> Directory:
    return Directory(
        (AgentConfig("ann", "Ann", "station:1", {}), AgentConfig("bob", "Bob", "station:2", {})),
        "sim1",
    )


def test_agents_are_listed_as_configured_and_found_by_id(directory: Directory) -> None:
    assert [agent.agent_id for agent in directory] == ["ann", "bob"]
    assert len(directory) == 2
    assert directory.agent("bob").name == "Bob"
    with pytest.raises(CtiError) as nobody:
        directory.agent("eve")
    assert nobody.value.value is ErrorValue.INVALID_AGENT_IDENTIFIER


def test_who_logs_on_is_not_ready_at_that_device(directory: Directory) -> None:
    event = directory.log_on(directory.agent("ann"), "station:9", 5)
    assert isinstance(event, AgentLoggedOn)
    assert (event.agent_device, event.since) == ("station:9", 5)
    assert event.previous_state is AgentState.NULL
    assert directory.at_device("station:9") is directory.agent("ann")
    assert directory.at_device("station:1") is None


def test_a_device_has_one_agent_and_an_agent_one_device(directory: Directory) -> None:
    ann, bob = directory.agent("ann"), directory.agent("bob")
    directory.log_on(ann, "station:1", 0)
    with pytest.raises(CtiError) as taken:
        directory.check_log_on(bob, "station:1")
    assert taken.value.value is ErrorValue.INVALID_DEVICE_STATE
    with pytest.raises(CtiError) as twice:
        directory.check_log_on(ann, "station:3")
    assert twice.value.value is ErrorValue.INVALID_AGENT_STATE
    directory.change(ann, AgentState.NULL, 1)
    directory.check_log_on(bob, "station:1")


def test_a_refusal_says_what_is_permitted(directory: Directory) -> None:
    ann = directory.agent("ann")
    directory.log_on(ann, "station:1", 0)
    directory.change(ann, AgentState.READY, 0)
    with pytest.raises(CtiError) as refused:
        directory.check_request(ann, AgentState.READY)
    current = refused.value.current
    assert current is not None
    assert current.agent_state == "agentReady"
    assert current.services_permitted == ("loggedOff", "notReady", "workingAfterCall")


def test_each_step_of_the_table_is_taken_and_no_other(directory: Directory) -> None:
    ann = directory.agent("ann")
    for origin in AgentState:
        for target in AgentState:
            ann.state = origin
            if target in AGENT_STEPS[origin]:
                event = directory.change(ann, target, 7)
                assert (event.STATE, event.previous_state) == (target, origin)
            else:
                with pytest.raises(AssertionError, match="may not go"):
                    directory.change(ann, target, 7)


def test_a_change_of_phase_does_not_begin_the_state_anew(directory: Directory) -> None:
    ann = directory.agent("ann")
    directory.log_on(ann, "station:1", 0)
    directory.change(ann, AgentState.BUSY, 10, phase=BusyPhase.OFFERED, call_id="c1")
    event = directory.change(ann, AgentState.BUSY, 20, phase=BusyPhase.TALKING, call_id="c1")
    assert isinstance(event, AgentBusy)
    assert (event.since, event.busy_phase) == (10, BusyPhase.TALKING)


def test_what_is_pending_is_told_and_ends_with_the_next_resting_state(directory: Directory) -> None:
    ann = directory.agent("ann")
    directory.log_on(ann, "station:1", 0)
    directory.change(ann, AgentState.BUSY, 10)
    event = directory.keep_pending(ann, AgentState.NOT_READY, "lunch")
    assert event.pending_agent_state is AgentState.NOT_READY
    assert (event.STATE, event.since) == (AgentState.BUSY, 10)
    directory.change(ann, AgentState.WORKING_AFTER_CALL, 20)
    assert ann.pending is AgentState.NOT_READY
    after = directory.change(ann, AgentState.NOT_READY, 30, reason="lunch")
    assert after.pending_agent_state is None
    assert (after.reason_code, ann.resting_reason) == ("lunch", "lunch")


def test_who_logs_off_is_at_no_device(directory: Directory) -> None:
    ann = directory.agent("ann")
    directory.log_on(ann, "station:1", 0)
    assert isinstance(directory.change(ann, AgentState.NULL, 1), AgentLoggedOff)
    assert directory.at_device("station:1") is None
