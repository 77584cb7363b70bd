"""How agents spent their time, folded from agent events: the ledger of features §e.4."""

from __future__ import annotations

from csta.agent_events import AgentEvent
from csta.ids import AgentId
from csta.instants import Instant, Milliseconds
from csta.states import AgentState


class TimeInState:
    """Milliseconds in each state, of all agents together, inside one window.

    The states of an agent follow one another without a gap, so the sum over the states in which
    an agent is logged on is the time logged on.
    """

    def __init__(self, from_at: Instant = 0, until_at: Instant | None = None) -> None:
        """Count from one instant until another (None: without end)."""
        self._from_at = from_at
        self._until_at = until_at
        self._now: dict[AgentId, tuple[AgentState, Instant]] = {}
        self._total = dict.fromkeys(AgentState, 0)

    def take(self, event: AgentEvent, at: Instant) -> None:
        """Take in a change of an agent's state."""
        before = self._now.get(event.agent_id)
        if before is not None:
            self._add(before[0], before[1], at)
        self._now[event.agent_id] = (event.STATE, at)

    def close(self, at: Instant) -> None:
        """Count the states that are in force up to an instant; later events go on from there."""
        for agent_id, (state, since) in self._now.items():
            self._add(state, since, at)
            self._now[agent_id] = (state, at)

    def total_ms(self, state: AgentState) -> Milliseconds:
        """Give the time spent in a state."""
        return self._total[state]

    @property
    def occupancy_share(self) -> float | None:
        """Busy and wrap-up, of busy, wrap-up and ready (features §e.4, AWS): None without time."""
        busy = self._total[AgentState.BUSY] + self._total[AgentState.WORKING_AFTER_CALL]
        on_queue = busy + self._total[AgentState.READY]
        return busy / on_queue if on_queue else None

    def _add(self, state: AgentState, since: Instant, until: Instant) -> None:
        # Plain comparisons: this is counted at every change of every agent's state.
        begin = since if since > self._from_at else self._from_at  # noqa: FURB136
        end = until if self._until_at is None or until < self._until_at else self._until_at
        if end > begin:
            self._total[state] += end - begin
