"""Durations as people write them in scenarios: `exponential 2 min`, `uniform 1 s to 5 s`."""

from __future__ import annotations

import re

from csta.documents import Section
from csta.errors import ConfigError
from csta.instants import DAY, HOUR, MINUTE, SECOND, Milliseconds
from switch_sim.variates import Constant, Exponential, Lognormal, Uniform

Spec = Constant | Exponential | Lognormal | Uniform
"""The distributions that a scenario can name; the constructor's types, so that they pickle."""

_UNITS: dict[str, Milliseconds] = {"ms": 1, "s": SECOND, "min": MINUTE, "h": HOUR}
_LENGTH = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([a-z]+)"
_LONGEST: Milliseconds = 7 * DAY

FORMS = {
    "constant": (re.compile(rf"(?:constant\s+)?{_LENGTH}"), "constant 20 s"),
    "exponential": (re.compile(rf"exponential\s+{_LENGTH}"), "exponential 2 min"),
    "lognormal": (
        re.compile(rf"lognormal\s+{_LENGTH}\s+sd\s+{_LENGTH}"),
        "lognormal 3 min sd 4 min",
    ),
    "uniform": (re.compile(rf"uniform\s+{_LENGTH}\s+to\s+{_LENGTH}"), "uniform 1 s to 5 s"),
}
"""Each distribution: how it is written, and an example. A plain length is a constant one."""


def read_distribution(section: Section, key: str, default: Spec | None = None) -> Spec:
    """Read a distribution of durations; without a default the key must be there.

    Raises:
        ConfigError: It is none, or its figures make none; with an example of what to write.
    """
    if default is not None and not section.has(key):
        return default
    text = section.text(key)
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    kind = "constant" if word[:1].isdigit() else word
    if kind not in FORMS:
        remedy = f"{key}: {' | '.join(example for _, example in FORMS.values())}"
        raise section.error(key, f"'{text}' is no distribution of durations", remedy)
    pattern, example = FORMS[kind]
    match = pattern.fullmatch(text.strip())
    if match is None:
        problem = f"'{text}' is not how a {kind} distribution is written"
        raise section.error(key, problem, f"{key}: {example}")
    figures = match.groups()
    lengths = [
        _length_ms(section, key, number, unit)
        for number, unit in zip(figures[::2], figures[1::2], strict=True)
    ]
    try:
        return _spec(kind, lengths)
    except ValueError as fault:
        raise section.error(key, f"'{text}': {fault}", f"{key}: {example}") from None


def _spec(kind: str, lengths: list[Milliseconds]) -> Spec:
    first, last = lengths[0], lengths[-1]
    if kind == "constant":
        return Constant(first)
    if kind == "exponential":
        return Exponential(first)
    if kind == "uniform":
        return Uniform(first, last)
    if not first:
        raise ValueError("a lognormal mean is positive and finite")
    return Lognormal(first, last / first)


def _length_ms(section: Section, key: str, number: str, unit: str) -> Milliseconds:
    if unit not in _UNITS:
        raise _wrong_unit(section, key, number, unit)
    length = round(float(number) * _UNITS[unit])
    if length > _LONGEST:
        raise section.error(key, f"{number} {unit} is longer than a week", f"{key}: 5 min")
    return length


def _wrong_unit(section: Section, key: str, number: str, unit: str) -> ConfigError:
    units = ", ".join(_UNITS)
    return section.error(key, f"'{unit}' is no unit of time ({units})", f"{key}: {number} min")
