"""`kill -9` of the server under load: places, promises, events and agents outlive it (§7.3)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import aclosing, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ctiserver.live.journal_reader import JournalReader
from tests.live.killed_centre import (
    CALLS_PER_SECOND,
    CENTRE,
    SLOW,
    SLOW_QUEUE,
    WORKING,
    KilledCentre,
)
from tests.live.processes import OFFHOOK, READY_S, Folder, people_at, running
from tests.live.socket_clients import digest, log_of
from tests.repository import ROOT

_WAITING = 8
"""So many callers at least wait in the slow queue when the server is killed."""

_ANSWERS = 10
"""So many requests at least have been answered in the life that ends."""
_UNDER_WAY = timedelta(seconds=5)
"""What has happened so long before, the switch may not have been told, on a busy machine."""
_RARE = 0.05
"""The share of callers of whom that may be so."""


async def kill_and_look(centre: KilledCentre, asked_before: int) -> dict[str, float]:
    """Kill the server at some moment, start it again, and look at what it knows."""
    loop = asyncio.get_running_loop()
    while centre.answered(asked_before) < _ANSWERS:  # noqa: ASYNC110 - its own task asks
        await asyncio.sleep(0.05)
    while len(before := await centre.waiting()) < _WAITING:  # noqa: ASYNC110 - it is asked for
        await asyncio.sleep(0.05)
    await asyncio.sleep(centre.chance.uniform(0, 0.3))  # a moment like any other
    last = max(client.after for client in centre.clients)
    asked = len(centre.commands)
    await centre.server.kill()
    killed_at = loop.time()
    await asyncio.sleep(centre.chance.uniform(0, 0.5))
    await centre.server.start()
    listens_at = loop.time()
    after = await centre.waiting()
    still = [place for place in after if place[1] in {call for _, call in before}]
    assert still == [place for place in before if place in after], "places, and since when"
    known = await centre.ask_again(centre.commands[asked_before:asked])
    for client in centre.clients:
        while client.after <= last:  # noqa: ASYNC110 - its own task reads
            await asyncio.sleep(0.02)
    return {
        "away": listens_at - killed_at,
        "resumed": loop.time() - killed_at,
        "kept": len(still),
        "answers": known,
    }


async def live_through(kills: int, folder: Folder) -> list[dict[str, float]]:
    """Let calls run, kill the server so many times, and then judge all that was recorded."""
    pbx = folder.pbx()
    async with running(pbx), people_at(pbx) as people:
        centre = KilledCentre(folder, pbx, people)
        async with running(centre.server):
            async with aclosing(centre), asyncio.TaskGroup() as group:
                await centre.log_on()
                for client in centre.clients:
                    await client.come()
                    await client.watch()
                always = [group.create_task(centre.listen(client)) for client in centre.clients]
                busy = [group.create_task(centre.call()), group.create_task(centre.command())]
                figures, asked = [], 0
                for _ in range(kills):
                    figures.append(await kill_and_look(centre, asked))
                    asked = len(centre.commands)
                centre.busy = False
                await asyncio.wait(busy)
                await everybody_hangs_up(centre)
                await agents_are_free(centre)
                entries = await people.act("AskEntries")
                last = int((await centre.state("queues"))["asOf"]["sequence"])
                for client in centre.clients:
                    while client.after < last:  # noqa: ASYNC110 - its own task reads
                        await asyncio.sleep(0.02)
                for task in always:
                    task.cancel()
            assert await centre.server.stop() == 0
    log = dict(log_of(folder.journal))
    clients_have_the_log(centre, log)
    events = [msgspec.json.decode(envelope) for envelope in log.values()]
    acknowledged_is_there(centre, events)
    places_are_kept(centre, events)
    every_call_ends_once(entries, events)
    journal_is_well(folder.journal)
    return figures


async def everybody_hangs_up(centre: KilledCentre) -> None:
    for leg in await centre.people.act("AskLegs"):
        if leg["device"].startswith("trunk:"):
            await centre.people.act("HangUp", name=leg["leg"])


async def agents_are_free(centre: KilledCentre) -> None:
    """Wait until all who work are ready again: none of them is stuck."""
    async with asyncio.timeout(READY_S):
        while True:
            agents = (await centre.state("agents"))["agents"]
            held = [
                agent
                for agent in agents
                if agent["id"] in WORKING and agent["agentState"] != "agentReady"
            ]
            if not held and not (await centre.state("calls"))["calls"]:
                return
            await asyncio.sleep(0.1)


def clients_have_the_log(centre: KilledCentre, log: dict[int, bytes]) -> None:
    assert list(log) == list(range(1, len(log) + 1)), "G1: the sequence has no gap"
    digests = {sequence: digest(envelope) for sequence, envelope in log.items()}
    for client in centre.clients:
        due = {each: digests[each] for each in range(client.first + 1, client.after + 1)}
        assert client.events.keys() == due.keys(), "no gap in what a client has"
        assert client.events == due, "an event was told otherwise than it is in the log"
        assert client.repeated == []
        assert client.resyncs == []
        assert {msgspec.json.decode(each)["epoch"] for each in log.values()} == {client.epoch}


def acknowledged_is_there(centre: KilledCentre, events: list[dict[str, Any]]) -> None:
    """Each answer names a place in the log, and what it stands for is there, once."""
    notes = [
        event["data"]["correlatorData"]["note"]
        for event in events
        if event["type"] == "csta.callAssociated.CallInformation.v1"
    ]
    asked = [
        command.params["correlatorData"]["note"]
        for command in centre.commands
        if command.service == "AssociateData" and command.answer is not None
    ]
    assert len(set(notes)) == len(notes), "a request was carried out twice"
    assert set(asked) <= set(notes), "an acknowledged record is lost"
    for command in centre.commands:
        if command.answer is not None:
            answer = msgspec.json.decode(command.answer)
            assert "category" in answer or int(answer["asOf"]["sequence"]) <= len(events)


def places_are_kept(centre: KilledCentre, events: list[dict[str, Any]]) -> None:
    """Callers enter the slow queue in the order in which they called, and are served in it."""
    called = {number: place for place, number in enumerate(centre.called)}
    places: dict[str, int] = {}
    waiting: dict[str, None] = {}
    for event in events:
        data, call = event["data"], event["subject"].removeprefix("call/")
        match event["type"].split(".")[-2]:
            case "Offered" if data["connection"]["deviceID"] == SLOW_QUEUE:
                caller = caller_of(event)
                assert not places or called[caller] > max(places.values()), "re-ordered at entry"
                places[call] = called[caller]
                waiting[call] = None
            case "Queued" if data["queue"] == SLOW_QUEUE:
                waiting[call] = None  # it was offered, and has its place again
            case "AgentOffered" if data["queue"] == SLOW_QUEUE:
                first = min(waiting, key=places.__getitem__)
                assert data["callID"] == first, f"{event['id']}: not the one who waits for longest"
                del waiting[first]
            case "CallCleared":
                waiting.pop(call, None)
    assert sum(dialled == SLOW for dialled in centre.called.values()) >= len(places) > _WAITING
    assert not waiting


def every_call_ends_once(entries: list[dict[str, Any]], events: list[dict[str, Any]]) -> None:
    """What the switch has seen of each call, the log tells: answered or abandoned, once."""
    ends: dict[str, list[str]] = {}
    for event in events:
        if event["type"] == "csta.callControl.CallCleared.v1":
            ends.setdefault(caller_of(event), []).append(event["data"]["outcome"])
    hardly, unjoined = hardly_joined(events), 0
    unseen = []
    for entry in entries:
        outcomes = ends.pop(entry["number"], [])
        if not outcomes:
            unseen.append(entry)
            continue
        assert entry["gone_at"] is not None
        answered = entry["answered_at"] is not None
        assert len(outcomes) == 1, (entry, outcomes)
        told = outcomes[0] == "answered"
        assert told == answered or (told and entry["number"] in hardly), (entry, outcomes)
        unjoined += told != answered
    assert unjoined <= _RARE * len(entries)
    assert not ends, "calls that nobody has made"
    # Who came and gave up while the server was away was seen by nobody.
    assert all(entry["answered_at"] is None for entry in unseen)


def hardly_joined(events: list[dict[str, Any]]) -> set[str]:
    """Give the callers who left, or whose server died, just when their agent had picked up.

    The command that joins the two was still under way, or was never given: such a caller has heard
    nobody, and the log says rightly that somebody was there.
    """
    callers: set[str] = set()
    picked_up: dict[str, datetime] = {}
    for event in events:
        at = datetime.fromisoformat(event["time"])
        match event["type"].split(".")[-2]:
            case "Established":
                picked_up[caller_of(event)] = at
            case "ConnectionCleared":
                then = picked_up.pop(caller_of(event), None)
                if then is not None and at - then < _UNDER_WAY:
                    callers.add(caller_of(event))
            case "SystemStatus" if event["data"]["systemStatus"] == "disabled":
                callers |= {each for each, then in picked_up.items() if at - then < _UNDER_WAY}
    return callers


def caller_of(event: dict[str, Any]) -> str:
    number: str = event["data"]["callingDevice"]["deviceIdentifier"]
    return number.removeprefix("number:")


def journal_is_well(journal: Path) -> None:
    with closing(JournalReader(journal)) as reader:
        assert reader.place() is not None
    command = [sys.executable, "-c", OFFHOOK, "journal", "verify", str(journal)]
    verified = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stderr
    assert "whole" in verified.stdout


async def test_nothing_is_lost_when_the_server_is_killed_under_load(tmp_path: Path) -> None:
    lives = await live_through(3, Folder(tmp_path, CENTRE))
    assert sum(life["kept"] for life in lives)


@pytest.mark.slow
async def test_nothing_is_lost_in_twenty_kills_under_load(tmp_path: Path) -> None:
    lives = await live_through(20, Folder(tmp_path, CENTRE))
    assert sum(life["kept"] for life in lives) > len(lives)
    assert sum(life["answers"] for life in lives) > CALLS_PER_SECOND
    for life in lives:
        print(life)  # noqa: T201 - figures for the report of the slow checks
