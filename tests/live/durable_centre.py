"""A call centre whose engine is hosted as the server does it: journal, clock, simulated switch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import simpy

from csta.customers import Match
from csta.errors import CtiError
from csta.instants import Instant
from ctiserver.core.inputs import LookedUp
from ctiserver.core.outbox import LookUp
from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkUp, SwitchLink
from ctiserver.core.wire import Published
from ctiserver.live.engine_host import DurableHost
from ctiserver.live.event_log import Logged
from ctiserver.live.journal_reader import JournalReader, older_events
from ctiserver.live.journal_store import SqliteStore
from ctiserver.live.ports import Answered
from ctiserver.live.recovery import begin, recover
from ctiserver.live.standing_clock import StandingClock
from scenarios.world import Plan
from switch_sim.callers import CallerPlan
from switch_sim.paced import Pacer
from switch_sim.switch import SimulatedPbx
from tests.ctiserver.centre import CALLER, OURS, centre_plan

LONG_S = 20.0


def wall() -> Instant:
    """Give the wall clock's instant."""
    return time.time_ns() // 1_000_000


class WatchedStore(SqliteStore):
    """A store that remembers its transactions."""

    def start(self, on_commit: Callable[[int], object]) -> None:
        """Begin to write."""
        self.commits: list[int] = []

        def note(serial: int) -> None:
            self.commits.append(serial)
            on_commit(serial)

        super().start(note)


class WatchedLink:
    """A link that remembers its commands."""

    def __init__(self, link: SwitchLink) -> None:
        """Stand before a link."""
        self.link_id = link.link_id
        self.executed: list[AnyCommand] = []
        self._link = link

    def execute(self, command: AnyCommand) -> None:
        """Pass a command on."""
        self.executed.append(command)
        self._link.execute(command)

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Pass observations on."""
        self._link.attach(observe)


class DurableCentre:
    """One life of a server; a second one on the same path goes on where the first has ended."""

    def __init__(
        self,
        path: Path,
        plan: Plan | None = None,
        *,
        speed: float = 100.0,
        wall: Callable[[], Instant] = wall,
    ) -> None:
        """Build it on the running loop."""
        self.path = path
        self.plan = plan or centre_plan()
        self.store = WatchedStore(path, reserve_bytes=0)
        self.recovered = recover(path) or begin(self.plan.engine, "test", wall())
        self.clock = StandingClock(
            asyncio.get_running_loop(), self.recovered.at, wall=wall, speed=speed
        )
        self.env = simpy.Environment(initial_time=self.recovered.at)
        self.pbx = SimulatedPbx(self.env, self.plan.pbx)
        self.pacer = Pacer(self.env, self.clock)
        self.link = WatchedLink(self.pacer.link(self.pbx))
        self.host = DurableHost(
            self.recovered,
            clock=self.clock,
            store=self.store,
            link=self.link,
            look_up=self._look_up,
            older=older_events(path),
        )
        self.log: list[Published] = []
        self.host.log.listeners.append(self._take)
        self.requests = 0

    async def __aenter__(self) -> Self:
        """Start it."""
        self.pacer.start()
        await self.host.start(LinkUp(self.pbx.snapshot()))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        self.pacer.stop()
        await self.host.stop(within_s=1.0)

    async def ask(self, service: str, **params: Any) -> Answered:
        """Ask for a service, and give the answer."""
        self.requests += 1
        return await self.host.ask(f"r-{self.requests}", service, params, "test")

    async def asked(self, service: str, **params: Any) -> Answered:
        """Ask for a service that must be granted."""
        answered = await self.ask(service, **params)
        assert answered.error is None, answered.error
        return answered

    async def log_on(self, *agent_ids: str) -> None:
        """Let agents log on and be ready."""
        for agent_id in agent_ids:
            for state in ("loggedOn", "ready"):
                await self.asked("SetAgentState", agentID=agent_id, requestedAgentState=state)

    def call(self, number: str = CALLER, dialled: str = OURS, talk_ms: int = 3_600_000) -> None:
        """Let a caller call."""
        plan = CallerPlan(number=number, dialled=dialled, talk_ms=talk_ms)
        assert self.pacer.act(lambda: self.pbx.offer_call(plan))

    def events(self, name: str) -> list[Published]:
        """List the events of a name that the log has told of."""
        return [event for event in self.log if type(event.data).__name__ == name]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something."""
        async with asyncio.timeout(LONG_S):
            while not holds():  # noqa: ASYNC110 - whatever it is, nobody sets an event for it
                await asyncio.sleep(0.002)

    def lines(self) -> list[bytes]:
        """Read the journal as another process would."""
        with closing(JournalReader(self.path)) as reader:
            return list(reader.lines())

    def _take(self, batch: Sequence[Logged]) -> None:
        self.log += [logged.event for logged in batch]

    def _look_up(self, asked: LookUp) -> None:
        self.host.submit(LookedUp(asked.call_id, Match.UNKNOWN))


def refused(answered: Answered) -> CtiError:
    """Give the error of an answer that must have one."""
    assert answered.error is not None
    return answered.error
