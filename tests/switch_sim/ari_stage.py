"""The small switch seen through ARI: a client on its WebSocket, time turned by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import simpy
import websockets

from ctiserver.core.driver import ManualClock
from switch_sim.callers import CallerPlan
from switch_sim.config import PbxConfig
from switch_sim.dialects.ari import serve_ari
from switch_sim.dialects.ari_state import AriAccount
from switch_sim.paced import Pacer
from switch_sim.switch import SimulatedPbx
from tests.switch_sim.stage import CONFIG, START, caller

SOON_S = 20.0
ACCOUNT = AriAccount(user="cti", password="let me in", application="acd")  # noqa: S106 - of a test
AUTH = ("cti", "let me in")


class AriStage:
    """A switch, its time, and where its ARI is."""

    def __init__(self, pbx: SimulatedPbx, pacer: Pacer, clock: ManualClock, url: str) -> None:
        """Hold what a test needs."""
        self.pbx = pbx
        self.pacer = pacer
        self.clock = clock
        self.url = url
        self.http = httpx.AsyncClient(base_url=url, auth=AUTH, timeout=SOON_S, trust_env=False)

    def call(self, plan: CallerPlan | None = None) -> None:
        """Let a caller call."""
        assert self.pacer.act(lambda: self.pbx.offer_call(plan or caller()))

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        **values: str,
    ) -> tuple[int, Any]:
        """Send a request by HTTP; gives the status and the body."""
        reply = await self.http.request(method, self.url + path, params=values or None, json=body)
        return reply.status_code, reply.json() if reply.content else None

    @contextlib.asynccontextmanager
    async def listen(self, names: str = "acd", **values: str) -> AsyncIterator[Listener]:
        """Be an application."""
        query = "&".join(f"{name}={value}" for name, value in ({"app": names} | values).items())
        url = f"{self.url.replace('http', 'ws', 1)}/events?{query}&api_key=cti:let%20me%20in"
        async with websockets.connect(url, proxy=None) as socket:
            yield Listener(socket)


class Listener:
    """One WebSocket, on which requests go too."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        """Hear what comes on it."""
        self._socket = socket
        self._asked = 0
        self._heard: list[dict[str, Any]] = []

    async def hear(self) -> dict[str, Any]:
        """Give the next message."""
        if self._heard:
            return self._heard.pop(0)
        async with asyncio.timeout(SOON_S):
            message: dict[str, Any] = msgspec.json.decode(await self._socket.recv())
        return message

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Give all messages up to the first one of a type, which is the last."""
        heard = [await self.hear()]
        while heard[-1]["type"] != kind:
            heard.append(await self.hear())
        return heard

    async def send(self, method: str, uri: str, body: object = None) -> str:
        """Send a request; gives its id."""
        self._asked += 1
        text = "" if body is None else msgspec.json.encode(body).decode()
        await self.send_raw(
            {
                "type": "RESTRequest",
                "transaction_id": "t",
                "request_id": str(self._asked),
                "method": method,
                "uri": uri,
                "content_type": "application/json" if text else "",
                "message_body": text,
            }
        )
        return str(self._asked)

    async def send_raw(self, message: object) -> None:
        """Send anything."""
        await self._socket.send(msgspec.json.encode(message).decode())

    async def ask(self, method: str, uri: str, body: object = None) -> tuple[int, Any]:
        """Send a request and wait for its answer; what comes before it is heard later."""
        request_id = await self.send(method, uri, body)
        before = []
        while (message := await self.hear()).get("request_id") != request_id:
            before.append(message)
        self._heard = before + self._heard
        text = message.get("message_body", "")
        return message["status_code"], msgspec.json.decode(text) if text else None


@contextlib.asynccontextmanager
async def ari_stage(config: PbxConfig = CONFIG) -> AsyncIterator[AriStage]:
    """Set the switch up, and serve it."""
    clock = ManualClock(START)
    env = simpy.Environment(initial_time=START)
    pacer = Pacer(env, clock)
    pbx = SimulatedPbx(env, config)
    async with serve_ari(pbx, pacer, account=ACCOUNT) as url:
        pacer.start()
        stage = AriStage(pbx, pacer, clock, url)
        async with stage.http:
            yield stage


def line(message: dict[str, Any]) -> str:
    """Say an event in one line: its type, its channel's state, and what tells it from others."""
    words = [message["type"]]
    words += [message[member]["state"] for member in ("channel", "peer") if member in message]
    told = ("dialstatus", "args", "cause", "tech_cause", "digit")
    words += [f"{member}={message[member]}" for member in told if member in message]
    if "playback" in message:
        words += [message["playback"]["id"], message["playback"]["state"]]
    if "bridge" in message:
        words.append(f"{message['bridge']['id']}={','.join(message['bridge']['channels'])}")
    return " ".join(words)


async def come_in(stage: AriStage, listener: Listener, plan: CallerPlan | None = None) -> str:
    """Let a caller call, and answer him; gives his channel."""
    stage.call(plan)
    start = (await listener.until("StasisStart"))[-1]
    channel: str = start["channel"]["id"]
    assert await listener.ask("POST", f"channels/{channel}/answer") == (204, None)
    await listener.until("ChannelStateChange")
    return channel


async def reach(listener: Listener, channel: str, endpoint: str = "PJSIP/1001") -> None:
    """Dial a phone that answers by itself, and wait until it has."""
    body = {
        "app": "acd",
        "endpoint": endpoint,
        "channelId": channel,
        "variables": {"PJSIP_HEADER(add,Call-Info)": "<sip:offhook>;answer-after=0"},
    }
    status, _ = await listener.ask("POST", "channels", body)
    assert status == 200
    await listener.until("StasisStart")


async def bridge(listener: Listener, bridge: str, *channels: str) -> None:
    """Make a bridge of this id, and let channels in."""
    assert (await listener.ask("POST", "bridges", {"type": "mixing", "bridgeId": bridge}))[0] == 200
    await add(listener, bridge, *channels)


async def add(listener: Listener, bridge: str, *channels: str) -> None:
    """Let channels into a bridge."""
    uri = f"bridges/{bridge}/addChannel?channel={','.join(channels)}"
    assert await listener.ask("POST", uri) == (204, None)
