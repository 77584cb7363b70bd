"""A whole server beside the test: two teams, a key for each role, a call that Anna is talking in.

It runs on a loop of its own in a thread of its own, so that clients which block can ask it, and it
is what `offhook serve` runs: journal, uvicorn, access file; only the limits of rates are lifted.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from csta.ids import ConnectionId
from csta.states import ConnectionState
from ctiserver.core.principals import Role
from ctiserver.live.access_file import PEPPER_FILE
from ctiserver.live.api_keys import new_key
from ctiserver.live.rate_limits import Rate, Rates
from ctiserver.live.secret import Secret
from scenarios.served_centre import ServedCentre, served_centre
from scenarios.served_switch import OwnSwitch
from scenarios.server_file import load_server_file
from switch_sim.callers import CallerPlan
from switch_sim.config import PhoneAct, PhoneBehaviour
from tests.ctiserver.centre import FOR_EVER

T = TypeVar("T")

SALES_NUMBER, SUPPORT_NUMBER = "+4930555100", "+4930555150"
_LIMIT_S = 30.0
_SPEED = 20
_FREE = Rate(1_000_000, 1_000_000)
_LIFTED = Rates(commands=_FREE, tenant=_FREE, originate=_FREE, connects=_FREE, tokens=_FREE)

_PLAN = """\
queues:
  sales: {skills: {sales: 1}, wrap_up: 5 s}
  support: {skills: {support: 1}, wrap_up: 5 s}
agents:
  - {id: anna, name: Anna, station: 1001, skills: {sales: 5}}
  - {id: bea, name: Bea, station: 1002, skills: {sales: 3}}
  - {id: carl, name: Carl, station: 1003, skills: {support: 5}}
  - {id: sue, name: Sue, station: 1009, skills: {leads: 1}}
"""
_CENTRE = f"""\
scenario: offices
starts_at: 2026-11-23 08:00
lasts: 4 h
trunks: {{pstn: 40}}
voice_units: 4
customers: 10
plan: plan.yaml
numbers:
  {SALES_NUMBER}: queue sales
  {SUPPORT_NUMBER}: queue support
callers: [{{dials: {SALES_NUMBER}, per_hour: 60, talk: constant 1 min}}]
"""
_SERVER = f"""\
server: offices
centre: centre.yaml
http: {{listen: 127.0.0.1:0}}
simulate: {{speed: {_SPEED}}}
drain: 0 s
"""

_AS_USUAL: dict[str, dict[str, Any]] = {
    "SetDoNotDisturb": {"device": "station:1001", "doNotDisturbOn": False},
    "SetForwarding": {"device": "station:1001", "activateForward": False},
    "SetAgentSkills": {"agentID": "anna", "skills": {"sales": 5}},
    "PauseAgentQueue": {"agentID": "anna", "queue": "acd:sales", "paused": False},
}
"""What makes Anna's phone ring again, whatever clients have asked for."""

WHO: dict[Role, str] = {
    Role.AGENT: "agent: anna",
    Role.SUPERVISOR: "agent: sue, teams: [acd:sales]",
    Role.WALLBOARD: "",
    Role.ROUTER: "",
    Role.DIALER: "devices: [acd:sales]",
    Role.INTEGRATION: "",
    Role.ADMIN: "",
}
"""Each role, and what its key says beside the role: whose it is, and what it may reach."""


class StaffedServer:
    """A server at work; made by `staffed_server`."""

    def __init__(
        self, centre: ServedCentre, loop: asyncio.AbstractEventLoop, keys: dict[Role, str]
    ) -> None:
        """Let phones be answered as soon as they ring."""
        self.centre = centre
        self.keys = keys
        self.url = "http://{}:{}".format(*centre.http)
        self._loop = loop
        assert isinstance(centre.switch, OwnSwitch)
        self._switch = centre.switch
        self._requests = 0
        for phone in self._switch.pbx.dial_plan.phones.values():
            phone.behaviour = PhoneBehaviour(PhoneAct.ANSWERS, 1_000)

    def do(self, action: Coroutine[Any, Any, T]) -> T:
        """Do something on the server's own loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(_LIMIT_S)

    async def asked(self, service: str, **params: Any) -> None:
        """Ask the engine itself, as nobody in particular; it may refuse."""
        self._requests += 1
        await self.centre.host.ask(f"test-{self._requests}", service, params, "test")

    async def call_in(self, number: str = SALES_NUMBER) -> None:
        """Let somebody call who never tires."""
        plan = CallerPlan(number="+491701234567", dialled=number, talk_ms=FOR_EVER)
        switch = self._switch
        assert switch.pacer.act(lambda: switch.pbx.offer_call(plan))

    async def talk(self) -> ConnectionId:
        """Let Anna talk to a caller, if she does not, and give her connection."""
        found = self._talking()
        if found is not None:
            return found
        model = self.centre.host.engine.model
        for call_id in list(model.calls):
            await self.asked("ClearCall", callToBeCleared={"callID": call_id})
        await self._until(lambda: not model.calls)
        for service, params in _AS_USUAL.items():
            await self.asked(service, **params)
        for state in ("loggedOn", "notReady", "ready"):
            await self.asked("SetAgentState", agentID="anna", requestedAgentState=state)
        await self.call_in()
        await self._until(self._talking)
        return await self.talk()

    async def collection(self, wire: dict[str, str]) -> str:
        """Give the digits' collection that is under way on Anna's connection; begin it, if none."""
        under_way = self.centre.host.engine.collections.by_leg
        if not under_way:
            await self.asked("StartDataCollection", object=wire)
        (collecting,) = under_way.values()
        return collecting.cross_ref_id

    def _talking(self) -> ConnectionId | None:
        """Give Anna's connection, if she is in one call and talks in it."""
        links = self.centre.host.engine.model.at_device.get("station:1001", [])
        if len(links) != 1 or links[0].state is not ConnectionState.CONNECTED:
            return None
        return links[0].key

    async def _until(self, holds: Callable[[], object]) -> None:
        arrival = asyncio.Event()
        listeners = self.centre.host.log.listeners

        def hear(_batch: object) -> None:
            arrival.set()

        listeners.append(hear)
        try:
            async with asyncio.timeout(_LIMIT_S):
                while not holds():
                    await arrival.wait()
                    arrival.clear()
        finally:
            listeners.remove(hear)


@contextmanager
def staffed_server(folder: Path) -> Iterator[StaffedServer]:
    """Serve the two teams while the block runs."""
    keys = _write_files(folder)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()
    is_up: asyncio.Future[ServedCentre] = loop.create_future()
    is_over = asyncio.Event()

    async def serve() -> None:
        try:
            async with served_centre(
                load_server_file(folder / "server.yaml"), rates=_LIFTED
            ) as centre:
                is_up.set_result(centre)
                await is_over.wait()
        except Exception as fault:
            if is_up.done():
                raise
            is_up.set_exception(fault)

    async def opened() -> ServedCentre:
        return await is_up

    served = asyncio.run_coroutine_threadsafe(serve(), loop)
    try:
        centre = asyncio.run_coroutine_threadsafe(opened(), loop).result(_LIMIT_S)
        yield StaffedServer(centre, loop, keys)
    finally:
        loop.call_soon_threadsafe(is_over.set)
        served.result(_LIMIT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_LIMIT_S)
        loop.close()


def _write_files(folder: Path) -> dict[Role, str]:
    """Write what `offhook serve` reads, and give the key of each role."""
    pepper = Secret("p" * 40)
    lines, keys = ["keys:"], {}
    for role, more in WHO.items():
        key, key_id, digest = new_key(pepper)
        keys[role] = key.reveal()
        extra = f", {more}" if more else ""
        lines.append(f"  - {{name: {role}, id: {key_id}, hash: '{digest}', role: {role}{extra}}}")
    for name, text in {
        "plan.yaml": _PLAN,
        "centre.yaml": _CENTRE,
        "server.yaml": _SERVER,
        "access.yaml": "\n".join(lines) + "\n",
        PEPPER_FILE: pepper.reveal(),
    }.items():
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o600)
    return keys
