"""What a change of the API would break: the old JSON Schemas beside the new ones (cti-api §7.4).

What the server says may grow: new events, new members, new words. What clients say must go on being
understood: nothing that was allowed may be refused, nothing new may be demanded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ctiserver.live.api_schemas import Schema

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_FROM_CLIENTS = (
    "ClientResponse",
    "Hello",
    "Ping",
    "Pong",
    "Reauth",
    "RequestMessage",
)


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Tell what a client of the old API would stumble over, one sentence for each; none is good.

    `old` and `new` are documents of `api_schemas.json_schemas`.
    """
    said, asked = _Walk(old, new, _said), _Walk(old, new, _asked)
    found: list[str] = []
    for kind in ("events", "messages"):
        for name, reference in old[kind].items():
            walk = asked if name in _FROM_CLIENTS else said
            found += _compare(walk, name, reference, new[kind].get(name))
    for name, service in old["services"].items():
        now = new["services"].get(name, {})
        found += _compare(asked, name, service["params"], now.get("params"))
        if now:
            found += _compare(said, f"{name} result", service["result"], now["result"])
    found += _compare(said, "envelope", old["envelope"], new["envelope"])
    found += _compare(said, "problem", old["problem"], new["problem"])
    return list(dict.fromkeys(found))


def _compare(walk: _Walk, name: str, old: Schema, new: Schema | None) -> list[str]:
    if new is None:
        return [f"{name} is gone"]
    return list(walk.compare(name, old, new))


class _Walk:
    """Goes through two schemas side by side; `breaks` says what breaks at one place of them."""

    def __init__(
        self, old: Schema, new: Schema, breaks: Callable[[str, Schema, Schema], Iterator[str]]
    ) -> None:
        self._old = old["$defs"]
        self._new = new["$defs"]
        self._breaks = breaks

    def compare(
        self, path: str, old: Schema, new: Schema, seen: tuple[str, ...] = ()
    ) -> Iterator[str]:
        name = old.get("$ref", "")
        if name in seen:
            return
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if old.get("type") != new.get("type") or len(_choices(old)) != len(_choices(new)):
            yield f"{path} was {_type_name(old)} and is {_type_name(new)}"
            return
        yield from self._breaks(path, old, new)
        seen = (*seen, name) if name else seen
        for part, (before, after) in _parts(old, new):
            yield from self.compare(f"{path}{part}", before, after, seen)
        members, now = old.get("properties", {}), new.get("properties", {})
        for member, schema in members.items():
            if member in now:
                yield from self.compare(f"{path}.{member}", schema, now[member], seen)
            else:
                yield f"{path}.{member} is gone"


def _said(path: str, old: Schema, new: Schema) -> Iterator[str]:
    """What the server says may grow; what was always there must stay so."""
    for member in old.get("required", ()):
        if member in new.get("properties", {}) and member not in new.get("required", ()):
            yield f"{path}.{member} was always there and is not any more"


def _asked(path: str, old: Schema, new: Schema) -> Iterator[str]:
    """What clients say and was understood must be understood."""
    for member in new.get("required", ()):
        if member not in old.get("required", ()):
            yield f"{path}.{member} is demanded now"
    if "enum" in new:
        for word in old.get("enum", ()):
            if word not in new["enum"]:
                yield f"{path} may no longer be '{word}'"
    for bound in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        if bound in new and bound in old:
            tighter = new[bound] > old[bound] if bound in _LOWER_BOUNDS else new[bound] < old[bound]
        else:
            tighter = bound in new
        if tighter:
            yield f"{path}: {bound} {new[bound]} refuses what was allowed"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{path}: another pattern may refuse what was allowed"


def _resolved(schema: Schema, defs: dict[str, Schema]) -> Schema:
    while "$ref" in schema:
        schema = {**defs[schema["$ref"].rpartition("/")[2]], **_without_reference(schema)}
    return schema


def _without_reference(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "$ref"}


def _choices(schema: Schema) -> list[Schema]:
    choices: list[Schema] = schema.get("anyOf", [])
    return choices


def _type_name(schema: Schema) -> Any:  # noqa: ANN401 - a word, or a list of words
    return schema.get("type") or [choice.get("type", "object") for choice in _choices(schema)]


def _parts(old: Schema, new: Schema) -> Iterator[tuple[str, tuple[Schema, Schema]]]:
    """Pair what the two schemas are made of, apart from their members."""
    for before, after in zip(_choices(old), _choices(new), strict=True):
        yield "", (before, after)
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield mark, (old[key], new[key])
