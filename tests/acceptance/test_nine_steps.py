"""The nine-step call flow (features A6, SD063 to SD071), in simulated time and in real time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from crm_bridge.bridge import finish_now
from crm_bridge.customers import Customer
from crm_bridge.interactions import InteractionDraft
from crm_bridge.sql_store import SqlStore
from crm_bridge.store import MemoryStore
from csta.agent_events import AgentReady, AgentWorkingAfterCall
from csta.call_events import (
    CallCleared,
    ConnectionCleared,
    Delivered,
    Diverted,
    Established,
    Offered,
    Party,
    Queued,
)
from csta.customers import ScreenPopped
from csta.ids import ConnectionId
from csta.instants import MINUTE, SECOND
from csta.states import AgentState
from csta.voice_events import DtmfDetected, Play
from ctiserver.core.wire import Published, encode
from ivr.menu_file import load_flow
from scenarios.paced_world import paced_world
from scenarios.world import World
from switch_sim.callers import CallerPlan, Press
from tests.ctiserver import event_laws
from tests.ctiserver.centre import CALLER, OURS, centre_plan

E = TypeVar("E")

SPEED = 50
PLAN = centre_plan(
    flows={"main": load_flow(Path(__file__).with_name("nine_steps.yaml"))},
    numbers={OURS: "routeing:main"},
)
ADA = Customer(customer_id="c-1", name="Ada Larkspur", tier="gold", numbers=(CALLER,))
CALL = CallerPlan(
    number=CALLER,
    dialled=OURS,
    talk_ms=20 * SECOND,
    presses=(
        Press("sales-1", "1", 1_000),
        Press("customer-number", "4711#", 1_500),
        Press("to-wait", "1", 1_500),
    ),
)
MENU_PATH = ("greeting", "choose", "customer_number", "ready", "position", "wait", "to_sales")
NOTES = {
    "reason": "order",
    "result": "sold",
    "effect": "customer is content",
    "documents": ["order 17"],
    "script": "sales-2",
    "notes": "calls again in May",
}


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


class Story:
    """The log, read from front to back: each `next` goes on behind the one before it."""

    def __init__(self, log: list[Published]) -> None:
        """Begin at the front."""
        self._rest = iter(log)
        self.last: object = None

    def next(self, kind: type[E], fits: Callable[[E], bool] = lambda _: True) -> E:
        """Give the next event of a kind."""
        for event in self._rest:
            if isinstance(event.data, kind) and fits(event.data):
                self.last = event.data
                return event.data
        raise AssertionError(f"no {kind.__name__} follows")

    def hears(self, part: str) -> Play:
        """Give the next prompt with these words."""
        return self.next(Play, lambda play: part in play.message)


def test_the_nine_steps(outcome: Outcome) -> None:
    story = Story(outcome.log)
    the_call_enters_by_the_central_office(story)  # SD063
    the_switch_captures_who_calls_and_what_was_dialled(story)  # SD064
    an_idle_voice_unit_takes_the_call(story)  # SD065
    the_voice_unit_knows_the_numbers(story)  # SD066
    a_menu_finds_out_which_agent_is_wanted(story)  # SD067
    nobody_is_idle_and_the_caller_is_asked_to_wait(story)  # SD068
    screen_and_phone_tell_the_agent_who_calls(story)  # SD069, SD070
    the_hang_up_is_seen_recorded_and_the_agent_idle_again(story, outcome.rows)  # SD071


def the_call_enters_by_the_central_office(story: Story) -> None:
    offered = story.next(Offered)
    assert offered.associated_calling_device == Party(device_identifier="trunk:pstn")
    assert offered.direction == "inbound"


def the_switch_captures_who_calls_and_what_was_dialled(story: Story) -> None:
    offered = story.last
    assert isinstance(offered, Offered)
    assert offered.calling_device == Party(device_identifier=f"number:{CALLER}")
    assert offered.called_device == Party(device_identifier=f"number:{OURS}")


def an_idle_voice_unit_takes_the_call(story: Story) -> None:
    at_menu = story.next(Established)
    assert at_menu.answering_device == "voiceUnit:ivr-1"
    assert at_menu.connection == ConnectionId(at_menu.call_id, "routeing:main")


def the_voice_unit_knows_the_numbers(story: Story) -> None:
    greeting = story.hears("Good day")
    assert greeting.message == f"tts:Good day, {CALLER}, you have reached {OURS}."


def a_menu_finds_out_which_agent_is_wanted(story: Story) -> None:
    assert story.hears("sales-1-support-2").connection.device_id == f"number:{CALLER}"
    assert story.next(DtmfDetected).dtmf_char == "1"
    story.hears("enter-your-customer-number")


def nobody_is_idle_and_the_caller_is_asked_to_wait(story: Story) -> None:
    assert story.hears("All are busy").message.endswith("You are number 1 in the queue.")
    story.hears("to-wait-press-1-to-leave-press-2")
    assert story.next(DtmfDetected).dtmf_char == "1"
    left = story.next(Diverted)
    assert (left.diverting_device, left.new_destination) == ("routeing:main", "acd:sales")
    queued = story.next(Queued)
    assert (queued.cause, queued.calls_in_front) == ("noAvailableAgents", 0)


def screen_and_phone_tell_the_agent_who_calls(story: Story) -> None:
    story.next(AgentReady)
    pop = story.next(ScreenPopped)
    assert (pop.agent_id, pop.number) == ("anna", CALLER)
    assert pop.customer is not None
    assert (pop.customer.name, pop.customer.tier) == ("Ada Larkspur", "gold")
    assert pop.menu_path == MENU_PATH
    assert pop.collected == {"customer_number": "4711"}
    rings = story.next(Delivered)
    assert (rings.alerting_device, rings.cause) == ("station:1001", "distributed")
    assert rings.correlator_data is not None
    assert rings.correlator_data["customer_number"] == "4711"
    talk = story.next(Established)
    assert [part.device_id for part in talk.connections] == [f"number:{CALLER}", "station:1001"]


def the_hang_up_is_seen_recorded_and_the_agent_idle_again(
    story: Story, rows: list[InteractionDraft]
) -> None:
    assert story.next(ConnectionCleared).releasing_device == f"number:{CALLER}"
    cleared = story.next(CallCleared)
    assert (cleared.outcome, cleared.cause) == ("answered", "normalClearing")
    assert story.next(AgentWorkingAfterCall).cause == "normalClearing"
    idle = story.next(AgentReady)
    assert idle.previous_state is AgentState.WORKING_AFTER_CALL
    assert [msgspec.structs.astuple(row)[:12] for row in rows] == [
        (
            *("Ada Larkspur", CALLER, "Anna", "inbound", "voice", cleared.durations.talk_ms),
            *("order", "sold", "customer is content", "order 17", "sales-2", "calls again in May"),
        )
    ]
    [row] = rows
    assert (row.call_id, row.outcome, row.queue) == (cleared.call_id, "answered", "sales")
    assert (row.menu_path, row.collected) == (MENU_PATH, {"customer_number": "4711"})


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
