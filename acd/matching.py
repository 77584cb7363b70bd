"""Brings waiting calls and ready agents together: the two places where an offer is decided.

`seek_agent` for a call, `seek_call` for an agent. Every input and every deadline that makes a call
or an agent eligible ends in one of them, so no ready agent is left beside a call he may serve.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeAlias

from acd.config import QueueConfig
from acd.decisions import Offer
from acd.floor import Floor
from acd.lines import Line
from acd.queue import WaitingCall
from acd.rules import Ring
from agents.agent import Agent
from csta.causes import Cause
from csta.ids import CallId
from csta.instants import Instant
from csta.states import AgentState, BusyPhase

# Members that are read at every step: by name they are slow to find on Python 3.11.
_READY: Final = AgentState.READY
_BUSY: Final = AgentState.BUSY
_OFFERED: Final = BusyPhase.OFFERED
_DISTRIBUTED: Final = Cause.DISTRIBUTED
_ONE: Final = Ring.ONE


class Sought(StrEnum):
    """What was sought when an offer was made."""

    AGENT = "agent"
    """An agent, for a call."""
    CALL = "call"
    """A call, for an agent."""
    BY_HAND = "by_hand"
    """Nothing: somebody chose both (R30)."""


_AGENT: Final = Sought.AGENT
_CALL: Final = Sought.CALL

Chosen: TypeAlias = Callable[[WaitingCall, Agent, Line, Instant, Sought], None]
"""Told of each choice before it is made: call, agent, line, instant, and what was sought."""


class Matching:
    """Makes offers."""

    def __init__(self, floor: Floor) -> None:
        """Work on one floor."""
        self._floor = floor
        self.on_choice: Chosen | None = None
        self.on_given: Callable[[WaitingCall, Agent, Line, Instant], None] | None = None
        """Told when a free agent is given one of several calls that wait."""
        self.on_callback: Callable[[WaitingCall, Agent], None]
        """Told when an agent is offered a callback."""

    def seek_agent(self, call: WaitingCall, now: Instant) -> bool:
        """Offer the call, which does not wait at the moment, to the best ready agent."""
        if self._floor.paused:
            return False
        found = self._floor.roster.best_agent(call, now)
        if found is None:
            return False
        agent, line = found
        self._offer(call, agent, line, now, sought=_AGENT)
        self._ring_more(call, line.queue.config, now)
        return True

    def seek_call(self, agent: Agent, now: Instant) -> None:
        """Offer to the agent, who has just become eligible, the call that comes next.

        Where all phones ring for a call, a free agent joins only if no other call waits for him.
        """
        if self._floor.paused:
            return
        roster = self._floor.roster
        found = roster.best_call(agent, now)
        if found is None:
            ringing = roster.ringing_call(agent, now)
            if ringing is not None:
                call, line = ringing
                self._offer(call, agent, line, now, sought=_CALL)
            return
        call, line = found
        self._floor.unwait(call)
        if len(self._floor.calls) > 1 and self.on_given is not None:
            self.on_given(call, agent, line, now)
        self._offer(call, agent, line, now, sought=_CALL)
        self._ring_more(call, line.queue.config, now)
        if agent.state is _READY:
            self.seek_call(agent, now)  # it was of another channel than voice, and he may take more

    def offer_to(self, call: WaitingCall, agent: Agent, now: Instant) -> None:
        """Offer a call to an agent whom somebody has chosen by hand (R30)."""
        self._floor.unwait(call)
        self._offer(call, agent, call.places[0], now, sought=Sought.BY_HAND)

    def rejoin(self, call: WaitingCall, now: Instant) -> None:
        """Let a call look for an agent after it has lined up again.

        Time may have opened the same agents to other calls at this very instant: a call that
        comes before this one for the agent whom it finds looks for its own agent first.
        """
        roster = self._floor.roster
        paused = self._floor.paused
        while call.waits and not paused and (found := roster.best_agent(call, now)) is not None:
            best = roster.best_call(found[0], now)
            first = call if best is None else best[0]
            self._floor.unwait(first)
            taken = self.seek_agent(first, now)
            assert taken, f"{first!r} may have {found[0]!r} and does not find him"
        if call.waits:
            self._floor.open_later(call, now)

    def is_open(self, call_id: CallId, now: Instant) -> None:
        """The call has waited long enough for further ranks, or agents with a delay."""
        call = self._floor.calls.get(call_id)
        if call is not None and call.waits:
            self.rejoin(call, now)

    def ring_next(self, call_id: CallId, now: Instant) -> None:
        """One phone more rings for the call."""
        call = self._floor.calls.get(call_id)
        rings = call is not None and call.offers and not self._floor.paused
        found = self._floor.roster.best_agent(call, now) if call and rings else None
        if call is not None and found is not None:
            self._offer(call, *found, now, sought=_AGENT)
        if call is not None and call.offers:
            rings_for = self._floor.queues[call.offers[0].queue]
            self._ring_later(call, rings_for.config, now)

    def _offer(
        self, call: WaitingCall, agent: Agent, line: Line, now: Instant, *, sought: Sought
    ) -> Offer:
        assert agent.state is _READY, f"{agent!r} is offered a call"
        floor = self._floor
        if self.on_choice is not None:
            self.on_choice(call, agent, line, now, sought)
        offer = floor.offers.make(call, agent, line.queue, now)
        floor.agenda.set(("ring", offer.offer_id), offer.deadline_at)
        if call.held:
            self.on_callback(call, agent)
        if line.queue.channel is None:
            floor.roster.remove_ready(agent)
            floor.out.append(
                floor.directory.change(
                    agent,
                    _BUSY,
                    now,
                    cause=_DISTRIBUTED,
                    phase=_OFFERED,
                    call_id=call.call_id,
                )
            )
        floor.out.append(offer)
        return offer

    def _ring_more(self, call: WaitingCall, config: QueueConfig, now: Instant) -> None:
        if config.ring is _ONE or call.held:
            return
        if config.ring is Ring.PROGRESSIVE:
            self._ring_later(call, config, now)
            return
        while (found := self._floor.roster.best_agent(call, now)) is not None:
            self._offer(call, *found, now, sought=_AGENT)
        for line in call.places:
            line.ringing[call.call_id] = call

    def _ring_later(self, call: WaitingCall, config: QueueConfig, now: Instant) -> None:
        self._floor.agenda.set(("ring_next", call.call_id), now + config.ring_next_ms)
