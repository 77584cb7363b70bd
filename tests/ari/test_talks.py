"""Who hears whom: joined, held, transferred, listened to."""

from __future__ import annotations

import pytest

from ctiserver.core.switch_link import (
    AnyObservation,
    Clear,
    Dial,
    Hold,
    Join,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegsJoined,
    LegsParted,
    Listen,
)
from tests.ari.pretended import PretendedAsterisk
from tests.ari.situations import answered, bridged, dialled, talking


def test_legs_are_joined_when_all_are_in_the_bridge(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    dialled(asterisk, "l-1")
    asterisk.exchange.execute(Join(caller, legs=(caller, "l-1")))
    assert asterisk.told == []
    assert asterisk.settle() == [LegsJoined(caller, legs=(caller, "l-1"))]
    assert bridged(asterisk) == [{caller, "l-1"}]


def test_legs_that_are_joined_already_are_told_so_and_nothing_is_asked(
    asterisk: PretendedAsterisk,
) -> None:
    legs = talking(asterisk, "l-1")
    assert asterisk.do(Join(legs[0], legs=legs)) == [LegsJoined(legs[0], legs=legs)]
    assert asterisk.requests() == []


def test_a_leg_that_has_gone_is_not_joined_and_alone_is_no_talk(
    asterisk: PretendedAsterisk,
) -> None:
    caller = answered(asterisk)
    assert asterisk.do(Join(caller, legs=(caller, "l-9"))) == []


def test_one_who_hangs_up_on_the_way_is_not_waited_for(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    legs = (caller, dialled(asterisk, "l-1"), dialled(asterisk, "l-2"))
    told = asterisk.hang_up_just_before(Join(caller, legs=legs), caller)
    assert told == [LegGone(caller), LegsJoined("l-1", legs=("l-1", "l-2"))]
    assert bridged(asterisk) == [{"l-1", "l-2"}]


def test_who_is_left_alone_on_the_way_is_joined_with_nobody(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    dialled(asterisk, "l-1")
    told = asterisk.hang_up_just_before(Join(caller, legs=(caller, "l-1")), caller)
    assert told == [LegGone(caller)]


def test_a_caller_who_goes_back_to_a_voice_unit_hears_nobody_else(
    asterisk: PretendedAsterisk,
) -> None:
    caller, agent = talking(asterisk, "l-1")
    asterisk.do(Dial("l-2", device="group:ivr"))
    told = asterisk.do(Join(caller, legs=(caller, "l-2")))
    assert told == [
        LegsParted(caller, legs=(caller, agent)),
        LegsJoined(caller, legs=(caller, "l-2")),
    ]
    assert bridged(asterisk) == [{agent}]


def test_one_more_comes_into_the_bridge_that_is_there(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    dialled(asterisk, "l-2")
    asterisk.requests()
    told = asterisk.do(Join(caller, legs=(caller, agent, "l-2")))
    assert told == [LegsJoined(caller, legs=(caller, agent, "l-2"))]
    assert len(asterisk.requests()) == 1


def test_a_leg_on_hold_leaves_its_bridge_and_the_other_hears_music(
    asterisk: PretendedAsterisk,
) -> None:
    caller, agent = talking(asterisk, "l-1")
    assert asterisk.do(Hold(agent)) == [LegHeld(agent)]
    assert asterisk.channels[agent].bridge == ""
    assert asterisk.channels[caller].music
    assert asterisk.do(Hold(agent)) == [LegHeld(agent)]
    assert asterisk.do(Join(agent, legs=(agent, caller))) == [
        LegsJoined(agent, legs=(agent, caller))
    ]
    assert not asterisk.channels[caller].music


def test_who_stay_on_when_one_of_several_is_held_hear_one_another(
    asterisk: PretendedAsterisk,
) -> None:
    caller, agent, expert = talking(asterisk, "l-1", "l-2")
    asterisk.do(Hold(agent))
    assert bridged(asterisk) == [{caller, expert}]
    assert not asterisk.channels[caller].music


def test_a_consultation_and_back_and_a_conference(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    dialled(asterisk, "l-2")
    asterisk.do(Hold(agent))
    asterisk.do(Join(agent, legs=(agent, "l-2")))
    assert asterisk.channels[caller].music
    told = asterisk.do(Join(agent, legs=(agent, caller)))  # alternate
    assert told == [
        LegsParted(agent, legs=(agent, "l-2")),
        LegsJoined(agent, legs=(agent, caller)),
    ]
    assert asterisk.channels["l-2"].music
    asterisk.do(Join(agent, legs=(agent, caller, "l-2")))
    assert {frozenset(members) for members in bridged(asterisk)} == {
        frozenset((agent, caller, "l-2"))
    }


def test_a_transfer_leaves_the_agent_alone(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    dialled(asterisk, "l-2")
    asterisk.do(Hold(agent), Join(agent, legs=(agent, "l-2")))
    asterisk.do(Join(caller, legs=(caller, "l-2")), Clear(agent))
    assert bridged(asterisk) == [{caller, "l-2"}]


def test_bridges_go_with_those_who_were_in_them(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    asterisk.hang_up(caller)
    asterisk.do(Clear(agent))
    assert (asterisk.bridges, asterisk.channels) == ({}, {})


@pytest.mark.parametrize("event", ["ChannelHold", "ChannelUnhold"])
def test_a_phone_holds_and_takes_back(asterisk: PretendedAsterisk, event: str) -> None:
    _, agent = talking(asterisk, "l-1")
    assert asterisk.event("ChannelUnhold", agent) == []
    assert asterisk.event("ChannelHold", agent) == [LegHeld(agent)]
    expected: dict[str, list[AnyObservation]] = {
        "ChannelHold": [],
        "ChannelUnhold": [LegRetrieved(agent)],
    }
    assert asterisk.event(event, agent) == expected[event]


def test_a_leg_that_asterisk_takes_out_of_its_bridge_is_parted(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    bridge = asterisk.channels[agent].bridge
    told = asterisk.event("ChannelLeftBridge", agent, bridge={"id": bridge, "channels": [caller]})
    assert told == [LegsParted(agent, legs=(agent, caller))]


# Listening in.


@pytest.mark.parametrize(("coach", "whisper"), [(False, "none"), (True, "out")])
def test_a_supervisor_listens_and_is_heard_by_the_agent_at_most(
    asterisk: PretendedAsterisk, whisper: str, *, coach: bool
) -> None:
    caller, agent = talking(asterisk, "l-1")
    dialled(asterisk, "l-9")
    asterisk.asked.clear()
    assert asterisk.do(Listen("l-9", to=agent, coach=coach)) == []
    [snooped] = [asked for asked in asterisk.asked if "/snoop/" in asked.path]
    assert (snooped.path.split("/")[1], snooped.query["whisper"]) == (agent, whisper)
    snoop = snooped.path.split("/")[-1]
    assert {frozenset(members) for members in bridged(asterisk)} == {
        frozenset((caller, agent)),
        frozenset(("l-9", snoop)),
    }
    asterisk.requests()
    assert asterisk.do(Listen("l-9", to=agent, coach=coach)) == []
    assert asterisk.requests() == []


def test_a_supervisor_changes_and_joins_and_steps_back(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    dialled(asterisk, "l-9")
    asterisk.do(Listen("l-9", to=agent))
    asterisk.do(Listen("l-9", to=agent, coach=True))
    assert sum(name.startswith("offhook-listen") for name in asterisk.channels) == 1
    told = asterisk.do(Join(caller, legs=(caller, agent, "l-9")))
    assert told == [LegsJoined(caller, legs=(caller, agent, "l-9"))]
    assert bridged(asterisk) == [{caller, agent, "l-9"}]
    told = asterisk.do(Listen("l-9", to=agent))
    assert told == [
        LegsParted("l-9", legs=("l-9", caller, agent)),
        LegsJoined(caller, legs=(caller, agent)),
    ]
    asterisk.hang_up(agent)
    asterisk.do(Clear("l-9"), Clear(caller))
    assert (asterisk.bridges, asterisk.channels) == ({}, {})


def test_a_phone_takes_back_only_what_it_has_held(asterisk: PretendedAsterisk) -> None:
    _, agent = talking(asterisk, "l-1")
    asterisk.event("ChannelHold", agent)
    assert asterisk.do(Hold(agent)) == [LegHeld(agent)]
    assert asterisk.channels[agent].bridge == ""
    assert asterisk.event("ChannelUnhold", agent) == []


def test_a_leg_that_is_taken_back_before_its_leave_is_told_has_not_left_anew(
    asterisk: PretendedAsterisk,
) -> None:
    legs = talking(asterisk, "l-1")
    asterisk.exchange.execute(Hold("l-1"))
    asterisk.exchange.execute(Join(legs[0], legs=legs))
    told = asterisk.settle()
    assert [what for what in told if isinstance(what, LegsParted)] == []
    assert told[-1] == LegsJoined(legs[0], legs=legs)
    assert bridged(asterisk) == [set(legs)]
