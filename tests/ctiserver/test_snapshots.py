"""A snapshot and all events after it make the snapshot of later (cti-api §7.13, G6)."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from csta.event_types import EVENT_BY_TYPE, event_type
from csta.states import AgentState
from ctiserver.core.event_facts import facts_of
from ctiserver.core.event_filters import ALL_EVENTS
from ctiserver.core.monitors import Monitor, MonitorIndex
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.picture import (
    EVERYTHING,
    DeviceItem,
    Picture,
    Watched,
    fold,
)
from ctiserver.core.snapshots import calls_of, picture_of
from ctiserver.core.wire import Published
from tests.ctiserver.machine_centre import AGENTS, STATIONS
from tests.ctiserver.test_engine_machine import EngineMachine

WATCHED = (
    EVERYTHING,
    *(Watched("device", station) for station in STATIONS),
    *(Watched("device", station, follows=True) for station in STATIONS[:2]),
    *(Watched("agent", agent_id) for agent_id in AGENTS),
    Watched("agent", AGENTS[0], follows=True),
    Watched("device", "acd:sales"),
    Watched("group", "acd:team"),
    Watched("group", "acd:support", follows=True),
)
CUT_EVERY = 5


class Client:
    """Somebody who has one monitor, and folds what is sent."""

    def __init__(self, number: int, of: Watched) -> None:
        """Know nothing yet."""
        self.monitor = Monitor(f"m-{number}", "s-1", of, ALL_EVENTS, 0)
        self.picture = Picture()


def settled(picture: Picture) -> Picture:
    """Leave out what means the same if it is not there, and names, which events do not tell."""
    agents = {
        each.id: msgspec.structs.replace(each, name="")
        for each in picture.agents.values()
        if each.agent_state is not AgentState.NULL
    }
    devices = {
        each.id: each
        for each in picture.devices.values()
        if each != DeviceItem(id=each.id, link_id=each.link_id, in_service=True)
    }
    return msgspec.structs.replace(picture, agents=agents, devices=devices, queues={})


class FoldingMachine(EngineMachine):
    """The engine's machine, and clients that began at some moment and have folded since."""

    def __init__(self) -> None:
        """Let nobody watch before the agents have come."""
        super().__init__()
        self.index = MonitorIndex()
        self.clients: list[Client] = []
        self.rounds = 0

    def _perform(self, decisions: list[EngineDecision]) -> None:
        for decision in decisions:
            if isinstance(decision, Published):
                found = self.index.take(decision, facts_of(decision))
                for client in self.clients:
                    if client.monitor in found:
                        client.picture = fold(
                            client.picture, through_json(decision.data), client.monitor.watched
                        )
        super()._perform(decisions)

    def watch(self) -> None:
        """Let a client begin on each thing; those of a while ago go on."""
        for number, of in enumerate(WATCHED):
            client = Client(number, of)
            client.monitor.as_of = self.engine.out.sequence
            self.index.add(client.monitor)
            self.index.begin(client.monitor, calls_of(self.engine, of))
            client.picture = Picture()
            for item in picture_of(self.engine, of).items():
                client.picture = fold(client.picture, item, of)
            self.clients.append(client)
        for client in self.clients[: -2 * len(WATCHED)]:
            self.index.remove(client.monitor)
        self.clients = self.clients[-2 * len(WATCHED) :]

    @invariant()
    def every_picture_is_the_snapshot_of_now(self) -> None:
        for client in self.clients:
            monitor = client.monitor
            now = picture_of(self.engine, monitor.watched, followed_by(monitor))
            assert settled(client.picture) == settled(now), monitor
        if self.rounds % CUT_EVERY == 0:
            self.watch()
        self.rounds += 1


def followed_by(monitor: Monitor) -> list[str]:
    return monitor.follows_now() if monitor.watched.follows else []


def through_json(data: Any) -> Any:  # noqa: ANN401 - any event's data
    """Write an event's data and read them, as a client does."""
    return msgspec.json.decode(
        msgspec.json.encode(data), type=EVENT_BY_TYPE[event_type(type(data))]
    )


def test_a_snapshot_and_the_events_after_it_are_the_snapshot_of_later() -> None:
    run_state_machine_as_test(
        FoldingMachine, settings=settings(max_examples=40, stateful_step_count=40)
    )
