"""The AsyncAPI 3.0 document: what flows over WebSocket, ZeroMQ and MQTT (cti-api §7.2).

Made of the structs, as the OpenAPI document is; `send` and `receive` are seen from the server.
"""

from __future__ import annotations

from typing import Any

from csta.event_types import EVENTS, event_type
from csta.services import SERVICES
from ctiserver.core import messages
from ctiserver.core.picture import AgentItem, LinkItem, QueueItem
from ctiserver.core.wire import Envelope
from ctiserver.live.api_schemas import MESSAGES, VERSION, Schema, schemas
from ctiserver.live.mqtt_bridge import Gap
from ctiserver.live.zmq_events import Heartbeat

_FROM_CLIENT = (
    messages.ClientResponse,
    messages.Goodbye,
    messages.Hello,
    messages.Ping,
    messages.Pong,
    messages.Reauth,
    messages.RequestMessage,
)
_STATES = (AgentItem, LinkItem, QueueItem)
_OF_BROKERS = (*_STATES, Gap, Heartbeat)
_BOTH_WAYS = (messages.Goodbye, messages.Ping, messages.Pong)
_EVENT_FRAME = "EventFrame"
_TOPICS = {
    "tenant": "Whose centre it is.",
    "class": "call, device, agent, acd or system.",
    "id": "The id of the call, device, agent or queue.",
    "event": "The event's name: Delivered.",
    "client": "The client's id, which the broker has proved.",
}


def async_api() -> Schema:
    """Give the document."""
    of, by_name = schemas("#/components/schemas/{name}", *_OF_BROKERS)
    to_client = [m for m in MESSAGES if m not in _FROM_CLIENT or m in _BOTH_WAYS]
    said = sorted({m.__name__ for m in to_client} | {_EVENT_FRAME})
    heard = sorted(m.__name__ for m in _FROM_CLIENT)
    events = [_event_message(event) for event in EVENTS]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "The CTI API of Offhook",
            "version": VERSION,
            "description": "One set of messages on WebSocket, ZeroMQ and MQTT 5: sessions, "
            "requests, and the events of a call centre as CloudEvents.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            "session": _session(sorted({*said, *heard})),
            **_mqtt_channels([name for name, _ in events]),
            "eventStream": _event_stream([name for name, _ in events]),
        },
        "operations": _operations(said, heard),
        "components": {
            "messages": {
                **{m.__name__: _frame(m, of[m]) for m in MESSAGES},
                _EVENT_FRAME: _event_frame(of[Envelope]),
                **{each.__name__: _frame(each, of[each]) for each in _OF_BROKERS},
                **dict(events),
            },
            "schemas": {**by_name, **{name: _event(event, of) for name, event in _named()}},
        },
    }


_SERVERS: Schema = {
    "websocket": {
        "host": "127.0.0.1:8080",
        "pathname": "/cti/v1/ws",
        "protocol": "ws",
        "description": "Sub-protocol cti.v1.json; the token is in the first frame.",
    },
    "zmqRequests": {
        "host": "127.0.0.1:5601",
        "protocol": "zmq",
        "description": "A ROUTER: clients are DEALERs and send [empty, JSON].",
    },
    "zmqEvents": {
        "host": "127.0.0.1:5602",
        "protocol": "zmq",
        "description": "An XPUB: [topic, epoch:sequence, CloudEvent].",
    },
    "mqtt": {"host": "127.0.0.1:1883", "protocol": "mqtt", "protocolVersion": "5.0"},
}


def _named() -> list[tuple[str, type]]:
    return [(_key(event), event) for event in EVENTS]


def _key(event: type) -> str:
    """Name an event among the components: their keys may have no dots."""
    return event_type(event).replace(".", "_")


def _event(event: type, of: dict[type, Schema]) -> Schema:
    """Describe the envelope of one type of event."""
    return {
        "allOf": [
            of[Envelope],
            {
                "type": "object",
                "properties": {"type": {"const": event_type(event)}, "data": of[event]},
                "required": ["type", "data"],
            },
        ]
    }


def _event_message(event: type) -> tuple[str, Schema]:
    name = event_type(event)
    return _key(event), {
        "name": name,
        "title": name,
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/cloudevents+json",
        "payload": {"$ref": f"#/components/schemas/{_key(event)}"},
    }


def _frame(message: type, reference: Schema) -> Schema:
    return {
        "name": message.__name__,
        "title": message.__name__,
        "summary": (message.__doc__ or "").strip().splitlines()[0],
        "payload": reference,
    }


def _event_frame(envelope: Schema) -> Schema:
    return {
        "name": _EVENT_FRAME,
        "title": _EVENT_FRAME,
        "summary": "One event, with its number in this connection and the monitors it matches.",
        "payload": {
            "type": "object",
            "properties": {
                "kind": {"const": "event"},
                "n": {"type": "integer", "minimum": 1},
                "monitorCrossRefIDs": {"type": "array", "items": {"type": "string"}},
                "event": envelope,
            },
            "required": ["kind", "n", "monitorCrossRefIDs", "event"],
        },
    }


def _refers(names: list[str]) -> Schema:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _channel(address: str, about: str, names: list[str], *servers: str) -> Schema:
    channel: Schema = {
        "address": address,
        "description": about,
        "servers": [{"$ref": f"#/servers/{server}"} for server in servers],
        "messages": _refers(names),
    }
    parameters = {
        name: {"description": says} for name, says in _TOPICS.items() if _in(name, address)
    }
    return {**channel, "parameters": parameters} if parameters else channel


def _in(name: str, address: str) -> bool:
    return f"{{{name}}}" in address


def _session(names: list[str]) -> Schema:
    about = "A session: hello and welcome, requests and responses, monitors and their events."
    return _channel("/cti/v1/ws", about, names, "websocket", "zmqRequests")


def _event_stream(names: list[str]) -> Schema:
    about = "Every event, by topic; a subscription is a prefix with its trailing slash."
    return _channel("cti/v1/{tenant}/{class}/{id}/{event}", about, names, "zmqEvents")


def _mqtt_channels(names: list[str]) -> Schema:
    base = "cti/v1/{tenant}"
    return {
        "mqttEvents": _channel(
            f"{base}/evt/{{class}}/{{id}}/{{event}}", "Every event, QoS 1.", names, "mqtt"
        ),
        "mqttRequests": _channel(
            f"{base}/req/{{client}}",
            f"Requests, with a response topic and correlation data; {len(SERVICES)} services.",
            ["RequestMessage"],
            "mqtt",
        ),
        "mqttResponses": _channel(
            f"{base}/rsp/{{client}}", "Their responses, QoS 1.", ["ResponseMessage"], "mqtt"
        ),
        "mqttState": _channel(
            f"{base}/state/{{class}}/{{id}}",
            "Agents, queues and links as they are, retained.",
            [each.__name__ for each in _STATES],
            "mqtt",
        ),
        "heartbeat": _channel(
            f"{base}/system/heartbeat",
            "Each second: how far the stream is. Over ZeroMQ with a slash at the end.",
            ["Heartbeat"],
            "mqtt",
            "zmqEvents",
        ),
        "mqttGap": _channel(
            f"{base}/system/gap", "Events that cannot be published any more.", ["Gap"], "mqtt"
        ),
    }


def _operations(said: list[str], heard: list[str]) -> Schema:
    return {
        "tellSession": _operation("send", "session", said),
        "hearSession": _operation("receive", "session", heard),
        "publishEvents": _operation("send", "mqttEvents", None),
        "streamEvents": _operation("send", "eventStream", None),
        "hearRequests": _operation("receive", "mqttRequests", None),
        "tellResponses": _operation("send", "mqttResponses", None),
        "tellState": _operation("send", "mqttState", None),
        "beat": _operation("send", "heartbeat", None),
        "tellGap": _operation("send", "mqttGap", None),
    }


def _operation(action: str, channel: str, names: list[str] | None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
    }
    if names is not None:
        operation["messages"] = [
            {"$ref": f"#/channels/{channel}/messages/{name}"} for name in names
        ]
    return operation
