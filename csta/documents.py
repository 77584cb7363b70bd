"""The one reader of the YAML files that people write: flows, queue plans, scenarios.

Whoever reads a file asks a `Section` for what should be in it. Each fault is a `ConfigError` that
names the file, the line and the key, and shows what to write instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import NoReturn, TypeVar, overload

from csta.errors import ConfigError
from csta.instants import DAY, HOUR, MINUTE, SECOND, Milliseconds
from csta.yaml_tree import Fields, Items, Node, Scalar, read_tree

SIZE_MAX = 1 << 20

Default = TypeVar("Default")
Word = TypeVar("Word", bound=StrEnum)

_REQUIRED = object()
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SHARE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(%?)")
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([a-z]*)")
_UNITS: dict[str, Milliseconds] = {"ms": 1, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
_CONSTANTS: dict[str, object] = {"": None, "~": None, "null": None, "true": True, "false": False}


def load_document(path: Path) -> Section:
    """Read a file that a person wrote.

    Raises:
        ConfigError: it is missing, too big, no UTF-8, no YAML, empty or no mapping.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except FileNotFoundError:
        raise ConfigError(name, 1, "", "there is no such file", "an existing path") from None
    except IsADirectoryError:
        remedy = "the path of a file in it"
        raise ConfigError(name, 1, "", "this is a directory, not a file", remedy) from None
    except OSError as fault:
        problem = f"the file cannot be read: {fault.strerror}"
        raise ConfigError(name, 1, "", problem, "a file that you may read") from None
    if len(data) > SIZE_MAX:
        problem = f"the file is larger than {SIZE_MAX >> 10} KiB"
        raise ConfigError(name, 1, "", problem, "several smaller files")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        problem = f"the byte 0x{data[fault.start]:02x} is no UTF-8"
        raise ConfigError(name, line, "", problem, "the file saved again as UTF-8") from None
    return read_document(text, name)


def read_document(text: str, name: str) -> Section:
    """Read the text of a file; `name` is what errors call it.

    Raises:
        ConfigError: the text is no YAML, is empty or no mapping.
    """
    return Section(name, "", read_tree(text, name))


class Section:
    """One mapping of a file. It knows its file, its line and its path (`queues.sales`).

    Readers of one value take a default; without one, the key must be there. Readers of many give
    none when the key is not there. Every reader raises `ConfigError` for a wrong value.
    """

    __slots__ = ("_asked", "_fields", "file", "line", "path")

    def __init__(self, file: str, path: str, node: Fields) -> None:
        """Wrap a mapping that stands at this path of the file."""
        self.file = file
        self.path = path
        self.line = node.line
        self._fields = node.fields
        self._asked: dict[str, None] = {}

    def has(self, key: str) -> bool:
        """Tell whether the key is there; it counts as known from now on."""
        self._asked[key] = None
        return key in self._fields

    def keys(self) -> tuple[str, ...]:
        """Give the keys in the order of the file."""
        return tuple(self._fields)

    def line_of(self, key: str) -> int:
        """Give the line of a key, or of the section when the key is not there."""
        field = self._fields.get(key)
        return field.line if field else self.line

    def error(self, key: str, problem: str, remedy: str) -> ConfigError:
        """Make the error to raise for a key of this section (`""`: for the section itself)."""
        return ConfigError(self.file, self.line_of(key), self._path_of(key), problem, remedy)

    def done(self) -> None:
        """Refuse the first key that nobody asked for.

        Raises:
            ConfigError: there is such a key; says what it may have been meant to be.
        """
        for key in self._fields:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                problem = f"'{key}' is not known here.{_did_you_mean(key, tuple(self._asked))}"
                raise self.error(key, problem, f"one of: {known}" if known else "nothing here")

    @overload
    def text(self, key: str) -> str: ...
    @overload
    def text(self, key: str, default: Default) -> str | Default: ...
    def text(self, key: str, default: object = _REQUIRED) -> object:
        """Read a text exactly as it is written: `0123` and `no` stay what they are."""
        scalar = self._scalar(key, default, "some text")
        return scalar.text if scalar else default

    @overload
    def integer(self, key: str, *, least: int | None = ..., most: int | None = ...) -> int: ...
    @overload
    def integer(
        self, key: str, default: Default, *, least: int | None = ..., most: int | None = ...
    ) -> int | Default: ...
    def integer(
        self,
        key: str,
        default: object = _REQUIRED,
        *,
        least: int | None = None,
        most: int | None = None,
    ) -> object:
        """Read a whole number, from `least` to `most`."""
        example = str(least if least is not None else 1)
        scalar = self._scalar(key, default, example)
        if scalar is None:
            return default
        return self._within(key, self._integer(key, scalar, example), least, most, str)

    @overload
    def number(self, key: str, *, least: float | None = ..., most: float | None = ...) -> float: ...
    @overload
    def number(
        self, key: str, default: Default, *, least: float | None = ..., most: float | None = ...
    ) -> float | Default: ...
    def number(
        self,
        key: str,
        default: object = _REQUIRED,
        *,
        least: float | None = None,
        most: float | None = None,
    ) -> object:
        """Read a number, with or without a fraction, from `least` to `most`."""
        example = f"{1.5 if least is None else least:g}"
        scalar = self._scalar(key, default, example)
        if scalar is None:
            return default
        number = float(scalar.text) if _matches(_NUMBER, scalar) else math.inf
        if math.isinf(number):
            self._refuse(key, scalar, "a number", example)
        return self._within(key, number, least, most, "{:g}".format)

    @overload
    def share(self, key: str) -> float: ...
    @overload
    def share(self, key: str, default: Default) -> float | Default: ...
    def share(self, key: str, default: object = _REQUIRED) -> object:
        """Read a share, 0 to 1: `0.85` or `85 %`."""
        scalar = self._scalar(key, default, "85 %")
        if scalar is None:
            return default
        match = _SHARE.fullmatch(scalar.text)
        share = float(match[1]) / (100 if match[2] else 1) if match else math.inf
        if share > 1:
            self._refuse(key, scalar, "a share from 0 to 1", "85 %")
        return share

    @overload
    def flag(self, key: str) -> bool: ...
    @overload
    def flag(self, key: str, default: Default) -> bool | Default: ...
    def flag(self, key: str, default: object = _REQUIRED) -> object:
        """Read `true` or `false`; in YAML 1.2 `yes`, `no`, `on` and `off` are texts."""
        scalar = self._scalar(key, default, "true")
        if scalar is None:
            return default
        if scalar.text not in ("true", "false") or not scalar.plain:
            meant = "false" if scalar.text.lower() in ("no", "off", "n", "false") else "true"
            self._refuse(key, scalar, "true or false", meant)
        return scalar.text == "true"

    @overload
    def duration_ms(self, key: str, *, least: Milliseconds = ...) -> Milliseconds: ...
    @overload
    def duration_ms(
        self, key: str, default: Default, *, least: Milliseconds = ...
    ) -> Milliseconds | Default: ...
    def duration_ms(
        self, key: str, default: object = _REQUIRED, *, least: Milliseconds = 0
    ) -> object:
        """Read a duration, `500 ms`, `20 s`, `1.5 min`, `2 h` or `1 d`, in milliseconds."""
        scalar = self._scalar(key, default, "20 s")
        if scalar is None:
            return default
        match = _DURATION.fullmatch(scalar.text)
        if match and not match[2]:
            problem = f"'{scalar.text}' has no unit (ms, s, min, h or d)"
            raise self._error_at(scalar, key, problem, f"{key}: {scalar.text} s")
        if not match or match[2] not in _UNITS:
            self._refuse(key, scalar, "a duration (ms, s, min, h or d)", "20 s")
        length = round(float(match[1]) * _UNITS[match[2]])
        return self._within(key, length, least, None, _spell)

    @overload
    def choice(self, key: str, words: type[Word]) -> Word: ...
    @overload
    def choice(self, key: str, words: type[Word], default: Default) -> Word | Default: ...
    @overload
    def choice(self, key: str, words: tuple[str, ...]) -> str: ...
    @overload
    def choice(self, key: str, words: tuple[str, ...], default: Default) -> str | Default: ...
    def choice(
        self, key: str, words: type[StrEnum] | tuple[str, ...], default: object = _REQUIRED
    ) -> object:
        """Read one of these words; of an enumeration, its member."""
        known = words if isinstance(words, tuple) else tuple(member.value for member in words)
        scalar = self._scalar(key, default, known[0])
        if scalar is None:
            return default
        if scalar.text not in known:
            problem = f"'{scalar.text}' is not known here.{_did_you_mean(scalar.text, known)}"
            raise self._error_at(scalar, key, problem, f"{key}: {' | '.join(known)}")
        return scalar.text if isinstance(words, tuple) else words(scalar.text)

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts."""
        found = []
        for node in self._items(key, "[first, second]"):
            if not isinstance(node, Scalar) or _is_null(node):
                self._refuse(key, node, "a list of texts", "[first, second]")
            found.append(node.text)
        return tuple(found)

    def integers_by_name(self, key: str) -> dict[str, int]:
        """Read a mapping of names to whole numbers: `skills: {sales: 5, english: 3}`."""
        example = "{first: 1, second: 2}"
        numbers: dict[str, int] = {}
        for name, field in self._mapping(key, example).fields.items():
            if not isinstance(field.node, Scalar):
                self._refuse(key, field.node, "names with whole numbers", example)
            numbers[name] = self._integer(key, field.node, example)
        return numbers

    def section(self, key: str) -> Section:
        """Read a mapping; one that holds nothing is an empty section."""
        if not self.has(key):
            self._missing(key, "{ … }")
        return Section(self.file, self._path_of(key), self._mapping(key, "{ … }"))

    def optional_section(self, key: str) -> Section | None:
        """Read a mapping, or give None when the key is not there."""
        return self.section(key) if self.has(key) else None

    def sections(self, key: str) -> tuple[Section, ...]:
        """Read a list of mappings, in the order of the file."""
        found = []
        for count, node in enumerate(self._items(key, "a list, each '- key: value'"), start=1):
            if not isinstance(node, Fields):
                self._refuse(key, node, "a list of mappings", "a list, each '- key: value'")
            found.append(Section(self.file, f"{self._path_of(key)}[{count}]", node))
        return tuple(found)

    def entries(self, key: str) -> tuple[tuple[str, Section], ...]:
        """Read a mapping of mappings, in the order of the file; an entry may hold nothing."""
        outer = Section(self.file, self._path_of(key), self._mapping(key, "{name: { … }}"))
        return tuple((name, outer.section(name)) for name in outer._fields)

    def raw(self, key: str) -> object:
        """Give a value of any shape: dict, list, str, int, float, bool, or None if not there."""
        return _plain_value(self._fields[key].node) if self.has(key) else None

    def _path_of(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)

    def _scalar(self, key: str, default: object, example: str) -> Scalar | None:
        if not self.has(key):
            if default is _REQUIRED:
                self._missing(key, example)
            return None
        node = self._fields[key].node
        if not isinstance(node, Scalar):
            self._refuse(key, node, "one value", example)
        if _is_null(node):
            raise self.error(key, f"'{key}' is empty", f"{key}: {example}")
        return node

    def _items(self, key: str, example: str) -> list[Node]:
        if not self.has(key):
            return []
        node = self._fields[key].node
        if not isinstance(node, Items):
            self._refuse(key, node, "a list", example)
        return node.nodes

    def _mapping(self, key: str, example: str) -> Fields:
        if not self.has(key):
            return Fields(self.line, {})
        field = self._fields[key]
        if _is_null(field.node):
            return Fields(field.line, {})
        if not isinstance(field.node, Fields):
            self._refuse(key, field.node, "a mapping", example)
        return Fields(field.line, field.node.fields)

    def _integer(self, key: str, scalar: Scalar, example: str) -> int:
        if not _matches(_INTEGER, scalar):
            self._refuse(key, scalar, "a whole number", example)
        return int(scalar.text)

    def _within(
        self,
        key: str,
        value: float,
        least: float | None,
        most: float | None,
        spell: Callable[[float], str],
    ) -> float:
        if least is not None and value < least:
            problem = f"{spell(value)} is too small, the least is {spell(least)}"
            raise self.error(key, problem, f"{key}: {spell(least)}")
        if most is not None and value > most:
            problem = f"{spell(value)} is too large, the most is {spell(most)}"
            raise self.error(key, problem, f"{key}: {spell(most)}")
        return value

    def _error_at(self, node: Node, key: str, problem: str, remedy: str) -> ConfigError:
        # The parser finds nothing only where the next thing begins, which may be lines below.
        line = self.line_of(key) if _is_null(node) else node.line
        return ConfigError(self.file, line, self._path_of(key), problem, remedy)

    def _missing(self, key: str, example: str) -> NoReturn:
        raise self.error(key, f"'{key}' is missing", f"{key}: {example}")

    def _refuse(self, key: str, node: Node, wanted: str, example: str) -> NoReturn:
        if isinstance(node, Scalar):
            quoted = "" if node.plain else ", a text in quotes"
            found = f"'{node.text[:40]}'{quoted}" if node.text else "nothing"
        else:
            found = "a list" if isinstance(node, Items) else "a mapping"
        problem = f"'{key}' should be {wanted}, but it is {found}"
        raise self._error_at(node, key, problem, f"{key}: {example}")


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null")


def _matches(pattern: re.Pattern[str], scalar: Scalar) -> bool:
    return scalar.plain and pattern.fullmatch(scalar.text) is not None


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _spell(length: float) -> str:
    """Write a duration in the largest unit that needs no fraction."""
    for unit in ("d", "h", "min", "s"):
        if length and length % _UNITS[unit] == 0:
            return f"{length / _UNITS[unit]:.0f} {unit}"
    return f"{length:.0f} ms"


def _plain_value(node: Node) -> object:
    if isinstance(node, Items):
        return [_plain_value(item) for item in node.nodes]
    if isinstance(node, Fields):
        return {key: _plain_value(field.node) for key, field in node.fields.items()}
    if node.plain and node.text in _CONSTANTS:
        return _CONSTANTS[node.text]
    if _matches(_INTEGER, node):
        return int(node.text)
    return float(node.text) if _matches(_NUMBER, node) else node.text
