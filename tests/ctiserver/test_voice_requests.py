"""Messages into a talk, digits that are collected from it, and user data (cti-api §7.6)."""

from __future__ import annotations

from typing import Any

import pytest

from csta.call_events import CallInformation
from csta.voice_events import DataCollected
from csta.voice_events import Play as PlayEvent
from csta.voice_events import Stop as StopEvent
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import CALLER, Centre

A = "station:1001"
C = f"number:{CALLER}"


class Talk:
    """A caller and an agent."""

    def __init__(self) -> None:
        """Let Anna talk to the caller."""
        self.centre = Centre()
        self.centre.phone(A, PhoneAct.ANSWERS)
        self.centre.log_on("anna")
        self.caller = self.centre.call()
        self.centre.wait(5_000)
        self.call_id = self.centre.call_ids()[0]
        self.before = len(self.centre.log)

    def key(self, device: str = C) -> dict[str, str]:
        return {"callID": self.call_id, "deviceID": device}

    def play(self, uri: str = "sound:notice", **more: object) -> str:
        result = self.centre.asked(
            "PlayMessage", messageToBePlayed=uri, overConnection=self.key(), **more
        )
        resource: str = result.resource
        return resource

    def told(self) -> list[str]:
        """Tell what became of messages, with the cause."""
        return [
            f"{type(event.data).__name__} {event.data.message} {event.data.cause}"
            for event in self.centre.log[self.before :]
            if isinstance(event.data, PlayEvent | StopEvent)
        ]

    def collected(self) -> list[tuple[str, str]]:
        return [
            (event.data.digits_data.digits_detected, event.data.collection_cause)
            for event in self.centre.log[self.before :]
            if isinstance(event.data, DataCollected)
        ]

    def end(self) -> None:
        self.centre.pbx.hang_up(self.caller)
        self.centre.wait(20_000)
        event_laws.check(self.centre.log)
        engine = self.centre.engine
        assert (len(engine.voice.plays), len(engine.voice.deadlines)) == (0, 0)
        assert (len(engine.collections.by_leg), len(engine.collections.deadlines)) == (0, 0)


PLAYED = "Play sound:notice normal"


def test_a_message_plays_to_its_end() -> None:
    talk = Talk()
    resource = talk.play()
    talk.centre.wait(10_000)
    assert talk.told() == [PLAYED, "Stop sound:notice endOfMessageDetected"]
    events = [
        e for e in talk.centre.log[talk.before :] if isinstance(e.data, PlayEvent | StopEvent)
    ]
    request = list(talk.centre.replies)[-1]
    assert [event.correlation_id for event in events] == [request, request]
    assert {event.data.resource for event in events} == {resource}
    talk.end()


def test_the_talk_goes_on_under_a_message() -> None:
    talk = Talk()
    talk.play("music:quiet")
    talk.centre.wait(60_000)
    assert talk.centre.pbx.hears(talk.caller) == (A,)
    assert talk.told() == ["Play music:quiet normal"]
    talk.end()
    assert talk.told()[-1] == "Stop music:quiet normalClearing"


def test_a_message_lasts_no_longer_than_it_may() -> None:
    talk = Talk()
    talk.play("music:quiet", duration=3_000, termination={"durationExceeded": True})
    talk.centre.wait(2_999)
    assert len(talk.told()) == 1
    talk.centre.wait(1)
    assert talk.told()[1:] == ["Stop music:quiet durationExceeded"]
    talk.end()


@pytest.mark.parametrize("ends", [True, False])
def test_a_key_ends_a_message_if_it_is_to(ends: bool) -> None:  # noqa: FBT001 - drawn
    talk = Talk()
    talk.play("music:quiet", termination={"dTMFDigitDetected": ends})
    talk.centre.pbx.press(talk.caller, "5")
    talk.centre.wait(100)
    assert talk.told()[1:] == (["Stop music:quiet dTMFDigitDetected"] if ends else [])
    talk.end()


def test_a_message_is_stopped_once_and_stopping_it_again_does_nothing() -> None:
    talk = Talk()
    resource = talk.play("music:quiet")
    stranger = talk.centre.asked("Stop", connection=talk.key(), resource="p-other")
    assert stranger.already_done
    stopped = talk.centre.asked("Stop", connection=talk.key(), resource=resource)
    assert not stopped.already_done
    assert talk.centre.asked("Stop", connection=talk.key()).already_done
    assert talk.told()[1:] == ["Stop music:quiet suspend"]
    talk.end()


def test_a_new_message_ends_the_old_one() -> None:
    talk = Talk()
    talk.play("music:quiet")
    talk.play()
    talk.centre.wait(10_000)
    assert talk.told() == [
        "Play music:quiet normal",
        "Stop music:quiet suspend",
        PLAYED,
        "Stop sound:notice endOfMessageDetected",
    ]
    talk.end()


def test_a_message_ends_when_the_caller_is_transferred_to_a_queue() -> None:
    talk = Talk()
    talk.play("music:quiet")
    talk.centre.asked("SingleStepTransferCall", activeCall=talk.key(A), transferredTo="acd:sales")
    talk.centre.wait(1_000)
    assert "Stop music:quiet suspend" in talk.told()
    talk.end()


def test_a_conference_ends_what_its_parties_heard() -> None:
    talk = Talk()
    talk.play("music:quiet")
    talk.centre.phone("station:1002", PhoneAct.ANSWERS)
    talk.centre.asked(
        "SingleStepConferenceCall", activeCall=talk.key(A), deviceToJoin="station:1002"
    )
    talk.centre.wait(1_000)
    assert talk.told()[1:] == ["Stop music:quiet suspend"]
    talk.centre.pbx.hang_up("station:1002")
    talk.end()


# Digits.


@pytest.mark.parametrize(
    ("criteria", "keys", "reports"),
    [
        (None, "12", [("1", "charCountReceived"), ("2", "charCountReceived")]),
        ({"numChars": 3}, "12345", [("123", "charCountReceived"), ("45", "sfTerminated")]),
        ({"flushChar": "#"}, "12#3", [("12#", "flushCharReceived"), ("3", "sfTerminated")]),
        (
            {"numChars": 2, "flushChar": "#"},
            "1#23",
            [("1#", "flushCharReceived"), ("23", "charCountReceived"), ("", "sfTerminated")],
        ),
    ],
)
def test_digits_are_reported_when_their_criteria_are_met(
    criteria: dict[str, Any] | None, keys: str, reports: list[tuple[str, str]]
) -> None:
    talk = Talk()
    params = {} if criteria is None else {"digitsReportingCriteria": criteria}
    reference = talk.centre.asked("StartDataCollection", object=talk.key(), **params)
    talk.centre.pbx.press(talk.caller, keys)
    talk.centre.wait(100)
    stop = {"dcollCrossRefID": reference.dcoll_cross_ref_id}
    talk.centre.asked("StopDataCollection", **stop)
    if criteria is None:
        reports = [*reports, ("", "sfTerminated")]
    assert talk.collected() == reports
    assert talk.centre.asked("StopDataCollection", **stop).already_done
    talk.centre.pbx.press(talk.caller, "9")
    assert talk.collected() == reports
    talk.end()


def test_who_keys_nothing_for_so_long_is_reported_too_once() -> None:
    talk = Talk()
    talk.centre.asked(
        "StartDataCollection", object=talk.key(), digitsReportingCriteria={"timeout": 4_000}
    )
    talk.centre.wait(3_000)
    talk.centre.pbx.press(talk.caller, "42")
    talk.centre.wait(3_999)
    assert talk.collected() == []
    talk.centre.wait(60_000)
    assert talk.collected() == [("42", "timeout")]
    talk.centre.pbx.press(talk.caller, "7")
    talk.centre.wait(60_000)
    assert talk.collected() == [("42", "timeout"), ("7", "timeout")]
    talk.end()
    assert talk.collected()[-1] == ("", "sfTerminated")


def test_a_collection_ends_when_its_party_is_on_hold() -> None:
    talk = Talk()
    talk.centre.asked("StartDataCollection", object=talk.key(A))
    talk.centre.asked("HoldCall", callToBeHeld=talk.key(A))
    talk.centre.wait(100)
    assert talk.collected() == [("", "sfTerminated")]
    talk.end()


# User data.


def test_user_data_reach_the_other_party() -> None:
    talk = Talk()
    talk.centre.asked("SendUserInformation", existingCall=talk.key(A), userData="aGVsbG8=")
    [event] = [e for e in talk.centre.log if isinstance(e.data, CallInformation)]
    assert (event.data.device, event.data.user_data) == (C, "aGVsbG8=")
    assert event.data.changed == ("userData",)
    assert event.correlation_id == list(talk.centre.replies)[-1]
    talk.end()


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("SendUserInformation", {"existingCall": A, "userData": "not base 64!"}, "Value"),
    ("SendUserInformation", {"existingCall": A, "userData": ""}, "Value"),
    ("SendUserInformation", {"existingCall": A, "userData": "QUFB" * 43}, "Value"),
    ("PlayMessage", {"overConnection": C, "messageToBePlayed": "http://x"}, "Value"),
    (
        "PlayMessage",
        {
            "overConnection": C,
            "messageToBePlayed": "sound:x",
            "termination": {"speechDetected": True},
        },
        "parameterNotSupported",
    ),
    (
        "PlayMessage",
        {
            "overConnection": C,
            "messageToBePlayed": "sound:x",
            "termination": {"durationExceeded": True},
        },
        "Value",
    ),
    ("StartDataCollection", {"object": C, "dataCollType": "telTones"}, "parameterNotSupported"),
    *(
        (service, {"connection": C}, "serviceNotSupported")
        for service in (
            "QueryVoiceAttribute",
            "Reposition",
            "Resume",
            "Review",
            "SetVoiceAttribute",
            "Suspend",
        )
    ),
    ("RecordMessage", {"callToBeRecorded": C}, "serviceNotSupported"),
]


@pytest.mark.parametrize(("service", "params", "value"), REFUSED)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    service: str, params: dict[str, Any], value: str
) -> None:
    talk = Talk()
    named = {name: talk.key(of) if of in (A, C) else of for name, of in params.items()}
    error = talk.centre.ask(service, **named).error
    assert error is not None
    assert error.value.endswith(value)
    assert len(talk.centre.log) == talk.before
    talk.end()


def test_nobody_collects_twice_from_one_party() -> None:
    talk = Talk()
    talk.centre.asked("StartDataCollection", object=talk.key())
    error = talk.centre.ask("StartDataCollection", object=talk.key()).error
    assert error is not None
    assert error.value == "invalidConnectionState"
    talk.end()


@pytest.mark.parametrize(
    ("service", "params"),
    [
        ("PlayMessage", {"messageToBePlayed": "sound:x", "overConnection": C}),
        ("StartDataCollection", {"object": C}),
    ],
)
def test_a_caller_who_waits_hears_his_queue_and_nothing_else(
    service: str, params: dict[str, str]
) -> None:
    centre = Centre()
    centre.call()
    centre.wait(1_000)
    before = len(centre.log)
    key = {"callID": centre.call_ids()[0], "deviceID": C}
    named = {name: key if of == C else of for name, of in params.items()}
    error = centre.ask(service, **named).error
    assert error is not None
    assert error.value == "invalidConnectionState"
    assert len(centre.log) == before
