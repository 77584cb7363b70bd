"""Who listens in, and who is recorded, through ARI."""

from __future__ import annotations

import pytest

from tests.switch_sim.ari_stage import add, ari_stage, bridge, come_in, reach
from tests.switch_sim.stage import A, B


@pytest.mark.parametrize(
    ("whisper", "heard"), [("none", ("trunk:pstn",)), ("out", ("trunk:pstn", B))]
)
async def test_a_supervisor_listens_by_a_channel_that_snoops(
    whisper: str, heard: tuple[str, ...]
) -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await reach(listener, "l-1")
        await bridge(listener, "b", one, "l-1")
        await reach(listener, "l-2", "PJSIP/1002")
        uri = f"channels/l-1/snoop/s?spy=both&whisper={whisper}&app=acd&appArgs=snoop"
        status, snoop = await listener.ask("POST", uri)
        assert (status, snoop["name"], snoop["state"]) == (200, "Snoop/l-1-00000003", "Up")
        await bridge(listener, "c", "s", "l-2")
        assert stage.pbx.hears(B) == (A, "trunk:pstn")
        assert stage.pbx.hears(A) == heard
        await listener.ask("DELETE", "channels/s")
        assert stage.pbx.hears(B) == ()
        assert stage.pbx.hears(A) == ("trunk:pstn",)


async def test_a_channel_that_snoops_ends_with_the_one_it_snoops_on() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await listener.ask("POST", f"channels/{one}/snoop/s?app=acd&spy=both")
        await listener.until("StasisStart")
        await listener.ask("DELETE", f"channels/{one}?reason_code=17")
        told = [await listener.hear() for _ in range(3)]
        ids = [(message["type"], message["channel"]["id"]) for message in told]
        assert ids == [("ChannelHangupRequest", one), ("StasisEnd", one), ("StasisEnd", "s")]
        assert await stage.ask("GET", "/channels") == (200, [])


async def test_a_channel_is_recorded_and_cannot_enter_a_bridge_meanwhile() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        one = await come_in(stage, listener)
        await listener.ask("POST", "bridges/b")
        uri = f"channels/{one}/record?name=talk&format=wav"
        assert (await listener.ask("POST", uri))[0] == 201
        assert (await listener.hear())["recording"]["state"] == "recording"
        refused = await listener.ask("POST", f"bridges/b/addChannel?channel={one}")
        assert refused == (409, {"message": "Channel currently recording"})
        stage.clock.advance(7_000)
        await listener.ask("POST", "recordings/live/talk/stop")
        recording = (await listener.hear())["recording"]
        assert recording == {
            "name": "talk",
            "format": "wav",
            "state": "done",
            "target_uri": f"channel:{one}",
            "duration": 7,
        }
        stored = await stage.ask("GET", "/recordings/stored/talk")
        assert stored == (200, {"name": "talk", "format": "wav"})
        await add(listener, "b", one)
        await listener.ask("POST", f"channels/{one}/record?name=more&format=wav")
        failed = (await listener.until("RecordingFailed"))[-1]["recording"]
        assert failed["cause"] == "Cannot record channel while in bridge"
