"""Routes: each is written once, for HTTP, for the WebSocket and for the descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

import msgspec

from switch_sim.dialects.ari_requests import NO_CONTENT, Ask, Handler, Later, Refused, Reply
from switch_sim.dialects.ari_switch import AriSwitch

Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]
_NOT_FOUND = 404


class Parameter(msgspec.Struct, frozen=True):
    """One parameter: of the path, of the query (or the body, under its name), or the whole body."""

    name: str
    place: Literal["path", "query", "body"] = "query"
    kind: str = "string"
    required: bool = False
    several: bool = False
    """Whether it may be a list with commas."""


class Route(msgspec.Struct, frozen=True):
    """One request: what it is called, what it takes and gives, and who handles it."""

    method: Method
    path: str
    """`/channels/{channelId}/answer`."""
    nickname: str
    gives: str
    """The model of the answer: `Channel`, `List[Channel]` or `void`."""
    handler: Handler
    takes: str = ""
    """The parameters beside those of the path: `app! media!* timeout:int variables:containers`.

    `!` is required, `*` may be a list with commas; `containers` and `object` are in the body.
    """

    @property
    def resource(self) -> str:
        """The resource to which it belongs: the first part of the path."""
        return self.path.split("/")[1]

    @property
    def needs(self) -> list[str]:
        """Name the parameters without which it is refused."""
        words = (word.partition(":")[0] for word in self.takes.split())
        return [word.rstrip("!*") for word in words if "!" in word]

    @property
    def summary(self) -> str:
        """What it does: the first line of its handler's documentation."""
        return (self.handler.__doc__ or "").partition("\n")[0]

    def parameters(self) -> list[Parameter]:
        """Give the parameters of the path, then the others."""
        parts = self.path.split("/")
        of_path = [part.strip("{}") for part in parts if part.startswith("{")]
        return [
            *(Parameter(name, "path", required=True) for name in of_path),
            *(_parameter(word) for word in self.takes.split()),
        ]


def _parameter(word: str) -> Parameter:
    name, _, kind = word.partition(":")
    place: Literal["query", "body"] = "body" if kind in ("containers", "object") else "query"
    return Parameter(
        name.rstrip("!*"), place, kind or "string", required="!" in name, several="*" in name
    )


class Router:
    """Finds the route of a request, and lets it be handled."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Know these routes."""
        self._routes: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in routes:
            parts = route.path.strip("/").split("/")
            self._routes.setdefault((parts[0], len(parts)), []).append((parts, route))

    def handle(
        self,
        switch: AriSwitch,
        method: str,
        parts: list[str],
        values: dict[str, str],
        body: Any,  # noqa: ANN401 - JSON
    ) -> tuple[Reply | Later, Callable[[], None] | None]:
        """Do what is asked; gives the answer, and what is to be done when it has been given.

        `parts` are those of the path below `/ari`, `values` the parameters of the query.
        """
        fitting = [
            (names, route)
            for template, route in self._routes.get((parts[0], len(parts)), ())
            if (names := _matched(template, parts)) is not None
        ]
        if not fitting:
            return Reply(_NOT_FOUND, {"message": "Resource not found"}), None
        for names, route in fitting:
            if route.method == method:
                return _handled(route, switch, values | names, body)
        return Reply(405, {"message": "Invalid method"}), None


def _matched(template: list[str], parts: list[str]) -> dict[str, str] | None:
    names = {}
    for expected, part in zip(template, parts, strict=True):
        if expected.startswith("{"):
            names[expected.strip("{}")] = part
        elif expected != part:
            return None
    return names


def _handled(
    route: Route,
    switch: AriSwitch,
    values: dict[str, str],
    body: Any,  # noqa: ANN401 - JSON
) -> tuple[Reply | Later, Callable[[], None] | None]:
    if not isinstance(body, dict | None):
        return Reply(400, {"message": "Request body should be a JSON object"}), None
    ask = Ask(switch, values, body or {})
    missing = [name for name in route.needs if not ask.text(name)]
    if missing:
        return Reply(400, {"message": f"Missing parameter {missing[0]}"}), None
    try:
        answer = route.handler(ask)
    except Refused as refused:
        return Reply(refused.status, refused.body), None
    if isinstance(answer, Reply | Later):
        return answer, ask.afterwards
    return Reply(NO_CONTENT if answer is None else 200, answer), ask.afterwards
