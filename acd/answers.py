"""How offers end on the agents' side: answered, refused, or rung for too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from acd.config import AcdConfig
from acd.decisions import Offer, OfferFailed, OfferOff, OfferTaken
from acd.desk import FORCED_PAUSE, Desk, is_only_offered
from acd.floor import Floor
from acd.inputs import Answered, Refused
from acd.matching import Matching
from acd.offers import CAUSE_OF_REFUSAL
from acd.queue import WaitingCall
from acd.recipes import Recipes
from acd.rules import RefusalRule
from agents.agent import Agent
from csta.acd_events import RefusalReason
from csta.causes import Cause
from csta.ids import CallId, OfferId
from csta.instants import SECOND, Instant, Milliseconds
from csta.states import AgentState, BusyPhase

# Members that are read at every step: by name they are slow to find on Python 3.11.
_READY: Final = AgentState.READY
_TALKING: Final = BusyPhase.TALKING

Why: TypeAlias = tuple[Cause, str, str | None]
"""Of an agent who is made not ready: cause, reason code, and CSTA's condition of the state."""

BACK_OFF_MS_MIN: Milliseconds = SECOND
"""A call is not offered to who refused it sooner than this, whatever the rules say (A8)."""


class Answers:
    """Ends offers. The caller outlives the agent: a call that is not taken keeps its place."""

    def __init__(self, floor: Floor, matching: Matching, recipes: Recipes, desk: Desk) -> None:
        """Work on one floor."""
        self._floor = floor
        self._matching = matching
        self._recipes = recipes
        self._desk = desk
        desk.on_device_lost = self._device_lost
        self.on_callback: Callable[[Offer, WaitingCall, Agent, Instant], bool]
        """Told of an agent who takes a callback; True: the customer is yet to be called."""

    def answered(self, event: Answered, now: Instant) -> None:
        """One agent has the call; whoever else it rings at has lost the race (C5)."""
        found = self._floor.offers.get(event.offer_id)
        if found is None:
            return
        offer, call = found
        agent = self._desk.end_offer(offer, call)
        if call.callback_id is not None and self.on_callback(offer, call, agent, now):
            return
        queue = self._floor.queues[offer.queue]
        agent.misses.clear()
        self._floor.forget(call)
        self._floor.out.append(OfferTaken(offer, now - call.enqueued_at))
        if queue.channel is None:
            self._desk.has_call(agent, queue, now)
            self._desk.phase(agent, _TALKING, call.call_id, now)
        else:
            agent.calls_handled += 1
            queue.note_answer(now)
            agent.contacts[call.call_id] = queue.channel
            if self._floor.roster.is_ready(agent):
                self._floor.roster.regroup(agent)  # his figures count anew, he keeps his turn
        for other in list(call.offers):
            loser = self._desk.end_offer(other, call)
            self._floor.out.append(OfferOff(other, lost=True))
            self._desk.after_offer(loser, call, _READY, now)

    def refused(self, event: Refused, now: Instant) -> None:
        """An agent's side has not taken a call: it is back in its place before he goes on."""
        found = self._floor.offers.get(event.offer_id)
        if found is None:
            return
        offer, call = found
        agent = self._desk.end_offer(offer, call)
        self._floor.out.append(OfferFailed(offer, event.reason))
        rule = rule_of(self._floor.config, event.reason)
        count = agent.note_miss(event.reason)
        pauses = rule.stays_ready and 0 < rule.pause_after <= count
        self._keep_from(call, agent, rule, now)
        if rule.stays_ready and not pauses:
            self.return_call(call, now)
            self._desk.after_offer(agent, call, _READY, now)
            return
        if pauses:
            agent.misses[event.reason] = 0
            self._pause(agent, call, (Cause.FORCED_PAUSE, rule.pause_reason, FORCED_PAUSE), now)
        else:
            self._pause(agent, call, (CAUSE_OF_REFUSAL[event.reason], rule.reason, None), now)
        self.return_call(call, now)

    def _pause(self, agent: Agent, call: WaitingCall, why: Why, now: Instant) -> None:
        """Make an agent not ready who did not take a call; what he has asked for goes first.

        He whose phone is in another call is left alone: he is offered nothing meanwhile.
        """
        if agent.state is not _READY and not is_only_offered(agent, call):
            return
        if agent.pending in (None, _READY):
            # Who missed a call is not ready, even if he asked to be while it rang.
            cause, reason, condition = why
            agent.ready_when_back = cause is Cause.DEST_NOT_OBTAINABLE
            self._desk.go(agent, AgentState.NOT_READY, now, cause, reason, condition)
        else:
            self._desk.rest(agent, AgentState.NOT_READY, now)

    def _device_lost(self, agent: Agent, now: Instant) -> None:
        assert agent.offer_id is not None, f"{agent!r} is offered nothing"
        self.refused(Refused(agent.offer_id, RefusalReason.DEVICE_LOST), now)

    def ring_is_over(self, offer_id: OfferId, now: Instant) -> None:
        """Nobody answered in time; while offers pause it is not known who would have."""
        if self._floor.paused:
            found = self._floor.offers.get(offer_id)
            if found is not None:
                ring_ms = self._floor.queues[found[0].queue].config.ring_ms
                self._floor.agenda.set(("ring", offer_id), now + ring_ms)
            return
        self.refused(Refused(offer_id, RefusalReason.NO_ANSWER), now)

    def back_off_is_over(self, call_id: CallId, agent_id: str, now: Instant) -> None:
        """The call may be offered again to an agent who refused it."""
        call = self._floor.calls.get(call_id)
        if call is None:
            return
        call.kept_from.pop(agent_id, None)
        agent = self._floor.directory.agent(agent_id)
        if agent.state is _READY:
            self._matching.seek_call(agent, now)

    def _keep_from(self, call: WaitingCall, agent: Agent, rule: RefusalRule, now: Instant) -> None:
        back_off = rule.back_off_ms
        if back_off is None:
            back_off = self._floor.config.refusal_back_off_ms
        until = now + max(back_off, BACK_OFF_MS_MIN)
        call.kept_from[agent.agent_id] = until
        self._floor.agenda.set(("back_off", call.call_id, agent.agent_id), until)

    def return_call(self, call: WaitingCall, now: Instant) -> None:
        """Bring a call back to its old place, unless it still rings elsewhere."""
        if call.offers:
            return
        self._floor.stop_ringing(call)
        self._floor.wait(call, Cause.REMAINS_IN_QUEUE, now)
        self._recipes.plan(call, now)
        self._matching.rejoin(call, now)


def rule_of(config: AcdConfig, reason: RefusalReason) -> RefusalRule:
    """Find what a refusal of this kind means for the agent."""
    rules = config.rules
    return {
        RefusalReason.NO_ANSWER: rules.no_answer,
        RefusalReason.REJECTED: rules.rejected,
        RefusalReason.BUSY: rules.busy,
        RefusalReason.DEVICE_LOST: rules.device_lost,
    }[reason]
