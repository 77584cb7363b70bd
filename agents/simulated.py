"""How simulated agents behave: they come, they are ready, they come back after a missed call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from csta.agent_events import AgentEvent, AgentLoggedOff, AgentNotReady, AgentReady
from csta.causes import Cause
from csta.ids import AgentId
from csta.instants import Agenda, Instant, Milliseconds
from csta.states import AgentState

_SENT_AWAY = (Cause.ALERT_TIME_EXPIRED, Cause.BUSY, Cause.BLOCKED, Cause.FORCED_PAUSE)
"""Why an agent is not ready who did not take a call; whose phone is lost waits for the phone."""


CREW_MINDS = (AgentNotReady, AgentReady, AgentLoggedOff)
"""The events that a crew is to be fed with; others change nothing."""


class Shift(msgspec.Struct, frozen=True):
    """One stretch of time in which an agent is at work."""

    agent_id: AgentId
    from_at: Instant
    until_at: Instant | None = None


class Comes(msgspec.Struct, frozen=True):
    """The agent logs on and is ready."""

    agent_id: AgentId


class Goes(msgspec.Struct, frozen=True):
    """The agent logs off, after the present call if there is one."""

    agent_id: AgentId


class ReadyAgain(msgspec.Struct, frozen=True):
    """The agent is ready again after a missed call."""

    agent_id: AgentId


Act: TypeAlias = Comes | Goes | ReadyAgain


class Crew:
    """All simulated agents of a centre: a core of three verbs, fed with agent events."""

    def __init__(self, shifts: tuple[Shift, ...], back_after_ms: Milliseconds) -> None:
        """Know who works when, and how long one who missed a call stays away."""
        self._back_after_ms = back_after_ms
        self._agenda: Agenda[tuple[str, AgentId, Instant]] = Agenda()
        for shift in shifts:
            # Who goes and comes back in one instant goes first.
            if shift.until_at is not None:
                self._agenda.set(("goes", shift.agent_id, shift.until_at), shift.until_at)
        for shift in shifts:
            self._agenda.set(("comes", shift.agent_id, shift.from_at), shift.from_at)

    def handle(self, event: AgentEvent, now: Instant) -> list[Act]:
        """Take in a change of an agent's state."""
        back = ("back", event.agent_id, 0)
        if event.STATE is AgentState.NOT_READY and event.cause in _SENT_AWAY:
            self._agenda.set(back, now + self._back_after_ms)
        else:
            self._agenda.cancel(back)
        return []

    def wake_at(self) -> Instant | None:
        """Give the instant at which the next agent does something."""
        return self._agenda.next_at()

    def wake(self, now: Instant) -> list[Act]:
        """Let agents come, go, and be ready again."""
        acts: dict[str, Callable[[AgentId], Act]] = {
            "comes": Comes,
            "goes": Goes,
            "back": ReadyAgain,
        }
        return [acts[what](agent_id) for what, agent_id, _ in self._agenda.due(now)]
