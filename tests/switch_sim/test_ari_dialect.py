"""Calls through ARI: the events in the order in which the real switch tells them."""

from __future__ import annotations

from typing import Any

import pytest

from switch_sim.callers import CallerPlan, Press
from switch_sim.config import PhoneAct, PhoneBehaviour
from tests.switch_sim.ari_stage import (
    add,
    ari_stage,
    bridge,
    come_in,
    line,
    reach,
)
from tests.switch_sim.stage import ANI, OURS, A, B, caller


async def test_a_caller_comes_in_and_is_answered() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        stage.call()
        start = await listener.hear()
        assert line(start) == f"StasisStart Ring args=['inbound', '{OURS}', '{ANI}']"
        assert start["application"] == "acd"
        assert start["timestamp"] == "2023-11-14T22:13:20.000+0000"
        channel = start["channel"]
        assert channel["name"] == "PJSIP/pstn-00000000"
        assert channel["caller"] == {"name": "", "number": ANI}
        assert channel["dialplan"]["app_data"] == f"acd,inbound,{OURS},{ANI}"
        await listener.ask("POST", f"channels/{channel['id']}/answer")
        assert line(await listener.hear()) == "ChannelStateChange Up"
        assert (await stage.ask("GET", f"/channels/{channel['id']}"))[1]["state"] == "Up"


async def test_a_phone_that_dials_rings_until_it_is_answered() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        stage.pacer.act(lambda: stage.pbx.dial_from(A, "+49891"))
        start = await listener.hear()
        assert line(start) == "StasisStart Ring args=['outbound', '+49891', '1001']"
        await listener.ask("POST", f"channels/{start['channel']['id']}/answer")
        assert line(await listener.hear()) == "ChannelStateChange Up"


async def test_a_phone_is_dialled_rings_and_answers() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        body = {"endpoint": "PJSIP/1001", "app": "acd", "callerId": '"Bob" <+491>'}
        uri = "channels/l-1?appArgs=dialled,l-1"
        status, channel = await listener.ask("POST", uri, body)
        assert status == 200
        assert channel["state"] == "Down"
        assert channel["caller"] == {"name": "Bob", "number": "+491"}
        rings = [line(await listener.hear()) for _ in range(3)]
        assert rings == [
            "Dial Down dialstatus=",
            "ChannelStateChange Ringing",
            "Dial Ringing dialstatus=RINGING",
        ]
        stage.clock.advance(3_000)
        answers = [line(message) for message in await listener.until("StasisStart")]
        assert answers == [
            "ChannelStateChange Up",
            "Dial Up dialstatus=ANSWER",
            "StasisStart Up args=['dialled', 'l-1']",
        ]


@pytest.mark.parametrize(
    ("does", "told"),
    [
        (
            PhoneBehaviour(PhoneAct.BUSY, 0),
            [
                "Dial Down dialstatus=",
                "ChannelHangupRequest Down cause=17 tech_cause=486",
                "Dial Down dialstatus=BUSY",
                "ChannelDestroyed Down cause=17 tech_cause=486",
            ],
        ),
        (
            PhoneBehaviour(PhoneAct.REJECTS, 0),
            [
                "Dial Down dialstatus=",
                "ChannelStateChange Ringing",
                "Dial Ringing dialstatus=RINGING",
                "ChannelDestroyed Ringing cause=21 tech_cause=603",
            ],
        ),
        (
            PhoneBehaviour(PhoneAct.NO_ANSWER, 2_000),
            [
                "Dial Down dialstatus=",
                "ChannelStateChange Ringing",
                "Dial Ringing dialstatus=RINGING",
                "ChannelDestroyed Ringing cause=19 tech_cause=480",
            ],
        ),
    ],
)
async def test_a_phone_that_is_not_answered_is_told_with_its_cause(
    does: PhoneBehaviour, told: list[str]
) -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        stage.pbx.dial_plan.phones[A].behaviour = does
        uri = "channels?endpoint=PJSIP/1001&app=acd&channelId=l-1"
        assert (await listener.ask("POST", uri))[0] == 200
        stage.clock.advance(2_000)
        assert [line(each) for each in await listener.until("ChannelDestroyed")] == told
        assert (await stage.ask("GET", "/channels/l-1"))[0] == 404


async def test_what_rings_too_long_is_given_up() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        stage.pbx.dial_plan.phones[A].behaviour = PhoneBehaviour(PhoneAct.NO_ANSWER, 0)
        uri = "channels?endpoint=PJSIP/1001&app=acd&channelId=l-1&timeout=5"
        await listener.ask("POST", uri)
        stage.clock.advance(5_000)
        told = [line(message) for message in await listener.until("ChannelDestroyed")]
        assert told[-3:] == [
            "Dial Ringing dialstatus=NOANSWER",
            "ChannelHangupRequest Ringing cause=32",
            "ChannelDestroyed Ringing cause=19 tech_cause=480",
        ]


async def test_a_number_outside_is_reached_on_a_trunk() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        uri = "channels?endpoint=PJSIP/%2B49891234@reserve&app=acd&channelId=l-1"
        _, channel = await listener.ask("POST", uri)
        assert channel["name"] == "PJSIP/reserve-00000000"
        stage.clock.advance(4_000)
        await listener.until("StasisStart")
        assert stage.pbx.boards()[1].in_use == 1


async def test_two_who_are_bridged_hear_each_other_until_one_hangs_up() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await reach(listener, "l-1")
        await bridge(listener, "b", one, "l-1")
        entered = [line(await listener.hear()) for _ in range(2)]
        assert entered == [
            f"ChannelEnteredBridge Up b={one}",
            f"ChannelEnteredBridge Up b={one},l-1",
        ]
        assert stage.pbx.hears(A) == ("trunk:pstn",)
        stage.pacer.act(lambda: stage.pbx.hang_up(A))
        told = [line(message) for message in await listener.until("ChannelDestroyed")]
        assert told == [
            "ChannelHangupRequest Up",
            f"ChannelLeftBridge Up b={one}",
            "StasisEnd Up",
            "ChannelDestroyed Up cause=16",
        ]
        assert stage.pbx.hears(one) == ()


async def test_who_is_taken_out_of_a_bridge_hears_nobody_and_the_others_go_on() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await reach(listener, "l-1")
        await reach(listener, "l-2", "PJSIP/1002")
        await bridge(listener, "b", one, "l-1", "l-2")
        assert await listener.ask("POST", "bridges/b/removeChannel?channel=l-1") == (204, None)
        assert stage.pbx.hears(A) == ()
        assert stage.pbx.hears(B) == ("trunk:pstn",)
        again = await listener.ask("POST", "bridges/b/removeChannel?channel=l-1")
        assert again == (422, {"message": "Channel not in this bridge"})


async def test_one_who_comes_into_another_bridge_leaves_the_first() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await bridge(listener, "b", one)
        await bridge(listener, "c", one)
        told = [line(await listener.hear()) for _ in range(3)]
        assert told == [
            f"ChannelEnteredBridge Up b={one}",
            "ChannelLeftBridge Up b=",
            f"ChannelEnteredBridge Up c={one}",
        ]
        assert (await listener.ask("DELETE", "bridges/c"))[0] == 204
        assert (await stage.ask("GET", f"/channels/{one}"))[0] == 200


async def test_a_prompt_ends_by_itself_and_a_caller_presses_a_key_at_it() -> None:
    plan = CallerPlan(
        number=ANI, dialled=OURS, talk_ms=60_000, presses=(Press("sound:menu", "2", 1_000),)
    )
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener, plan)
        uri = f"channels/{one}/play?media=sound:menu&playbackId=p"
        status, playback = await listener.ask("POST", uri)
        assert (status, playback["state"]) == (201, "queued")
        stage.clock.advance(2_000)
        told = [line(message) for message in await listener.until("PlaybackFinished")]
        assert told == [
            "PlaybackStarted p playing",
            "ChannelDtmfReceived Up digit=2",
            "PlaybackFinished p done",
        ]


async def test_playbacks_come_one_after_another_and_a_stopped_one_is_done() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        for name, media in (("p", "tone:ring"), ("q", "sound:a,sound:b"), ("r", "sound:c")):
            await listener.ask("POST", f"channels/{one}/play/{name}?media={media}")
        stage.clock.advance(60_000)
        assert (await listener.ask("DELETE", "playbacks/r"))[0] == 204
        assert (await listener.ask("DELETE", "playbacks/p"))[0] == 204
        stage.clock.advance(4_000)
        told = [line(await listener.hear()) for _ in range(7)]
        assert told == [
            "PlaybackStarted p playing",
            "PlaybackFinished p done",
            "PlaybackStarted q playing",
            "PlaybackContinuing q continuing",
            "PlaybackStarted q playing",
            "PlaybackFinished q done",
            "PlaybackFinished r done",
        ]


async def test_what_is_played_must_be_over_before_a_channel_enters_a_bridge() -> None:
    """And whatever is asked on the same WebSocket meanwhile waits too; by HTTP it does not."""
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await listener.ask("POST", "bridges/b")
        await listener.ask("POST", f"channels/{one}/play/p?media=sound:long")
        await listener.send("POST", f"bridges/b/addChannel?channel={one}")
        waits = await listener.send("GET", "asterisk/ping")
        assert (await stage.ask("GET", "/bridges/b"))[1]["channels"] == []
        stage.clock.advance(2_000)
        told = await listener.until("RESTResponse")
        assert [line(message) for message in told[:-1]] == [
            "PlaybackStarted p playing",
            "PlaybackFinished p done",
            f"ChannelEnteredBridge Up b={one}",
        ]
        assert (await listener.hear())["request_id"] == waits


async def test_music_in_a_holding_bridge_makes_a_caller_wait_until_he_loses_patience() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener, caller(patience_ms=10_000))
        await listener.ask("POST", "bridges", {"type": "holding", "bridgeId": "h"})
        await add(listener, "h", one)
        stage.clock.advance(10_000)
        told = [line(message) for message in await listener.until("StasisEnd")]
        assert told == [
            f"ChannelEnteredBridge Up h={one}",
            "ChannelHangupRequest Up",
            "ChannelLeftBridge Up h=",
            "StasisEnd Up",
        ]


async def test_music_of_a_channel_comes_back_after_an_announcement() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        assert await listener.ask("POST", f"channels/{one}/moh") == (204, None)
        await listener.ask("POST", f"channels/{one}/play?media=sound:soon")
        assert stage.pbx.snapshot()[0]["playing"].startswith("playback-1")
        stage.clock.advance(2_000)
        assert stage.pbx.snapshot()[0]["playing"] == "behind music:default"
        assert await listener.ask("DELETE", f"channels/{one}/moh") == (204, None)
        assert stage.pbx.snapshot()[0]["playing"] == ""


async def test_a_phone_holds_and_takes_back() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await reach(listener, "l-1")
        await bridge(listener, "b", one, "l-1")
        stage.pacer.act(lambda: stage.pbx.hold(A))
        assert line((await listener.until("ChannelHold"))[-1]) == "ChannelHold Up"
        stage.pacer.act(lambda: stage.pbx.retrieve(A))
        assert line(await listener.hear()) == "ChannelUnhold Up"
        assert stage.pbx.hears(A) == ("trunk:pstn",)


async def test_a_phone_asks_for_a_transfer_and_hears_what_becomes_of_it() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await reach(listener, "l-1")
        await bridge(listener, "b", one, "l-1")
        handling = "channels/l-1/variable?variable=PJSIP_TRANSFER_HANDLING()&value=ari-only"
        assert await listener.ask("POST", handling) == (204, None)
        stage.pacer.act(lambda: stage.pbx.transfer(A, "1002"))
        asked = (await listener.until("ChannelTransfer"))[-1]
        assert asked["refer_to"] == {"requested_destination": {"destination": "1002"}}
        assert asked["referred_by"]["source_channel"]["id"] == "l-1"
        assert asked["referred_by"]["bridge"]["channels"] == [one, "l-1"]
        assert "state" not in asked
        for state in ("channel_progress", "channel_declined"):
            progress = f"channels/l-1/transfer_progress?states={state}"
            assert await listener.ask("POST", progress) == (204, None)
            assert (await listener.until("ChannelTransfer"))[-1]["state"] == state
        stage.pacer.act(lambda: stage.pbx.transfer(A, "1001"))
        again = (await listener.until("ChannelTransfer"))[-1]
        assert again["refer_to"]["requested_destination"]["destination"] == "1001"


async def test_nobody_is_transferred_by_a_dialplan() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await reach(listener, "l-1")
        await bridge(listener, "b", one, "l-1")
        stage.pacer.act(lambda: stage.pbx.transfer(A, "1002"))
        stage.pacer.act(lambda: stage.pbx.hold(A))
        heard = [event["type"] for event in await listener.until("ChannelHold")]
        assert "ChannelTransfer" not in heard
        assert len(stage.pbx.snapshot()) == 2


async def test_digits_are_sent_to_a_party() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        assert await listener.ask("POST", f"channels/{one}/dtmf?dtmf=12%23") == (204, None)
        assert stage.pbx.digits_heard(one) == "12#"


async def test_a_channel_may_be_made_first_and_dialled_later() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        made = await listener.ask("POST", "channels/create?endpoint=PJSIP/1001&app=acd&channelId=l")
        assert made[1]["state"] == "Down"
        assert line(await listener.hear()) == "StasisStart Down args=[]"
        assert await listener.ask("POST", "channels/l/dial?timeout=20") == (204, None)
        stage.clock.advance(3_000)
        told: list[dict[str, Any]] = [await listener.hear() for _ in range(5)]
        assert line(told[-1]) == "Dial Up dialstatus=ANSWER"
        assert await listener.ask("POST", "channels/l/continue") == (204, None)
        ended = [line(message) for message in await listener.until("ChannelDestroyed")]
        assert ended[0] == "StasisEnd Up"
        assert stage.pbx.snapshot() == ()
