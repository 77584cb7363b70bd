"""The nine-step call flow (features A6, SD063 to SD071), in simulated time and in real time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crm_bridge.bridge import finish_now
from crm_bridge.interactions import InteractionDraft
from crm_bridge.sql_store import SqlStore
from crm_bridge.store import MemoryStore
from csta.agent_events import AgentReady
from csta.call_events import CallCleared, Queued
from csta.instants import MINUTE, SECOND
from csta.states import AgentState
from ctiserver.core.wire import Published, encode
from ivr.menu_file import load_flow
from scenarios.paced_world import paced_world
from scenarios.world import World
from switch_sim.callers import CallerPlan
from tests.acceptance.nine_steps import ADA, FLOW, NOTES, PRESSES, Story, check_the_nine_steps
from tests.ctiserver import event_laws
from tests.ctiserver.centre import CALLER, OURS, centre_plan

SPEED = 50
PLAN = centre_plan(
    flows={"main": load_flow(FLOW)},
    numbers={OURS: "routeing:main"},
)
CALL = CallerPlan(
    number=CALLER,
    dialled=OURS,
    talk_ms=20 * SECOND,
    presses=PRESSES,
)


class Outcome(msgspec.Struct):
    """What is left of a run: its log, and the customer's interactions."""

    log: list[Published]
    rows: list[InteractionDraft]


class Anna:
    """The agent: back from her break when somebody waits; writes down each call afterwards."""

    def __init__(self, world: World) -> None:
        """Watch what happens in a world."""
        self.world = world
        self.log: list[Published] = []
        world.listeners.append(self._sees)

    def comes(self) -> None:
        """Log on, and have a break first."""
        self._asks("SetAgentState", agentID="anna", requestedAgentState="loggedOn")

    def _sees(self, events: Sequence[Published]) -> None:
        self.log += events
        for event in events:
            if isinstance(event.data, Queued):
                clock = self.world.clock
                clock.call_at(clock.now() + 8 * SECOND, self._is_ready)
            elif isinstance(event.data, CallCleared):
                self._writes_down(event.data)

    def _is_ready(self) -> None:
        self._asks("SetAgentState", agentID="anna", requestedAgentState="ready")

    def _writes_down(self, cleared: CallCleared) -> None:
        call = {"callID": cleared.call_id, "deviceID": "station:1001"}
        self._asks("AssociateData", existingCall=call, callQualifyingData=NOTES)

    def _asks(self, service: str, **params: object) -> None:
        self.world.request(service, principal="agent:anna", **params)


def in_simulated_time() -> Outcome:
    """Let the call happen as fast as it can be reckoned."""
    store = MemoryStore()
    finish_now(store.save_customers([ADA]))
    world = World(PLAN, store=store)
    anna = Anna(world)
    world.start()
    anna.comes()
    world.pbx.offer_call(CALL)
    world.run(world.clock.now() + 5 * MINUTE)
    return Outcome(anna.log, finish_now(store.last_contacts("c-1", 9)))


async def in_real_time(folder: Path) -> Outcome:
    """Let the call happen on an event loop, with a database on disk."""
    store = await SqlStore.open(folder / "crm.sqlite")
    try:
        await store.save_customers([ADA])
        async with asyncio.timeout(30), paced_world(PLAN, speed=SPEED, store=store) as world:
            over = asyncio.Event()
            world.listeners.append(lambda events: _set_when_over(events, over))
            anna = Anna(world)
            anna.comes()
            world.act(lambda: world.pbx.offer_call(CALL))
            await over.wait()
        return Outcome(anna.log, await store.last_contacts("c-1", 9))
    finally:
        await store.close()


def _set_when_over(events: Sequence[Published], over: asyncio.Event) -> None:
    for event in events:
        data = event.data
        if isinstance(data, AgentReady) and data.previous_state is AgentState.WORKING_AFTER_CALL:
            over.set()


@pytest.fixture(params=["simulated time", "real time"])
def outcome(request: pytest.FixtureRequest, tmp_path: Path) -> Outcome:
    """Give what a run has left, in each of the two times."""
    if request.param == "real time":
        return asyncio.run(in_real_time(tmp_path))
    return in_simulated_time()


def test_the_nine_steps(outcome: Outcome) -> None:
    check_the_nine_steps(Story(outcome.log), outcome.rows)


def test_the_log_keeps_the_laws(outcome: Outcome) -> None:
    event_laws.check(outcome.log)


def test_both_times_tell_the_same_events(tmp_path: Path) -> None:
    simulated, real = in_simulated_time(), asyncio.run(in_real_time(tmp_path))
    assert _without_ids_and_times(real.log) == _without_ids_and_times(simulated.log)


_ID = re.compile(r"[a-z]-[0-9A-HJKMNP-TV-Z]{26}")
_TIMES = {"since", "waitedMs", "ringMs", "queueMs", "talkMs", "holdMs"}


def _without_ids_and_times(log: list[Published]) -> list[object]:
    names: dict[str, str] = {}

    def plain(value: Any) -> object:  # noqa: ANN401 - any JSON value
        match value:
            case dict():
                return {key: plain(part) for key, part in value.items() if key not in _TIMES}
            case list():
                return [plain(part) for part in value]
            case str():
                return _ID.sub(lambda found: names.setdefault(found[0], f"{len(names)}"), value)
        return value

    told = []
    for event in log:
        envelope = msgspec.json.decode(encode(event, "epoch", "/cti/test"))
        del envelope["time"]
        told.append(plain(envelope))
    return told
