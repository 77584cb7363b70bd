"""The flows that people copy: stories, and a walk through every branch of each."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator

import pytest

from csta.conditions import compile_condition
from ivr import (
    CheckStep,
    CollectStep,
    Flow,
    FlowStats,
    HangUpStep,
    MenuStep,
    PromptStep,
    SetStep,
    ways,
)
from tests.ivr.caller import EXITS, Caller, tell
from tests.ivr.flows import EXAMPLES, example
from tests.repository import ROOT

BUSY = {
    "queue.sales.agents_ready": 0,
    "queue.sales.position": 3,
    "queue.support.agents_ready": 0,
    "queue.support.position": 5,
}
FREE = {"queue.sales.agents_ready": 2, "queue.support.agents_ready": 1}
WAIT_FOR_SALES = ["at to_sales", "queue sales topic=sales", "ended queued"]
ASK_WAITING = "play sound:to-wait-press-1-to-leave-press-2"


def _story(name: str, facts: dict[str, object], script: str) -> list[list[str]]:
    caller = Caller(example(name), facts)
    return [caller.do(word) for word in script.split()]


def test_a_caller_who_finds_nobody_free_is_told_the_place_and_waits() -> None:
    assert _story("main", dict(BUSY), "begin heard 1 47110815 heard 1") == [
        ["at welcome", "play sound:welcome"],
        ["at choose", "play sound:sales-1-support-2"],
        ["stop", "at know_caller", "at customer_number", "play sound:enter-your-customer-number"],
        [
            "stop",
            "collected customer_number 47110815",
            "at customer_tier",
            "at sales_ready",
            "at sales_position",
            "play tts:All are busy. You are number 3 in the queue.",
        ],
        ["at sales_wait", ASK_WAITING],
        [
            "stop",
            "at to_sales",
            "queue sales customer_number=47110815 topic=sales",
            "ended queued",
        ],
    ]


@pytest.mark.parametrize(
    ("facts", "script", "last"),
    [
        (FREE, "known:iron begin heard 1", WAIT_FOR_SALES),
        (FREE, "known:gold begin 1", ["queue sales priority 10 topic=sales", "ended queued"]),
        (FREE, "begin 1 heard silence", WAIT_FOR_SALES),
        (FREE, "begin 1 47#", WAIT_FOR_SALES),
        (FREE, "begin 2", ["at to_support", "queue support topic=support", "ended queued"]),
        (BUSY, "known:iron begin 1 heard heard silence", WAIT_FOR_SALES),
        (BUSY, "known:iron begin 1 heard 7 7", WAIT_FOR_SALES),
        (BUSY, "known:iron begin 1 heard 2 heard", ["hang up", "ended hungUp"]),
        ({}, "known:iron begin 1 1", WAIT_FOR_SALES),
        (BUSY, "begin 2 heard 2 heard", ["hang up", "ended hungUp"]),
        (BUSY, "begin 9 9 9", ["play tts:All are busy. You are number 5 in the queue."]),
    ],
)
def test_the_front_door(facts: dict[str, object], script: str, last: list[str]) -> None:
    said = _story("main", facts, script)[-1]
    assert said[-len(last) :] == last


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("begin 1 heard", ["at more", "play sound:more-services-press-1-person-press-0"]),
        ("begin 1 heard heard silence heard", ["hang up", "ended hungUp"]),
        ("begin 2 12345678 1234", ["at balance", "play sound:your-balance-is"]),
        ("begin 2 12345678 1234 heard", ["play digits:1250.40"]),
        ("begin 3 12345678 1234 87654321 50#", ["at confirm", "play sound:you-pay"]),
        ("begin 3 12345678 1234 87654321 50# heard", ["play digits:50"]),
        (
            "begin 3 12345678 1234 87654321 50# 1",
            ["at paid", "play sound:your-order-is-on-its-way"],
        ),
        ("begin 4 12345678 1234 444555# 99# 2 0", ["ended queued"]),
        ("begin 2 12345678 1234 heard heard 1 4", ["at bill", "play sound:enter-bill-number"]),
        ("begin 2 1# heard 2 1# heard 2 1#", ["queue banking service=balance", "ended queued"]),
        (
            "begin heard heard silence heard heard silence",
            ["queue banking service=none", "ended queued"],
        ),
    ],
)
def test_telephone_banking(script: str, last: list[str]) -> None:
    said = _story("bank", {}, script)[-1]
    assert said[-len(last) :] == last


def test_the_agent_sees_the_account_and_never_the_pin() -> None:
    caller = Caller(example("bank"))
    caller.do("begin 2 12345678 9753 heard heard 0")
    assert caller.walk.collected == {"account": "12345678"}
    handed = [d for d in caller.decisions if isinstance(d, EXITS)]
    assert "12345678" in repr(handed)
    assert "9753" not in repr(handed)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_enough_to_be_read(name: str) -> None:
    path = ROOT / "scenarios" / "library" / "flows" / f"{name}.yaml"
    assert len(path.read_text("utf-8").splitlines()) < 80


def _worlds(name: str) -> Iterator[tuple[dict[str, object], str]]:
    """Give the facts, and the words before `begin`, under which a flow can be walked."""
    if name == "bank":
        yield {}, ""
        return
    customers = ("", "stranger ", "known:iron ", "known:gold ")
    yield from itertools.product((FREE, BUSY, {}), customers)


def _actions(flow: Flow, caller: Caller) -> list[str]:
    """Give what a caller can do now: listen, say nothing for too long, or press keys."""
    step = flow.steps[caller.walk.path[-1]]
    words = ["heard", "silence"] if caller.playing else ["silence"]
    if isinstance(step, MenuStep):
        return [*words, *step.choices, _wrong_key(step)]
    if isinstance(step, CollectStep):
        return [*words, "1", "#", "2" * step.keys.most]
    return [*words, "1"] if isinstance(step, PromptStep) else words


def _wrong_key(step: MenuStep) -> str:
    return next(key for key in "0123456789" if key not in step.choices)


def _situation(flow: Flow, caller: Caller, since: tuple[str, ...]) -> object:
    """Give what decides how the walk can go on: the place, what was done there, what is known."""
    path = caller.walk.path
    variables: dict[str, object] = {}
    for node in path:
        step = flow.steps[node]
        variables |= step.variables if isinstance(step, SetStep) else {}
    names = [
        name
        for step in flow.steps.values()
        if isinstance(step, CheckStep)
        for row in step.rows
        for name in compile_condition(row.when).names
    ]
    visits = [path.count(name.removeprefix("visits.")) for name in names]
    # A check counts to two; in a menu it matters how often what was done, not in which order.
    done = (since.count("silence"), len(since), caller.playing is not None)
    at_menu = isinstance(flow.steps[path[-1]], MenuStep)
    return (
        path[-1],
        done if at_menu else since,
        tuple(str(variables.get(name)) for name in names),
        tuple(min(count, 2) for count in visits),
    )


def _explore(flow: Flow) -> Iterator[tuple[Caller, str, tuple[str, ...]]]:
    """Walk every way in every world; give the caller, the last word, and where it led from where.

    Each situation is gone on from once; every end is given.
    """
    for facts, before in _worlds(flow.name):
        seen: dict[object, None] = {}
        scripts = deque([f"{before}begin"])
        while scripts:
            script = scripts.popleft()
            caller = Caller(flow, facts)
            since: tuple[str, ...] = ()
            visited = 0
            for word in script.split():
                visited = len(caller.walk.path)
                caller.act(word)
                since = () if len(caller.walk.path) > visited else (*since, word)
            situation = _situation(flow, caller, since)
            if situation not in seen and not caller.walk.done:
                seen[situation] = None
                scripts += [f"{script} {action}" for action in _actions(flow, caller)]
            yield caller, word, caller.walk.path[max(visited - 1, 0) :]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_branch_can_be_walked_and_ends_well(name: str) -> None:
    flow = example(name)
    walked: set[tuple[str, str, str]] = set()
    ends: set[str] = set()
    for caller, word, led in _explore(flow):
        walked |= {(one, word, other) for one, other in itertools.pairwise(led)}
        if caller.walk.done:
            ends.add(tell(caller.decisions[-1]))
            assert sum(isinstance(decision, EXITS) for decision in caller.decisions) == 1
        else:
            assert caller.walk.wake_at() is not None, "it waits for ever"
    for node, step in flow.steps.items():
        for way in ways(step):
            words = {word for one, word, other in walked if (one, other) == (node, way.node)}
            assert words, f"nobody went from {node} to {way.node}"
            if way.key.startswith("choices."):
                assert way.key.removeprefix("choices.") in words
            if way.key == "no_input.go":
                assert "silence" in words
            if way.key == "no_match.go":
                assert isinstance(step, MenuStep)
                assert words - {"silence", *step.choices}
    assert ends == {"ended queued", "ended hungUp", "ended limit"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_hanging_up_is_safe_everywhere(name: str) -> None:
    flow = example(name)
    stats = FlowStats()
    for count, (caller, _, _) in enumerate(_explore(flow)):
        if caller.walk.done:
            continue
        path, collected = caller.walk.path, dict(caller.walk.collected)
        assert caller.do("gone") == ["ended callerGone"]
        assert caller.walk.done
        assert caller.walk.wake_at() is None
        assert (caller.walk.path, caller.walk.collected) == (path, collected)
        stats.take(str(count), caller.decisions, caller.now)
    waiting = PromptStep | MenuStep | CollectStep | HangUpStep
    left_at = {node for node, count in stats.nodes.items() if count.hang_ups}
    assert left_at == {node for node, step in flow.steps.items() if isinstance(step, waiting)}
