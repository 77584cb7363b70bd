"""A whole server on a port of its own: a centre in real time behind HTTP and WebSocket."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import Milliseconds
from ctiserver.core.principals import Principal, Role
from ctiserver.live.commands import CommandDesk
from ctiserver.live.event_reader import EventReader
from ctiserver.live.health import Health
from ctiserver.live.http import HttpParts, http_app
from ctiserver.live.http_server import HttpServer
from ctiserver.live.http_state import StateReader
from ctiserver.live.idempotency import KeptAnswers
from ctiserver.live.metrics import Metrics
from ctiserver.live.session_desk import SessionDesk
from ctiserver.live.webhook_delivery import Pace
from ctiserver.live.webhook_targets import Targets
from ctiserver.live.webhooks import Webhooks
from ctiserver.live.websocket import websocket_route
from tests.ctiserver.centre import START
from tests.live.host import OpenGate, WorldHost, principal, world_host

ADMIN = "admin-token"
WALLBOARD = "wallboard-token"
ORIGIN = "https://desk.example.org"
TLS = ssl.create_default_context()
"""Made once: a client that makes its own reads all the certificates of the machine."""
PACE = Pace(first_ms=10, longest_ms=50, give_up_ms=3_600_000)


class Tokens:
    """Knows two tokens."""

    def authenticate(self, token: str, address: str) -> Principal:
        """Tell whose a token is."""
        assert address, "where somebody comes from is always known"
        if token == ADMIN:
            return principal()
        if token == WALLBOARD:
            return principal("key:wall", Role.WALLBOARD)
        raise CtiError(ErrorCategory.CTI, ErrorValue.UNAUTHENTICATED, "the token does not count")

    async def of_header(self, authorization: str, address: str) -> Principal:
        """Tell whose a header is."""
        return self.authenticate(authorization.removeprefix("Bearer "), address)


class Server:
    """The parts of a server, and a client that may do everything."""

    def __init__(
        self, host: WorldHost, *, allowed: tuple[str, ...] = (), pace: Pace = PACE
    ) -> None:
        """Put the parts together; nothing listens yet."""
        self.host = host
        self.wall = START
        self.gate = OpenGate()
        self.reader = EventReader(host.log, self.gate)
        answers = KeptAnswers(host.keep)
        self.commands = CommandDesk(
            host, self.gate, now=self.now, reader=self.reader, answers=answers
        )
        tokens = Tokens()
        self.desk = SessionDesk(host, self.commands, tokens, self.gate, now=self.now)
        self.commands.sessions = self.desk
        self.health = Health()
        metrics = Metrics(host.engine, host.log)
        self.commands.observe = metrics.count_request
        self.hooks = Webhooks(host, self.reader, Targets(allowed), now=self.now, pace=pace)
        self.server = HttpServer(
            http_app(
                HttpParts(
                    authenticator=tokens,
                    commands=self.commands,
                    reader=self.reader,
                    state=StateReader(host, self.gate),
                    webhooks=self.hooks,
                    health=self.health,
                    metrics=metrics,
                    now=self.now,
                    origins=(ORIGIN,),
                    documents={"openapi.json": lambda: b'{"openapi":"3.1.0"}'},
                    more=[websocket_route(self.desk, tokens, origins=(ORIGIN,))],
                )
            )
        )
        self.url = self.ws = ""
        self.client: httpx.AsyncClient

    def now(self) -> Milliseconds:
        """Give the time on the wall."""
        return self.wall

    def as_who(self, token: str = ADMIN, **headers: str) -> httpx.AsyncClient:
        """Make a client with a token."""
        return httpx.AsyncClient(
            base_url=f"{self.url}/cti/v1",
            headers={"Authorization": f"Bearer {token}", **headers},
            timeout=20,
            trust_env=False,
            verify=TLS,
        )

    @property
    def place(self) -> str:
        """Where the log is now, as the API writes it."""
        return f"{self.host.log.epoch}:{self.host.log.last:016}"


@asynccontextmanager
async def served(
    host: WorldHost, *, allowed: tuple[str, ...] = (), pace: Pace = PACE
) -> AsyncIterator[Server]:
    """Serve a centre while the block runs."""
    server = Server(host, allowed=allowed, pace=pace)
    await server.desk.start()
    address, port = await server.server.start()
    server.url, server.ws = f"http://{address}:{port}", f"ws://{address}:{port}/cti/v1/ws"
    server.hooks.restore(list(host.kept.get("webhooks", {}).values()))
    server.hooks.start()
    async with server.as_who() as client:
        server.client = client
        try:
            yield server
        finally:
            server.reader.close()
            await server.hooks.stop()
            await server.desk.stop()
            await server.server.stop()


@asynccontextmanager
async def http_centre(*, allowed: tuple[str, ...] = (), pace: Pace = PACE) -> AsyncIterator[Server]:
    """Run a centre and serve it."""
    async with world_host() as host, served(host, allowed=allowed, pace=pace) as server:
        yield server


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Read a problem: status, value and outcome; it must be one."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    read = msgspec.json.decode(response.content)
    assert read["status"] == response.status_code
    return read["status"], read["value"], read["outcome"]
