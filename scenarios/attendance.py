"""Who is to work now: the rota of a replay, held although nobody is cut off in mid-call.

An agent whose presence ends during a call finishes it. In the records everybody left at the end of
a call; here that would add working time that never was, about a twentieth of it. So a colleague who
is free rests until the late agent has finished: no more agents take calls than the rota has.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Duty(StrEnum):
    """What an agent is told to do."""

    LOG_ON = "logOn"
    READY = "ready"
    REST = "rest"
    LOG_OFF = "logOff"


class Order(msgspec.Struct, frozen=True):
    """One agent's next duty."""

    agent_id: str
    duty: Duty


class Attendance:
    """The agents of one replay. Each method tells what happened, and gives the orders that follow.

    While n agents work beyond their presence, n present ones rest, or as many as are free. An agent
    is busy from the offer of a call to the end of its wrap-up.
    """

    __slots__ = ("_busy", "_late", "_ready", "_resting")

    def __init__(self) -> None:
        """Start with nobody there."""
        self._busy: set[str] = set()
        self._late: set[str] = set()
        self._ready: dict[str, None] = {}  # in the order in which they became ready
        self._resting: dict[str, None] = {}  # in the order in which they went to rest

    def begins(self, agent_id: str) -> list[Order]:
        """Take in that a presence begins. One who is late from the last one just goes on."""
        if agent_id in self._late:
            self._late.remove(agent_id)
            return self._balanced()
        return [Order(agent_id, Duty.LOG_ON), self._freed(agent_id)]

    def ends(self, agent_id: str) -> list[Order]:
        """Take in that a presence ends. Who is free leaves; who is busy is late."""
        if agent_id in self._busy:
            self._late.add(agent_id)
            return self._balanced()
        self._ready.pop(agent_id, None)
        self._resting.pop(agent_id, None)
        return [Order(agent_id, Duty.LOG_OFF), *self._balanced()]

    def takes_call(self, agent_id: str) -> None:
        """Take in that a ready agent was given a call."""
        del self._ready[agent_id]
        self._busy.add(agent_id)

    def finishes(self, agent_id: str) -> list[Order]:
        """Take in that an agent's call and its wrap-up are over."""
        self._busy.remove(agent_id)
        if agent_id in self._late:
            self._late.remove(agent_id)
            return [Order(agent_id, Duty.LOG_OFF), *self._balanced()]
        return [self._freed(agent_id)]

    def _freed(self, agent_id: str) -> Order:
        """Let an agent rest for a late one, or else work."""
        if len(self._resting) < len(self._late):
            self._resting[agent_id] = None
            return Order(agent_id, Duty.REST)
        self._ready[agent_id] = None
        return Order(agent_id, Duty.READY)

    def _balanced(self) -> list[Order]:
        """Let who rested longest work, or who became ready last rest, until the numbers fit."""
        orders: list[Order] = []
        while len(self._resting) > len(self._late):
            agent_id = next(iter(self._resting))
            del self._resting[agent_id]
            orders.append(self._freed(agent_id))
        while len(self._resting) < len(self._late) and self._ready:
            agent_id, _ = self._ready.popitem()
            orders.append(self._freed(agent_id))
        return orders
