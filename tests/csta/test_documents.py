"""The reader of the files that people write: what it gives, and what it says about faults."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.documents import SIZE_MAX, Section, load_document, read_document
from csta.errors import ConfigError
from csta.yaml_tree import VALUES_MAX

Ask: TypeAlias = Callable[[Section], object]


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


PLAN = """\
# a plan
name: 0123
open: no
seats: -5
load: 1.5e2
level: 85 %
fraction: 0.25
ready: true
wait: 1.5 min
colour: green
words: [a, 1, "x: y"]
skills: {sales: 5, english: 3}
queues:
  sales:
    seats: 3
  support:
steps:
  - say: hello
    then: {go: home}
  - say: |
      two
      #: lines
"*": star
1: one
odd: [1, 1.5, null, ~, true, no, "1", 0x1F, {a: b}]
"""


def _refusal(text: str, ask: Ask = Section.done) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        ask(read_document(text, "plan.yaml"))
    assert caught.value.file == "plan.yaml"
    assert caught.value.remedy
    return caught.value


def test_everything_is_read_as_it_is_written() -> None:
    plan = read_document(PLAN, "plan.yaml")
    assert plan.text("name") == "0123"
    assert plan.text("open") == "no"
    assert plan.integer("seats") == -5
    assert plan.number("load") == 150.0
    assert plan.share("level") == 0.85
    assert plan.share("fraction") == 0.25
    assert plan.flag("ready") is True
    assert plan.duration_ms("wait") == 90_000
    assert plan.choice("colour", Colour) is Colour.GREEN
    assert plan.choice("colour", ("blue", "green")) == "green"
    assert plan.texts("words") == ("a", "1", "x: y")
    assert plan.integers_by_name("skills") == {"sales": 5, "english": 3}
    assert plan.text("*") == "star"
    assert plan.text("1") == "one"
    odd = [1, 1.5, None, None, True, "no", "1", "0x1F", {"a": "b"}]
    assert plan.raw("odd") == odd
    assert plan.keys()[:2] == ("name", "open")


def test_sections_know_their_line_and_path() -> None:
    plan = read_document(PLAN, "plan.yaml")
    assert [(name, each.path, each.line) for name, each in plan.entries("queues")] == [
        ("sales", "queues.sales", 14),
        ("support", "queues.support", 16),
    ]
    first, second = plan.sections("steps")
    assert (first.path, first.line, second.line) == ("steps[1]", 18, 20)
    assert first.section("then").path == "steps[1].then"
    assert second.text("say") == "two\n#: lines\n"
    assert plan.line_of("wait") == 9
    assert plan.line_of("nothing") == plan.line


def test_what_is_not_there_has_its_default() -> None:
    plan = read_document("here: 1\n", "plan.yaml")
    assert plan.text("a", default=None) is None
    assert plan.integer("a", default=7) == 7
    assert plan.number("a", default=0.5) == 0.5
    assert plan.share("a", default=1.0) == 1.0
    assert plan.flag("a", default=False) is False
    assert plan.duration_ms("a", default=20) == 20
    assert plan.choice("a", Colour, default=Colour.RED) is Colour.RED
    assert plan.texts("a") == ()
    assert plan.integers_by_name("a") == {}
    assert plan.sections("a") == ()
    assert plan.entries("a") == ()
    assert plan.optional_section("a") is None
    assert plan.raw("a") is None
    assert not plan.has("a")


@pytest.mark.parametrize(
    ("written", "ms"),
    [("500 ms", 500), ("20 s", 20_000), ("20s", 20_000), ("0.0015 s", 2), ("2 h", 7_200_000),
     ("1 d", 86_400_000), ("0 s", 0)],
)  # fmt: skip
def test_a_duration_is_whole_milliseconds(written: str, ms: int) -> None:
    assert read_document(f"a: {written}", "plan.yaml").duration_ms("a") == ms


def test_a_section_whose_keys_were_all_asked_for_is_done() -> None:
    plan = read_document("a: 1\nb: 2\nc: {}\n", "plan.yaml")
    plan.integer("a")
    plan.has("b")
    plan.section("c").done()
    plan.done()


SYNTAX = [
    ("", 1, "", "the file is empty"),
    ("# only\n", 1, "", "the file is empty"),
    ("- 1\n", 1, "", "it is a list"),
    ("word\n", 1, "", "it is the text 'word'"),
    ("*: agent\n", 1, "", "keys * and # must be quoted"),
    ('"1": a\n* : agent\n', 2, "", "keys * and # must be quoted"),
    ("keys:\n  #: agent\n", 2, "", "keys * and # must be quoted"),
    ("keys: {1: a,\n  #: agent}\n", 2, "", "keys * and # must be quoted"),
    ("dial: *9\n", 1, "dial", "aliases are not read"),
    ("a: &x [1]\nb: [*x, *x]\n", 1, "a", "anchors are not read"),
    ("a: !!python/object:os.system x\n", 1, "a", "tags are not read"),
    ("a: 1\nb: 2\na: 3\n", 3, "a", "stands here twice, first in line 1"),
    ("q:\n  x: 1\n  x: 2\n", 3, "q.x", "stands here twice, first in line 2"),
    ("a: 1\n---\nb: 2\n", 2, "", "a second document"),
    ("? [1, 2]\n: x\n", 1, "", "where a key should be"),
    (": x\n", 1, "", "a key is missing"),
    ("a: 1\n\tb: 2\n", 2, "", "spaces, not tabs"),
    ("a: b: c\n", 1, "", "a text with ': ' in it in quotes"),
    ("a: [1, 2\nb: 3\n", 2, "", "closing ]"),
    ("a: {b: 1\n", 1, "", "closing }"),
    ('a: "x\n', 1, "", "closing quotation mark"),
    ("a: 1\nb\n", 2, "", "space behind the colon"),
    ("a: @x\n", 1, "", "special character in quotes"),
    ('a: 1\nb: "\\UFFFFFFFF"\n', 2, "", "names no character"),
    ('a: 1\nb: "\\uD800"\n', 2, "b", "names no character"),
    ("a: 1\nb: \x07\n", 2, "", r"the character '\x07'"),
    ("a: " + "[" * 40 + "\n", 1, "", "more than 32 levels"),
    ("a: [" + "1," * VALUES_MAX + "]\n", 1, "", "several smaller files"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), SYNTAX, ids=[row[3] for row in SYNTAX])
def test_broken_yaml_is_refused_with_its_line(text: str, line: int, key: str, words: str) -> None:
    error = _refusal(text)
    assert error.line == line
    assert words in str(error)
    if "[" not in text:
        assert error.key == key


def _ask_for_agents(section: Section) -> None:
    section.has("agents")
    section.has("x")
    section.done()


VALUES: list[tuple[str, Ask, int, str, str, str]] = [
    ("b: 1\n", lambda s: s.text("a"), 1, "a", "'a' is missing", "a: some text"),
    ("\na:\n", lambda s: s.text("a"), 2, "a", "'a' is empty", "a: some text"),
    ("a: ~\n", lambda s: s.integer("a", 1), 1, "a", "'a' is empty", "a: 1"),
    ("a: [x]\n", lambda s: s.text("a"), 1, "a", "one value, but it is a list", "a: some text"),
    ("a: {b: 1}\n", lambda s: s.flag("a"), 1, "a", "but it is a mapping", "a: true"),
    ("a: x\n", lambda s: s.integer("a"), 1, "a", "a whole number, but it is 'x'", "a: 1"),
    ("a: '5'\n", lambda s: s.integer("a"), 1, "a", "a text in quotes", "a: 1"),
    ("a: 0101\n", lambda s: s.integer("a"), 1, "a", "whole number", "a: 1"),
    ("a: 1.5\n", lambda s: s.integer("a"), 1, "a", "whole number", "a: 1"),
    ("a: 0\n", lambda s: s.integer("a", least=1), 1, "a", "too small, the least is 1", "a: 1"),
    ("a: 11\n", lambda s: s.integer("a", most=10), 1, "a", "too large, the most is 10", "a: 10"),
    ("a: 1,5\n", lambda s: s.number("a"), 1, "a", "a number, but it is '1,5'", "a: 1.5"),
    ("a: 1e999\n", lambda s: s.number("a"), 1, "a", "a number", "a: 1.5"),
    ("a: -1\n", lambda s: s.number("a", least=0.5), 1, "a", "the least is 0.5", "a: 0.5"),
    ("a: 85\n", lambda s: s.share("a"), 1, "a", "a share from 0 to 1", "a: 85 %"),
    ("a: -0.1\n", lambda s: s.share("a"), 1, "a", "a share from 0 to 1", "a: 85 %"),
    ("a: yes\n", lambda s: s.flag("a"), 1, "a", "true or false, but it is 'yes'", "a: true"),
    ("a: off\n", lambda s: s.flag("a"), 1, "a", "but it is 'off'", "a: false"),
    ("a: 20\n", lambda s: s.duration_ms("a"), 1, "a", "'20' has no unit", "a: 20 s"),
    ("a: 2 weeks\n", lambda s: s.duration_ms("a"), 1, "a", "ms, s, min, h or d", "a: 20 s"),
    ("a: 1 s\n", lambda s: s.duration_ms("a", least=90_000), 1, "a", "least is 90 s", "a: 90 s"),
    ("a: rde\n", lambda s: s.choice("a", Colour), 1, "a", "Did you mean 'red'", "a: red | green"),
    ("a: RED\n", lambda s: s.choice("a", ("red",)), 1, "a", "'RED' is not known", "a: red"),
    ("a: x\n", lambda s: s.texts("a"), 1, "a", "a list, but it is 'x'", "a: [first, second]"),
    ("a:\n- x\n- {y: 1}\n", lambda s: s.texts("a"), 3, "a", "a list of texts", "[first, second]"),
    ("a: {b: x}\n", lambda s: s.integers_by_name("a"), 1, "a", "a whole number", "{first: 1"),
    ("a:\n  b: []\n", lambda s: s.integers_by_name("a"), 2, "a", "names with whole numbers", "{f"),
    ("b: 1\n", lambda s: s.section("a"), 1, "a", "'a' is missing", "a: { … }"),
    ("a: 5\n", lambda s: s.section("a"), 1, "a", "a mapping, but it is '5'", "a: { … }"),
    ("a: {b: 1}\n", lambda s: s.sections("a"), 1, "a", "a list, but it is a mapping", "'- key"),
    ("a:\n- b: 1\n- c\n", lambda s: s.sections("a"), 3, "a", "a list of mappings", "'- key"),
    ("a:\n  b: 5\n", lambda s: s.entries("a"), 2, "a.b", "a mapping, but it is '5'", "b: { … }"),
    ("\nb:\n  c: 1\n", lambda s: s.section("b").text("a"), 2, "b.a", "is missing", "a: some text"),
    ("a:\n  - b: 1\n  - c: 1\n", lambda s: s.sections("a")[1].text("b"), 3, "a[2].b",
     "'b' is missing", "b: some text"),
    ("x: 1\nagnets: 2\n", _ask_for_agents, 2, "agnets",
     "Did you mean 'agents'?", "one of: agents, x"),
    ("x: 1\n", Section.done, 1, "x", "'x' is not known here.", "nothing here"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "ask", "line", "key", "problem", "remedy"), VALUES)
def test_a_wrong_value_is_refused_with_its_line_its_key_and_an_example(
    text: str, ask: Ask, line: int, key: str, problem: str, remedy: str
) -> None:
    error = _refusal(text, ask)
    assert (error.line, error.key) == (line, key)
    assert problem in error.problem
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"a: 1\nb: \xff\n", 2, "0xff is no UTF-8"),
        ("a: grün\n".encode("latin-1"), 1, "no UTF-8"),
        (b"a: 1\n" + b"#" * SIZE_MAX, 1, "larger than 1024 KiB"),
        (b"", 1, "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, data: bytes, line: int, words: str
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=words) as caught:
        load_document(path)
    assert (caught.value.file, caught.value.line) == (str(path), line)


def test_a_file_that_is_not_there_or_is_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_document(tmp_path / "plan.yaml")
    with pytest.raises(ConfigError, match="a directory"):
        load_document(tmp_path)


def test_a_mark_of_the_byte_order_and_any_line_ends_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes("\ufeffa: grün\r\nb: 2\r\n".encode())
    plan = load_document(path)
    assert (plan.text("a"), plan.integer("b"), plan.line_of("b")) == ("grün", 2, 2)


@given(st.text(alphabet=" \n\t#*&!|>-?:,[]{}'\"%@`\\ab1~é", max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    line = 1
    with suppress(ConfigError):
        line = read_document(text, "plan.yaml").line
    assert 1 <= line <= text.count("\n") + 1
