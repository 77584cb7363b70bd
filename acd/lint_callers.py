"""Checks of what callers hear and may choose: announcements, questions, callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acd.config import QueueConfig
from acd.lint_check import Check, Found, Severity, similar, time
from acd.lint_view import PlanView, Where
from acd.rules import CallbackRules
from acd.steps import Step
from csta.instants import SECOND

_SPOKEN_MS_MIN = 10 * SECOND
_KEY_MS_MIN = 3 * SECOND
_RING_MS_MIN = 10 * SECOND
_KEYS = "0123456789*#"
_STAY = "stay"
_CALLBACK = "callback"


def _too_often(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        every_ms = placed.step.every_ms
        if _speaks(placed.step) and placed.step.repeat and every_ms and every_ms < _SPOKEN_MS_MIN:
            message = f"something is said every {time(every_ms)}: hardly any music is left"
            yield Found((*placed.where, "every"), message, "every: 30 s")


def _all_stay(plan: PlanView) -> Iterator[Found]:
    for name, question in plan.acd.questions.items():
        if all(meaning == _STAY for meaning in question.keys.values()):
            keys = ", ".join(question.keys) or "none"
            message = f"whatever is pressed (keys: {keys}), the caller stays"
            yield Found(("questions", name, "keys"), message, 'keys: {"1": stay, "2": leave}')


def _no_such_key(plan: PlanView) -> Iterator[Found]:
    for name, question in plan.acd.questions.items():
        for key in question.keys:
            if len(key) != 1 or key not in _KEYS:
                message = f"no telephone has a key '{key}'"
                yield Found(("questions", name, "keys", key), message, "0 to 9, * or #, in quotes")


def _hurried(plan: PlanView) -> Iterator[Found]:
    for name, question in plan.acd.questions.items():
        if question.wait_ms < _KEY_MS_MIN:
            message = f"a caller has {time(question.wait_ms)} to press a key"
            yield Found(("questions", name, "wait"), message, "wait: 10 s")


def _asked_again(plan: PlanView) -> Iterator[Found]:
    for placed in plan.steps:
        step, question = placed.step, plan.acd.questions.get(placed.step.ask or "")
        if question and step.repeat and step.every_ms and step.every_ms <= question.wait_ms:
            message = (
                f"the question is asked again after {time(step.every_ms)}, "
                f"while {time(question.wait_ms)} are given to answer it"
            )
            yield Found((*placed.where, "every"), message, "every: 60 s")


def _never_asked(plan: PlanView) -> Iterator[Found]:
    asked = [placed.step.ask for placed in plan.steps]
    for name in plan.acd.questions:
        if name not in asked:
            message = f"no step asks '{name}'"
            yield Found(("questions", name), message, f"{{after: 60 s, ask: {name}}}")


def _never_added(plan: PlanView) -> Iterator[Found]:
    added = [placed.step.recipe for placed in plan.steps]
    whole = [queue.steps for queue in plan.acd.queues]
    for name, steps in plan.acd.recipes.items():
        if name not in added and steps not in whole:
            message = f"no step adds the recipe '{name}', and no queue has it as its steps"
            yield Found(("recipes", name), message, f"{{after: 60 s, recipe: {name}}}")


def _offered_without_rules(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.callbacks is None and _offers(plan, queue):
            message = f"callers of '{queue.name}' may ask for a callback that nobody makes"
            yield Found(_at(queue, "steps"), message, "callbacks: {share: 30 %}")


def _never_offered(plan: PlanView) -> Iterator[Found]:
    for queue in plan.acd.queues:
        if queue.callbacks is not None and not _offers(plan, queue):
            message = f"no step and no key of '{queue.name}' offers a callback"
            yield Found(_at(queue, "callbacks"), message, "{after: 60 s, offer_callback: true}")


def _share_of_none(plan: PlanView) -> Iterator[Found]:
    for queue, rules in _ruled(plan):
        if rules.share <= 0:
            message = "a share of 0 % lets one agent serve callbacks all the same"
            yield Found(_at(queue, "callbacks", "share"), message, "share: 30 %")


def _share_of_all(plan: PlanView) -> Iterator[Found]:
    for queue, rules in _ruled(plan):
        if rules.share >= 1:
            count = len(plan.pool(queue))
            message = f"callbacks may take all {count} agents from those who hold the line"
            yield Found(_at(queue, "callbacks", "share"), message, "share: 30 %")


def _expires_early(plan: PlanView) -> Iterator[Found]:
    for queue, rules in _ruled(plan):
        last_ms = (rules.attempts_max - 1) * rules.retry_ms
        if last_ms >= rules.expires_ms:
            message = (
                f"attempt {rules.attempts_max} comes {time(last_ms)} after the first, "
                f"but the callback expires after {time(rules.expires_ms)}"
            )
            yield Found(_at(queue, "callbacks", "expires"), message, "expires: 4 h")


def _no_attempt(plan: PlanView) -> Iterator[Found]:
    for queue, rules in _ruled(plan):
        if rules.attempts_max < 1:
            message = "no attempt is made to reach who was promised a callback"
            yield Found(_at(queue, "callbacks", "attempts_max"), message, "attempts_max: 3")


def _rings_shortly(plan: PlanView) -> Iterator[Found]:
    for queue, rules in _ruled(plan):
        if rules.ring_ms < _RING_MS_MIN:
            message = f"the customer's phone rings for {time(rules.ring_ms)} only"
            yield Found(_at(queue, "callbacks", "ring"), message, "ring: 30 s")


def _wrong_meaning(plan: PlanView) -> Iterator[Found]:
    known = (_STAY, _CALLBACK, "leave")
    for name, question in plan.acd.questions.items():
        for key, meaning in question.keys.items():
            if meaning not in known and ":" not in meaning:
                where = ("questions", name, "keys", key)
                message = f"'{meaning}' is no meaning of a key and no device"
                yield Found(where, message, similar(meaning, known))


def _at(queue: QueueConfig, *keys: str) -> Where:
    return ("queues", queue.name, *keys)


def _ruled(plan: PlanView) -> Iterator[tuple[QueueConfig, CallbackRules]]:
    for queue in plan.acd.queues:
        if queue.callbacks is not None:
            yield queue, queue.callbacks


def _offers(plan: PlanView, queue: QueueConfig) -> bool:
    steps = plan.closure(queue)
    questions = [plan.acd.questions[s.ask] for s in steps if s.ask in plan.acd.questions]
    by_key = any(_CALLBACK in question.keys.values() for question in questions)
    return by_key or any(step.offer_callback for step in steps)


def _speaks(step: Step) -> bool:
    return bool(step.announce or step.say_position or step.say_wait or step.ask)


CALLER_CHECKS: Final = (
    Check(
        "M001",
        Severity.WARNING,
        "an announcement that comes too often",
        "Callers who are interrupted all the time give up sooner.",
        "{after: 0 s, every: 5 s, repeat: true, announce: sound:hold-on}",
        _too_often,
    ),
    Check(
        "M002",
        Severity.WARNING,
        "a question that changes nothing",
        "All keys mean that the caller stays.",
        'keys: {"1": stay}',
        _all_stay,
    ),
    Check(
        "M003",
        Severity.ERROR,
        "a key that no telephone has",
        "Nobody can press it.",
        'keys: {"12": leave}',
        _no_such_key,
    ),
    Check(
        "M004",
        Severity.WARNING,
        "a question with too little time for an answer",
        "Callers look for the key first.",
        "{prompt: sound:go-on, wait: 1 s}",
        _hurried,
    ),
    Check(
        "M005",
        Severity.WARNING,
        "a question that is asked again before it can be answered",
        "The second one cuts off the first.",
        "{after: 30 s, every: 5 s, repeat: true, ask: go_on}",
        _asked_again,
    ),
    Check(
        "M006",
        Severity.NOTE,
        "a question that nobody asks",
        "Something was forgotten, or is left over.",
        "questions: {go_on: {prompt: sound:go-on}}",
        _never_asked,
    ),
    Check(
        "M007",
        Severity.NOTE,
        "a recipe that nobody uses",
        "Something was forgotten, or is left over.",
        "recipes: {calm: [{after: 0 s, music: calm}]}",
        _never_added,
    ),
    Check(
        "M008",
        Severity.ERROR,
        "a key with a meaning that there is not",
        "The caller who presses it stays, whatever it was to do.",
        'keys: {"1": stya}',
        _wrong_meaning,
    ),
)

CALLBACK_CHECKS: Final = (
    Check(
        "B001",
        Severity.ERROR,
        "a callback is offered where there are no rules for it",
        "The caller is promised what nobody does.",
        "{after: 60 s, offer_callback: true}",
        _offered_without_rules,
    ),
    Check(
        "B002",
        Severity.NOTE,
        "rules for callbacks that nobody is offered",
        "Only other programs can ask for them.",
        "callbacks: {share: 30 %}",
        _never_offered,
    ),
    Check(
        "B003",
        Severity.WARNING,
        "a callback share of nobody",
        "At least one agent serves callbacks, whatever the share says.",
        "callbacks: {share: 0 %}",
        _share_of_none,
    ),
    Check(
        "B004",
        Severity.WARNING,
        "a callback share of everybody",
        "When many callbacks mature together, those who hold the line wait for all of them.",
        "callbacks: {share: 100 %}",
        _share_of_all,
    ),
    Check(
        "B005",
        Severity.WARNING,
        "a callback that expires before its last attempt",
        "The last attempts are never made.",
        "{attempts_max: 9, retry: 1 h, expires: 4 h}",
        _expires_early,
    ),
    Check(
        "B006",
        Severity.ERROR,
        "a callback without an attempt",
        "It is promised and never made.",
        "{attempts_max: 0}",
        _no_attempt,
    ),
    Check(
        "B007",
        Severity.WARNING,
        "a callback that rings too shortly",
        "The customer does not get to the phone.",
        "callbacks: {ring: 5 s}",
        _rings_shortly,
    ),
)
