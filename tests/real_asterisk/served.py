"""A server of its own (`offhook serve`) on an Asterisk, and people who call and are called there.

The server can be killed, and the way between the two can be cut: callers and agents have real
phones, which go on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from csta.ids import category_of
from tests.live.cut import Cut
from tests.live.processes import READY_S, Folder
from tests.live.socket_clients import log_of
from tests.real_asterisk.asterisk import Asterisk
from tests.real_asterisk.phones import Phone, outside, registered

QUEUE, MENU = "4930100", "4930200"
AGENT_HZ, CALLER_HZ = 440, 620
_STATIONS = ("1001", "1002", "1003")
_LOOK_S = 0.05
_CENTRE = """\
scenario: survival
about: Three agents, a queue, and a menu before it.
starts_at: 2026-11-23 08:00
lasts: 4 h
trunks: {pstn: 30}
voice_units: 4
flows: {menu: flow.yaml}
plan:
  queues:
    sales: {skills: {sales: 1}, wrap_up: 100 ms}
  agents:
    - {id: S, name: Sales, count: 3, station: 1001, skills: {sales: 5}}
numbers:
  +49 30 100: queue sales
  +49 30 200: flow menu
callers: [{dials: +49 30 100, per_hour: 60, talk: constant 1 s}] # the tests let people call
"""
_FLOW = """\
flow: menu
start: choose
on_limit: sales
steps:
  choose:
    menu: sound:queue-thankyou
    choices: {1: sales}
    timeout: 60 s
    no_input: {prompt: sound:queue-thankyou, limit: 2, go: sales}
    no_match: {prompt: sound:pm-invalid-option, limit: 2, go: sales}
  sales: {queue: sales}
"""


class Call(msgspec.Struct, frozen=True):
    """A call as the server tells it."""

    call_id: str
    number: str
    """Who calls."""
    parties: dict[str, tuple[str, int]]
    """By device: the connection's state, and since when it is in it, in ms."""

    def is_at(self, device: str, state: str) -> bool:
        """Tell whether a device is in it so."""
        return self.parties.get(device, ("", 0))[0] == state


class Served:
    """A server, the Asterisk that it drives, and the phones of its people."""

    def __init__(self, asterisk: Asterisk, way: Cut, path: Path, stack: AsyncExitStack) -> None:
        """Write the server's files; nothing runs yet. Phones are switched off with the stack."""
        self.asterisk = asterisk
        self.way = way
        self.agents: list[Phone] = []
        folder = Folder(path, _CENTRE)
        (path / "flow.yaml").write_text(_FLOW)
        (path / "password").write_text(asterisk.password)
        token = folder.keys.add("judge")
        link = {
            "url": way.url,
            "user": asterisk.user,
            "password_file": "password",
            "application": asterisk.application,
            "trunks": {"pstn": {"endpoint": "PJSIP/trunk", "incoming": {"any": "+"}}},
        }
        self.server = folder.server(link={"asterisk": link}, log_level="info")
        self._journal = folder.journal
        self._stack = stack
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=READY_S
        )
        stack.push_async_callback(self._http.aclose)

    # People.

    async def staff(self, *, answering: int, by_hand: int = 0) -> None:
        """Let agents come, log on and be ready: some who answer by themselves, then the others."""
        for number, station in enumerate(_STATIONS[: answering + by_hand], start=1):
            answers = number <= answering
            phone = registered(self.asterisk, station, tone_hz=AGENT_HZ, answers=answers)
            self.agents.append(await self._stack.enter_async_context(phone))
            await self.log_on(number, station)

    async def log_on(self, number: int, station: str) -> None:
        """Let an agent log on at a phone, and be ready."""
        agent, device = f"S0{number}", f"station:{station}"
        log_on = {"requestedAgentState": "loggedOn", "device": device}
        await self._ask("SetAgentState", agentID=agent, **log_on)
        await self._ask("SetAgentState", agentID=agent, requestedAgentState="ready")

    async def caller(self, last_digits: int, dialled: str = QUEUE) -> Phone:
        """Let somebody with a number of his own call."""
        calling = await self.somebody(last_digits)
        await calling.dial(dialled)
        return calling

    async def somebody(self, last_digits: int) -> Phone:
        """Let somebody outside have a phone."""
        phone = outside(self.asterisk, number_of(last_digits), tone_hz=CALLER_HZ)
        return await self._stack.enter_async_context(phone)

    async def talking(self, last_digits: int) -> Phone:
        """Let somebody call whom an agent answers at once, and talk."""
        calling = await self.caller(last_digits)
        await calling.hears(AGENT_HZ)
        return calling

    async def waiting(self, last_digits: int) -> Phone:
        """Let somebody call who has to wait, and hears music."""
        calling = await self.caller(last_digits)
        await calling.hears_something()
        return calling

    # What the server says.

    async def calls(self) -> list[Call]:
        """List the calls."""
        return [
            Call(
                call_id=told["id"],
                number=_bare(told["callingDevice"]["deviceIdentifier"]),
                parties={
                    each["deviceID"]: (each["localConnectionInfo"], each["since"])
                    for each in told["connections"]
                },
            )
            for told in (await self._state("calls"))["calls"]
        ]

    async def queue(self) -> list[str]:
        """List who waits in the queue, first come first."""
        waiting = sorted(
            (call.parties["acd:sales"][1], call.number)
            for call in await self.calls()
            if call.is_at("acd:sales", "queued")
        )
        return [number for _, number in waiting]

    async def agent_states(self) -> list[str]:
        """Give what the agents do who have come, in their order."""
        told = (await self._state("agents"))["agents"]
        states = {agent["id"]: agent["agentState"] for agent in told}
        return [states[f"S0{number}"] for number, _ in enumerate(self.agents, start=1)]

    async def is_linked(self) -> bool:
        """Tell whether the server hears Asterisk, and has taken in what it missed."""
        (link,) = (await self._state("links"))["links"]
        return bool(link["systemStatus"] == "normal")

    def events(self) -> list[dict[str, Any]]:
        """Read all that has happened in the centre so far."""
        return [msgspec.json.decode(envelope) for _, envelope in log_of(self._journal)]

    def cleared(self) -> dict[str, list[str]]:
        """Give the causes of the ends of each caller's calls, by number: one each, it should be."""
        ends: dict[str, list[str]] = {}
        for event in self.events():
            if event["type"] == "csta.callControl.CallCleared.v1":
                number = _bare(event["data"]["callingDevice"]["deviceIdentifier"])
                ends.setdefault(number, []).append(event["data"]["cause"])
        return ends

    def offered(self) -> list[str]:
        """List whose calls were offered to an agent, in that order."""
        numbers: dict[str, str] = {}
        offered: list[str] = []
        for event in self.events():
            call = event["subject"].removeprefix("call/")
            match event["type"]:
                case "csta.callControl.Offered.v1":
                    numbers[call] = _bare(event["data"]["callingDevice"]["deviceIdentifier"])
                case "cti.acd.AgentOffered.v1":
                    offered.append(numbers[event["data"]["callID"]])
        return offered

    # What is so on both sides.

    async def parties_here(self) -> Counter[str]:
        """List the parties of calls with a line of their own, as the server knows them."""
        return Counter(
            _bare(device)
            for call in await self.calls()
            for device, (state, _) in call.parties.items()
            if category_of(device) in ("number", "station") and state != "null"
        )

    async def parties_there(self) -> Counter[str]:
        """List whose channels are in the server's hands, as Asterisk knows them."""
        ours = await self.asterisk.ari("GET", f"applications/{self.asterisk.application}")
        names = set(ours["channel_ids"])
        return Counter(
            channel["caller"]["number"]
            if channel["name"].startswith("PJSIP/trunk-")
            else channel["name"].removeprefix("PJSIP/").rpartition("-")[0]
            for channel in await self.asterisk.ari("GET", "channels")
            if channel["id"] in names
        )

    async def agrees(self) -> bool:
        """Tell whether both know the same parties, and nobody is busy without a call."""
        here, there = await self.parties_here(), await self.parties_there()
        busy = [
            phone.name
            for phone, state in zip(self.agents, await self.agent_states(), strict=True)
            if state == "agentBusy"
        ]
        return here == there and sorted(busy) == sorted(set(_STATIONS) & set(here))

    async def _ask(self, service: str, **params: Any) -> None:
        answer = await self._http.post(f"{self._url}/services/{service}", json=params)
        assert answer.status_code == httpx.codes.OK, answer.text

    async def _state(self, what: str) -> dict[str, Any]:
        answer = await self._http.get(f"{self._url}/{what}")
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, Any] = answer.json()
        return found

    @property
    def _url(self) -> str:
        return f"http://{self.server.address}/cti/v1"


def number_of(last_digits: int) -> str:
    """Give the number of somebody outside."""
    return f"49171{last_digits:04}"


def _bare(device: str) -> str:
    """Give the number without what E.164 and the device's category add."""
    return device.rpartition(":")[2].removeprefix("+")


async def until(holds: Callable[[], Awaitable[bool]], limit_s: float = READY_S) -> float:
    """Wait until something is so; gives for how long that took, in seconds.

    Raises:
        TimeoutError: it did not come to be so.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(limit_s):
        while not await holds():  # noqa: ASYNC110 - a state of other processes
            await asyncio.sleep(_LOOK_S)
    return loop.time() - began


@asynccontextmanager
async def served(asterisk: Asterisk, path: Path) -> AsyncIterator[Served]:
    """Run a server on an Asterisk while the block runs."""
    async with Cut(asterisk.url).open() as way, AsyncExitStack() as stack:
        centre = Served(asterisk, way, path, stack)
        try:
            await centre.server.start()
            yield centre
        finally:
            await centre.server.kill()
