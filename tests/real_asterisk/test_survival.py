"""What outlives a server that is killed, an Asterisk that is killed, a connection that is cut.

Each is a life of a small centre with real phones. It is lived once by `make test-asterisk`, and ten
times by `pytest -m "real_asterisk and slow" -s`, which prints the figures of each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
from websockets.asyncio.client import connect

from tests.real_asterisk.asterisk import Asterisk
from tests.real_asterisk.ears import listening
from tests.real_asterisk.phones import Phone
from tests.real_asterisk.served import (
    AGENT_HZ,
    CALLER_HZ,
    MENU,
    QUEUE,
    Served,
    number_of,
    served,
    until,
)

Figures: TypeAlias = dict[str, float]
Life: TypeAlias = Callable[[Served], Awaitable[Figures]]
_AWAY_S = 4.0
_SILENCE_S = 1.5
"""So long at most may somebody hear nothing, on a busy machine; much less than the outage."""
_SETTLED_S = 5.0
"""After so long everything is as it should be."""
_APART = ("ChannelLeftBridge", "ChannelDestroyed", "BridgeDestroyed", "StasisEnd")
_once_and_ten_times = pytest.mark.parametrize(
    "times", [1, pytest.param(10, marks=pytest.mark.slow)]
)


@asynccontextmanager
async def watching(asterisk: Asterisk) -> AsyncIterator[list[dict[str, Any]]]:
    """Note all events of all channels and bridges, beside the server."""
    events: list[dict[str, Any]] = []
    place = f"{asterisk.user}:{asterisk.password}@{asterisk.address}:{asterisk.ari_port}"
    url = f"ws://{place}/ari/events?app=watch&subscribeAll=true"
    async with connect(url, proxy=None, max_queue=None) as socket:

        async def note() -> None:
            events.extend([msgspec.json.decode(text) async for text in socket])

        task = asyncio.create_task(note())
        yield events
        await socket.close()
        await task


async def live(life: Life, times: int, asterisk: Asterisk, path: Path) -> None:
    """Live a life so many times, each in a centre of its own."""
    for number in range(times):
        folder = path / str(number)
        folder.mkdir()
        async with served(asterisk, folder) as centre:
            figures = await life(centre)
        await asterisk.quiet()
        print({name: round(figure, 2) for name, figure in figures.items()})  # noqa: T201 - figures for the report of the slow checks


async def everybody_goes(centre: Served, phones: list[Phone]) -> None:
    """Let callers hang up, and wait until no call is left, and all agents are ready."""
    for phone in phones:
        await phone.hang_up()

    async def gone() -> bool:
        ready = all(state == "agentReady" for state in await centre.agent_states())
        return ready and not await centre.calls()

    await until(gone, _SETTLED_S)
    assert await centre.agrees()


async def kill_and_start(centre: Served, meanwhile: Awaitable[None]) -> Figures:
    """Kill the server, and start it again; gives how long it took to have taken in everything."""
    await centre.server.kill()
    await asyncio.gather(meanwhile, asyncio.sleep(_AWAY_S))
    began = asyncio.get_running_loop().time()
    await centre.server.start()
    await until(centre.is_linked)
    return {"back_s": asyncio.get_running_loop().time() - began}


# The server is killed, and people go on as they were.


async def killed_while_they_talk_and_wait(centre: Served) -> Figures:
    await centre.staff(answering=3)
    talking = [await centre.talking(number) for number in (1, 2, 3)]
    waiting = [await centre.waiting(number) for number in (4, 5, 6, 7)]
    chooses = await centre.caller(8, MENU)
    await chooses.hears_something()
    before, queue = await centre.calls(), await centre.queue()
    assert queue == [phone.name for phone in waiting]
    phones = (*centre.agents, *talking, *waiting)
    async with watching(centre.asterisk) as events, listening(phones) as ears:
        figures = await kill_and_start(centre, asyncio.sleep(0))
        assert await centre.calls() == before
        await asyncio.sleep(1)
        for phone in centre.agents:
            await phone.hears(CALLER_HZ)
    assert [event["type"] for event in events if event["type"] in _APART] == []
    assert max(ears.silences_s.values()) < _SILENCE_S, ears.silences_s
    await chooses.press("1")
    await until_queued(centre, [*queue, chooses.name])
    await served_in_order(centre, talking, [*waiting, chooses])
    assert centre.cleared() == {number_of(each): ["normalClearing"] for each in range(1, 9)}
    return {**figures, "silence_s": max(ears.silences_s.values())}


async def until_queued(centre: Served, numbers: list[str]) -> None:
    async def are_queued() -> bool:
        return await centre.queue() == numbers

    await until(are_queued, _SETTLED_S)


async def served_in_order(centre: Served, talking: list[Phone], waiting: list[Phone]) -> None:
    """Let agents and callers hang up in turn, until everybody has been served; then all go."""
    talking = list(talking)
    for place, phone in enumerate(waiting):
        ends = talking[place]
        await (centre.agents[place] if place < len(centre.agents) else ends).hang_up()
        await ends.until("CALL_CLOSED")
        await phone.hears(AGENT_HZ)
        talking.append(phone)
    await everybody_goes(centre, talking[len(waiting) :])


@_once_and_ten_times
async def test_talks_music_and_places_outlive_the_server(
    times: int, asterisk: Asterisk, tmp_path: Path
) -> None:
    await live(killed_while_they_talk_and_wait, times, asterisk, tmp_path)


# Nobody hears what happens meanwhile: the server is away, or cut off.


class Crowd:
    """Callers 1 and 2 talk, 3 rings at the third agent, 4, 5 and 6 wait, 8 is in the menu.

    While nobody hears it, caller 1 and agent 2 hang up, agent 3 answers, 5 goes, and 7 calls.
    """

    def __init__(self, centre: Served, *, taken_in: bool) -> None:
        """Nobody has called yet; `taken_in` is what becomes of 7, else the dialplan has it."""
        self.centre = centre
        self.taken_in = taken_in

    async def come(self) -> None:
        """Let everybody call, but for 7."""
        centre = self.centre
        await centre.staff(answering=2, by_hand=1)
        self.talk = [await centre.talking(number) for number in (1, 2)]
        self.rings = await centre.caller(3)
        await centre.agents[2].until("CALL_INCOMING")
        self.wait = [await centre.waiting(number) for number in (4, 5, 6)]
        self.comes = await centre.somebody(7)
        self.chooses = await centre.caller(8, MENU)
        await self.chooses.hears_something()
        assert await centre.agrees()

    async def meanwhile(self) -> None:
        """Let them act, all at once."""
        centre = self.centre
        await self.talk[0].hang_up()
        await centre.agents[1].hang_up()
        await centre.agents[2].accept()
        await self.wait[1].hang_up()
        await self.comes.dial(QUEUE)
        if not self.taken_in:
            await self.comes.hears_something()

    async def is_settled(self) -> None:
        """Check that both sides agree, 5 s after the return, and that everybody has his own."""
        centre = self.centre
        await asyncio.sleep(_SETTLED_S)
        here, there = await centre.parties_here(), await centre.parties_there()
        assert here == there
        assert await centre.agent_states() == ["agentBusy"] * 3
        await self.talk[1].until("CALL_CLOSED")
        for phone in (self.rings, self.wait[0], self.wait[2]):
            await phone.hears(AGENT_HZ)
        for agent in centre.agents:
            await agent.hears(CALLER_HZ)
        await self.chooses.press("1")
        new = [self.comes.name] if self.taken_in else []
        await until_queued(centre, [*new, self.chooses.name])
        callers = [self.rings, self.wait[0], self.wait[2], self.comes, self.chooses]
        await everybody_goes(centre, callers)
        ends = centre.cleared()
        assert {number: len(causes) for number, causes in ends.items()} == {
            number_of(each): 1 for each in range(1, 9) if self.taken_in or each != 7
        }
        assert centre.offered()[:5] == [number_of(each) for each in (1, 2, 3, 4, 6)]


async def killed_while_things_happen(centre: Served) -> Figures:
    crowd = Crowd(centre, taken_in=False)
    await crowd.come()
    figures = await kill_and_start(centre, crowd.meanwhile())
    await crowd.is_settled()
    return figures


@_once_and_ten_times
async def test_what_happens_while_the_server_is_away_is_made_good(
    times: int, asterisk: Asterisk, tmp_path: Path
) -> None:
    await live(killed_while_things_happen, times, asterisk, tmp_path)


async def cut_while_things_happen(centre: Served, seconds: float) -> Figures:
    crowd = Crowd(centre, taken_in=False)
    await crowd.come()
    centre.way.closed = True
    centre.way.cut()
    await asyncio.gather(crowd.meanwhile(), asyncio.sleep(seconds))
    centre.way.closed = False
    figures = {"back_s": await until(centre.is_linked)}
    await crowd.is_settled()
    return figures


@pytest.mark.parametrize(
    ("seconds", "times"),
    [
        (1, 1),
        (10, 1),
        pytest.param(1, 10, marks=pytest.mark.slow),
        pytest.param(10, 10, marks=pytest.mark.slow),
        pytest.param(30, 10, marks=pytest.mark.slow),
    ],
)
async def test_what_happens_while_the_connection_is_cut_is_made_good(
    seconds: float, times: int, asterisk: Asterisk, tmp_path: Path
) -> None:
    await live(partial(cut_while_things_happen, seconds=seconds), times, asterisk, tmp_path)


async def silent_while_things_happen(centre: Served) -> Figures:
    crowd = Crowd(centre, taken_in=True)
    await crowd.come()
    centre.way.flows.clear()
    await asyncio.gather(crowd.meanwhile(), asyncio.sleep(10))
    centre.way.flows.set()
    figures = {"back_s": await until(centre.is_linked)}
    await crowd.is_settled()
    return figures


@_once_and_ten_times
async def test_what_happens_while_the_connection_carries_nothing_is_made_good(
    times: int, asterisk: Asterisk, tmp_path: Path
) -> None:
    """Asterisk takes the connection for alive, and hands over the caller who comes meanwhile."""
    await live(silent_while_things_happen, times, asterisk, tmp_path)


# Asterisk is killed.


async def asterisk_killed(centre: Served, *, server_too: bool) -> Figures:
    await centre.staff(answering=2, by_hand=1)
    callers = [await centre.talking(number) for number in (1, 2)]
    callers.append(await centre.caller(3))
    await centre.agents[2].until("CALL_INCOMING")
    callers += [await centre.waiting(number) for number in (4, 5)]
    callers.append(await centre.caller(6, MENU))
    await callers[-1].hears_something()
    await centre.asterisk.kill()
    if server_too:
        await centre.server.kill()
    for phone in (*callers, *centre.agents):
        await phone.hang_up()
    await asyncio.sleep(1)
    await centre.asterisk.start()
    if server_too:
        await centre.server.start()
    figures = {"back_s": await until(centre.is_linked)}
    figures["free_s"] = await everybody_is_free(centre)
    cause = "switchingFunctionTerminated"
    assert centre.cleared() == {number_of(each): [cause] for each in range(1, 7)}
    anew = [await centre.caller(each) for each in (7, 8, 9)]
    await centre.agents[2].until("CALL_INCOMING")
    await centre.agents[2].accept()
    for phone in anew:
        await phone.hears(AGENT_HZ)
    await everybody_goes(centre, anew)
    return figures


async def everybody_is_free(centre: Served) -> float:
    async def are_free() -> bool:
        return await centre.agent_states() == ["agentReady"] * 3 and not await centre.calls()

    return await until(are_free, _SETTLED_S)


@pytest.mark.parametrize("server_too", [False, True])
@_once_and_ten_times
async def test_each_call_ends_once_when_asterisk_is_killed(
    times: int, asterisk: Asterisk, tmp_path: Path, *, server_too: bool
) -> None:
    await live(partial(asterisk_killed, server_too=server_too), times, asterisk, tmp_path)
