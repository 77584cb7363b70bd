"""Figures for each node, folded from decisions."""

from __future__ import annotations

from ivr import EndReason, FlowStats, NodeCount
from tests.ivr.caller import Caller
from tests.ivr.flows import example, flow_of

STEPS = """
  hello: {prompt: sound:hello, next: choose}
  choose:
    menu: sound:m
    choices: {1: sales, 2: bye, "*": choose}
    no_input: {go: bye}
    no_match: {go: bye}
"""


def _walk(stats: FlowStats, walk_id: str, words: list[str]) -> None:
    caller = Caller(flow_of(STEPS))
    for word in words:
        seen = len(caller.decisions)
        caller.do(word)
        stats.take(walk_id, caller.decisions[seen:], caller.now)


def test_visits_exits_hang_ups_and_time_of_each_node() -> None:
    stats = FlowStats()
    _walk(stats, "a", ["begin", "+2s", "heard", "+1s", "1"])
    _walk(stats, "b", ["begin", "+3s", "heard", "+5s", "gone"])
    _walk(stats, "c", ["begin", "heard", "+4s", "*", "+1s", "2"])
    _walk(stats, "d", ["begin"])
    _walk(stats, "e", ["gone"])
    assert stats.nodes == {
        "hello": NodeCount(visits=4, exits=3, hang_ups=0, time_ms=5_000),
        "choose": NodeCount(visits=4, exits=3, hang_ups=1, time_ms=11_000),
        "sales": NodeCount(visits=1, exits=1),
        "bye": NodeCount(visits=1, exits=1),
    }
    assert stats.ended == {
        EndReason.QUEUED: 1,
        EndReason.TRANSFERRED: 0,
        EndReason.HUNG_UP: 1,
        EndReason.CALLER_GONE: 2,
        EndReason.LIMIT: 0,
    }


def test_contained_are_the_callers_whom_the_menu_served_to_the_end() -> None:
    stats = FlowStats()
    assert stats.containment_share() is None
    _walk(stats, "a", ["begin", "heard", "2"])
    _walk(stats, "b", ["begin", "1"])
    _walk(stats, "c", ["begin", "gone"])
    _walk(stats, "d", ["begin", "2"])
    assert stats.containment_share() == 0.5


def test_every_visit_is_an_exit_or_a_hang_up_once_all_walks_are_over() -> None:
    stats = FlowStats()
    for count, last in enumerate(("gone", "1", "3", "silence")):
        caller = Caller(example("bank"))
        caller.do(f"begin heard heard {last}")
        if not caller.walk.done:
            caller.do("gone")
        stats.take(str(count), caller.decisions, caller.now)
    assert sum(stats.ended.values()) == 4
    assert all(n.visits == n.exits + n.hang_ups for n in stats.nodes.values())
