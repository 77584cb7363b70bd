"""The link to a switch in a process of its own, with real sockets, and with the engine behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest
import simpy

from ctiserver.core.driver import Driver
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput, Observed, Requested
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.outlets import Outlets
from ctiserver.core.switch_link import (
    Answer,
    AnyObservation,
    Dial,
    LegGone,
    LegSeen,
    LegUp,
    LinkDown,
    LinkUp,
)
from ctiserver.core.wire import Published
from ctiserver.live.clock import AsyncioClock
from ctiserver.live.links.pbx import PbxLink
from switch_sim.callers import CallerPlan
from switch_sim.config import PhoneAct, PhoneBehaviour
from switch_sim.paced import Pacer
from switch_sim.served import ServedPbx
from switch_sim.switch import SimulatedPbx
from tests.ctiserver.centre import CALLER, FOR_EVER, OURS, START, centre_plan

SOON_S = 20.0


class Switch:
    """A served switch whose listening can be stopped and begun anew."""

    def __init__(self) -> None:
        """Build it on the running loop; time runs ten times as fast as the clock."""
        env = simpy.Environment(initial_time=START)
        self.clock = AsyncioClock(asyncio.get_running_loop(), START, speed=10)
        self.pbx = SimulatedPbx(env, centre_plan().pbx)
        self.pacer = Pacer(env, self.clock)
        self.pacer.start()
        self.address = ""
        self._served: ServedPbx

    async def open(self, boot: str = "run-1") -> None:
        """Listen, at the same address each time."""
        self._served = ServedPbx(self.pbx, self.pacer, boot)
        self.address = await self._served.start(self.address or "127.0.0.1:0")

    async def close(self) -> None:
        """Listen no more; calls live on."""
        await self._served.stop()

    def call(self) -> str:
        """Let a caller call, and give his leg."""
        plan = CallerPlan(number=CALLER, dialled=OURS, talk_ms=FOR_EVER)
        assert self.pacer.act(lambda: self.pbx.offer_call(plan))
        leg: str = self.pbx.snapshot()[-1]["leg"]
        return leg

    def hang_up(self, name: str) -> None:
        """Let somebody hang up."""
        self.pacer.act(lambda: self.pbx.hang_up(name))


@asynccontextmanager
async def a_switch() -> AsyncIterator[Switch]:
    switch = Switch()
    await switch.open()
    yield switch
    await switch.close()
    switch.pacer.stop()


class Listener:
    """Writes down what a link tells."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.told: list[AnyObservation] = []
        self._news = asyncio.Event()

    def __call__(self, what: AnyObservation) -> None:
        self.told.append(what)
        self._news.set()

    async def until(self, is_there: Callable[[], object]) -> None:
        """Wait until something is so; it is looked at whenever something is told."""
        async with asyncio.timeout(SOON_S):
            while not is_there():
                self._news.clear()
                await self._news.wait()

    def kinds(self) -> list[str]:
        return [type(what).__name__ for what in self.told]


def _has(told: Listener, kind: str, count: int) -> bool:
    return told.kinds().count(kind) == count


async def test_a_link_tells_what_the_switch_does_and_the_switch_does_what_it_is_told() -> None:
    async with a_switch() as switch:
        leg = switch.call()
        told, link = Listener(), PbxLink(switch.address, "sim1")
        link.attach(told)
        await told.until(lambda: link.is_up)
        assert told.told[0] == LinkDown()
        assert isinstance(told.told[1], LinkUp)
        assert [each["leg"] for each in told.told[1].legs] == [leg]
        assert told.told[1].boot == "run-1"
        link.execute(Answer(leg))
        link.execute(Dial("l-1", device="station:1001"))
        await told.until(lambda: LegUp("l-1") in told.told)
        assert told.told.index(LegUp(leg)) < told.told.index(LegSeen("l-1", device="station:1001"))
        switch.hang_up(leg)
        await told.until(lambda: any(isinstance(what, LegGone) for what in told.told))
        await link.stop()


async def test_a_loss_is_told_at_once_and_the_link_comes_back_by_itself() -> None:
    async with a_switch() as switch:
        told, link = Listener(), PbxLink(switch.address, "sim1")
        link.attach(told)
        await told.until(lambda: link.is_up)
        for count in (2, 3):
            await switch.close()
            await told.until(lambda: not link.is_up)
            leg = switch.call()
            link.execute(Answer(leg))
            await switch.open()
            await told.until(partial(_has, told, "LinkUp", count))
        legs = [what.legs for what in told.told if isinstance(what, LinkUp)]
        assert [len(each) for each in legs] == [0, 1, 2]
        assert {each["state"] for each in legs[2]} == {"seen"}, "a command that was dropped came"
        assert [kind for kind in told.kinds() if kind.startswith("Link")] == 3 * [
            "LinkDown",
            "LinkUp",
        ]
        await link.stop()


async def test_a_switch_that_is_asked_again_tells_all_its_legs_and_stays_up() -> None:
    async with a_switch() as switch:
        told, link = Listener(), PbxLink(switch.address, "sim1")
        link.audit()
        link.attach(told)
        await told.until(lambda: _has(told, "LinkUp", 1))
        leg = switch.call()
        await told.until(lambda: _has(told, "LegSeen", 1))
        link.audit()
        await told.until(lambda: _has(told, "LinkUp", 2))
        again = told.told[-1]
        assert isinstance(again, LinkUp)
        assert [each["leg"] for each in again.legs] == [leg]
        assert told.kinds() == ["LinkDown", "LinkUp", "LegSeen", "LinkUp"]
        assert link.is_up
        await link.stop()


async def test_a_switch_that_is_silent_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiserver.live.links.pbx.SILENCE_MS_MAX", 300)
    monkeypatch.setattr("switch_sim.served.HEARTBEAT_MS", 1_000_000)
    async with a_switch() as switch:
        told, link = Listener(), PbxLink(switch.address, "sim1")
        link.attach(told)
        await told.until(lambda: told.kinds()[:4] == ["LinkDown", "LinkUp", "LinkDown", "LinkUp"])
        await link.stop()


async def test_who_talks_nonsense_is_left_alone_and_tried_again() -> None:
    nonsense = [b'{"type":"LegUp"}\n', b"what?\n", b'{"type":"Unheard","leg":"1"}\n']
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        await reader.readline()
        writer.write(nonsense[connections % 3])
        connections += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told, link = Listener(), PbxLink(f"127.0.0.1:{port}", "sim1")
    link.attach(told)
    async with asyncio.timeout(SOON_S):
        while connections < 4:  # noqa: ASYNC110 - the server counts, nobody tells
            await asyncio.sleep(0.01)
    assert told.kinds() == ["LinkDown"]
    await link.stop()
    server.close()
    await server.wait_closed()


class Centre(Listener):
    """An engine behind a link, in real time."""

    def __init__(self, switch: Switch) -> None:
        """Begin to connect."""
        super().__init__()
        self.engine = Engine(centre_plan().engine)
        self.link = PbxLink(switch.address, "sim1")
        self.events: list[Published] = []
        outlets = Outlets(
            execute=self.link.execute,
            reply=lambda _reply: None,
            publish=self._publish,
            look_up=lambda _asked: None,
            ask_router=lambda _question: None,
        )
        self.driver: Driver[EngineInput, EngineDecision] = Driver(
            self.engine, switch.clock, outlets.perform
        )
        self.driver.start()
        self.link.attach(self._take)

    def _take(self, what: AnyObservation) -> None:
        self.driver.submit(Observed(what))
        self(what)

    def _publish(self, events: Sequence[Published]) -> None:
        self.events.extend(events)
        self._news.set()

    def set_agent(self, agent_id: str, state: str) -> None:
        params = {"agentID": agent_id, "requestedAgentState": state}
        self.driver.submit(Requested(f"r-{agent_id}-{state}", "SetAgentState", params))

    def story(self) -> list[str]:
        return [type(event.data).__name__ for event in self.events]

    async def stop(self) -> None:
        await self.link.stop()
        self.driver.stop()


async def test_callers_who_wait_and_callers_who_talk_live_through_a_loss_of_the_link() -> None:
    async with a_switch() as switch:
        switch.pbx.dial_plan.phones["station:1001"].behaviour = PhoneBehaviour(PhoneAct.ANSWERS, 0)
        centre = Centre(switch)
        await centre.until(lambda: centre.link.is_up)
        centre.set_agent("anna", "loggedOn")
        centre.set_agent("anna", "ready")
        legs = [switch.call() for _ in range(3)]
        await centre.until(lambda: centre.story().count("Queued") == 2)
        await centre.until(lambda: "Established" in centre.story())
        await switch.close()
        await centre.until(lambda: not centre.link.is_up)
        switch.hang_up(legs[1])  # one who waits gives up meanwhile
        legs.append(switch.call())  # and another one calls
        await switch.open()
        await centre.until(lambda: centre.story().count("LinkResynchronised") == 2)
        ended = [e for e in centre.events if type(e.data).__name__ == "CallCleared"]
        assert [event.synthetic for event in ended] == [True]
        waiting = [call for call in centre.engine.acd.calls.values() if call.waits]
        assert len(waiting) == 2
        talking = {leg.leg_id for leg in centre.engine.model.legs.values()}
        assert talking == {each["leg"] for each in switch.pbx.snapshot()}
        switch.hang_up(legs[0])
        await centre.until(lambda: centre.story().count("AgentOffered") == 2)
        await centre.stop()


async def test_a_switch_that_was_started_anew_has_lost_its_calls_and_every_call_ends_once() -> None:
    async with a_switch() as switch:
        centre = Centre(switch)
        await centre.until(lambda: centre.link.is_up)
        for _ in range(3):
            switch.call()
        await centre.until(lambda: centre.story().count("Queued") == 3)
        address = switch.address
        await switch.close()
        fresh = Switch()
        fresh.address = address
        await fresh.open("run-2")
        await centre.until(lambda: centre.story().count("CallCleared") == 3)
        causes = {e.data.cause for e in centre.events if type(e.data).__name__ == "CallCleared"}
        assert causes == {"switchingFunctionTerminated"}
        assert not centre.engine.model.calls
        await centre.stop()
        await fresh.close()
        fresh.pacer.stop()
