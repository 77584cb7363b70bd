"""Reads YAML 1.2 into a small tree that knows the line of everything in it.

The tree is built from the parser's events, not by its loader: scalars stay as they were written
until somebody asks for a number or a text, so that `no`, `0123` and `1:30` are what they look
like. Anchors, aliases, tags and second documents are refused: nobody needs them in a flow or a
queue plan, and they are what makes YAML dangerous (a few lines can expand to gigabytes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any, TypeAlias

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from csta.errors import ConfigError

DEPTH_MAX = 32
VALUES_MAX = 100_000

_QUOTE_KEYS = 'keys * and # must be quoted: "*": …, "#": …'
_NO_CHARACTER = "an escape with \\u or \\U in double quotes names no character"
_SINGLE_QUOTES = "the character itself; a text with \\ in it in single quotes"
_ESCAPE_TOO_LARGE = re.compile(r"\\U(?!000|0010)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_COMMENTED_KEY = re.compile(r"[ \t{,-]*#[ \t]*:(?:\s|$)")

_REMEDIES = (
    ("alias", _QUOTE_KEYS),
    ("anchor", "a text that begins with & in quotes"),
    (r"'\t'", "spaces, not tabs, at the beginning of a line"),
    ("cannot start any token", "a text that begins with a special character in quotes"),
    ("quoted scalar", "the closing quotation mark"),
    ("flow sequence", "the comma or the closing ] of the list"),
    ("flow mapping", "the comma or the closing } of the mapping"),
    ("mapping values", "keys of one level indented alike; a text with ': ' in it in quotes"),
    ("sequence entries", "each '- item' of a list on a line of its own, below its key"),
    ("expected ':'", "key: value, with a space behind the colon"),
    ("block end", "keys of one level indented alike; a text with quotes in it in quotes"),
)
_OPEN_ENDED = ("end of stream", "stream end", "expected ':'")


class Scalar(msgspec.Struct, frozen=True, gc=False):
    """One word, number or text as it is written; `plain` when it stands without quotes."""

    line: int
    text: str
    plain: bool


class Items(msgspec.Struct, frozen=True):
    """A list."""

    line: int
    nodes: list[Node]


class Field(msgspec.Struct, frozen=True):
    """A key's line and its value."""

    line: int
    node: Node


class Fields(msgspec.Struct, frozen=True):
    """A mapping, in the order of the file."""

    line: int
    fields: dict[str, Field]


Node: TypeAlias = Scalar | Items | Fields


def read_tree(text: str, name: str) -> Fields:
    """Read the text of one file; `name` is what errors call it.

    Raises:
        ConfigError: it is no YAML, holds nothing, is no mapping, or uses what is refused here.
    """
    reader = _Reader(text, name)
    try:
        root = reader.document()
    except MarkedYAMLError as fault:
        reader.refuse_commented_keys()
        raise _syntax_error(fault, name) from None
    except (OverflowError, ValueError):  # from chr()
        match = _ESCAPE_TOO_LARGE.search(text)
        line = text.count("\n", 0, match.start() if match else 0) + 1
        raise ConfigError(name, line, "", _NO_CHARACTER, _SINGLE_QUOTES) from None
    except YAMLError as fault:
        position = getattr(fault, "position", 0)
        line = text.count("\n", 0, position) + 1
        character = repr(text[position : position + 1])
        problem = f"the character {character} may not stand in a YAML file"
        raise ConfigError(name, line, "", problem, "the text without it") from None
    if isinstance(root, Fields):
        reader.refuse_commented_keys()
        return root
    kind = "a list" if isinstance(root, Items) else f"the text '{root.text[:40]}'"
    problem = f"the file should be a mapping, but it is {kind}"
    raise ConfigError(name, root.line, "", problem, "key: value, with a space behind the colon")


def _syntax_error(fault: MarkedYAMLError, name: str) -> ConfigError:
    context = fault.context or ""
    problem = fault.problem or "this cannot be read"
    mark = fault.problem_mark
    if fault.context_mark is not None and any(word in problem for word in _OPEN_ENDED):
        mark = fault.context_mark
    line = mark.line + 1 if mark is not None else 1
    said = f"{problem} {context}"
    otherwise = "key: value, with every quotation mark and bracket closed"
    remedy = next((mend for word, mend in _REMEDIES if word in said), otherwise)
    sentence = f"{context}, {problem}" if context else problem
    return ConfigError(name, line, "", f"the YAML is broken: {sentence}", remedy)


class _Reader:
    """Turns the events of one text into its tree."""

    __slots__ = ("_events", "_inside_texts", "_name", "_text", "_values")

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._events: Iterator[Event] = YAML(typ="safe", pure=True).parse(StringIO(text))
        self._inside_texts: set[int] = set()
        self._values = 0

    def document(self) -> Node:
        """Read the one document of the file."""
        event = next(self._events)
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, StreamEndEvent):
            self.refuse_commented_keys()
            raise self._error(1, "", "the file is empty", "at least one line: key: value")
        root = self._node(event, "", 0)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, StreamEndEvent):
            line = _line(event)
            raise self._error(line, "", "a second document begins here", "one file for each")
        return root

    def refuse_commented_keys(self) -> None:
        """Refuse `#: next`, which somebody meant as the key # and YAML takes for a comment."""
        for number, line in enumerate(self._text.splitlines(), start=1):
            if _COMMENTED_KEY.match(line) and number not in self._inside_texts:
                problem = "everything behind an unquoted # is a comment, so this key is not read"
                raise self._error(number, "", problem, _QUOTE_KEYS)

    def _error(self, line: int, key: str, problem: str, remedy: str) -> ConfigError:
        return ConfigError(self._name, line, key, problem, remedy)

    def _node(self, event: Any, path: str, depth: int) -> Node:  # noqa: ANN401 - untyped events
        line = _line(event)
        self._values += 1
        if self._values > VALUES_MAX:
            problem = f"the file holds more than {VALUES_MAX} keys and values"
            raise self._error(line, "", problem, "several smaller files")
        if isinstance(event, AliasEvent):
            problem = f"*{event.anchor} is an alias in YAML; aliases are not read here"
            raise self._error(line, path, problem, f"{_QUOTE_KEYS}, texts with * in quotes too")
        if event.anchor is not None:
            problem = f"&{event.anchor} is an anchor in YAML; anchors are not read here"
            raise self._error(line, path, problem, "the value itself, wherever it is needed")
        if event.tag is not None:
            problem = f"{event.tag} is a tag in YAML; tags are not read here"
            raise self._error(line, path, problem, "the value alone; a text with ! in quotes")
        if isinstance(event, ScalarEvent):
            if _SURROGATE.search(event.value):
                raise self._error(line, path, _NO_CHARACTER, _SINGLE_QUOTES)
            self._inside_texts.update(range(line + 1, event.end_mark.line + 1))
            return Scalar(line, event.value, bool(event.implicit[0]))
        if depth >= DEPTH_MAX:
            problem = f"this is nested more than {DEPTH_MAX} levels deep"
            raise self._error(line, path[:80], problem, "fewer levels")
        if isinstance(event, SequenceStartEvent):
            return self._items(line, path, depth)
        return self._fields(line, path, depth)

    def _items(self, line: int, path: str, depth: int) -> Items:
        nodes: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            nodes.append(self._node(event, f"{path}[{len(nodes) + 1}]", depth + 1))
        return Items(line, nodes)

    def _fields(self, line: int, path: str, depth: int) -> Fields:
        fields: dict[str, Field] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event, path, depth)
            key_path = f"{path}.{key}" if path else key
            key_line = _line(event)
            if key in fields:
                problem = f"'{key}' stands here twice, first in line {fields[key].line}"
                raise self._error(key_line, key_path, problem, "each key once")
            fields[key] = Field(key_line, self._node(next(self._events), key_path, depth + 1))
        return Fields(line, fields)

    def _key(self, event: Event, path: str, depth: int) -> str:
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            problem = "a list or a mapping stands where a key should be"
            raise self._error(_line(event), path, problem, "key: value; a text with { or [ quoted")
        key = self._node(event, path, depth)
        if not isinstance(key, Scalar) or not key.text:
            problem = "a key is missing in front of the colon"
            raise self._error(_line(event), path, problem, "key: value")
        return key.text


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1
