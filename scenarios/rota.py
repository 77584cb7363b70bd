"""Who was at work when, and for which types of call: read from who answered what.

Call records hold no rota. An agent is taken to be present from the first to the last call of a run
in which no pause is longer than `gap_ms` (validation §1.5). That uses hindsight: it serves a
replay, not a forecast.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from csta.instants import MINUTE, Instant, Milliseconds
from scenarios.trace import TraceCall

GAP_MS: Milliseconds = 5 * MINUTE

_USUAL_SHARE_MIN = 0.05
_EXPECTED_MIN = 5


class Presence(msgspec.Struct, frozen=True):
    """One stretch of time at work."""

    start_at: Instant
    end_at: Instant


def presence_runs(
    calls: Iterable[TraceCall], gap_ms: Milliseconds = GAP_MS
) -> dict[str, tuple[Presence, ...]]:
    """Give the runs of each named agent, in order of name and of time.

    Calls that overlap make one run. A run that takes no time, of answered calls whose service was
    not recorded, is left out.
    """
    served: defaultdict[str, list[tuple[Instant, Instant]]] = defaultdict(list)
    for call in calls:
        if call.answered and call.agent_id:
            served[call.agent_id].append((call.served_at, call.served_at + call.service_ms))
    return {agent_id: _joined(sorted(served[agent_id]), gap_ms) for agent_id in sorted(served)}


def _joined(spans: list[tuple[Instant, Instant]], gap_ms: Milliseconds) -> tuple[Presence, ...]:
    """Join spans, in order of start, that lie no more than `gap_ms` apart."""
    runs: list[tuple[Instant, Instant]] = []
    for start_at, end_at in spans:
        if runs and start_at - runs[-1][1] <= gap_ms:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end_at))
        else:
            runs.append((start_at, end_at))
    return tuple(Presence(start_at, end_at) for start_at, end_at in runs if end_at > start_at)


def answered_types(calls: Iterable[TraceCall]) -> dict[str, tuple[str, ...]]:
    """Give the types of call that each named agent takes, in order of name.

    An agent lacks a type when fewer than a twentieth of the calls came to him that an average agent
    would have answered, provided that those would have been at least five.
    """
    seen: Counter[str] = Counter()
    answered: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for call in calls:
        seen[call.call_type] += 0
        if call.answered and call.agent_id:
            seen[call.call_type] += 1
            answered[call.agent_id][call.call_type] += 1
    total = seen.total()

    def takes(agent_id: str, call_type: str) -> bool:
        usual = answered[agent_id].total() * seen[call_type] / total
        own = answered[agent_id][call_type]
        return usual < _EXPECTED_MIN or own >= _USUAL_SHARE_MIN * usual

    return {
        agent_id: tuple(call_type for call_type in sorted(seen) if takes(agent_id, call_type))
        for agent_id in sorted(answered)
    }
