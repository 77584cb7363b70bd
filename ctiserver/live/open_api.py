"""The OpenAPI 3.1 document of the HTTP API, made of the structs (cti-api §7.2, HTTP column)."""

from __future__ import annotations

from typing import Any

import msgspec

from csta.problems import PROBLEMS, Problem
from csta.replies import RESULT_OF, AsOf
from csta.services import SERVER_REQUESTS, SERVICES, SERVICES_BY_CATEGORY
from ctiserver.core.picture import AgentItem, CallItem, DeviceItem, LinkItem, QueueItem
from ctiserver.core.wire import Envelope
from ctiserver.live.api_schemas import VERSION, Schema, schemas
from ctiserver.live.event_reader import LIMIT_MAX
from ctiserver.live.health import Report
from ctiserver.live.http import ROOT
from ctiserver.live.http_events import WAIT_SECONDS_MAX
from ctiserver.live.webhooks import WebhookRequest, WebhookState

_TEMPLATE = "#/components/schemas/{name}"
_ITEMS: dict[str, tuple[str, type]] = {
    "calls": ("the calls that are under way", CallItem),
    "agents": ("all agents", AgentItem),
    "devices": ("the phones of agents, and all devices of which something was told", DeviceItem),
    "queues": ("all queues", QueueItem),
    "links": ("the links to switches", LinkItem),
}
_REFUSALS = tuple(sorted({status for status, _ in PROBLEMS.values()} | {405, 500}))
_HEADERS: Schema = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body get the same answer for 24 h; nothing happens twice.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    "RequestId": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "Becomes the `correlationid` of every event that the request causes.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,64}$"},
    },
    "Traceparent": {
        "name": "traceparent",
        "in": "header",
        "description": "W3C Trace Context: stands in every event that the request causes.",
        "schema": {"type": "string"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N`: answer when the service is completed, or after N seconds. Other "
        "preferences are not heeded.",
        "schema": {"type": "string"},
    },
}
_ANSWER_HEADERS: Schema = {
    "RequestId": {
        "description": "The id of the request: the client's, or one that the server has chosen.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Replayed": {
        "description": "The answer is the kept one of an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {
        "description": "Where what was made can be read.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Authenticate": {
        "description": "How to say who asks.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "In how many seconds the request may be sent again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Allow": {
        "description": "The methods that there are.",
        "required": True,
        "schema": {"type": "string"},
    },
}
_REFUSED_WITH = {
    401: ("Unauthenticated", {"WWW-Authenticate": "Authenticate"}),
    405: ("NoSuchMethod", {"Allow": "Allow"}),
    429: ("TooMuch", {"Retry-After": "RetryAfter"}),
}
"""Refusals whose answers have a header of their own."""


def open_api() -> Schema:
    """Give the document."""
    of, by_name = schemas(
        _TEMPLATE,
        *(item for _, item in _ITEMS.values()),
        WebhookRequest,
        WebhookState,
        Report,
        AsOf,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The CTI API of Offhook",
            "version": VERSION,
            "description": "Services, state and events of a call centre. Events also flow over "
            "WebSocket, ZeroMQ and MQTT: see the AsyncAPI document.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8080"}],
        "security": [{"token": []}, {"agent": []}],
        "paths": {
            **{f"{ROOT}/services/{name}": _service(name, of) for name in _services()},
            **_state_paths(of),
            **_event_paths(of),
            **_webhook_paths(of),
            f"{ROOT}/capabilities": _capabilities(of),
            **_document_paths(),
            "/healthz": _health(of),
            "/metrics": _metrics(),
        },
        "components": {
            "schemas": by_name,
            "parameters": _HEADERS,
            "headers": _ANSWER_HEADERS,
            "responses": {
                "Problem": _problem(of, {}),
                **{name: _problem(of, headers) for name, headers in _REFUSED_WITH.values()},
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "API key or JWT."},
                "agent": {"type": "http", "scheme": "basic", "description": "An agent's password."},
            },
        },
    }


def _services() -> list[str]:
    return sorted(SERVICES.keys() - SERVER_REQUESTS)


def _service(name: str, of: dict[type, Schema]) -> Schema:
    asked = SERVICES[name]
    [category] = [category for category, found in SERVICES_BY_CATEGORY.items() if asked in found]
    operation = _operation(
        name, asked, category, _with_place(of[RESULT_OF[name]], of), "What the service answers."
    )
    operation["parameters"] = [{"$ref": f"#/components/parameters/{key}"} for key in _HEADERS]
    operation["responses"]["200"]["headers"] = _headers(
        **{"X-Request-ID": "RequestId", "Idempotency-Replayed": "Replayed"}
    )
    params = _params(asked)
    operation["requestBody"] = {
        "required": "required" in params,
        "content": {"application/json": {"schema": params}},
    }
    return {"post": operation}


def _params(asked: type) -> Schema:
    """Give the schema of a service's parameters: the path says which service it is."""
    [reference], found = msgspec.json.schema_components([asked], ref_template=_TEMPLATE)
    schema = found[reference["$ref"].rpartition("/")[2]]
    members = {name: member for name, member in schema["properties"].items() if name != "service"}
    required = [name for name in schema.get("required", ()) if name != "service"]
    return {
        "type": "object",
        "properties": members,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _with_place(result: Schema, of: dict[type, Schema]) -> Schema:
    return {
        "allOf": [
            result,
            {"type": "object", "properties": {"asOf": of[AsOf]}, "required": ["asOf"]},
        ]
    }


def _operation(
    name: str, documented: object, tag: str, answer: Schema | None, says: str, status: int = 200
) -> Schema:
    summary = (documented if isinstance(documented, str) else documented.__doc__ or "").strip()
    good: Schema = {"description": says}
    if answer is not None:
        good["content"] = {"application/json": {"schema": answer}}
    return {
        "operationId": name,
        "summary": summary.splitlines()[0],
        "tags": [tag],
        "responses": {
            str(status): good,
            **{str(refusal): _refusal(refusal) for refusal in _REFUSALS},
        },
    }


def _refusal(status: int) -> Schema:
    name, _ = _REFUSED_WITH.get(status, ("Problem", {}))
    return {"$ref": f"#/components/responses/{name}"}


def _headers(**named: str) -> Schema:
    """Give the headers of an answer, by the names of their descriptions."""
    return {name: {"$ref": f"#/components/headers/{kind}"} for name, kind in named.items()}


def _problem(of: dict[type, Schema], headers: dict[str, str]) -> Schema:
    return {
        **({"headers": _headers(**headers)} if headers else {}),
        "description": "The request is refused; `outcome` says whether anything was done.",
        "content": {"application/problem+json": {"schema": of[Problem]}},
    }


def _state_paths(of: dict[type, Schema]) -> Schema:
    paths: Schema = {}
    for plural, (about, item) in _ITEMS.items():
        every = {
            "type": "object",
            "properties": {
                plural: {"type": "array", "items": of[item]},
                "asOf": of[AsOf],
            },
            "required": [plural, "asOf"],
        }
        paths[f"{ROOT}/{plural}"] = {
            "get": _operation(f"list_{plural}", f"Read {about}.", "state", every, "They.")
        }
        one = _operation(
            f"read_{plural}", f"Read one of {about}.", "state", _with_place(of[item], of), "It."
        )
        one["parameters"] = [_in_path("id", "Its id: c-…, anna, station:1001, acd:sales, sim1.")]
        paths[f"{ROOT}/{plural}/{{id}}"] = {"get": one}
    return paths


def _in_path(name: str, says: str) -> Schema:
    schema = {"type": "string", "pattern": "^[A-Za-z0-9._:+;-]{1,80}$"}
    return {"name": name, "in": "path", "required": True, "description": says, "schema": schema}


def _in_query(name: str, says: str, **schema: Any) -> Schema:
    return {"name": name, "in": "query", "description": says, "schema": schema}


def _event_paths(of: dict[type, Schema]) -> Schema:
    place = _in_query(
        "after",
        "A place in the log, `epoch:sequence`; without it: from now.",
        type="string",
        maxLength=64,
    )
    names = _in_query(
        "filter",
        "Categories and events that are wanted; with a minus, that are not: `callControl,-Held`.",
        type="string",
        maxLength=2_000,
    )
    page = {
        "type": "object",
        "properties": {
            "events": {"type": "array", "items": of[Envelope]},
            "next": {"type": "string"},
            "more": {"type": "boolean"},
        },
        "required": ["events", "next", "more"],
    }
    read = _operation("read_events", "Read events after a place.", "events", page, "A page.")
    read["parameters"] = [
        place,
        names,
        _in_query("limit", "How many at most.", type="integer", minimum=1, maximum=LIMIT_MAX),
        _in_query(
            "wait",
            "For how many seconds to wait for the first.",
            type="integer",
            minimum=0,
            maximum=WAIT_SECONDS_MAX,
        ),
    ]
    stream = _operation("stream_events", "Hear events as they come.", "events", None, "Events.")
    stream["parameters"] = [place, names]
    stream["responses"]["200"]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    return {f"{ROOT}/events": {"get": read}, f"{ROOT}/events/stream": {"get": stream}}


def _webhook_paths(of: dict[type, Schema]) -> Schema:
    every = {
        "type": "object",
        "properties": {"webhooks": {"type": "array", "items": of[WebhookState]}},
        "required": ["webhooks"],
    }
    add = _operation(
        "add_webhook",
        "Have events posted to a URL.",
        "webhooks",
        of[WebhookState],
        "The hook.",
        201,
    )
    add["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": of[WebhookRequest]}},
    }
    add["responses"]["201"]["headers"] = _headers(Location="Location")
    show = _operation("read_webhook", "Read one hook.", "webhooks", of[WebhookState], "It.")
    remove = _operation("remove_webhook", "Remove a hook.", "webhooks", None, "It is gone.", 204)
    one = _in_path("id", "The hook's id.")
    listing = _operation("list_webhooks", "Read all hooks.", "webhooks", every, "They.")
    return {
        f"{ROOT}/webhooks": {"get": listing, "post": add},
        f"{ROOT}/webhooks/{{id}}": {
            "get": {**show, "parameters": [one]},
            "delete": {**remove, "parameters": [one]},
        },
    }


def _capabilities(of: dict[type, Schema]) -> Schema:
    answer = _with_place(of[RESULT_OF["GetCSTAFeatures"]], of)
    says = "Services, events, limits."
    operation = _operation("read_capabilities", "Read what a link can do.", "state", answer, says)
    operation["parameters"] = [_in_query("link", "Which link.", type="string", maxLength=64)]
    return {"get": operation}


def _health(of: dict[type, Schema]) -> Schema:
    operation = _operation(
        "health", "Ask whether the server works.", "operation", of[Report], "Yes."
    )
    operation["security"] = []
    failed = {"application/json": {"schema": of[Report]}}
    operation["responses"]["503"] = {"description": "No.", "content": failed}
    return {"get": operation}


def _document_paths() -> Schema:
    paths: Schema = {}
    for name in ("openapi", "asyncapi", "schemas"):
        operation = _operation(
            f"read_{name}", f"Read {name}.json.", "documents", {"type": "object"}, "The document."
        )
        operation["security"] = []
        paths[f"{ROOT}/{name}.json"] = {"get": operation}
    return paths


def _metrics() -> Schema:
    operation = _operation(
        "metrics",
        "Read all figures; on the server's own machine without a token.",
        "operation",
        None,
        "The figures, as Prometheus reads them.",
    )
    operation["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    operation["security"] = [{"token": []}, {"agent": []}, {}]
    return {"get": operation}
