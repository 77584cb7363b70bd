"""The transfer key of real SIP phones: blind, attended, refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from tests.real_asterisk.asterisk import DESKS, Asterisk
from tests.real_asterisk.callers import transferring_desk
from tests.real_asterisk.phones import Phone, registered
from tests.real_asterisk.served import AGENT_HZ, CALLER_HZ, QUEUE, Served, served, until

BEA_HZ = 1_000
_TOLD = ("Transferred", "Queued", "Delivered", "Established", "ConnectionCleared", "CallCleared")


class Scene(NamedTuple):
    """Anna, an agent, talks with a caller; Bea's phone is free, and answers by itself."""

    centre: Served
    caller: Phone
    anna: Phone
    bea: Phone

    def told(self) -> list[str]:
        """Tell what has happened to calls: the event, its device's last part, its cause."""
        story = []
        for event in self.centre.events():
            name, data = event["type"].split(".")[-2], event["data"]
            if event["type"].startswith("csta.callControl.") and name in _TOLD:
                device = data.get("connection", {}).get("deviceID", "").rpartition(":")[2]
                story.append(f"{name} {device} {data['cause']}")
        return story

    async def over(self) -> None:
        """Let the caller hang up; check that nothing is left on either side."""
        await self.caller.hang_up()
        await self.centre.asterisk.quiet()
        assert await self.centre.asterisk.ari("GET", "bridges") == []

        async def gone() -> bool:
            return not await self.centre.calls()

        await until(gone)


@asynccontextmanager
async def talking(asterisk: Asterisk, path: Path) -> AsyncIterator[Scene]:
    async with (
        served(asterisk, path) as centre,
        registered(asterisk, "1001", tone_hz=AGENT_HZ, answers=True) as anna,
        registered(asterisk, "1002", tone_hz=BEA_HZ, answers=True) as bea,
    ):
        await centre.log_on(1, "1001")
        caller = await centre.caller(1)
        await caller.hears(AGENT_HZ, limit_s=30)
        yield Scene(centre, caller, anna, bea)


async def dialog_of(asterisk: Asterisk, phone: str) -> str:
    """Name the dialog of a phone's call as a `Replaces` in a URI does."""
    (channel,) = [
        each["id"]
        for each in await asterisk.ari("GET", "channels")
        if each["name"].startswith(f"PJSIP/{phone}-")
    ]

    async def ask(what: str) -> str:
        variable = {"variable": f"CHANNEL(pjsip,{what})"}
        answer = await asterisk.ari("GET", f"channels/{channel}/variable", **variable)
        return str(answer["value"])

    call, to, by = await ask("call-id"), await ask("local_tag"), await ask("remote_tag")
    return f"{call}%3Bto-tag%3D{to}%3Bfrom-tag%3D{by}"


async def test_an_agent_sends_the_caller_to_a_colleague(asterisk: Asterisk, tmp_path: Path) -> None:
    async with talking(asterisk, tmp_path) as scene:
        await scene.anna.transfer("1002")
        assert (await scene.anna.until("CALL_CLOSED"))["param"] == "Call transfered"
        await scene.caller.hears(BEA_HZ)
        await scene.bea.hears(CALLER_HZ)
        assert scene.told()[-3:] == [
            "Transferred  singleStepTransfer",
            "Delivered 1002 singleStepTransfer",
            "Established 1002 singleStepTransfer",
        ]
        await scene.over()


async def test_an_agent_whose_phone_holds_first_sends_the_caller_to_the_queue(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with talking(asterisk, tmp_path) as scene:
        await scene.anna.hold()
        await scene.caller.hears_something()
        await scene.anna.transfer(f"+{QUEUE}")
        assert (await scene.anna.until("CALL_CLOSED"))["param"] == "Call transfered"
        await scene.centre.log_on(2, "1002")
        await scene.caller.hears(BEA_HZ)
        await scene.bea.hears(CALLER_HZ)
        await scene.over()


async def test_a_desk_that_is_done_with_a_caller_hands_on_by_refer(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with (
        served(asterisk, tmp_path) as centre,
        registered(asterisk, "1002", tone_hz=BEA_HZ, answers=True) as bea,
        transferring_desk(asterisk, target="1002", talk_ms=500) as desk,
    ):
        await centre.log_on(1, DESKS[0])
        caller = await centre.caller(1)
        await caller.hears(BEA_HZ)
        await bea.hears(CALLER_HZ)
        assert desk.program.code is None, desk.errors()
        await Scene(centre, caller, bea, bea).over()


async def test_a_phone_hears_that_its_transfer_is_refused(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with talking(asterisk, tmp_path) as scene:
        await scene.anna.transfer("1001")
        assert (await scene.anna.until("TRANSFER_FAILED"))["param"] == "603 Decline"
        # Other phones keep their call then; baresip 1.0 hangs up.
        await scene.caller.until("CALL_CLOSED")
        assert not any(each.startswith("Transferred") for each in scene.told())
        await scene.over()


async def test_an_agent_consults_on_the_phone_and_brings_both_together(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with talking(asterisk, tmp_path) as scene:
        await scene.anna.hold()
        dialog = await dialog_of(asterisk, "1001")
        await scene.anna.dial("1002")
        await scene.bea.hears(AGENT_HZ)
        sip = f"sip:1002@{asterisk.sip}?Replaces={dialog}"
        await scene.anna.command("transfer", sip)
        assert (await scene.anna.until("CALL_CLOSED"))["param"] == "Call transfered"
        await scene.caller.hears(BEA_HZ)
        await scene.bea.hears(CALLER_HZ)
        assert scene.told()[-2:] == ["Transferred  transfer", "CallCleared  transfer"]
        await scene.over()
        assert scene.told()[-1] == "CallCleared  normalClearing"
