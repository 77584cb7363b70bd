"""The ledger of agents' time (features §e.4), and who was offered, took and handed on what (§e.3).

Every millisecond that an agent is logged on is spent on exactly one activity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from csta.acd_events import AgentOffered, OfferRefused, OfferWithdrawn, RefusalReason
from csta.agent_events import AGENT_EVENTS, AgentEvent
from csta.call_events import Transferred
from csta.causes import Cause
from csta.ids import AgentId, CallId, DeviceId
from csta.instants import HOUR, Instant, Milliseconds
from csta.states import AgentState, BusyPhase


class Activity(StrEnum):
    """What an agent who is logged on spends time on: always exactly one of these."""

    TALK = "talk"
    """With a caller whom the ACD has brought."""
    HOLD = "hold"
    """That caller is on hold."""
    CONSULT = "consult"
    """That caller is on hold, and the agent speaks with somebody else about it."""
    WORK = "work"
    """After a call."""
    RING = "ring"
    """The ACD offers a call."""
    READY = "ready"
    NOT_READY = "notReady"
    OTHER = "other"
    """Busy, and not with a call of the ACD."""


_HANDLING = (Activity.TALK, Activity.HOLD, Activity.CONSULT, Activity.WORK)
_RESTING = {
    AgentState.READY: Activity.READY,
    AgentState.NOT_READY: Activity.NOT_READY,
    AgentState.WORKING_AFTER_CALL: Activity.WORK,
}
_ON_HOLD = (BusyPhase.HOLD, BusyPhase.CONSULT)
_OF_PHASE: dict[BusyPhase | None, Activity] = {
    BusyPhase.TALKING: Activity.TALK,
    BusyPhase.HOLD: Activity.HOLD,
    BusyPhase.CONSULT: Activity.CONSULT,
}


class AgentSums(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent did, or several together: sums only, so that they add up.

    `spent_ms` has every activity; `not_ready_ms` has its part `notReady` by reason, without a
    reason under the empty one.
    """

    spent_ms: dict[Activity, Milliseconds]
    not_ready_ms: dict[str, Milliseconds]
    offers: int = 0
    handled: int = 0
    """Calls that the ACD brought and the agent answered."""
    rung_out: int = 0
    """Offers that the agent let ring until the end (RONA)."""
    rejected: int = 0
    failed: int = 0
    """Offers to a phone that was busy or could not be reached."""
    withdrawn: int = 0
    """Offers that ended because the caller left, or another agent was first."""
    held: int = 0
    """Handled calls that were on hold at least once, consultations included."""
    transferred: int = 0
    """Handled calls that the agent handed on."""

    @property
    def login_ms(self) -> Milliseconds:
        """The time logged on: all activities together."""
        return sum(self.spent_ms.values())

    @property
    def handling_ms(self) -> Milliseconds:
        """Talk, hold, consultation and work after calls."""
        return self.together(*_HANDLING)

    def together(self, *activities: Activity) -> Milliseconds:
        """Add up the time of some activities."""
        return sum(self.spent_ms[activity] for activity in activities)

    def share_of(self, activity: Activity) -> float | None:
        """Give the part of the time logged on that an activity took."""
        return share(self.spent_ms[activity], self.login_ms)

    @property
    def aht_ms(self) -> float | None:
        """Average handling time: talk, hold, consultation and work, of each handled call."""
        return share(self.handling_ms, self.handled)

    def mean_ms(self, activity: Activity) -> float | None:
        """Give one part of the average handling time."""
        return share(self.spent_ms[activity], self.handled)

    @property
    def mean_held_ms(self) -> float | None:
        """Mean hold, consultation included, of the calls that were held."""
        return share(self.together(Activity.HOLD, Activity.CONSULT), self.held)

    @property
    def transfer_share(self) -> float | None:
        """Transferred of handled."""
        return share(self.transferred, self.handled)

    @property
    def hold_share(self) -> float | None:
        """Held at least once, of handled."""
        return share(self.held, self.handled)

    @property
    def rona_share(self) -> float | None:
        """Rung out of offers."""
        return share(self.rung_out, self.offers)

    @property
    def answer_share(self) -> float | None:
        """Agent answer rate (AWS): handled of handled, rung out and rejected."""
        return share(self.handled, self.handled + self.rung_out + self.rejected)

    @property
    def calls_per_hour(self) -> float | None:
        """Handled calls for each hour logged on."""
        return share(self.handled * HOUR, self.login_ms)

    @property
    def calls_per_ready_hour(self) -> float | None:
        """Handled calls for each hour of waiting for one."""
        return share(self.handled * HOUR, self.spent_ms[Activity.READY])


_COUNTS = tuple(
    name for name in AgentSums.__struct_fields__ if name not in ("spent_ms", "not_ready_ms")
)


def sum_of_agents(each: Iterable[AgentSums]) -> AgentSums:
    """Add up agents, or runs; of nobody it is all noughts."""
    agents = list(each)
    reasons = sorted({reason for agent in agents for reason in agent.not_ready_ms})
    counts = {name: sum(getattr(agent, name) for agent in agents) for name in _COUNTS}
    return AgentSums(
        spent_ms={activity: sum(a.spent_ms[activity] for a in agents) for activity in Activity},
        not_ready_ms={
            reason: sum(agent.not_ready_ms.get(reason, 0) for agent in agents) for reason in reasons
        },
        **counts,
    )


_REFUSALS = {RefusalReason.NO_ANSWER: "rung_out", RefusalReason.REJECTED: "rejected"}

_Handler: TypeAlias = Callable[[Any, Instant], None]


class _Book:
    """One agent's page of the ledger."""

    __slots__ = (
        "activity",
        "call_id",
        "counts",
        "is_handled",
        "is_held",
        "not_ready",
        "reason",
        "since",
        "spent",
    )

    def __init__(self) -> None:
        self.spent = dict.fromkeys(Activity, 0)
        self.not_ready: dict[str, Milliseconds] = {}
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.activity: Activity | None = None
        self.reason = ""
        self.since: Instant = 0
        self.call_id: CallId | None = None
        """The ACD's call that the agent has, or is offered."""
        self.is_handled = False
        """He has answered it."""
        self.is_held = False
        """It has been on hold."""


class AgentLedger:
    """What each agent did inside one window: the activities of an agent sum to the time logged on.

    A fact is counted in the window in which it happened. An agent is one agent in however many
    queues (RG-47). Talk ends when the agent is out of the call, whoever talks on in it (RG-45).
    """

    def __init__(self, from_at: Instant = 0, until_at: Instant | None = None) -> None:
        """Count from one instant until another (None: without end)."""
        self._from_at = from_at
        self._until_at = until_at
        self._books: dict[AgentId, _Book] = {}
        self._at_device: dict[DeviceId, _Book] = {}
        self._handlers: dict[type, _Handler] = {
            **dict.fromkeys(AGENT_EVENTS, self._changes),
            AgentOffered: self._is_offered,
            OfferRefused: self._is_refused,
            OfferWithdrawn: self._is_withdrawn,
            Transferred: self._is_transferred,
        }

    def take(self, event: object, at: Instant) -> None:
        """Take in the data of one published event; what is not about agents changes nothing."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, at)

    def close(self, at: Instant) -> None:
        """Count what is under way up to an instant; later events go on from there."""
        for book in self._books.values():
            self._spend(book, at)

    def sums(self) -> dict[AgentId, AgentSums]:
        """Give what was counted so far, in the order in which agents appeared."""
        return {
            agent_id: AgentSums(
                spent_ms=dict(book.spent),
                not_ready_ms=dict(sorted(book.not_ready.items())),
                **book.counts,
            )
            for agent_id, book in self._books.items()
        }

    def _book(self, agent_id: AgentId) -> _Book:
        book = self._books.get(agent_id)
        if book is None:
            book = self._books[agent_id] = _Book()
        return book

    def _spend(self, book: _Book, at: Instant) -> None:
        activity, since, book.since = book.activity, book.since, at
        if activity is None:
            return
        until = at if self._until_at is None else min(at, self._until_at)
        spent = until - max(since, self._from_at)
        if spent > 0:
            book.spent[activity] += spent
            if activity is Activity.NOT_READY:
                book.not_ready[book.reason] = book.not_ready.get(book.reason, 0) + spent

    def _tally(self, book: _Book, name: str, at: Instant) -> None:
        if at >= self._from_at and (self._until_at is None or at < self._until_at):
            book.counts[name] += 1

    def _changes(self, event: AgentEvent, at: Instant) -> None:
        book = self._book(event.agent_id)
        self._spend(book, at)
        if event.STATE is AgentState.BUSY:
            book.activity = self._busy_with(book, event, at)
            return
        book.call_id, book.is_handled = None, False
        book.activity = _RESTING.get(event.STATE)
        book.reason = event.reason_code or ""
        self._at_device[event.agent_device] = book

    def _busy_with(self, book: _Book, event: AgentEvent, at: Instant) -> Activity:
        phase = event.busy_phase
        if phase is BusyPhase.OFFERED:
            if event.cause is Cause.DISTRIBUTED:
                book.call_id, book.is_handled, book.is_held = event.call_id, False, False
            return Activity.RING if event.call_id == book.call_id else Activity.OTHER
        if event.call_id != book.call_id:
            return self._busy_with_another(book, phase)
        if phase is BusyPhase.TALKING and not book.is_handled:
            book.is_handled = True
            self._tally(book, "handled", at)
        elif phase in _ON_HOLD and not book.is_held:
            book.is_held = True
            self._tally(book, "held", at)
        return _OF_PHASE.get(phase, Activity.OTHER)

    @staticmethod
    def _busy_with_another(book: _Book, phase: BusyPhase | None) -> Activity:
        """Tell what it means that a busy agent's event names a call that the ACD has not brought.

        Who consults and goes back to the caller holds that call, and who begins to dial while the
        caller is on hold consults. Who talks in it has no caller any more.
        """
        if book.is_handled and phase is BusyPhase.CONSULT:
            return Activity.TALK
        if phase is BusyPhase.DIALING and book.activity in (Activity.HOLD, Activity.CONSULT):
            return Activity.CONSULT
        if phase is BusyPhase.TALKING:
            book.call_id, book.is_handled = None, False
        return Activity.OTHER

    def _is_offered(self, event: AgentOffered, at: Instant) -> None:
        self._tally(self._book(event.agent_id), "offers", at)

    def _is_refused(self, event: OfferRefused, at: Instant) -> None:
        name = _REFUSALS.get(event.reason, "failed")
        self._tally(self._book(event.agent_id), name, at)

    def _is_withdrawn(self, event: OfferWithdrawn, at: Instant) -> None:
        self._tally(self._book(event.agent_id), "withdrawn", at)

    def _is_transferred(self, event: Transferred, at: Instant) -> None:
        book = self._at_device.get(event.transferring_device)
        if book is None or book.call_id is None:
            return
        old = (event.primary_old_call, event.secondary_old_call)
        if any(part is not None and part.call_id == book.call_id for part in old):
            self._tally(book, "transferred", at)


def share(top: float, bottom: float) -> float | None:
    """Divide; there is no share of nothing: None."""
    return top / bottom if bottom else None
