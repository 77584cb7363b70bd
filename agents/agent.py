"""One agent: the state that there is, the state that was asked for, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agents.config import EVERY_QUEUE, Membership
from agents.skills import SkillSet, skill_set
from csta.acd_events import RefusalReason
from csta.causes import Cause
from csta.ids import AgentId, CallId, DeviceId, OfferId, QueueName
from csta.instants import Instant, Milliseconds
from csta.states import AgentState, BusyPhase


class Profile(msgspec.Struct, frozen=True):
    """What makes agents interchangeable to the ACD: skills, queues (None: all), and pauses."""

    skills: SkillSet
    queues: tuple[tuple[QueueName, Membership], ...] | None = None
    paused: tuple[QueueName, ...] = ()

    def membership(self, queue: QueueName) -> Membership | None:
        """Give how a queue is served, be it paused or not; None: not at all."""
        return EVERY_QUEUE if self.queues is None else dict(self.queues).get(queue)


class Agent:
    """A person who may log on to the ACD. Only the directory changes these members."""

    __slots__ = (
        "acd_call_ended_at",
        "agent_id",
        "answered_at",
        "any_call_ended_at",
        "auto_work",
        "auto_work_ms",
        "away",
        "call_id",
        "calls_handled",
        "capacity",
        "contacts",
        "device_id",
        "handled_ms",
        "home_device_id",
        "logged_on_at",
        "missed",
        "misses",
        "name",
        "number",
        "offer_id",
        "pending",
        "pending_reason",
        "phase",
        "profile",
        "quarantined",
        "reachable",
        "ready_ms",
        "ready_number",
        "ready_when_back",
        "reason",
        "resting",
        "resting_reason",
        "since",
        "state",
        "talk_ms",
        "work_ms",
    )

    def __init__(
        self,
        agent_id: AgentId,
        name: str,
        device_id: DeviceId,
        skills: Mapping[str, int],
        queues: Mapping[QueueName, Membership] | None = None,
        number: int = 0,
        capacity: Mapping[str, int] | None = None,
    ) -> None:
        """Know an agent, who is not logged on yet; `number` is the place in the configuration."""
        self.agent_id = agent_id
        self.name = name
        self.home_device_id = device_id
        self.device_id = device_id
        self.number = number
        self.capacity: dict[str, int] = dict(capacity or {})
        """How many contacts of a channel he has at most at once; voice is always one."""
        self.contacts: dict[CallId, str] = {}
        """What he has, or is offered, of channels other than voice, with the channel of each."""
        self.profile = Profile(
            skill_set(skills), None if queues is None else tuple(sorted(queues.items()))
        )
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
        self.reachable = True
        """Whether calls come to his phone; who cannot be reached is never ready."""
        self.away = Cause.DEST_NOT_OBTAINABLE
        """Why they do not, as it was told last."""
        self.auto_work = False
        """Whether he is to have work after each call, as if he had asked for it."""
        self.auto_work_ms: Milliseconds | None = None
        """For how long, where the queue does not say; None: as long as the centre allows."""
        self.quarantined = False
        """Something about him was wrong: he is not ready until a supervisor makes him so."""
        self.ready_when_back = False
        """He would be ready if his phone had not been lost, and nobody has asked otherwise."""
        self.begin_figures(0)

    def begin_figures(self, now: Instant) -> None:
        """Count anew what is counted since log-on."""
        self.misses: dict[RefusalReason, int] = {}
        """Offers that his side did not take, in a row, by cause; an answer begins anew."""
        self.missed: dict[RefusalReason, int] = {}
        """The same since log-on; so are all the figures that follow."""
        self.logged_on_at: Instant = now
        self.acd_call_ended_at: Instant = now
        self.any_call_ended_at: Instant = now
        self.answered_at: Instant | None = None
        """When the ACD call that he has was answered; None: he has none."""
        self.calls_handled = 0
        """ACD calls that he answered."""
        self.talk_ms: Milliseconds = 0
        self.handled_ms: Milliseconds = 0
        """Time busy and in work after calls; `work_ms` is its second part."""
        self.work_ms: Milliseconds = 0
        self.ready_ms: Milliseconds = 0

    def set_profile(
        self,
        skills: Mapping[str, int] | None = None,
        queues: Mapping[QueueName, Membership] | None = None,
    ) -> None:
        """Give him other skills, other queues, or both; None leaves them as they are."""
        old = self.profile
        self.profile = Profile(
            old.skills if skills is None else skill_set(skills),
            old.queues if queues is None else tuple(sorted(queues.items())),
            old.paused,
        )

    def note_miss(self, reason: RefusalReason) -> int:
        """Count an offer that was not taken; gives how many of this cause there were in a row."""
        self.missed[reason] = self.missed.get(reason, 0) + 1
        count = self.misses[reason] = self.misses.get(reason, 0) + 1
        return count

    def load(self, channel: str) -> int:
        """Count the contacts of a channel that is not voice."""
        return sum(each == channel for each in self.contacts.values())

    def has_room(self, channel: str) -> bool:
        """Tell whether he may take one more contact of a channel that is not voice."""
        return self.load(channel) < self.capacity.get(channel, 0)

    def pause(self, queue: QueueName, *, paused: bool) -> None:
        """Note that he takes no calls of a queue, or takes them again."""
        names = set(self.profile.paused) - {queue} | ({queue} if paused else set())
        self.profile = msgspec.structs.replace(self.profile, paused=tuple(sorted(names)))

    @property
    def skills(self) -> SkillSet:
        """What he can do, and how well."""
        return self.profile.skills

    def __repr__(self) -> str:
        """Show who and in which state."""
        return f"<Agent {self.agent_id} {self.state.value}>"
