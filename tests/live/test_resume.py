"""Sessions over real connections: lost, resumed, replaced, cut (cti-api §7.3; G7, G12 of §7.13)."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest

from ctiserver.core.messages import FRAME_BYTES_MAX, ServerRequest
from ctiserver.core.outgoing import Closing
from ctiserver.live import conversation as conversations
from switch_sim.config import PhoneAct, PhoneBehaviour
from tests.live.host import LIMIT_S, WorldHost, world_host
from tests.live.line_clients import LineClient, Server, wall_clock

_CALLS = 6
_LOSSES = 40
_PARAMS = msgspec.Raw(b'{"routeingDevice":"routeing:main"}')


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    async with world_host() as host, Server(host, wall_clock()).listen() as server:
        yield server


async def calls_come_in(host: WorldHost) -> None:
    """Let calls come and go until the task is cancelled."""
    number, legs = 0, deque[str]()
    while True:
        number += 1
        if len(legs) < _CALLS:
            host.call_in(f"+4930{number}")
            leg = host.world.pbx.ledger.entries[-1].leg
            assert leg is not None
            legs.append(leg)
        else:
            host.world.act(partial(host.world.pbx.hang_up, legs.popleft()))
        await asyncio.sleep(0.01)


async def log_on(client: LineClient, *agent_ids: str) -> None:
    for agent_id in agent_ids:
        for state in ("loggedOn", "ready"):
            answer = await client.ask("SetAgentState", agentID=agent_id, requestedAgentState=state)
            assert answer["ok"], answer


async def test_whatever_connections_are_lost_no_event_is_and_none_comes_twice() -> None:
    async with serving() as server:
        phones = server.host.world.pbx.dial_plan.phones
        phones["station:1001"].behaviour = PhoneBehaviour(PhoneAct.ANSWERS, 5)
        client = LineClient(server)
        await client.come()
        started = await client.ask("MonitorStart", monitorObject="all")
        first = int(started["asOf"]["sequence"])
        await log_on(client, "anna")
        calls = asyncio.create_task(calls_come_in(server.host))
        chance = random.Random(7)  # noqa: S311 - when connections are lost is no secret
        for _ in range(_LOSSES):
            for _ in range(chance.randrange(12)):
                await client.next()
            client.lose()
            if chance.random() < 0.5:
                await asyncio.sleep(0.005)
            await client.come()
        calls.cancel()
        await client.read_up_to(server.host.log.last)
        assert client.resumed == _LOSSES
        assert client.resyncs == []
        assert client.repeated == []
        assert sorted(client.events) == list(range(first + 1, server.host.log.last + 1))
        assert len(client.events) > _LOSSES


async def test_clients_resume_at_the_next_server_without_a_gap() -> None:
    async with serving() as server:
        client = LineClient(server)
        await client.come()
        first = int((await client.ask("MonitorStart", monitorObject="all"))["asOf"]["sequence"])
        server.host.call_in()
        await client.read_up_to(first + 2)
        await server.restart()
        goodbye = await client.until("goodbye")
        assert goodbye["code"] == Closing.SERVER_RESTART
        assert goodbye["retryAfterMs"] > 0
        server.host.call_in("+49302")
        await client.come()
        await client.read_up_to(server.host.log.last)
        assert client.resyncs == []
        assert sorted(client.events) == list(range(first + 1, server.host.log.last + 1))


async def test_a_response_comes_after_the_events_that_it_knows_of() -> None:
    """C2: on one connection the response is in the order of the log."""
    async with serving() as server:
        client = LineClient(server)
        await client.come()
        await client.ask("MonitorStart", monitorObject="all")
        for state in ("loggedOn", "ready", "notReady", "loggedOff"):
            answer = await client.ask("SetAgentState", agentID="anna", requestedAgentState=state)
            as_of = int(answer["asOf"]["sequence"])
            assert client.after >= as_of
            caused = [e for e in client.events.values() if e.get("correlationid") == answer["id"]]
            assert caused, "G8: the event says what caused it"


async def test_snapshots_asked_for_at_once_come_whole_and_one_after_the_other() -> None:
    async with serving() as server:
        client = LineClient(server)
        await client.come()
        for number in range(4):
            client.send(
                {
                    "kind": "request",
                    "id": f"m-{number}",
                    "service": "MonitorStart",
                    "params": {"monitorObject": "all", "snapshot": True},
                }
            )
        for _ in range(4):
            await client.until("live")
        told = [frame for frame in client.frames if frame["kind"] != "event"][1:]
        parts = _parts(told)
        assert [part[0]["id"] for part in parts] == [f"m-{number}" for number in range(4)]
        for part in parts:
            assert [frame["kind"] for frame in part[:2]] == ["response", "snapshotBegin"]
            assert part[-2]["kind"] == "snapshotEnd"
            names = {frame["monitorCrossRefID"] for frame in part[1:-1]}
            assert names == {part[0]["result"]["monitorCrossRefID"]}


def _parts(frames: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut a list of frames behind each `live`."""
    parts: list[list[dict[str, Any]]] = [[]]
    for frame in frames:
        parts[-1].append(frame)
        if frame["kind"] == "live":
            parts.append([])
    return parts[:-1]


async def test_a_client_that_does_not_read_is_cut_and_the_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """G12."""
    monkeypatch.setattr(conversations, "CLOSE_S", 0.05)
    async with serving() as server:
        slow, quick = LineClient(server, "slow"), LineClient(server, "quick")
        await slow.come(maxQueue=20)
        await quick.come()
        for client in (slow, quick):
            await client.ask("MonitorStart", monitorObject="all")
        wire = server.wires[0]
        wire.stuck = True
        for number in range(9):
            server.host.call_in(f"+4930{number}")
        await quick.read_up_to(server.host.log.last)
        async with asyncio.timeout(LIMIT_S):
            assert (await wire.closed)[0] == Closing.SLOW_CONSUMER
        await slow.come()
        await slow.read_up_to(server.host.log.last)
        assert slow.resyncs == []
        assert sorted(slow.events) == sorted(quick.events)


async def test_a_second_connection_of_a_session_takes_it_over() -> None:
    async with serving() as server:
        client = LineClient(server)
        await client.come()
        await client.ask("MonitorStart", monitorObject="all")
        heir = LineClient(server)
        heir.session_id, heir.epoch = client.session_id, client.epoch
        await heir.come()
        assert (await client.until("goodbye"))["code"] == Closing.REPLACED_BY_SAME_SESSION
        server.host.call_in()
        await heir.until("event")
        assert server.desk.sessions == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"kind": "hello"}, Closing.UNAUTHENTICATED),
        ({"kind": "hello", "token": "wrong"}, Closing.UNAUTHENTICATED),
        ({"kind": "ping"}, Closing.PROTOCOL_ERROR),
        ({"kind": "nonsense"}, Closing.PROTOCOL_ERROR),
        ({"kind": "hello", "token": "x" * FRAME_BYTES_MAX}, Closing.PROTOCOL_ERROR),
        (
            {
                "kind": "hello",
                "token": "token-test",
                "resume": {"sessionID": "", "epoch": "", "after": "x"},
            },
            None,
        ),
    ],
)
async def test_a_first_frame_that_is_not_as_it_must_be(
    frame: dict[str, object], code: Closing | None
) -> None:
    async with serving() as server:
        client = LineClient(server)
        await client.connect()
        client.send(frame)
        told = await client.until("goodbye", "live")
        assert told.get("code") == code
        if code is not None:
            with pytest.raises(ConnectionResetError):
                await client.next()
            assert server.desk.connections == 0


async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "HELLO_S", 0.05)
    async with serving() as server:
        reader, writer = await asyncio.open_connection(*server.address[:2])
        async with asyncio.timeout(LIMIT_S):
            assert b"no hello within" in await reader.readline()
            assert await reader.readline() == b""
        writer.close()


async def test_a_session_is_asked_by_the_server_and_its_answer_is_brought_back() -> None:
    async with serving() as server:
        client = LineClient(server, "router")
        await client.come()
        answers: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        server.desk.on_answer = lambda who, session, answer: answers.put_nowait(
            (who, session, answer.service)
        )
        asks = ServerRequest(id="sr-1", service="RouteRequest", params=_PARAMS, reply_timeout_ms=99)
        assert server.desk.ask_session(client.session_id, asks)
        asked = await client.until("serverRequest")
        assert asked["replyTimeoutMs"] == 99
        client.send({"kind": "response", "id": asked["id"], "service": "RouteSelect", "params": {}})
        async with asyncio.timeout(LIMIT_S):
            assert await answers.get() == ("key:router", client.session_id, "RouteSelect")
        client.send({"kind": "goodbye"})
        await client.until("goodbye")
        assert not server.desk.ask_session(client.session_id, asks)
        assert server.host.kept["sessions"] == {}


async def test_a_session_that_an_administrator_ends_is_told_of_in_the_log() -> None:
    async with serving() as server:
        client = LineClient(server)
        await client.come()
        await client.ask("MonitorStart", monitorObject="all")
        watcher = LineClient(server, "watcher")
        await watcher.come()
        await watcher.ask("MonitorStart", monitorObject="all")
        assert server.desk.terminate(client.session_id)
        await client.until("goodbye")
        event = (await watcher.until("event"))["event"]
        assert event["type"] == "cti.session.ApplicationSessionTerminated.v1"
        assert event["data"]["sessionID"] == client.session_id
        assert event["data"]["reason"] == "administrator"
