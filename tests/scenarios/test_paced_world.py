"""A world in real time: it stops cleanly, keeps its store up to date, and hides no fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from crm_bridge.interactions import InteractionDraft
from crm_bridge.sql_store import SqlStore
from crm_bridge.store import MemoryStore
from csta.instants import Milliseconds
from scenarios.journal_replay import replay
from scenarios.paced_world import PacedWorld, paced_world
from switch_sim.callers import CallerPlan
from tests.ctiserver.centre import CALLER, OURS, centre_plan

SPEED = 200
PLAN = centre_plan()


def calls(world: PacedWorld, talk_ms: Milliseconds = 10_000) -> None:
    """Let a caller call."""
    plan = CallerPlan(number=CALLER, dialled=OURS, talk_ms=talk_ms, patience_ms=20_000)
    world.act(lambda: world.pbx.offer_call(plan))


class BrokenStore(MemoryStore):
    """Cannot write."""

    async def project(self, name: str, expected: int, upto: int, drafts: object) -> None:
        """Fail, as a full disk would make it."""
        raise OSError(28, f"no space left for {name}", expected, upto, drafts)


async def test_all_events_are_in_the_store_when_the_block_has_ended(tmp_path: Path) -> None:
    store = await SqlStore.open(tmp_path / "crm.sqlite")
    async with paced_world(PLAN, speed=SPEED, store=store) as world:
        for _ in range(3):
            calls(world)
        await world.sleep(1_000)
    rows: list[InteractionDraft] = await store.open_interactions()
    assert [row.customer_number for row in rows] == [CALLER] * 3
    await store.close()


async def test_nothing_is_left_on_the_loop_and_nothing_happens_any_more() -> None:
    async with paced_world(PLAN, speed=SPEED) as world:
        calls(world)
        await world.sleep(2_000)
    told = world.engine.out.sequence
    assert told > 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await world.sleep(60_000)
    assert world.engine.out.sequence == told


async def runs_on(
    store: MemoryStore | None = None, fault: Callable[[], object] | None = None
) -> None:
    """Let a world run on until something goes wrong; `fault` is what a timer does."""
    async with asyncio.timeout(20), paced_world(PLAN, speed=SPEED, store=store) as world:
        calls(world)
        if fault is not None:
            world.clock.call_at(world.clock.now() + 100, partial(_do, fault))
        await asyncio.Event().wait()


def _do(fault: Callable[[], object]) -> None:
    fault()


async def test_a_fault_in_a_timer_ends_the_block() -> None:
    with pytest.raises(ZeroDivisionError):
        await runs_on(fault=lambda: 1 // 0)


async def test_a_store_that_fails_ends_the_block() -> None:
    with pytest.raises(OSError, match="no space left"):
        await runs_on(BrokenStore())


async def test_a_fault_of_the_block_itself_is_raised_as_it_is() -> None:
    with pytest.raises(LookupError, match="nobody") as caught:
        async with paced_world(PLAN, speed=SPEED):
            raise LookupError("nobody is there")
    assert caught.value.__cause__ is None


async def test_a_block_that_is_cancelled_stops_the_world() -> None:
    async def stays() -> None:
        async with paced_world(PLAN, speed=SPEED) as world:
            calls(world)
            await asyncio.Event().wait()

    task = asyncio.create_task(stays())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_journal_of_real_time_replays_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    with path.open("wb") as file:
        async with paced_world(PLAN, speed=SPEED, journal=file.write) as world:
            for _ in range(3):
                calls(world)
                await world.sleep(7_000)
            await world.sleep(30_000)
    verdict = replay(path)
    assert verdict.first_difference is None
    assert verdict.events > 10
