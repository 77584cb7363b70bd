"""Flows as people write them: one YAML file, its steps by name (see `scenarios/library/flows`).

A step is what its first key says: `prompt`, `menu`, `collect`, `check`, `set`, `queue`,
`transfer` or `hang_up`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from csta.conditions import EXAMPLE, WordingError, compile_condition
from csta.documents import Section, load_document, read_document
from csta.errors import ConfigError
from csta.ids import DEVICE_CATEGORIES, category_of, local_part, number_device
from csta.instants import Milliseconds
from ivr.config import (
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
    Step,
    TransferStep,
    Value,
)
from ivr.digits import KEYS
from ivr.lint import Finding, lint
from ivr.prompts import EXAMPLE as PROMPT_EXAMPLE
from ivr.prompts import compile_prompt, compile_template

KEYS_MAX: Final = 64
PRIORITY_MIN, PRIORITY_MAX = -100, 100
LEVEL_MIN, LEVEL_MAX = 1, 10

_TIMEOUT_MIN = 500
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")


def load_flow(path: Path, queues: Collection[str] | None = None) -> Flow:
    """Read a flow from a file; `queues` are those that there are, None where that is not known.

    Raises:
        ConfigError: with file, line, key and what to write; also for hard findings of `lint`.
    """
    return read_flow(load_document(path), queues)


def read_flow_text(text: str, name: str, queues: Collection[str] | None = None) -> Flow:
    """Read a flow from a text; `name` is what errors call it. Raises as `load_flow`."""
    return read_flow(read_document(text, name), queues)


def read_flow(document: Section, queues: Collection[str] | None = None) -> Flow:
    """Read a flow from a document. Raises as `load_flow`."""
    steps = {name: _step(document, name, entry) for name, entry in document.entries("steps")}
    if not steps:
        remedy = "steps: {welcome: {prompt: sound:welcome, next: …}, …}"
        raise document.error("steps", "the flow has no steps", remedy)
    flow = Flow(
        name=document.text("flow"),
        start=document.text("start"),
        steps=steps,
        on_limit=document.text("on_limit", default="") or _first_queue(document, steps),
        max_steps=document.integer("max_steps", default=200, least=1, most=10_000),
        max_ms=document.integer("max_seconds", default=600, least=1, most=86_400) * 1_000,
    )
    document.done()
    for finding in lint(flow, queues):
        if finding.hard:
            raise _error(document, finding)
    return flow


def _first_queue(document: Section, steps: dict[str, Step]) -> str:
    for step in steps.values():
        if isinstance(step, QueueStep):
            return step.queue
    problem = "no step leads to a queue: where does a caller go who takes too long?"
    raise document.error("on_limit", problem, "on_limit: sales")


def _step(document: Section, name: str, entry: Section) -> Step:
    if not _NAME.fullmatch(name):
        problem = f"'{name}' cannot name a step"
        raise document.section("steps").error(name, problem, "letters, digits and _: main_menu")
    for kind, read in _KINDS.items():
        if entry.has(kind):
            step = read(entry)
            entry.done()
            return step
    problem = "the step says nothing to do"
    raise entry.error("", problem, f"one of these keys: {', '.join(_KINDS)}")


def _prompt(entry: Section) -> Step:
    return PromptStep(
        prompts=_prompts(entry, "prompt"),
        next=entry.text("next"),
        barge_in=entry.flag("barge_in", default=True),
    )


def _menu(entry: Section) -> Step:
    choices = entry.section("choices")
    keys = choices.keys()
    for key in keys:
        if len(key) != 1 or key not in KEYS:
            remedy = 'one key each: 0 to 9, "*" or "#" (those two in quotes)'
            raise choices.error(key, f"'{key}' is no key of a telephone", remedy)
    if not keys:
        raise entry.error("choices", "the menu has no choices", "choices: {1: sales, 2: support}")
    return MenuStep(
        prompts=_prompts(entry, "menu"),
        choices={key: choices.text(key) for key in keys},
        no_input=_retry(entry, "no_input"),
        no_match=_retry(entry, "no_match"),
        timeout_ms=entry.duration_ms("timeout", default=5_000, least=_TIMEOUT_MIN),
        barge_in=entry.flag("barge_in", default=True),
    )


def _retry(entry: Section, key: str) -> Retry:
    if not entry.has(key):
        meant = "no key is pressed" if key == "no_input" else "a wrong key is pressed"
        remedy = f"{key}: {{limit: 2, go: person}}"
        raise entry.error(key, f"'{key}' is missing: what happens when {meant}?", remedy)
    section = entry.section(key)
    retry = Retry(
        go=section.text("go"),
        limit=section.integer("limit", default=2, least=1, most=10),
        prompts=_prompts(section, "prompt") if section.has("prompt") else (),
    )
    section.done()
    return retry


def _collect(entry: Section) -> Step:
    return CollectStep(
        name=_variable(entry, "collect", entry.text("collect")),
        prompts=_prompts(entry, "prompt"),
        keys=_keys(entry),
        ok=entry.text("ok"),
        failed=entry.text("failed"),
        secret=entry.flag("secret", default=False),
        barge_in=entry.flag("barge_in", default=True),
    )


def _keys(entry: Section) -> KeyRule:
    if entry.has("length"):
        least = most = entry.integer("length", least=1, most=KEYS_MAX)
        for key in ("min", "max"):
            if entry.has(key):
                problem = f"'length' and '{key}' stand together"
                raise entry.error(key, problem, "length: 8, or min: 4 and max: 8")
    else:
        if not entry.has("max"):
            raise entry.error("length", "how many keys are collected?", "length: 8, or max: 12")
        least = entry.integer("min", default=1, least=1, most=KEYS_MAX)
        most = entry.integer("max", least=1, most=KEYS_MAX)
        if least > most:
            problem = f"min ({least}) is larger than max ({most})"
            raise entry.error("min", problem, f"min: {most}")
    return KeyRule(
        least=least,
        most=most,
        terminator=_terminator(entry),
        first_timeout_ms=entry.duration_ms("first_timeout", default=5_000, least=_TIMEOUT_MIN),
        digit_timeout_ms=entry.duration_ms("digit_timeout", default=3_000, least=_TIMEOUT_MIN),
    )


def _terminator(entry: Section) -> str:
    if not entry.has("terminator"):
        return "#"
    word = entry.raw("terminator")
    if word not in ("#", "*", "none"):
        problem = "the terminator is one key or none (# and * need quotes)"
        raise entry.error("terminator", problem, 'terminator: "#", terminator: "*" or none')
    return "" if word == "none" else str(word)


def _check(entry: Section) -> Step:
    rows = tuple(_row(section) for section in entry.sections("check"))
    if not rows:
        raise entry.error("check", "the check has no rows", f"- when: {EXAMPLE}, and go: …")
    if not entry.has("else"):
        problem = "'else' is missing: where when no row holds, or a value is not known?"
        raise entry.error("else", problem, "else: person")
    return CheckStep(rows=rows, otherwise=entry.text("else"))


def _row(section: Section) -> Row:
    when = section.text("when")
    _worded(section, "when", compile_condition, when)
    row = Row(when, section.text("go"))
    section.done()
    return row


def _set(entry: Section) -> Step:
    section = entry.section("set")
    variables = section.optional_section("variables")
    names = variables.keys() if variables else ()
    step = SetStep(
        next=entry.text("next"),
        variables={name: _value(section.section("variables"), name) for name in names},
        priority=_priority(section),
        skills=_skills(section),
    )
    section.done()
    if not (step.variables or step.skills or step.priority is not None):
        remedy = "set: {variables: {topic: loans}, priority: 5, skills: {loans: 3}}"
        raise entry.error("set", "the step sets nothing", remedy)
    return step


def _value(variables: Section, name: str) -> Value:
    _variable(variables, name, name)
    value = variables.raw(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise variables.error(name, "a variable is a text or a number", f'{name}: "yes"')
    if isinstance(value, str) and ("{" in value or "}" in value):
        raise variables.error(name, "a variable is a plain text, without braces", f"{name}: loans")
    return value


def _variable(section: Section, key: str, name: str) -> str:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in ("true", "false"):
        problem = f"'{name}' cannot name a variable"
        raise section.error(key, problem, "letters, digits and _: account_number")
    return name


def _queue(entry: Section) -> Step:
    return QueueStep(
        queue=entry.text("queue"),
        priority=_priority(entry),
        skills=_skills(entry),
        data=_data(entry),
        preferred=_preferred(entry),
        patience_ms=_patience(entry),
    )


def _preferred(entry: Section) -> tuple[str, ...]:
    """Read who is to have the call first: ids of agents, or texts with names in braces."""
    if not entry.has("preferred"):
        return ()
    wanted = entry.texts("preferred")
    for text in wanted:
        try:
            compile_template(text)
        except WordingError as fault:
            raise entry.error("preferred", fault.problem, fault.remedy) from None
    return wanted


def _patience(entry: Section) -> Milliseconds:
    """Read how long the call is kept for the preferred agents; one needs the other."""
    if entry.has("preferred") != entry.has("patience"):
        given, missing = "preferred", "patience"
        if entry.has("patience"):
            given, missing = missing, given
        example = "patience: 20 s" if missing == "patience" else 'preferred: ["{customer.agent}"]'
        raise entry.error(given, f"'{given}' stands here without '{missing}'", example)
    return entry.duration_ms("patience", default=0, least=1)


def _data(entry: Section) -> dict[str, str]:
    section = entry.optional_section("data")
    if section is None:
        return {}
    names = section.keys()
    data = {name: section.text(name) for name in names}
    for name, text in data.items():
        _worded(section, name, compile_template, text)
    return data


def _priority(section: Section) -> int | None:
    return section.integer("priority", default=None, least=PRIORITY_MIN, most=PRIORITY_MAX)


def _skills(section: Section) -> dict[str, int]:
    skills = section.integers_by_name("skills")
    for skill, level in skills.items():
        if not LEVEL_MIN <= level <= LEVEL_MAX:
            problem = f"skill '{skill}' asks for level {level}"
            raise section.error("skills", problem, f"{skill}: {LEVEL_MIN} to {LEVEL_MAX}")
    return skills


def _transfer(entry: Section) -> Step:
    text = entry.text("transfer")
    if _NUMBER.fullmatch(text):
        return TransferStep(device=number_device(text))
    if category_of(text) not in DEVICE_CATEGORIES or not local_part(text) or "{" in text:
        problem = f"'{text}' is no device"
        raise entry.error(
            "transfer", problem, 'transfer: station:1001, or a number: "+441632960000"'
        )
    return TransferStep(device=text)


def _hang_up(entry: Section) -> Step:
    if entry.raw("hang_up") is None:
        return HangUpStep()
    return HangUpStep(prompts=_prompts(entry, "hang_up"))


def _prompts(section: Section, key: str) -> tuple[str, ...]:
    """Read one prompt, or a list of prompts that are played one after the other."""
    several = isinstance(section.raw(key), list)
    prompts = section.texts(key) if several else (section.text(key),)
    if not prompts:
        raise section.error(key, "there is nothing to play", f"{key}: {PROMPT_EXAMPLE}")
    for prompt in prompts:
        _worded(section, key, compile_prompt, prompt)
    return prompts


def _worded(section: Section, key: str, compile_text: Callable[[str], object], text: str) -> None:
    try:
        compile_text(text)
    except WordingError as fault:
        raise section.error(key, fault.problem, fault.remedy) from None


def _error(document: Section, finding: Finding) -> ConfigError:
    """Point a finding of `lint` at its line of the file."""
    section, key = document, finding.key
    if finding.node:
        section = document.section("steps").section(finding.node)
    *outer, last = key.split(".")
    for part in outer:
        name, _, count = part.partition("[")
        section = section.sections(name)[int(count[:-1]) - 1] if count else section.section(name)
    return section.error(last, finding.problem, finding.remedy)


_KINDS: Final[dict[str, Callable[[Section], Step]]] = {
    "menu": _menu,
    "collect": _collect,
    "check": _check,
    "set": _set,
    "queue": _queue,
    "transfer": _transfer,
    "hang_up": _hang_up,
    "prompt": _prompt,
}
