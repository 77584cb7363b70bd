"""Walking the graph of a flow without a caller: what leads where, what comes round again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from ivr.config import CollectStep, Flow, MenuStep, SetStep, Step, Way, ways

Ways: TypeAlias = Callable[[Step], tuple[Way, ...]]


def silent_ways(step: Step) -> tuple[Way, ...]:
    """List the ways that are open to a caller who presses no key."""
    match step:
        case MenuStep():
            return tuple(way for way in ways(step) if way.key == "no_input.go")
        case CollectStep():
            return tuple(way for way in ways(step) if way.key == "failed")
        case _:
            return ways(step)


def reached_from(flow: Flow, start: str) -> Mapping[str, None]:
    """Give the nodes that some way leads to, the start first."""
    found = {start: None}
    to_see = [start]
    while to_see:
        for way in ways(flow.steps[to_see.pop()]):
            if way.node not in found:
                found[way.node] = None
                to_see.append(way.node)
    return found


def leading_to(flow: Flow, ends: Collection[str], open_ways: Ways) -> Mapping[str, None]:
    """Give the nodes from which some of these ends can be reached, the ends included."""
    sources: dict[str, list[str]] = {node: [] for node in flow.steps}
    for node, step in flow.steps.items():
        for way in open_ways(step):
            sources[way.node].append(node)
    found = dict.fromkeys(ends)
    to_see = list(ends)
    while to_see:
        for node in sources[to_see.pop()]:
            if node not in found:
                found[node] = None
                to_see.append(node)
    return found


def first_loop(flow: Flow, nodes: Collection[str]) -> list[str]:
    """Give one circle that stays within these nodes, its first node again at the end; or none.

    Nodes that cannot go on within the rest are peeled off until all the rest can: whoever walks
    on in that rest comes round.
    """
    onward = {
        node: [way.node for way in ways(flow.steps[node]) if way.node in nodes] for node in nodes
    }
    sources: dict[str, list[str]] = {node: [] for node in nodes}
    for node, targets in onward.items():
        for target in targets:
            sources[target].append(node)
    left = {node: len(targets) for node, targets in onward.items()}
    peeled = [node for node, count in left.items() if not count]
    while peeled:
        gone = peeled.pop()
        del left[gone]
        for node in sources[gone]:
            left[node] -= 1
            if not left[node]:
                peeled.append(node)
    if not left:
        return []
    node = next(iter(left))
    path: dict[str, None] = {}
    while node not in path:
        path[node] = None
        node = next(target for target in onward[node] if target in left)
    walked = list(path)
    return [*walked[walked.index(node) :], node]


def surely_set(flow: Flow) -> Mapping[str, frozenset[str]]:
    """Give, for each node that can be reached, the variables that have a value whatever the way."""
    known: dict[str, frozenset[str]] = {flow.start: frozenset()}
    to_see = [flow.start]
    while to_see:
        node = to_see.pop()
        step = flow.steps[node]
        for way in ways(step):
            after = known[node] | _set_by(step, way)
            before = known.get(way.node)
            if before is None or not before <= after:
                known[way.node] = after if before is None else before & after
                to_see.append(way.node)
    return known


def _set_by(step: Step, way: Way) -> frozenset[str]:
    if isinstance(step, SetStep):
        return frozenset(step.variables)
    if isinstance(step, CollectStep) and way.key == "ok":
        return frozenset((step.name,))
    return frozenset()
