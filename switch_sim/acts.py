"""What people are let do at a switch in another process: acts, and questions about what happened.

Each act is a line of JSON; the answer is a line too: `{"result": …}` or `{"error": "…"}`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from csta.ids import DeviceId, LegId
from csta.instants import Milliseconds
from switch_sim.callers import CallerPlan
from switch_sim.config import PhoneAct, PhoneBehaviour
from switch_sim.ledger import LedgerEntry
from switch_sim.switch import SimulatedPbx


class Act(msgspec.Struct, frozen=True, tag_field="act", tag=True, kw_only=True):
    """Something that somebody does, or asks: `at` a switch it gives what is answered."""


class OfferCall(Act, frozen=True, kw_only=True):
    """A caller calls; gives the id of his leg, or null when all trunks are in use."""

    caller: CallerPlan

    def at(self, pbx: SimulatedPbx) -> LegId | None:
        """Do it."""
        if not pbx.offer_call(self.caller):
            return None
        leg: LegId = pbx.snapshot()[-1]["leg"]
        return leg


class DialFrom(Act, frozen=True, kw_only=True):
    """Somebody picks up a phone and dials; gives the leg, or null when the phone is in use."""

    device: DeviceId
    number: str

    def at(self, pbx: SimulatedPbx) -> LegId | None:
        """Do it."""
        return pbx.dial_from(self.device, self.number)


class PickUp(Act, frozen=True, kw_only=True):
    """Somebody answers a phone that rings."""

    device: DeviceId

    def at(self, pbx: SimulatedPbx) -> None:
        """Do it."""
        pbx.answer(self.device)


class HangUp(Act, frozen=True, kw_only=True):
    """Whoever is at a phone, or on a leg, hangs up."""

    name: DeviceId | LegId

    def at(self, pbx: SimulatedPbx) -> None:
        """Do it."""
        pbx.hang_up(self.name)


class PressKeys(Act, frozen=True, kw_only=True):
    """Whoever is at a phone, or on a leg, presses keys."""

    name: DeviceId | LegId
    digits: str

    def at(self, pbx: SimulatedPbx) -> None:
        """Do it."""
        pbx.press(self.name, self.digits)


class Transfer(Act, frozen=True, kw_only=True):
    """Somebody presses the transfer key of a phone, and dials."""

    device: DeviceId
    number: str

    def at(self, pbx: SimulatedPbx) -> None:
        """Do it."""
        pbx.transfer(self.device, self.number)


class LetPhone(Act, frozen=True, kw_only=True):
    """A phone behaves so from now on when it is called."""

    device: DeviceId
    does: PhoneAct
    after_ms: Milliseconds = 0

    def at(self, pbx: SimulatedPbx) -> None:
        """Do it."""
        pbx.dial_plan.phones[self.device].behaviour = PhoneBehaviour(self.does, self.after_ms)


class AskFigures(Act, frozen=True, kw_only=True):
    """How many calls were offered, blocked, answered and ended so far, and how many there are."""

    def at(self, pbx: SimulatedPbx) -> dict[str, Any]:
        """Count them."""
        ledger = pbx.ledger
        return {
            "offered": ledger.offered,
            "blocked": ledger.blocked,
            "answered": ledger.answered,
            "live": ledger.live,
            "ended": ledger.ended,
            "endedUnanswered": ledger.ended_unanswered,
        }


class AskEntries(Act, frozen=True, kw_only=True):
    """What became of each call, as its caller saw it: the latest that the ledger keeps."""

    def at(self, pbx: SimulatedPbx) -> list[LedgerEntry]:
        """List them."""
        return list(pbx.ledger.entries)


class AskLegs(Act, frozen=True, kw_only=True):
    """All legs, as in `LinkUp`."""

    def at(self, pbx: SimulatedPbx) -> tuple[dict[str, Any], ...]:
        """List them."""
        return pbx.snapshot()


AnyAct: TypeAlias = (
    OfferCall
    | DialFrom
    | PickUp
    | HangUp
    | PressKeys
    | Transfer
    | LetPhone
    | AskFigures
    | AskEntries
    | AskLegs
)
