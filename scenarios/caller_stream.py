"""Streams of callers in scenarios: how they are written, and the callers drawn from them."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from operator import itemgetter

import msgspec
import numpy as np

from crm_bridge.samples import sample_customers
from csta.documents import Section
from csta.instants import Instant
from scenarios.distributions import Spec, read_distribution
from switch_sim.arrivals import Rates, poisson
from switch_sim.callers import KEYS, CallerPlan, Press
from switch_sim.variates import Constant, Streams, endless

_NUMBER = re.compile(r"\+[0-9]{5,15}")
_PER_HOUR_MAX = 1_000_000
_STRANGERS = 1_000
_FORGIVEN = 1e-9


class Choice(msgspec.Struct, frozen=True):
    """What callers press once at a prompt: each text of keys with its share; the rest wait."""

    at: str
    keys: tuple[tuple[str, float], ...]
    after: Spec


class CallerStream(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of caller: how many come in each hour, and what they mean to do."""

    name: str
    dials: str
    per_hour: tuple[float, ...]
    talk: Spec
    patience: Spec | None = None
    """How long each waits in a queue; None: for ever."""
    agent_hangs_up_share: float = 0.0
    known_share: float = 0.0
    """How many call from the number of a customer in the CRM."""
    presses: tuple[Choice, ...] = ()


def number_written(section: Section, key: str, text: str) -> str:
    """Give a telephone number without its spaces.

    Raises:
        ConfigError: it is not in E.164.
    """
    number = re.sub(r"[\s/()-]", "", text)
    if not _NUMBER.fullmatch(number):
        problem = f"'{text}' is no telephone number with its country code"
        raise section.error(key, problem, '"+49 30 555 100"')
    return number


def read_callers(
    document: Section,
    *,
    hours: int,
    numbers: Sequence[str],
    prompts: Sequence[str],
    customers: int,
) -> tuple[CallerStream, ...]:
    """Read the `callers:` list; numbers and prompts are those that the centre has.

    Raises:
        ConfigError: with file, line, key and what to write.
    """
    streams: dict[str, CallerStream] = {}
    for count, entry in enumerate(document.sections("callers"), start=1):
        name = entry.text("name", default=f"callers {count}")
        if name in streams:
            raise entry.error("name", f"two streams are called '{name}'", "another name")
        dials = number_written(entry, "dials", entry.text("dials"))
        if dials not in numbers:
            problem = f"{dials} is none of the numbers of this centre"
            raise entry.error("dials", problem, f'dials: "{numbers[0]}"')
        streams[name] = CallerStream(
            name=name,
            dials=dials,
            per_hour=_per_hour(entry, hours),
            talk=read_distribution(entry, "talk"),
            patience=read_distribution(entry, "patience") if entry.has("patience") else None,
            agent_hangs_up_share=entry.share("agent_hangs_up", default=0.0),
            known_share=_known_share(entry, customers),
            presses=tuple(_choice(press, prompts) for press in entry.sections("presses")),
        )
        entry.done()
    if not streams:
        remedy = "callers: [{dials: …, per_hour: 60, talk: exponential 3 min}]"
        raise document.error("callers", "nobody calls", remedy)
    return tuple(streams.values())


def _per_hour(entry: Section, hours: int) -> tuple[float, ...]:
    given = entry.raw("per_hour")
    if not isinstance(given, list):
        return (entry.number("per_hour", least=0, most=_PER_HOUR_MAX),) * hours
    rates = []
    for rate in given:
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            problem = f"'{rate}' is no number of calls"
            raise entry.error("per_hour", problem, "per_hour: [30, 60, 40]")
        if not 0 <= rate <= _PER_HOUR_MAX:
            problem = f"{rate:g} is no number of calls in an hour"
            raise entry.error("per_hour", problem, f"per_hour: 0 to {_PER_HOUR_MAX}")
        rates.append(float(rate))
    if len(rates) != hours:
        problem = f"{len(rates)} hours are listed, but the scenario lasts {hours}"
        raise entry.error("per_hour", problem, f"per_hour: a list of {hours}, or one number")
    return tuple(rates)


def _known_share(entry: Section, customers: int) -> float:
    share = entry.share("known", default=0.0)
    if share and not customers:
        problem = "known callers need customers, and there are none"
        raise entry.error("known", problem, "customers: 1000, at the top of the file")
    return share


def _choice(entry: Section, prompts: Sequence[str]) -> Choice:
    at = entry.text("at")
    if not any(at in prompt for prompt in prompts):
        problem = f"no flow plays a prompt with '{at}' in it"
        close = get_close_matches(at, prompts, n=1, cutoff=0.3) or list(prompts[:1])
        remedy = f"at: {close[0]}" if close else "flows: {main: flows/main.yaml}, to have prompts"
        raise entry.error("at", problem, remedy)
    choice = Choice(at, _keys(entry), read_distribution(entry, "after", Constant(1_000)))
    entry.done()
    return choice


def _keys(entry: Section) -> tuple[tuple[str, float], ...]:
    if isinstance(entry.raw("keys"), dict):
        section = entry.section("keys")
        names = section.keys()
        keys = tuple((digits, section.share(digits)) for digits in names)
    else:
        keys = ((entry.text("keys"), 1.0),)
    for digits, _ in keys:
        if not digits or not KEYS.issuperset(digits):
            problem = f"'{digits}' cannot be pressed: the keys are 0-9 A-D * #"
            raise entry.error("keys", problem, "keys: {1: 60 %, 2: 40 %}")
    total = sum(share for _, share in keys)
    if total > 1 + _FORGIVEN:
        problem = f"the shares add up to {total:.0%}, more than everybody"
        raise entry.error("keys", problem, "keys: {1: 60 %, 2: 40 %}")
    return keys


def all_calls(
    streams: Sequence[CallerStream],
    randomness: Streams,
    customers: int,
    starts_at: Instant,
    ends_at: Instant,
) -> Iterator[tuple[Instant, CallerPlan]]:
    """Draw all callers of a run, in order of time.

    Each purpose of each stream has a random stream of its own, so that a change in one stream of
    callers leaves the others as they are.
    """
    known = [customer.numbers[0] for customer in sample_customers(customers)]
    drawn = [_calls(stream, randomness, known, starts_at, ends_at) for stream in streams]
    return heapq.merge(*drawn, key=itemgetter(0))


def _calls(
    stream: CallerStream,
    randomness: Streams,
    known: Sequence[str],
    starts_at: Instant,
    ends_at: Instant,
) -> Iterator[tuple[Instant, CallerPlan]]:
    def purpose(what: str) -> np.random.Generator:
        return randomness.stream(f"{what}: {stream.name}")

    who, endings, menus = purpose("number"), purpose("hangs_up"), purpose("menu_choice")
    talk = endless(stream.talk, purpose("handle_time"))
    patience = endless(stream.patience, purpose("patience")) if stream.patience else None
    rates = Rates(start_at=starts_at, calls=stream.per_hour)
    for at in poisson(rates, purpose("arrivals")):
        if at >= ends_at:
            return
        yield (
            at,
            CallerPlan(
                number=_number(stream, who, known),
                dialled=stream.dials,
                talk_ms=next(talk),
                patience_ms=next(patience) if patience else None,
                presses=tuple(_presses(stream, menus)),
                hangs_up="agent" if endings.random() < stream.agent_hangs_up_share else "caller",
            ),
        )


def _number(stream: CallerStream, who: np.random.Generator, known: Sequence[str]) -> str:
    """Draw a number: a customer's, or one of Berlin's that are set aside for fiction."""
    is_known, place = who.random(2)
    if is_known < stream.known_share:
        return known[int(place * len(known))]
    return f"+493023125{int(place * _STRANGERS):03}"


def _presses(stream: CallerStream, menus: np.random.Generator) -> Iterator[Press]:
    for choice in stream.presses:
        drawn, after_ms = menus.random(), choice.after.draw(menus)
        for digits, share in choice.keys:
            drawn -= share
            if drawn < 0:
                yield Press(choice.at, digits, after_ms)
                break
