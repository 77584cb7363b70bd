"""The server's side of the benchmarks: the desk of sessions behind a real WebSocket.

What stands before the engine is the server's own: gate, command desk, sessions, Litestar, uvicorn.
Left out are the other transports, the CRM, and the counting of connections by address.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog
from litestar import Litestar, Router

from csta.instants import Instant
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput
from ctiserver.core.principals import SCOPES_OF, Principal, Role, Scope
from ctiserver.live.commands import CommandDesk
from ctiserver.live.event_log import EventLog
from ctiserver.live.gatekeeper import Gatekeeper
from ctiserver.live.http_server import HttpServer
from ctiserver.live.journal_database import Kept
from ctiserver.live.ports import Answered, EngineHost
from ctiserver.live.rate_limits import RateLimits
from ctiserver.live.session_desk import SessionDesk
from ctiserver.live.websocket import websocket_route

T = TypeVar("T")

_OF_ONE = 25
"""How many sessions one principal has here: more would ask too much at once."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on the loop that `offhook serve` runs on; the log has errors only."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ModuleNotFoundError:
        return asyncio.run(work)
    return uvloop.run(work)


def wall() -> Instant:
    """Give the wall clock's instant."""
    return time.time_ns() // 1_000_000


class Tokens:
    """Whoever says `agent a17` is that agent, `all 3` sees everything, `board 0` figures only."""

    def __init__(self, stations: dict[str, str]) -> None:
        """Know the agents' stations."""
        self._stations = stations

    def authenticate(self, token: str, _address: str) -> Principal:
        """Tell whose token it is."""
        kind, _, name = token.partition(" ")
        if kind == "agent":
            return Principal(
                name=f"agent:{name}",
                role=Role.AGENT,
                scopes=SCOPES_OF[Role.AGENT],
                agent_id=name,
                devices=(self._stations[name],),
            )
        group = int(name) // _OF_ONE
        if kind == "board":
            scopes = SCOPES_OF[Role.WALLBOARD]
            return Principal(name=f"key:board{group}", role=Role.WALLBOARD, scopes=scopes)
        scopes = SCOPES_OF[Role.INTEGRATION] | {Scope.PII, Scope.NATIVE}
        return Principal(name=f"key:all{group}", role=Role.INTEGRATION, scopes=scopes)

    async def of_header(self, authorization: str, address: str) -> Principal:
        """Tell whose a header is."""
        return self.authenticate(authorization.removeprefix("Bearer "), address)


class QuietHost:
    """An engine at rest, whose log is written by the benchmark."""

    def __init__(self, engine: Engine, epoch: str, source: str) -> None:
        """Begin with an empty log."""
        self.engine = engine
        self.log = EventLog(epoch, source)

    def submit(self, event: EngineInput) -> None:
        """Let it go: what sessions tell the engine changes nothing here."""

    async def ask(
        self,
        request_id: str,
        service: str,
        params: dict[str, Any],
        principal: str,
        session_id: str | None = None,
        *,
        keep: Callable[[Answered], Sequence[Kept]] | None = None,
    ) -> Answered:
        """Refuse: the engine is at rest."""
        raise AssertionError((request_id, service, params, principal, session_id, keep))

    def keep(self, table: str, key: str, value: bytes | None) -> None:
        """Let it go: nothing is restarted here."""

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call back at once."""
        callback()


class Served:
    """The sessions of one engine behind a WebSocket, from `start` to `stop`."""

    def __init__(self, host: EngineHost) -> None:
        """Make the parts as the server does."""
        stations = {agent.agent_id: agent.device_id for agent in host.engine.config.agents}
        tokens = Tokens(stations)
        self.gate = Gatekeeper(host, RateLimits(), now=wall)
        commands = CommandDesk(host, self.gate, now=wall)
        self.desk = SessionDesk(host, commands, tokens, self.gate, now=wall, keep=host.keep)
        commands.sessions = self.desk
        route = websocket_route(self.desk, tokens)
        inside = Router("/cti/v1", route_handlers=[route])
        app = Litestar(route_handlers=[inside], openapi_config=None, logging_config=None)
        self._server = HttpServer(app)

    async def start(self) -> tuple[str, int]:
        """Open the door; gives address and port."""
        await self.desk.start()
        return await self._server.start()

    async def stop(self) -> None:
        """Say goodbye and close."""
        await self.desk.stop()
        await self._server.stop()
