"""One contact: what the engine remembers of a call that came in, beside the call itself."""

from __future__ import annotations

from acd.decisions import Offer
from csta.customers import CustomerCard, Match
from csta.ids import CallId, OfferId, QueueName
from csta.instants import Instant
from ctiserver.core.calls import Call, Connection, Leg
from ivr.walk import Walk


class Contact:
    """A caller's way through the centre: flow, queue, offers, and what is known of the caller."""

    __slots__ = (
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
        "offer",
        "offer_leg",
        "play_id",
        "play_uri",
        "plays",
        "popped",
        "priority",
        "queue",
        "queued_at",
        "skills",
        "voice_leg",
        "waiting_at",
        "walk",
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
        self.voice_leg: Leg | None = None
        self.play_id: str | None = None
        self.play_uri = ""
        self.plays = 0
        self.menu_path: tuple[str, ...] = ()
        self.collected: dict[str, str] = {}
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
        self.offer: Offer | None = None
        self.offer_leg: Leg | None = None
        self.popped: OfferId | None = None

    @property
    def call_id(self) -> CallId:
        """The call's id."""
        return self.call.call_id

    @property
    def caller_leg(self) -> Leg:
        """The caller's leg."""
        leg = self.caller.leg
        assert leg is not None, f"the caller of {self.call_id} has no leg"
        return leg
