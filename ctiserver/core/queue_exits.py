"""How calls leave their queue without an agent and without hanging up (features Q20).

Sent elsewhere by a recipe or by the caller's key, ended with a reason, or turned away: what is
still to be said is said first, then the call goes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from acd.decisions import Announces, CallbackAccepted, Diverts, Ends, TurnedAway
from acd.visits import ExitReason
from csta.acd_events import QueueLeft
from csta.call_events import CallOutcome
from csta.causes import Cause
from csta.ids import DeviceId, QueueName, device
from ctiserver.core.announcing import Announcing
from ctiserver.core.contacts import Contact
from ctiserver.core.parties import Parties
from ctiserver.core.prompts import Prompts

_WORDS = {reason.name.lower(): reason.value for reason in ExitReason}
"""Exit reasons as plans write them, and as events do."""

_CAUSES = {
    ExitReason.CLOSED.value: Cause.QUEUE_CLEARED,
    ExitReason.FULL.value: Cause.ACD_BUSY,
    ExitReason.JOIN_EMPTY.value: Cause.EMPTY_QUEUE,
    ExitReason.LEAVE_EMPTY.value: Cause.EMPTY_QUEUE,
    ExitReason.NO_AGENT.value: Cause.NO_AVAILABLE_AGENTS,
    ExitReason.TIMEOUT.value: Cause.QUEUE_TIME_OVERFLOW,
}
"""Why the queue's connection is cleared; anything else is a normal end."""


class QueueExits:
    """Lets calls go that the distributor has given up."""

    def __init__(self, parties: Parties, prompts: Prompts, announcing: Announcing) -> None:
        """Work on the calls of these parties; `on_divert` brings one to a device."""
        self._parties = parties
        self._model = parties.model
        self._out = parties.out
        self._prompts = prompts
        self._announcing = announcing
        self.on_divert: Callable[[Contact, DeviceId], None]

    def divert(self, contact: Contact, decision: Diverts) -> None:
        """A recipe or the caller's key sends the call to a number or a flow."""
        target = decision.target
        self._tell(contact, decision.queue, decision.reason, target)
        self._announcing.finish(contact, partial(self._go, contact, target))

    def end(self, contact: Contact, decision: Ends) -> None:
        """A recipe or the caller's key ends the call."""
        reason = self._tell(contact, decision.queue, decision.reason, None)
        call = contact.call
        call.outcome = call.outcome or CallOutcome.ENDED_IN_QUEUE
        cause = _CAUSES.get(reason, Cause.NORMAL_CLEARING)
        clear = partial(self._clear, contact, cause, Cause.NORMAL_CLEARING)
        self._announcing.finish(contact, clear)

    def promise(self, contact: Contact, decision: CallbackAccepted) -> None:
        """The caller will be called back: he is told so, and let go."""
        self._tell(contact, decision.queue, ExitReason.CALLBACK.value, None)
        call = contact.call
        call.outcome = call.outcome or CallOutcome.CALLBACK_ACCEPTED
        said = Announces(call_id=call.call_id, queue=decision.queue, prompt=decision.prompt)
        self._announcing.announce(contact, said)
        clear = partial(self._clear, contact, Cause.CALL_BACK, Cause.NORMAL_CLEARING)
        self._announcing.finish(contact, clear)

    def turn_away(self, contact: Contact, decision: TurnedAway) -> None:
        """The queue takes nobody more: the caller hears that it is busy."""
        self._tell(contact, decision.queue, ExitReason.FULL.value, None)
        contact.call.failure = decision.cause
        self._clear(contact, decision.cause, Cause.BUSY)

    def _tell(
        self, contact: Contact, queue: QueueName, reason: str, target: DeviceId | None
    ) -> str:
        """Tell that the call leaves the queue, and give the reason in the events' words."""
        call = contact.call
        call.exit_reason = _WORDS.get(reason, reason)
        waited_ms = 0 if contact.queued_at is None else self._out.now - contact.queued_at
        self._out.publish(
            f"call/{call.call_id}",
            call.thread_id,
            QueueLeft(
                call_id=call.call_id,
                queue=device("acd", queue),
                exit_reason=call.exit_reason,
                waited_ms=waited_ms,
                target=target,
            ),
        )
        return call.exit_reason

    def _go(self, contact: Contact, target: DeviceId) -> None:
        self._announcing.leave(contact)
        self._prompts.stop(contact)
        contact.call.acd = None
        place, contact.waiting_at = contact.waiting_at, None
        if place is not None:
            self._model.divert(place, Cause.OVERFLOW, target)
        self.on_divert(contact, target)

    def _clear(self, contact: Contact, cause: Cause, told_to_caller: Cause) -> None:
        self._announcing.leave(contact)
        self._prompts.stop(contact)
        place, contact.waiting_at = contact.waiting_at, None
        if place is not None:
            self._model.clear(place, cause)
        self._parties.leave(contact.caller, told_to_caller)
