"""Calls that come in, legs that are dialled, voice units, phones that are lost, and their ends."""

from __future__ import annotations

import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    AnyObservation,
    Clear,
    DeviceBack,
    DeviceLost,
    Dial,
    Join,
    LegGone,
    LegRinging,
    LegSeen,
    LegsJoined,
    LegUp,
    LinkDown,
    Play,
)
from ctiserver.live.links.ari_requests import Reply
from tests.ari.pretended import PretendedAsterisk
from tests.ari.situations import answered, bridged, dialled

# Calls that come in.


@pytest.mark.parametrize(
    ("channel", "arguments", "seen"),
    [
        (
            "PJSIP/carrier",
            ["inbound", "4930100", "15551230001"],
            ("trunk:pstn", "+15551230001", "+4930100"),
        ),
        ("PJSIP/carrier", ["inbound"], ("trunk:pstn", "+15551230001", "+4930100")),
        ("PJSIP/carrier", ["inbound", "4930100", "anonymous"], ("trunk:pstn", "", "+4930100")),
        ("PJSIP/1001", ["outbound", "1002", "1001"], ("station:1001", "1001", "1002")),
        ("Local/9@x", ["outbound", "1002", "2001"], ("station:2001", "2001", "1002")),
    ],
)
def test_a_call_comes_in_from_a_trunk_or_a_phone(
    asterisk: PretendedAsterisk, channel: str, arguments: list[str], seen: tuple[str, str, str]
) -> None:
    leg, told = asterisk.call(channel, *arguments)
    device, ani, dnis = seen
    assert told[0] == LegSeen(leg, device=device, ani=ani, dnis=dnis)


def test_a_caller_is_up_when_asterisk_has_answered(asterisk: PretendedAsterisk) -> None:
    caller, told = asterisk.call()
    assert not any(isinstance(what, LegUp) for what in told)
    assert asterisk.do(Answer(caller)) == [LegUp(caller)]
    asterisk.requests()
    assert asterisk.do(Answer(caller)) == []
    assert asterisk.requests() == []


def test_a_call_that_the_dialplan_has_answered_is_up_at_once(asterisk: PretendedAsterisk) -> None:
    caller, told = asterisk.call(state="Up")
    assert told[1:] == [LegUp(caller)]


def test_who_dials_on_a_phone_is_up_and_hears_ringing_until_he_is_joined(
    asterisk: PretendedAsterisk,
) -> None:
    caller, told = asterisk.call("PJSIP/1001", "outbound", "1002", "1001")
    assert told[1:] == [LegUp(caller)]
    assert asterisk.channels[caller].state == "Ring"
    assert asterisk.requests("ring") == [f"POST channels/{caller}/ring"]
    dialled(asterisk, "l-1", "station:1002")
    asterisk.do(Join(caller, legs=(caller, "l-1")))
    assert asterisk.channels[caller].state == "Up"
    assert bridged(asterisk) == [{caller, "l-1"}]


@pytest.mark.parametrize(
    ("event", "state", "gone"),
    [
        ({}, "Up", (Cause.NORMAL_CLEARING, None, None)),
        ({"cause": 16}, "Up", (Cause.NORMAL_CLEARING, 16, None)),
        ({"cause": 127, "tech_cause": 487}, "Ring", (Cause.CALL_CANCELLED, 127, 487)),
        ({}, "Ring", (Cause.CALL_CANCELLED, None, None)),
        ({"cause": 44}, "Up", (Cause.SELECTED_TRUNK_BUSY, 44, None)),
        ({"cause": 127}, "Up", (Cause.NORMAL, 127, None)),
    ],
)
def test_a_caller_who_hangs_up_is_gone_with_the_cause_that_asterisk_gives(
    asterisk: PretendedAsterisk,
    event: dict[str, int],
    state: str,
    gone: tuple[Cause, int | None, int | None],
) -> None:
    caller, _ = asterisk.call(state=state)
    cause, q850, sip_status = gone
    assert asterisk.hang_up(caller, **event) == [
        LegGone(caller, cause=cause, q850=q850, sip_status=sip_status)
    ]


def test_a_channel_that_asterisk_has_made_of_a_transfer_is_released(
    asterisk: PretendedAsterisk,
) -> None:
    _, told = asterisk.call("Local/8001@from-phone", args=[], replace_channel={"id": "x"})
    assert told == []
    assert asterisk.channels == {}


# Legs that are dialled.


def test_a_phone_rings_and_answers(asterisk: PretendedAsterisk) -> None:
    told = asterisk.do(Dial("l-1", device="station:1001", calling="+15551230001"))
    assert told == [
        LegSeen("l-1", device="station:1001", ani="+15551230001"),
        LegRinging("l-1"),
    ]
    assert asterisk.requests() == ["POST channels/create", "POST channels/l-1/dial"]
    assert asterisk.phone_answers("l-1") == [LegUp("l-1")]


def test_what_is_told_twice_is_told_once(asterisk: PretendedAsterisk) -> None:
    dialled(asterisk, "l-1")
    asterisk.requests()
    assert asterisk.event("ChannelStateChange", "l-1") == []
    assert asterisk.event("Dial", "l-1", dialstatus="RINGING") == []
    assert asterisk.event("StasisStart", "l-1", args=["dialled", "l-1"]) == []
    assert asterisk.requests() == []


@pytest.mark.parametrize("auto_answer", [False, True])
def test_a_phone_is_told_who_calls_and_whether_to_answer_by_itself(
    asterisk: PretendedAsterisk, *, auto_answer: bool
) -> None:
    command = Dial("l-1", device="station:1001", calling="+49301", auto_answer=auto_answer)
    asterisk.do(command)
    variables = asterisk.channels["l-1"].variables
    assert variables["CONNECTEDLINE(num,i)"] == "+49301"
    assert variables["CALLERID(num)"] == "1001"
    assert ("PJSIP_HEADER(add,Call-Info)" in variables) is auto_answer


def test_a_number_is_dialled_through_the_trunk_in_its_own_way(asterisk: PretendedAsterisk) -> None:
    told = asterisk.do(Dial("l-1", device="number:+15559", calling="+4930100"))
    assert told[0] == LegSeen("l-1", device="trunk:pstn", ani="+4930100", dnis="+15559")
    channel = asterisk.channels["l-1"]
    assert channel.name.startswith("PJSIP/15559-")
    assert channel.variables["CONNECTEDLINE(num,i)"] == "4930100"


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (500, Cause.DEST_NOT_OBTAINABLE),
        (400, Cause.INVALID_NUMBER_FORMAT),
        (503, Cause.RESOURCES_NOT_AVAILABLE),
    ],
)
def test_a_leg_that_cannot_be_made_is_gone(
    asterisk: PretendedAsterisk, status: int, cause: Cause
) -> None:
    asterisk.refused["POST", "channels/create"] = Reply(status, {"error": "Allocation failed"})
    assert asterisk.do(Dial("l-1", device="station:1001")) == [LegGone("l-1", cause=cause)]


def test_a_leg_that_is_there_is_not_made_twice(asterisk: PretendedAsterisk) -> None:
    asterisk.do(Dial("l-1", device="station:1001"))
    assert asterisk.do(Dial("l-1", device="station:1001")) == []


def test_a_leg_that_cannot_be_dialled_is_released(asterisk: PretendedAsterisk) -> None:
    asterisk.refused["POST", "channels/l-1/dial"] = Reply(409, {"message": "invalid state"})
    told = asterisk.do(Dial("l-1", device="station:1001"))
    assert told[-1] == LegGone("l-1", cause=Cause.RESOURCES_NOT_AVAILABLE)
    assert asterisk.channels == {}


@pytest.mark.parametrize(
    ("cause", "sip", "told"),
    [
        (17, 486, Cause.BUSY),
        (19, 480, Cause.CALL_NOT_ANSWERED),
        (20, 480, Cause.DEST_NOT_OBTAINABLE),
        (21, 603, Cause.BLOCKED),
        (1, 404, Cause.NUMBER_UNALLOCATED),
        (26, 200, Cause.MULTIPLE_ALERTING),
    ],
)
def test_a_leg_that_is_refused_tells_why(
    asterisk: PretendedAsterisk, cause: int, sip: int, told: Cause
) -> None:
    asterisk.do(Dial("l-1", device="number:+15559"))
    status = sip if sip >= 400 else None
    assert asterisk.hang_up("l-1", cause=cause, tech_cause=sip) == [
        LegGone("l-1", cause=told, q850=cause, sip_status=status)
    ]


def test_a_leg_is_released_before_it_is_there(asterisk: PretendedAsterisk) -> None:
    told = asterisk.do(Dial("l-1", device="station:1001"), Clear("l-1", cause=Cause.CALL_CANCELLED))
    assert told[-1] == LegGone("l-1", cause=Cause.CALL_CANCELLED, far_end=False)
    assert asterisk.channels == {}
    assert "POST channels/l-1/dial" not in asterisk.requests()


def test_a_release_gives_the_cause_to_the_network(asterisk: PretendedAsterisk) -> None:
    caller, _ = asterisk.call()
    asterisk.asked.clear()
    assert asterisk.do(Clear(caller, cause=Cause.BUSY)) == [
        LegGone(caller, cause=Cause.BUSY, far_end=False)
    ]
    assert [asked.query for asked in asterisk.asked] == [{"reason_code": "17"}]


def test_a_leg_of_which_asterisk_knows_nothing_is_gone(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    del asterisk.channels[caller]
    [told] = asterisk.do(Clear(caller))
    assert told == LegGone(caller, far_end=False)


@pytest.mark.parametrize("device", ["other:x", "group:none"])
def test_what_cannot_be_dialled_is_gone(asterisk: PretendedAsterisk, device: str) -> None:
    [told] = asterisk.do(Dial("l-1", device=device))
    assert told == LegGone("l-1", cause=Cause.DEST_NOT_OBTAINABLE)


# Voice units.


def test_a_voice_unit_answers_at_once_and_speaks_on_the_callers_own_channel(
    asterisk: PretendedAsterisk,
) -> None:
    caller, _ = asterisk.call()
    told = asterisk.do(
        Dial("l-1", device="group:ivr"),
        Answer(caller),
        Join(caller, legs=(caller, "l-1")),
        Play(caller, play_id="p-1", uri="sound:welcome"),
    )
    assert told == [
        LegSeen("l-1", device="voiceUnit:ivr-1"),
        LegUp("l-1"),
        LegsJoined(caller, legs=(caller, "l-1")),
        LegUp(caller),
    ]
    assert asterisk.bridges == {}
    assert len(asterisk.channels[caller].playbacks) == 1


def test_there_are_as_many_voice_units_as_the_configuration_says(
    asterisk: PretendedAsterisk,
) -> None:
    asterisk.do(Dial("l-1", device="group:ivr"), Dial("l-2", device="group:ivr"))
    [told] = asterisk.do(Dial("l-3", device="group:ivr"))
    assert told == LegGone("l-3", cause=Cause.RESOURCES_NOT_AVAILABLE)
    assert asterisk.do(Clear("l-1")) == [LegGone("l-1", far_end=False)]
    [seen, _] = asterisk.do(Dial("l-4", device="group:ivr"))
    assert seen == LegSeen("l-4", device="voiceUnit:ivr-1")


# Phones that are lost, and the link itself.


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("PJSIP/1001", [DeviceLost("station:1001"), DeviceBack("station:1001")]),
        ("PJSIP/carrier", []),
        ("Custom:lamp", []),
    ],
)
def test_a_phone_is_lost_and_back(
    asterisk: PretendedAsterisk, name: str, told: list[AnyObservation]
) -> None:
    caller = answered(asterisk)
    heard = []
    for state in ("UNAVAILABLE", "UNAVAILABLE", "UNKNOWN", "NOT_INUSE", "INUSE"):
        changed = {"name": name, "state": state}
        heard += asterisk.event("DeviceStateChanged", caller, device_state=changed)
    assert heard == told


@pytest.mark.parametrize("command", [Dial("l-1", device="station:1"), Clear("l-1")])
def test_while_the_link_is_down_nothing_is_asked(
    asterisk: PretendedAsterisk, command: AnyCommand
) -> None:
    asterisk.exchange.disconnected()
    assert asterisk.settle() == [LinkDown()]
    assert asterisk.do(command) == []
    assert asterisk.requests() == []
