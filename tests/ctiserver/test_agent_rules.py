"""Agents in the whole engine: their work, their phones, and the services that they are asked by."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from acd.config import AcdConfig, QueueConfig
from acd.rules import AgentRules, ReasonCode, WrapUpMode
from csta.agent_events import AgentEvent
from csta.causes import Cause
from csta.errors import ErrorValue
from csta.ids import DeviceId
from csta.replies import AgentInformation
from ctiserver.core.journal import read_journal
from ctiserver.core.switch_link import DeviceBack, DeviceLost
from scenarios.journal_replay import Replay
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import BUSY_NUMBER, OURS, START, Centre, centre_plan
from tests.ctiserver.machine_centre import DIALLED, STATIONS
from tests.ctiserver.test_engine_machine import EngineMachine

A, B = "station:1001", "station:1002"
SUPPORT = "78"


def centre_with(
    *, rules: AgentRules | None = None, act: PhoneAct = PhoneAct.ANSWERS, **sales: object
) -> Centre:
    """Build a centre with the queues sales and support, both with 15 seconds of work."""
    queues = tuple(
        QueueConfig(**{"name": name, "skills": {"sales": 1}, "wrap_up_ms": 15_000, **more})  # type: ignore[arg-type] # drawn together
        for name, more in (("sales", sales), ("support", {}))
    )
    centre = Centre(
        centre_plan(
            acd=AcdConfig(queues=queues, rules=rules or AgentRules()),
            numbers={OURS: "acd:sales", SUPPORT: "acd:support"},
        )
    )
    for device in (A, B):
        centre.phone(device, act)
    return centre


def states(centre: Centre, agent_id: str) -> list[tuple[int, str]]:
    """List the states of an agent, each with the milliseconds since the start."""
    told: list[tuple[int, str]] = []
    for event in centre.log:
        data = event.data
        if isinstance(data, AgentEvent) and data.agent_id == agent_id:
            name = data.STATE.name + (f"({data.reason_code})" if data.reason_code else "")
            if not told or told[-1][1] != name:
                told.append((event.at - START, name))
    return told


def transfer(centre: Centre, device: DeviceId, number: str) -> None:
    """Let the agent at a phone transfer the caller without asking."""
    part = {"callID": centre.call_ids()[0], "deviceID": device}
    centre.asked("SingleStepTransferCall", activeCall=part, transferredTo=number)


def information(centre: Centre, agent_id: str) -> AgentInformation:
    """Ask for all about an agent."""
    found: AgentInformation = centre.asked("GetAgentInformation", agentID=agent_id)
    return found


# Work after calls.


def test_c3_4_rg_31_work_begins_when_the_agent_himself_is_out_and_lasts_as_long_as_it_should() -> (
    None
):
    centre = centre_with()
    centre.log_on("anna")
    centre.call()
    centre.wait(3_000)
    transfer(centre, A, SUPPORT)
    centre.wait(60_000)
    assert states(centre, "anna")[2:] == [
        (0, "BUSY"),
        (3_000, "WORKING_AFTER_CALL"),
        (18_000, "READY"),
        (18_000, "BUSY"),
    ]
    anna = centre.engine.directory.agent("anna")
    assert anna.acd_call_ended_at == START + 3_000
    assert anna.calls_handled == 2


def test_rg_27_however_often_a_call_is_handed_on_each_agent_works_after_each_part_of_it() -> None:
    centre = centre_with()
    centre.log_on("anna", "bea")
    caller = centre.call()
    devices, names = (A, B), ("anna", "bea")
    for hop in range(10):
        centre.wait(20_000)
        busy = centre.engine.directory.agent(names[hop % 2])
        assert busy.state.name == "BUSY", f"after {hop} transfers"
        transfer(centre, devices[hop % 2], SUPPORT)
    centre.wait(20_000)
    centre.pbx.hang_up(caller)
    centre.wait(16_000)
    for name in names:
        assert centre.engine.directory.agent(name).state.name == "READY"
        spells = [state for _, state in states(centre, name)]
        work = spells.count("WORKING_AFTER_CALL")
        assert work == spells.count("BUSY") == information(centre, name).figures.calls_handled  # type: ignore[union-attr] # here
        assert information(centre, name).figures.work_ms == work * 15_000  # type: ignore[union-attr] # here


def test_c3_8_a_call_out_that_fails_is_followed_by_the_work_that_the_centre_gives_and_no_more() -> (
    None
):
    rules = AgentRules(wrap_up_after_failed_outbound_ms=4_000, wrap_up_after_outbound_ms=9_000)
    for given, dialled, expected in (
        (None, BUSY_NUMBER, 0),
        (rules, BUSY_NUMBER, 4_000),
        (rules, "+49171", 9_000),
        (rules, "1002", 0),
    ):
        centre = centre_with(rules=given)
        centre.log_on("anna")
        centre.asked(
            "MakeCall", callingDevice=A, calledDirectoryNumber=dialled, autoOriginate="doNotPrompt"
        )
        centre.wait(10_000)
        centre.pbx.hang_up(A)
        centre.wait(20_000)
        assert centre.engine.directory.agent("anna").state.name == "READY"
        assert information(centre, "anna").figures.work_ms == expected  # type: ignore[union-attr] # here


def test_a06_a04_more_time_is_asked_for_by_a_service_and_refused_with_the_state() -> None:
    centre = centre_with(
        wrap_up=WrapUpMode.FULL, wrap_up_extension_ms=5_000, wrap_up_extensions_max=1
    )
    centre.log_on("anna")
    centre.call(talk_ms=10_000)
    centre.wait(12_000)
    result = centre.asked("ExtendAfterCallWork", agentID="anna")
    assert result.agent_state == "agentWorkingAfterCall"
    refused = centre.ask("ExtendAfterCallWork", agentID="anna").error
    assert refused.value is ErrorValue.INVALID_AGENT_STATE
    assert refused.current.agent_state == "agentWorkingAfterCall"
    pending = centre.asked("SetAgentState", agentID="anna", requestedAgentState="ready")
    assert pending.pending_agent_state == "agentReady"
    centre.wait(30_000)
    assert states(centre, "anna")[-1] == (30_000, "READY")


def test_a14_a_disposition_given_in_work_after_the_call_belongs_to_that_call() -> None:
    centre = centre_with()
    centre.log_on("anna")
    centre.call(talk_ms=10_000)
    centre.wait(12_000)
    [call_id] = centre.call_ids()
    centre.asked(
        "AssociateData", existingCall={"callID": call_id}, callQualifyingData={"wrapUp": "sold"}
    )
    [event] = centre.events("CallInformation")
    assert (event.data.call_id, event.data.after_call) == (call_id, True)
    assert event.data.call_qualifying_data == {"wrapUp": "sold"}


# Phones that are lost.


def test_c3_9_rg_28_the_loss_of_a_phone_is_felt_at_once_and_no_call_is_offered_in_between() -> None:
    centre = centre_with()
    centre.log_on("anna")
    centre.wait(1_000)
    centre.pbx.unplug(A)
    assert states(centre, "anna")[-1] == (1_000, "NOT_READY(device_lost)")
    centre.call()
    centre.wait(5_000)
    assert centre.events("AgentOffered") == []
    refused = centre.ask("SetAgentState", agentID="anna", requestedAgentState="ready").error
    assert refused.value is ErrorValue.DEVICE_OUT_OF_SERVICE
    centre.pbx.plug_in(A)
    centre.wait(5_000)
    assert centre.story("OutOfService", "AgentOffered", "BackInService", "Established") == [
        "OutOfService(; destOutOfOrder)",
        "BackInService(; normal)",
        "AgentOffered(anna; )",
        f"Established({A}; distributed)",
    ]


def test_rg_12_a_phone_lost_while_it_rings_gives_the_caller_to_the_next_agent() -> None:
    centre = centre_with(act=PhoneAct.NO_ANSWER)
    centre.phone(B, PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna", "bea")
    centre.call()
    centre.wait(4_000)
    centre.pbx.unplug(A)
    centre.pbx.unplug(A)
    centre.wait(2_000)
    assert centre.story("AgentOffered", "OfferRefused", "Established") == [
        "AgentOffered(anna; )",
        "OfferRefused(anna; deviceLost)",
        "AgentOffered(bea; )",
        f"Established({B}; distributed)",
    ]
    [talk] = centre.events("Established")
    assert talk.data.acd.waited_ms == 5_000
    centre.pbx.plug_in(A)
    assert states(centre, "anna")[-1][1] == "READY"


def test_a_phone_lost_in_a_talk_ends_it_and_who_logs_on_at_a_lost_phone_cannot_be_ready() -> None:
    centre = centre_with()
    centre.log_on("anna")
    centre.call()
    centre.wait(5_000)
    centre.pbx.unplug(A)
    centre.wait(20_000)
    assert states(centre, "anna")[-2:] == [
        (5_000, "WORKING_AFTER_CALL"),
        (20_000, "NOT_READY(device_lost)"),
    ]
    centre.set_agent("bea", "loggedOn", device=B)
    centre.set_agent("bea", "loggedOff")
    centre.set_agent("anna", "loggedOff")
    centre.set_agent("bea", "loggedOn", device=A)
    assert not information(centre, "bea").reachable
    refused = centre.ask("SetAgentState", agentID="bea", requestedAgentState="ready").error
    assert refused.value is ErrorValue.DEVICE_OUT_OF_SERVICE


def test_rg_17_a_call_of_another_kind_beside_an_offer_leaves_the_agent_in_order() -> None:
    centre = centre_with(act=PhoneAct.NO_ANSWER)
    centre.log_on("anna")
    centre.pbx.dial_from(A, "+49171")
    leg = centre.call()
    centre.wait(1_000)
    assert centre.events("AgentOffered") == []
    centre.pbx.hang_up(A)
    centre.wait(1_000)
    assert states(centre, "anna")[-1][1] == "BUSY"
    centre.pbx.hang_up(leg)
    centre.wait(1_000)
    assert states(centre, "anna")[-1][1] == "READY"


class LostPhones(EngineMachine):
    """The engine machine, with a switch that tells when phones are lost and when they are back."""

    @rule(station=st.sampled_from(STATIONS))
    def a_phone_is_unplugged_or_plugged_in(self, station: str) -> None:
        if station in self.switch.unplugged:
            self.switch.unplugged.remove(station)
            self.switch.untold.append(DeviceBack(station))
        else:
            self.switch.unplugged.add(station)
            self.switch.untold.append(DeviceLost(station))
            line = self.switch.at(station)
            if line is not None:
                self.switch.end(line.leg_id, Cause.DEST_OUT_OF_ORDER, far_end=True)
        self.hear()
        if not self.lagging:
            for agent in self.engine.directory:
                if agent.state.name == "READY":
                    assert agent.device_id not in self.switch.unplugged

    @rule(station=st.sampled_from(STATIONS), number=st.sampled_from(DIALLED))
    def somebody_dials(self, station: str, number: str) -> None:
        if station not in self.switch.unplugged:  # a phone that is used is not lost
            super().somebody_dials(station, number)


def test_whatever_else_happens_nobody_is_ready_whose_phone_is_lost() -> None:
    run_state_machine_as_test(
        LostPhones, settings=settings(max_examples=60, stateful_step_count=40)
    )


# What clients ask.


def test_a02_a_wrong_reason_is_refused_by_the_service_with_those_that_there_are() -> None:
    centre = centre_with(rules=AgentRules(reasons=(ReasonCode(code="lunch", limit_ms=60_000),)))
    centre.log_on("anna")
    refused = centre.ask("SetAgentState", agentID="anna", requestedAgentState="notReady").error
    assert refused.value is ErrorValue.INVALID_PARAMETER_VALUE
    assert "none of: lunch" in refused.detail
    centre.set_agent("anna", "notReady", reasonCode="lunch")
    centre.wait(61_000)
    over = centre.events("AgentNotReady")[-1]
    assert (over.at - START, over.data.cause, over.data.since - START) == (
        60_000,
        "durationExceeded",
        0,
    )


def test_a10_a12_queues_and_skills_change_by_services_while_calls_wait() -> None:
    centre = centre_with(skills={"english": 5})
    centre.log_on("anna")
    centre.call()
    centre.asked("PauseAgentQueue", agentID="anna", queue="acd:sales")
    centre.asked("SetAgentSkills", agentID="anna", skills={"english": 6})
    centre.wait(1_000)
    assert centre.events("AgentOffered") == []
    about = information(centre, "anna")
    assert (about.skills, about.paused_queues) == ({"english": 6}, ("acd:sales",))
    centre.asked("PauseAgentQueue", agentID="anna", queue="acd:sales", paused=False)
    assert len(centre.events("AgentOffered")) == 1
    centre.asked("SetAgentSkills", agentID="anna", queues=["acd:support"])
    assert information(centre, "anna").queues == ("acd:support",)
    for params in ({"queue": "station:1001"}, {"queue": "acd:sailing"}):
        assert centre.ask("PauseAgentQueue", agentID="anna", **params).error is not None
    assert centre.ask("SetAgentSkills", agentID="anna", skills={"english": 11}).error is not None


def test_a18_an_agent_is_told_his_own_figures_since_log_on() -> None:
    centre = centre_with()
    centre.wait(5_000)
    centre.log_on("anna")
    centre.wait(10_000)
    centre.phone(A, PhoneAct.ANSWERS, 2_000)
    centre.call(talk_ms=30_000)
    centre.wait(32_000)
    centre.wait(15_000 + 3_000)
    centre.phone(A, PhoneAct.REJECTS, 0)
    centre.call(patience_ms=1_000)
    centre.wait(2_000)
    figures = information(centre, "anna").figures
    assert figures is not None
    assert figures.logged_on_ms == 62_000
    assert (figures.calls_handled, figures.talk_ms, figures.work_ms) == (1, 30_000, 15_000)
    assert figures.handled_ms_mean == 45_000
    assert figures.busy_ms == 32_000
    assert figures.ready_ms + figures.busy_ms + figures.work_ms == 62_000
    assert figures.missed == {"rejected": 1}
    assert information(centre, "bea").figures is None


def test_a23_a_client_that_comes_back_finds_its_agent_as_he_was() -> None:
    centre = centre_with()
    centre.log_on("anna")
    centre.call()
    centre.wait(4_000)
    centre.set_agent("anna", "notReady", reasonCode="lunch")
    # The console is gone for a while: nobody asks anything, the call goes on.
    centre.wait(60_000)
    found = centre.asked("GetAgentState", device=A)
    assert (found.agent_id, found.agent_state, found.pending_agent_state) == (
        "anna",
        "agentBusy",
        "agentNotReady",
    )
    about = information(centre, "anna")
    assert (about.busy_phase, about.call_id) == ("talking", centre.call_ids()[0])
    [entry] = centre.asked("SnapshotDevice", snapshotObject=A).snapshot_data
    assert entry.local_connection_info == "connected"


def test_a03_a_pause_its_reason_and_its_beginning_outlast_a_restart() -> None:
    lines: list[bytes] = []
    centre = Centre(journal=lines.append)
    centre.log_on("anna")
    centre.wait(7_000)
    centre.set_agent("anna", "notReady", reasonCode="lunch")
    centre.wait(60_000)
    again = Replay(*read_journal(lines))
    assert list(again)
    assert again.first_difference is None
    anna = again.engine.directory.agent("anna")
    assert (anna.state.name, anna.reason, anna.since) == ("NOT_READY", "lunch", START + 7_000)
