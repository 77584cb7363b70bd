"""What a client does with a server's words, frame by frame: a wire that a test writes (§7.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from ctiserver.live import client_session
from ctiserver.live.client import Client
from ctiserver.live.client_errors import NotAdmittedError
from ctiserver.live.client_session import Token
from ctiserver.live.client_wires import WireLostError
from tests.live.host import LIMIT_S

_WELCOME = {
    "kind": "welcome",
    "sessionID": "s-1",
    "epoch": "e",
    "sequence": "0000000000000005",
    "serverTime": "2026-11-21T23:10:00Z",
    "replayWindow": {"from": "0000000000000001", "seconds": 900, "events": 100},
    "heartbeatSeconds": 15,
    "aNewMember": 1,
}
_RESUMED = {"kind": "resumed", "from": "0000000000000006", "to": "0000000000000009", "count": 0}


class Script:
    """The server's side of all connections of one client."""

    def __init__(self) -> None:
        """Nobody is connected."""
        self.wires: asyncio.Queue[ScriptWire] = asyncio.Queue()

    async def open(self) -> ScriptWire:
        """Be connected to."""
        wire = ScriptWire()
        self.wires.put_nowait(wire)
        return wire

    async def next(self, *answers: dict[str, Any]) -> tuple[ScriptWire, dict[str, Any]]:
        """Wait for a connection, give its hello, and answer."""
        async with asyncio.timeout(LIMIT_S):
            wire = await self.wires.get()
            hello = await wire.heard("hello")
        for answer in answers:
            wire.say(**answer)
        return wire, hello


class ScriptWire:
    """One connection."""

    def __init__(self) -> None:
        """Nothing is said yet."""
        self._down: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def say(self, **frame: Any) -> None:
        """Say something to the client."""
        self._down.put_nowait(msgspec.json.encode(frame))

    async def heard(self, kind: str) -> dict[str, Any]:
        """Wait for a frame of the client."""
        async with asyncio.timeout(LIMIT_S):
            while (frame := await self._up.get())["kind"] != kind:
                pass
        return frame

    async def send(self, frame: bytes) -> None:
        """Send a frame."""
        self._up.put_nowait(msgspec.json.decode(frame))

    async def receive(self) -> bytes | str:
        """Wait for a frame."""
        frame = await self._down.get()
        if frame is None:
            raise WireLostError
        return frame

    async def close(self) -> None:
        """Close it."""
        self._down.put_nowait(None)


@asynccontextmanager
async def begun(token: Token = "t") -> AsyncIterator[tuple[Client, Script, ScriptWire]]:  # noqa: S107 - a test's
    """Connect a client."""
    script = Script()
    client = Client(script.open, token)
    begins = asyncio.create_task(client.session.begin())
    wire, hello = await script.next(_WELCOME)
    assert "resume" not in hello
    await begins
    try:
        yield client, script, wire
    finally:
        await client.close()


def event(n: int, sequence: int) -> dict[str, Any]:
    """Write an event's frame."""
    envelope = {"id": "e:x", "type": "cti.x.X.v1", "epoch": "e", "sequence": f"{sequence:016}"}
    return {"kind": "event", "n": n, "monitorCrossRefIDs": [], "event": envelope}


@pytest.mark.parametrize(
    ("frames", "after"),
    [
        ([event(1, 6), event(3, 8)], 6),
        ([{"kind": "ping", "sequence": "0000000000000009"}, {"kind": "event"}], 9),
        ([event(1, 7), {"kind": "goodbye", "code": 4008, "retryAfterMs": 1}], 7),
        ([{"kind": "goodbye", "code": 4011, "reason": "restart", "retryAfterMs": 1}], 5),
        ([{"kind": "whatIsNew", "x": 1}, event(1, 6), {"kind": "goodbye", "code": 4000}], 6),
    ],
    ids=["a gap in n", "not as it must be", "slow", "restart", "a new kind"],
)
async def test_a_client_comes_back_to_the_last_event_that_it_has(
    frames: list[dict[str, Any]], after: int
) -> None:
    async with begun() as (client, script, wire):
        for frame in frames:
            wire.say(**frame)
        again, hello = await script.next(_RESUMED, {"kind": "live"})
        assert hello["resume"] == {"sessionID": "s-1", "epoch": "e", "after": f"{after:016}"}
        again.say(kind="ping", sequence="0000000000000009")
        assert (await again.heard("pong"))["sequence"] == "0000000000000009"
        assert client.session.connections == 2


@pytest.mark.parametrize("code", [4001, 4003, 4009, 4010])
async def test_a_client_that_is_not_wanted_stays_away_and_says_so(code: int) -> None:
    async with begun() as (client, script, wire):
        asks = asyncio.create_task(client.monitor())
        await wire.heard("request")
        wire.say(kind="goodbye", code=code, reason="no")
        with pytest.raises(Exception, match=f"goodbye {code}"):
            async with asyncio.timeout(LIMIT_S):
                await asks
        with pytest.raises(NotAdmittedError):
            await client.request("GetMonitors")
        assert script.wires.empty()


async def test_a_fresh_token_is_told_in_band_and_helps_when_the_old_one_has_expired() -> None:
    tokens = iter(("first", "second", "third"))

    async def fetch() -> str:
        return next(tokens)

    async with begun(fetch) as (_, script, wire):
        wire.say(kind="reauthRequired", inSeconds=60)
        assert (await wire.heard("reauth"))["token"] == "second"  # noqa: S105 - a test's
        wire.say(kind="goodbye", code=4001, reason="the token has expired")
        _, hello = await script.next(_RESUMED)
        assert hello["token"] == "third"  # noqa: S105 - a test's
        assert "resume" in hello


async def test_a_server_that_says_nothing_any_more_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(_WELCOME, "heartbeatSeconds", 0)
    async with begun() as (_, script, wire):
        await wire.heard("ping")
        _, hello = await script.next(_RESUMED)
        assert hello["resume"]["sessionID"] == "s-1"


async def test_a_client_tries_again_with_patience_while_there_is_no_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_session, "FIRST_WAIT_S", 0.001)
    async with begun() as (client, script, wire):
        wire.say(kind="goodbye", code=4011, retryAfterMs=1)
        for _ in range(3):
            dead, _ = await script.next()
            await dead.close()
        await script.next(_RESUMED)
        monkeypatch.undo()
        assert client.session.session_id == "s-1"
