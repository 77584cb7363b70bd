"""Events and state over MQTT, with a real Mosquitto (cti-api §7.2; reliability §6.3)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ctiserver.live import mqtt_bridge
from ctiserver.live.mqtt_bridge import TABLE
from tests.live.brokers import Mosquitto, mosquitto
from tests.live.host import LIMIT_S, OpenGate, world_host
from tests.live.mqtt_clients import (
    ROOT,
    about,
    body,
    bridged,
    follow,
    set_agent,
    until,
    up,
)
from tests.live.torrent import Torrent, sequence_of


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path) as running:
        yield running


# Events.


async def test_every_event_comes_as_a_cloud_event_on_its_own_topic(broker: Mosquitto) -> None:
    async with world_host() as host, broker.client("integration") as client:
        await follow(client, "evt/#")
        async with bridged(host, broker.broker):
            host.call_in()
            queued = await host.event("Queued")
            read = await until(client, lambda m: str(m.topic).endswith("/Queued"))
        assert str(read[-1].topic) == f"{ROOT}/evt/{queued.subject}/Queued"
        assert [sequence_of(bytes(each.payload)) for each in read] == list(
            range(1, queued.sequence + 1)
        )
        told = read[-1].properties
        assert told is not None
        assert getattr(told, "ContentType", None) == "application/cloudevents+json"
        assert body(read[-1])["type"] == "csta.callControl.Queued.v1"


async def test_what_the_stream_may_not_see_is_not_published(broker: Mosquitto) -> None:
    gate = OpenGate()
    gate.hidden.add("Delivered")
    async with world_host() as host, broker.client("integration") as client:
        await follow(client, "evt/#", "system/heartbeat")
        async with bridged(host, broker.broker, gate):
            host.call_in()
            last = (await host.event("Queued")).sequence
            read = await until(
                client,
                lambda m: about("system/heartbeat")(m) and int(body(m)["published"]) >= last,
            )
        events = [each for each in read if "/evt/" in str(each.topic)]
        names = [str(each.topic).rpartition("/")[2] for each in events]
        assert "Queued" in names
        assert "Delivered" not in names


async def outage(broker: Mosquitto, seconds: float) -> None:
    """Stop the broker under a torrent of events; a client that stays subscribed misses none."""
    torrent = Torrent()
    again = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho has few types
    again.SessionExpiryInterval = 600
    had: list[int] = []

    async def pour() -> None:
        while True:
            torrent.tell(5)
            await asyncio.sleep(0.01)

    async def read_to(client: aiomqtt.Client, last: int) -> None:
        async with asyncio.timeout(6 * LIMIT_S):
            async for message in client.messages:
                had.append(sequence_of(bytes(message.payload)))
                if had[-1] >= last:
                    return

    def listener() -> aiomqtt.Client:
        return broker.client(
            "integration", identifier="listener", clean_start=False, properties=again
        )

    async with bridged(torrent, broker.broker) as bridge:
        # Nothing is told while this one leaves: it may have acknowledged what it has not read yet.
        async with listener() as client:
            await follow(client, "evt/#")
            torrent.tell(50)
            await read_to(client, torrent.log.last)
        pouring = asyncio.create_task(pour())
        async with broker.client("integration") as watcher:
            await up(watcher)
        await broker.stop()
        stopped_at = torrent.log.last
        await asyncio.sleep(seconds)
        assert torrent.log.last > stopped_at, "the engine goes on"
        assert not bridge.connected
        await broker.start()
        async with listener() as client:
            await follow(client, "evt/#")
            pouring.cancel()
            torrent.tell(1)
            await read_to(client, torrent.log.last)
    assert set(range(min(had), torrent.log.last + 1)) == set(had)


async def test_the_broker_is_away_under_load_and_nothing_is_missing_when_it_is_back(
    broker: Mosquitto,
) -> None:
    await outage(broker, 2.0)


@pytest.mark.slow
async def test_the_broker_is_away_for_a_minute_and_nothing_is_missing(broker: Mosquitto) -> None:
    await outage(broker, 60.0)


async def test_what_was_not_acknowledged_is_published_when_the_broker_was_killed(
    broker: Mosquitto,
) -> None:
    torrent = Torrent()
    async with bridged(torrent, broker.broker) as bridge:
        async with broker.client("integration") as client:
            await up(client)
        await broker.stop(signal.SIGKILL)
        torrent.tell(3_000)
        await broker.start()
        async with broker.client("integration") as client:
            await follow(client, "evt/#")
            # The bridge waits before it tries again: by far long enough for us to be first.
            read = await until(client, lambda m: sequence_of(bytes(m.payload)) == 3_000)
        assert len({sequence_of(bytes(each.payload)) for each in read}) <= 3_000
        assert [sequence_of(bytes(m.payload)) for m in read] == sorted(
            sequence_of(bytes(m.payload)) for m in read
        )
        assert bridge.connected


async def test_the_next_server_goes_on_where_the_last_one_was(broker: Mosquitto) -> None:
    torrent = Torrent()
    async with broker.client("integration") as client:
        await follow(client, "evt/#")
        async with bridged(torrent, broker.broker):
            torrent.tell(100)
            await until(client, lambda m: sequence_of(bytes(m.payload)) == 100)
        torrent.tell(50)
        async with bridged(torrent, broker.broker):
            read = await until(client, lambda m: sequence_of(bytes(m.payload)) == 150)
        assert [sequence_of(bytes(each.payload)) for each in read] == list(range(101, 151))


async def test_events_that_are_no_longer_kept_are_told_of_as_a_gap(broker: Mosquitto) -> None:
    torrent = Torrent(window_events=10)
    async with broker.client("integration") as client:
        await follow(client, "evt/#", "system/gap")
        torrent.kept = {TABLE: {"default": b'{"epoch":"01TORRENT","sequence":0}'}}
        torrent.tell(30)
        async with bridged(torrent, broker.broker):
            read = await until(client, lambda m: str(m.topic).endswith("/AgentReady"))
        assert body(read[0]) == {
            "epoch": "01TORRENT",
            "reason": "tooOld",
            "from": f"{1:016}",
            "to": f"{20:016}",
        }
        assert sequence_of(bytes(read[1].payload)) == 21


async def test_a_log_that_began_anew_is_told_of(broker: Mosquitto) -> None:
    torrent = Torrent()
    torrent.kept = {TABLE: {"default": b'{"epoch":"01OLD","sequence":77}'}}
    torrent.tell(3)
    async with broker.client("integration") as client:
        await follow(client, "evt/#", "system/gap")
        async with bridged(torrent, broker.broker):
            read = await until(client, lambda m: str(m.topic).endswith("/AgentReady"))
        assert body(read[0]) == {"epoch": "01TORRENT", "reason": "epochChanged"}
        assert sequence_of(bytes(read[1].payload)) == 1


async def test_without_a_broker_the_bridge_waits_and_the_engine_does_not(
    broker: Mosquitto,
) -> None:
    await broker.stop()
    torrent = Torrent()
    async with bridged(torrent, broker.broker) as bridge:
        torrent.tell(1_000)
        assert not bridge.connected
        assert bridge.cursor == 0
        await broker.start()
        async with broker.client("integration") as client:
            await up(client)
            assert bridge.connected


# State.


async def test_agents_queues_and_links_are_kept_by_the_broker_without_names(
    broker: Mosquitto,
) -> None:
    async with world_host() as host, bridged(host, broker.broker):
        async with broker.client("wallboard") as client:
            await follow(client, "state/#")
            wanted = {"state/agent/anna", "state/acd/acd:sales", "state/link/sim1"}
            told: dict[str, dict[str, Any]] = {}
            async with asyncio.timeout(LIMIT_S):
                async for message in client.messages:
                    told[str(message.topic).removeprefix(f"{ROOT}/")] = body(message)
                    if wanted <= set(told):
                        break
        assert told["state/agent/anna"]["agentState"] == "agentNull"
        assert "Anna" not in str(told)
        assert told["state/acd/acd:sales"]["waiting"] == 0
        assert told["state/link/sim1"]["asOf"]["epoch"] == host.log.epoch
        async with broker.client("wallboard") as client:
            await follow(client, "state/agent/anna")
            await set_agent(broker, "loggedOn")
            read = await until(client, lambda m: body(m)["agentState"] != "agentNull")
        assert int(body(read[-1])["asOf"]["sequence"]) == host.log.last
        async with broker.client("wallboard") as late:
            await follow(late, "state/agent/anna")
            kept = await until(late, about("state/agent/anna"))
        assert kept[0].retain
        assert body(kept[0]) == body(read[-1])


async def _connected(bridge: mqtt_bridge.MqttBridge) -> None:
    """Wait for it: that the server is up can be read before the bridge has its acknowledgement."""
    async with asyncio.timeout(LIMIT_S):
        while not bridge.connected:  # noqa: ASYNC110 - nobody is told that it is
            await asyncio.sleep(0.001)


async def test_the_broker_tells_when_the_server_is_gone_and_when_it_stops(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    torrent = Torrent()

    def is_server(status: str) -> Callable[[aiomqtt.Message], bool]:
        return lambda message: body(message)["status"] == status

    async with broker.client("wallboard") as client:
        await follow(client, "state/system/server")
        async with bridged(torrent, broker.broker) as bridge:
            await until(client, is_server("up"))
            await _connected(bridge)
        await until(client, is_server("stopped"))
        monkeypatch.setattr(mqtt_bridge, "_BACK_OFF_S", 60.0)
        async with bridged(torrent, broker.broker) as bridge:
            await until(client, is_server("up"))
            await _connected(bridge)
            inner = bridge._client  # noqa: SLF001 - the connection is cut under its feet
            assert inner is not None
            paho = inner._client  # noqa: SLF001 - the same
            sock = paho.socket()
            assert sock is not None
            sock.shutdown(2)  # type: ignore[attr-defined] # it is a plain socket
            await until(client, is_server("down"))
