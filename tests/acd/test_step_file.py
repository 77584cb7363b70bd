"""One step of a recipe: what can be written, and for each fault the line, the key, the remedy."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.step_file import CALL_FIGURES, QUEUE_FIGURES, Known, read_step
from acd.steps import Step
from csta.documents import read_document
from csta.errors import ConfigError
from tests.repository import ROOT

KNOWN = Known(
    queues=("sales", "support", "card-loss"),
    recipes=("patience",),
    questions=("go_on",),
    calendars=("office",),
)


def read(text: str, own: str = "") -> Step:
    """Read a step from lines `key: value`, of which the first is `after`."""
    return read_step(read_document(text, "plan.yaml"), KNOWN, own)


def refused(text: str, own: str = "") -> ConfigError:
    with pytest.raises(ConfigError) as fault:
        read(text, own)
    assert fault.value.file == "plan.yaml"
    return fault.value


ACTIONS: list[tuple[str, dict[str, object]]] = [
    ("skills: {english: 2, sales: 0}", {"skills": {"english": 2, "sales": 0}}),
    ("requires: english >= 3", {"requires": "english >= 3"}),
    ('requires: ""', {"requires": ""}),
    ("rank_max: 2", {"rank_max": 2}),
    ("priority_by: -3", {"priority_by": -3}),
    ("priority: 5", {"priority": 5}),
    ("overflow_to: support", {"overflow_to": ("support",)}),
    ("overflow_to: [support, sales]", {"overflow_to": ("support", "sales")}),
    ("also: card-loss", {"also": "card-loss"}),
    ("split: {sales: 70, support: 30}", {"split": {"sales": 70, "support": 30}}),
    ("flow: night", {"divert_to": "routeing:night"}),
    ("voice_mail: box", {"divert_to": "routeing:box"}),
    ('number: "+441632960000"', {"divert_to": "number:+441632960000"}),
    ("end: timeout", {"end": "timeout"}),
    ("announce: sound:please-wait", {"announce": "sound:please-wait"}),
    ("say: [position, wait]", {"say_position": True, "say_wait": True}),
    ("say: wait", {"say_wait": True}),
    ("music: music:jazz", {"music": "music:jazz"}),
    ("ask: go_on", {"ask": "go_on"}),
    ("offer_callback: true", {"offer_callback": True}),
    ("recipe: patience", {"recipe": "patience"}),
]


@pytest.mark.parametrize(("line", "fields"), ACTIONS)
def test_each_action_is_enough_for_a_step(line: str, fields: dict[str, object]) -> None:
    """R13, R14, R32, R33, O01, O07, Q02 to Q07: what a step can do."""
    assert read(f"after: 30 s\n{line}") == msgspec.structs.replace(Step(after_ms=30_000), **fields)


def test_every_action_that_a_step_can_have_is_in_the_table() -> None:
    conditions = {"after_ms", "when", "every_ms", "repeat", "comment", "skip_empty"}
    tried = {field for _, fields in ACTIONS for field in fields}
    assert tried == set(Step.__struct_fields__) - conditions


def test_a_step_says_when_and_how_often_and_why() -> None:
    step = read(
        "after: 1 min\nwhen: waiting > 5\nevery: 30 s\nrepeat: true\n"
        "announce: sound:busy\nmusic: music:jazz\ncomment: nobody likes silence"
    )
    assert step == Step(
        after_ms=60_000,
        when="waiting > 5",
        every_ms=30_000,
        repeat=True,
        announce="sound:busy",
        music="music:jazz",
        comment="nobody likes silence",
    )


def test_targets_at_which_nobody_is_logged_on_may_be_passed_over() -> None:
    """R31."""
    step = read("after: 0 s\noverflow_to: [support, sales]\nskip_empty: true\nevery: 5 s")
    assert (step.skip_empty, step.overflow_to) == (True, ("support", "sales"))


@pytest.mark.parametrize(
    "when",
    [
        *(f"{figure} > 0" for figure in (*CALL_FIGURES, *QUEUE_FIGURES)),
        *(f"queue.sales.{figure} > 0" for figure in QUEUE_FIGURES),
        "queue['card-loss'].waiting < 3 and not queue.support.ready == 0",
        'calendar.office == "closed" or caller.tier in ["gold", "silver"]',
    ],
)
def test_a_condition_may_use_each_figure_that_the_acd_knows(when: str) -> None:
    """R33, O02 to O05, Q18: the names that Step promises."""
    assert read(f"after: 0 s\nend: closed\nwhen: {when}").when == when


FIGURES = ", ".join((*CALL_FIGURES, *QUEUE_FIGURES))
FAULTS = [
    # Names in conditions.
    ("when: wating > 5", "when", "'wating' is not known here. Did you mean 'waiting'?", FIGURES),
    ('when: customer.tier == "gold"', "when", "Did you mean 'caller.tier'?", "caller.<attribute>"),
    ("when: caller.tier.name == 1", "when", "'caller.tier.name' is not known", "caller.<attri"),
    ("when: queue.sale.waiting > 1", "when", "no queue 'sale'. Did you mean 'sales'?", "card-loss"),
    ("when: queue.sales.wait > 1", "when", "'wait' is no figure of a queue", "estimated_wait"),
    ("when: queue.sales.waited > 1", "when", "'waited' is no figure of a queue", "one of: est"),
    ("when: queue.sales > 1", "when", "names no figure of that queue", "queue.sales.waiting"),
    ('when: calendar.ofice == "open"', "when", "Did you mean 'office'?", "one of: office"),
    ("when: waited >", "when", "'waited >' is no condition", "queue.support.ready > 0"),
    ("when: max(waited, 3) > 1", "when", "nothing is called or computed", "waited > 60"),
    ("when: [waited]", "when", "'when' should be one value, but it is a list", "when: some text"),
    ("requires: english >", "requires", "'english >' is no condition", "english >= 3 or caller"),
    ("requires: queue.sales.ready", "requires", "neither a skill nor a caller", "caller.<attrib"),
    ("requires: caler.tier == 1", "requires", "Did you mean 'caller.tier'?", "skills and caller"),
    # Where the call goes.
    ("overflow_to: suport", "overflow_to", "Did you mean 'support'?", "one of: sales, support"),
    ("overflow_to: [support, away]", "overflow_to", "there is no queue 'away'", "one of: sales"),
    ("overflow_to: []", "overflow_to", "'overflow_to' names nothing", "one name, or a list"),
    ("overflow_to: [support, support]", "overflow_to", "stands here twice", "each name once"),
    ("overflow_to: {support: 1}", "overflow_to", "but it is a mapping", "overflow_to: some text"),
    ("split: {}", "split", "the split names no queue", "split: {first: 70, second: 30}"),
    ("split: {sales: 100, away: 10}", "split", "there is no queue 'away'", "one of: sales"),
    ("split: {sales: 100, support: 0}", "split", "has a share of 0", "split: {first: 70"),
    ("split: [sales, support]", "split", "but it is a list", "{first: 1, second: 2}"),
    ("flow: routeing:night", "flow", "'routeing:night' is no name", "flow: night"),
    ("voice_mail: the box", "voice_mail", "'the box' is no name", "voice_mail: night"),
    ("number: station:1001", "number", "'station:1001' is no number", 'number: "+441632960000"'),
    ("end: he gave up", "end", "'he gave up' is no name", "end: timeout"),
    ("overflow_to: sales\nflow: night", "flow", "'overflow_to' and 'flow'", "a step for each"),
    ("number: 110\nend: timeout", "end", "two places to go", "one of the two"),
    ("also: sales\nsplit: {support: 1}", "split", "'also' and 'split'", "one of the two"),
    # What the call needs, and where it stands.
    ("skills: {}", "skills", "no skill is named", "0 drops a skill"),
    ("skills: {english: 11}", "skills", "asks for level 11", "english: 0 to 10"),
    ("rank_max: 0", "rank_max", "0 is too small", "rank_max: 1"),
    ("priority: 101", "priority", "101 is too large", "priority: 100"),
    ("priority: 1\npriority_by: 2", "priority_by", "set and changed in one step", "priority or"),
    # What the caller hears.
    ("announce: please wait", "announce", "is nothing to play", "announce: sound:please-wait"),
    ("say: [position, name]", "say", "'name' cannot be said", "say: [position, wait]"),
    ("say: [wait, wait]", "say", "'wait' stands here twice", "each name once"),
    ("ask: goon", "ask", "there is no question 'goon'. Did you mean 'go_on'?", "one of: go_on"),
    ("ask: go_on\noffer_callback: true", "offer_callback", "two things at once", "means callback"),
    ("ask: go_on\nend: timeout", "ask", "gone before he can answer", "a step for each"),
    ("recipe: patient", "recipe", "there is no recipe 'patient'", "one of: patience"),
    # When, and how often.
    ("say: wait\nrepeat: true", "repeat", "does not say how often", "every: 30 s"),
    ("say: wait\nevery: 30 s", "every", "at its first look, and only then", "repeat: true, or"),
    ("say: wait\nevery: 500 ms", "every", "500 ms is too small", "every: 1 s"),
    ("end: late\nevery: 9 s\nrepeat: true", "repeat", "the call is gone", "without repeat"),
    ("end: late\nrepeat: often", "repeat", "should be true or false", "repeat: true"),
    # What does nothing.
    ("comment: nothing else", "after", "the step does nothing", "overflow_to: second_queue"),
    ("offer_callback: false", "after", "the step does nothing", "overflow_to: second_queue"),
    ("skip_empty: true\nend: late", "skip_empty", "no queue that could be empty", "overflow_to"),
    ("overflow: sales", "overflow", "Did you mean 'overflow_to'?", "one of: "),
]


@pytest.mark.parametrize(("text", "key", "problem", "remedy"), FAULTS)
def test_a_fault_is_named_with_its_line_its_key_and_what_to_write(
    text: str, key: str, problem: str, remedy: str
) -> None:
    fault = refused(f"after: 9 s\n{text}")
    line = 1 + next(
        (n for n, row in enumerate(text.split("\n"), start=1) if row.startswith(f"{key}:")), 0
    )
    assert (fault.line, fault.key) == (line, key)
    assert problem in fault.problem
    assert remedy in fault.remedy


def test_every_key_of_a_step_and_every_figure_is_on_the_page_about_recipes() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    keys = refused("after: 9 s\nend: late\nnonsense: 1").remedy.removeprefix("one of: ").split(", ")
    assert len(keys) > 20
    assert [
        word for word in (*keys, *CALL_FIGURES, *QUEUE_FIGURES) if f"`{word}`" not in page
    ] == []


@pytest.mark.parametrize("line", ["overflow_to: sales", "also: sales", "split: {sales: 40}"])
def test_a_step_of_a_queue_does_not_lead_to_that_queue(line: str) -> None:
    """O09."""
    fault = refused(f"after: 9 s\n{line}", own="sales")
    assert (fault.line, fault.problem) == (2, "queue 'sales' leads to itself")
    assert fault.remedy == "another queue"


def test_where_nothing_has_a_name_the_remedy_says_where_names_are_given() -> None:
    document = read_document("after: 0 s\nask: go_on", "plan.yaml")
    with pytest.raises(ConfigError) as fault:
        read_step(document, Known(queues=("sales",)))
    assert fault.value.problem == "there is no question 'go_on'"
    assert fault.value.remedy == "questions: {go_on: …} in the plan"


PLACES = [line for line, fields in ACTIONS if {"overflow_to", "divert_to", "end"} & fields.keys()]


@given(st.permutations(ACTIONS).flatmap(lambda rows: st.sampled_from([rows[:2], rows[:3]])))
def test_actions_of_one_step_are_all_taken_or_the_step_is_refused(
    rows: list[tuple[str, dict[str, object]]],
) -> None:
    keys = [line.partition(":")[0] for line, _ in rows]
    text = "\n".join(["after: 1 s", *(line for line, _ in rows)])
    try:
        step = read(text)
    except ConfigError as fault:
        assert fault.key.split(".")[0] in keys  # noqa: PT017 - either outcome is right
    else:
        for _, fields in rows:
            assert {name: getattr(step, name) for name in fields} == fields
        assert sum(line in PLACES for line, _ in rows) <= 1
