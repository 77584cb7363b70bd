"""A server that is killed again and again while people call, and what must be so afterwards.

The switch is a process of its own: calls live on, callers give up and new ones come in while the
server is away.
"""

from __future__ import annotations

import asyncio
import random
from itertools import count
from typing import Any

import httpx
import msgspec
from websockets.exceptions import ConnectionClosed

from tests.live.processes import READY_S, Folder, People, Process
from tests.live.socket_clients import SocketClient

CALLS_PER_SECOND = 20
QUICK, SLOW = "+4930555200", "+4930555300"
SLOW_QUEUE = "acd:slow"
SPARE = ("X01", "X02", "X03")
"""Agents whom nobody calls: their states are what the commands of the test set."""
WORKING = (*(f"Q{number:02}" for number in range(1, 31)), "S01", "S02", "S03")

CENTRE = """\
scenario: killed
about: A quick queue, and a slow one where callers wait, and where some lose their patience.
starts_at: 2026-11-23 08:00
lasts: 4 h
trunks: {pstn: 1500}
customers: 50
plan:
  queues:
    quick: {skills: {quick: 1}, wrap_up: 100 ms}
    slow: {skills: {slow: 1}, wrap_up: 100 ms}
  agents:
    - {id: Q, name: Quick, count: 30, station: 2001, skills: {quick: 5}}
    - {id: S, name: Slow, count: 3, station: 3001, skills: {slow: 5}}
    - {id: X, name: Spare, count: 3, station: 4001, skills: {spare: 5}}
numbers:
  +49 30 555 200: queue quick
  +49 30 555 300: queue slow
callers: [{dials: +49 30 555 200, per_hour: 60, talk: constant 1 s}] # the test lets people call
behaviour:
  answer_after: constant 200 ms
  no_answer: 0 %
"""


class Command(msgspec.Struct):
    """A request with an idempotency key; `answer` is None while nobody knows what became of it."""

    key: str
    service: str
    params: dict[str, Any]
    answer: bytes | None = None


class KilledCentre:
    """A server and its switch, people who call, clients that listen, one that commands."""

    def __init__(self, folder: Folder, pbx: Process, people: People) -> None:
        """Know the switch, which runs; the server does not run yet."""
        self.folder = folder
        self.people = people
        self.chance = random.Random(4)  # noqa: S311 - when a server dies is no secret
        tokens = [folder.keys.add(name) for name in ("watcher", "desk", "judge", "starter")]
        self.server = folder.server(link={"pbx": pbx.address})
        self.clients = [SocketClient(self.address, tokens[0], f"client-{n}") for n in range(2)]
        self.commands: list[Command] = []
        self.called: dict[str, str] = {}
        """The numbers of the callers in the order in which they called, and what they dialled."""
        self.alive: dict[str, None] = {}
        """The calls that the first client believes to be there."""
        self.busy = True
        """Whether people call and commands are given."""
        self.clients[0].on_event = self._note
        self._desk, self._judge, self._starter = (
            httpx.AsyncClient(
                headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=READY_S
            )
            for token in tokens[1:]
        )

    def address(self) -> str:
        """Tell where the server is now."""
        return self.server.address

    # What goes on all the time.

    async def log_on(self) -> None:
        """Let all agents log on and be ready, by the API."""
        for agent_id in (*WORKING, *SPARE):
            for state in ("loggedOn", "ready"):
                params = {"agentID": agent_id, "requestedAgentState": state}
                await self._ask(self._starter, Command("", "SetAgentState", params))

    async def call(self) -> None:
        """Let people call until `busy` is over."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in count():
            dialled = SLOW if number % 3 == 0 else QUICK
            caller: dict[str, Any] = {
                "number": f"+4917{number:07}",
                "dialled": dialled,
                "talk_ms": round(self.chance.expovariate(1 / 700)),
                "patience_ms": round(self.chance.uniform(2_000, 9_000)),
            }
            if number % 9 == 0:
                caller["patience_ms"] = None  # waits however long a busy machine takes to start
            if not self.busy:
                return
            self.called[caller["number"]] = dialled
            assert await self.people.act("OfferCall", caller=caller) is not None, "a trunk is free"
            await asyncio.sleep(max(0.0, began + number / CALLS_PER_SECOND - loop.time()))

    async def listen(self, client: SocketClient) -> None:
        """Read all that a client is sent, over all lives of the server, until it is cancelled."""
        while True:
            try:
                await client.next()
            except ConnectionClosed:
                await client.come()

    async def command(self) -> None:
        """Ask for one thing after the other until `busy` is over; errors are for later."""
        for number in count():
            if not self.busy:
                return
            command = self._new_command(number)
            self.commands.append(command)
            try:
                command.answer, _ = await self._ask(self._desk, command)
            except httpx.TransportError:
                await asyncio.sleep(0.05)  # the server is away; what became of it is seen later
                continue
            await asyncio.sleep(0.06)

    def _new_command(self, number: int) -> Command:
        if number % 3 == 0 or not self.alive:
            agent_id = SPARE[number // 3 % len(SPARE)]
            state = ("notReady", "ready")[number // 3 // len(SPARE) % 2]
            params: dict[str, Any] = {"agentID": agent_id, "requestedAgentState": state}
            return Command(f"key-{number}", "SetAgentState", params)
        call = self.chance.choice(list(self.alive))
        params = {
            "existingCall": {"callID": call},
            "correlatorData": {"note": number},
        }
        return Command(f"key-{number}", "AssociateData", params)

    def _note(self, envelope: bytes) -> None:
        event = msgspec.json.decode(envelope)
        if event["subject"].startswith("call/"):
            call = event["subject"].removeprefix("call/")
            if event["type"] == "csta.callControl.CallCleared.v1":
                self.alive.pop(call, None)
            else:
                self.alive[call] = None

    # What is asked in between.

    async def waiting(self) -> list[tuple[int, str]]:
        """List who waits in the slow queue, and since when, in the order of that."""
        calls = (await self.state("calls"))["calls"]
        return sorted(
            (connection["since"], call["id"])
            for call in calls
            for connection in call["connections"]
            if connection["deviceID"] == SLOW_QUEUE
            and connection["localConnectionInfo"] == "queued"
        )

    async def state(self, what: str) -> dict[str, Any]:
        """Read a part of the state."""
        answer = await self._judge.get(f"http://{self.address()}/cti/v1/{what}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def answered(self, after: int) -> int:
        """Count the answers to the commands after a place in their list."""
        return sum(command.answer is not None for command in self.commands[after:])

    async def ask_again(self, commands: list[Command]) -> int:
        """Ask for the same under the same keys: what was answered must be answered again."""
        known = 0
        for command in commands:
            answer, replayed = await self._ask(self._desk, command)
            if command.answer is not None:
                known += 1
                assert answer == command.answer, "an acknowledged answer has changed"
                assert replayed, "an acknowledged request was carried out twice"
            command.answer = answer
        return known

    async def _ask(self, desk: httpx.AsyncClient, command: Command) -> tuple[bytes, bool]:
        """Ask until it is not too often; gives the answer, and whether it was there before."""
        while True:
            answer = await desk.post(
                f"http://{self.address()}/cti/v1/services/{command.service}",
                json=command.params,
                headers={"Idempotency-Key": command.key} if command.key else {},
            )
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(0.1)
        # Who is ready already cannot be made ready: that is an answer too, and as good as others.
        granted = (httpx.codes.OK, httpx.codes.CONFLICT)
        assert answer.status_code in granted, (command, answer.text)
        return answer.content, answer.headers.get("Idempotency-Replayed") == "true"

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self.clients:
            await client.end()
        for desk in (self._desk, self._judge, self._starter):
            await desk.aclose()
