"""What the demo shows: a live board on a terminal, and a closing table everywhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from acd.config import QueueConfig
from acd.stats import SERVICE_LEVELS, Contact, ContactFold, Figures, add_up, figures
from agents.config import AgentConfig
from console.story import Story, clock, length
from csta.agent_events import AgentEvent
from csta.ids import AgentId, DeviceId, device, local_part
from csta.instants import SECOND, Instant
from csta.states import AgentState
from ctiserver.core.wire import Published
from scenarios.scenario import Scenario

_LAST_LINES = 12
_HEADLINE = "SL11"
_LEVEL = f"{_HEADLINE} = {SERVICE_LEVELS['SL9']}, of contacts that are over, with all their waits"
_WORDS = {
    AgentState.NULL: ("○ off", "dim"),
    AgentState.NOT_READY: ("○ not ready", "yellow"),
    AgentState.READY: ("● ready", "green"),
    AgentState.BUSY: ("◐ busy", "cyan"),
    AgentState.WORKING_AFTER_CALL: ("◒ wrap-up", "magenta"),
}


class Watch:
    """Watches a demo: a listener of a world's events; `told` are the sentences not yet taken."""

    def __init__(self, scenario: Scenario) -> None:
        """Begin with nothing seen."""
        agents = scenario.engine.agents
        self.story = Story({agent.device_id: agent.name for agent in agents})
        self.told: deque[str] = deque()
        self._scenario = scenario
        self._contacts = ContactFold()
        self._queues: dict[DeviceId, QueueConfig] = {
            device("acd", queue.name): queue for queue in scenario.engine.acd.queues
        }
        self._over = {at: figures((), queue.service_level_ms) for at, queue in self._queues.items()}
        """The contacts that are over, summed up by their first queue."""
        self._summed = 0
        """How many of them are in the sums."""
        self._states: dict[AgentId, tuple[AgentState, Instant]] = {}
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def see(self, agent_id: AgentId, state: AgentState, since: Instant) -> None:
        """Take in the state in which an agent is found."""
        self._states[agent_id] = state, since

    def take(self, events: Sequence[Published]) -> None:
        """Take in what has happened."""
        for event in events:
            self._contacts.take(event.data, event.at)
            if isinstance(event.data, AgentEvent):
                self.see(event.data.agent_id, event.data.STATE, event.data.since)
        lines = self.story.take(events)
        self.told.extend(lines)
        self._last.extend(lines)

    def board(self, now: Instant) -> RenderableType:
        """Show queues, agents and what happened last."""
        side_by_side = Table.grid(padding=(0, 4))
        side_by_side.add_row(self._queue_table(now), self._agent_table(now))
        title = f"{self._scenario.name}   {clock(now)}   Ctrl-C ends it"
        return Group(title, "", side_by_side, _LEVEL, "", *self._last)

    def closing_table(self, now: Instant) -> RenderableType:
        """Sum up what was seen."""
        story = self.story
        return Group(
            self._queue_table(now),
            _LEVEL,
            f"{story.calls} calls, {story.waited} had to wait, {story.pops} screen pops",
        )

    def _queue_table(self, now: Instant) -> Table:
        table = Table(
            "queue", "offered", "answered", "abandoned", "waiting", "longest", "mean wait",
            box=None, pad_edge=False, padding=(0, 2, 0, 0),
        )  # fmt: skip
        first = self._scenario.engine.acd.queues[0]
        level = f"{_HEADLINE}, T = {first.service_level_ms / SECOND:g} s"
        table.add_column(level)
        for column in table.columns[1:]:
            column.justify = "right"
        self._sum_up()
        going_on = self._contacts.waiting()
        for at, queue in self._queues.items():
            here = [contact for contact in going_on if contact.queue == at]
            table.add_row(queue.name, *_row(self._over[at], here, now))
        return table

    def _sum_up(self) -> None:
        """Add the contacts that are over since the last look to the sums."""
        fresh = self._contacts.finished[self._summed :]
        self._summed += len(fresh)
        for at in dict.fromkeys(contact.queue for contact in fresh if contact.queue in self._over):
            known = self._over[at]
            new = figures([one for one in fresh if one.queue == at], known.threshold_ms)
            self._over[at] = add_up([known, new])

    def _agent_table(self, now: Instant) -> Table:
        table = Table("agent", "state", "for", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for agent in self._scenario.engine.agents:
            table.add_row(*self._agent_row(agent, now))
        return table

    def _agent_row(self, agent: AgentConfig, now: Instant) -> tuple[str, str, str]:
        state, since = self._states.get(agent.agent_id, (AgentState.NULL, now))
        word, colour = _WORDS[state]
        at = f"{agent.name} ({local_part(agent.device_id)})"
        return at, f"[{colour}]{word}[/]", length(max(0, now - since))


def _row(over: Figures, going_on: list[Contact], now: Instant) -> list[str]:
    waiting = [contact for contact in going_on if not contact.answered]
    in_talk = [contact for contact in going_on if contact.answered]
    longest = max((now - contact.offered_at for contact in waiting), default=0)
    mean_ms = add_up([over, figures(in_talk, over.threshold_ms)]).mean_wait_ms
    level = over.service_level(_HEADLINE)
    return [
        str(over.offered + len(going_on)),
        str(over.answered + len(in_talk)),
        str(over.abandoned),
        str(len(waiting)),
        length(longest) if waiting else "-",
        length(round(mean_ms)) if mean_ms is not None else "-",
        f"{level:.0%}" if level is not None else "-",
    ]
