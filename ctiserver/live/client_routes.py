"""Routeing by a client: the server asks where a call shall go, a function of ours answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import msgspec
import structlog

from csta.ids import DeviceId
from csta.instants import SECOND
from csta.routeing_services import (
    ReRoute,
    RouteEnd,
    RouteReject,
    RouteRequest,
    RouteSelect,
    RouteUsed,
)
from ctiserver.core.messages import ClientResponse, ServerRequest, write_message

Asked: TypeAlias = RouteRequest | ReRoute
Choice: TypeAlias = str | RouteSelect | RouteReject | RouteEnd | None
"""Where a call goes: a device or a number, or the whole answer; None: no route from us."""
Choose: TypeAlias = Callable[[Asked], Awaitable[Choice]]
Told: TypeAlias = Callable[[RouteUsed | RouteEnd], object]

_ASKED: dict[str, type[RouteRequest | ReRoute]] = {"RouteRequest": RouteRequest, "ReRoute": ReRoute}
_TOLD: dict[str, type[RouteUsed | RouteEnd]] = {"RouteUsed": RouteUsed, "RouteEnd": RouteEnd}
_log = structlog.get_logger(__name__)


class Route(msgspec.Struct, eq=False):
    """One registration: its device, who chooses, who is told how it went, and its name."""

    device: DeviceId
    choose: Choose
    told: Told | None
    register_id: str = ""


class Routes:
    """The routeing devices that a client serves."""

    def __init__(self, send: Callable[[bytes], Awaitable[bool]]) -> None:
        """Answer by `send`."""
        self._send = send
        self._dialogues: dict[str, Route] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes: dict[DeviceId, Route] = {}

    def asked(self, frame: ServerRequest) -> None:
        """Take in what the server asks or tells; answers are found beside the reading."""
        if frame.service in _ASKED:
            self._do(self._answer(frame))
        elif frame.service in _TOLD:
            self._tell(frame)

    async def stop(self) -> None:
        """Answer nothing any more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, frame: ServerRequest) -> None:
        """Answer in time, or not at all: then the call goes the server's default way."""
        choice: Choice = None
        cross_ref_id = ""
        try:
            asked = msgspec.json.decode(frame.params, type=_Loose)
            cross_ref_id = asked.routeing_cross_ref_id
            route = self._route_of(asked)
            if route is not None:
                async with asyncio.timeout((frame.reply_timeout_ms or 2 * SECOND) / SECOND):
                    choice = await route.choose(_read(frame, _ASKED[frame.service]))
        except TimeoutError:
            _log.warning("route.late", dialogue=cross_ref_id)
            return
        except Exception:  # noqa: BLE001 - whatever a program's function raises, the call goes on
            _log.exception("route.failed", dialogue=cross_ref_id)
        service, params = _reply(choice, cross_ref_id)
        await self._send(write_message(ClientResponse(id=frame.id, service=service, params=params)))

    def _route_of(self, asked: _Loose) -> Route | None:
        for route in self.routes.values():
            if route.register_id == asked.route_register_req_id:
                self._dialogues[asked.routeing_cross_ref_id] = route
                return route
        return None

    def _tell(self, frame: ServerRequest) -> None:
        told = _read(frame, _TOLD[frame.service])
        over = isinstance(told, RouteEnd)
        table = self._dialogues
        route = (table.pop if over else table.get)(told.routeing_cross_ref_id, None)
        if route is not None and route.told is not None:
            route.told(told)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Loose(msgspec.Struct, frozen=True, kw_only=True):
    """The names in a question, whatever else stands in it."""

    routeing_cross_ref_id: str = msgspec.field(name="routeingCrossRefID", default="")
    route_register_req_id: str = msgspec.field(name="routeRegisterReqID", default="")


def _read(frame: ServerRequest, shape: Any) -> Any:  # noqa: ANN401 - the class that is named
    """Read parameters as a service's class; members that this client does not know are left out."""
    params = msgspec.json.decode(frame.params)
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    return msgspec.convert({name: params[name] for name in params if name in known}, shape)


def _reply(choice: Choice, cross_ref_id: str) -> tuple[str, dict[str, Any]]:
    if choice is None:
        choice = RouteReject(routeing_cross_ref_id=cross_ref_id)
    elif isinstance(choice, str):
        choice = RouteSelect(routeing_cross_ref_id=cross_ref_id, route_selected=choice)
    params: dict[str, Any] = msgspec.to_builtins(choice)
    return str(params.pop("service")), params
