"""The simulated switch as an Asterisk: `serve_ari` lets whoever speaks ARI drive it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator

import uvicorn

from switch_sim.dialects.ari_server import AriApp
from switch_sim.dialects.ari_state import AriAccount
from switch_sim.dialects.ari_switch import AriSwitch
from switch_sim.paced import Pacer
from switch_sim.served import host_and_port
from switch_sim.switch import SimulatedPbx

_BACKLOG = 2_048


@contextlib.asynccontextmanager
async def serve_ari(
    pbx: SimulatedPbx,
    pacer: Pacer,
    listen: str = "127.0.0.1:0",
    account: AriAccount | None = None,
) -> AsyncIterator[str]:
    """Serve a switch, whose time the pacer keeps; gives the address: `http://127.0.0.1:5710/ari`.

    The dialect is the only one that observes the switch. People act on `pbx` itself, through
    `pacer.act`. At the end all connections are cut; the switch goes on.

    Raises:
        OSError: nobody can listen at the address.
        ValueError: `listen` is no address.
    """
    async with serve_ari_switch(AriSwitch(pbx, account or AriAccount()), pacer, listen) as url:
        yield url


@contextlib.asynccontextmanager
async def serve_ari_switch(
    switch: AriSwitch, pacer: Pacer, listen: str = "127.0.0.1:0"
) -> AsyncIterator[str]:
    """Serve a switch that is seen through ARI already, and outlives this: as `serve_ari` does."""
    host, port = host_and_port(listen)
    app = AriApp(switch, pacer)
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            timeout_graceful_shutdown=1,
        )
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Connections inherit it; without it an answer may wait 40 ms for the other side's ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await server.listens.wait()
        name = f"[{host}]" if family == socket.AF_INET6 else host
        yield f"http://{name}:{listening.getsockname()[1]}/ari"
    finally:
        server.should_exit = True
        for session in app.sessions:
            session.cancel()
        await serving
        listening.close()


class _Server(uvicorn.Server):
    """Leaves signals to the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
