"""Control of recordings: told as events, one for a call, and silent while a secret is keyed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from csta.errors import CtiError
from csta.supervision_events import RecordingEvent, RecordingPaused
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import OURS, Centre, centre_plan
from tests.ivr.flows import flow_of

A = "station:1001"

PIN = """
  welcome:
    menu: sound:welcome
    choices: {1: pin}
    no_input: {limit: 1, go: pin}
    no_match: {limit: 1, go: pin}
  pin: {collect: pin, prompt: sound:pin, length: 4, secret: true, ok: news, failed: sales}
  news: {prompt: sound:news, next: sales}
"""


def talking() -> tuple[Centre, str]:
    """Let Anna talk to a caller; gives the caller's leg."""
    centre = Centre()
    centre.phone(A, PhoneAct.ANSWERS)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(5_000)
    return centre, leg


def in_flow() -> tuple[Centre, str]:
    """Let a caller be welcomed by a flow that will ask for a PIN, and record the call."""
    centre = Centre(centre_plan(flows={"test": flow_of(PIN)}, numbers={OURS: "routeing:test"}))
    leg = centre.call()
    centre.wait(100)
    do(centre, "Start")
    return centre, leg


def asked_for_pin() -> tuple[Centre, str]:
    """Let the caller of the flow choose, so that the flow asks for the PIN."""
    centre, leg = in_flow()
    assert story(centre) == ["Started"]
    centre.pbx.press(leg, "1")
    return centre, leg


def do(centre: Centre, what: str, **more: object) -> object:
    """Ask for Start-, Pause-, Resume- or StopCallRecording of the first call."""
    return centre.asked(f"{what}CallRecording", callID=centre.call_ids()[0], **more)


def refusal(centre: Centre, what: str, **more: object) -> CtiError:
    before = len(centre.log)
    error = centre.ask(f"{what}CallRecording", callID=centre.call_ids()[0], **more).error
    assert isinstance(error, CtiError)
    assert len(centre.log) == before
    return error


def story(centre: Centre) -> list[str]:
    """Tell what the recorder was told."""
    return [
        ("secure " if isinstance(e.data, RecordingPaused) and e.data.secure else "")
        + e.data.EVENT_NAME
        for e in centre.log
        if isinstance(e.data, RecordingEvent)
    ]


def end(centre: Centre, leg: str) -> None:
    centre.pbx.hang_up(leg)
    centre.wait(60_000)
    event_laws.check(centre.log)
    assert centre.engine.recordings.by_call == {}


def test_a_recording_is_started_paused_resumed_and_stopped() -> None:
    centre, leg = talking()
    started = do(centre, "Start", mode="dual")
    for what in ("Pause", "Resume", "Stop"):
        do(centre, what)
    assert story(centre) == ["Started", "Paused", "Resumed", "Stopped"]
    events = [e for e in centre.log if isinstance(e.data, RecordingEvent)]
    assert {e.data.recording_id for e in events} == {started.recording_id}  # type: ignore[attr-defined]
    assert events[0].data.mode == "dual"
    assert [e.correlation_id for e in events] == list(centre.replies)[-4:]
    end(centre, leg)


def test_a_recording_ends_with_its_call_and_before_its_last_event() -> None:
    centre, leg = talking()
    do(centre, "Start")
    end(centre, leg)
    of_call = [e.data for e in centre.log if e.subject == f"call/{centre.call_ids()[0]}"]
    assert [type(data).__name__ for data in of_call[-2:]] == ["RecordingStopped", "CallCleared"]


def test_a_call_has_one_recording_at_a_time() -> None:
    centre, leg = talking()
    do(centre, "Start")
    assert refusal(centre, "Start").value == "invalidConnectionState"
    do(centre, "Stop")
    do(centre, "Start")
    assert story(centre) == ["Started", "Stopped", "Started"]
    end(centre, leg)


@pytest.mark.parametrize("what", ["Pause", "Resume"])
def test_what_is_not_recorded_is_not_paused(what: str) -> None:
    centre, leg = talking()
    error = refusal(centre, what)
    assert error.value == "invalidConnectionState"
    assert error.current is not None
    assert error.current.services_permitted == ("StartCallRecording",)
    end(centre, leg)


def test_asking_twice_changes_nothing() -> None:
    centre, leg = talking()
    do(centre, "Start")
    already = [
        getattr(do(centre, what), "already_done")  # noqa: B009 - each service has its own result
        for what in ("Resume", "Pause", "Pause", "Resume", "Stop", "Stop")
    ]
    assert already == [True, False, True, False, False, True]
    assert story(centre) == ["Started", "Paused", "Resumed", "Stopped"]
    end(centre, leg)


def test_all_in_a_talk_hear_that_it_is_recorded() -> None:
    centre, leg = talking()
    do(centre, "Start", announce=True)
    centre.wait(5_000)
    heard = [
        e.data.connection.device_id for e in centre.events("Play") if "recorded" in e.data.message
    ]
    assert heard == ["number:+491701234567", A]
    end(centre, leg)


def test_a_merged_call_ends_its_recording_and_the_other_goes_on() -> None:
    centre, leg = talking()
    centre.phone("station:1002", PhoneAct.ANSWERS)
    do(centre, "Start")
    first = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.asked("ConsultationCall", existingCall=first, consultedDevice="1002")
    centre.wait(5_000)
    second = {"callID": centre.call_ids()[1], "deviceID": A}
    centre.asked("StartCallRecording", callID=second["callID"])
    centre.asked("TransferCall", heldCall=first, activeCall=second)
    centre.wait(1_000)
    assert list(centre.engine.recordings.by_call) == [first["callID"]]
    end(centre, leg)


# Secrets.


def _keys_it_in(centre: Centre, leg: str) -> None:
    centre.pbx.press(leg, "1234")


def _keys_nothing(centre: Centre, _leg: str) -> None:
    centre.wait(120_000)


def _hangs_up(centre: Centre, leg: str) -> None:
    centre.pbx.hang_up(leg)


@pytest.mark.parametrize("leaves", [_keys_it_in, _keys_nothing, _hangs_up])
def test_a_secret_is_not_recorded_and_recording_goes_on_whichever_way_it_is_left(
    leaves: Callable[[Centre, str], None],
) -> None:
    centre, leg = asked_for_pin()
    assert story(centre) == ["Started", "secure Paused"]
    leaves(centre, leg)
    centre.wait(100)
    assert story(centre)[:3] == ["Started", "secure Paused", "Resumed"]
    end(centre, leg)
    assert story(centre)[3:] == ["Stopped"]


def test_the_recording_pauses_before_the_first_key_of_the_secret() -> None:
    centre, leg = asked_for_pin()
    centre.pbx.press(leg, "7")
    told = [
        getattr(e.data, "dtmf_char", "paused")
        for e in centre.events("RecordingPaused", "DtmfDetected")
    ]
    assert told == ["1", "paused", "*"]
    end(centre, leg)


def test_no_client_records_a_secret() -> None:
    centre, leg = asked_for_pin()
    assert refusal(centre, "Resume").value == "invalidConnectionState"
    do(centre, "Stop")
    do(centre, "Start")
    assert story(centre) == ["Started", "secure Paused", "Stopped", "Started", "secure Paused"]
    end(centre, leg)


def test_a_recording_that_its_client_has_paused_stays_so_after_the_secret() -> None:
    centre, leg = in_flow()
    do(centre, "Pause")
    centre.pbx.press(leg, "11234")
    assert story(centre) == ["Started", "Paused"]
    do(centre, "Resume")
    assert story(centre) == ["Started", "Paused", "Resumed"]
    end(centre, leg)
