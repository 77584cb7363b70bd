"""One contact: what the engine remembers of a call that came in, beside the call itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from acd.decisions import MusicChanges, Offer
from acd.rules import Question
from csta.acd_events import CallerAsked, CallerInformed
from csta.customers import CustomerCard, Match
from csta.ids import AgentId, CallId, OfferId, QueueName
from csta.instants import Instant, Milliseconds
from ctiserver.core.calls import Call, Connection, Leg
from ivr.walk import Walk

_STRANDINGS_MAX = 5

Asked: TypeAlias = tuple[str, Question]
"""A question with its name."""


class Ringing:
    """One offer of a call, the leg that rings for it, and whether the screen has popped."""

    __slots__ = ("contact", "leg", "offer", "popped")

    def __init__(self, contact: Contact, offer: Offer, leg: Leg) -> None:
        """Begin to ring."""
        self.contact = contact
        self.offer = offer
        self.leg = leg
        self.popped = False


class Saying(msgspec.Struct, frozen=True):
    """Prompts that are played one after the other, and the event that tells of them.

    `kind` is the same for two that say the same but for the numbers in it.
    """

    uris: tuple[str, ...]
    event: CallerInformed | CallerAsked
    kind: tuple[str, bool, bool]
    question: Asked | None = None


class Treatment:
    """What one caller hears while he waits: only `announcing` changes it."""

    __slots__ = ("music", "own_music", "question", "rest", "sayings", "speaks", "then", "waits")

    def __init__(self) -> None:
        """Begin before the call lines up: what is to be said is kept until then."""
        self.waits = False
        self.music = ""
        self.own_music: MusicChanges | None = None
        """Other music than the queue's, and in which queue."""
        self.sayings: deque[Saying] = deque()
        """What is still to be said, after what is said now (`speaks`)."""
        self.speaks: Saying | None = None
        self.rest: deque[str] = deque()
        """The prompts of `speaks` that have not begun."""
        self.question: Asked | None = None
        """The question whose keys count now."""
        self.then: Callable[[], None] | None = None
        """What happens to a call that has left the ACD, when all has been said."""


class Contact:
    """A caller's way through the centre: flow, queue, offers, and what is known of the caller."""

    __slots__ = (
        "attributes",
        "call",
        "caller",
        "collected",
        "customer",
        "dialled",
        "entry",
        "looked_up",
        "match",
        "menu_path",
        "number",
        "play_id",
        "play_uri",
        "plays",
        "preferred",
        "preferred_ms",
        "priority",
        "queue",
        "queued_at",
        "ringing",
        "routings",
        "skills",
        "strandings",
        "treatment",
        "unbridged",
        "voice_leg",
        "waiting_at",
        "walk",
        "walks",
    )

    def __init__(self, call: Call, caller: Connection, number: str, dialled: str) -> None:
        """Begin with a call whose caller is known by number only."""
        self.call = call
        self.caller = caller
        self.number = number
        self.dialled = dialled
        self.entry: Connection | None = None
        """The flow's connection while the flow has the call."""
        self.walk: Walk | None = None
        self.walks = 0
        self.voice_leg: Leg | None = None
        self.play_id: str | None = None
        self.play_uri = ""
        self.plays = 0
        self.menu_path: tuple[str, ...] = ()
        self.collected: dict[str, str] = {}
        self.attributes: dict[str, str] = {}
        """What was collected and is no secret: conditions of queues may ask for it."""
        self.looked_up = False
        """Whether the CRM has answered, be it that it does not know."""
        self.match = Match.UNKNOWN
        self.customer: CustomerCard | None = None
        self.queue: QueueName | None = None
        self.queued_at: Instant | None = None
        self.priority = 0
        self.skills: dict[str, int] = {}
        self.waiting_at: Connection | None = None
        """The queue's connection while the call waits there."""
        self.preferred: tuple[AgentId, ...] = ()
        self.preferred_ms: Milliseconds = 0
        self.ringing: dict[OfferId, Ringing] = {}
        """The offers that are alive, in the order in which they were made."""
        self.treatment: Treatment | None = None
        """What the caller hears while the ACD has the call, or until its last word is said."""
        self.unbridged = False
        """An agent has answered, and was gone before the caller could hear him."""
        self.routings = 0
        """How many dialogues with routers the call has had."""
        self.strandings = 0
        """How often the call came back to its queue because nobody answered elsewhere."""

    @property
    def call_id(self) -> CallId:
        """The call's id."""
        return self.call.call_id

    def all_attributes(self) -> dict[str, str | int | bool]:
        """Give what conditions may ask of a caller: the numbers, what was said, and the card."""
        known: dict[str, str | int | bool] = {"number": self.number, "dialled": self.dialled}
        known |= self.attributes
        if self.customer is not None:
            found = {"tier": self.customer.tier, "language": self.customer.language}
            known |= {name: value for name, value in found.items() if value}
        return known

    def may_come_back(self) -> bool:
        """Tell whether the call may come back to its queue once more, where nobody answered it."""
        self.strandings += 1
        return self.strandings <= _STRANDINGS_MAX

    @property
    def caller_leg(self) -> Leg:
        """The caller's leg."""
        leg = self.caller.leg
        assert leg is not None, f"the caller of {self.call_id} has no leg"
        return leg
