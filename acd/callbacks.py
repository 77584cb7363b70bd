"""Callbacks that keep the caller's place: who gave up holding the line did not give up the place.

The call of a caller who accepts is replaced by a place-holder with the same key, which stands in
lines of its own (`CallbackLine`): those are empty while a share of the agents serves callbacks. A
callback goes from state to state by one table, and each change is a decision: none is silent (I2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.callback_places import (
    CALLBACK_STEPS,
    NOBODY,
    UNDER_WAY,
    Callback,
    successor,
    told,
)
from acd.decisions import (
    CallbackAccepted,
    CallbackChanged,
    CallbackRefused,
    CallsBack,
    Offer,
    OfferTaken,
)
from acd.desk import Desk
from acd.floor import Floor, needs_of
from acd.inputs import AskCallback, CallbackAnswered, CallbackFailed, CallbackOver, CancelCallback
from acd.matching import Matching
from acd.queue import Queue, WaitingCall
from acd.rules import CallbackRules
from agents.agent import Agent
from csta.callback_events import CallbackReason, CallbackState
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import CallbackId, Mint, QueueName
from csta.instants import Instant
from csta.states import BusyPhase


class Callbacks:
    """Keeps, serves and ends callbacks."""

    def __init__(self, floor: Floor, matching: Matching, desk: Desk) -> None:
        """Work on one floor."""
        self._floor = floor
        self._matching = matching
        self._desk = desk
        self._mint = Mint()
        self._by_caller: dict[tuple[str, QueueName], Callback] = {}
        self.let_go: Callable[[WaitingCall, Instant], None]
        """Takes a call, or a place-holder, out of the ACD with all its offers."""
        floor.on_held = self._is_held
        matching.on_callback = self._is_offered

    def handlers(self) -> dict[type, Callable[[Any, Instant], None]]:
        """Say who takes in which input."""
        return {
            AskCallback: self.ask,
            CallbackAnswered: self.answered,
            CallbackFailed: self.failed,
            CallbackOver: self.over,
            CancelCallback: self.cancel,
        }

    def deadlines(self) -> dict[str, Callable[..., None]]:
        """Say who acts on which deadline."""
        return {
            "callback_retry": self.retry,
            "callback_rings": self.rings_in_vain,
            "callback_expires": self.expires,
        }

    # A caller asks, or calls in again.

    def request(self, call: WaitingCall, now: Instant) -> None:
        """A waiting caller wants to be called back; a second request returns the first one."""
        out, name = self._floor.out, call.queue.name
        rules = call.queue.config.callbacks
        why = _why_not(call)
        if rules is None or why is not None:
            prompt = rules.impossible if rules is not None else None
            reason = why or CallbackReason.NOT_OFFERED
            out.append(CallbackRefused(call.call_id, name, reason, prompt))
            return
        self._floor.forget(call)
        known = self._by_caller.get((call.number, name))
        callback = known or self._promise(call, rules, now)
        out.append(
            CallbackAccepted(
                call.call_id, name, callback.callback_id, rules.accepted, again=known is not None
            )
        )

    def ask(self, event: AskCallback, now: Instant) -> None:
        """Somebody asks for a waiting caller.

        Raises:
            CtiError: the call does not wait, or cannot be called back.
        """
        call = self._floor.calls.get(event.call_id)
        if call is None or not call.waits:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.INVALID_CALL_ID,
                f"call '{event.call_id}' does not wait in a queue",
            )
        why = _why_not(call)
        if why is not None:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT,
                f"call '{event.call_id}' cannot be called back: {why.value}",
            )
        self.request(call, now)

    def returns(self, call: WaitingCall) -> Callback | None:
        """Give a call that comes in the place of its caller's callback, if there is one.

        The callback is in no line then, and is cancelled when the call has found its own place.
        """
        callback = self._by_caller.get((call.number, call.queue.name))
        if callback is None or callback.state is CallbackState.CONNECTED:
            return None
        del self._by_caller[callback.key]
        held = callback.call
        self._floor.unwait(held)
        call.enqueued_at = min(call.enqueued_at, held.enqueued_at)
        call.credit_ms = max(call.credit_ms, held.credit_ms)
        call.priority = max(call.priority, held.priority)
        call.serial, call.version = held.serial, held.version + 1
        return callback

    # What becomes of it.

    def look_again(self, now: Instant) -> None:
        """Serve callbacks for which there are agents and room; told after each input."""
        if self._floor.paused:
            return
        queues = {each.call.queue.name: each.call.queue for each in self._floor.callbacks.values()}
        for queue in queues.values():
            roster = self._floor.roster
            if not queue.held or not roster.serves_callbacks(queue):
                continue
            rules = queue.config.callbacks
            for callback in self._in_order(queue):
                if roster.callback_share(queue) <= 0:
                    break
                if rules is None or rules.agent_first:
                    self._matching.rejoin(callback.call, now)
                elif self._agent_is_expected(callback):
                    self._floor.forget(callback.call)
                    self._change(callback, CallbackState.DUE)
                    self._dial(callback, now)

    def agent_answered(self, offer: Offer, call: WaitingCall, agent: Agent, now: Instant) -> bool:
        """An agent has taken a callback; False if the customer is on the line already."""
        callback = self._floor.callbacks[offer.callback_id or ""]
        callback.agent_id = agent.agent_id
        if callback.live is call:
            return False
        self._floor.forget(call)
        self._floor.out.append(OfferTaken(offer, now - call.enqueued_at))
        agent.misses.clear()
        self._desk.phase(agent, BusyPhase.DIALING, call.call_id, now)
        self._dial(callback, now)
        return True

    def answered(self, event: CallbackAnswered, now: Instant) -> None:
        """The customer has answered: the agent has him, or he waits for one at his old place."""
        callback = self._floor.callbacks.get(event.callback_id)
        if callback is None or callback.state is not CallbackState.DIALLING:
            return
        self._floor.agenda.cancel(("callback_rings", callback.callback_id))
        self._change(callback, CallbackState.CONNECTED)
        if callback.agent_id is not None:
            agent = self._floor.directory.agent(callback.agent_id)
            self._desk.has_call(agent, callback.call.queue, now)
            return
        floor = self._floor
        live = callback.live = successor(callback.call, event.call_id)
        live.held, live.due = False, []
        floor.calls[live.call_id] = live
        floor.stand(live)
        if not self._matching.seek_agent(live, now):
            floor.wait(live, Cause.NO_AVAILABLE_AGENTS, now)

    def failed(self, event: CallbackFailed, now: Instant) -> None:
        """The customer was not reached, or has left before an agent answered."""
        callback = self._floor.callbacks.get(event.callback_id)
        if callback is None:
            return
        unserved = callback.state is CallbackState.CONNECTED and callback.agent_id is None
        if callback.state is CallbackState.DIALLING or unserved:
            self._again(callback, event.reason, now)

    def over(self, event: CallbackOver, now: Instant) -> None:
        """The agent or the customer has gone from the talk, or from what was to become one."""
        callback = self._floor.callbacks.get(event.callback_id)
        if callback is None:
            return
        if callback.state is CallbackState.CONNECTED and self._is_served(callback):
            self._end(callback, CallbackState.DONE, CallbackReason.COMPLETED, now)
        elif callback.state in (CallbackState.DIALLING, CallbackState.CONNECTED):
            dialling = callback.state is CallbackState.DIALLING
            reason = CallbackReason.AGENT_LEFT if dialling else CallbackReason.ABANDONED
            self._again(callback, reason, now)

    def cancel(self, event: CancelCallback, now: Instant) -> None:
        """Somebody takes a callback back; whoever is busy with it is freed.

        Raises:
            CtiError: there is no such callback, or the customer is on the line.
        """
        callback = self._floor.callbacks.get(event.callback_id)
        if callback is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.OBJECT_NOT_KNOWN,
                f"there is no callback '{event.callback_id}'",
            )
        if callback.state is CallbackState.CONNECTED:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT,
                f"callback '{event.callback_id}' has the customer on the line",
            )
        self._end(callback, CallbackState.CANCELLED, event.reason, now)

    def listing(self) -> tuple[CallbackChanged, ...]:
        """Tell of each callback that is not over, in the order in which they were asked for."""
        return tuple(told(callback, None) for callback in self._floor.callbacks.values())

    # Deadlines.

    def retry(self, callback_id: CallbackId, now: Instant) -> None:
        """The callback is in its old place again."""
        self._hold(self._floor.callbacks[callback_id], now)

    def rings_in_vain(self, callback_id: CallbackId, now: Instant) -> None:
        """The customer has let it ring for too long."""
        self._again(self._floor.callbacks[callback_id], CallbackReason.NO_ANSWER, now)

    def expires(self, callback_id: CallbackId, now: Instant) -> None:
        """The time for a callback is over; an attempt that is under way goes on."""
        callback = self._floor.callbacks[callback_id]
        if callback.state not in (CallbackState.DIALLING, CallbackState.CONNECTED):
            self._end(callback, CallbackState.EXPIRED, None, now)

    # What queues and agents do with it.

    def _promise(self, call: WaitingCall, rules: CallbackRules, now: Instant) -> Callback:
        callback = Callback(self._mint.next("b", now), call, rules, now)
        floor, callback_id = self._floor, callback.callback_id
        floor.callbacks[callback_id] = self._by_caller[callback.key] = callback
        self._tell(callback)
        floor.agenda.set(("callback_expires", callback_id), callback.expires_at)
        for agent_id, until in callback.call.kept_from.items():
            floor.agenda.set(("back_off", callback_id, agent_id), until)
        self._hold(callback, now)
        return callback

    def _hold(self, callback: Callback, now: Instant) -> None:
        """Put a callback in its place, which it has by its key whenever it comes back."""
        floor, call = self._floor, callback.call
        if callback.live is not None:
            call.version = callback.live.version + 1
        callback.agent_id, callback.next_at, callback.live = None, None, None
        floor.calls[call.call_id] = call
        floor.stand(call)
        floor.wait(call, Cause.REMAINS_IN_QUEUE, now)
        if call.due:
            floor.agenda.set(("step", call.call_id), call.due[0][0])

    def _is_held(self, call: WaitingCall) -> None:
        callback = self._floor.callbacks[call.call_id]
        if callback.state is not CallbackState.HELD:
            self._change(callback, CallbackState.HELD)

    def _is_offered(self, call: WaitingCall, agent: Agent) -> None:
        callback = self._floor.callbacks[call.call_id]
        self._change(callback, CallbackState.DUE)
        callback.agent_id = agent.agent_id
        self._change(callback, CallbackState.AGENT_RESERVED)

    def _agent_is_expected(self, callback: Callback) -> bool:
        """Tell whether more agents are ready than customers are being called, or wait, already."""
        queue = callback.call.queue
        _, ready = self._floor.roster.counts(queue, needs_of(callback.call, queue))
        called = sum(
            each.agent_id is None and each.state in UNDER_WAY and each.call.queue is queue
            for each in self._floor.callbacks.values()
        )
        return ready > called

    def _dial(self, callback: Callback, now: Instant) -> None:
        callback.attempt += 1
        self._floor.agenda.set(
            ("callback_rings", callback.callback_id), now + callback.rules.ring_ms
        )
        self._change(callback, CallbackState.DIALLING)
        number, queue = callback.key
        self._floor.out.append(CallsBack(callback.callback_id, number, queue, callback.agent_id))

    def _again(self, callback: Callback, reason: CallbackReason, now: Instant) -> None:
        """An attempt has failed: there is another one, unless it was the last one."""
        self._floor.agenda.cancel(("callback_rings", callback.callback_id))
        if callback.attempt >= callback.rules.attempts_max:
            self._end(callback, CallbackState.DONE, reason, now)
            return
        if now >= callback.expires_at:
            self._end(callback, CallbackState.EXPIRED, reason, now)
            return
        callback.next_at = now + callback.rules.retry_ms
        self._change(callback, CallbackState.RETRY, reason)
        self._floor.agenda.set(("callback_retry", callback.callback_id), callback.next_at)
        self._free(callback, now)

    def _end(
        self,
        callback: Callback,
        state: CallbackState,
        reason: CallbackReason | None,
        now: Instant,
    ) -> None:
        callback_id = callback.callback_id
        self._change(callback, state, reason)
        del self._floor.callbacks[callback_id]
        if self._by_caller.get(callback.key) is callback:
            del self._by_caller[callback.key]
        for kind in ("callback_retry", "callback_rings", "callback_expires"):
            self._floor.agenda.cancel((kind, callback_id))
        self._free(callback, now)

    def _free(self, callback: Callback, now: Instant) -> None:
        """Take what stands for the callback out of the queue, and free who is offered it."""
        for call in (callback.call, callback.live):
            if call is not None and self._floor.calls.get(call.call_id) is call:
                self.let_go(call, now)

    def _is_served(self, callback: Callback) -> bool:
        """Tell whether an agent has the customer, or somebody took his call elsewhere."""
        live = callback.live
        return callback.agent_id is not None or (
            live is not None and live.call_id not in self._floor.calls
        )

    def _in_order(self, queue: Queue) -> list[Callback]:
        """List the callbacks that hold a place in a queue, by their places."""
        held = [
            each
            for each in self._floor.callbacks.values()
            if each.call.queue is queue and each.state is CallbackState.HELD
        ]
        return sorted(held, key=lambda each: each.call.key)

    # The one way to change a state, and the one way to tell of it.

    def _change(
        self, callback: Callback, state: CallbackState, reason: CallbackReason | None = None
    ) -> None:
        before = callback.state
        assert state in CALLBACK_STEPS[before], (
            f"callback {callback.callback_id} may not go from {before.value} to {state.value}"
        )
        callback.state = state
        callback.call.queue.callbacks_busy += (state in UNDER_WAY) - (before in UNDER_WAY)
        self._tell(callback, reason)

    def _tell(self, callback: Callback, reason: CallbackReason | None = None) -> None:
        self._floor.out.append(told(callback, reason))


def _why_not(call: WaitingCall) -> CallbackReason | None:
    if call.queue.config.callbacks is None or call.callback_id is not None:
        return CallbackReason.NOT_OFFERED
    return CallbackReason.NO_NUMBER if call.number in NOBODY else None
