"""Counting what callers did at each node, folded from the walks' decisions (features I16, K13)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from csta.instants import Instant, Milliseconds
from ivr.decisions import Decision, Ended, EndReason, Visited


class NodeCount(msgspec.Struct):
    """One node: `visits` are `exits` and `hang_ups` together with the callers who are there now.

    `exits` went on, to another node or out of the menu; `hang_ups` are callers who left here.
    `time_ms` is the time of all finished visits.
    """

    visits: int = 0
    exits: int = 0
    hang_ups: int = 0
    time_ms: Milliseconds = 0


class FlowStats:
    """The figures of one flow over all walks that it was told of."""

    def __init__(self) -> None:
        """Start with no walk counted."""
        self.nodes: dict[str, NodeCount] = {}
        self.ended: dict[EndReason, int] = dict.fromkeys(EndReason, 0)
        self._here: dict[str, tuple[str, Instant]] = {}

    def take(self, walk_id: str, decisions: Iterable[Decision], now: Instant) -> None:
        """Count what one walk decided at this instant."""
        for decision in decisions:
            if isinstance(decision, Visited):
                self._leave(walk_id, now, hung_up=False)
                self._here[walk_id] = (decision.node, now)
                self.nodes.setdefault(decision.node, NodeCount()).visits += 1
            elif isinstance(decision, Ended):
                self._leave(walk_id, now, hung_up=decision.reason is EndReason.CALLER_GONE)
                self.ended[decision.reason] += 1

    def containment_share(self) -> float | None:
        """Give the share of ended walks that the flow itself completed; None before the first.

        The gross figure: the menu hung up, so the task was done and nobody was needed.
        """
        total = sum(self.ended.values())
        return self.ended[EndReason.HUNG_UP] / total if total else None

    def _leave(self, walk_id: str, now: Instant, *, hung_up: bool) -> None:
        here = self._here.pop(walk_id, None)
        if here is None:
            return
        node, since = here
        count = self.nodes[node]
        count.time_ms += now - since
        if hung_up:
            count.hang_ups += 1
        else:
            count.exits += 1
