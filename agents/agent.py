"""One agent: the state that there is, the state that was asked for, and what stands behind it."""

from __future__ import annotations

from agents.skills import SkillSet, skill_set
from csta.ids import AgentId, CallId, DeviceId, OfferId
from csta.instants import Instant, Milliseconds
from csta.states import AgentState, BusyPhase


class Agent:
    """A person who may log on to the ACD. Only the directory changes these members."""

    __slots__ = (
        "agent_id",
        "call_id",
        "device_id",
        "home_device_id",
        "misses",
        "name",
        "offer_id",
        "pending",
        "pending_reason",
        "phase",
        "ready_number",
        "reason",
        "resting",
        "resting_reason",
        "since",
        "skills",
        "state",
        "wrap_up_ms",
    )

    def __init__(
        self, agent_id: AgentId, name: str, device_id: DeviceId, skills: dict[str, int]
    ) -> None:
        """Know an agent, who is not logged on yet."""
        self.agent_id = agent_id
        self.name = name
        self.home_device_id = device_id
        self.device_id = device_id
        self.skills: SkillSet = skill_set(skills)
        self.state = AgentState.NULL
        self.ready_number = 0
        """Counts all times that somebody became ready: the smallest is the longest idle."""
        self.since: Instant = 0
        self.phase: BusyPhase | None = None
        self.reason: str | None = None
        self.pending: AgentState | None = None
        self.pending_reason: str | None = None
        self.resting = AgentState.NOT_READY
        """The last resting state, to which a call that was not the ACD's returns."""
        self.resting_reason: str | None = None
        self.offer_id: OfferId | None = None
        self.call_id: CallId | None = None
        self.wrap_up_ms: Milliseconds = 0
        self.misses = 0

    def __repr__(self) -> str:
        """Show who and in which state."""
        return f"<Agent {self.agent_id} {self.state.value}>"
