"""The clock of a server that starts: it stands, then it runs, and it never goes back."""

from __future__ import annotations

import asyncio

from ctiserver.live.standing_clock import StandingClock

AT = 1_700_000_000_000


def clock_at(at: int, wall: int, speed: float = 1_000.0) -> StandingClock:
    return StandingClock(asyncio.get_running_loop(), at, wall=lambda: wall, speed=speed)


async def test_it_stands_and_rings_for_nobody_until_it_is_let_go() -> None:
    clock = clock_at(AT, AT + 60_000)
    rung: list[int] = []
    clock.call_at(AT - 5, lambda: rung.append(clock.now()))
    forgotten = clock.call_at(AT, lambda: rung.append(-1))
    await asyncio.sleep(0.01)
    assert (clock.now(), rung) == (AT, [])
    forgotten.cancel()
    clock.go()
    assert clock.now() >= AT + 60_000
    done = asyncio.Event()
    clock.call_at(AT + 60_000, done.set)
    async with asyncio.timeout(10):
        await done.wait()
    assert len(rung) == 1
    assert rung[0] >= AT + 60_000


async def test_a_call_that_was_asked_for_while_it_stood_can_be_called_off_when_it_runs() -> None:
    clock = clock_at(AT, AT)
    rung: list[str] = []
    held = clock.call_at(AT + 5_000, lambda: rung.append("held"))
    done = asyncio.Event()
    clock.go()
    clock.call_at(AT + 6_000, done.set)
    held.cancel()
    async with asyncio.timeout(10):
        await done.wait()
    assert rung == []


async def test_it_never_goes_back_when_the_wall_clock_is_behind() -> None:
    clock = clock_at(AT, AT - 3_600_000)
    clock.go()
    assert clock.now() >= AT


async def test_a_callback_that_fails_is_told_of() -> None:
    clock = clock_at(AT, AT)
    told: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    clock.on_fault = told.set_result

    def fail() -> None:
        raise OSError("no")

    clock.call_at(AT, fail)
    clock.go()
    async with asyncio.timeout(10):
        assert isinstance(await told, OSError)
