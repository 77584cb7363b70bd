"""Calls come, stand somewhere, are changed, and go: the caller's side of the ACD."""

from __future__ import annotations

from acd.callbacks import Callbacks
from acd.decisions import OfferOff, TurnedAway
from acd.desk import Desk
from acd.floor import Floor
from acd.inputs import CancelCallback, ChangeCall, Enter, Leave, PickCall
from acd.matching import Matching
from acd.queue import WaitingCall
from acd.recipes import Recipes
from agents.skills import skill_set
from csta.callback_events import CallbackReason
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import CallId
from csta.instants import Instant
from csta.states import AgentState

INBOUND_RETURN = CallbackReason.INBOUND_RETURN


class Waiting:
    """Takes calls in and lets them go."""

    def __init__(
        self,
        floor: Floor,
        matching: Matching,
        recipes: Recipes,
        desk: Desk,
        callbacks: Callbacks,
    ) -> None:
        """Work on one floor."""
        self._floor = floor
        self._matching = matching
        self._recipes = recipes
        self._desk = desk
        self._serial = 0
        self._callbacks = callbacks
        callbacks.let_go = self.let_go

    def enter(self, event: Enter, now: Instant) -> None:
        """A call comes: steps at once, then an agent, then a place, if there is one."""
        floor = self._floor
        assert event.call_id not in floor.calls, f"call {event.call_id} is queued already"
        self._serial += 1
        came_at = now if event.enqueued_at is None else event.enqueued_at
        call = WaitingCall(event, self._serial, floor.queues[event.queue], came_at)
        floor.calls[call.call_id] = call
        callback = self._callbacks.returns(call)
        self._place(call, event, now, has_place=callback is not None)
        if callback is not None:
            self._callbacks.cancel(CancelCallback(callback.callback_id, INBOUND_RETURN), now)

    def _place(self, call: WaitingCall, event: Enter, now: Instant, *, has_place: bool) -> None:
        floor = self._floor
        self._recipes.place(call, call.queue, now)
        if call.preferred:
            self._prefer(call, event.preferred_ms, now)
        if not self._recipes.at_once(call, now):
            return
        if self._matching.seek_agent(call, now):
            return
        limit = call.rules.waiting_max
        callers = len(call.queue) - call.queue.held
        if limit is not None and callers >= limit and not has_place:
            floor.forget(call)
            floor.out.append(TurnedAway(call.call_id, call.queue.name, Cause.ACD_BUSY))
            return
        if call.due:
            self._recipes.plan(call)
        floor.wait(call, Cause.NO_AVAILABLE_AGENTS, now)

    def leave(self, event: Leave, now: Instant) -> None:
        """A call has gone; its offers are withdrawn in the same step (C4)."""
        call = self._floor.calls.get(event.call_id)
        if call is not None:
            self.let_go(call, now)

    def let_go(self, call: WaitingCall, now: Instant) -> None:
        """Forget a call, and free the agents at whom it rings."""
        self._floor.forget(call)
        for offer in list(call.offers):
            agent = self._desk.end_offer(offer, call)
            self._floor.out.append(OfferOff(offer))
            self._desk.after_offer(agent, call, AgentState.READY, now)

    def change(self, event: ChangeCall, now: Instant) -> None:
        """Somebody changes a call that waits, or rings: it takes its new place at once (RG-35).

        Raises:
            CtiError: `invalidCallID`, the ACD has no such call.
        """
        call = self._known(event.call_id)
        self._floor.unwait(call)
        if event.priority is not None:
            call.priority = event.priority
        if event.skills is not None:
            call.skills = skill_set(event.skills)
        self._floor.stand_ringing(call)
        if not call.offers and not self._matching.seek_agent(call, now):
            self._floor.wait(call, Cause.REMAINS_IN_QUEUE, now)

    def pick(self, event: PickCall, now: Instant) -> None:
        """A chosen agent is offered a chosen call, whatever the order would be.

        Raises:
            CtiError: the ACD has no such call, it rings already, or the agent is not ready.
        """
        call = self._known(event.call_id)
        agent = self._floor.directory.agent(event.agent_id)
        if not call.waits:
            raise _refused(
                ErrorValue.INVALID_CONNECTION_STATE, f"call '{call.call_id}' rings already"
            )
        if not self._floor.roster.is_ready(agent):
            raise _refused(
                ErrorValue.INVALID_AGENT_STATE,
                f"agent '{agent.agent_id}' is {agent.state.value}",
            )
        channel = call.queue.channel
        if channel is not None and not agent.has_room(channel):
            raise _refused(
                ErrorValue.INVALID_AGENT_STATE,
                f"agent '{agent.agent_id}' has as many of '{channel}' as he may have",
            )
        self._matching.offer_to(call, agent, now)

    def patience_is_over(self, call_id: CallId, now: Instant) -> None:
        """The agents whom the call wanted had their time: anybody may have it now (R15)."""
        call = self._floor.calls.get(call_id)
        if call is None or call.preferred_until is None:
            return
        waits = call.waits
        self._floor.unwait(call)
        self._end_preference(call)
        if waits and not self._matching.seek_agent(call, now):
            self._floor.wait(call, Cause.REMAINS_IN_QUEUE, now)

    def agent_left(self, agent_id: str, now: Instant) -> None:
        """Release the calls that were kept for agents of whom nobody is here any more."""
        for call in self._floor.roster.kept_for(agent_id):
            if not self._anybody_here(call):
                self.patience_is_over(call.call_id, now)

    def _prefer(self, call: WaitingCall, patience_ms: int, now: Instant) -> None:
        if patience_ms <= 0 or not self._anybody_here(call):
            return
        call.preferred_until = now + patience_ms
        self._floor.stand(call)
        self._floor.agenda.set(("prefer", call.call_id), call.preferred_until)

    def _end_preference(self, call: WaitingCall) -> None:
        self._floor.agenda.cancel(("prefer", call.call_id))
        call.preferred_until = None
        self._floor.stand_ringing(call)

    def _anybody_here(self, call: WaitingCall) -> bool:
        return any(self._floor.roster.is_here(agent_id) for agent_id in call.preferred)

    def _known(self, call_id: CallId) -> WaitingCall:
        call = self._floor.calls.get(call_id)
        if call is None:
            raise _refused(ErrorValue.INVALID_CALL_ID, f"no call '{call_id}' is queued")
        return call


def _refused(value: ErrorValue, detail: str) -> CtiError:
    return CtiError(ErrorCategory.STATE_INCOMPATIBILITY, value, detail)
