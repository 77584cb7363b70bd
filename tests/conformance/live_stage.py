"""Stages in real time: the engine on the event loop's clock, its switch behind a link that is ours.

People wait for a share of what the file says, and no longer than they must: the order in which
things happen stays. What the engine waits for (a phone that rings, wrap-up) it waits for in full,
by a clock that may run faster where the switch does so too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import msgspec

from csta.instants import SECOND, Milliseconds
from csta.system_events import SystemStatusValue
from ctiserver.core.switch_link import AnyObservation, LinkCapabilities, SwitchLink
from ctiserver.live.clock import AsyncioClock
from scenarios.world import World
from switch_sim.config import PhoneBehaviour
from tests.conformance.stage import Stage
from tests.ctiserver.centre import START
from tests.ctiserver.golden import Script
from tests.live.cut import Cut
from tests.live.host import LIMIT_S

_HEARS_S = 0.1
_LINGERS_S = 0.3
_BACK_AFTER_MS = 15 * SECOND
"""Who has missed a call comes back when all else is over, as in the file."""


class StoppableLink(SwitchLink, Protocol):
    """A link of the server's: it connects when it is attached to, until it is stopped."""

    async def stop(self) -> None:
        """Let go of the switch."""


class People(Protocol):
    """Everybody at the phones of a switch; times are those that really pass for the engine."""

    async def let_phone(self, who: str, behaviour: PhoneBehaviour) -> None:
        """Let a party's phone behave so when it is called."""

    async def do(self, who: str, does: str, keys: str) -> None:
        """Let a party do something; `keys` are what is pressed or dialled."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How time passes: the engine's runs `speed` times as fast as the wall's.

    People wait for `share` of what the file says, `longest_ms` of the engine's time at most.
    """

    speed: float = 1.0
    share: float
    longest_ms: Milliseconds

    def shortened(self, duration_ms: Milliseconds) -> Milliseconds:
        """Give what people wait for."""
        return min(round(duration_ms * self.share), self.longest_ms)

    def clock(self) -> AsyncioClock:
        """Make the clock, which runs from now on."""
        return AsyncioClock(asyncio.get_running_loop(), START, self.speed)


class LateLink:
    """Stands before a link and attaches to it when all listen; it tells at once that it is down."""

    def __init__(self, link: StoppableLink) -> None:
        """Let nothing happen yet."""
        self.link_id = link.link_id
        self.execute = link.execute
        self.stop = link.stop
        self._link = link

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Remember who wants to hear."""
        self._observe = observe

    def connect(self) -> None:
        """Let him hear."""
        self._link.attach(self._observe)


class LiveStage(Stage):
    """A stage in real time; made by `live_stage`."""

    is_live = True

    def __init__(
        self, script: Script, link: StoppableLink, way: Cut, clock: AsyncioClock, pace: Pace
    ) -> None:
        """Begin to connect; `way` is that by which the link reaches its switch."""
        plan = msgspec.structs.replace(script.plan, back_after_ms=_BACK_AFTER_MS)
        self._link = LateLink(link)
        super().__init__(script, World(plan, clock=clock, link=lambda _simulated: self._link))
        self.patience_ms = round(60 * SECOND * max(1.0, pace.speed / 2))
        self.lingers_ms = round(_LINGERS_S * SECOND * pace.speed)
        self._way = way
        self._pace = pace
        self._news = asyncio.Event()
        self.host.log.listeners.append(lambda _batch: self._news.set())
        self.people: People

    def shortened(self, duration_ms: Milliseconds) -> Milliseconds:
        """Give the time that people really take."""
        return self._pace.shortened(duration_ms)

    async def pass_time(self, duration_ms: Milliseconds) -> None:
        """Wait."""
        await asyncio.sleep(duration_ms / SECOND / self._pace.speed)

    async def hear(self) -> None:
        """Wait until something is told, or for a little while."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), _HEARS_S)
        self._news.clear()

    async def let_phone(self, who: str, behaviour: PhoneBehaviour) -> None:
        """Let a party's phone behave so when it is called."""
        await self.people.let_phone(who, behaviour)

    async def do(self, who: str, does: str, keys: str) -> None:
        """Let a party do something."""
        await self.people.do(who, does, keys)

    async def cut(self) -> None:
        """Cut the connection, and keep it from coming back."""
        self._way.closed = True
        self._way.cut()
        await self._until(SystemStatusValue.DISABLED)

    async def mend(self) -> None:
        """Let connections through again."""
        self._way.closed = False

    async def start(self) -> None:
        """Connect, and wait for the switch."""
        self._link.connect()
        self.world.start()
        await self._until(SystemStatusValue.NORMAL)

    async def _until(self, status: SystemStatusValue) -> None:
        async with asyncio.timeout(LIMIT_S):
            while self.world.engine.resynchronising.status is not status:
                await self.hear()


@asynccontextmanager
async def live_stage(
    script: Script,
    link: Callable[[str], StoppableLink],
    switch_url: str,
    clock: AsyncioClock,
    pace: Pace,
) -> AsyncIterator[LiveStage]:
    """Have an engine in real time while the block runs.

    `link` makes the link to a URL: that of a way to `switch_url` that can be cut. `clock` is the
    engine's, by `pace`.

    Raises:
        AssertionError: something in the engine or the link has failed.
    """
    loop, faults = asyncio.get_running_loop(), list[str]()
    loop.set_exception_handler(lambda _loop, context: faults.append(str(context)))
    async with Cut(switch_url).open() as way:
        reach = link(way.url)
        stage = LiveStage(script, reach, way, clock, pace)
        try:
            yield stage
        finally:
            stage.world.driver.stop()
            await reach.stop()
            loop.set_exception_handler(None)
    assert faults == []


def declaring(script: Script, link: LinkCapabilities) -> Script:
    """Let the engine of a scenario know what its link can do."""
    engine = msgspec.structs.replace(script.plan.engine, link=link)
    plan = msgspec.structs.replace(script.plan, engine=engine)
    return msgspec.structs.replace(script, plan=plan)
