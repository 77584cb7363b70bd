"""Legs as the switch keeps them, and what the party at the end of a leg is to it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from csta.call_services import DestinationCondition
from csta.causes import Cause
from csta.ids import DeviceId, LegId
from csta.instants import Instant, Milliseconds
from ctiserver.core.driver import Timer
from switch_sim.config import PbxConfig
from switch_sim.ledger import Ledger
from switch_sim.trunks import TrunkGroup


class Direction(Enum):
    """Who began a leg."""

    IN = "in"
    """The party, who called or picked up the phone."""
    OUT = "out"
    """The switch, by dialling the party."""


class Party:
    """Who, or what, is at the far end of a leg. This one does nothing at all.

    The switch tells a party what it hears and whom it talks to; a party acts through `Exchange`.
    """

    __slots__ = ()

    talks = True
    """Whether being joined with it is a talk; it is none with a machine."""

    answers_as = DestinationCondition.HUMAN_VOICE
    """Who or what answers, as one who listens hears it."""

    def called(self, exchange: Exchange, leg: Leg, *, auto_answer: bool) -> None:
        """The switch calls the party."""

    def hears(self, leg: Leg, uri: str) -> None:
        """Something is played to the party."""

    def company_changed(self, leg: Leg) -> None:
        """Somebody has come into, or gone from, the conversation of the party."""

    def partner_hung_up(self, leg: Leg, partner: Leg) -> None:
        """One whom the party talked to, or who had it on hold, has hung up."""

    def gone(self, leg: Leg, cause: Cause, *, far_end: bool) -> None:
        """The leg is no more; `far_end` when the party itself let go."""


NOBODY = Party()


class Leg:
    """One leg: its device, its party, and whom and what it hears."""

    __slots__ = (
        "ani",
        "coaches",
        "company",
        "device",
        "digits_heard",
        "direction",
        "dnis",
        "held_from",
        "id",
        "listeners",
        "listens_to",
        "party",
        "play_id",
        "play_timer",
        "recordings",
        "ring_timer",
        "ringing",
        "transfers",
        "trunk",
        "up",
    )

    def __init__(
        self,
        leg_id: LegId,
        device: DeviceId,
        party: Party,
        direction: Direction,
        *,
        ani: str,
        dnis: str = "",
        trunk: TrunkGroup | None = None,
    ) -> None:
        """Begin as seen: neither ringing nor up, and alone."""
        self.id = leg_id
        self.device = device
        self.party = party
        self.direction = direction
        self.ani = ani
        self.dnis = dnis
        self.trunk = trunk
        self.ringing = False
        self.up = False
        self.company: Company | None = None
        """All that are in one conversation, this leg too."""
        self.held_from: Company | None = None
        """The conversation that this leg has left behind on hold."""
        self.listens_to: Leg | None = None
        """The leg whose talks this one hears without being in them."""
        self.coaches = False
        """Whether the party of that leg hears this one."""
        self.listeners: tuple[Leg, ...] = ()
        """The legs that listen to this one."""
        self.play_id: str | None = None
        self.play_timer: Timer | None = None
        self.ring_timer: Timer | None = None
        self.recordings: dict[str, None] = {}
        """The ids of what would be recorded of the leg, if there were sound, in order."""
        self.transfers = False
        """Whether its phone waits to hear what becomes of a transfer that it has asked for."""
        self.digits_heard = ""
        """The digits that the switch has sent to the party."""

    def partners(self) -> list[Leg]:
        """Give those who hear this leg's party, in the order in which they came."""
        return [leg for leg in self.company.values() if leg is not self] if self.company else []

    def snapshot(self) -> dict[str, Any]:
        """Tell what the switch knows of this leg, for `LinkUp`."""
        return {
            "leg": self.id,
            "device": self.device,
            "ani": self.ani,
            "dnis": self.dnis,
            "state": "up" if self.up else "ringing" if self.ringing else "seen",
            "held": self.held_from is not None,
            "joined": [leg.id for leg in self.partners()],
            "playing": self.play_id or "",
            "outgoing": self.direction is Direction.OUT,
            "recordings": list(self.recordings),
        } | ({} if self.listens_to is None else {"listens_to": self.listens_to.id})


Company = dict[LegId, Leg]


class Exchange(Protocol):
    """What parties can do with their switch; what comes of it is told by observations."""

    config: PbxConfig
    ledger: Ledger

    def now(self) -> Instant:
        """Give the present instant."""

    def after(self, delay_ms: Milliseconds, action: Callable[[], None]) -> Timer:
        """Let a party act so much later."""

    def ring(self, leg: Leg) -> None:
        """The party's phone rings."""

    def pick_up(self, leg: Leg) -> None:
        """The party answers; nothing happens when it has done so."""

    def let_go(self, leg: Leg, cause: Cause) -> None:
        """The party hangs up, or refuses. Who is gone must not: he calls his timers off."""

    def key(self, leg: Leg, digits: str) -> None:
        """The party presses keys; nothing happens when its leg is gone."""
