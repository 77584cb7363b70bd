"""The records of the call model: calls, connections, and the switch's legs behind them."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

from csta.call_events import AcdInfo, CallLinkageData, CallOutcome, ConnectionInfo, Party
from csta.causes import Cause
from csta.ids import AgentId, CallId, ConnectionId, DeviceId, LegId, category_of
from csta.instants import Instant, Milliseconds
from csta.states import ConnectionState
from ctiserver.core.switch_link import Dial


class LegState(IntEnum):
    """How far a leg has come. It never goes back: a late observation changes nothing."""

    ASKED = 0
    SEEN = 1
    RINGING = 2
    UP = 3
    GONE = 4


class Role(StrEnum):
    """What a leg is for."""

    CALLER = "caller"
    """It called us; its connection is connected from the beginning."""
    ORIGINATOR = "originator"
    """We rang the calling device for it (MakeCall)."""
    PARTY = "party"
    """We rang it for a call that is there."""
    CUSTOMER = "customer"
    """We rang it for a queue or a flow (MakePredictiveCall): whom it has answers is the caller."""
    VOICE_UNIT = "voiceUnit"
    """A port that serves a call's flow; it is no party of the call."""
    LISTENER = "listener"
    """A supervisor's phone whom not all in the call hear: it is no party of the call either."""


class Connection:
    """One device's part in one call. `leg` is None for queues and flows, which have no leg."""

    __slots__ = (
        "agent_id",
        "call",
        "category",
        "device_id",
        "info",
        "instance",
        "key",
        "leg",
        "since",
        "state",
    )

    def __init__(self, call: Call, device_id: DeviceId, leg: Leg | None, instance: int) -> None:
        """Begin as null: the model makes the first step."""
        self.call = call
        self.key = ConnectionId(call.call_id, device_id)
        self.device_id = device_id
        self.category = category_of(device_id)
        self.leg = leg
        self.instance = instance
        self.state = ConnectionState.NULL
        self.since: Instant = 0
        self.agent_id: AgentId | None = None
        self.info: ConnectionInfo | None = None
        """The entry of `connections[]`, made anew when the state changes."""


class Leg:
    """One leg of the switch, and the connections that it supports.

    A phone with one leg may have two connections: one on hold, one in a consultation call.
    `active` is the one that what happens to the leg is about.
    """

    __slots__ = (
        "active",
        "asked",
        "cause",
        "clearing",
        "connections",
        "device_id",
        "held_cause",
        "leg_id",
        "request_id",
        "role",
        "state",
        "unsent",
    )

    def __init__(self, leg_id: LegId, device_id: DeviceId, role: Role, cause: Cause) -> None:
        """Know a leg; `cause` is what Delivered and Established will name."""
        self.leg_id = leg_id
        self.device_id = device_id
        self.role = role
        self.cause = cause
        self.state = LegState.ASKED
        self.active: Connection | None = None
        self.connections: list[Connection] = []
        self.held_cause = Cause.NORMAL
        """Why the engine has asked the switch to hold this leg; NORMAL is the phone's own act."""
        self.asked: Dial | None = None
        """What the switch was asked for; None: it was not asked, somebody called."""
        self.unsent = False
        """It was asked while the link was down: the switch has never heard of it."""
        self.clearing = False
        """The engine has asked the switch to release it."""
        self.request_id: str | None = None


class Clocked(StrEnum):
    """What a call's time is made of (`durations` of CallCleared)."""

    RING = "ring"
    QUEUE = "queue"
    TALK = "talk"
    HOLD = "hold"


class _Stopwatch:
    __slots__ = ("running", "since", "total")

    def __init__(self) -> None:
        self.running = 0
        self.since: Instant = 0
        self.total: Milliseconds = 0


class Call:
    """One call: all its connections, and what stays the same in each of its events."""

    __slots__ = (
        "_watches",
        "abandoned",
        "acd",
        "associated_calling",
        "call_id",
        "called",
        "calling",
        "calls_back",
        "cleared",
        "coming",
        "connections",
        "correlator_data",
        "direction",
        "exit_reason",
        "failure",
        "instances",
        "last_cause",
        "last_redirection",
        "linkage",
        "listing",
        "outcome",
        "request_id",
    )

    def __init__(
        self,
        call_id: CallId,
        linkage: CallLinkageData,
        direction: str,
        calling: Party,
        called: Party,
    ) -> None:
        """Begin a call without connections."""
        self.call_id = call_id
        self.linkage = linkage
        self.direction = direction
        self.calling = calling
        self.called = called
        self.last_redirection = Party(not_known=True)
        self.associated_calling: Party | None = None
        self.correlator_data: dict[str, Any] | None = None
        self.acd: AcdInfo | None = None
        self.connections: dict[DeviceId, Connection] = {}
        self.coming: dict[DeviceId, Connection] = {}
        """Parties that were dialled and have not been heard of yet."""
        self.instances: dict[DeviceId, int] = {}
        self.listing: tuple[ConnectionInfo, ...] = ()
        self.outcome: CallOutcome | None = None
        self.exit_reason: str | None = None
        """Why it left its last queue, if neither an agent nor the caller's hanging up did it."""
        self.failure: Cause | None = None
        self.last_cause: Cause | None = None
        """Why the last party was cleared, which is why the call is cleared."""
        self.abandoned = False
        self.calls_back = False
        """Whether it is the call of a callback, which the ACD has begun."""
        self.cleared = False
        self.request_id: str | None = None
        self._watches = {clocked: _Stopwatch() for clocked in Clocked}

    @property
    def thread_id(self) -> str:
        """The contact that this call belongs to."""
        return self.linkage.thread_linkage_id

    def parties(self) -> list[Connection]:
        """List the connections with a leg: people, not queues or flows."""
        return [link for link in self.connections.values() if link.leg is not None]

    def others(self, than: Connection) -> list[Connection]:
        """List the parties beside this one."""
        return [link for link in self.parties() if link is not than]

    def tally(self, clocked: Clocked, step: int, now: Instant) -> None:
        """Start (+1) or stop (-1) counting time; two that run at once are counted once."""
        watch = self._watches[clocked]
        if watch.running == 0 and step > 0:
            watch.since = now
        watch.running += step
        if watch.running == 0 and step < 0:
            watch.total += now - watch.since

    def total_ms(self, clocked: Clocked) -> Milliseconds:
        """Give the time counted so far; what still runs is not in it."""
        return self._watches[clocked].total
