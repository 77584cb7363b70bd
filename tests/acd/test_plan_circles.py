"""Plans by which a call would go round for ever, and those that only look like it."""

from __future__ import annotations

import pytest

from acd.plan_file import Plan, read_plan
from csta.documents import read_document
from csta.errors import ConfigError


def read(text: str) -> Plan:
    return read_plan(read_document(text.lstrip("\n"), "plan.yaml"))


RESTS = {
    "queues that help each other move nobody": """
queues:
  sales: {steps: [{after: 20 s, also: support}]}
  support: {steps: [{after: 20 s, also: sales}]}
""",
    "two ways lead to one end": """
queues:
  a: {steps: [{after: 9 s, overflow_to: [b, c]}]}
  b: {steps: [{after: 9 s, overflow_to: c}]}
  c:
""",
    "a recipe comes back to itself with time between": """
recipes:
  on: [{after: 9 s, say: wait}, {after: 9 s, recipe: on}]
queues: {a: {steps: on}}
""",
    "a step repeats a recipe that ends": """
recipes:
  on: [{after: 9 s, say: wait}]
queues: {a: {steps: [{after: 0 s, every: 9 s, repeat: true, recipe: on}]}}
""",
    "a recipe leads twice into the circle of two others": """
recipes:
  on: [{after: 0 s, recipe: off}]
  off: [{after: 1 s, recipe: on}]
  into: [{after: 0 s, recipe: on}, {after: 0 s, recipe: on}]
queues: {a: {steps: into}}
""",
}


@pytest.mark.parametrize("text", RESTS.values(), ids=RESTS)
def test_a_plan_whose_calls_come_to_rest_is_read(text: str) -> None:
    assert read(text).acd.queues


CIRCLES = {
    "overflow and back": (
        """
queues:
  a:
    steps: [{after: 9 s, overflow_to: [c, b]}]
  b: {steps: [{after: 9 s, overflow_to: a}]}
  c:
""",
        3,
        "a -> b -> a",
    ),
    "a second queue on the way": (
        """
queues:
  x: {steps: [{after: 9 s, overflow_to: a}]}
  a: {steps: [{after: 9 s, also: b}]}
  b: {steps: [{after: 9 s, overflow_to: a}]}
""",
        4,
        "b -> a -> b",
    ),
    "a split, and a way back for some": (
        """
queues:
  a: {steps: [{after: 9 s, split: {b: 1, c: 1}}]}
  b:
  c: {steps: [{after: 0 s, when: priority > 3, overflow_to: a}]}
""",
        2,
        "a -> c -> a",
    ),
    "a key that the caller may press": (
        """
questions: {q: {prompt: tts:Sales?, keys: {1: {queue: a}}}}
queues:
  a: {steps: [{after: 9 s, overflow_to: b}]}
  b: {steps: [{after: 9 s, ask: q}]}
""",
        3,
        "a -> b -> a",
    ),
    "a recipe that another adds": (
        """
recipes:
  r: [{after: 1 s, recipe: s}]
  s: [{after: 1 s, overflow_to: a}]
queues:
  a: {steps: [{after: 9 s, overflow_to: b}]}
  b: {steps: r}
""",
        5,
        "a -> b -> a",
    ),
    "a recipe that leads to the queue it serves": (
        """
recipes: {r: [{after: 1 s, overflow_to: a}]}
queues: {a: {steps: r}}
""",
        2,
        "a -> a",
    ),
    "a recipe that would let calls wait twice in one queue": (
        """
recipes: {r: [{after: 1 s, also: a}]}
queues: {a: {steps: r}}
""",
        2,
        "a -> a",
    ),
    "a queue with a semicolon": (
        """
questions: {q: {prompt: tts:Again?, keys: {1: {queue: 'a;b'}}}}
queues: {'a;b': {steps: [{after: 9 s, ask: q}]}}
""",
        2,
        "a;b -> a;b",
    ),
}


@pytest.mark.parametrize(("text", "line", "way"), CIRCLES.values(), ids=CIRCLES)
def test_queues_that_send_a_call_round_in_a_circle_are_refused(
    text: str, line: int, way: str
) -> None:
    """O09: overflow, split, second queues, questions and recipes count alike."""
    with pytest.raises(ConfigError) as fault:
        read(text)
    start, _, _ = way.partition(" ")
    assert fault.value.problem == f"overflow goes round in a circle: {way}"
    assert (fault.value.line, fault.value.key) == (line, f"queues.{start}.steps")
    assert fault.value.remedy == "steps that end in a queue without overflow_to"


GROWING = {
    "at once": (
        """
queues: {sales: {}}
recipes:
  on:
  - {after: 0 s, recipe: on}
""",
        3,
        "recipes.on",
        "after: 30 s",
    ),
    "at once, by way of another": (
        """
queues: {sales: {}}
recipes:
  on: [{after: 0 s, recipe: off}]
  off: [{after: 999 ms, recipe: on}]
""",
        3,
        "recipes.on",
        "after: 30 s",
    ),
    "at once, whatever its condition": (
        """
queues: {sales: {}}
recipes:
  on: [{after: 0 s, when: waiting > 3, recipe: on}]
""",
        3,
        "recipes.on",
        "after: 30 s",
    ),
    "twice": (
        """
queues: {sales: {}}
recipes:
  on:
  - {after: 9 s, recipe: on}
  - {after: 9 s, recipe: on}
""",
        5,
        "recipes.on[2].recipe",
        "one step that leads back",
    ),
    "with another that goes round": (
        """
queues: {sales: {}}
recipes:
  on:
  - {after: 9 s, recipe: on}
  - {after: 9 s, recipe: off}
  off: [{after: 9 s, recipe: off}]
""",
        5,
        "recipes.on[2].recipe",
        "one step that leads back",
    ),
    "by a step that repeats": (
        """
queues: {sales: {}}
recipes:
  on: [{after: 9 s, every: 9 s, repeat: true, recipe: on}]
""",
        3,
        "recipes.on[1].recipe",
        "the step without repeat",
    ),
    "by a queue's step that repeats": (
        """
recipes: {on: [{after: 9 s, recipe: on}]}
queues:
  sales:
    steps:
    - {after: 9 s, every: 9 s, repeat: true, recipe: on}
""",
        5,
        "queues.sales.steps[1].recipe",
        "the step without repeat",
    ),
}


@pytest.mark.parametrize(("text", "line", "key", "remedy"), GROWING.values(), ids=GROWING)
def test_a_recipe_that_would_add_itself_without_end_is_refused(
    text: str, line: int, key: str, remedy: str
) -> None:
    """R33, O09: a circle of recipes takes time, and has one way round."""
    with pytest.raises(ConfigError) as fault:
        read(text)
    assert (fault.value.line, fault.value.key) == (line, key)
    assert remedy in fault.value.remedy


def test_recipes_that_add_others_twice_each_do_not_become_a_million_steps() -> None:
    doubling = "".join(
        f"  r{n}: [{{after: 0 s, recipe: r{n + 1}}}, {{after: 0 s, recipe: r{n + 1}}}]\n"
        for n in range(20)
    )
    text = f"queues: {{a: {{steps: r0}}}}\nrecipes:\n{doubling}  r20: [{{after: 0 s, end: late}}]"
    with pytest.raises(ConfigError, match="has more than 1000 steps") as fault:
        read(text)
    assert (fault.value.line, fault.value.key) == (3, "recipes.r0")


def test_r38_a_call_does_not_become_a_chat() -> None:
    text = """
queues:
  talk: {steps: [{after: 9 s, also: write}]}
  write: {channel: chat}
"""
    with pytest.raises(ConfigError, match="'talk' is of channel voice, 'write' of chat") as fault:
        read(text)
    assert (fault.value.line, fault.value.key) == (2, "queues.talk.steps")
    assert fault.value.remedy == "a target with channel: voice"
