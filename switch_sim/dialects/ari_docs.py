"""Descriptions of the interface, Swagger 1.1: made of the table of requests and of the structs.

Clients that others wrote make their methods and objects of these.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Any

import msgspec

from switch_sim.dialects.ari_events import EVENTS, Event
from switch_sim.dialects.ari_routes import Parameter, Route
from switch_sim.dialects.ari_words import MODELS, Model

_VERSION = "1.1"
_PLAIN = {str: "string", int: "int", bool: "boolean"}
_OF_EVERY_EVENT = ("application", "timestamp", "asterisk_id")


def resources(routes: Sequence[Route], base: str) -> dict[str, Any]:
    """Describe which resources there are; `base` is the interface's address."""
    names = dict.fromkeys(route.resource for route in routes)
    return {
        "apiVersion": "2.0.0",
        "swaggerVersion": _VERSION,
        "basePath": base,
        "apis": [
            {"path": f"/api-docs/{name}.{{format}}", "description": f"Requests for {name}"}
            for name in names
        ],
    }


def resource(routes: Sequence[Route], name: str, base: str) -> dict[str, Any] | None:
    """Describe one resource, its requests and its models; None when there is no such one."""
    paths: dict[str, list[Route]] = {}
    for route in routes:
        if route.resource == name:
            paths.setdefault(route.path, []).append(route)
    if not paths:
        return None
    models = {model.__name__: _model(model) for model in MODELS}
    return {
        "apiVersion": "2.0.0",
        "swaggerVersion": _VERSION,
        "basePath": base,
        "resourcePath": f"/api-docs/{name}.{{format}}",
        "apis": [
            {
                "path": path,
                "description": at_path[0].summary,
                "operations": [_operation(route) for route in at_path],
            }
            for path, at_path in paths.items()
        ],
        "models": models | _event_models() if name == "events" else models,
    }


def _operation(route: Route) -> dict[str, Any]:
    upgrade = {"upgrade": "websocket", "websocketProtocol": "ari"}
    return {
        "httpMethod": route.method,
        "summary": route.summary,
        "nickname": route.nickname,
        "responseClass": route.gives,
        "parameters": [_parameter(parameter) for parameter in route.parameters()],
    } | (upgrade if route.gives == "Message" else {})


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "description": f"The request's {parameter.name}.",
        "paramType": parameter.place,
        "dataType": parameter.kind,
        "required": parameter.required,
        "allowMultiple": parameter.several,
    }


def _model(struct: type[Model | Event]) -> dict[str, Any]:
    fields = msgspec.structs.fields(struct)
    return {
        "id": struct.__name__,
        "description": (struct.__doc__ or "").partition("\n")[0],
        "properties": {
            field.name: {"type": _kind(field.type), "required": field.required}
            for field in fields
            if not (issubclass(struct, Event) and field.name in _OF_EVERY_EVENT)
        },
    }


def _event_models() -> dict[str, Any]:
    message = {
        "id": "Message",
        "description": "Anything that comes on the WebSocket.",
        "discriminator": "type",
        "properties": {
            "type": {"type": "string", "required": True},
            "asterisk_id": {"type": "string", "required": False},
        },
        "subTypes": ["Event"],
    }
    event = {
        "id": "Event",
        "description": "Something that has happened.",
        "properties": {
            "application": {"type": "string", "required": True},
            "timestamp": {"type": "Date", "required": True},
        },
        "subTypes": [kind.__name__ for kind in EVENTS],
    }
    return {"Message": message, "Event": event} | {kind.__name__: _model(kind) for kind in EVENTS}


def _kind(annotation: Any) -> str:  # noqa: ANN401 - a type as it is written
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, of = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is types.UnionType or origin is typing.Union:
        return _kind(next(each for each in of if each is not type(None)))
    if origin is list:
        return f"List[{_kind(of[0])}]"
    return "object" if origin is dict else str(annotation.__name__)
