"""A bridge to be tested, and clients of its broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ctiserver.core.principals import SCOPES_OF, Principal, Role
from ctiserver.live.commands import CommandDesk
from ctiserver.live.mqtt_bridge import TABLE, MqttBridge
from ctiserver.live.mqtt_broker import Broker
from ctiserver.live.mqtt_requests import MqttRequests
from tests.live.brokers import Mosquitto
from tests.live.host import LIMIT_S, OpenGate, WorldHost
from tests.live.line_clients import Tokens, wall_clock
from tests.live.torrent import Torrent

ROOT = "cti/v1/default"


def who(user: str) -> Principal | None:
    """Tell which principal a user of the broker is."""
    if user not in ("anna", "bea"):
        return None
    return Principal(name=f"agent:{user}", role=Role.ADMIN, scopes=SCOPES_OF[Role.ADMIN])


@asynccontextmanager
async def bridged(
    host: WorldHost | Torrent, broker: Broker, gate: OpenGate | None = None
) -> AsyncIterator[MqttBridge]:
    """Run a bridge that serves requests."""
    gate = gate or OpenGate()
    commands = CommandDesk(host, gate, now=wall_clock())
    requests = MqttRequests(commands, host.log, Tokens(), who=who)
    bridge = MqttBridge(host, gate, requests, broker)
    bridge.start(host.kept.get(TABLE, {}).get("default"))
    try:
        yield bridge
    finally:
        await bridge.stop()


async def until(
    client: aiomqtt.Client, fits: Callable[[aiomqtt.Message], bool]
) -> list[aiomqtt.Message]:
    """Read on to a message that fits; gives all that were read."""
    read = []
    async with asyncio.timeout(LIMIT_S):
        async for message in client.messages:
            read.append(message)
            if fits(message):
                return read
    raise AssertionError("the client was disconnected")


def about(path: str) -> Callable[[aiomqtt.Message], bool]:
    return lambda message: str(message.topic) == f"{ROOT}/{path}"


def body(message: aiomqtt.Message) -> dict[str, Any]:
    read: dict[str, Any] = msgspec.json.decode(bytes(message.payload))
    return read


async def follow(client: aiomqtt.Client, *paths: str) -> None:
    for path in paths:
        await client.subscribe(f"{ROOT}/{path}", qos=1)


async def up(client: aiomqtt.Client) -> None:
    """Wait until the bridge is there."""
    await client.subscribe(f"{ROOT}/state/system/server", qos=1)
    await until(client, lambda m: about("state/system/server")(m) and body(m)["status"] == "up")
    await client.unsubscribe(f"{ROOT}/state/system/server")


async def request(
    client: aiomqtt.Client, user: str, message: bytes, *, token: str = "", to: str = ""
) -> dict[str, Any]:
    """Ask, and give the answer."""
    given = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho has few types
    given.ResponseTopic = to or f"{ROOT}/rsp/{user}"
    given.CorrelationData = b"\x00c-7"
    if token:
        given.UserProperty = [("token", token)]
    await follow(client, f"rsp/{user}")
    await client.publish(f"{ROOT}/req/{user}", message, qos=1, properties=given)
    answer = (await until(client, about(f"rsp/{user}")))[-1]
    assert answer.properties is not None
    assert getattr(answer.properties, "CorrelationData", None) == b"\x00c-7"
    return body(answer)


async def set_agent(broker: Mosquitto, state: str) -> dict[str, Any]:
    params = b'{"agentID":"anna","requestedAgentState":"%s"}' % state.encode()
    message = b'{"kind":"request","id":"r-1","service":"SetAgentState","params":%s}' % params
    async with broker.client("anna") as client:
        return await request(client, "anna", message)
