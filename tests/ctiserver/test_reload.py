"""A new configuration takes effect while calls wait (R34), and stands in the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.config import AcdConfig, QueueConfig
from acd.inputs import Apply
from acd.steps import Step
from agents.config import AgentConfig
from ctiserver.core.inputs import Configured
from ctiserver.core.outbox import Reply
from ivr.menu_file import load_flow
from scenarios.journal_replay import replay
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, OURS, Centre, centre_plan
from tests.repository import ROOT

A, B = "station:1001", "station:1002"


def plan(version: int, *queues: QueueConfig) -> AcdConfig:
    return AcdConfig(queues=queues, version=version)


def sales(*steps: Step, level: int = 1, music: str = "music:default") -> QueueConfig:
    return QueueConfig(name="sales", skills={"sales": level}, steps=steps, music=music)


def configure(
    centre: Centre,
    acd: AcdConfig,
    agents: tuple[AgentConfig, ...] | None = None,
    apply: Apply = Apply.ALL_WAITING,
) -> Reply:
    """Hand in a configuration, and give the answer."""
    event = Configured(request_id="conf", acd=acd, agents=agents, apply=apply, principal="boss")
    centre.world.driver.submit(event)
    return centre.replies["conf"]


def centre_with(*queues: QueueConfig) -> Centre:
    centre = Centre(centre_plan(acd=plan(1, *queues)))
    for device in (A, B):
        centre.phone(device, PhoneAct.NO_ANSWER)
    return centre


def test_r34_a_new_rule_reaches_calls_that_wait_and_is_told_with_its_version() -> None:
    centre = centre_with(sales(level=9))
    centre.log_on("anna")
    centre.call()
    centre.wait(5_000)
    assert centre.events("AgentOffered") == []
    assert configure(centre, plan(7, sales(level=5))).result == 7
    assert [e.data.agent_id for e in centre.events("AgentOffered")] == ["anna"]
    [changed] = centre.events("ConfigurationChanged")
    assert (changed.data.version, changed.data.apply) == (7, "all_waiting")
    assert (changed.principal, changed.correlation_id) == ("boss", "conf")


def test_r34_with_new_only_calls_that_wait_keep_their_rules() -> None:
    late = Step(after_ms=20_000, end="timeout")
    centre = centre_with(sales())
    centre.call("+491")
    centre.wait(5_000)
    assert configure(centre, plan(2, sales(late)), apply=Apply.NEW_ONLY).error is None
    centre.call("+492")
    centre.wait(60_000)
    outcomes = [e.data.exit_reason for e in centre.events("CallCleared")]
    assert outcomes == ["timeout"]
    assert len(centre.engine.acd.calls) == 1


def test_r34_a_step_whose_time_is_past_is_taken_at_once_by_who_waits() -> None:
    centre = centre_with(sales())
    centre.call()
    centre.wait(30_000)
    configure(centre, plan(2, sales(Step(after_ms=20_000, end="timeout"))))
    centre.wait(100)
    assert [e.data.exit_reason for e in centre.events("CallCleared")] == ["timeout"]


def test_music_and_agents_are_the_new_ones() -> None:
    centre = centre_with(sales())
    cem = AgentConfig("cem", "Cem", "station:1003", {"sales": 9})
    configure(centre, plan(2, sales(music="music:new")), (ANNA, BEA, cem))
    centre.call()
    centre.wait(1_000)
    assert [e.data.message for e in centre.events("Play")] == ["music:new"]
    assert centre.engine.numbering.device("1003") == "station:1003"
    centre.set_agent("cem", "loggedOn")
    assert centre.engine.directory.agent("cem").state.value == "agentNotReady"


@pytest.mark.parametrize(
    ("acd", "agents", "why"),
    [
        (plan(2, QueueConfig(name="help", skills={})), None, "leads to acd:sales"),
        (plan(1, sales()), None, "version 1 is in force already"),
        (plan(2, sales()), (BEA,), "agentNotReady"),
        (
            plan(2, sales(Step(after_ms=9, divert_to="routeing:night"))),
            None,
            "queue sales leads to routeing:night, which is not there",
        ),
    ],
    ids=["queue gone", "not newer", "agent gone", "flow unknown"],
)
def test_r34_a_wrong_configuration_is_refused_as_a_whole(
    acd: AcdConfig, agents: tuple[AgentConfig, ...] | None, why: str
) -> None:
    centre = centre_with(sales())
    centre.set_agent("anna", "loggedOn")
    centre.call()
    centre.wait(1_000)
    before = len(centre.log)
    error = configure(centre, acd, agents).error
    assert why in error.detail
    assert len(centre.log) == before
    assert centre.engine.acd.config.version == 1
    assert len(centre.engine.directory) == 2
    assert centre.engine.config.acd == plan(1, sales())


def test_a_queue_that_a_flow_leads_to_cannot_be_left_out() -> None:
    flow = load_flow(ROOT / "tests" / "golden" / "front_door.yaml")
    centre = Centre(
        centre_plan(
            acd=plan(1, sales(), QueueConfig(name="support", skills={})),
            flows={"main": flow},
            numbers={OURS: "routeing:main"},
        )
    )
    error = configure(centre, plan(2, QueueConfig(name="support", skills={}))).error
    assert "flow main leads to acd:sales" in error.detail


def test_a_journal_with_a_new_configuration_in_it_replays_to_the_same_bytes(tmp_path: Path) -> None:
    lines: list[bytes] = []
    centre = Centre(centre_plan(acd=plan(1, sales(level=9))), journal=lines.append)
    centre.phone(A, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    centre.call(talk_ms=5_000)
    centre.wait(2_000)
    configure(centre, plan(2, sales(Step(after_ms=60_000, announce="sound:x"))))
    centre.wait(20_000)
    configure(centre, plan(2, sales()))  # refused: it is not newer
    centre.wait(20_000)
    event_laws.check(centre.log)
    path = tmp_path / "reload.journal"
    path.write_bytes(b"".join(lines))
    verdict = replay(path)
    assert verdict.equal
    assert any(b'"configured"' in line for line in lines)


# Services on calls that wait.


def waiting_pair() -> Centre:
    centre = centre_with(sales(level=9))
    centre.call("+491")
    centre.call("+492")
    centre.wait(1_000)
    return centre


def test_r19_a_client_changes_priority_and_skills_of_a_waiting_call() -> None:
    """RG-35: what is acknowledged is applied."""
    centre = waiting_pair()
    first, second = centre.engine.acd.calls.values()
    centre.asked("ChangeQueuedCall", queuedCall={"callID": second.call_id}, priority=5)
    assert second.key < first.key
    assert centre.events("Queued")[-1].data.calls_in_front == 0
    centre.asked("ChangeQueuedCall", queuedCall={"callID": second.call_id}, skills={"russian": 2})
    assert second.skills == (("russian", 2),)


@pytest.mark.parametrize(
    ("params", "value"),
    [
        ({"queuedCall": {"callID": "c-0"}, "priority": 1}, "invalidCallID"),
        ({"queuedCall": {"callID": "c-0"}, "priority": 1_000}, "invalidParameterValue"),
    ],
)
def test_a_change_of_a_call_that_does_not_wait_is_refused(
    params: dict[str, object], value: str
) -> None:
    reply = waiting_pair().ask("ChangeQueuedCall", **params)
    assert reply.error.value == value


def test_r30_a_client_picks_a_waiting_call_for_a_ready_agent() -> None:
    centre = waiting_pair()
    call_ids = list(centre.engine.acd.calls)
    reply = centre.ask("PickQueuedCall", queuedCall={"callID": call_ids[1]}, agentID="anna")
    assert reply.error.value == "invalidAgentState"
    centre.log_on("anna")
    centre.asked("PickQueuedCall", queuedCall={"callID": call_ids[1]}, agentID="anna")
    assert [(e.data.call_id, e.data.agent_id) for e in centre.events("AgentOffered")] == [
        (call_ids[1], "anna")
    ]
