"""The plan by which a trace is replayed: when each caller comes and gives up, who works and when.

The recipe (validation §1.5, improved on): calls come when they came. Answered calls take as long as
they took; where that is not known, for hang-ups and services of no recorded length, a recorded
service of the same type is drawn. Who hung up is as patient as he was; the patience of who was
answered is drawn from the Kaplan-Meier curve of the type, given that it exceeded the recorded wait.
Agents are present in runs, take the types of call that they took, and wrap up for `wrap_up_ms`.
Callers are served in order of arrival, those of priority 2 as if they had come `credit_ms` earlier.
The rota is held as `scenarios.attendance` says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

import msgspec
import numpy as np

from csta.instants import SECOND, Instant, Milliseconds
from scenarios.patience import fit_patience
from scenarios.rota import GAP_MS, Presence, answered_types, presence_runs
from scenarios.trace import Trace, TraceCall

_CREDITED_PRIORITY = 2


class NamedStreams(Protocol):
    """Where the randomness comes from: one stream for each purpose."""

    def stream(self, name: str) -> np.random.Generator:
        """Give the stream of that name."""


class ReplayRecipe(msgspec.Struct, frozen=True):
    """What the records do not say. These figures meet the gate in January and February 1999."""

    gap_ms: Milliseconds = GAP_MS
    """A longer pause between two calls of an agent is an absence."""
    wrap_up_ms: Milliseconds = 14 * SECOND
    credit_ms: Milliseconds = 90 * SECOND
    """What callers of priority 2 have waited already when they begin to wait."""


class PlannedCall(msgspec.Struct, frozen=True):
    """One call to be made again."""

    arrived_at: Instant
    vru_ms: Milliseconds
    queued_at: Instant
    """When the call leaves the IVR and would like an agent."""
    call_type: str
    priority: int
    credit_ms: Milliseconds
    patience_ms: Milliseconds
    """How long the caller waits from `queued_at` on."""
    talk_ms: Milliseconds
    customer_id: str


class PlannedAgent(msgspec.Struct, frozen=True):
    """One agent, the types of call he takes, and when he is there."""

    agent_id: str
    call_types: tuple[str, ...]
    presence: tuple[Presence, ...]


class ReplayPlan(msgspec.Struct, frozen=True):
    """All that a replay needs: calls in order of arrival, agents in order of name."""

    calls: tuple[PlannedCall, ...]
    agents: tuple[PlannedAgent, ...]
    wrap_up_ms: Milliseconds


def plan_replay(
    trace: Trace, streams: NamedStreams, recipe: ReplayRecipe | None = None
) -> ReplayPlan:
    """Plan the replay of a trace; draws come from the streams `patience` and `handle_time`."""
    recipe = recipe or ReplayRecipe()
    talks = _talks(trace.calls, streams.stream("handle_time"))
    patiences = _patiences(trace.calls, streams.stream("patience"))
    types = answered_types(trace.calls)
    return ReplayPlan(
        calls=tuple(
            PlannedCall(
                arrived_at=call.arrived_at,
                vru_ms=call.vru_ms,
                queued_at=call.arrived_at + call.vru_ms,
                call_type=call.call_type,
                priority=call.priority,
                credit_ms=recipe.credit_ms if call.priority == _CREDITED_PRIORITY else 0,
                patience_ms=patience_ms,
                talk_ms=talk_ms,
                customer_id=call.customer_id,
            )
            for call, talk_ms, patience_ms in zip(trace.calls, talks, patiences, strict=True)
        ),
        agents=tuple(
            PlannedAgent(agent_id, types[agent_id], runs)
            for agent_id, runs in presence_runs(trace.calls, recipe.gap_ms).items()
            if runs
        ),
        wrap_up_ms=recipe.wrap_up_ms,
    )


def _talks(calls: tuple[TraceCall, ...], stream: np.random.Generator) -> Iterable[Milliseconds]:
    """Give each call's recorded service, or one drawn from those of its type."""
    known: defaultdict[str, list[Milliseconds]] = defaultdict(list)
    for call in calls:
        if call.service_ms:
            known[call.call_type].append(call.service_ms)
    of_any_type = [service_ms for of_type in known.values() for service_ms in of_type] or [0]
    for call, u in zip(calls, stream.random(len(calls)).tolist(), strict=True):
        services = known.get(call.call_type, of_any_type)
        yield call.service_ms or services[int(u * len(services))]


def _patiences(calls: tuple[TraceCall, ...], stream: np.random.Generator) -> Iterable[Milliseconds]:
    """Give each caller's patience. Who would leave in the second of his turn is answered: + 1 ms.

    The records are in whole seconds, so that turns and departures often fall on one instant.
    """
    patience = fit_patience(calls)
    # A draw of exactly 0 has no place on a curve.
    for call, u in zip(calls, (1 - stream.random(len(calls))).tolist(), strict=True):
        if call.answered:
            yield 1 + patience.of(call.call_type).draw(u, call.wait_ms)
        else:
            yield 1 + call.wait_ms
