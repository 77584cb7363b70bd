"""`offhook demo`: a whole centre in real time, told line by line or shown on a live board."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path

from rich.console import Console
from rich.live import Live

from console.demo_board import Watch
from console.faults import INTERRUPTED
from console.terminal import out
from crm_bridge.samples import sample_customers
from crm_bridge.sql_store import SqlStore
from csta.instants import SECOND, Instant
from scenarios.behaviour import Phones
from scenarios.caller_stream import all_calls
from scenarios.paced_world import PacedWorld, paced_world
from scenarios.scenario import LIBRARY, Scenario, load_scenario
from switch_sim.arrivals import arrive
from switch_sim.callers import CallerPlan
from switch_sim.variates import Streams

_HEADLESS_S = 20.0
_LOOK_EVERY_S = 0.2


class _Demo:
    """One demo; what it has seen outlives an interruption."""

    def __init__(self, scenario: Scenario, seed: int, speed: float, console: Console) -> None:
        self.watch = Watch(scenario)
        self.now: Instant = scenario.starts_at
        self.rows = 0
        self._scenario = scenario
        self._seed = seed
        self._speed = speed
        self._console = console

    async def run(self, seconds: float | None, *, live: bool) -> None:
        """Let the centre work for so many seconds, or until the scenario is over."""
        scenario = self._scenario
        limit = scenario.lasts_ms / SECOND / self._speed
        with tempfile.TemporaryDirectory(prefix="offhook-") as folder:
            store = await SqlStore.open(Path(folder) / "crm.sqlite")
            try:
                await store.save_customers(sample_customers(scenario.customers))
                plan = scenario.plan(self._seed)
                async with paced_world(plan, speed=self._speed, store=store) as world:
                    self._people(world)
                    await self._look_on(world, min(seconds or limit, limit), live=live)
                self.rows = await store.interaction_count()
            finally:
                await store.close()

    def _people(self, world: PacedWorld) -> None:
        """Give the agents their ways, and let callers call."""
        scenario, streams = self._scenario, Streams(self._seed)
        for agent in world.engine.directory:
            self.watch.see(agent.agent_id, agent.state, agent.since)
        phones = Phones(world.pbx, scenario.behaviour, streams.stream("agent_behaviour"))
        world.listeners += [phones, self.watch.take]
        calls = all_calls(
            scenario.callers, streams, scenario.customers, scenario.starts_at, scenario.ends_at
        )
        world.act(
            lambda: world.env.process(
                arrive(world.env, world.pbx.offer_call, _from_now_on(world, calls))
            )
        )

    async def _look_on(self, world: PacedWorld, seconds: float, *, live: bool) -> None:
        """Show what happens, until the time is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        board = Live(console=self._console, auto_refresh=False, screen=True) if live else None
        if board:
            board.start()
        try:
            while loop.time() < until:
                await asyncio.sleep(min(_LOOK_EVERY_S, max(0.0, until - loop.time())))
                self._show(world.clock.now(), board)
        finally:
            self._show(world.clock.now(), board)
            if board:
                board.stop()

    def _show(self, now: Instant, board: Live | None) -> None:
        self.now = now
        if board:
            self.watch.told.clear()
            board.update(self.watch.board(now), refresh=True)
            return
        while self.watch.told:
            self._console.print(self.watch.told.popleft(), soft_wrap=True)
        sys.stdout.flush()


def run_demo(*, headless: bool, seconds: float | None, seed: int, speed: float) -> int:
    """Run the demo, and print a closing table however it ends."""
    scenario = load_scenario(LIBRARY / "front_desk.yaml")
    live = sys.stdout.isatty() and not headless
    console = Console(highlight=False, emoji=False) if live else out()
    console.print(f"{scenario.name}: {scenario.about}")
    console.print(f"seed {seed}, {speed:g} times as fast as the clock\n")
    demo = _Demo(scenario, seed, speed, console)
    code = 0
    try:
        asyncio.run(demo.run(seconds or (None if live else _HEADLESS_S), live=live))
    except KeyboardInterrupt:
        code = INTERRUPTED
    console.print()
    console.print(demo.watch.closing_table(demo.now))
    if not code:
        console.print(f"{demo.rows} interactions are in the CRM.")
    return code


def _from_now_on(
    world: PacedWorld, calls: Iterator[tuple[Instant, CallerPlan]]
) -> Iterator[tuple[Instant, CallerPlan]]:
    """Leave out those who would have called before the world was ready."""
    now = world.env.now
    return dropwhile(lambda call: call[0] < now, calls)
