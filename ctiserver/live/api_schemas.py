"""JSON Schemas of everything that the API says, made of the structs themselves (cti-api §7.2).

Nothing here is written twice: events, services, results, messages and problems are declared in
`csta` and `ctiserver.core.messages`; this only gathers them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from csta.event_types import EVENTS, event_type
from csta.problems import Problem
from csta.replies import RESULT_OF, Result
from csta.services import SERVICES
from ctiserver.core import messages
from ctiserver.core.wire import Envelope

Schema: TypeAlias = dict[str, Any]

VERSION = "1.0.0"
"""Of the API, not of the program: the first figure changes when a client must change."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_RESULTS: tuple[type[Result], ...] = tuple(dict.fromkeys(RESULT_OF.values()))

MESSAGES: tuple[type[messages.Message], ...] = tuple(
    sorted(messages.Message.__subclasses__(), key=lambda message: message.__name__)
)
"""Every frame of a session but the event's own."""


def schemas(template: str, *more: type) -> tuple[dict[type, Schema], dict[str, Schema]]:
    """Give a reference for each type of the API, and the schemas by name that they lead to.

    `template` says how references are written: `#/$defs/{name}`. A name that two structs share is
    written with its module: `voice_events_Stop`. `more` are types that one document only has.
    """
    types: tuple[type, ...] = (
        *EVENTS,
        *SERVICES.values(),
        *_RESULTS,
        Problem,
        Envelope,
        *MESSAGES,
        *more,
    )
    references, found = msgspec.json.schema_components(types, ref_template=template)
    shared = {
        template.format(name=name): template.format(name=_plain(name))
        for name in found
        if "." in name
    }
    by_name = {_plain(name): _renamed(found[name], shared) for name in sorted(found)}
    return dict(zip(types, _renamed(references, shared), strict=True)), by_name


def _plain(name: str) -> str:
    return "_".join(name.split(".")[-2:])


def _renamed(part: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - any part of a document
    """Give a part of a document with other references."""
    if isinstance(part, dict):
        return {
            key: names.get(value, value) if key == "$ref" else _renamed(value, names)
            for key, value in part.items()
        }
    return [_renamed(item, names) for item in part] if isinstance(part, list | tuple) else part


def json_schemas() -> Schema:
    """Give one document with all schemas: events by type, services with parameters and result."""
    of, by_name = schemas("#/$defs/{name}")
    return {
        "$schema": _DIALECT,
        "title": "The CTI API of Offhook",
        "version": VERSION,
        "events": {event_type(event): of[event] for event in EVENTS},
        "envelope": of[Envelope],
        "services": {
            name: {"params": of[SERVICES[name]], "result": of[RESULT_OF[name]]}
            for name in sorted(SERVICES)
        },
        "messages": {message.__name__: of[message] for message in MESSAGES},
        "problem": of[Problem],
        "$defs": by_name,
    }
