"""What keeps an agent from a call: one small function for each filter, and the table of them.

Worked out from the agent, the call and the configuration, without the lanes that the distributor
decides with: that both agree is a law that tests hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from acd.floor import Floor
from acd.lines import Line
from acd.queue import WaitingCall
from agents.agent import Agent
from agents.config import EVERY_QUEUE
from csta.instants import SECOND, Instant, Milliseconds
from csta.states import AgentState


class Filter(StrEnum):
    """Why an agent may not have a call now; the first that applies is the one that is named."""

    LOGGED_OFF = "logged_off"
    PREFERRED = "preferred"
    """The call is kept for other agents."""
    QUEUE = "queue"
    """He does not serve the queue."""
    PAUSED = "paused"
    SKILLS = "skills"
    REQUIRES = "requires"
    """He does not meet the condition."""
    NOT_READY = "not_ready"
    ROOM = "room"
    """He has as many contacts of the channel as he may have."""
    CALLBACKS = "callbacks"
    """It is a callback, and no further agent of the queue may serve one now."""
    REFUSED = "refused"
    """He did not take this call before."""
    RANK_MAX = "rank_max"
    RANK = "rank"
    DELAY = "delay"
    RINGS = "rings"
    """Of calls alone: it rings already, and one agent more may not join; or it does not wait."""


class Pairing(NamedTuple):
    """An agent and a call at one of its places, at one instant."""

    floor: Floor
    agent: Agent
    call: WaitingCall
    line: Line
    now: Instant


Check: TypeAlias = Callable[[Pairing], str | None]
"""Gives what keeps the agent from the call, in words with the figures; None: nothing does."""

Reason: TypeAlias = tuple[Filter, str]
"""A filter, and what it found."""


def _logged_off(pair: Pairing) -> str | None:
    return "is not logged on" if pair.agent.state is AgentState.NULL else None


def _preferred(pair: Pairing) -> str | None:
    kept_for = pair.line.agent_id
    if kept_for is None or kept_for == pair.agent.agent_id:
        return None
    return f"is not {' or '.join(dict.fromkeys(pair.call.preferred))}, whom it is kept for"


def _queue(pair: Pairing) -> str | None:
    name = pair.line.queue.name
    if pair.line.agent_id is not None or pair.agent.profile.membership(name) is not None:
        return None
    return f"does not serve queue {name}"


def _paused(pair: Pairing) -> str | None:
    name = pair.line.queue.name
    return f"is paused in queue {name}" if name in pair.agent.profile.paused else None


def _skills(pair: Pairing) -> str | None:
    levels = dict(pair.agent.skills)
    lacks = [
        f"{skill} {levels.get(skill, 0)}, needs {least}"
        for skill, least in pair.line.needs.skills
        if levels.get(skill, 0) < least
    ]
    return f"has {'; '.join(lacks)}" if lacks else None


def _requires(pair: Pairing) -> str | None:
    needs = pair.line.needs
    return None if needs.level(pair.agent.skills) is not None else f"is not: {needs.condition}"


def _not_ready(pair: Pairing) -> str | None:
    ready = pair.floor.roster.is_ready(pair.agent)
    return None if ready else f"is {state_words(pair.agent)}"


def _room(pair: Pairing) -> str | None:
    agent, channel = pair.agent, pair.line.queue.channel
    if channel is None:
        return None
    has_room = agent.has_room(channel) and pair.call.call_id not in agent.contacts
    return None if has_room else f"has no room for one more contact of {channel}"


def _callbacks(pair: Pairing) -> str | None:
    if not pair.call.held or pair.line.agent_id is not None:
        return None
    has_room = pair.floor.roster.callback_room(pair.line.queue)
    return None if has_room else "may serve no callback of this queue now: its share is used up"


def _refused(pair: Pairing) -> str | None:
    left = pair.call.kept_from.get(pair.agent.agent_id, pair.now) - pair.now
    return f"did not take it, and is kept from it for {seconds(left)} more" if left > 0 else None


def _rank_max(pair: Pairing) -> str | None:
    rank, most = rank_of(pair.agent, pair.line), pair.call.rank_max
    if most is None or rank <= max(1, most) or pair.line.agent_id is not None:
        return None
    return f"is of rank {rank}, the last allowed is {most}"


def _rank(pair: Pairing) -> str | None:
    rank = rank_of(pair.agent, pair.line)
    opens = (rank - 1) * pair.line.queue.config.rank_wait_ms
    if pair.line.agent_id is not None or pair.now - pair.call.entered_at >= opens:
        return None
    return f"is of rank {rank}, which joins after {seconds(opens)}"


def _delay(pair: Pairing) -> str | None:
    member = pair.agent.profile.membership(pair.line.queue.name)
    delay_ms = (member or EVERY_QUEUE).delay_ms
    if pair.line.agent_id is not None or pair.now - pair.call.entered_at >= delay_ms:
        return None
    return f"joins after {seconds(delay_ms)} of waiting"


FILTERS: Mapping[Filter, Check] = MappingProxyType(
    {
        Filter.LOGGED_OFF: _logged_off,
        Filter.PREFERRED: _preferred,
        Filter.QUEUE: _queue,
        Filter.PAUSED: _paused,
        Filter.SKILLS: _skills,
        Filter.REQUIRES: _requires,
        Filter.NOT_READY: _not_ready,
        Filter.ROOM: _room,
        Filter.CALLBACKS: _callbacks,
        Filter.REFUSED: _refused,
        Filter.RANK_MAX: _rank_max,
        Filter.RANK: _rank,
        Filter.DELAY: _delay,
    }
)
"""All filters, in their order; `RINGS` is of the call alone."""

PRESENCE: Collection[Filter] = (Filter.LOGGED_OFF, Filter.NOT_READY)
"""Filters of what the agent does at the moment."""

ABILITY: Collection[Filter] = (
    Filter.PREFERRED,
    Filter.QUEUE,
    Filter.PAUSED,
    Filter.SKILLS,
    Filter.REQUIRES,
)
"""Filters of what the agent is: whom one removes, the call does not wait for."""

_PLACE = {each: place for place, each in enumerate(Filter)}


def why_not(
    floor: Floor, agent: Agent, call: WaitingCall, now: Instant, but: Collection[Filter] = ()
) -> Reason | None:
    """Say why an agent may not be offered a call at any of its places; None: he may.

    Of several places it is the one at which he is nearest to the call. The filters of `but` are
    left out.
    """
    reasons: list[Reason] = []
    for line in call.places:
        reason = why_not_at(Pairing(floor, agent, call, line, now), but)
        if reason is None:
            return None
        reasons.append(reason)
    return furthest(reasons)


def why_not_at(pair: Pairing, but: Collection[Filter] = ()) -> Reason | None:
    """Say why an agent may not be offered a call at one of its places; None: he may."""
    for each, check in FILTERS.items():
        if each not in but:
            found = check(pair)
            if found is not None:
                return each, found
    return None


def is_able(floor: Floor, agent: Agent, call: WaitingCall, now: Instant) -> bool:
    """Tell whether an agent is one of those for whom a call waits, whatever he does now."""
    return any(
        all(FILTERS[each](Pairing(floor, agent, call, line, now)) is None for each in ABILITY)
        for line in call.places
    )


def furthest(reasons: Sequence[Reason]) -> Reason:
    """Give the reason of the place at which the agent is nearest to the call."""
    return max(reasons, key=lambda reason: _PLACE[reason[0]])


def rank_of(agent: Agent, line: Line) -> int:
    """Give an agent's rank in the queue of a line; 1 is the first."""
    return (agent.profile.membership(line.queue.name) or EVERY_QUEUE).rank


def state_words(agent: Agent) -> str:
    """Say which state an agent is in: `notReady (lunch)`, `busy (talking)`."""
    word = agent.reason or (agent.phase.value if agent.phase is not None else "")
    state = agent.state.value.removeprefix("agent")
    return state[:1].lower() + state[1:] + (f" ({word})" if word else "")


def seconds(duration_ms: Milliseconds) -> str:
    """Write a duration in seconds: `8 s`, `12.345 s`."""
    whole, rest = divmod(duration_ms, SECOND)
    return (f"{whole}.{rest:03}".rstrip("0") if rest else f"{whole}") + " s"
