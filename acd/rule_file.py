"""Rules as people write them: wrap-up, callbacks, questions, and what refusals cost an agent."""

from __future__ import annotations

import re
from typing import Final

from acd.rules import (
    AgentRules,
    CallbackRules,
    Question,
    ReasonCode,
    RefusalRule,
    WrapUpMode,
)
from acd.step_file import Known, known_name, read_place, read_prompt
from csta.documents import Section
from csta.ids import device
from csta.instants import MINUTE, SECOND, Milliseconds

PHONE_KEYS: Final = "0123456789*#"
ATTEMPTS_MAX: Final = 20
EXTENSIONS_MAX: Final = 10
PAUSE_AFTER_MAX: Final = 100

_MEANINGS = ("stay", "callback", "leave")
_PLACES = ("flow", "voice_mail", "number", "queue")
_CODE = re.compile(r"[\w-]+")


def read_wrap_up(queue: Section) -> tuple[WrapUpMode, Milliseconds, Milliseconds, int]:
    """Read a queue's `wrap_up:`, a duration or a mapping.

    Returns:
        The mode, how long, how much more an agent may ask for, and how often.
    """
    if not isinstance(queue.raw("wrap_up"), dict):
        return WrapUpMode.TIMED, queue.duration_ms("wrap_up", default=0, least=0), 0, 0
    entry = queue.section("wrap_up")
    mode = entry.choice("mode", WrapUpMode, default=WrapUpMode.TIMED)
    if mode in (WrapUpMode.NONE, WrapUpMode.MANDATORY):
        for key in ("for", "extension", "extensions_max"):
            if entry.has(key):
                why = "has no end of its own" if mode is WrapUpMode.MANDATORY else "is not there"
                problem = f"work of the mode '{mode}' {why}"
                raise entry.error(key, problem, "mode: timed, or the mode alone")
    for_ms = extension_ms = extensions_max = 0
    if mode in (WrapUpMode.TIMED, WrapUpMode.FULL) or entry.has("for"):
        for_ms = entry.duration_ms("for", least=SECOND)
    if entry.has("extension"):
        extension_ms = entry.duration_ms("extension", least=SECOND)
        extensions_max = entry.integer("extensions_max", default=1, least=1, most=EXTENSIONS_MAX)
    elif entry.has("extensions_max"):
        problem = "the extensions have no length"
        raise entry.error("extensions_max", problem, "extension: 30 s")
    entry.done()
    return mode, for_ms, extension_ms, extensions_max


def read_callbacks(queue: Section) -> CallbackRules | None:
    """Read a queue's `callbacks:`; a key alone takes the rules as they are."""
    entry = queue.optional_section("callbacks")
    if entry is None:
        return None
    usual = CallbackRules()
    callbacks = CallbackRules(
        share=entry.share("share", default=usual.share),
        agent_first=entry.choice("first", ("agent", "customer"), default="agent") == "agent",
        attempts_max=entry.integer(
            "attempts_max", default=usual.attempts_max, least=1, most=ATTEMPTS_MAX
        ),
        retry_ms=entry.duration_ms("retry", default=usual.retry_ms, least=SECOND),
        ring_ms=entry.duration_ms("ring", default=usual.ring_ms, least=SECOND),
        expires_ms=entry.duration_ms("expires", default=usual.expires_ms, least=MINUTE),
        accepted=entry.text("accepted", default=usual.accepted),
        impossible=entry.text("impossible", default=usual.impossible),
    )
    entry.done()
    return callbacks


def read_questions(plan: Section, known: Known) -> dict[str, Question]:
    """Read `questions:`, which steps ask with `ask`.

    Raises:
        ConfigError: a key is no key of a telephone, or means nothing that is known.
    """
    return {name: _read_question(entry, known) for name, entry in plan.entries("questions")}


def _read_question(entry: Section, known: Known) -> Question:
    keys = entry.section("keys")
    question = Question(
        prompt=read_prompt(entry, "prompt"),
        keys={key: _read_meaning(keys, key, known) for key in keys.keys()},  # noqa: SIM118 - a Section is no mapping
        wait_ms=entry.duration_ms("wait", default=10_000, least=SECOND),
    )
    if not question.keys:
        raise entry.error("keys", "the question has no keys", "keys: {1: stay, 2: callback}")
    entry.done()
    return question


def _read_meaning(keys: Section, key: str, known: Known) -> str:
    if len(key) != 1 or key not in PHONE_KEYS:
        remedy = 'one key each: 0 to 9, "*" or "#" (those two in quotes)'
        raise keys.error(key, f"'{key}' is no key of a telephone", remedy)
    if not isinstance(keys.raw(key), dict):
        return keys.choice(key, _MEANINGS)
    place = keys.section(key)
    named = [name for name in _PLACES if place.has(name)]
    if len(named) != 1:
        problem = "a key leads to one place" if named else "the key leads nowhere"
        remedy = "flow: night, or one of voice_mail, number, queue"
        raise place.error(named[1] if named else "", problem, remedy)
    if named == ["queue"]:
        queue = known_name(place, "queue", "queue", place.text("queue"), known.queues)
        target = device("acd", queue)
    else:
        target = read_place(place) or ""
    place.done()
    return target


def read_agent_rules(plan: Section) -> AgentRules:
    """Read `agent_rules:`, what holds for every agent of the centre."""
    rules = plan.optional_section("agent_rules")
    usual = AgentRules()
    if rules is None:
        return usual
    after = rules.section("wrap_up_after") if rules.has("wrap_up_after") else None
    read = AgentRules(
        no_answer=_read_refusal(rules, "no_answer", usual.no_answer),
        rejected=_read_refusal(rules, "rejected", usual.rejected),
        busy=_read_refusal(rules, "busy", usual.busy),
        device_lost=_read_refusal(rules, "device_lost", usual.device_lost),
        reasons=_read_reasons(rules, "reasons"),
        log_off_reasons=_read_reasons(rules, "log_off_reasons"),
        wrap_up_after_outbound_ms=_after(after, "outbound"),
        wrap_up_after_failed_outbound_ms=_after(after, "failed_outbound"),
        wrap_up_after_internal_ms=_after(after, "internal"),
    )
    if after is not None:
        after.done()
    rules.done()
    if read.device_lost.stays_ready:
        problem = "an agent whose phone is lost cannot be ready"
        remedy = "device_lost: {then: not_ready, reason: device_lost}"
        raise rules.error("device_lost", problem, remedy)
    return read


def _after(section: Section | None, key: str) -> Milliseconds:
    return section.duration_ms(key, default=0) if section is not None else 0


def _read_refusal(rules: Section, key: str, usual: RefusalRule) -> RefusalRule:
    entry = rules.optional_section(key)
    if entry is None:
        return usual
    then = "ready" if usual.stays_ready else "not_ready"
    stays_ready = entry.choice("then", ("ready", "not_ready"), default=then) == "ready"
    if stays_ready and entry.has("reason"):
        problem = "an agent who stays ready has no reason; that of a pause is 'pause_reason'"
        raise entry.error("reason", problem, "then: not_ready, or no reason")
    rule = RefusalRule(
        stays_ready=stays_ready,
        reason="" if stays_ready else _code(entry, "reason", usual.reason or key),
        back_off_ms=entry.duration_ms("back_off", default=usual.back_off_ms),
        pause_after=entry.integer(
            "pause_after", default=usual.pause_after, least=0, most=PAUSE_AFTER_MAX
        ),
        pause_reason=_code(entry, "pause_reason", usual.pause_reason),
    )
    entry.done()
    return rule


def _read_reasons(rules: Section, key: str) -> tuple[ReasonCode, ...]:
    reasons: dict[str, ReasonCode] = {}
    for entry in rules.sections(key):
        code = _code(entry, "code", None)
        if code in reasons:
            raise entry.error("code", f"the reason '{code}' is here twice", "another code")
        reasons[code] = ReasonCode(
            code=code,
            limit_ms=entry.duration_ms("limit", default=None, least=SECOND)
            if key == "reasons"
            else None,
            comment=entry.text("comment", default=""),
            supervisors_only=entry.flag("supervisors_only", default=False),
        )
        entry.done()
    return tuple(reasons.values())


def _code(entry: Section, key: str, default: str | None) -> str:
    code = entry.text(key) if default is None else entry.text(key, default=default)
    if not _CODE.fullmatch(code):
        problem = f"'{code}' is no code: letters, digits, _ and - alone"
        raise entry.error(key, problem, f"{key}: lunch")
    return code
