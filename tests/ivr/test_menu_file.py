"""The file format: what it reads, and what it says of every fault (file, line, key, remedy)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from csta.errors import ConfigError
from ivr import (
    CheckStep,
    CollectStep,
    Flow,
    HangUpStep,
    KeyRule,
    MenuStep,
    PromptStep,
    QueueStep,
    Retry,
    Row,
    SetStep,
    TransferStep,
    load_flow,
    read_flow_text,
)
from tests.ivr.flows import EXAMPLES, example

GOOD = """\
flow: shop
start: hello
on_limit: desk
max_steps: 50
max_seconds: 90
steps:
  hello: {prompt: [sound:a, "tts:Good day"], barge_in: false, next: mark}
  mark:
    set: {variables: {topic: loans, n: 2, rate: 2.5, zip: "0042"}, priority: -3, skills: {loans: 4}}
    next: choose
  choose:
    menu: sound:choose
    choices: {1: number, "#": away, "*": check}
    timeout: 4 s
    no_input: {prompt: sound:silent, limit: 3, go: bye}
    no_match: {go: bye}
  number:
    collect: number
    prompt: sound:number
    min: 2
    max: 6
    terminator: "*"
    first_timeout: 6 s
    digit_timeout: 1.5 s
    secret: true
    ok: check
    failed: bye
  check:
    check:
      - when: queue.desk.waiting < 3
        go: desk
    else: bye
  desk:
    queue: desk
    priority: 9
    skills: {cards: 1}
    data: {about: "{topic}"}
  away: {transfer: station:1001}
  bye: {hang_up: sound:bye}
"""


def test_every_key_of_the_format_is_read() -> None:
    assert read_flow_text(GOOD, "shop.yaml", ["desk"]) == Flow(
        name="shop",
        start="hello",
        on_limit="desk",
        max_steps=50,
        max_ms=90_000,
        steps={
            "hello": PromptStep(prompts=("sound:a", "tts:Good day"), next="mark", barge_in=False),
            "mark": SetStep(
                next="choose",
                variables={"topic": "loans", "n": 2, "rate": 2.5, "zip": "0042"},
                priority=-3,
                skills={"loans": 4},
            ),
            "choose": MenuStep(
                prompts=("sound:choose",),
                choices={"1": "number", "#": "away", "*": "check"},
                no_input=Retry(go="bye", limit=3, prompts=("sound:silent",)),
                no_match=Retry(go="bye", limit=2),
                timeout_ms=4_000,
            ),
            "number": CollectStep(
                name="number",
                prompts=("sound:number",),
                keys=KeyRule(
                    least=2, most=6, terminator="*", first_timeout_ms=6_000, digit_timeout_ms=1_500
                ),
                ok="check",
                failed="bye",
                secret=True,
            ),
            "check": CheckStep(rows=(Row("queue.desk.waiting < 3", "desk"),), otherwise="bye"),
            "desk": QueueStep(
                queue="desk", priority=9, skills={"cards": 1}, data={"about": "{topic}"}
            ),
            "away": TransferStep(device="station:1001"),
            "bye": HangUpStep(prompts=("sound:bye",)),
        },
    )


def test_what_is_left_out_has_a_sensible_value() -> None:
    flow = read_flow_text(
        "flow: f\nstart: n\nsteps:\n"
        "  n: {collect: n, prompt: sound:n, length: 3, ok: q, failed: bye}\n"
        "  q: {queue: desk}\n  bye: {hang_up: }\n",
        "f.yaml",
    )
    assert (flow.on_limit, flow.max_steps, flow.max_ms) == ("desk", 200, 600_000)
    assert flow.steps["n"] == CollectStep(
        name="n",
        prompts=("sound:n",),
        keys=KeyRule(
            least=3, most=3, terminator="#", first_timeout_ms=5_000, digit_timeout_ms=3_000
        ),
        ok="q",
        failed="bye",
    )
    assert flow.steps["q"] == QueueStep(queue="desk")
    assert flow.steps["bye"] == HangUpStep()


def test_without_a_terminator_is_written_none() -> None:
    flow = read_flow_text(GOOD.replace('terminator: "*"', "terminator: none"), "shop.yaml")
    step = flow.steps["number"]
    assert isinstance(step, CollectStep)
    assert step.keys.terminator == ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_flow_travels_in_a_journal_and_comes_back_equal(name: str) -> None:
    flow = example(name)
    assert msgspec.json.decode(msgspec.json.encode(flow), type=Flow) == flow
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(flow), type=Flow) == flow


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD, "utf-8")
    assert load_flow(path) == read_flow_text(GOOD, "shop.yaml")
    with pytest.raises(ConfigError, match="no such file"):
        load_flow(tmp_path / "none.yaml")


# What stands in GOOD, what stands there instead, and the error: line, key, words of the problem,
# words of the remedy.
FAULTS = [
    ("flow: shop\n", "", 1, "flow", "missing", "flow:"),
    ("start: hello", "start: hallo", 2, "start", "no step 'hallo'", "hello"),
    ("on_limit: desk", "onlimit: desk", 3, "onlimit", "not known here", "on_limit"),
    ("max_steps: 50", "max_steps: 0", 4, "max_steps", "too small", "max_steps: 1"),
    ("max_seconds: 90", "max_seconds: 90 s", 5, "max_seconds", "whole number", "1"),
    ("hello: {p", "he-llo: {p", 7, "steps.he-llo", "cannot name a step", "letters"),
    ("next: mark}", "nxt: mark}", 7, "steps.hello.next", "missing", "next:"),
    ("next: mark}", "next: mark, go: x}", 7, "steps.hello.go", "not known here", "next"),
    ("next: mark}", "next: mrk}", 7, "steps.hello.next", "no step 'mrk'", "mark"),
    ("sound:a,", "a,", 7, "steps.hello.prompt", "no prompt", "sound:welcome"),
    ("tts:Good day", "tts:{day", 7, "steps.hello.prompt", "no partner", "{name}"),
    ("tts:Good day", "tts:{topc}", 7, "steps.hello.prompt", "'topc' is not known", "topic"),
    ('[sound:a, "tts:Good day"]', "[]", 7, "steps.hello.prompt", "nothing to play", "sound:"),
    ("barge_in: false", "barge_in: no", 7, "steps.hello.barge_in", "true or false", "false"),
    ("topic: loans, n", "to-pic: loans, n", 9, "steps.mark.set.variables.to-pic", "name", "digits"),
    ("n: 2,", "n: true,", 9, "steps.mark.set.variables.n", "text or a number", '"yes"'),
    ("n: 2,", 'n: "{zip}",', 9, "steps.mark.set.variables.n", "without braces", "loans"),
    ("priority: -3", "priority: 101", 9, "steps.mark.set.priority", "too large", "100"),
    ("loans: 4}", "loans: 11}", 9, "steps.mark.set.skills", "level 11", "1 to 10"),
    ("menu: sound:choose", "menu: {}", 12, "steps.choose.menu", "one value", "some text"),
    ("{1: number,", "{10: number,", 13, "steps.choose.choices.10", "no key", "0 to 9"),
    ("{1: number,", "{1: nmber,", 13, "steps.choose.choices.1", "no step 'nmber'", "number"),
    ('{1: number, "#": away, "*": check}', "{}", 13, "steps.choose.choices", "no choices", "1:"),
    ("timeout: 4 s", "timeout: 4", 14, "steps.choose.timeout", "no unit", "4 s"),
    ("limit: 3", "limit: 0", 15, "steps.choose.no_input.limit", "too small", "limit: 1"),
    ("    no_match: {go: bye}\n", "", 11, "steps.choose.no_match", "wrong key", "go: person"),
    ("no_match: {go: bye}", "no_match: {go: by}", 16, "steps.choose.no_match.go", "'by'", "bye"),
    ("collect: number", "collect: in", 18, "steps.number.collect", "name a variable", "digits"),
    ("min: 2", "min: 7", 20, "steps.number.min", "larger than max", "min: 6"),
    ("min: 2", "length: 2", 21, "steps.number.max", "stand together", "length: 8"),
    ("    max: 6\n", "", 17, "steps.number.length", "how many keys", "max: 12"),
    ('terminator: "*"', "terminator: #", 22, "steps.number.terminator", "quotes", '"#"'),
    ("ok: check", "okay: check", 17, "steps.number.ok", "missing", "ok:"),
    (
        "queue.desk.waiting <",
        "queue.desk.wating <",
        30,
        "steps.check.check[1].when",
        "wating",
        "wai",
    ),
    (
        "queue.desk.waiting <",
        "queue.desk.waiting =",
        30,
        "steps.check.check[1].when",
        "no con",
        "==",
    ),
    ("go: desk", "go: dusk", 31, "steps.check.check[1].go", "no step 'dusk'", "desk"),
    ("    else: bye\n", "", 28, "steps.check.else", "not known", "else: person"),
    ("queue: desk", "queue: dsk", 34, "steps.desk.queue", "no queue 'dsk'", "desk"),
    ("{topic}", "{number}", 37, "steps.desk.data.about", "secret 'number'", "without {number}"),
    ("station:1001", "1001x", 38, "steps.away.transfer", "no device", "station:1001"),
    ("hang_up: sound:bye", "hangup: sound:bye", 39, "steps.bye", "nothing to do", "hang_up"),
    ("hang_up: sound:bye", "hang_up: true", 39, "steps.bye.hang_up", "no prompt", "sound:"),
    ('"*": check', '"*": mark', 28, "steps.check", "no way from 'hello'", "a step that goes"),
]


@pytest.mark.parametrize(("good", "bad", "line", "key", "problem", "remedy"), FAULTS)
def test_a_fault_is_told_with_line_key_and_remedy(
    good: str, bad: str, line: int, key: str, problem: str, remedy: str
) -> None:
    text = GOOD.replace("    ok: check\n", "    ok: bye\n") if bad == '"*": mark' else GOOD
    assert text.count(good) == 1, "the fault has one place"
    with pytest.raises(ConfigError) as fault:
        read_flow_text(text.replace(good, bad), "shop.yaml", ["desk", "other"])
    error = fault.value
    assert (error.file, error.line, error.key) == ("shop.yaml", line, key)
    assert problem in error.problem
    assert remedy in error.remedy


def test_a_flow_without_steps_or_without_a_queue_is_told_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match="the flow has no steps"):
        read_flow_text("flow: f\nstart: a\n", "f.yaml")
    with pytest.raises(ConfigError, match="no step leads to a queue") as fault:
        read_flow_text("flow: f\nstart: a\nsteps:\n  a: {hang_up: }\n", "f.yaml")
    assert fault.value.key == "on_limit"
    assert fault.value.remedy == "on_limit: sales"


def test_queues_are_looked_at_only_where_they_are_known() -> None:
    assert read_flow_text(GOOD, "shop.yaml")
    with pytest.raises(ConfigError) as fault:
        read_flow_text(GOOD, "shop.yaml", [])
    assert fault.value.key == "on_limit"


def test_a_cut_off_file_is_refused_or_read_and_breaks_nothing() -> None:
    errors = []
    for end in range(0, len(GOOD), 9):
        try:
            read_flow_text(GOOD[:end], "shop.yaml")
        except ConfigError as error:
            errors.append(error)
    assert len(errors) > 90
    assert all(error.line >= 1 and error.problem and error.remedy for error in errors)
