"""Wrap-up, callbacks, questions and rules for agents: what is read, and what is refused."""

from __future__ import annotations

import pytest

from acd.config import AcdConfig
from acd.plan_file import read_plan
from acd.rules import (
    AgentRules,
    CallbackRules,
    Question,
    ReasonCode,
    RefusalRule,
    WrapUpMode,
)
from csta.documents import read_document
from csta.errors import ConfigError


def read(text: str) -> AcdConfig:
    return read_plan(read_document(text, "plan.yaml")).acd


QUEUE = "queues:\n  sales:\n    "
QUEUES = "queues: {sales: {}, support: {}}\n"
RULES = QUEUES + "agent_rules:\n  "
QUESTION = QUEUES + "questions:\n  go_on:\n    "
KEYS = QUESTION + "prompt: tts:Go on?\n    keys:"


@pytest.mark.parametrize(
    ("wrap_up", "read_as"),
    [
        ("10 s", (WrapUpMode.TIMED, 10_000, 0, 0)),
        ("{mode: none}", (WrapUpMode.NONE, 0, 0, 0)),
        ("{mode: optional}", (WrapUpMode.OPTIONAL, 0, 0, 0)),
        ("{mode: optional, for: 20 s}", (WrapUpMode.OPTIONAL, 20_000, 0, 0)),
        ("{mode: mandatory}", (WrapUpMode.MANDATORY, 0, 0, 0)),
        ("{for: 30 s}", (WrapUpMode.TIMED, 30_000, 0, 0)),
        ("{mode: full, for: 30 s}", (WrapUpMode.FULL, 30_000, 0, 0)),
        ("{for: 30 s, extension: 15 s}", (WrapUpMode.TIMED, 30_000, 15_000, 1)),
        (
            "{mode: timed, for: 30 s, extension: 15 s, extensions_max: 3}",
            (WrapUpMode.TIMED, 30_000, 15_000, 3),
        ),
    ],
)
def test_wrap_up_is_a_duration_or_a_mode_with_more_time_on_request(
    wrap_up: str, read_as: tuple[WrapUpMode, int, int, int]
) -> None:
    """A04, A06."""
    queue = read(f"{QUEUE}wrap_up: {wrap_up}").queues[0]
    fields = (queue.wrap_up, queue.wrap_up_ms)
    assert (*fields, queue.wrap_up_extension_ms, queue.wrap_up_extensions_max) == read_as


def test_a_queue_calls_back_as_its_rules_say() -> None:
    """Q07, Q09."""
    text = "{share: 25 %, first: customer, attempts_max: 5, retry: 5 min, ring: 25 s, expires: 8 h}"
    assert read(f"{QUEUE}callbacks: {text}").queues[0].callbacks == CallbackRules(
        share=0.25,
        agent_first=False,
        attempts_max=5,
        retry_ms=300_000,
        ring_ms=25_000,
        expires_ms=28_800_000,
    )


def test_a_queue_without_the_key_does_not_call_back_and_the_key_alone_takes_the_usual_rules() -> (
    None
):
    assert read(f"{QUEUE}priority: 0").queues[0].callbacks is None
    assert read(f"{QUEUE}callbacks:").queues[0].callbacks == CallbackRules()


def test_a_question_has_a_meaning_for_each_key() -> None:
    """Q05, Q06."""
    keys = (
        '{1: stay, 2: callback, 3: leave, 4: {flow: night}, 5: {number: "+49301234"},'
        ' "*": {queue: support}, "#": {voice_mail: box}}'
    )
    question = read(f"{QUESTION}prompt: sound:go-on\n    keys: {keys}\n    wait: 7 s")
    assert question.questions == {
        "go_on": Question(
            prompt="sound:go-on",
            keys={
                "1": "stay",
                "2": "callback",
                "3": "leave",
                "4": "routeing:night",
                "5": "number:+49301234",
                "*": "acd:support",
                "#": "routeing:box",
            },
            wait_ms=7_000,
        )
    }


def test_rules_for_agents_are_read_whole() -> None:
    """A02, A05, A07, A08."""
    rules = read(
        RULES
        + """no_answer: {then: ready, back_off: 1 min, pause_after: 3, pause_reason: away}
  rejected: {then: not_ready}
  busy: {then: not_ready, reason: second_line}
  device_lost: {reason: offline}
  reasons:
    - {code: lunch, limit: 30 min, comment: once a day}
    - {code: training, supervisors_only: true}
  log_off_reasons: [{code: home}]
  wrap_up_after: {outbound: 20 s, failed_outbound: 5 s, internal: 1 s}
"""
    ).rules
    assert rules == AgentRules(
        no_answer=RefusalRule(
            stays_ready=True, back_off_ms=60_000, pause_after=3, pause_reason="away"
        ),
        rejected=RefusalRule(reason="rejected"),
        busy=RefusalRule(reason="second_line"),
        device_lost=RefusalRule(reason="offline"),
        reasons=(
            ReasonCode(code="lunch", limit_ms=1_800_000, comment="once a day"),
            ReasonCode(code="training", supervisors_only=True),
        ),
        log_off_reasons=(ReasonCode(code="home"),),
        wrap_up_after_outbound_ms=20_000,
        wrap_up_after_failed_outbound_ms=5_000,
        wrap_up_after_internal_ms=1_000,
    )


@pytest.mark.parametrize(
    "text", ["", "agent_rules:\n", "agent_rules: {no_answer: , rejected: {then: ready}}\n"]
)
def test_what_is_not_said_stays_as_it_is(text: str) -> None:
    assert read(QUEUES + text).rules == AgentRules()


FAULTS = [
    # Wrap-up.
    (QUEUE + "wrap_up: {mode: timed}", 3, "queues.sales.wrap_up.for", "for: 20 s"),
    (QUEUE + "wrap_up: {mode: full}", 3, "queues.sales.wrap_up.for", "for: 20 s"),
    (QUEUE + "wrap_up: {mode: box}", 3, "queues.sales.wrap_up.mode", "none | optional | mand"),
    (QUEUE + "wrap_up: {mode: none, for: 9 s}", 3, "queues.sales.wrap_up.for", "mode: timed"),
    (
        QUEUE + "wrap_up: {mode: mandatory, extension: 9 s}",
        3,
        "queues.sales.wrap_up.extension",
        "mode: timed, or the mode alone",
    ),
    (
        QUEUE + "wrap_up:\n      for: 9 s\n      extensions_max: 2",
        5,
        "queues.sales.wrap_up.extensions_max",
        "extension: 30 s",
    ),
    (QUEUE + "wrap_up:\n      fur: 9 s", 3, "queues.sales.wrap_up.for", "for: 20 s"),
    (QUEUE + "wrap_up: [9 s]", 3, "queues.sales.wrap_up", "wrap_up: 20 s"),
    # Callbacks.
    (QUEUE + "callbacks: {share: 2}", 3, "queues.sales.callbacks.share", "share: 85 %"),
    (QUEUE + "callbacks: {first: caller}", 3, "queues.sales.callbacks.first", "agent | customer"),
    (
        QUEUE + "callbacks: {attempts_max: 0}",
        3,
        "queues.sales.callbacks.attempts_max",
        "attempts_max: 1",
    ),
    (QUEUE + "callbacks: {retry: 9}", 3, "queues.sales.callbacks.retry", "retry: 9 s"),
    (QUEUE + "callbacks: {expires: 5 s}", 3, "queues.sales.callbacks.expires", "1 min"),
    (
        QUEUE + "callbacks: {tries: 5}",
        3,
        "queues.sales.callbacks.tries",
        "one of: accepted, attempts_max",
    ),
    (QUEUE + "callbacks: 5", 3, "queues.sales.callbacks", "callbacks: { … }"),
    # Questions.
    (QUESTION + "keys: {1: stay}", 3, "questions.go_on.prompt", "prompt: some text"),
    (QUESTION + "prompt: go on?\n    keys: {1: stay}", 4, "questions.go_on.prompt", "tts:Please"),
    (QUESTION + "prompt: tts:Go on?", 3, "questions.go_on.keys", "keys: { … }"),
    (KEYS, 5, "questions.go_on.keys", "{1: stay, 2: callb"),
    (KEYS + " {12: stay}", 5, "questions.go_on.keys.12", "0 to 9"),
    (KEYS + " {a: stay}", 5, "questions.go_on.keys.a", '"*" or "#"'),
    (KEYS + " {1: go}", 5, "questions.go_on.keys.1", "stay | callback | leave"),
    (KEYS + "\n      1: {}", 6, "questions.go_on.keys.1", "flow: night"),
    (
        KEYS + "\n      1:\n        flow: a\n        queue: sales",
        8,
        "questions.go_on.keys.1.queue",
        "flow: night, or one of",
    ),
    (
        KEYS + " {1: {queue: sails}}",
        5,
        "questions.go_on.keys.1.queue",
        "one of: sales, support",
    ),
    (KEYS + " {1: {number: home}}", 5, "questions.go_on.keys.1.number", "+441632"),
    (KEYS + " {1: {flow: a, x: 1}}", 5, "questions.go_on.keys.1.x", "one of: flow"),
    (
        QUESTION + "prompt: tts:Go on?\n    wait: 1 ms\n    keys: {1: stay}",
        5,
        "questions.go_on.wait",
        "wait: 1 s",
    ),
    # Rules for agents.
    (RULES + "no_answer: {then: away}", 3, "agent_rules.no_answer.then", "ready | not_ready"),
    (
        RULES + "rejected: {reason: rejected}",
        3,
        "agent_rules.rejected.reason",
        "then: not_ready, or no reason",
    ),
    (RULES + "busy: {reason: on the phone}", 3, "agent_rules.busy.reason", "reason: lunch"),
    (RULES + "busy: {pause_after: -1}", 3, "agent_rules.busy.pause_after", "pause_after: 0"),
    (RULES + "busy: {back_off: 9}", 3, "agent_rules.busy.back_off", "back_off: 9 s"),
    (RULES + "device_lost: {then: ready}", 3, "agent_rules.device_lost", "then: not_ready"),
    (RULES + "no_anwser: {}", 3, "agent_rules.no_anwser", "one of: "),
    (RULES + "reasons: [lunch]", 3, "agent_rules.reasons", "a list, each '- key: value'"),
    (RULES + "reasons:\n  - {limit: 1 s}", 4, "agent_rules.reasons[1].code", "code: some text"),
    (
        RULES + "reasons:\n  - {code: lunch}\n  - {code: lunch}",
        5,
        "agent_rules.reasons[2].code",
        "another code",
    ),
    (
        RULES + "log_off_reasons: [{code: a, limit: 1 s}]",
        3,
        "agent_rules.log_off_reasons[1].limit",
        "",
    ),
    (RULES + "reasons: [{code: a, limit: 0 s}]", 3, "agent_rules.reasons[1].limit", "limit: 1 s"),
    (RULES + "wrap_up_after: {inbound: 1 s}", 3, "agent_rules.wrap_up_after.inbound", "one of: "),
    (RULES + "wrap_up_after: 10 s", 3, "agent_rules.wrap_up_after", "wrap_up_after: { … }"),
]


@pytest.mark.parametrize(("text", "line", "key", "remedy"), FAULTS)
def test_a_fault_is_named_with_its_line_its_key_and_what_to_write(
    text: str, line: int, key: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as fault:
        read(text)
    assert (fault.value.file, fault.value.line, fault.value.key) == ("plan.yaml", line, key)
    assert remedy in fault.value.remedy
