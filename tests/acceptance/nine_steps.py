"""The nine steps (features SD063 to SD071) as they must stand in the log, whatever the switch.

Who calls and what he keys in, what the agent writes down, and what the events say of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from crm_bridge.customers import Customer
from crm_bridge.interactions import InteractionDraft
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
from csta.ids import ConnectionId, DeviceId
from csta.states import AgentState
from csta.voice_events import DtmfDetected, Play
from switch_sim.callers import Press
from tests.ctiserver.centre import CALLER, OURS

E = TypeVar("E")

FLOW = Path(__file__).with_name("nine_steps.yaml")
ADA = Customer(customer_id="c-1", name="Ada Larkspur", tier="gold", numbers=(CALLER,))
PRESSES = (
    Press("sales-1", "1", 1_000),
    Press("customer-number", "4711#", 1_500),
    Press("to-wait", "1", 1_500),
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


class Told(Protocol):
    """An event, in the engine's log or as a client has it."""

    @property
    def data(self) -> Any:  # noqa: ANN401 - each event has its own
        """What is told."""


class Story:
    """The log, read from front to back: each `next` goes on behind the one before it."""

    def __init__(self, log: Iterable[Told], station: DeviceId = "station:1001") -> None:
        """Begin at the front; the agent is at a station."""
        self._rest = iter(log)
        self.station = station
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


def check_the_nine_steps(story: Story, rows: Sequence[InteractionDraft]) -> None:
    """Read a story from its beginning to its end; `rows` are the customer's interactions."""
    the_call_enters_by_the_central_office(story)  # SD063
    the_switch_captures_who_calls_and_what_was_dialled(story)  # SD064
    an_idle_voice_unit_takes_the_call(story)  # SD065
    the_voice_unit_knows_the_numbers(story)  # SD066
    a_menu_finds_out_which_agent_is_wanted(story)  # SD067
    nobody_is_idle_and_the_caller_is_asked_to_wait(story)  # SD068
    screen_and_phone_tell_the_agent_who_calls(story)  # SD069, SD070
    the_hang_up_is_seen_recorded_and_the_agent_idle_again(story, rows)  # SD071


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
    assert (rings.alerting_device, rings.cause) == (story.station, "distributed")
    assert rings.correlator_data is not None
    assert rings.correlator_data["customer_number"] == "4711"
    talk = story.next(Established)
    assert [part.device_id for part in talk.connections] == [f"number:{CALLER}", story.station]


def the_hang_up_is_seen_recorded_and_the_agent_idle_again(
    story: Story, rows: Sequence[InteractionDraft]
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
