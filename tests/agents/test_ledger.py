"""The ledger of agents: it sums to the time logged on, and each fact is one agent's, once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.config import AcdConfig, QueueConfig
from agents.ledger import Activity, AgentLedger, AgentSums, sum_of_agents
from csta.agent_events import EVENT_OF_STATE, AgentEvent
from csta.causes import Cause
from csta.instants import HOUR, MINUTE
from csta.states import AgentState, BusyPhase
from ctiserver.core.wire import Published
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import OURS, SALES, Centre, centre_plan

A, B = "station:1001", "station:1002"


def event(
    agent_id: str,
    state: AgentState,
    at: int,
    *,
    phase: BusyPhase | None = None,
    call_id: str | None = None,
    cause: Cause = Cause.NORMAL,
    reason: str | None = None,
) -> AgentEvent:
    return EVENT_OF_STATE[state](
        link_id="sim1",
        agent_device=f"station:{agent_id}",
        agent_id=agent_id,
        since=at,
        cause=cause,
        busy_phase=phase,
        call_id=call_id,
        reason_code=reason,
    )


steps = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from(AgentState),
        st.none() | st.sampled_from(BusyPhase),
        st.sampled_from(["c1", "c2", None]),
        st.sampled_from([Cause.NORMAL, Cause.DISTRIBUTED]),
        st.integers(0, 500),
    ),
    max_size=40,
)


def play(
    history: list[tuple[str, AgentState, BusyPhase | None, str | None, Cause, int]],
) -> list[tuple[AgentEvent, int]]:
    """Make events of a history."""
    now, events = 0, []
    for agent_id, state, phase, call_id, cause, pause in history:
        now += pause
        busy = state is AgentState.BUSY
        events.append(
            (
                event(
                    agent_id,
                    state,
                    now,
                    phase=phase if busy else None,
                    call_id=call_id if busy else None,
                    cause=cause,
                    reason=call_id if state is AgentState.NOT_READY else None,
                ),
                now,
            )
        )
    return events


def ledger_of(
    events: list[tuple[AgentEvent, int]], from_at: int = 0, until_at: int | None = None
) -> dict[str, AgentSums]:
    ledger = AgentLedger(from_at, until_at)
    for change, at in events:
        ledger.take(change, at)
    ledger.close(events[-1][1] + 100 if events else 0)
    return ledger.sums()


@given(steps)
def test_the_activities_sum_to_the_time_logged_on_exactly(history: list[object]) -> None:
    # K10, A4.
    events = play(history)  # type: ignore[arg-type]  # drawn as `steps` says
    sums = ledger_of(events)
    on_since: dict[str, int] = {}
    logged_on = dict.fromkeys(sums, 0)
    for change, at in events:
        since = on_since.pop(change.agent_id, None)
        if since is not None:
            logged_on[change.agent_id] += at - since
        if change.STATE is not AgentState.NULL:
            on_since[change.agent_id] = at
    for agent_id, since in on_since.items():
        logged_on[agent_id] += events[-1][1] + 100 - since
    assert {agent_id: agent.login_ms for agent_id, agent in sums.items()} == logged_on
    for agent in sums.values():
        assert sum(agent.not_ready_ms.values()) == agent.spent_ms[Activity.NOT_READY]


@given(steps, st.integers(0, 3_000))
def test_two_windows_that_touch_add_up(history: list[object], cut: int) -> None:
    events = play(history)  # type: ignore[arg-type]  # drawn as `steps` says
    whole = ledger_of(events)
    before, after = ledger_of(events, 0, cut), ledger_of(events, cut)
    for agent_id, agent in whole.items():
        assert sum_of_agents([before[agent_id], after[agent_id]]) == agent


@given(steps)
def test_all_agents_together_are_the_sum_of_each(history: list[object]) -> None:
    sums = ledger_of(play(history))  # type: ignore[arg-type]  # drawn as `steps` says
    total = sum_of_agents(sums.values())
    assert total.login_ms == sum(agent.login_ms for agent in sums.values())
    assert total.handled == sum(agent.handled for agent in sums.values())


def story_of(centre: Centre) -> dict[str, AgentSums]:
    """Fold the log of a centre until now."""
    ledger = AgentLedger()
    for told in centre.log:
        ledger.take(told.data, told.at)
    ledger.close(centre.now)
    return ledger.sums()


def centre_with(*queues: QueueConfig) -> Centre:
    centre = Centre(centre_plan(acd=AcdConfig(queues=queues or (SALES,))))
    for device in (A, B):
        centre.phone(device, PhoneAct.ANSWERS, 1_000)
    return centre


def talking(centre: Centre) -> dict[str, str]:
    """Let a caller talk to Anna since 4 s; give her part of the call."""
    centre.log_on("anna")
    centre.call()
    centre.wait(5_000)
    return {"callID": centre.call_ids()[0], "deviceID": A}


def test_a_day_of_one_agent_in_all_its_parts() -> None:
    centre = centre_with()
    centre.set_agent("anna", "loggedOn")
    centre.wait(1_000)
    centre.set_agent("anna", "ready")
    centre.wait(2_000)
    leg = centre.call()
    centre.wait(5_000)  # rings for 1 s
    part = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.asked("HoldCall", callToBeHeld=part)
    centre.wait(3_000)
    centre.asked("RetrieveCall", callToBeRetrieved=part)
    centre.wait(6_000)
    centre.pbx.hang_up(leg)
    centre.wait(7_000)  # works for 5 s
    centre.set_agent("anna", "notReady", reasonCode="lunch")
    centre.wait(8_000)
    anna = story_of(centre)["anna"]
    assert anna.spent_ms == {
        Activity.TALK: 10_000,
        Activity.HOLD: 3_000,
        Activity.CONSULT: 0,
        Activity.WORK: 5_000,
        Activity.RING: 1_000,
        Activity.READY: 4_000,
        Activity.NOT_READY: 9_000,
        Activity.OTHER: 0,
    }
    assert anna.not_ready_ms == {"": 1_000, "lunch": 8_000}
    assert (anna.handled, anna.held, anna.offers) == (1, 1, 1)
    assert anna.aht_ms == 18_000
    assert anna.mean_ms(Activity.WORK) == 5_000
    assert anna.mean_held_ms == 3_000
    assert (anna.hold_share, anna.transfer_share, anna.answer_share) == (1.0, 0.0, 1.0)
    assert anna.calls_per_hour == pytest.approx(HOUR / 32_000)
    assert anna.calls_per_ready_hour == HOUR / 4_000


def blind_transfer(centre: Centre, part: dict[str, str]) -> None:
    centre.asked("SingleStepTransferCall", activeCall=part, transferredTo="1002")


def attended_transfer(centre: Centre, part: dict[str, str]) -> None:
    centre.asked("ConsultationCall", existingCall=part, consultedDevice="1002")
    centre.wait(9_000)
    active = {"callID": centre.call_ids()[-1], "deviceID": A}
    centre.asked("TransferCall", heldCall=part, activeCall=active)


@pytest.mark.parametrize(
    ("transfer", "consulted"), [(blind_transfer, 0), (attended_transfer, 9_000)]
)
def test_talk_after_a_transfer_is_not_the_talk_of_who_transferred(
    transfer: object, consulted: int
) -> None:
    # RG-45, S3: the caller talks for an hour to who took over.
    assert callable(transfer)
    centre = centre_with()
    part = talking(centre)
    transfer(centre, part)
    centre.wait(HOUR)
    anna = story_of(centre)["anna"]
    assert anna.spent_ms[Activity.TALK] == 4_000
    assert anna.spent_ms[Activity.CONSULT] == consulted
    assert anna.handling_ms == 4_000 + consulted + anna.spent_ms[Activity.WORK]
    assert (anna.handled, anna.transferred, anna.transfer_share) == (1, 1, 1.0)


def test_a_call_that_comes_back_by_a_transfer_is_handled_once_by_each() -> None:
    # RG-43, S2: the same call, answered by both, and one contact all the while.
    centre = centre_with()
    part = talking(centre)
    centre.set_agent("anna", "notReady")
    centre.log_on("bea")
    centre.asked("SingleStepTransferCall", activeCall=part, transferredTo=OURS)
    centre.wait(MINUTE)
    sums = story_of(centre)
    assert (sums["anna"].handled, sums["bea"].handled) == (1, 1)
    assert sum_of_agents(sums.values()).handled == 2


def test_an_agent_of_two_queues_is_one_agent() -> None:
    # RG-47.
    support = QueueConfig(name="support", skills={"sales": 1})
    plan = centre_plan(
        acd=AcdConfig(queues=(SALES, support)), numbers={OURS: "acd:sales", "+4931": "acd:support"}
    )
    centre = Centre(plan)
    centre.phone(A, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    for dialled in (OURS, "+4931"):
        leg = centre.call(dialled=dialled)
        centre.wait(5_000)
        centre.pbx.hang_up(leg)
        centre.wait(10_000)
    sums = story_of(centre)
    assert list(sums) == ["anna"]
    assert sums["anna"].handled == 2
    assert sums["anna"].login_ms == 30_000


def test_offers_that_come_to_nothing_are_counted_by_why() -> None:
    centre = centre_with()
    centre.log_on("anna", "bea")
    centre.phone(A, PhoneAct.NO_ANSWER)
    centre.phone(B, PhoneAct.REJECTS, 1_000)
    centre.call()
    centre.wait(MINUTE)
    centre.set_agent("anna", "ready")
    leg = centre.call("+49172")
    centre.wait(2_000)
    for other in [leg, *(one["leg"] for one in centre.pbx.snapshot())]:
        centre.pbx.hang_up(other)
    centre.wait(MINUTE)
    sums = story_of(centre)
    total = sum_of_agents(sums.values())
    refused = centre.events("OfferRefused")
    assert total.offers == len(centre.events("AgentOffered"))
    assert total.rung_out == sum(one.data.reason == "noAnswer" for one in refused) > 0
    assert total.rejected == sum(one.data.reason == "rejected" for one in refused) > 0
    assert total.withdrawn == len(centre.events("OfferWithdrawn"))
    assert total.handled == 0
    assert total.rona_share == total.rung_out / total.offers
    assert total.answer_share == 0


def test_a_call_that_the_agent_makes_is_other_time() -> None:
    centre = centre_with()
    centre.set_agent("anna", "loggedOn")
    centre.asked("MakeCall", callingDevice=A, calledDirectoryNumber="1002")
    centre.wait(MINUTE)
    anna = story_of(centre)["anna"]
    assert anna.spent_ms[Activity.TALK] == 0
    assert anna.spent_ms[Activity.OTHER] > 50_000
    assert anna.handled == 0


def test_who_goes_back_to_the_caller_from_a_consultation_talks() -> None:
    centre = centre_with()
    part = talking(centre)
    centre.asked("ConsultationCall", existingCall=part, consultedDevice="1002")
    centre.wait(9_000)
    active = {"callID": centre.call_ids()[-1], "deviceID": A}
    centre.asked("AlternateCall", heldCall=part, activeCall=active)
    centre.wait(20_000)
    anna = story_of(centre)["anna"]
    assert anna.spent_ms[Activity.TALK] == 24_000
    assert anna.spent_ms[Activity.CONSULT] == 9_000
    assert anna.held == 1


def test_nobody_has_no_figures() -> None:
    nobody = sum_of_agents(())
    assert (nobody.login_ms, nobody.aht_ms, nobody.rona_share) == (0, None, None)
    assert (nobody.answer_share, nobody.calls_per_hour, nobody.hold_share) == (None, None, None)


def test_what_is_not_about_agents_changes_nothing() -> None:
    centre = centre_with()
    centre.call()
    centre.wait(MINUTE)
    log: list[Published] = [one for one in centre.log if "call/" in one.subject]
    assert log
    ledger = AgentLedger()
    for told in log:
        ledger.take(told.data, told.at)
    assert ledger.sums() == {}
