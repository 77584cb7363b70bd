"""`offhook explain`: the story of one call from a journal, each offer with all that was weighed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from acd.explain import Candidate, Choice, StillWaiting
from acd.explain_filters import Filter, seconds
from acd.explain_outlook import some
from acd.explain_scores import values
from acd.matching import Sought
from console.faults import FAILED, FailedError
from console.terminal import out, write_json
from csta.instants import DAY, HOUR, MINUTE, SECOND, Instant
from ctiserver.core.journal import JournalError
from ctiserver.core.wire import rfc3339
from scenarios.call_story import clock, score_words
from scenarios.journal_explain import (
    CallStory,
    NoSuchCallError,
    check_picks,
    explain_call,
    find_call,
)
from scenarios.journal_replay import Difference

Answer = TypeVar("Answer")

_WIDTH = 100
_INDENT = " " * 14
_SHOWN_MAX = 3
_CLOCK = re.compile(r"([0-2]?\d):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,3}))?)?")
_SOUGHT = {
    Sought.AGENT: "an agent was sought for the call",
    Sought.CALL: "a call was sought for {agent}, who was free",
    Sought.BY_HAND: "somebody chose both by hand",
}


def run_explain(
    call: str,
    journal: Path,
    *,
    at: Instant | None = None,
    offer: int | None = None,
    as_json: bool = False,
    show_all: bool = False,
) -> int:
    """Print what happened to a call and why; with `offer` that offer of it alone.

    `at` is a time of day in milliseconds: the first such time after the call has come.
    """
    found = _read(journal, lambda: find_call(journal, call))
    until = None if at is None else found.came_at + (at - found.came_at) % DAY
    story = _read(journal, lambda: explain_call(journal, found, until))
    if offer is not None and offer > len(story.offers):
        what = f"the call has {len(story.offers)} offers"
        raise FailedError(what, f"{journal}: {story.call_id}", "--offer with a number up to that")
    if as_json:
        write_json(story if offer is None else story.offers[offer - 1])
    else:
        lines = _told(story, journal, offer, show_all=show_all)
        _print(lines)
    return 0 if story.difference is None else FAILED


def run_check(journal: Path, *, as_json: bool = False) -> int:
    """Explain every offer of a journal anew; exit with 1 if a pick is not the one recorded."""
    verdict = _read(journal, lambda: check_picks(journal))
    if as_json:
        write_json(verdict)
    elif verdict.other_pick is not None:
        choice = verdict.other_pick
        picked = choice.picked or "nobody"
        other = f"{choice.call_id} rings at {choice.agent_id}, the explanation finds {picked}"
        _print([f"offer {verdict.offers}: {other}", *_choice_lines(choice, show_all=True)])
    elif verdict.difference is not None:
        _print(_differs(verdict.difference))
    else:
        by_hand = f", {verdict.by_hand} of them by hand" if verdict.by_hand else ""
        _print([f"{verdict.offers} offers{by_hand}, all picks the same"])
    return 0 if verdict.equal else FAILED


def time_of_day(text: str) -> Instant:
    """Read `14:03`, `14:03:22` or `14:03:22.500`.

    Raises:
        ValueError: it is no time of day.
    """
    read = _CLOCK.fullmatch(text)
    if read is None or int(read[1]) * HOUR >= DAY:
        raise ValueError(f"'{text}' is no time of day; write 14:03:22")
    hours, minutes, whole = (int(part or 0) for part in read.groups()[:3])
    millis = int((read[4] or "0").ljust(3, "0"))
    return hours * HOUR + minutes * MINUTE + whole * SECOND + millis


def _told(story: CallStory, journal: Path, offer: int | None, *, show_all: bool) -> Iterator[str]:
    yield f"call      {story.call_id}, number {story.number} of the journal"
    yield f"journal   {journal}" + (f" ({story.title})" if story.title else "")
    yield f"read      until {rfc3339(story.read_until)}"
    yield ""
    chosen = None if offer is None else story.offers[offer - 1]
    for moment in story.moments:
        if chosen is not None and moment.choice is not chosen:
            continue
        yield f"{clock(moment.at)}  {moment.words}"
        if moment.choice is not None:
            yield from _choice_lines(moment.choice, show_all=show_all)
    if story.still is not None and chosen is None:
        yield ""
        yield from _still_lines(story.still, show_all=show_all)
    if story.difference is not None:
        yield ""
        yield from _differs(story.difference)


def _choice_lines(choice: Choice, *, show_all: bool) -> Iterator[str]:
    yield f"{_INDENT}{_SOUGHT[choice.sought].format(agent=choice.agent_id)}"
    tie = f"; ties: {choice.tie_break}" if choice.tie_break else ""
    yield f"{_INDENT}rule: {choice.rule}{tie}; configuration {choice.configuration}"
    yield from _candidate_lines(choice.candidates, show_all=show_all)


def _candidate_lines(candidates: Sequence[Candidate], *, show_all: bool) -> Iterator[str]:
    """List who could have been chosen, the best first, then the others by what removed them."""
    ranked = sorted(
        (each for each in candidates if each.removed_by is None),
        key=lambda each: values(each.scores),
    )
    shown = ranked if show_all else ranked[:_SHOWN_MAX]
    for place, each in enumerate(shown, start=1):
        mark = "  <- chosen" if each.chosen else ""
        yield f"{_INDENT}{place}. {each.name}: {score_words(each.scores)}{mark}"
    if len(ranked) > len(shown):
        yield f"{_INDENT}   and {len(ranked) - len(shown)} more who come later"
    removed: dict[Filter, list[str]] = {}
    for each in candidates:
        if each.removed_by is not None:
            mark = " <- chosen" if each.chosen else ""
            removed.setdefault(each.removed_by, []).append(f"{each.name} {each.detail}{mark}")
    for filter_, names in removed.items():
        who = "; ".join(names) if show_all else some(names, "; ")
        yield f"{_INDENT}removed by {filter_.value}, {len(names)}: {who}"


def _still_lines(still: StillWaiting, *, show_all: bool) -> Iterator[str]:
    waited = seconds(still.waited_ms)
    if still.rings_at:
        yield f"{clock(still.at)}  it rings at {', '.join(still.rings_at)}, after {waited}"
    else:
        yield (
            f"{clock(still.at)}  why it is still waiting, after {waited}: place {still.position}"
            f" of {still.waiting} in {still.queue}"
            + (f", also in {', '.join(still.also)}" if still.also else "")
        )
    yield f"{_INDENT}needs {still.needs}; in the order by {score_words(still.key)}"
    yield from _candidate_lines(still.candidates, show_all=show_all)
    for words in still.would_help:
        yield f"{_INDENT}it would be served if {words}"
    for at, words in still.next_at:
        yield f"{_INDENT}next, at {clock(at)}: {words}"
    if not still.next_at:
        yield f"{_INDENT}next: nothing comes by itself, no step and no deadline"


def _differs(difference: Difference) -> Iterator[str]:
    yield (
        f"the replay leaves the journal at line {difference.line}, {rfc3339(difference.at)}: what"
        " follows is not explained. Another version of the program has written it;"
        " offhook journal replay shows both events."
    )


def _print(lines: Sequence[str] | Iterator[str]) -> None:
    console = out()
    for line in lines:
        hanging = _INDENT + "   " if line.startswith((_INDENT, "0", "1", "2")) else ""
        wrapped = textwrap.wrap(
            line, _WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
        )
        console.print("\n".join(wrapped), soft_wrap=True)


def _read(journal: Path, read: Callable[[], Answer]) -> Answer:
    try:
        return read()
    except NoSuchCallError as fault:
        near = ", ".join(fault.near)
        remedy = f"a call's id, its beginning or end, or its number: {near or 'there are none'}"
        raise FailedError(fault.problem, str(journal), remedy) from fault
    except JournalError as fault:
        remedy = "the journal as it was written; offhook journal verify tells what is wrong"
        raise FailedError(fault.problem, f"{journal}:{fault.line}", remedy) from fault
    except OSError as fault:
        what = f"the journal cannot be read: {fault.strerror}"
        raise FailedError(what, str(journal), "a file that you may read") from fault
