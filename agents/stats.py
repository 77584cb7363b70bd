"""How agents spent their time: by state, as ratios of the ledger, and how evenly (§e.4, R39)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from agents.ledger import Activity, AgentSums, share
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
        state = event.STATE
        before = self._now.get(event.agent_id)
        if before is not None:
            if before[0] is state:
                return  # it goes on, with another reason or another phase
            self._add(before[0], before[1], at)
        self._now[event.agent_id] = (state, at)

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
        return share(busy, busy + self._total[AgentState.READY])

    def _add(self, state: AgentState, since: Instant, until: Instant) -> None:
        # Plain comparisons: this is counted at every change of every agent's state.
        begin = since if since > self._from_at else self._from_at  # noqa: FURB136
        end = until if self._until_at is None or until < self._until_at else self._until_at
        if end > begin:
            self._total[state] += end - begin


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """One way to set parts of the ledger against each other: its formula, and who uses it."""

    formula: str
    source: str
    share: Callable[[AgentSums], float | None]


def _aws(sums: AgentSums) -> float | None:
    contact_ms = sums.login_ms - sums.together(Activity.READY, Activity.NOT_READY)
    return share(contact_ms, contact_ms + sums.spent_ms[Activity.READY])


def _genesys(sums: AgentSums) -> float | None:
    return share(sums.handling_ms, sums.login_ms - sums.spent_ms[Activity.NOT_READY])


def _cms(sums: AgentSums) -> float | None:
    return share(sums.together(Activity.TALK, Activity.WORK), sums.login_ms)


def _icmi(sums: AgentSums) -> float | None:
    return share(sums.login_ms - sums.spent_ms[Activity.READY], sums.login_ms)


def _utilisation(sums: AgentSums) -> float | None:
    return share(sums.handling_ms, sums.login_ms)


def _icmi_utilisation(sums: AgentSums) -> float | None:
    return share(sums.handling_ms + sums.spent_ms[Activity.READY], sums.login_ms)


def _availability(sums: AgentSums) -> float | None:
    return share(sums.login_ms - sums.spent_ms[Activity.NOT_READY], sums.login_ms)


RATIOS: Mapping[str, Ratio] = MappingProxyType(
    {
        "occupancy AWS": Ratio(
            formula="(login - ready - not ready) / (login - not ready)",
            source="Amazon Connect: contact time of contact time and idle",
            share=_aws,
        ),
        "occupancy Genesys": Ratio(
            formula="(talk + hold + consult + work) / (login - not ready)",
            source="Genesys Cloud: interacting of all time on queue",
            share=_genesys,
        ),
        "% ACD time CMS": Ratio(
            formula="(talk + work) / login", source="AT&T CMS guide p. 195", share=_cms
        ),
        "occupancy ICMI": Ratio(
            formula="(login - ready) / login",
            source="ICMI 2012: all that is not idle, work off the phone included",
            share=_icmi,
        ),
        "utilisation ICMI": Ratio(
            formula="(talk + hold + consult + work + ready) / login",
            source="ICMI 2012: its words are the reverse of most vendors'",
            share=_icmi_utilisation,
        ),
        "utilisation": Ratio(
            formula="(talk + hold + consult + work) / login",
            source="common: productive time of time logged on",
            share=_utilisation,
        ),
        "availability": Ratio(
            formula="(login - not ready) / login",
            source="common: ready or busy, of time logged on",
            share=_availability,
        ),
    }
)
"""Occupancy and its kin, by id (features §e.4)."""


class Fairness(msgspec.Struct, frozen=True):
    """How evenly something is spread: Jain's index, 1/n to 1, and the extremes (R39)."""

    jain: float | None
    least: float
    most: float

    @property
    def spread(self) -> float:
        """Tell how far the extremes are apart."""
        return self.most - self.least


def fairness(values: Sequence[float]) -> Fairness | None:
    """Measure values that are 0 or more: (sum x)^2 / (n * sum x^2) (Jain 1984).

    Where all are 0 there is no index; of nobody there is no fairness: None.
    """
    if not values:
        return None
    squares = len(values) * sum(value * value for value in values)
    return Fairness(share(sum(values) ** 2, squares), min(values), max(values))


FAIR_SHARES: Mapping[str, Callable[[AgentSums], float | None]] = MappingProxyType(
    {
        "occupancy": _aws,
        "calls": lambda sums: float(sums.handled),
        "calls per ready hour": lambda sums: sums.calls_per_ready_hour,
        "idle": lambda sums: share(sums.spent_ms[Activity.READY], sums.login_ms),
    }
)
"""What should be even among agents (R39): `idle` is the ready part of the time logged on."""


def fairness_of(agents: Iterable[AgentSums], measure: str) -> Fairness | None:
    """Measure fairness among the agents who were logged on and have that figure."""
    of = FAIR_SHARES[measure]
    values = [of(agent) for agent in agents if agent.login_ms]
    return fairness([value for value in values if value is not None])
