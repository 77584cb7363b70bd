"""One caller's walk, step kind by step kind: what is decided, in which order, and when."""

from __future__ import annotations

import pytest

from csta.instants import SECOND
from ivr import CallerGone, DigitPressed, PlayEnded
from tests.ivr.caller import Caller
from tests.ivr.flows import flow_of

MENU = """
  hello: {prompt: sound:hello, next: choose}
  choose:
    menu: [sound:one, sound:two]
    choices: {1: sales, 2: bye, "#": hello}
    timeout: 4 s
    no_input: {prompt: sound:say, limit: 2, go: person}
    no_match: {prompt: sound:wrong, limit: 3, go: person}
"""
ENTRY = """
  ask:
    collect: number
    prompt: sound:number
    min: 2
    max: 4
    first_timeout: 6 s
    digit_timeout: 2 s
    ok: after
    failed: person
  after:
    menu: sound:after
    choices: {1: sales, "#": bye}
    no_input: {go: sales}
    no_match: {go: person}
"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("begin", "at hello, play sound:hello"),
        ("begin heard", "at choose, play sound:one"),
        ("begin heard heard", "play sound:two"),
        ("begin heard heard heard", ""),
        ("begin heard heard heard 1", "at sales, queue sales, ended queued"),
        ("begin heard heard 1", "stop, at sales, queue sales, ended queued"),
        ("begin heard 2", "stop, at bye, hang up, ended hungUp"),
        ("begin 2", "stop, at choose, at bye, hang up, ended hungUp"),
        ("begin heard #", "stop, at hello, play sound:hello"),
        ("begin heard 9", "stop, play sound:wrong"),
        ("begin heard 9 heard", "play sound:one"),
        ("begin 9", "stop, at choose, play sound:wrong"),
        ("begin heard 9 9 9", "stop, at person, queue person, ended queued"),
        ("begin heard heard heard silence", "play sound:say"),
        ("begin heard heard heard silence heard heard heard", ""),
        (
            "begin heard heard heard silence heard heard heard silence",
            "at person, queue person, ended queued",
        ),
        ("begin heard 9 heard heard heard silence heard 9", "stop, play sound:wrong"),
        ("gone", "ended callerGone"),
        ("begin gone", "ended callerGone"),
        ("begin heard gone", "ended callerGone"),
        ("begin gone begin", ""),
        ("begin gone gone", ""),
        ("begin begin", ""),
        ("5 begin", "at hello, play sound:hello"),
    ],
)
def test_a_menu(script: str, expected: str) -> None:
    caller = Caller(flow_of(MENU))
    *before, last = script.split()
    caller.do(" ".join(before))
    assert ", ".join(caller.do(last)) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("begin 1234", "stop, collected number 1234, at after, play sound:after"),
        ("begin heard 12#", "collected number 12, at after, play sound:after"),
        ("begin heard 12 silence", "collected number 12, at after, play sound:after"),
        ("begin heard 1#", "at person, queue person, ended queued"),
        ("begin heard #", "at person, queue person, ended queued"),
        ("begin heard 1 silence", "at person, queue person, ended queued"),
        ("begin 1 silence", "stop, at person, queue person, ended queued"),
        ("begin heard silence", "at person, queue person, ended queued"),
        ("begin heard 12 gone", "ended callerGone"),
    ],
)
def test_an_entry(script: str, expected: str) -> None:
    caller = Caller(flow_of(ENTRY))
    assert ", ".join(caller.do(script)).removeprefix("at ask, play sound:number, ") == expected


def test_a_terminator_behind_a_full_entry_is_no_choice_of_the_next_menu() -> None:
    caller = Caller(flow_of(ENTRY))
    caller.do("begin heard 1234")
    assert caller.do("#") == []
    assert caller.do("#") == ["stop", "at bye", "hang up", "ended hungUp"]


def test_a_terminator_long_after_a_full_entry_is_a_choice() -> None:
    caller = Caller(flow_of(ENTRY))
    caller.do("begin heard 1234 +2.1s")
    assert caller.do("#") == ["stop", "at bye", "hang up", "ended hungUp"]


def test_the_time_for_an_answer_begins_when_the_prompt_has_ended() -> None:
    caller = Caller(flow_of(MENU))
    limit_at = caller.now + 600 * SECOND
    assert caller.walk.wake_at() is None
    caller.do("begin heard +30s heard +1s")
    assert caller.walk.wake_at() == limit_at
    caller.do("heard")
    assert caller.walk.wake_at() == caller.now + 4 * SECOND
    caller.do("gone")
    assert caller.walk.wake_at() is None


def test_waking_early_changes_nothing() -> None:
    caller = Caller(flow_of(MENU))
    caller.do("begin heard heard heard")
    assert caller.walk.wake(caller.now + 4 * SECOND - 1) == []


def test_plays_are_numbered_and_stale_ends_of_plays_are_ignored() -> None:
    caller = Caller(flow_of(MENU))
    caller.do("begin heard")
    assert caller.playing == "w/2"
    for stale in ("w/1", "w/3", "other/2", ""):
        assert caller.walk.handle(PlayEnded(stale), caller.now) == []
    assert caller.do("heard") == ["play sound:two"]


@pytest.mark.parametrize("key", ["", "a", "12", "A", "\u0661", " "])
def test_what_is_no_key_is_ignored(key: str) -> None:
    caller = Caller(flow_of(MENU))
    caller.do("begin heard")
    assert caller.walk.handle(DigitPressed(key), caller.now) == []


def test_silences_and_wrong_keys_are_counted_apart_and_anew_at_each_visit() -> None:
    # RG-71: time-outs and failures were swapped, so a caller could stay for ever.
    caller = Caller(flow_of(MENU))
    caller.do("begin heard 9 9")
    caller.do("heard heard heard silence heard heard heard #")
    caller.do("heard 9 9")
    assert not caller.walk.done
    caller.do("heard heard heard silence heard heard heard")
    assert not caller.walk.done
    assert caller.do("silence")[-2:] == ["queue person", "ended queued"]


def test_a_prompt_without_barge_in_is_heard_to_the_end_and_makes_keys_before_it_void() -> None:
    steps = """
  hello: {prompt: sound:hello, next: notice}
  notice: {prompt: sound:notice, barge_in: false, next: choose}
  choose: {menu: sound:m, choices: {1: sales}, no_input: {go: bye}, no_match: {go: bye}}
"""
    caller = Caller(flow_of(steps))
    caller.do("begin")
    assert caller.do("1") == ["stop", "at notice", "play sound:notice"]
    assert caller.do("1 2 3") == []
    assert caller.do("heard") == ["at choose", "play sound:m"]


@pytest.mark.parametrize("kind", ["menu", "collect"])
def test_a_question_without_barge_in_takes_keys_after_its_prompt(kind: str) -> None:
    question = {
        "menu": "menu: sound:q, choices: {1: sales}, no_input: {go: bye}, no_match: {go: bye}",
        "collect": "collect: n, prompt: sound:q, length: 1, ok: sales, failed: bye",
    }[kind]
    steps = f"""
  hello: {{prompt: sound:hello, next: ask}}
  ask: {{{question}, barge_in: false}}
"""
    caller = Caller(flow_of(steps))
    assert caller.do("begin 1") == [
        "at hello",
        "play sound:hello",
        "stop",
        "at ask",
        "play sound:q",
    ]
    assert caller.do("1") == []
    assert caller.do("heard") == []
    assert "at sales" in caller.do("1")


def test_a_key_passes_all_prompts_on_the_way_to_a_question() -> None:
    steps = """
  hello: {prompt: sound:hello, next: notice}
  notice: {prompt: sound:notice, next: ask}
  ask: {collect: n, prompt: sound:q, length: 2, ok: sales, failed: bye}
"""
    caller = Caller(flow_of(steps))
    assert caller.do("begin 4")[2:] == ["stop", "at notice", "at ask"]
    assert caller.do("2") == ["collected n 42", "at sales", "queue sales n=42", "ended queued"]


CIRCLE = """
  one: {prompt: sound:one, next: two}
  two: {prompt: sound:two, next: enough}
  enough: {check: [{when: visits.one > 2, go: ask}], else: one}
"""
ASK_MENU = """
  ask: {menu: sound:m, choices: {7: code}, no_input: {go: bye}, no_match: {go: bye}}
  code: {collect: code, prompt: sound:c, length: 3, secret: true, ok: sales, failed: bye}
"""
ASK_ENTRY = """
  ask: {collect: n, prompt: sound:n, min: 2, max: 64, ok: sales, failed: again}
  again: {menu: sound:m, choices: {7: sales}, no_input: {go: bye}, no_match: {go: bye}}
"""


def test_a_key_does_not_race_through_prompts_that_go_round_without_a_question() -> None:
    caller = Caller(flow_of(CIRCLE + ASK_MENU))
    caller.do("begin")
    assert caller.do("7") == ["stop", "at two", "at enough", "at one", "at two", "play sound:two"]
    assert caller.do("heard")[:4] == ["at enough", "at one", "at two", "at enough"]
    assert caller.walk.path[-2:] == ("ask", "code")


@pytest.mark.parametrize(
    ("question", "keys", "last"),
    [
        (ASK_MENU, "712", ["at ask", "at code"]),
        (ASK_MENU, "87", ["at ask", "play sound:m"]),
        (ASK_ENTRY, "12#7", ["at ask", "collected n 12", "at sales", "queue sales n=12"]),
        (ASK_ENTRY, "1#7", ["at ask", "at again", "play sound:m"]),
    ],
)
def test_several_keys_pressed_ahead_count_until_one_is_wrong(
    question: str, keys: str, last: list[str]
) -> None:
    caller = Caller(flow_of(CIRCLE.replace("> 2", "> 9") + question))
    caller.do(f"begin {keys}")
    said: list[str] = []
    while caller.playing and "ask" not in caller.walk.path:
        said = caller.do("heard")
    start = said.index("at ask")
    assert said[start : start + len(last)] == last


def test_keys_pressed_ahead_are_forgotten_with_the_one_that_was_wrong() -> None:
    caller = Caller(flow_of(CIRCLE.replace("> 2", "> 9") + ASK_MENU))
    caller.do("begin 87")
    while "ask" not in caller.walk.path:
        caller.do("heard")
    assert caller.do("7") == ["stop", "at code", "play sound:c"]


def test_keys_pressed_ahead_of_a_menu_may_belong_to_a_secret_behind_it() -> None:
    caller = Caller(flow_of(CIRCLE.replace("> 2", "> 5") + ASK_MENU))
    caller.do("begin")
    assert not caller.walk.takes_secret
    caller.do("7")
    assert caller.walk.takes_secret


def test_not_more_keys_are_kept_ahead_than_a_person_means() -> None:
    caller = Caller(flow_of(CIRCLE.replace("> 2", "> 90") + ASK_ENTRY, "max_steps: 999"))
    caller.do("begin " + "5" * 36)
    while "ask" not in caller.walk.path:
        caller.do("heard")
    caller.do("#")
    assert caller.walk.collected == {"n": "5" * 32}


def test_prompts_with_an_unknown_value_are_left_out() -> None:
    steps = """
  tell: {prompt: "tts:You are number {queue.sales.position}", next: choose}
  choose:
    menu: ["tts:{queue.sales.waiting} wait"]
    choices: {1: sales}
    no_input: {limit: 1, go: bye}
    no_match: {go: bye}
"""
    assert Caller(flow_of(steps)).do("begin silence")[:3] == ["at tell", "at choose", "at bye"]
    facts = {"queue.sales.position": 3, "queue.sales.waiting": 2}
    caller = Caller(flow_of(steps), facts)
    assert caller.do("begin heard")[1:] == [
        "play tts:You are number 3",
        "at choose",
        "play tts:2 wait",
    ]


def test_a_prompt_speaks_of_the_moment_when_it_is_played() -> None:
    steps = """
  tell: {prompt: [sound:a, "digits:{queue.sales.waiting}"], next: sales}
"""
    caller = Caller(flow_of(steps), {"queue.sales.waiting": 9})
    caller.do("begin")
    caller.facts["queue.sales.waiting"] = 4
    assert caller.do("heard") == ["play digits:4"]


def test_a_last_prompt_is_played_before_the_call_is_cleared_and_no_key_stops_it() -> None:
    caller = Caller(flow_of("  bye: {hang_up: [sound:a, sound:b]}"))
    assert caller.do("begin") == ["at bye", "play sound:a"]
    assert caller.do("1 heard 2") == ["play sound:b"]
    assert caller.do("heard") == ["hang up", "ended hungUp"]


def test_what_is_over_decides_nothing_any_more() -> None:
    caller = Caller(flow_of(MENU))
    caller.do("begin 1")
    assert caller.walk.done
    assert caller.do("1 +900s begin") == []
    assert caller.walk.handle(CallerGone(), caller.now) == []
    assert caller.walk.path == ("hello", "choose", "sales")
