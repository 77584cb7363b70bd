"""Why things went as they did, worked out from a journal alone (R35): the story of one call.

The journal's inputs are given to a fresh engine, whose events are compared with the journal's byte
by byte; each choice is explained at the instant at which it is made, and held against the offer
that the journal has.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import msgspec

from acd.explain import Choice, StillWaiting, explain_choice, explain_wait
from acd.lines import Line as CallLine
from acd.matching import Sought
from acd.queue import WaitingCall
from agents.agent import Agent
from csta.acd_events import AgentOffered
from csta.ids import CallId, local_part
from csta.instants import Instant
from ctiserver.core.engine import Engine
from ctiserver.core.journal import read_journal
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.wire import Published
from ctiserver.live.journal_reader import open_journal
from scenarios.call_story import CallTeller, Moment
from scenarios.journal_replay import Difference, Replay

_EVENT_OF_CALL = re.compile(rb'"at":(\d+),"event":.*?"subject":"call/([^"]+)"')
_NEAR_MAX = 3


class FoundCall(msgspec.Struct, frozen=True):
    """A call of a journal: its id, its number from 1 in the order of coming, when it came."""

    call_id: CallId
    number: int
    came_at: Instant


class NoSuchCallError(Exception):
    """A word that names no call of the journal, or several: `near` are some that it may mean."""

    def __init__(self, problem: str, near: Sequence[str]) -> None:
        """Say what is wrong."""
        super().__init__(problem)
        self.problem = problem
        self.near = tuple(near)


class CallStory(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one call and why, up to `read_until`.

    `still` is why it waits at that instant, if it does. `difference` is where the replay left the
    journal: another program has written it, and what is told may not be what happened.
    """

    schema: str = "offhook.explain/1"
    title: str
    epoch: str
    call_id: CallId
    number: int
    read_until: Instant
    moments: tuple[Moment, ...]
    still: StillWaiting | None = None
    difference: Difference | None = None

    @property
    def offers(self) -> list[Choice]:
        """All offers of the call, in their order."""
        return [moment.choice for moment in self.moments if moment.choice is not None]


class PickVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of explaining every offer of a journal anew."""

    schema: str = "offhook.explain-check/1"
    offers: int
    by_hand: int
    """Offers of these that somebody chose: there is nothing to find out about them."""
    other_pick: Choice | None = None
    """The first explanation that finds another pick than the one that was made."""
    difference: Difference | None = None

    @property
    def equal(self) -> bool:
        """Tell whether every pick is the one that the journal has."""
        return self.other_pick is None and self.difference is None


class _Choices:
    """Explains choices as they are made, and gives each out when the journal has its offer."""

    def __init__(self, engine: Engine, teller: CallTeller | None = None) -> None:
        self._floor = engine.acd.floor
        self._teller = teller
        self._made: dict[tuple[str | None, str, str, int], Choice] = {}
        self._before = engine.acd.matching.on_choice
        engine.acd.matching.on_choice = self._on_choice

    def of(self, offered: AgentOffered) -> Choice:
        """Give the choice that led to an offer.

        Raises:
            AssertionError: the engine has told of another offer than the one that was chosen.
        """
        rest = (offered.agent_id, local_part(offered.queue), offered.attempt)
        # A callback has its own name until the customer is called, and then that of the call.
        for name in (offered.call_id, offered.callback_id):
            made = self._made.pop((name, *rest), None)
            if made is not None:
                return made
        raise AssertionError(f"nobody chose what the journal's offer says: {offered}")

    def _on_choice(
        self, call: WaitingCall, agent: Agent, line: CallLine, now: Instant, sought: Sought
    ) -> None:
        if self._before is not None:
            self._before(call, agent, line, now, sought)
        if self._teller is not None:
            if call.call_id == self._teller.call_id:
                self._teller.stand(call, now)
            elif not call.held:
                return
        choice = explain_choice(self._floor, call, agent, line, now, sought)
        self._made[call.call_id, agent.agent_id, choice.queue, choice.attempt] = choice


def find_call(path: Path, wanted: str) -> FoundCall:
    """Find a call by its id, by the beginning or the end of it, or by its number in the journal.

    The number counts calls from 1 as they come: `offhook demo` tells of them by the same number.

    Raises:
        NoSuchCallError: there is no such call, or there are several.
        OSError: the file cannot be read.
    """
    calls = _calls(path)
    if wanted in calls:
        return calls[wanted]
    if wanted.isdecimal() and not wanted.startswith("0") and int(wanted) <= len(calls):
        return list(calls.values())[int(wanted) - 1]
    word = wanted.upper().removeprefix("C-")
    found = [
        call
        for call_id, call in calls.items()
        if word and (call_id[2:].startswith(word) or call_id.endswith(word))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        near = [call.call_id for call in found[:_NEAR_MAX]]
        raise NoSuchCallError(f"'{wanted}' is the beginning or end of {len(found)} calls", near)
    near = difflib.get_close_matches(f"c-{word}", calls, _NEAR_MAX, 0.5)
    raise NoSuchCallError(
        f"no call '{wanted}' is among the {len(calls)} of this journal", near or list(calls)[:1]
    )


def explain_call(path: Path, call: FoundCall, until: Instant | None = None) -> CallStory:
    """Tell what happened to a call and why; reading ends when it is over, or at `until`.

    Raises:
        JournalError: a line is damaged, missing, doubled or moved, or this is no journal.
        OSError: the file cannot be read.
    """
    with open_journal(path) as file:
        header, lines = read_journal(file)
        if until is not None:
            lines = takewhile(lambda line: line.at <= until, lines)
        replay = Replay(header, lines)
        teller = CallTeller(replay.engine, call.call_id)
        choices = _Choices(replay.engine, teller)
        now = call.came_at
        for line, decided in replay:
            if teller.is_over:
                break
            now = line.at
            for event in _events(decided):
                offered = event.data if isinstance(event.data, AgentOffered) else None
                mine = offered is not None and offered.call_id == call.call_id
                teller.take(event, choices.of(offered) if offered is not None and mine else None)
            teller.settle(now)
    return CallStory(
        title=header.title,
        epoch=header.epoch,
        call_id=call.call_id,
        number=call.number,
        read_until=until or now,
        moments=tuple(teller.moments),
        still=_still(replay.engine, call.call_id, until or now),
        difference=replay.first_difference,
    )


def check_picks(path: Path) -> PickVerdict:
    """Explain every offer of a journal anew: each pick must be the one that was made.

    Raises:
        JournalError: a line is damaged, missing, doubled or moved, or this is no journal.
        OSError: the file cannot be read.
    """
    offers = by_hand = 0
    with open_journal(path) as file:
        header, lines = read_journal(file)
        replay = Replay(header, lines)
        choices = _Choices(replay.engine)
        for _, decided in replay:
            for event in _events(decided):
                if isinstance(event.data, AgentOffered):
                    choice = choices.of(event.data)
                    offers += 1
                    by_hand += choice.sought is Sought.BY_HAND
                    if not choice.agrees:
                        return PickVerdict(offers=offers, by_hand=by_hand, other_pick=choice)
    return PickVerdict(offers=offers, by_hand=by_hand, difference=replay.first_difference)


def _calls(path: Path) -> dict[CallId, FoundCall]:
    """List the calls of a journal without replaying it: each event of a call names it."""
    calls: dict[CallId, FoundCall] = {}
    with open_journal(path) as file:
        for line in file:
            named = _EVENT_OF_CALL.search(line)
            if named is not None:
                call_id = named[2].decode()
                if call_id not in calls:
                    calls[call_id] = FoundCall(call_id, len(calls) + 1, int(named[1]))
    return calls


def _events(decided: Sequence[EngineDecision]) -> list[Published]:
    return [each for each in decided if isinstance(each, Published)]


def _still(engine: Engine, call_id: CallId, now: Instant) -> StillWaiting | None:
    waiting = engine.acd.calls.get(call_id)
    return None if waiting is None else explain_wait(engine.acd.floor, waiting, now)
