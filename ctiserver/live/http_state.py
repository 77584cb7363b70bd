"""GET /calls, /agents, /devices, /queues, /links: the state as it is, with its place (§7.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import category_of
from ctiserver.core.capabilities import known_devices
from ctiserver.core.messages import RequestMessage
from ctiserver.core.picture import AnyItem, Picture, Watched
from ctiserver.core.principals import Principal
from ctiserver.core.snapshots import picture_of
from ctiserver.live.commands import CommandDesk
from ctiserver.live.gate import Gate
from ctiserver.live.http_problems import AnyRequest
from ctiserver.live.http_services import respond, with_place
from ctiserver.live.idempotency import Answer
from ctiserver.live.ports import EngineHost

_PLURALS = {
    "calls": "call",
    "agents": "agent",
    "devices": "device",
    "queues": "acd",
    "links": "link",
}
"""The paths, and the class of the items that they give."""

_UNKNOWN = {
    "call": ErrorValue.INVALID_CALL_ID,
    "agent": ErrorValue.INVALID_AGENT_IDENTIFIER,
    "device": ErrorValue.INVALID_DEVICE_ID,
    "acd": ErrorValue.INVALID_DEVICE_ID,
    "link": ErrorValue.OBJECT_NOT_KNOWN,
}


class StateReader:
    """Reads the state of one engine for those who may see it."""

    def __init__(self, host: EngineHost, gate: Gate) -> None:
        """Read one engine, between its steps."""
        self._host = host
        self._gate = gate

    async def all(self, who: Principal, plural: str) -> Answer:
        """Give all items of a class that somebody may see."""
        items, sequence = self._now(plural, Watched("all"))
        kind = _PLURALS[plural]
        seen = [item for item in items if self._gate.sees_object(who, kind, item.id)]
        return await self._answer(who, msgspec.json.encode({plural: seen}), sequence)

    async def one(self, who: Principal, plural: str, name: str) -> Answer:
        """Give one item.

        Raises:
            CtiError: there is none of that name that somebody may see.
        """
        kind = _PLURALS[plural]
        unknown = CtiError(ErrorCategory.OPERATION, _UNKNOWN[kind], f"there is no {kind} {name!r}")
        try:
            items, sequence = self._now(plural, _watched(kind, name))
        except CtiError as error:
            raise unknown from error
        found = [item for item in items if item.id == name]
        if kind == "device" and not self._is_device(name):
            found = []
        if not found or not self._gate.sees_object(who, kind, name):
            raise unknown
        return await self._answer(who, msgspec.json.encode(found[0]), sequence)

    def _is_device(self, name: str) -> bool:
        """Tell whether there is such a device: of the centre, or in a call, or out of service."""
        engine = self._host.engine
        return (
            bool(engine.model.at_device.get(name))
            or engine.reachability.is_lost(name)
            or name in known_devices(engine)
        )

    def _now(self, plural: str, of: Watched) -> tuple[list[AnyItem], int]:
        engine = self._host.engine
        return list(_items(picture_of(engine, of), plural)), engine.out.sequence

    async def _answer(self, who: Principal, body: bytes, sequence: int) -> Answer:
        """Answer when what was read is safe: nobody is told what a crash could take back."""
        safe = asyncio.Event()
        self._host.after_commit(safe.set)
        await safe.wait()
        masked = self._gate.masked(who, body)
        return Answer(ok=True, body=masked, epoch=self._host.log.epoch, sequence=sequence)


def _watched(kind: str, name: str) -> Watched:
    """Read no more of the state than is asked for."""
    match kind:
        case "call":
            return Watched("call", name, follows=True)
        case "agent":
            return Watched("agent", name)
        case "device" if category_of(name) != "acd":
            return Watched("device", name)
        case _:
            return Watched("all")


def _items(picture: Picture, plural: str) -> Iterable[AnyItem]:
    found: dict[str, AnyItem] = getattr(picture, plural)
    return found.values()


def state_routes(state: StateReader) -> list[HTTPRouteHandler]:
    """Make two routes for each class: all of it, and one of it."""
    return [route(state, plural) for plural in _PLURALS for route in (_list_route, _one_route)]


def _list_route(state: StateReader, plural: str) -> HTTPRouteHandler:
    async def read_all(request: AnyRequest) -> Response[bytes]:
        answer = await state.all(request.user, plural)
        return Response(with_place(answer), media_type="application/json")

    return get(f"/{plural}", name=plural)(read_all)


def _one_route(state: StateReader, plural: str) -> HTTPRouteHandler:
    async def read_one(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        answer = await state.one(request.user, plural, name)
        return Response(with_place(answer), media_type="application/json")

    return get(f"/{plural}/{{name:str}}", name=f"one of {plural}")(read_one)


def capability_route(commands: CommandDesk, new_id: Callable[[], str]) -> HTTPRouteHandler:
    """Make the route of what a link can do: GetCSTAFeatures by another name."""

    @get("/capabilities")
    async def capabilities(
        request: AnyRequest, link: Annotated[str | None, QueryParameter(max_length=64)] = None
    ) -> Response[bytes]:
        message = RequestMessage(
            id=new_id(),
            service="GetCSTAFeatures",
            params={} if link is None else {"linkID": link},
        )
        return respond(await commands.answer(request.user, message, None), message)

    return capabilities
