"""The instruments themselves, without Offhook: phones, callers, and what they dial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect

from tests.real_asterisk.asterisk import DESKS, Asterisk
from tests.real_asterisk.callers import (
    caller,
    desks,
    impatient,
    refusing_desks,
    transferring_desk,
)
from tests.real_asterisk.phones import outside, registered
from tests.real_asterisk.programs import LIMIT_S

ECHO, MUSIC, SILENCE, QUEUE = "8000", "8001", "8002", "8100"


class Application:
    """The events that Asterisk sends to the application in whose place a test stands."""

    def __init__(self, events: asyncio.Queue[dict[str, Any]]) -> None:
        """Hear what comes into a queue."""
        self._events = events

    async def until(self, event_type: str) -> dict[str, Any]:
        """Wait for the next event of a type."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                event = await self._events.get()
                if event["type"] == event_type:
                    return event


@asynccontextmanager
async def application(asterisk: Asterisk) -> AsyncIterator[Application]:
    """Stand in Offhook's place."""
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    place = f"{asterisk.user}:{asterisk.password}@{asterisk.address}:{asterisk.ari_port}"
    async with connect(f"ws://{place}/ari/events?app={asterisk.application}") as socket:

        async def hear() -> None:
            async for text in socket:
                events.put_nowait(msgspec.json.decode(text))

        hearing = asyncio.create_task(hear())
        try:
            yield Application(events)
        finally:
            hearing.cancel()
            await asyncio.wait([hearing])


async def ring(asterisk: Asterisk, phone: str, number: str = SILENCE) -> None:
    """Let a phone ring; who answers is connected with a number."""
    where = {"endpoint": f"PJSIP/{phone}", "context": "alone", "extension": number}
    await asterisk.ari("POST", "channels", **where, callerId="4711", timeout="20")


async def test_a_phone_hears_its_own_tone_from_the_echo(asterisk: Asterisk) -> None:
    async with registered(asterisk, "1001", tone_hz=440) as anna:
        await anna.dial(ECHO)
        await anna.until("CALL_ESTABLISHED")
        await anna.hears(440)
        with pytest.raises(AssertionError, match="did not hear 620 Hz"):
            await anna.hears(620, limit_s=1)
        await anna.hang_up()
        await anna.until("CALL_CLOSED")
        await asterisk.quiet()


async def test_a_phone_tells_music_from_silence(asterisk: Asterisk) -> None:
    async with registered(asterisk, "1001") as anna:
        await anna.dial(MUSIC)
        await anna.hears_something()
        await anna.hang_up()
        await anna.until("CALL_CLOSED")
        await anna.dial(SILENCE)
        await anna.until("CALL_ESTABLISHED")
        await anna.hears_nothing()


async def test_a_phone_rings_and_is_answered_held_resumed_and_hung_up(asterisk: Asterisk) -> None:
    async with application(asterisk) as app, registered(asterisk, "1002") as bea:
        await asterisk.ari("POST", "channels", endpoint="PJSIP/1002", app=asterisk.application)
        await bea.until("CALL_INCOMING")
        await bea.accept()
        await bea.until("CALL_ESTABLISHED")
        await app.until("StasisStart")
        await bea.hold()
        await app.until("ChannelHold")
        await bea.resume()
        await app.until("ChannelUnhold")
        await bea.hang_up()
        await app.until("ChannelDestroyed")


async def test_a_phone_that_hangs_up_while_it_rings_is_busy(asterisk: Asterisk) -> None:
    async with application(asterisk) as app, registered(asterisk, "1002") as bea:
        await asterisk.ari("POST", "channels", endpoint="PJSIP/1002", app=asterisk.application)
        await bea.until("CALL_INCOMING")
        await bea.hang_up()
        assert (await app.until("ChannelDestroyed"))["cause"] == 17


async def test_a_phone_that_dials_reaches_the_application(asterisk: Asterisk) -> None:
    async with application(asterisk) as app, registered(asterisk, "1001") as anna:
        await anna.dial("4930700")
        assert (await app.until("StasisStart"))["args"] == ["outbound", "4930700", "1001"]


async def test_somebody_outside_reaches_the_application_and_presses_digits(
    asterisk: Asterisk,
) -> None:
    async with application(asterisk) as app, outside(asterisk, "4930111") as somebody:
        await somebody.dial("4930100")
        begin = await app.until("StasisStart")
        assert begin["args"] == ["inbound", "4930100", "4930111"]
        await asterisk.ari("POST", f"channels/{begin['channel']['id']}/answer")
        await somebody.until("CALL_ESTABLISHED")
        await somebody.press("4711#")
        assert [(await app.until("ChannelDtmfReceived"))["digit"] for _ in range(5)] == list(
            "4711#"
        )


async def test_a_call_out_rings_somebody_outside(asterisk: Asterisk) -> None:
    async with outside(asterisk, "4930222", dialled=True) as somebody:
        await ring(asterisk, "4930222@trunk")
        await somebody.until("CALL_INCOMING")
        await somebody.accept()
        await somebody.until("CALL_ESTABLISHED")


@pytest.mark.parametrize(("digits", "by_info"), [("12#", False), ("5", True)])
async def test_a_caller_presses_digits(asterisk: Asterisk, digits: str, *, by_info: bool) -> None:
    async with (
        application(asterisk) as app,
        caller(
            asterisk, "4930100", "4930111", digits=digits, by_info=by_info, patience_ms=3_000
        ) as calling,
    ):
        begin = await app.until("StasisStart")
        await asterisk.ari("POST", f"channels/{begin['channel']['id']}/answer")
        heard = [(await app.until("ChannelDtmfReceived"))["digit"] for _ in digits]
        assert heard == list(digits)
        await calling.ended()


async def test_a_caller_gives_up_before_the_call_is_answered(asterisk: Asterisk) -> None:
    async with (
        application(asterisk) as app,
        impatient(asterisk, "4930100", "4930111", patience_ms=500) as calling,
    ):
        begin = await app.until("StasisStart")
        await asterisk.ari("POST", f"channels/{begin['channel']['id']}/ring")
        await app.until("StasisEnd")
        await calling.ended()


async def test_a_caller_meets_a_desk_in_the_queue_of_asterisk_itself(asterisk: Asterisk) -> None:
    async with (
        desks(asterisk, DESKS[:2], talk_ms=500) as staff,
        caller(asterisk, QUEUE, "4930111") as calling,
    ):
        await calling.ended()
        assert [line.split()[:2] for line in staff.log()] == [
            ["offered", "4930111"],
            ["answered", "4930111"],
        ]
        assert calling.log()[0].startswith("called 4930111 ")


async def test_a_desk_that_rings_can_be_left_alone(asterisk: Asterisk) -> None:
    async with application(asterisk) as app, desks(asterisk, ring_ms=20_000) as staff:
        begin = await asterisk.ari(
            "POST", "channels", endpoint=f"PJSIP/{DESKS[0]}", app=asterisk.application
        )
        await app.until("ChannelStateChange")
        await asterisk.ari("DELETE", f"channels/{begin['id']}")
        await app.until("ChannelDestroyed")
        await asterisk.quiet()
        assert len(staff.log()) == 1
        assert staff.program.code is None


@pytest.mark.parametrize(("refusal", "cause"), [("486 Busy Here", 17), ("603 Decline", 21)])
async def test_a_desk_refuses(asterisk: Asterisk, refusal: str, cause: int) -> None:
    async with application(asterisk) as app, refusing_desks(asterisk, refusal=refusal):
        endpoint = f"PJSIP/{DESKS[0]}"
        await asterisk.ari("POST", "channels", endpoint=endpoint, app=asterisk.application)
        assert (await app.until("ChannelDestroyed"))["cause"] == cause


async def test_a_desk_transfers_its_caller(asterisk: Asterisk) -> None:
    async with (
        transferring_desk(asterisk, target=MUSIC, talk_ms=300),
        outside(asterisk, "4930111") as somebody,
    ):
        await somebody.dial(QUEUE)
        await somebody.hears_something()


async def test_an_asterisk_that_was_killed_starts_again_and_knows_its_phones(
    asterisk: Asterisk,
) -> None:
    async with registered(asterisk, "1001") as anna:
        await asterisk.kill()
        assert not asterisk.runs
        await asterisk.start()
        await asterisk.reaches("1001")
        await ring(asterisk, "1001")
        await anna.until("CALL_INCOMING")


async def test_away_from_offhook_a_caller_is_taken_care_of_by_the_dialplan(
    asterisk: Asterisk,
) -> None:
    async with outside(asterisk, "4930111") as somebody:
        await somebody.dial("4930100")
        await somebody.until("CALL_ESTABLISHED")
        await somebody.hears_something()
