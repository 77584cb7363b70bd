"""What a waiting call can hope for: what would have to change, and what comes by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from acd.explain_filters import PRESENCE, Filter, is_able, seconds, why_not
from acd.floor import Floor
from acd.queue import WaitingCall
from acd.steps import Step
from csta.instants import Instant

_NAMED_MAX = 3


_HELPS: Mapping[Filter, str] = MappingProxyType(
    {
        Filter.REFUSED: "time passes: {who}",
        Filter.RANK: "time passes: {who}",
        Filter.DELAY: "time passes: {who}",
        Filter.NOT_READY: "one of the {count} here who can serve it becomes ready: {who}",
        Filter.ROOM: "this is so no more: {who}",
        Filter.CALLBACKS: "this is so no more: {who}",
        Filter.RANK_MAX: "this is so no more: {who}",
        Filter.LOGGED_OFF: "one of the {count} away who can serve it logs on: {who}",
    }
)
"""What would have to happen for those whom a filter removes, the nearest first."""


def would_help(floor: Floor, call: WaitingCall, now: Instant) -> Iterator[str]:
    """Say what would have to change for an agent to have the call, the nearest first."""
    able = [agent for agent in floor.directory if is_able(floor, agent, call, now)]
    if not able:
        yield from _nobody_is_able(floor, call, now)
    kept: dict[Filter, list[str]] = {}
    for agent in able:
        reason = why_not(floor, agent, call, now)
        if reason is not None:
            kept.setdefault(reason[0], []).append(f"{agent.agent_id} {reason[1]}")
    for each, words in _HELPS.items():
        if each in kept:
            yield words.format(count=len(kept[each]), who=some(kept[each], "; "))
    in_front = call.queue.in_front(call.key)
    if in_front:
        yield f"the {in_front} in front of it in {call.queue.name} are served, or leave"


def _nobody_is_able(floor: Floor, call: WaitingCall, now: Instant) -> Iterator[str]:
    yield "nobody that there is can serve it: its needs must be relaxed, or a skill given"
    nearly = [
        f"{agent.agent_id} {reason[1]}"
        for agent in floor.directory
        if (reason := why_not(floor, agent, call, now, PRESENCE)) is not None
        and reason[0] in (Filter.SKILLS, Filter.REQUIRES)
    ]
    if nearly:
        yield f"nearest are those of its queue: {some(nearly, '; ')}"


def comes_next(floor: Floor, call: WaitingCall, now: Instant) -> Iterator[tuple[Instant, str]]:
    """Say what happens to the call by itself, each with its instant."""
    for at, number, step in call.due:
        yield max(at, now), f"{step_name(number, step)}{_condition(step)}: {step_words(step)}"
    if call.preferred_until is not None and any(line.agent_id for line in call.places):
        yield call.preferred_until, "anybody may have it, not the preferred agents alone"
    for agent_id, until in call.kept_from.items():
        if until > now:
            yield until, f"{agent_id} may be offered it again"
    opens = floor.agenda.at(("open", call.call_id))
    if opens is not None and call.waits:
        yield opens, "agents of a further rank, or with a delay, join"
    for offer in call.offers:
        yield offer.deadline_at, f"{offer.agent_id} has not answered: it goes on waiting"


def step_name(number: int, step: Step) -> str:
    """Name a step as people count: `step 1 (somebody rather than nobody)`."""
    return f"step {number + 1}" + (f" ({step.comment})" if step.comment else "")


def step_words(step: Step) -> str:
    """Say what a step does to the call."""
    return ", ".join((*_needs(step), *_said(step), *_goes(step))) or "nothing"


def some(names: Sequence[str], between: str = ", ") -> str:
    """Join the first names, and count the others."""
    shown = between.join(names[:_NAMED_MAX])
    more = len(names) - _NAMED_MAX
    return f"{shown} and {more} more" if more > 0 else shown


def _needs(step: Step) -> Iterator[str]:
    for skill, level in (step.skills or {}).items():
        yield f"needs {skill} >= {level}" if level else f"needs {skill} no more"
    if step.requires is not None:
        yield f"must meet {step.requires}" if step.requires else "must meet no condition"
    if step.rank_max is not None:
        yield f"agents up to rank {step.rank_max}"
    if step.priority is not None:
        yield f"priority {step.priority}"
    if step.priority_by:
        yield f"priority {step.priority_by:+}"


def _said(step: Step) -> Iterator[str]:
    if step.announce is not None:
        yield f"hears {step.announce}"
    if step.say_position:
        yield "hears the position"
    if step.say_wait:
        yield "hears the wait"
    if step.music is not None:
        yield f"hears the music {step.music}"
    if step.ask is not None:
        yield f"is asked {step.ask}"
    if step.offer_callback:
        yield "is offered a callback"


def _goes(step: Step) -> Iterator[str]:
    if step.recipe is not None:
        yield f"the steps of {step.recipe} are added"
    if step.end is not None:
        yield f"ends ({step.end})"
    elif step.divert_to is not None:
        yield f"goes to {step.divert_to}"
    elif step.split:
        shares = (f"{name} {share} %" for name, share in step.split.items())
        yield f"moves to one of {', '.join(shares)}"
    elif step.overflow_to:
        yield f"moves to {' or '.join(step.overflow_to)}"
    elif step.also is not None:
        yield f"waits in {step.also} too"


def _condition(step: Step) -> str:
    again = f", every {seconds(step.every_ms)}" if step.every_ms else ""
    return again + (f", if {step.when}" if step.when else "")
