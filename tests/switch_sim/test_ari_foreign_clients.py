"""ARI clients that others wrote drive a call of the simulated switch, each in its own words.

A client that is not installed is left out, and said so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import simpy

from ctiserver.live.clock import AsyncioClock
from switch_sim.dialects.ari import serve_ari
from switch_sim.dialects.ari_state import AriAccount
from switch_sim.paced import Pacer
from switch_sim.switch import SimulatedPbx
from tests.switch_sim.stage import CONFIG, START, A, caller

SOON_S = 30.0
SPEED = 20.0
USER, PASSWORD, APP = "cti", "open", "acd"
TRUNK = ("trunk:pstn",)

pytestmark = [
    # Theirs, not ours: old names in their libraries, and sockets that they leave to the collector.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Hall:
    """A switch in quick time, one caller of which is served."""

    def __init__(self, url: str, pbx: SimulatedPbx, pacer: Pacer) -> None:
        """Know where the dialect is."""
        self.url = url
        self.pbx = pbx
        self.pacer = pacer
        self.talked: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
        """Whom the phone heard when the client had bridged it."""

    def call(self) -> None:
        """Let somebody call."""
        self.pacer.act(lambda: self.pbx.offer_call(caller()))

    def bridged(self) -> None:
        """The client has bridged caller and phone."""
        self.talked.set_result(self.pbx.hears(A))

    async def over(self) -> None:
        """Wait until the client is done; then nobody is left on a line."""
        async with asyncio.timeout(SOON_S):
            assert await self.talked == TRUNK

    def phone_answers(self) -> Awaitable[None]:
        """Wait until the phone has answered, by the switch's clock."""
        return asyncio.sleep(4 / SPEED)


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    """Serve a switch."""
    env = simpy.Environment(initial_time=START)
    pacer = Pacer(env, AsyncioClock(asyncio.get_running_loop(), START, SPEED))
    pbx = SimulatedPbx(env, CONFIG)
    account = AriAccount(user=USER, password=PASSWORD, application=APP)
    async with serve_ari(pbx, pacer, account=account) as url:
        pacer.start()
        yield Hall(url, pbx, pacer)
        pacer.stop()


def _serve(
    hall: Hall,
    client: Any,  # noqa: ANN401 - it makes its classes while it runs
) -> Callable[[dict[str, Any], dict[str, Any]], Awaitable[None]]:
    """Serve a caller in the words that asyncari and aioari have in common."""

    async def serve(objects: dict[str, Any], event: dict[str, Any]) -> None:
        if not event["args"] or event["args"][0] != "inbound":
            return
        channel = objects["channel"]
        await channel.answer()
        await channel.play(media="sound:hello")
        phone = await client.channels.originate(
            endpoint="PJSIP/1001", app=APP, appArgs="dialled", callerId="+49301"
        )
        bridge = await client.bridges.create(type="mixing")
        await hall.phone_answers()
        await bridge.addChannel(channel=channel.id)
        await bridge.addChannel(channel=phone.id)
        seen = (await client.bridges.get(bridgeId=bridge.id)).json["channels"]
        assert seen == [channel.id, phone.id]
        hall.bridged()
        await channel.hangup()
        await phone.hangup()
        await bridge.destroy()

    return serve


async def test_asyncari_drives_a_call(hall: Hall) -> None:
    asyncari = pytest.importorskip("asyncari")
    address = hall.url.removesuffix("ari")
    async with (
        asyncari.connect(address, APP, USER, PASSWORD) as client,
        client.on_channel_event("StasisStart") as starts,
    ):
        serve = _serve(hall, client)
        tasks = []

        async def listen() -> None:
            async for objects, event in starts:
                tasks.append(asyncio.ensure_future(serve(objects, event)))

        listening = asyncio.ensure_future(listen())
        hall.call()
        await hall.over()
        listening.cancel()
        await asyncio.gather(*tasks)
    assert hall.pbx.snapshot() == ()


async def test_aioari_drives_a_call(hall: Hall) -> None:
    aioari = pytest.importorskip("aioari")
    client = await aioari.connect(hall.url.removesuffix("ari"), USER, PASSWORD)
    client.on_channel_event("StasisStart", _serve(hall, client))
    listening = asyncio.ensure_future(client.run(apps=APP))
    try:
        async with asyncio.timeout(SOON_S):
            while not hall.pbx.snapshot() or not await client.applications.list():
                hall.call()
                await asyncio.sleep(0)
        await hall.over()
    finally:
        await client.close()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_ari_client_drives_a_call(hall: Hall) -> None:
    ari_client = pytest.importorskip("ari_client")
    address = urlsplit(hall.url)
    client = ari_client.AriClient(address.hostname, address.port, USER, PASSWORD)

    async def serve(event: Any) -> None:  # noqa: ANN401 - a model of theirs
        if not event.args or event.args[0] != "inbound":
            return
        channel = event.channel
        await channel.answer()
        await channel.play(media="sound:hello")
        await client.ari.create_channel(endpoint="PJSIP/1001", channel_id="phone")
        await client.ari.dial("phone")
        await hall.phone_answers()
        bridge = await client.ari.create_bridge_with_id("talk")
        await bridge.add_channel(channel.id)
        await bridge.add_channel("phone")
        assert (await client.ari.get_bridge("talk")).channels == [channel.id, "phone"]
        hall.bridged()
        await client.ari.hangup_channel(channel.id)
        await client.ari.hangup_channel("phone")

    client.on_stasis_start(serve)
    await client.connect(APP)
    hall.call()
    await hall.over()
    await client.disconnect()
    await client.ari.client.aclose()
