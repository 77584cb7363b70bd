"""The centre of the nine steps, served on a switch, and its agent.

The server is the whole one (`offhook serve`, a process of its own); the agent works through the
client library. What those with a telephone do is told by `Acts`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import httpx
import msgspec

from crm_bridge.interactions import InteractionDraft
from crm_bridge.sql_store import SqlStore
from csta.agent_events import AgentReady
from csta.call_events import CallCleared, Queued
from csta.instants import SECOND
from csta.states import AgentState
from csta.voice_events import Play
from ctiserver.live.client import Client, connect
from ctiserver.live.client_messages import Event, read_event
from switch_sim.callers import CallerPlan
from tests.acceptance.nine_steps import ADA, FLOW, NOTES, PRESSES
from tests.ctiserver.centre import CALLER, OURS
from tests.live.processes import READY_S, Folder, people_at, running
from tests.live.socket_clients import log_of
from tests.real_asterisk.asterisk import Asterisk
from tests.real_asterisk.callers import Party, party

E = TypeVar("E")

RING_MS, TALK_MS = 500, 5_000
BREAK_MS = 2_000
"""So long after somebody waits the agent is back from her break."""
_KEYS_MS = (2_500, 2_500, 6_000)
"""How long a caller who does not listen waits before he presses the next keys.

The prompt that he answers has begun then: the one before it is over, or is ended by a key.
"""
_CENTRE = """\
scenario: nine_steps
starts_at: 2026-11-23 08:00
lasts: 4 h
trunks: {{pstn: 10}}
voice_units: 2
customers: 0
flows: {{main: flow.yaml}}
plan:
  queues:
    sales: {{skills: {{sales: 1}}, wrap_up: 1 s}}
  agents:
    - {{id: anna, name: Anna, station: {station}, skills: {{sales: 5}}}}
numbers:
  +49 30 100: flow main
callers: [{{dials: +49 30 100, per_hour: 60, talk: constant 1 s}}] # the tests let people call
"""
_GREETING = f"tts:Good day, {CALLER}, you have reached {OURS}."
_LONG = "sound:basic-pbx-ivr-main"
"""Longer than anybody listens before he presses a key: 25 s."""
_SOUNDS = {
    _GREETING: "sound:hello",
    "sound:sales-1-support-2": _LONG,
    "sound:enter-your-customer-number": _LONG,
    "tts:All are busy. You are number 1 in the queue.": "sound:queue-thankyou",
    "sound:to-wait-press-1-to-leave-press-2": _LONG,
}


class Outcome(msgspec.Struct):
    """What is left of a run."""

    envelopes: list[dict[str, Any]]
    """The whole log, as clients get it."""
    events: list[Event]
    """The same, read."""
    rows: list[InteractionDraft]
    """The customer's interactions."""


class Screen:
    """What the server sends to the agent's screen, by server-sent events.

    It is looked at without the event loop: what has come is there, however late others are heard.
    """

    def __init__(self, address: str, token: str) -> None:
        """Be told of pops by a server."""
        host, _, port = address.rpartition(":")
        lines = (
            "GET /cti/v1/events/stream?filter=ScreenPopped HTTP/1.1",
            f"Host: {address}",
            f"Authorization: Bearer {token}",
        )
        self._socket = socket.create_connection((host, int(port)), READY_S)
        self._socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        self._told = self._socket.recv(65_536)
        self._socket.settimeout(0)

    def has_popped(self) -> bool:
        """Tell whether a pop has come."""
        with suppress(BlockingIOError):
            while chunk := self._socket.recv(65_536):
                self._told += chunk
        return b"cti.crm.ScreenPopped" in self._told

    def close(self) -> None:
        """Be told no more."""
        self._socket.close()


class Anna:
    """The agent: back from her break when somebody waits; writes down each call afterwards."""

    def __init__(self, client: Client, station: str, screen: Screen) -> None:
        """Work at a station; nothing happens before `works`."""
        self.station = station
        self.screen = screen
        self._client = client
        self._events: list[Event] = []
        self._news = asyncio.Condition()

    @asynccontextmanager
    async def works(self) -> AsyncIterator[None]:
        """Log on, have a break first, and work while the block runs."""
        monitor = await self._client.monitor(snapshot=False)
        await self._is("loggedOn")
        async with asyncio.TaskGroup() as tasks:

            async def look() -> None:
                async for event in monitor:
                    assert isinstance(event, Event), event
                    async with self._news:
                        self._events.append(event)
                        self._news.notify_all()
                    tasks.create_task(self._minds(event.data))

            looking = tasks.create_task(look())
            yield
            looking.cancel()

    async def until(self, kind: type[E], fits: Callable[[E], bool] = lambda _: True) -> None:
        """Wait until an event of a kind has reached her desk."""
        seen = 0
        async with asyncio.timeout(READY_S), self._news:
            while True:
                for event in self._events[seen:]:
                    if isinstance(event.data, kind) and fits(event.data):
                        return
                seen = len(self._events)
                await self._news.wait()

    async def hears(self, part: str) -> None:
        """Wait until the caller is played a prompt with these words."""
        await self.until(Play, lambda play: part in play.message)

    async def is_idle_again(self) -> None:
        """Wait until the call is over, and all about it is written down."""
        await self.until(
            AgentReady, lambda ready: ready.previous_state is AgentState.WORKING_AFTER_CALL
        )

    async def _minds(self, data: object) -> None:
        if isinstance(data, Queued):
            await asyncio.sleep(BREAK_MS / SECOND)
            await self._is("ready")
        elif isinstance(data, CallCleared):
            call = {"callID": data.call_id, "deviceID": f"station:{self.station}"}
            await self._client.request("AssociateData", existingCall=call, callQualifyingData=NOTES)

    async def _is(self, state: str) -> None:
        await self._client.request("SetAgentState", agentID="anna", requestedAgentState=state)


Acts: TypeAlias = Callable[[Anna], Awaitable[None]]
"""What those with a telephone do, and check meanwhile, until the agent is idle again."""


async def lived(path: Path, link: dict[str, Any], station: str, acts: Acts) -> Outcome:
    """Serve the centre on a switch, and live one call there."""
    folder = _folder(path, station)
    token = folder.keys.add("anna")
    server = folder.server(link=link)
    store = await SqlStore.open(path / "data/crm.db")
    try:
        await store.save_customers([ADA])
        async with running(server):
            await _is_linked(server.address)
            async with connect(f"ws://{server.address}", token) as client:
                with closing(Screen(server.address, token)) as screen:
                    anna = Anna(client, station, screen)
                    async with anna.works():
                        await acts(anna)
            assert await server.stop() == 0
        envelopes = [envelope for _, envelope in log_of(folder.journal)]
        return Outcome(
            envelopes=[msgspec.json.decode(envelope) for envelope in envelopes],
            events=[read_event(envelope) for envelope in envelopes],
            rows=await store.last_contacts(ADA.customer_id, 9),
        )
    except Exception as error:
        error.add_note(server.log()[-5_000:])
        raise
    finally:
        await store.close()


async def _is_linked(address: str) -> None:
    """Wait until a server hears its switch: on a busy machine it opens its doors before that."""
    async with asyncio.timeout(READY_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            health = (await client.get(f"http://{address}/healthz")).json()
            if health["parts"]["link"] == "ok":
                return
            await asyncio.sleep(0.05)


def _folder(path: Path, station: str) -> Folder:
    (path / "data").mkdir(parents=True)
    (path / "flow.yaml").write_text(FLOW.read_text("utf-8"), "utf-8")
    return Folder(path, _CENTRE.format(station=station))


async def on_the_simulated_pbx(path: Path, station: str) -> Outcome:
    """Live it on the simulated switch, in a process of its own."""
    pbx = _folder(path / "switch", station).pbx()
    caller = CallerPlan(number=CALLER, dialled=OURS, talk_ms=TALK_MS, presses=PRESSES)
    async with running(pbx), people_at(pbx) as people:

        async def acts(anna: Anna) -> None:
            answers = {"does": "answers", "after_ms": RING_MS}
            await people.act("LetPhone", device=f"station:{station}", **answers)
            await people.act("OfferCall", caller=msgspec.to_builtins(caller))
            await anna.is_idle_again()

        return await lived(path / "server", {"pbx": pbx.address}, station, acts)


async def on_asterisk(asterisk: Asterisk, path: Path, station: str, acts: Acts) -> Outcome:
    """Live it on an Asterisk."""
    link = _link(asterisk, path / "password")
    return await lived(path / "server", {"asterisk": link}, station, acts)


def _link(asterisk: Asterisk, password: Path) -> dict[str, Any]:
    password.parent.mkdir()
    password.write_text(asterisk.password)
    return {
        "url": asterisk.url,
        "user": asterisk.user,
        "password_file": str(password),
        "application": asterisk.application,
        "trunks": {"pstn": {"endpoint": "PJSIP/trunk", "incoming": {"any": "+"}}},
        "sounds": _SOUNDS,
    }


@asynccontextmanager
async def sipp_caller(asterisk: Asterisk, *, by_info: bool) -> AsyncIterator[Party]:
    """Let sipp call, press its keys in the menus, talk, and hang up."""
    presses = (_info if by_info else _rtp_event)(tuple(press.digits for press in PRESSES))
    words: dict[str, str | int] = {
        "dialled": OURS.removeprefix("+"),
        "ani": CALLER.removeprefix("+"),
        "presses": presses,
        "patience_ms": BREAK_MS + RING_MS + TALK_MS + 2_000,
    }
    address = asterisk.trunk_address
    async with party(asterisk, "caller-in-menus", address, words, "-m", "1") as calling:
        yield calling


def _rtp_event(groups: tuple[str, ...]) -> str:
    """Write the presses of a scenario as RFC 4733 events."""
    return "\n".join(
        f'<pause milliseconds="{after_ms}" />\n'
        f'<nop><action><exec play_dtmf="{keys}" /></action></nop>'
        for after_ms, keys in zip(_KEYS_MS, groups, strict=True)
    )


_INFO = """\
<pause milliseconds="{after_ms}" />
<send retrans="500">
  <![CDATA[
    INFO [next_url] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    From: <sip:%ani%@[local_ip]:[local_port]>;tag=[pid]c[call_number]
    To: <sip:%dialled%@[remote_ip]:[remote_port]>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: {number} INFO
    Contact: <sip:%ani%@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Type: application/dtmf-relay
    Content-Length: [len]

    Signal={key}
    Duration=160

  ]]>
</send>
<recv response="200" />
"""


def _info(groups: tuple[str, ...]) -> str:
    """Write the presses of a scenario as SIP INFO, one request for each key."""
    keys = [
        (after_ms if place == 0 else 200, key)
        for after_ms, group in zip(_KEYS_MS, groups, strict=True)
        for place, key in enumerate(group)
    ]
    return "".join(
        _INFO.format(after_ms=after_ms, key=key, number=number)
        for number, (after_ms, key) in enumerate(keys, start=2)
    )
