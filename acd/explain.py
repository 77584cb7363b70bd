"""Why this agent, why this call, and why a call still waits (R35): worked out from scratch.

Nothing here is used to decide. Each explanation looks at every agent, or at every call, with the
plainest means; that its pick is the one that was made is a law that tests hold, and that
`offhook explain --check` holds for a journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from acd.explain_filters import PRESENCE, Filter, Pairing, why_not, why_not_at
from acd.explain_outlook import comes_next, would_help
from acd.explain_scores import (
    TIE_OF_AGENTS,
    TIE_OF_CALLS,
    Eligible,
    Scores,
    agents_scores,
    call_scores,
    key_scores,
    rule_for_agents,
    rule_for_calls,
    values,
)
from acd.floor import Floor
from acd.lines import Line
from acd.matching import Sought
from acd.queue import WaitingCall
from agents.agent import Agent
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import AgentId, CallId, QueueName
from csta.instants import Instant, Milliseconds


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, or one call, that was looked at: what removed it, or how it ranked.

    `removed_by` names the filter, `detail` says what it found, with the figures; None: it could
    have been chosen. `scores` are in the order of their weight; the smallest is chosen.
    """

    name: str
    removed_by: Filter | None = None
    detail: str = ""
    scores: Scores = ()
    chosen: bool = False


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One offer, and all that was weighed for it.

    `sought` tells what was sought: an agent for a call, a call for an agent, or nothing, since
    somebody chose both by hand. `picked` is what the explanation finds by itself.
    """

    at: Instant
    call_id: CallId
    agent_id: AgentId
    queue: QueueName
    attempt: int
    sought: Sought
    rule: str
    tie_break: str
    configuration: int
    candidates: tuple[Candidate, ...]
    picked: str

    @property
    def chosen(self) -> str:
        """What was chosen: an agent's or a call's id."""
        return self.call_id if self.sought is Sought.CALL else self.agent_id

    @property
    def agrees(self) -> bool:
        """Whether the explanation finds what was chosen."""
        return self.picked == self.chosen


class StillWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call waits: its place, what keeps each agent from it, and what comes next."""

    at: Instant
    call_id: CallId
    queue: QueueName
    also: tuple[QueueName, ...]
    """Further queues that it waits in."""
    waited_ms: Milliseconds
    position: int
    waiting: int
    """How many calls wait in its queue, with it."""
    needs: str
    key: Scores
    rings_at: tuple[AgentId, ...]
    """Whose phones ring for it; then it does not wait at the moment."""
    candidates: tuple[Candidate, ...]
    removed: tuple[tuple[Filter, int], ...]
    """How many agents each filter removed, the most first."""
    would_help: tuple[str, ...]
    """What would have to change for an agent to have it."""
    next_at: tuple[tuple[Instant, str], ...]
    """What will happen to the call if nothing else does, and when."""
    configuration: int


class NextCall(msgspec.Struct, frozen=True, kw_only=True):
    """Which call an agent would be offered if he became ready now, and why none of the others.

    `picked` is empty where there is none for him.
    """

    at: Instant
    agent_id: AgentId
    rule: str
    tie_break: str
    configuration: int
    candidates: tuple[Candidate, ...]
    picked: CallId


def explain_choice(
    floor: Floor, call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought
) -> Choice:
    """Explain an offer at the instant at which it is made, before anything has changed.

    It costs as much as there are agents, or calls: nothing for the path of every call.
    """
    if sought is Sought.CALL:
        candidates = _calls_for(floor, agent, now, chosen=call)
        rule, tie_break, chosen = rule_for_calls(floor), TIE_OF_CALLS, call.call_id
    else:
        candidates = _agents_for(floor, call, now)
        rule, tie_break, chosen = rule_for_agents(line), TIE_OF_AGENTS, agent.agent_id
    picked = _pick(candidates)
    if sought is Sought.BY_HAND:
        rule, tie_break, picked = "chosen by hand, whatever the rules say", "", chosen
    return Choice(
        at=now,
        call_id=call.call_id,
        agent_id=agent.agent_id,
        queue=line.queue.name,
        attempt=call.attempts + 1,
        sought=sought,
        rule=rule,
        tie_break=tie_break,
        configuration=floor.config.version,
        candidates=tuple(
            msgspec.structs.replace(each, chosen=True) if each.name == chosen else each
            for each in candidates
        ),
        picked=picked,
    )


def explain_wait(floor: Floor, call: WaitingCall, now: Instant) -> StillWaiting:
    """Explain why a call waits at this instant. Nothing changes."""
    candidates = _agents_for(floor, call, now)
    removed = Counter(each.removed_by for each in candidates if each.removed_by is not None)
    return StillWaiting(
        at=now,
        call_id=call.call_id,
        queue=call.queue.name,
        also=tuple(
            dict.fromkeys(line.queue.name for line in call.places if line.queue is not call.queue)
        ),
        waited_ms=now - call.enqueued_at,
        position=call.position,
        waiting=len(call.queue),
        needs=needs_words(call),
        key=key_scores(floor, call.key),
        rings_at=tuple(offer.agent_id for offer in call.offers),
        candidates=candidates,
        removed=tuple(removed.most_common()),
        would_help=() if call.offers else tuple(would_help(floor, call, now)),
        next_at=tuple(sorted(comes_next(floor, call, now))),
        configuration=floor.config.version,
    )


def explain_next(floor: Floor, agent: Agent, now: Instant) -> NextCall:
    """Explain which call an agent would be offered if he became ready now. Nothing changes."""
    candidates = _calls_for(floor, agent, now)
    picked = _pick(candidates)
    return NextCall(
        at=now,
        agent_id=agent.agent_id,
        rule=rule_for_calls(floor),
        tie_break=TIE_OF_CALLS,
        configuration=floor.config.version,
        candidates=tuple(
            msgspec.structs.replace(each, chosen=True) if each.name == picked else each
            for each in candidates
        ),
        picked=picked,
    )


def waiting_call(floor: Floor, call_id: CallId) -> WaitingCall:
    """Find a call that the ACD has.

    Raises:
        CtiError: `invalidCallID`.
    """
    call = floor.calls.get(call_id)
    if call is None:
        raise CtiError(
            ErrorCategory.STATE_INCOMPATIBILITY,
            ErrorValue.INVALID_CALL_ID,
            f"no call '{call_id}' is queued",
        )
    return call


def needs_words(call: WaitingCall) -> str:
    """Say what a call needs of an agent, at each of its places."""
    return ", or ".join(dict.fromkeys(_needs_at(line) for line in call.places))


def _needs_at(line: Line) -> str:
    if line.agent_id is not None:
        return f"agent {line.agent_id}"
    levels = [f"{skill} >= {level}" for skill, level in line.needs.skills]
    condition = [f"({line.needs.condition})"] if line.needs.condition else []
    return " and ".join(levels + condition) or "nothing"


def _agents_for(floor: Floor, call: WaitingCall, now: Instant) -> tuple[Candidate, ...]:
    found: list[Candidate] = []
    eligible: list[tuple[int, Eligible]] = []
    for number, agent in enumerate(floor.directory):
        reason = why_not(floor, agent, call, now)
        if reason is None:
            place, line = next(
                (place, line)
                for place, line in enumerate(call.places)
                if why_not_at(Pairing(floor, agent, call, line, now)) is None
            )
            eligible.append((number, Eligible(agent, place, line)))
            found.append(Candidate(name=agent.agent_id))
        else:
            found.append(Candidate(name=agent.agent_id, removed_by=reason[0], detail=reason[1]))
    scored = agents_scores(floor, call, [each for _, each in eligible], now)
    for (number, _), scores in zip(eligible, scored, strict=True):
        found[number] = msgspec.structs.replace(found[number], scores=scores)
    return tuple(found)


def _calls_for(
    floor: Floor, agent: Agent, now: Instant, chosen: WaitingCall | None = None
) -> tuple[Candidate, ...]:
    """Look at all calls for an agent; without a chosen one, as if he had just become ready."""
    but = PRESENCE if chosen is None else ()
    found = []
    for call in floor.calls.values():
        waits = call.waits or (call is chosen and not call.offers)
        reason, scores = call_scores(floor, agent, call, now, waits=waits, but=but)
        if reason is None:
            found.append(Candidate(name=call.call_id, scores=scores))
        else:
            found.append(Candidate(name=call.call_id, removed_by=reason[0], detail=reason[1]))
    return tuple(found)


def _pick(candidates: Iterable[Candidate]) -> str:
    possible = [each for each in candidates if each.removed_by is None]
    return min(possible, key=lambda each: values(each.scores)).name if possible else ""
