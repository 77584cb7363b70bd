"""Clients that lose their connections at random, while calls come in at a real server (G7)."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.live.processes import Folder, running
from tests.live.socket_clients import SocketClient, digest, log_of

_CLIENTS = 4
_FRAMES_MAX = 200
"""So many frames at most are read between two losses."""


def centre(calls_per_second: int) -> str:
    """Write a centre that is called so often, by people who talk for a moment."""
    return f"""\
scenario: torrent
about: Short calls, for two hundred agents.
starts_at: 2026-11-23 08:00
lasts: 4 h
trunks: {{pstn: 500}}
customers: 50
plan:
  queues:
    desk: {{skills: {{desk: 1}}, wrap_up: 200 ms}}
  agents:
    - {{id: R, name: Receptionist, count: 200, station: 2001, skills: {{desk: 5}}}}
numbers:
  +49 30 555 200: queue desk
callers:
  - dials: +49 30 555 200
    per_hour: {3_600 * calls_per_second}
    patience: exponential 20 s
    talk: exponential 1500 ms
behaviour:
  answer_after: uniform 100 ms to 400 ms
  no_answer: 1 %
"""


async def lose_and_come(client: SocketClient, chance: random.Random) -> None:
    """Lose the connection in one of the ways in which that happens, and come back."""
    with suppress(ConnectionClosed):  # on a slow machine this client may be too slow itself
        await lose(client, chance)
    await client.come()


async def lose(client: SocketClient, chance: random.Random) -> None:
    for _ in range(chance.randrange(_FRAMES_MAX)):
        await client.next()
    match chance.choice(("at rest", "at hello", "catching up", "unseen")):
        case "at rest":
            client.lose()
        case "at hello":
            client.lose()
            await client.connect()
            await client.hello()
            client.lose()
        case "catching up":
            client.lose()
            await asyncio.sleep(0.2 * chance.random())
            await client.connect()
            await client.hello()
            for _ in range(chance.randrange(1, 50)):
                await client.next()
            client.lose()
        case "unseen":
            # The server still believes in the old connection when the new one comes.
            client.leave_open()


async def see_losses(losses: int, folder: Folder) -> dict[str, float]:
    """Let clients lose their connections so many times; gives what came of it."""
    loop = asyncio.get_running_loop()
    token = folder.keys.add("watcher")
    server = folder.server(simulate={"callers": True, "agents": True})
    async with running(server), asyncio.TaskGroup() as group:
        clients = [
            SocketClient(lambda: server.address, token, f"client-{number}", 1 + number)
            for number in range(_CLIENTS)
        ]
        for client in clients:
            await client.come()
            await client.watch()
        left, began = iter(range(losses)), loop.time()

        async def lose_again(number: int) -> None:
            chance = random.Random(number)  # noqa: S311 - when connections are lost is no secret
            for _ in left:
                await lose_and_come(clients[number], chance)

        losing = [group.create_task(lose_again(number)) for number in range(_CLIENTS)]
        await asyncio.wait(losing)
        lasted_s = loop.time() - began
        last = max(client.after for client in clients)
        for client in clients:
            await client.read_up_to(last)
            await client.end()
        await server.stop()
    log, calls = {}, 0
    for sequence, envelope in log_of(folder.journal):
        log[sequence] = digest(envelope)
        calls += b'"csta.callControl.CallCleared.v1"' in envelope
    assert sorted(log) == list(range(1, len(log) + 1))
    for client in clients:
        due = {each: log[each] for each in range(client.first + 1, client.after + 1)}
        assert client.events.keys() == due.keys(), "no gap, and nothing that is not in the log"
        assert client.events == due, "each event has the bytes that the log has"
        assert client.repeated == []
        assert client.resyncs == []
    return {
        "resumed": sum(client.resumed for client in clients),
        "cut": sum(len(client.goodbyes) for client in clients),
        "told": sum(len(client.events) for client in clients),
        "events": last - min(client.first for client in clients),
        "calls": calls,
        "calls per second": round(calls / lasted_s, 1),
        "seconds": round(lasted_s, 1),
    }


async def test_whatever_connections_are_lost_the_union_of_what_was_received_is_the_log(
    tmp_path: Path,
) -> None:
    came = await see_losses(60, Folder(tmp_path, centre(10)))
    assert came["resumed"] >= 60
    assert came["told"] > _CLIENTS * 100


@pytest.mark.slow
async def test_of_a_thousand_random_losses_none_costs_an_event(tmp_path: Path) -> None:
    came = await see_losses(1_000, Folder(tmp_path, centre(50)))
    assert came["resumed"] >= 1_000
    print(came)  # noqa: T201 - a figure for the report of the slow checks
