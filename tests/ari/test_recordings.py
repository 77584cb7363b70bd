"""Recordings by snoop channels."""

from __future__ import annotations

from ctiserver.core.switch_link import (
    LegGone,
    PauseRecording,
    Record,
    RecordingEnded,
    ResumeRecording,
    StopRecording,
)
from tests.ari.pretended import PretendedAsterisk
from tests.ari.situations import talking


def test_a_leg_is_recorded_by_a_channel_that_stays_with_it(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    assert asterisk.do(Record(caller, recording_id="r/1", paused=True)) == []
    assert asterisk.requests("record") == [
        *(
            f"POST channels/{caller}/snoop/offhook-record-20261122100101241-2",
            "POST channels/offhook-record-20261122100101241-2/record",
            "POST recordings/live/r-1/mute",
        )
    ]
    asterisk.do(ResumeRecording(caller, recording_id="r/1"))
    asterisk.do(PauseRecording(caller, recording_id="r/1"))
    assert asterisk.requests() == [
        "DELETE recordings/live/r-1/mute",
        "POST recordings/live/r-1/mute",
    ]
    assert asterisk.do(StopRecording(caller, recording_id="r/1")) == []
    assert len(asterisk.channels) == len((caller, agent))


def test_a_recording_goes_on_with_another_leg(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    asterisk.do(Record(caller, recording_id="r-1"))
    asterisk.requests()
    asterisk.do(Record(agent, recording_id="r-1"))
    assert asterisk.requests("live") == ["POST recordings/live/r-1/stop"]
    assert sum(name.startswith("offhook-record") for name in asterisk.channels) == 1


def test_a_recording_that_ends_with_its_leg_is_not_told_of(asterisk: PretendedAsterisk) -> None:
    caller, _ = talking(asterisk, "l-1")
    asterisk.do(Record(caller, recording_id="r-1"))
    assert asterisk.hang_up(caller) == [LegGone(caller)]


def test_a_recording_that_fails_is_told_of(asterisk: PretendedAsterisk) -> None:
    caller, _ = talking(asterisk, "l-1")
    asterisk.do(Record(caller, recording_id="r-1"))
    failed = {"name": "r-1", "state": "failed"}
    told = asterisk.event("RecordingFailed", caller, recording=failed)
    assert told == [RecordingEnded(caller, recording_id="r-1", failed=True)]
    assert sum(name.startswith("offhook-record") for name in asterisk.channels) == 0
