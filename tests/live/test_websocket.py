"""Sessions over WebSocket, by a real client (cti-api §7.2, §7.3; reliability §6.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from ctiserver.core.messages import FRAME_BYTES_MAX
from ctiserver.live.websocket import SUBPROTOCOL
from ctiserver.live.websocket_protocol import framed
from tests.live.host import LIMIT_S
from tests.live.http_centre import ADMIN, ORIGIN, Server, http_centre


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with http_centre() as centre:
        yield centre


def talk(
    server: Server,
    *,
    headers: Mapping[str, str] | None = None,
    origin: str | None = None,
    subprotocol: str = SUBPROTOCOL,
    query: str = "",
) -> connect:
    return connect(
        server.ws + query,
        subprotocols=[Subprotocol(subprotocol)],
        additional_headers=dict(headers or {}),
        origin=None if origin is None else Origin(origin),
        compression=None,
        proxy=None,
    )


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(msgspec.json.encode(message).decode())


async def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Wait for the next frame of a kind; others are passed over."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            frame: dict[str, Any] = msgspec.json.decode(await socket.recv())
            if frame["kind"] == kind:
                return frame


async def request(socket: ClientConnection, service: str, **params: Any) -> dict[str, Any]:
    await say(socket, kind="request", id=f"r-{service}", service=service, params=params)
    return await hear(socket, "response")


async def test_a_session_asks_monitors_and_hears_events(server: Server) -> None:
    async with talk(server) as socket:
        assert socket.subprotocol == SUBPROTOCOL
        await say(socket, kind="hello", token=ADMIN)
        welcome = await hear(socket, "welcome")
        assert welcome["epoch"] == server.host.log.epoch
        monitor = await request(socket, "MonitorStart", monitorObject="all", snapshot=True)
        assert monitor["ok"], monitor
        await hear(socket, "snapshotEnd")
        await say(
            socket,
            kind="request",
            id="r-9",
            service="SetAgentState",
            params={"agentID": "anna", "requestedAgentState": "loggedOn"},
        )
        event = await hear(socket, "event")
        assert event["event"]["correlationid"] == "r-9"
        assert event["monitorCrossRefIDs"] == [monitor["result"]["monitorCrossRefID"]]
        assert (await hear(socket, "response"))["ok"]


async def test_the_header_can_carry_the_token(server: Server) -> None:
    async with talk(server, headers={"Authorization": f"Bearer {ADMIN}"}) as socket:
        await say(socket, kind="hello")
        assert await hear(socket, "welcome")


async def test_a_first_frame_with_a_wrong_token_ends_the_connection(server: Server) -> None:
    async with talk(server) as socket:
        await say(socket, kind="hello", token="wrong")  # noqa: S106 - a test's
        await hear(socket, "goodbye")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4001


@pytest.mark.parametrize(
    "how",
    [
        {"origin": "https://evil.example"},
        {"subprotocol": "soap"},
        {"query": f"?token={ADMIN}"},
        {"headers": {"Authorization": "Bearer wrong"}},
    ],
    ids=["origin", "subprotocol", "token in the URL", "wrong token"],
)
async def test_who_should_not_come_in_gets_no_connection(
    server: Server, how: dict[str, Any]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await talk(server, **how)
    assert refused.value.response.status_code == 403


async def test_pages_of_our_origin_may_connect(server: Server) -> None:
    async with talk(server, origin=ORIGIN) as socket:
        await say(socket, kind="hello", token=ADMIN)
        assert await hear(socket, "welcome")


async def test_a_frame_that_is_too_long_ends_the_connection(server: Server) -> None:
    async with talk(server) as socket:
        await socket.send(" " * (FRAME_BYTES_MAX + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_lost_client_goes_on_where_it_was(server: Server) -> None:
    async with talk(server) as socket:
        await say(socket, kind="hello", token=ADMIN)
        welcome = await hear(socket, "welcome")
        assert (await request(socket, "MonitorStart", monitorObject="all"))["ok"]
    point = {"sessionID": welcome["sessionID"], "epoch": welcome["epoch"]}
    for state in ("loggedOn", "ready"):
        body = {"agentID": "anna", "requestedAgentState": state}
        assert (await server.client.post("/services/SetAgentState", json=body)).is_success
    async with talk(server) as socket:
        resume = {**point, "after": welcome["sequence"]}
        await say(socket, kind="hello", token=ADMIN, resume=resume)
        resumed = await hear(socket, "resumed")
        events = [await hear(socket, "event") for _ in range(resumed["count"])]
        assert [event["n"] for event in events] == list(range(1, len(events) + 1))
        assert int(events[-1]["event"]["sequence"]) == server.host.log.last
        assert await hear(socket, "live")


async def test_an_event_is_pushed_as_it_was_encoded_once(server: Server) -> None:
    async with talk(server) as socket:
        await say(socket, kind="hello", token=ADMIN)
        await hear(socket, "welcome")
        await request(socket, "MonitorStart", monitorObject="all")
        body = {"agentID": "anna", "requestedAgentState": "loggedOn"}
        await server.client.post("/services/SetAgentState", json=body)
        async with asyncio.timeout(LIMIT_S):
            while b'"kind":"event"' not in (frame := await socket.recv(decode=False)):
                pass
        assert isinstance(frame, bytes)
        assert server.host.log.recent(0)[0].envelope in frame


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 200_000])
def test_frames_have_the_heads_that_the_standard_asks_for(size: int) -> None:
    written = b"".join(framed([b"x" * size]))
    assert written[0] == 0x81
    length, start = written[1], 2
    if length >= 126:
        start = 4 if length == 126 else 10
        length = int.from_bytes(written[2:start])
    assert (length, len(written) - start) == (size, size)


async def test_the_server_says_goodbye_when_it_stops(server: Server) -> None:
    async with talk(server) as socket:
        await say(socket, kind="hello", token=ADMIN)
        await hear(socket, "welcome")
        stopping = asyncio.create_task(server.desk.stop())
        assert (await hear(socket, "goodbye"))["code"] == 4011
        await stopping
        server.host.log.listeners.append(server.desk._hear)  # noqa: SLF001 - it is stopped once more
