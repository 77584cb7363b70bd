"""A switch that records: which leg, from when until when, and what comes of a lost link."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from csta.errors import CtiError
from csta.supervision_events import RecordingEvent, RecordingMode
from ctiserver.core.switch_link import (
    AnyCommand,
    LinkCapabilities,
    PauseRecording,
    Record,
    RecordingEnded,
    ResumeRecording,
    StopRecording,
)
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, OURS, centre_plan
from tests.ctiserver.cut_link import CutCentre
from tests.ivr.flows import flow_of

A, B = ANNA.device_id, BEA.device_id
OF_RECORDING = (Record, PauseRecording, ResumeRecording, StopRecording)

PIN = """
  welcome:
    menu: sound:welcome
    choices: {1: pin}
    no_input: {limit: 1, go: pin}
    no_match: {limit: 1, go: pin}
  pin: {collect: pin, prompt: sound:pin, length: 4, secret: true, ok: news, failed: sales}
  news: {prompt: sound:news, next: sales}
"""


class Floor(CutCentre):
    """A centre whose switch records, and whose link can be cut."""

    def __init__(
        self,
        *,
        records: bool = True,
        flow: str = "",
        modes: tuple[RecordingMode, ...] = tuple(RecordingMode),
    ) -> None:
        """Begin with callers led to the queue, or into a flow."""
        plan = centre_plan()
        if flow:
            plan = centre_plan(flows={"test": flow_of(flow)}, numbers={OURS: "routeing:test"})
        engine = msgspec.structs.replace(
            plan.engine, link=LinkCapabilities(records=records, recording_modes=modes)
        )
        super().__init__(plan=msgspec.structs.replace(plan, engine=engine))

    @property
    def commands(self) -> list[AnyCommand]:
        """List the commands of recording since `said` was asked last."""
        return [command for command in self.link.given if isinstance(command, OF_RECORDING)]

    def do(self, what: str, call: int = 0, **more: object) -> Any:  # noqa: ANN401 - each has its own
        """Ask for Start-, Pause-, Resume- or StopCallRecording of a call."""
        return self.asked(f"{what}CallRecording", callID=self.call_ids()[call], **more)

    def said(self) -> list[tuple[str, str]]:
        """List what the switch was asked for, and for which leg; and begin anew."""
        said = [(type(command).__name__, command.leg) for command in self.commands]
        self.link.given.clear()
        return said

    def recorded(self) -> dict[str, list[str]]:
        """Tell which legs the switch records, and as what."""
        return {leg: now["recordings"] for leg, now in self.legs().items() if now["recordings"]}

    def told(self) -> list[str]:
        """Name the events of recording."""
        return [e.data.EVENT_NAME for e in self.log if isinstance(e.data, RecordingEvent)]

    def consults(self) -> str:
        """Let anna consult bea, who answers; gives bea's leg."""
        first = {"callID": self.call_ids()[0], "deviceID": A}
        self.phone(B, PhoneAct.ANSWERS)
        self.asked("ConsultationCall", existingCall=first, consultedDevice="1002")
        self.wait(5_000)
        return self.leg_at(B)

    def calls_inside(self) -> tuple[str, str]:
        """Let anna call bea, and record their talk; gives both legs."""
        self.phone(A, PhoneAct.ANSWERS)
        self.phone(B, PhoneAct.ANSWERS)
        self.asked("MakeCall", callingDevice=A, calledDirectoryNumber="1002")
        self.wait(5_000)
        self.do("Start")
        return self.leg_at(A), self.leg_at(B)

    def ends(self) -> None:
        """Let all hang up: nothing is recorded any more, and all laws hold."""
        for leg in list(self.legs()):
            self.pbx.hang_up(leg)
        self.wait(60_000)
        event_laws.check(self.log)
        assert self.recorded() == {}
        assert self.engine.recordings.by_call == {}


def test_the_caller_is_recorded_as_long_as_the_client_wants() -> None:
    floor = Floor()
    caller, _ = floor.talk()
    recording_id = floor.do("Start", mode="dual").recording_id
    assert floor.commands == [
        Record(caller, recording_id=recording_id, mode=RecordingMode.DUAL, paused=False)
    ]
    for what in ("Pause", "Resume", "Stop"):
        floor.do(what)
    assert floor.said() == [
        ("Record", caller),
        ("PauseRecording", caller),
        ("ResumeRecording", caller),
        ("StopRecording", caller),
    ]
    assert floor.told() == ["Started", "Paused", "Resumed", "Stopped"]
    floor.ends()
    assert floor.said() == []


def test_a_switch_that_does_not_record_is_asked_for_nothing() -> None:
    floor = Floor(records=False)
    floor.talk()
    for what in ("Start", "Pause", "Resume", "Stop", "Start"):
        floor.do(what)
    floor.link.go_down()
    floor.do("Pause")
    floor.link.come_up()
    floor.ends()
    assert floor.said() == []
    assert floor.told() == [
        *("Started", "Paused", "Resumed", "Stopped"),
        *("Started", "Paused", "Stopped"),
    ]


@pytest.mark.parametrize("records", [False, True])
def test_the_capabilities_tell_whether_the_switch_records(records: bool) -> None:  # noqa: FBT001
    answer = Floor(records=records).asked("GetCSTAFeatures")
    assert answer.records_calls is records
    assert ("Failed" in answer.supported_events["recording"]) is records


@pytest.mark.parametrize("records", [False, True])
def test_a_switch_is_not_asked_to_record_as_it_cannot(records: bool) -> None:  # noqa: FBT001
    floor = Floor(records=records, modes=(RecordingMode.MIXED,))
    floor.talk()
    reply = floor.ask("StartCallRecording", callID=floor.call_ids()[0], mode="dual")
    if records:
        assert isinstance(reply.error, CtiError)
        assert reply.error.value == "invalidParameterValue"
        assert "only: mixed" in reply.error.detail
        assert (floor.told(), floor.said()) == ([], [])
        floor.do("Start", mode="mixed")
    assert floor.told() == ["Started"]
    floor.ends()


# Who is recorded.


def test_a_recording_ends_by_itself_with_its_leg_and_its_call() -> None:
    floor = Floor()
    floor.talk()
    floor.do("Start")
    floor.said()
    floor.ends()
    assert floor.said() == []
    assert floor.told() == ["Started", "Stopped"]


def test_when_the_recorded_party_is_on_hold_in_the_call_the_other_one_is_recorded() -> None:
    floor = Floor()
    first, second = floor.calls_inside()
    recording = list(floor.recorded()[first])
    floor.said()
    floor.pbx.hold(A)
    assert floor.said() == [("StopRecording", first), ("Record", second)]
    assert floor.recorded() == {second: recording}
    floor.pbx.retrieve(A)
    assert floor.said() == []
    assert floor.told() == ["Started"]
    floor.ends()


def test_the_caller_stays_recorded_when_an_agent_hands_the_call_on() -> None:
    floor = Floor()
    caller, _ = floor.talk()
    bea = floor.consults()
    consultation = floor.do("Start", call=1).recording_id
    assert list(floor.recorded()) == [floor.leg_at(A)]
    floor.do("Stop", call=1)
    assert floor.recorded() == {}
    recording_id = floor.do("Start").recording_id
    assert recording_id != consultation
    keys = [{"callID": call, "deviceID": A} for call in floor.call_ids()[:2]]
    floor.said()
    floor.asked("TransferCall", heldCall=keys[0], activeCall=keys[1])
    floor.wait(1_000)
    assert floor.recorded() == {caller: [recording_id]}
    assert floor.said() == []
    floor.pbx.hang_up(caller)
    floor.wait(1_000)
    assert bea not in floor.legs()
    floor.ends()


def test_a_paused_recording_goes_on_paused_with_the_next_party() -> None:
    floor = Floor()
    first, second = floor.calls_inside()
    floor.do("Pause")
    floor.said()
    keys = {"callID": floor.call_ids()[0], "deviceID": A}
    floor.asked("SingleStepTransferCall", activeCall=keys, transferredTo="+491709999999")
    floor.wait(1_000)
    [command] = [each for each in floor.commands if isinstance(each, Record)]
    assert (command.leg, command.paused) == (second, True)
    assert first not in floor.recorded()
    floor.ends()


def test_the_recording_of_a_call_that_is_merged_into_another_ends_there() -> None:
    floor = Floor()
    caller, _ = floor.talk()
    floor.consults()
    first = floor.do("Start").recording_id
    floor.do("Start", call=1)
    keys = [{"callID": call, "deviceID": A} for call in floor.call_ids()[:2]]
    floor.asked("ConferenceCall", heldCall=keys[0], activeCall=keys[1])
    floor.wait(1_000)
    assert floor.recorded() == {caller: [first]}
    floor.ends()


# Secrets.


def test_nothing_of_a_secret_is_recorded() -> None:
    floor = Floor(flow=PIN)
    caller = floor.call()
    floor.wait(100)
    floor.do("Start")
    floor.pbx.press(caller, "1")
    assert floor.said() == [("Record", caller), ("PauseRecording", caller)]
    floor.pbx.press(caller, "1234")
    assert floor.said() == [("ResumeRecording", caller)]
    floor.ends()


def test_a_recording_that_begins_amid_a_secret_begins_paused() -> None:
    floor = Floor(flow=PIN)
    caller = floor.call()
    floor.pbx.press(caller, "1")
    recording_id = floor.do("Start").recording_id
    assert floor.commands == [Record(caller, recording_id=recording_id, paused=True)]
    assert floor.told() == ["Started", "Paused"]
    floor.ends()


# What the switch tells.


@pytest.mark.parametrize(("failed", "told"), [(False, "Stopped"), (True, "Failed")])
def test_a_recording_that_ends_by_itself_is_told(failed: bool, told: str) -> None:  # noqa: FBT001
    floor = Floor()
    caller, _ = floor.talk()
    recording_id = floor.do("Start").recording_id
    ended = RecordingEnded(caller, recording_id=recording_id, failed=failed, uri="file:x.wav")
    floor.said()
    floor.link.tell(ended)
    floor.link.tell(ended)
    assert floor.told() == ["Started", told]
    assert floor.log[-1].data.uri == "file:x.wav"
    assert floor.said() == []
    floor.do("Start")
    floor.ends()
    assert floor.told() == ["Started", told, "Started", "Stopped"]


def test_the_end_of_another_recording_changes_nothing() -> None:
    floor = Floor()
    first, second = floor.calls_inside()
    recording_id = floor.do("Stop") and floor.do("Start").recording_id
    for leg, ended in ((first, "rec-other"), (second, recording_id), ("gone", recording_id)):
        floor.link.tell(RecordingEnded(leg, recording_id=ended))
    assert floor.told() == ["Started", "Stopped", "Started"]
    floor.ends()


# A link that is lost.


def test_recordings_need_the_link_where_it_is_the_switch_that_records() -> None:
    floor = Floor()
    floor.talk()
    floor.do("Start")
    floor.link.go_down()
    for what in ("Pause", "Resume", "Stop", "Start"):
        error = floor.ask(f"{what}CallRecording", callID=floor.call_ids()[0]).error
        assert isinstance(error, CtiError)
        assert error.value == "linkDown"
    floor.link.come_up()
    floor.ends()


def test_a_recording_that_went_on_is_not_begun_again() -> None:
    floor = Floor()
    caller, _ = floor.talk()
    floor.do("Start")
    floor.said()
    floor.link.go_down()
    floor.link.come_up()
    assert floor.said() == [("ResumeRecording", caller)]
    floor.ends()


def test_a_recording_that_the_switch_has_lost_or_never_began_is_asked_for_again() -> None:
    floor = Floor()
    caller, _ = floor.talk()
    floor.link.deaf = True
    recording_id = floor.do("Start").recording_id
    floor.do("Pause")
    floor.said()
    floor.link.go_down()
    floor.link.come_up()
    assert floor.commands == [Record(caller, recording_id=recording_id, paused=True)]
    assert floor.recorded() == {caller: [recording_id]}
    floor.ends()


def test_a_recording_that_was_to_be_stopped_is_stopped_when_the_link_is_back() -> None:
    floor = Floor()
    caller, _ = floor.talk()
    floor.do("Start")
    floor.link.deaf = True
    floor.do("Stop")
    floor.said()
    assert list(floor.recorded()) == [caller]
    floor.link.go_down()
    floor.link.come_up()
    assert floor.said() == [("StopRecording", caller)]
    floor.ends()


def test_who_is_held_while_the_link_is_down_is_recorded_no_more_when_it_is_back() -> None:
    floor = Floor()
    first, second = floor.calls_inside()
    floor.said()
    floor.link.go_down()
    floor.pbx.hold(A)
    floor.link.come_up()
    assert floor.said() == [("StopRecording", first), ("Record", second)]
    assert list(floor.recorded()) == [second]
    floor.ends()


def test_a_link_that_cannot_tell_what_is_recorded_is_told_all_anew() -> None:
    floor = Floor()
    caller, _ = floor.talk()
    floor.do("Start")
    floor.do("Pause")
    floor.said()
    floor.link.go_down()
    floor.link.come_up(without=("recordings",))
    assert floor.said() == [("Record", caller), ("PauseRecording", caller)]
    floor.ends()
