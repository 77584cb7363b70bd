"""The steps of a recipe as people write them: when, on what condition, and what happens then."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Final, TypeAlias

import msgspec

from acd.steps import Step
from agents.config import RANK_MAX
from agents.skills import LEVEL_MAX
from csta.conditions import EXAMPLE, WordingError, compile_condition
from csta.documents import Section
from csta.ids import DeviceId, QueueName, device, number_device
from csta.instants import SECOND

PRIORITY_MIN: Final = -100
PRIORITY_MAX: Final = 100

CALL_FIGURES: Final = ("waited", "waited_here", "position", "attempts", "priority")
"""What a condition may ask of the call itself."""
QUEUE_FIGURES: Final = (
    "estimated_wait",
    "longest_wait",
    "waiting",
    "ready",
    "logged_on",
    "not_ready",
    "busy",
    "calls_per_agent",
)
"""What a condition may ask of the call's own queue, and of another: `queue.<name>.<figure>`."""

_WHEN_EXAMPLE = "waited > 60 and queue.support.ready > 0"
_REQUIRES_EXAMPLE = 'english >= 3 or caller.language == "de"'
_PLACES = ("overflow_to", "also", "split", "flow", "number", "voice_mail", "end")
_LEAVING = tuple(key for key in _PLACES if key != "also")
_SPOKEN = ("position", "wait")
_WORD = re.compile(r"[\w-]+")
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_PROMPT = re.compile(r"[a-z]+:\S.*")

_Fault: TypeAlias = tuple[str, str] | None
"""What is wrong with a name in a condition, and what to write; None: nothing."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The names that a plan gives to things, of which its steps and questions may speak."""

    queues: Collection[QueueName]
    recipes: Collection[str] = ()
    questions: Collection[str] = ()
    calendars: Collection[str] = ()


def read_step(entry: Section, known: Known, own: QueueName = "") -> Step:
    """Read one step; `own` is the queue that it belongs to, empty for one of a named recipe.

    Raises:
        ConfigError: with file, line, key and what to write.
    """
    after_ms = entry.duration_ms("after", least=0)
    _check_places(entry)
    spoken = _spoken(entry)
    step = Step(
        after_ms=after_ms,
        when=_read_when(entry, known),
        every_ms=entry.duration_ms("every", default=None, least=SECOND),
        repeat=entry.flag("repeat", default=False),
        comment=entry.text("comment", default=""),
        skills=_read_skills(entry),
        requires=read_requires(entry),
        rank_max=entry.integer("rank_max", default=None, least=1, most=RANK_MAX),
        priority_by=entry.integer("priority_by", default=0, least=PRIORITY_MIN, most=PRIORITY_MAX),
        priority=entry.integer("priority", default=None, least=PRIORITY_MIN, most=PRIORITY_MAX),
        overflow_to=tuple(
            _target(entry, "overflow_to", name, known, own) for name in _names(entry, "overflow_to")
        ),
        also=_target(entry, "also", entry.text("also"), known, own) if entry.has("also") else None,
        split=_read_split(entry, known, own),
        divert_to=read_place(entry),
        end=_word(entry, "end", "timeout") if entry.has("end") else None,
        skip_empty=entry.flag("skip_empty", default=False),
        announce=read_prompt(entry, "announce") if entry.has("announce") else None,
        say_position="position" in spoken,
        say_wait="wait" in spoken,
        music=entry.text("music", default=None),
        ask=_named(entry, "ask", "question", known.questions),
        offer_callback=entry.flag("offer_callback", default=False),
        recipe=_named(entry, "recipe", "recipe", known.recipes),
    )
    entry.done()
    _check_sense(entry, step)
    _check_repetition(entry, step)
    return step


def read_place(section: Section) -> DeviceId | None:
    """Read where a call goes that leaves the ACD: `flow`, `number` or `voice_mail`, or None."""
    for key in ("flow", "voice_mail"):
        if section.has(key):
            return device("routeing", _word(section, key, "night"))
    number = section.text("number", default=None)
    if number is not None and not _NUMBER.fullmatch(number):
        raise section.error("number", f"'{number}' is no number", 'number: "+441632960000"')
    return None if number is None else number_device(number)


def read_prompt(section: Section, key: str) -> str:
    """Read what is played: a scheme and what it is to play."""
    prompt = section.text(key)
    if not _PROMPT.fullmatch(prompt):
        remedy = f"{key}: sound:please-wait, or {key}: tts:Please wait."
        raise section.error(key, f"'{prompt}' is nothing to play", remedy)
    return prompt


def read_requires(section: Section) -> str | None:
    """Read a condition over skills and caller attributes; None when there is none."""
    if section.has("requires") and not section.text("requires"):
        return ""
    return _read_condition(section, "requires", _REQUIRES_EXAMPLE, _requires_fault)


def read_least_levels(section: Section, least: int) -> dict[str, int]:
    """Read `skills:` with the levels that are asked for, from `least` to 10."""
    skills = section.integers_by_name("skills")
    for skill, level in skills.items():
        if not least <= level <= LEVEL_MAX:
            problem = f"skill '{skill}' asks for level {level}"
            raise section.error("skills", problem, f"{skill}: {least} to {LEVEL_MAX}")
    return skills


def known_name(section: Section, key: str, kind: str, name: str, known: Collection[str]) -> str:
    """Give a name back that stands elsewhere in the plan, or refuse it."""
    if name not in known:
        raise section.error(key, *_unknown(kind, name, known))
    return name


def _unknown(kind: str, name: str, known: Collection[str]) -> tuple[str, str]:
    remedy = f"one of: {', '.join(known)}" if known else f"{kind}s: {{{name}: …}} in the plan"
    return f"there is no {kind} '{name}'.{_did_you_mean(name, known)}".removesuffix("."), remedy


def _did_you_mean(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _named(entry: Section, key: str, kind: str, known: Collection[str]) -> str | None:
    return known_name(entry, key, kind, entry.text(key), known) if entry.has(key) else None


def _word(section: Section, key: str, example: str) -> str:
    word = section.text(key)
    if not _WORD.fullmatch(word):
        problem = f"'{word}' is no name: letters, digits, _ and - alone"
        raise section.error(key, problem, f"{key}: {example}")
    return word


def _names(entry: Section, key: str) -> tuple[str, ...]:
    """Read one name or a list of names, each once; none when the key is not there."""
    if not entry.has(key):
        return ()
    names = entry.texts(key) if isinstance(entry.raw(key), list) else (entry.text(key),)
    if not names:
        raise entry.error(key, f"'{key}' names nothing", f"{key}: one name, or a list of some")
    for name in names:
        if names.count(name) > 1:
            raise entry.error(key, f"'{name}' stands here twice", "each name once")
    return names


def _target(entry: Section, key: str, name: str, known: Known, own: QueueName) -> QueueName:
    if name == own:
        raise entry.error(key, f"queue '{own}' leads to itself", "another queue")
    return known_name(entry, key, "queue", name, known.queues)


def _read_split(entry: Section, known: Known, own: QueueName) -> dict[QueueName, int] | None:
    if not entry.has("split"):
        return None
    split = entry.integers_by_name("split")
    example = "split: {first: 70, second: 30}"
    if not split:
        raise entry.error("split", "the split names no queue", example)
    for name, share in split.items():
        _target(entry, "split", name, known, own)
        if share < 1:
            raise entry.error("split", f"queue '{name}' has a share of {share}", example)
    return split


def _read_skills(entry: Section) -> dict[str, int] | None:
    if not entry.has("skills"):
        return None
    skills = read_least_levels(entry, least=0)
    if not skills:
        raise entry.error("skills", "no skill is named", "skills: {english: 2}, 0 drops a skill")
    return skills


def _spoken(entry: Section) -> tuple[str, ...]:
    words = _names(entry, "say")
    for word in words:
        if word not in _SPOKEN:
            problem = f"'{word}' cannot be said.{_did_you_mean(word, _SPOKEN)}"
            raise entry.error("say", problem, "say: [position, wait], or one of them")
    return words


def _read_when(entry: Section, known: Known) -> str:
    def fault(name: str) -> _Fault:
        return _figure_fault(name, known)

    return _read_condition(entry, "when", _WHEN_EXAMPLE, fault) or ""


def _read_condition(
    section: Section, key: str, example: str, fault_of: Callable[[str], _Fault]
) -> str | None:
    if not section.has(key):
        return None
    source = section.text(key)
    try:
        condition = compile_condition(source)
    except WordingError as fault:
        remedy = fault.remedy.replace(EXAMPLE, example)
        raise section.error(key, fault.problem, remedy) from None
    for name in condition.names:
        if found := fault_of(name):
            raise section.error(key, *found)
    return source


def _requires_fault(name: str) -> _Fault:
    head, _, rest = name.partition(".")
    if not rest or (head == "caller" and "." not in rest):
        return None
    problem = f"'{name}' is neither a skill nor a caller's attribute."
    meant = _did_you_mean(name, (f"caller.{name.rpartition('.')[2]}",))
    return problem + meant, f"skills and caller.<attribute>: {_REQUIRES_EXAMPLE}"


def _figure_fault(name: str, known: Known) -> _Fault:
    head, _, rest = name.partition(".")
    if head == "queue" and rest:
        return _queue_figure_fault(rest, known)
    if head == "calendar" and rest:
        return None if rest in known.calendars else _unknown("calendar", rest, known.calendars)
    words = (*CALL_FIGURES, *QUEUE_FIGURES)
    if name in words or (head == "caller" and rest and "." not in rest):
        return None
    meant = _did_you_mean(name, (*words, f"caller.{name.rpartition('.')[2]}"))
    others = "queue.<name>.waiting, calendar.<name>, caller.<attribute>"
    return f"'{name}' is not known here.{meant}", f"one of: {', '.join(words)}, {others}"


def _queue_figure_fault(rest: str, known: Known) -> _Fault:
    queue, _, figure = rest.rpartition(".")
    if not queue or rest in known.queues:
        return f"'queue.{rest}' names no figure of that queue", f"queue.{rest}.waiting"
    if queue not in known.queues:
        return _unknown("queue", queue, known.queues)
    if figure in QUEUE_FIGURES:
        return None
    problem = f"'{figure}' is no figure of a queue.{_did_you_mean(figure, QUEUE_FIGURES)}"
    return problem, f"one of: {', '.join(QUEUE_FIGURES)}"


def _check_places(entry: Section) -> None:
    """Refuse a step with two places to go, before anything else is said of them."""
    places = [key for key in _PLACES if entry.has(key)]
    if len(places) > 1:
        problem = f"the step has two places to go, '{places[0]}' and '{places[1]}'"
        raise entry.error(places[1], problem, "one of the two, or a step for each")


def _check_sense(entry: Section, step: Step) -> None:
    """Refuse what does nothing, and what cannot be done at once."""
    idle = Step(
        after_ms=step.after_ms,
        when=step.when,
        every_ms=step.every_ms,
        repeat=step.repeat,
        comment=step.comment,
        skip_empty=step.skip_empty,
    )
    if step == idle:
        raise entry.error("after", "the step does nothing", "overflow_to: second_queue")
    if step.skip_empty and not (step.overflow_to or step.also or step.split):
        problem = "the step leads to no queue that could be empty"
        raise entry.error("skip_empty", problem, "skip_empty beside overflow_to, also or split")
    if step.priority is not None and step.priority_by:
        problem = "the priority is set and changed in one step"
        raise entry.error("priority_by", problem, "priority or priority_by")
    asked = [key for key in ("ask", "offer_callback") if entry.raw(key)]
    if len(asked) > 1:
        remedy = "an ask whose question has a key that means callback"
        raise entry.error("offer_callback", "the caller is asked two things at once", remedy)
    if asked and any(entry.has(key) for key in _LEAVING):
        problem = "the caller is asked, and gone before he can answer"
        raise entry.error(asked[0], problem, "a step for each, with time between them")


def _check_repetition(entry: Section, step: Step) -> None:
    if step.repeat and step.every_ms is None:
        raise entry.error("repeat", "the step does not say how often", "every: 30 s")
    if step.repeat and any(entry.has(key) for key in _LEAVING):
        problem = "the call is gone before the step comes again"
        raise entry.error("repeat", problem, "the step without repeat; every tries until it goes")
    waits = step.when or step.repeat or step.overflow_to or step.also or step.split
    if step.every_ms is not None and not waits:
        problem = "without a condition the step is taken at its first look, and only then"
        raise entry.error("every", problem, "repeat: true, or a condition with when")
