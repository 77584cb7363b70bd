"""A queue, and a call that waits in it: its place in the service order, its requirement."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Final, TypeAlias

from acd.config import AcdConfig, QueueConfig, ServiceOrder
from acd.decisions import Offer
from acd.inputs import Enter
from acd.requirements import Attribute, Requirement
from acd.steps import Step
from agents.config import VOICE
from agents.skills import SkillSet, skill_set
from csta.causes import Cause
from csta.ids import AgentId, CallbackId, CallId
from csta.instants import Instant, Milliseconds

if TYPE_CHECKING:
    from acd.lines import Line

# Members that are read at every step: by name they are slow to find on Python 3.11.
_STRICT: Final = ServiceOrder.STRICT
_REMAINS_IN_QUEUE: Final = Cause.REMAINS_IN_QUEUE

OrderKey: TypeAlias = tuple[int, int, int]
"""A place in the service order: smaller is served first; the last member is the call's serial."""

DueStep: TypeAlias = tuple[Instant, int, Step]
"""When a step is looked at next, its number in the recipe, and the step."""


class WaitingCall:
    """A call that the ACD has: waiting, or offered to an agent, or to several at once."""

    __slots__ = (
        "asked",
        "at_position",
        "attempts",
        "attributes",
        "call_id",
        "callback_id",
        "credit_ms",
        "due",
        "enqueued_at",
        "entered_at",
        "held",
        "hops",
        "kept_from",
        "key",
        "looked",
        "moved",
        "number",
        "offers",
        "passed_at",
        "places",
        "preferred",
        "preferred_until",
        "priority",
        "queue",
        "rank_max",
        "requires",
        "rules",
        "serial",
        "skills",
        "step_skills",
        "unknown",
        "version",
        "waits",
    )

    def __init__(self, asked: Enter, serial: int, queue: Queue, enqueued_at: Instant) -> None:
        """Take in a call; `enqueued_at` is never changed, whatever happens to the call."""
        self.call_id: CallId = asked.call_id
        self.serial = serial
        self.priority = queue.config.priority + asked.priority
        self.enqueued_at = enqueued_at
        self.credit_ms: Milliseconds = asked.credit_ms
        self.entered_at = enqueued_at
        self.skills: SkillSet = skill_set(asked.skills) if asked.skills else ()
        self.attributes: dict[str, Attribute] = asked.attributes
        self.number = asked.number
        self.callback_id: CallbackId | None = None
        self.held = False
        """Whether it keeps the place of a caller who is to be called back: nobody is on a line."""
        self.preferred = asked.preferred
        self.preferred_until: Instant | None = None
        self.key: OrderKey = (0, 0, serial)
        self.version = 0
        """Grows with each change of place: what stands in a heap with an older one is stale."""
        self.waits = False
        """Whether it stands in its lines and is counted; a call that is offered does not."""
        self.attempts = 0
        self.hops = 0
        """How often it moved to another queue: the runtime guard against going round (O09)."""
        self.queue = queue
        self.rules = queue.config
        """The configuration that it came under, which a new one may leave in force for it."""
        self.passed_at: Instant | None = None
        """When a call that came later was first given to an agent who could have had this one."""
        self.due: list[DueStep] = []
        self.looked: list[Step] = []
        """Steps that are over: taken, or looked at in vain."""
        self.unknown: list[DueStep] = []
        """Steps whose conditions ask for something that is not known (yet) of the caller."""
        self.at_position: int | None = None
        """The position in this queue that the caller was told last."""
        self.moved = _REMAINS_IN_QUEUE
        """Why it lines up anew after a step."""
        self.asked: tuple[int, str] | None = None
        """The step and the question that the caller has not answered yet."""
        self.step_skills: dict[str, int] = {}
        self.requires: str | None = None
        self.rank_max: int | None = None
        self.offers: list[Offer] = []
        self.places: list[Line] = []
        self.kept_from: dict[AgentId, Instant] = {}
        """Agents who refused this call, and until when it is not offered to them again."""

    def __repr__(self) -> str:
        """Show which call, and where it waits."""
        return f"<WaitingCall {self.call_id} in {self.queue.name}>"

    @property
    def offer(self) -> Offer | None:
        """The first of the offers that are alive."""
        return self.offers[0] if self.offers else None

    @property
    def position(self) -> int:
        """Its place among those who wait in its queue, 1 for the next."""
        return self.queue.in_front(self.key) + 1


def order_key(config: AcdConfig, call: WaitingCall) -> OrderKey:
    """Give the call's place in the service order: static, total, ties by serial."""
    came_at = call.enqueued_at - call.credit_ms
    if config.order is _STRICT:
        return (-call.priority, came_at, call.serial)
    return (came_at - call.priority * config.ageing_ms, 0, call.serial)


class Queue:
    """One ACD queue: its configuration, the order of those who wait in it, what it remembers."""

    __slots__ = (
        "_keys",
        "answered_at",
        "callbacks_busy",
        "channel",
        "config",
        "delays",
        "delays_grew",
        "held",
        "name",
        "needs",
        "pace_ms",
        "splits",
        "timeline",
        "turn",
    )

    def __init__(self, config: QueueConfig) -> None:
        """Start empty."""
        self.name = config.name
        self._keys: list[OrderKey] = []
        self.delays: list[Milliseconds] = []
        """After how long calls may be offered to more agents: ranks and memberships say so."""
        self.turn = -1
        """The number of the agent who was offered a call last, for the round robin."""
        self.delays_grew = False
        """Whether there are delays that those who wait already do not know of."""
        self.answered_at: Instant | None = None
        """When the last call was answered, if others waited on."""
        self.pace_ms: Milliseconds = 0
        """The smoothed time from one answer to the next while calls wait."""
        self.callbacks_busy = 0
        """How many callbacks are under way: an agent is reserved, or the customer is called."""
        self.held = 0
        """How many of those who wait here are callbacks: they have a place and no line."""
        self.splits: dict[int, dict[str, int]] = {}
        """How many calls each step sent to each target of its split."""
        self.configure(config)

    def configure(self, config: QueueConfig) -> None:
        """Take over a configuration; those who wait keep their places."""
        self.config = config
        self.channel = None if config.channel == VOICE else config.channel
        """The channel of its contacts; None is voice, of which an agent has one at a time."""
        self.needs = Requirement(skill_set(config.skills), config.requires)
        """What an agent must have for a call of whom nothing more is known."""
        self.timeline = sorted(
            ((step.after_ms, number, step) for number, step in enumerate(config.steps)),
            key=lambda due: due[:2],
        )

    def opens_after(self, delay_ms: Milliseconds) -> None:
        """Note that after this time of waiting more agents may take a call."""
        if delay_ms and delay_ms not in self.delays:
            insort(self.delays, delay_ms)
            self.delays_grew = True

    def note_answer(self, now: Instant) -> None:
        """Learn the pace of answers; one after a time in which nobody waited tells nothing."""
        if self.answered_at is not None:
            gap = now - self.answered_at
            self.pace_ms = (3 * self.pace_ms + gap) // 4 if self.pace_ms else gap
        self.answered_at = now if self._keys else None

    def clear(self) -> None:
        """Count nobody, so that those who are here can be counted anew."""
        self._keys.clear()
        self.held = self.callbacks_busy = 0

    @property
    def keys(self) -> tuple[OrderKey, ...]:
        """The places of those who wait here, in order."""
        return tuple(self._keys)

    def __len__(self) -> int:
        """Count the calls that wait here, without those that are being offered."""
        return len(self._keys)

    def add(self, key: OrderKey) -> None:
        """Take in a call's place."""
        insort(self._keys, key)

    def remove(self, key: OrderKey) -> None:
        """Give up a call's place, which must be here."""
        at = bisect_left(self._keys, key)
        assert self._keys[at] == key, f"queue {self.name} has no place {key}"
        del self._keys[at]

    def in_front(self, key: OrderKey) -> int:
        """Count the calls that are served before this place."""
        return bisect_left(self._keys, key)
