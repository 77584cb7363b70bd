"""The client library: one interface over WebSocket and ZeroMQ (cti-api §7.2 to §7.7).

    async with connect("ws://127.0.0.1:8080", key) as client:
        made = await client.ask(MakeCall(calling_device="station:1001", ...))
        monitor = await client.monitor("station:1001")
        async for news in monitor:
            print(news, monitor.state.calls)

A lost connection is made again, and the session goes on without a gap, or says that there is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog

from csta.ids import DeviceId
from csta.instants import SECOND
from csta.monitor_services import MonitorFilter
from csta.replies import RESULT_OF
from csta.service_request import ServiceRequest
from ctiserver.core.messages import (
    ServerRequest,
    SnapshotBegin,
    SnapshotEnd,
    SnapshotItem,
    Welcome,
)
from ctiserver.core.wire import rfc3339
from ctiserver.live.client_errors import (
    ClientError,
    ClosedError,
    NotConnectedError,
    RefusedError,
)
from ctiserver.live.client_messages import (
    Answer,
    EventFrame,
    Resyncing,
    ServerMessage,
    read_event,
)
from ctiserver.live.client_monitors import Merged, Monitor, start_request
from ctiserver.live.client_requests import USUAL, Requests, Terms, wire_params
from ctiserver.live.client_routes import Choose, Route, Routes, Told
from ctiserver.live.client_session import Session, Token
from ctiserver.live.client_websocket import open_websocket
from ctiserver.live.client_wires import ClientCurve, ClientWire
from ctiserver.live.client_zmq import open_zmq
from ctiserver.live.wall_clock import wall

QUEUE_MAX = 10_000
"""How many news of one monitor wait for the program before nothing more is read."""
_FOR_EVER = Terms(deadline_s=None)
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def connect(
    url: str,
    token: Token = None,
    *,
    name: str = "offhook-client",
    queue_max: int = QUEUE_MAX,
    curve: ClientCurve | None = None,
    tls: SSLContext | None = None,
) -> AsyncIterator[Client]:
    """Be a client of the server at `ws://`, `wss://` or `tcp://` (ZeroMQ) while the block runs.

    `token` is a key or a token, or a coroutine function that fetches one: then it is asked for a
    fresh one before the old one expires. With `curve` ZeroMQ needs none.

    Raises:
        NotConnectedError: there is no server.
        NotAdmittedError: it does not want us.
    """
    client = Client(_opener(url, curve, tls), token, name, queue_max)
    await client.session.begin()
    try:
        yield client
    finally:
        await client.close()


class Client:
    """A session with a server; made by `connect`."""

    def __init__(
        self,
        open_wire: Callable[[], Awaitable[ClientWire]],
        token: Token,
        name: str = "offhook-client",
        queue_max: int = QUEUE_MAX,
    ) -> None:
        """Know how to connect; `session.begin` does."""
        self.session = Session(open_wire, token, name, self)
        self._requests = Requests(
            self.session.send, self._server_time, lambda: self.session.connections, self._go_on
        )
        self._routes = Routes(self.session.send)
        self._queue_max = queue_max
        self._monitors: list[Monitor] = []
        self._by_name: dict[str, Monitor] = {}
        self._stopped: dict[str, None] = {}
        self._signal = asyncio.Event()
        self._room = asyncio.Event()
        self._beginning_anew: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._error: ClientError | None = None
        self._skew_ms = 0

    # For programs.

    async def request(self, service: str, terms: Terms = USUAL, /, **params: Any) -> dict[str, Any]:
        """Ask for a service by its name; parameters in our names or in the API's; gives the result.

        Raises:
            RefusedError: the server says no; `problem.outcome` says whether it happened.
            NoAnswerError: it says nothing; `outcome` says whether it may have happened.
            ClientError: as its words say.
        """
        answer = await self._carry(service, wire_params(service, params), terms)
        result: dict[str, Any] = msgspec.json.decode(answer.result)
        return result

    async def ask(self, request: ServiceRequest, terms: Terms = USUAL) -> Any:  # noqa: ANN401 - see below
        """Ask for a service; gives a struct of the class in `RESULT_OF`. Raises as `request`."""
        params: dict[str, Any] = msgspec.to_builtins(request)
        service = str(params.pop("service"))
        answer = await self._carry(service, params, terms)
        return msgspec.json.decode(answer.result, type=RESULT_OF[service])

    async def monitor(
        self,
        target: str = "all",
        wanted: MonitorFilter | None = None,
        *,
        snapshot: bool = True,
        follows: bool = False,
    ) -> Monitor:
        """Watch a device (`station:1001`), a queue (`acd:sales`), `agent:anna`, a call, or `all`.

        `wanted` names categories and events. With `snapshot` the state is there when this comes
        back. With `follows` calls are followed wherever they go. Raises as `request`.
        """
        start = start_request(target, wanted, snapshot=snapshot, follows=follows)
        monitor = Monitor(start, self._queue_max, self._signal, self._stop_monitor, self._go_on)
        self._monitors.append(monitor)
        try:
            await self._start(monitor, USUAL)
            await monitor.started
        except BaseException:
            await self._stop_monitor(monitor)
            raise
        return monitor

    def events(self, *monitors: Monitor) -> Merged:
        """Iterate the news of some monitors, or of all, in their order; each event comes once."""
        chosen = (lambda: list(self._monitors)) if not monitors else (lambda: list(monitors))
        return Merged(chosen, self._signal)

    async def route(self, device: DeviceId, choose: Choose, told: Told | None = None) -> None:
        """Say where the calls of a routeing device go; `told` hears how it went.

        Raises as `request`.
        """
        route = Route(device, choose, told)
        self._routes.routes[device] = route
        try:
            await self._register(route, USUAL)
        except BaseException:
            self._routes.routes.pop(device, None)
            raise

    async def unroute(self, device: DeviceId) -> None:
        """Route the calls of a device no more. Raises as `request`."""
        route = self._routes.routes.pop(device, None)
        if route is not None:
            await self.request("RouteRegisterCancel", routeRegisterReqID=route.register_id)

    async def close(self) -> None:
        """End the session; what waits for something is told so."""
        self.over(self._error or ClosedError("the client is closed"))
        await self._routes.stop()
        await self.session.end()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What the session brings (`Hears`).

    def heard(self, frame: ServerMessage) -> None:
        """Take in a frame, at once."""
        match frame:
            case EventFrame():
                self._take(frame)
            case Answer():
                self._requests.answered(frame)
            case SnapshotBegin() | SnapshotItem() | SnapshotEnd():
                monitor = self._named(frame.monitor_cross_ref_id)
                if monitor is not None:
                    session = self.session
                    monitor.take_state(frame, session.arrival, session.resumed_after)
            case Resyncing():
                for monitor in self._monitors:
                    monitor.resync = frame.reason or "unknown"
            case ServerRequest():
                self._routes.asked(frame)
            case Welcome():
                self._learn_time(frame.server_time)

    def lost(self) -> None:
        """Know that the connection is lost."""
        self._requests.lost()

    async def connected(self, *, anew: bool) -> None:
        """Ask once more what has no answer; a new session gets the monitors of the last one."""
        if anew:
            if self._beginning_anew is not None:
                self._beginning_anew.cancel()
                with suppress(asyncio.CancelledError):
                    await self._beginning_anew
            self._by_name.clear()
            self._stopped.clear()
            begun = [each for each in self._monitors if each.cross_ref_id]
            routes = [each for each in self._routes.routes.values() if each.register_id]
            self._beginning_anew = self._do(self._begin_anew(begun, routes))
        await self._requests.again()

    async def room(self) -> None:
        """Wait until there is room for more, or somebody waits for an answer."""
        while not len(self._requests) and any(each.full for each in self._monitors):
            self._room.clear()
            await self._room.wait()

    def over(self, error: ClientError) -> None:
        """Know that there will be no connection any more: all who wait are told."""
        self._error = error
        self._requests.fail(error)
        for monitor in self._monitors:
            monitor.end(None if isinstance(error, ClosedError) else error)
        self._go_on()

    # Inside.

    async def _carry(self, service: str, params: dict[str, Any], terms: Terms) -> Answer:
        if self._error is not None:
            raise self._error
        return await self._requests.carry(service, params, terms)

    async def _start(self, monitor: Monitor, terms: Terms) -> None:
        if self._error is not None:
            raise self._error
        params: dict[str, Any] = msgspec.to_builtins(monitor.start)
        service = str(params.pop("service"))
        await self._requests.carry(service, params, terms, partial(self._started, monitor))

    def _started(self, monitor: Monitor, answer: Answer) -> None:
        """Know a monitor's name before its first event is read."""
        told = msgspec.json.decode(answer.result, type=RESULT_OF["MonitorStart"])
        monitor.cross_ref_id = getattr(told, "monitor_cross_ref_id", "")
        self._by_name[monitor.cross_ref_id] = monitor
        if not monitor.start.snapshot:
            monitor.begin_empty()

    async def _stop_monitor(self, monitor: Monitor) -> None:
        if monitor not in self._monitors:
            return
        self._monitors.remove(monitor)
        monitor.end()
        self._go_on()
        if self._by_name.pop(monitor.cross_ref_id, None) is not None and self._error is None:
            await self._let_go(monitor.cross_ref_id)

    async def _let_go(self, cross_ref_id: str) -> None:
        """Have a monitor stopped; the server may not know it any more, and that is as well."""
        self._stopped[cross_ref_id] = None
        with suppress(ClientError):
            await self.request("MonitorStop", monitorCrossRefID=cross_ref_id)

    def _named(self, cross_ref_id: str) -> Monitor | None:
        """Find a monitor; one that nobody knows was started by a request that was lost: end it."""
        found = self._by_name.get(cross_ref_id)
        if found is None and cross_ref_id not in self._stopped:
            self._stopped[cross_ref_id] = None
            self._do(self._let_go(cross_ref_id))
        return found

    def _take(self, frame: EventFrame) -> None:
        event = read_event(frame.event)
        self.session.after = event.sequence
        for name in frame.monitor_cross_ref_ids:
            monitor = self._named(name)
            if monitor is not None:
                monitor.put(self.session.arrival, event)

    async def _register(self, route: Route, terms: Terms) -> None:
        if self._error is not None:
            raise self._error
        params = {"routeingDevice": route.device}

        def registered(answer: Answer) -> None:
            told = msgspec.json.decode(answer.result, type=RESULT_OF["RouteRegister"])
            route.register_id = getattr(told, "route_register_req_id", "")

        await self._requests.carry("RouteRegister", params, terms, registered)

    async def _begin_anew(self, monitors: list[Monitor], routes: list[Route]) -> None:
        """Give a new session what the last one had."""
        for route in routes:
            try:
                await self._register(route, _FOR_EVER)
            except RefusedError as refused:
                _log.warning("client.route_refused", device=route.device, why=str(refused))
        for monitor in monitors:
            monitor.start = msgspec.structs.replace(monitor.start, snapshot=True)
            try:
                await self._start(monitor, _FOR_EVER)
            except RefusedError as refused:
                monitor.end(refused)

    def _learn_time(self, server_time: str) -> None:
        """Learn how far the server's clock is from ours: deadlines are told by it."""
        with suppress(ValueError):
            server_ms = datetime.fromisoformat(server_time).timestamp() * SECOND
            self._skew_ms = round(server_ms) - wall()

    def _server_time(self, in_s: float) -> str:
        return rfc3339(wall() + self._skew_ms + round(in_s * SECOND))

    def _go_on(self) -> None:
        self._room.set()

    def _do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _opener(
    url: str, curve: ClientCurve | None, tls: SSLContext | None
) -> Callable[[], Awaitable[ClientWire]]:
    match urlsplit(url).scheme:
        case "ws" | "wss":
            return partial(open_websocket, url, tls)
        case "tcp":
            return partial(open_zmq, url, curve)
    raise NotConnectedError(f"{url}: an address begins with ws://, wss:// or tcp://")
