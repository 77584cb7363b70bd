"""The broker inside the server: enough to try things out (`--embedded-broker`)."""

from __future__ import annotations

import aiomqtt
import pytest

from ctiserver.live.embedded_broker import EmbeddedBroker
from ctiserver.live.mqtt_broker import BrokerError
from tests.live.host import world_host
from tests.live.mqtt_clients import about, body, bridged, follow, until
from tests.live.torrent import sequence_of


async def test_events_and_state_come_through_the_embedded_broker() -> None:
    embedded = EmbeddedBroker(0)
    broker = await embedded.start()
    try:
        async with world_host() as host, aiomqtt.Client(broker.host, broker.port) as client:
            await follow(client, "evt/#", "state/#")
            async with bridged(host, broker):
                await until(client, about("state/agent/anna"))
                host.call_in()
                last = (await host.event("Queued")).sequence
                read = await until(client, lambda m: str(m.topic).endswith("/Queued"))
                assert sequence_of(bytes(read[-1].payload)) == last
            async with aiomqtt.Client(broker.host, broker.port) as late:
                await follow(late, "state/acd/acd:sales")
                kept = (await until(late, about("state/acd/acd:sales")))[-1]
                assert (body(kept)["class"], body(kept)["id"]) == ("acd", "acd:sales")
    finally:
        await embedded.stop()


async def test_a_port_that_is_taken_is_refused_with_a_sentence() -> None:
    embedded = EmbeddedBroker(0)
    port = (await embedded.start()).port
    try:
        with pytest.raises(BrokerError, match=f"no broker on port {port}"):
            await EmbeddedBroker(port).start()
    finally:
        await embedded.stop()
