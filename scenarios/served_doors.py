"""The doors of a server: HTTP with WebSocket, ZeroMQ and MQTT, as its file wants them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from ctiserver.live.api_schemas import json_schemas
from ctiserver.live.async_api import async_api
from ctiserver.live.embedded_broker import EmbeddedBroker
from ctiserver.live.http import HttpParts, http_app
from ctiserver.live.http_server import HttpServer
from ctiserver.live.http_state import StateReader
from ctiserver.live.mqtt_bridge import MqttBridge
from ctiserver.live.mqtt_broker import Broker
from ctiserver.live.mqtt_requests import MqttRequests
from ctiserver.live.open_api import open_api
from ctiserver.live.secret import Secret
from ctiserver.live.wall_clock import wall
from ctiserver.live.websocket import websocket_route
from ctiserver.live.zmq_auth import read_curve_keys
from ctiserver.live.zmq_door import ZmqDoor
from ctiserver.live.zmq_events import ZmqEvents
from ctiserver.live.zmq_server import ZmqSessions
from scenarios.server_file import MqttConfig, ZmqConfig

if TYPE_CHECKING:
    from scenarios.served_centre import ServedCentre


async def open_http(centre: ServedCentre, stack: AsyncExitStack) -> tuple[str, int]:
    """Open HTTP and WebSocket; gives the address and the port.

    Raises:
        OSError: the port is taken.
    """
    config = centre.server.http
    socket = websocket_route(
        centre.desk, centre.authenticator, origins=config.origins, connects=_counted(centre)
    )
    parts = HttpParts(
        authenticator=centre.authenticator,
        commands=centre.commands,
        reader=centre.reader,
        state=StateReader(centre.host, centre.gate),
        webhooks=centre.webhooks,
        health=centre.health,
        metrics=centre.metrics,
        now=wall,
        origins=config.origins,
        documents={
            "openapi.json": lambda: msgspec.json.encode(open_api()),
            "asyncapi.json": lambda: msgspec.json.encode(async_api()),
            "schemas.json": lambda: msgspec.json.encode(json_schemas()),
        },
        more=[socket],
    )
    door = HttpServer(
        http_app(parts),
        config.listen.host.strip("[]"),
        config.listen.port,
        certificate=str(config.certificate) if config.certificate else None,
        key=str(config.private_key) if config.private_key else None,
    )
    place = await door.start()
    stack.push_async_callback(door.stop)
    stack.callback(centre.reader.close)
    return place


def _counted(centre: ServedCentre) -> Callable[[str], object]:
    return lambda address: centre.limits.connect(address, wall())


async def open_zmq(
    centre: ServedCentre, config: ZmqConfig, stack: AsyncExitStack
) -> tuple[str, str]:
    """Open ZeroMQ; gives the endpoints of requests and of events.

    Raises:
        BindError: an endpoint cannot be had, or would be open to others.
    """
    keys = centre.authenticator
    door = ZmqDoor(
        ZmqSessions(centre.desk, keys, admit=_counted(centre)),
        ZmqEvents(centre.host.log, centre.gate, centre.server.tenant),
        keys,
        read_curve_keys(config.curve) if config.curve is not None else None,
    )
    places = await door.start(f"tcp://{config.requests}", f"tcp://{config.events}")
    stack.push_async_callback(door.stop)
    return places


async def open_mqtt(
    centre: ServedCentre, config: MqttConfig, kept: bytes | None, stack: AsyncExitStack
) -> None:
    """Begin to publish to a broker, whether it is there or not.

    Raises:
        BrokerError: it is not to be used like that, or the embedded one cannot be started.
    """
    if config.embedded:
        embedded = EmbeddedBroker(config.broker.port)
        broker = await embedded.start()
        stack.push_async_callback(embedded.stop)
    else:
        broker = _broker(config)
    requests = MqttRequests(
        centre.commands,
        centre.host.log,
        centre.authenticator,
        who=(lambda _user: None) if config.embedded else centre.authenticator.of_mqtt_user,
        tenant=centre.server.tenant,
    )
    bridge = MqttBridge(centre.host, centre.gate, requests, broker, tenant=centre.server.tenant)
    bridge.start(kept)
    stack.push_async_callback(bridge.stop)
    centre.health.watch("mqtt", lambda: None if bridge.connected else "the broker is away")


def _broker(config: MqttConfig) -> Broker:
    password = None
    if config.password_file is not None:
        password = Secret(config.password_file.read_text("utf-8").strip())
    return Broker(
        host=config.broker.host.strip("[]"),
        port=config.broker.port,
        user=config.user,
        password=password,
        tls=config.context() if config.tls else None,
    )
