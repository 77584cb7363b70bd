"""The board of the demo: its sums are those of all contacts, however often it is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from rich.console import Console

from acd.stats import ContactFold, figures
from console.demo_board import Watch
from console.story import length
from crm_bridge.bridge import finish_now
from crm_bridge.samples import sample_customers
from csta.ids import device
from csta.instants import MINUTE, Instant
from ctiserver.core.wire import Published
from scenarios.behaviour import Phones
from scenarios.caller_stream import all_calls
from scenarios.scenario import LIBRARY, Scenario, load_scenario
from scenarios.world import World
from switch_sim.arrivals import arrive
from switch_sim.variates import Streams

QUARTER = 15
"""Minutes for which the front desk works."""


class Morning:
    """The front desk's first quarter of an hour; of two boards one is looked at each minute."""

    def __init__(self) -> None:
        """Let it pass."""
        self.scenario: Scenario = load_scenario(LIBRARY / "front_desk.yaml")
        self.often, self.once = Watch(self.scenario), Watch(self.scenario)
        self.contacts = ContactFold()
        world, streams = World(self.scenario.plan(1)), Streams(1)
        finish_now(world.store.save_customers(sample_customers(self.scenario.customers)))
        phones = Phones(world.pbx, self.scenario.behaviour, streams.stream("agent_behaviour"))
        world.listeners += [phones, self.often.take, self.once.take, self._count]
        begin = self.now = self.scenario.starts_at
        calls = all_calls(
            self.scenario.callers, streams, self.scenario.customers, begin, self.scenario.ends_at
        )
        world.env.process(arrive(world.env, world.pbx.offer_call, calls))
        world.start()
        for minute in range(1, QUARTER + 1):
            self.now = begin + minute * MINUTE
            world.run(self.now)
            self.often.board(self.now)

    def _count(self, events: Sequence[Published]) -> None:
        for event in events:
            self.contacts.take(event.data, event.at)


@pytest.fixture(scope="module")
def morning() -> Morning:
    """Let the front desk work."""
    return Morning()


def text_of(watch: Watch, now: Instant) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as shown:
        console.print(watch.closing_table(now))
    return shown.get()


def test_a_board_that_is_looked_at_often_shows_what_one_looked_at_once_shows(
    morning: Morning,
) -> None:
    assert text_of(morning.often, morning.now) == text_of(morning.once, morning.now)


def test_a_row_is_made_of_all_contacts_that_came_to_its_queue_first(morning: Morning) -> None:
    lines = [" ".join(line.split()) for line in text_of(morning.often, morning.now).splitlines()]
    for queue in morning.scenario.engine.acd.queues:
        at = device("acd", queue.name)
        over = [one for one in morning.contacts.finished if one.queue == at]
        open_ = [one for one in morning.contacts.waiting() if one.queue == at]
        waits = [one.waited_ms for one in (*over, *open_) if one.waited_ms is not None]
        longest = max(morning.now - one.offered_at for one in open_ if not one.answered)
        level = figures(over, queue.service_level_ms).service_level("SL11")
        row = [
            queue.name,
            str(len(over) + len(open_)),
            str(sum(one.answered for one in (*over, *open_))),
            str(sum(one.abandoned for one in over)),
            str(sum(not one.answered for one in open_)),
            length(longest),
            length(round(sum(waits) / len(waits))),
            f"{level:.0%}",
        ]
        assert " ".join(row) in lines


def test_the_level_of_contacts_is_called_sl11(morning: Morning) -> None:
    """e.1: SL9 is of visits; over contacts, each with its whole wait, the same formula is SL11."""
    text = text_of(morning.often, morning.now)
    assert "SL11, T = 20 s" in text
    assert "SL11 = answered within T / offered, of contacts that are over" in text
