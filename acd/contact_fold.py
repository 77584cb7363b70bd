"""Contacts made of published events, and of nothing else: each fact is counted once.

A contact is a thread of calls that came to a queue; it is over with the last of its calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from acd.visits import (
    EXIT_OF_CAUSE,
    EXIT_OF_OUTCOME,
    STATE_OF_EXIT,
    Contact,
    ExitReason,
    Visit,
    VisitState,
)
from csta.acd_events import (
    AgentOffered,
    OfferRefused,
    OfferWithdrawn,
    QueueLeft,
    RefusalReason,
)
from csta.call_events import (
    CallCleared,
    CallEvent,
    Conferenced,
    Delivered,
    Diverted,
    Established,
    Offered,
    Transferred,
)
from csta.causes import Cause
from csta.ids import CallId, DeviceId, category_of
from csta.instants import Instant

# As events write them, and as plans do; another word is a plan's own.
_EXIT_WORDS = {reason.value: reason for reason in ExitReason} | {
    reason.name.lower(): reason for reason in ExitReason
}


_Handler: TypeAlias = Callable[[Any, Instant], None]


class _Way:
    """A contact that is not over, its thread, and which of its calls are alive."""

    __slots__ = ("callers", "calls", "contact", "thread")

    def __init__(self, contact: Contact, thread: str, call_id: CallId) -> None:
        self.contact = contact
        self.thread = thread
        self.calls = 0
        self.callers = [call_id]
        """The calls that the caller is or was in: the first one, and what it was merged into."""


class ContactFold:
    """Makes contacts of events; `finished` are those that are over, in that order.

    A fact that is told twice is counted once; what happens outside of queues is not counted.
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.finished: list[Contact] = []
        self._ways: dict[str, _Way] = {}
        self._calls: dict[CallId, _Way] = {}
        self._visits: dict[CallId, Visit] = {}
        self._handlers: dict[type, _Handler] = {
            Delivered: self._enters,
            Offered: self._enters,
            AgentOffered: self._is_offered,
            OfferRefused: self._is_refused,
            OfferWithdrawn: self._is_refused,
            QueueLeft: self._is_left,
            Established: self._is_answered,
            Diverted: self._is_diverted,
            Transferred: self._is_merged,
            Conferenced: self._is_merged,
            CallCleared: self._is_cleared,
        }

    def take(self, event: object, at: Instant) -> None:
        """Take in the data of one published event."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, at)

    def waiting(self) -> list[Contact]:
        """List the contacts that are not over, in the order in which they came."""
        return [way.contact for way in self._ways.values()]

    def knows(self, call_id: CallId) -> bool:
        """Tell whether a call that is not over belongs to a contact that came to a queue."""
        return call_id in self._calls

    def _enters(self, event: CallEvent, at: Instant) -> None:
        """A call comes to a device; only queues count."""
        subject = event.connection
        if subject is None or category_of(subject.device_id) != "acd":
            return
        call_id, queue = event.call_id, subject.device_id
        visit = self._visits.get(call_id)
        if visit is not None:
            if visit.queue == queue:
                return
            self._leaves(call_id, visit, at, ExitReason.OVERFLOW, queue)
        way = self._way(event, queue, at)
        self._enter(way, call_id, queue, at)

    def _is_offered(self, event: AgentOffered, _at: Instant) -> None:
        """An agent's phone is about to ring."""
        visit = self._visits.get(event.call_id)
        if visit is not None:
            visit.rings += 1

    def _is_refused(self, event: OfferRefused | OfferWithdrawn, at: Instant) -> None:
        """An agent's phone rings no more."""
        visit = self._visits.get(event.call_id)
        if visit is None:
            return
        visit.rings = max(0, visit.rings - 1)
        rang_out = isinstance(event, OfferRefused) and event.reason is RefusalReason.NO_ANSWER
        if rang_out and visit.rang_out_ms is None:
            visit.rang_out_ms = at - visit.offered_at

    def _is_answered(self, event: Established, at: Instant) -> None:
        """A device answers; it is the agent's if the call still was in a queue."""
        visit = self._visits.get(event.call_id)
        if visit is None or event.acd is None:
            return
        way = self._calls[event.call_id]
        if event.acd.group != visit.queue:
            # It waited in a second queue too, whose agent was first: both queues share the wait.
            came_at = visit.offered_at
            self._leaves(event.call_id, visit, at, ExitReason.OVERFLOW, event.acd.group)
            visit = self._enter(way, event.call_id, event.acd.group, came_at)
        visit.answered = True
        self._leaves(event.call_id, visit, at, ExitReason.ANSWERED, None)
        contact = way.contact
        if not contact.answered:
            contact.answered = True
            contact.waited_ms = at - contact.offered_at

    def _is_diverted(self, event: Diverted, at: Instant) -> None:
        """A call leaves a device for another one; to an agent it is not out of the queue yet."""
        visit = self._visits.get(event.call_id)
        if visit is None or event.diverting_device != visit.queue:
            return
        if event.cause is not Cause.DISTRIBUTED:
            reason = EXIT_OF_CAUSE.get(event.cause, ExitReason.OVERFLOW)
            self._leaves(event.call_id, visit, at, reason, event.new_destination)

    def _is_left(self, event: QueueLeft, at: Instant) -> None:
        """A call is out of a queue before anything else tells it: it may hear the last words."""
        visit = self._visits.get(event.call_id)
        if visit is not None and visit.queue == event.queue:
            reason = _EXIT_WORDS.get(event.exit_reason, ExitReason.ENDED)
            self._leaves(event.call_id, visit, at, reason, event.target)

    def _is_merged(self, event: Transferred | Conferenced, _at: Instant) -> None:
        """Two calls become one: what is known of the one that ends goes on with the other."""
        if event.secondary_old_call is None:
            return
        ending, going_on = event.secondary_old_call.call_id, event.call_id
        way = self._calls.get(ending)
        if way is None:
            return
        if going_on not in self._calls:
            self._calls[going_on] = way
            way.calls += 1
        if ending in way.callers and going_on not in way.callers:
            way.callers.append(going_on)
        visit = self._visits.pop(ending, None)
        if visit is not None:
            self._visits.setdefault(going_on, visit)

    def _is_cleared(self, event: CallCleared, at: Instant) -> None:
        """A call is over, and with its last call the contact."""
        call_id = event.call_id
        visit = self._visits.get(call_id)
        if visit is not None:
            self._leaves(call_id, visit, at, _exit_of(event), None)
        way = self._calls.pop(call_id, None)
        if way is None:
            return
        if call_id in way.callers:
            way.contact.talk_ms += event.durations.talk_ms + event.durations.hold_ms
        way.calls -= 1
        if not way.calls:
            self._ends(way, at)

    def _way(self, event: CallEvent, queue: DeviceId, at: Instant) -> _Way:
        """Find the contact of a call, or begin one."""
        call_id = event.call_id
        way = self._calls.get(call_id)
        if way is not None:
            return way
        thread = event.call_linkage_data.thread_linkage_id
        way = self._ways.get(thread)
        if way is None:
            way = self._ways[thread] = _Way(Contact(queue, at), thread, call_id)
        self._calls[call_id] = way
        way.calls += 1
        return way

    def _enter(self, way: _Way, call_id: CallId, queue: DeviceId, at: Instant) -> Visit:
        visits = way.contact.visits
        visit = Visit(queue, at, came_from=visits[-1].queue if visits else None)
        visits.append(visit)
        self._visits[call_id] = visit
        return visit

    def _leaves(
        self,
        call_id: CallId,
        visit: Visit,
        at: Instant,
        reason: ExitReason,
        target: DeviceId | None,
    ) -> None:
        """End a visit, which happens once: nobody finds it any more."""
        del self._visits[call_id]
        visit.waited_ms = at - visit.offered_at
        visit.reason = reason
        visit.abandoned = STATE_OF_EXIT[reason] is VisitState.ABANDONED
        visit.went_to = target
        visit.rings = 0

    def _ends(self, way: _Way, at: Instant) -> None:
        del self._ways[way.thread]
        contact, last = way.contact, way.contact.visits[-1]
        if contact.answered:
            contact.reason = ExitReason.ANSWERED
        else:
            contact.waited_ms = last.offered_at + (last.waited_ms or 0) - contact.offered_at
            contact.reason, contact.abandoned = last.reason, last.abandoned
        contact.rang_out_ms = next(
            (
                visit.offered_at + visit.rang_out_ms - contact.offered_at
                for visit in contact.visits
                if visit.rang_out_ms is not None
            ),
            None,
        )
        contact.ended_at = at
        for visit in contact.visits:
            visit.ended_at = at
        self.finished.append(contact)


def _exit_of(event: CallCleared) -> ExitReason:
    """Tell why the call left the queue in which it ended."""
    if event.exit_reason is not None:
        return _EXIT_WORDS.get(event.exit_reason, ExitReason.ENDED)
    by_outcome = EXIT_OF_OUTCOME.get(event.outcome)
    return by_outcome or EXIT_OF_CAUSE.get(event.cause, ExitReason.ERROR)
