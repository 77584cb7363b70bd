"""Finding faults in a flow before a caller does (features I13; reliability V1, V2).

Hard findings are refused when a file is loaded; the others are worth a look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

import msgspec

from csta.conditions import compile_condition
from ivr.config import (
    CheckStep,
    CollectStep,
    Flow,
    HangUpStep,
    MenuStep,
    PromptStep,
    QueueStep,
    SetStep,
    Step,
    TransferStep,
    ways,
)
from ivr.names import is_known, queue_of, suggest, variables_of
from ivr.paths import first_loop, leading_to, reached_from, silent_ways, surely_set
from ivr.prompts import compile_template


class Rule(StrEnum):
    """What can be wrong with a flow."""

    UNKNOWN_NODE = "unknownNode"
    UNREACHABLE = "unreachable"
    NO_EXIT = "noExit"
    LOOP_WITHOUT_WAIT = "loopWithoutWait"
    UNKNOWN_QUEUE = "unknownQueue"
    UNKNOWN_NAME = "unknownName"
    SECRET_SHOWN = "secretShown"  # noqa: S105 - the name of a fault
    MAYBE_UNSET = "maybeUnset"
    SILENCE_CIRCLES = "silenceCircles"


SOFT_RULES: Final = (Rule.MAYBE_UNSET, Rule.SILENCE_CIRCLES)


class Finding(msgspec.Struct, frozen=True):
    """One fault: the rule, where (node and key of the file; "" is the flow itself), what to do."""

    rule: Rule
    node: str
    key: str
    problem: str
    remedy: str

    @property
    def hard(self) -> bool:
        """Tell whether a file with this fault is refused."""
        return self.rule not in SOFT_RULES


def lint(flow: Flow, queues: Collection[str] | None = None) -> list[Finding]:
    """Find the faults of a flow, in the order of rules and of the file.

    Args:
        flow: the flow; its conditions and prompts must be readable texts.
        queues: the queues that there are; None where that is not known, and not looked at.
    """
    unknown = list(_unknown_nodes(flow))
    if unknown:
        return unknown
    findings = [*_unreachable(flow), *_without_exit(flow), *_loops(flow)]
    if queues is not None:
        findings += _unknown_queues(flow, queues)
    names = list(_unknown_names(flow))
    findings += [*names, *_secrets_shown(flow)]
    if not names:
        findings += _maybe_unset(flow)
    return [*findings, *_silence_circles(flow)]


def names_used(step: Step) -> Iterator[tuple[str, str]]:
    """Yield each name that a step uses, behind the key of the file where it stands."""
    for key, text in _texts(step):
        for name in compile_template(text).names:
            yield key, name
    if isinstance(step, CheckStep):
        for count, row in enumerate(step.rows, start=1):
            for name in compile_condition(row.when).names:
                yield f"check[{count}].when", name


def _texts(step: Step) -> Iterator[tuple[str, str]]:
    """Yield each text of a step in which `{name}` is filled in, with its key."""
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    match step:
        case PromptStep():
            groups = (("prompt", step.prompts),)
        case HangUpStep():
            groups = (("hang_up", step.prompts),)
        case CollectStep():
            groups = (("prompt", step.prompts),)
        case MenuStep():
            groups = (
                ("menu", step.prompts),
                ("no_input.prompt", step.no_input.prompts),
                ("no_match.prompt", step.no_match.prompts),
            )
        case QueueStep():
            groups = tuple((f"data.{name}", (text,)) for name, text in step.data.items())
            groups += (("preferred", step.preferred),) if step.preferred else ()
        case CheckStep() | SetStep() | TransferStep():
            groups = ()
    for key, texts in groups:
        for text in texts:
            yield key, text


def _unknown_nodes(flow: Flow) -> Iterator[Finding]:
    def finding(node: str, key: str, target: str) -> Finding:
        close = get_close_matches(target, list(flow.steps), n=1)
        remedy = close[0] if close else f"one of: {', '.join(flow.steps)}"
        return Finding(Rule.UNKNOWN_NODE, node, key, f"there is no step '{target}'", remedy)

    if flow.start not in flow.steps:
        yield finding("", "start", flow.start)
    for node, step in flow.steps.items():
        for way in ways(step):
            if way.node not in flow.steps:
                yield finding(node, way.key, way.node)


def _unreachable(flow: Flow) -> Iterator[Finding]:
    reached = reached_from(flow, flow.start)
    for node in flow.steps:
        if node not in reached:
            problem = f"no way from '{flow.start}' leads to '{node}'"
            remedy = "a step that goes there, or the file without it"
            yield Finding(Rule.UNREACHABLE, node, "", problem, remedy)


def _without_exit(flow: Flow) -> Iterator[Finding]:
    exits = [node for node, step in flow.steps.items() if not ways(step)]
    saved = leading_to(flow, exits, ways)
    for node in flow.steps:
        if node not in saved:
            problem = f"from '{node}' no way leads out of the menu"
            remedy = "a way to a step with queue, transfer or hang_up"
            yield Finding(Rule.NO_EXIT, node, "", problem, remedy)


def _loops(flow: Flow) -> Iterator[Finding]:
    """Find a circle of steps that neither wait for the caller nor count their visits."""
    restless = [
        node
        for node, step in flow.steps.items()
        if isinstance(step, SetStep)
        or (isinstance(step, CheckStep) and not any(_counts(row.when) for row in step.rows))
    ]
    loop = first_loop(flow, restless)
    if loop:
        problem = f"this goes round without waiting: {' -> '.join(loop)}"
        remedy = f"a prompt or a menu in the circle, or a row: visits.{loop[0]} > 3"
        yield Finding(Rule.LOOP_WITHOUT_WAIT, loop[0], "", problem, remedy)


def _counts(condition: str) -> bool:
    return any(name.startswith("visits.") for name in compile_condition(condition).names)


def _unknown_queues(flow: Flow, queues: Collection[str]) -> Iterator[Finding]:
    used = [("", "on_limit", flow.on_limit)]
    for node, step in flow.steps.items():
        if isinstance(step, QueueStep):
            used.append((node, "queue", step.queue))
        for key, name in names_used(step):
            queue = queue_of(name)
            if queue is not None:
                used.append((node, key, queue))
    for node, key, queue in used:
        if queue not in queues:
            known = sorted(queues)
            close = get_close_matches(queue, known, n=1)
            remedy = close[0] if close else f"one of: {', '.join(known)}"
            problem = f"there is no queue '{queue}'"
            yield Finding(Rule.UNKNOWN_QUEUE, node, key, problem, remedy)


def _unknown_names(flow: Flow) -> Iterator[Finding]:
    variables = variables_of(flow)
    for node, step in flow.steps.items():
        for key, name in names_used(step):
            if not is_known(name, flow, variables):
                problem = f"'{name}' is not known: no step collects or sets it, and it is no fact"
                remedy = suggest(name, flow, variables)
                yield Finding(Rule.UNKNOWN_NAME, node, key, problem, remedy)


def _secrets_shown(flow: Flow) -> Iterator[Finding]:
    """Find secrets that would be spoken or handed on, and names that are a secret only at times."""
    collects = [(node, step) for node, step in flow.steps.items() if isinstance(step, CollectStep)]
    secrets = [collect.name for _, collect in collects if collect.secret]
    for node, collect in collects:
        if not collect.secret and collect.name in secrets:
            problem = f"'{collect.name}' is a secret elsewhere in this flow"
            yield Finding(Rule.SECRET_SHOWN, node, "collect", problem, "secret: true here too")
    for node, step in flow.steps.items():
        for key, text in _texts(step):
            for name in compile_template(text).names:
                if name in secrets:
                    problem = f"the secret '{name}' would be spoken or handed on"
                    remedy = f"the text without {{{name}}}"
                    yield Finding(Rule.SECRET_SHOWN, node, key, problem, remedy)


def _maybe_unset(flow: Flow) -> Iterator[Finding]:
    known = surely_set(flow)
    for node, step in flow.steps.items():
        for key, name in names_used(step):
            if "." not in name and node in known and name not in known[node]:
                problem = f"some way to '{node}' leaves '{name}' without a value"
                remedy = "a set step at the beginning, if that is not meant"
                yield Finding(Rule.MAYBE_UNSET, node, key, problem, remedy)


def _silence_circles(flow: Flow) -> Iterator[Finding]:
    """Find where a caller who never presses a key goes round until the limit."""
    exits = [node for node, step in flow.steps.items() if not ways(step)]
    open_to_all, open_to_silent = (leading_to(flow, exits, by) for by in (ways, silent_ways))
    for node, step in flow.steps.items():
        circles = node in open_to_all and node not in open_to_silent
        if circles and isinstance(step, MenuStep | CollectStep):
            key = "no_input.go" if isinstance(step, MenuStep) else "failed"
            problem = f"a caller who says nothing at '{node}' goes round until the limit"
            remedy = "a way out for silent callers, such as a queue"
            yield Finding(Rule.SILENCE_CIRCLES, node, key, problem, remedy)
