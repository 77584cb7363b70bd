"""A call centre in real time: the same world, on an event loop, at the speed that is asked for.

    async with paced_world(plan, speed=10, store=store) as world:
        world.act(lambda: world.pbx.offer_call(caller))
        await world.sleep(60_000)

Events are projected to the store in batches, look-ups are answered when the store has answered.
A fault anywhere, in a timer, a look-up or the projection, ends the block and is raised from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from crm_bridge.store import Store
from csta.instants import SECOND, Instant, Milliseconds
from ctiserver.core.driver import Clock, Timer
from ctiserver.core.inputs import LookedUp
from ctiserver.core.outbox import LookUp
from ctiserver.core.switch_link import SwitchLink
from ctiserver.live.clock import AsyncioClock
from scenarios.world import Plan, World
from switch_sim.paced import PacedLink, Pacer

T = TypeVar("T")

_PROJECT_EVERY_S = 0.1
_BATCH = 512


@asynccontextmanager
async def paced_world(
    plan: Plan,
    *,
    speed: float = 1.0,
    store: Store | None = None,
    journal: Callable[[bytes], object] | None = None,
) -> AsyncIterator[PacedWorld]:
    """Run a world in real time while the block runs; its agents come to work at once.

    When the block ends, however it ends, the world stands still and the store has all its events.

    Raises:
        Exception: whatever has gone wrong inside the world; the block is cancelled by it.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            world = PacedWorld(plan, speed, store, journal, tasks)
            try:
                world.start()
                yield world
            finally:
                await world.stop()
    except ExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        fault = group.exceptions[0]
        raise fault from fault.__cause__


class PacedWorld(World):
    """A world whose switch and engine follow an event loop's clock; made by `paced_world`."""

    pacer: Pacer

    def __init__(
        self,
        plan: Plan,
        speed: float,
        store: Store | None,
        journal: Callable[[bytes], object] | None,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Build it on the running loop; `speed` is in world's seconds for each second."""
        loop = asyncio.get_running_loop()
        self._speed = speed
        self._tasks = tasks
        self._stopping = asyncio.Event()
        self._fault: asyncio.Future[None] = loop.create_future()
        super().__init__(
            plan,
            store=store,
            journal=journal,
            clock=_WatchedClock(AsyncioClock(loop, plan.starts_at, speed), self._fail),
            link=self._pace,
            look_up=self._look_up_later,
        )
        self._watch = tasks.create_task(self._wait_for_fault())
        self._projection = tasks.create_task(self._keep_projecting())

    def start(self) -> None:
        """Let the agents come to work, and time pass."""
        self.pacer.start()
        super().start()

    async def stop(self) -> None:
        """Stand still, and bring the store up to date unless something has gone wrong."""
        self._halt()
        if not self._fault.done():
            self._watch.cancel()
        self._stopping.set()
        await asyncio.wait([self._projection])

    def act(self, action: Callable[[], T]) -> T:
        """Let somebody do something at the switch now: call, press keys, hang up."""
        return self.pacer.act(action)

    async def sleep(self, duration_ms: Milliseconds) -> None:
        """Wait for so much of the world's time."""
        await asyncio.sleep(duration_ms / SECOND / self._speed)

    def _pace(self, link: SwitchLink) -> PacedLink:
        self.pacer = Pacer(self.env, self.clock)
        return self.pacer.link(link)

    def _look_up_later(self, asked: LookUp) -> None:
        self._tasks.create_task(self._answer(asked))

    async def _answer(self, asked: LookUp) -> None:
        match, card = await self.bridge.look_up(asked.number)
        if not self._stopping.is_set():
            self.looked_up(LookedUp(asked.call_id, match, card))

    async def _keep_projecting(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _PROJECT_EVERY_S)
            events = self.take_unprojected()
            for start in range(0, len(events), _BATCH):
                await self.bridge.take(events[start : start + _BATCH])

    async def _wait_for_fault(self) -> None:
        await self._fault

    def _fail(self, fault: Exception) -> None:
        self._halt()
        if not self._fault.done():
            self._fault.set_exception(fault)

    def _halt(self) -> None:
        self.pacer.stop()
        self.driver.stop()
        self.crew.stop()


class _WatchedClock:
    """Tells of what goes wrong in a callback, which an event loop would only write to its log."""

    def __init__(self, clock: Clock, fail: Callable[[Exception], None]) -> None:
        self._clock = clock
        self._fail = fail

    def now(self) -> Instant:
        return self._clock.now()

    def call_at(self, at: Instant, callback: Callable[[], None]) -> Timer:
        return self._clock.call_at(at, partial(self._call, callback))

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it ends the world
            self._fail(fault)
