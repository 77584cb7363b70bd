"""Events to many clients: the server's way beside a bare library that sends the same bytes.

The clients are in another process and only count. What is measured is the processor time of the
process that sends, kernel's work included, from the first event to the last one's arrival.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import zmq
import zmq.asyncio
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.typing import Subprotocol

from bench.busy_centre import plan_of, simulated
from bench.crowd import Crowd, Guests, Talk
from bench.figures import Measured, Stopwatch
from bench.open_files import raise_limit
from bench.serving import QuietHost, Served, run
from csta.instants import SECOND
from ctiserver.core.engine import Engine
from ctiserver.core.messages import event_frame, sequence_text
from ctiserver.core.wire import Published, encode
from ctiserver.live.event_log import Logged
from ctiserver.live.topics import event_path, tenant_root
from ctiserver.live.websocket import SUBPROTOCOL
from ctiserver.live.zmq_events import ZmqEvents

TOGETHER: Final = 10
"""Events that are committed together, in the second run of each."""

_AGENTS: Final = 100
_CALLS_A_SECOND: Final = 20.0
_EVENTS_OF_A_CALL: Final = 5
_UNDERWAY_EACH, _UNDERWAY_ALL = 256, 20_000
_EPOCH, _SOURCE = "01BENCH", "/cti/offhook/sim1"
_MONITOR: Final = b'["m-0000000000000-0001"]'

Send = Callable[[Sequence[Logged]], object]


def measure(*, transport: str, clients: int, events: int, seed: int) -> dict[str, Measured]:
    """Send so many events to so many clients by `websocket` or `zmq`: ours, and bare.

    `ours` and `bare` send one event at a time; `ours together` so many as one commit may have.
    """
    raise_limit()
    log = _log_of(events, seed)
    return run({"websocket": _over_websocket, "zmq": _over_zmq}[transport](clients, log))


async def _over_websocket(clients: int, log: list[Logged]) -> dict[str, Measured]:
    hello = [msgspec.json.encode({"kind": "hello", "token": f"all {i}"}) for i in range(clients)]
    watch = msgspec.json.encode(
        {
            "kind": "request",
            "id": "1",
            "service": "MonitorStart",
            "params": {"monitorObject": "all"},
        }
    )
    talks = tuple(Talk((each.decode(), watch.decode())) for each in hello)

    async def ours(together: int) -> Measured:
        host = QuietHost(Engine(plan_of(_AGENTS).engine), _EPOCH, _SOURCE)
        served = Served(host)
        address = await served.start()
        try:
            async with Crowd.start() as crowd:
                await crowd.join(Guests(*address, talks))
                return await _send_all(crowd, host.log.append, log, clients, together)
        finally:
            await served.stop()

    return {
        "ours": await ours(1),
        "ours together": await ours(TOGETHER),
        "bare": await _bare_websocket(clients, log),
    }


async def _bare_websocket(clients: int, log: list[Logged]) -> Measured:
    """`websockets` with its own broadcast, of frames that are there already."""
    here: set[ServerConnection] = set()

    async def stay(connection: ServerConnection) -> None:
        here.add(connection)
        await connection.wait_closed()

    frames = {each.sequence: event_frame(each.sequence, _MONITOR, each.envelope) for each in log}

    def send(batch: Sequence[Logged]) -> None:
        for each in batch:
            broadcast(here, frames[each.sequence])

    subprotocols = [Subprotocol(SUBPROTOCOL)]
    async with (
        serve(
            stay,
            "127.0.0.1",
            0,
            compression=None,
            ping_interval=None,
            subprotocols=subprotocols,
            backlog=2_048,
        ) as server,
        Crowd.start() as crowd,
    ):
        address = next(iter(server.sockets)).getsockname()
        await crowd.join(Guests(str(address[0]), int(address[1]), (Talk(),) * clients))
        assert len(here) == clients, "somebody is missing"
        return await _send_all(crowd, send, log, clients, 1)


async def _over_zmq(clients: int, log: list[Logged]) -> dict[str, Measured]:
    async def ours(together: int) -> Measured:
        host = QuietHost(Engine(plan_of(_AGENTS).engine), _EPOCH, _SOURCE)
        events = ZmqEvents(host.log, Served(host).gate)
        context = zmq.asyncio.Context()
        endpoint = events.start(context, "tcp://127.0.0.1:0")
        try:
            async with Crowd.start() as crowd:
                await crowd.join(Guests("", 0, (Talk(),) * clients, endpoint))
                while events.subscriptions < clients + 1:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.01)
                return await _send_all(crowd, host.log.append, log, clients, together)
        finally:
            await events.stop()
            context.term()

    return {
        "ours": await ours(1),
        "ours together": await ours(TOGETHER),
        "bare": await _bare_zmq(clients, log),
    }


async def _bare_zmq(clients: int, log: list[Logged]) -> Measured:
    """Pyzmq with messages that are there already."""
    root = tenant_root("default")
    messages = {
        each.sequence: (
            f"{root}/{event_path(each.event)}".encode(),
            f"{_EPOCH}:{sequence_text(each.sequence)}".encode(),
            each.envelope,
        )
        for each in log
    }
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.linger = 0
    socket.sndhwm = 10_000
    socket.bind("tcp://127.0.0.1:0")

    def send(batch: Sequence[Logged]) -> None:
        for each in batch:
            socket.send_multipart(messages[each.sequence], flags=zmq.NOBLOCK)

    try:
        async with Crowd.start() as crowd:
            endpoint = socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
            await crowd.join(Guests("", 0, (Talk(),) * clients, endpoint))
            for _ in range(clients + 1):
                while not socket.poll(0):  # noqa: ASYNC110 - the socket is not asyncio's
                    await asyncio.sleep(0.01)
                socket.recv()
            return await _send_all(crowd, send, log, clients, 1)
    finally:
        socket.close()
        context.term()


async def _send_all(
    crowd: Crowd, send: Send, log: list[Logged], clients: int, together: int
) -> Measured:
    """Send everything, and wait for it to arrive; never more than so much is under way."""
    underway_max = min(_UNDERWAY_EACH * clients, _UNDERWAY_ALL)
    sent = 0
    watch = Stopwatch()
    with watch.running():
        for first in range(0, len(log), together):
            batch = log[first : first + together]
            if sent - crowd.had > underway_max:
                await crowd.until(lambda: sent - crowd.had <= underway_max)  # noqa: B023
            send(batch)
            sent += len(batch) * clients
            await asyncio.sleep(0)
        await crowd.until(lambda: crowd.had >= sent)
    assert crowd.had == sent, "the clients have had more than was sent"
    return Measured(sent, watch.cpu_s)


def _log_of(events: int, seed: int) -> list[Logged]:
    """Let a simulated centre make so many events."""
    told: list[Any] = []
    lasts_s = events / _EVENTS_OF_A_CALL / _CALLS_A_SECOND + 1
    world = simulated(_CALLS_A_SECOND, lasts_s, _AGENTS, seed)
    world.listeners.append(told.extend)
    world.start()
    until = world.env.now
    while len(told) < events:
        until += SECOND
        world.run(round(until))
    made: list[Published] = told[:events]
    return [Logged(event, encode(event, _EPOCH, _SOURCE)) for event in made]
