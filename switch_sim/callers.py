"""Callers: what each means to do, and the behaviour that follows from it.

A caller is told what he hears and whom he talks to. He has one deadline at a time (he gives up, or
his talk is over), and one more while he is about to press a key.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Literal

import msgspec

from csta.causes import Cause
from csta.instants import SECOND, Instant, Milliseconds
from ctiserver.core.driver import Timer
from switch_sim.ledger import EndedBy, LedgerEntry
from switch_sim.legs import Exchange, Leg, Party
from switch_sim.sounds import means_waiting

KEYS = frozenset("0123456789ABCD*#")

_LINGERS_MS = 5 * SECOND
"""So long a caller stays on the line after the other one has hung up."""


class Press(msgspec.Struct, frozen=True):
    """Keys that a caller presses once, so long after he has heard what he waits for.

    That is a prompt whose URI contains `prompt`; the empty text is any prompt at all. Music and
    ringback are no prompts.
    """

    prompt: str
    digits: str
    after_ms: Milliseconds = SECOND

    def __post_init__(self) -> None:
        """Refuse what is on no key.

        Raises:
            ValueError: A character is none of 0-9 A-D * #.
        """
        if not KEYS.issuperset(self.digits):
            raise ValueError(f"'{self.digits}' cannot be pressed: the keys are 0-9 A-D * #")


class CallerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller means to do."""

    number: str
    dialled: str
    talk_ms: Milliseconds
    """How long he talks in all; time on hold or between two agents does not count."""
    patience_ms: Milliseconds | None = None
    """How long he waits from the first music or ringback until somebody answers; None for ever."""
    presses: tuple[Press, ...] = ()
    hangs_up: Literal["caller", "agent"] = "caller"
    """Who ends the talk."""
    data: object = None
    """What the scenario wants to remember of this caller."""


class _Phase(Enum):
    LISTENING = auto()
    WAITING = auto()
    TALKING = auto()
    PARTED = auto()
    """On hold, or between two agents."""
    LINGERING = auto()
    """The agent has ended the talk."""


class Caller(Party):
    """One caller on one trunk."""

    __slots__ = (
        "_deadline",
        "_entry",
        "_exchange",
        "_left_by_agent",
        "_phase",
        "_presses",
        "_talk_left_ms",
        "_talking_since",
        "plan",
    )

    def __init__(self, exchange: Exchange, plan: CallerPlan, entry: LedgerEntry) -> None:
        """Know what to do; nothing happens before `begin`."""
        self.plan = plan
        self._exchange = exchange
        self._entry = entry
        self._presses = list(plan.presses)
        self._phase = _Phase.LISTENING
        self._deadline: Timer | None = None
        self._talk_left_ms = plan.talk_ms
        self._talking_since: Instant = 0
        self._left_by_agent = False

    def begin(self, leg: Leg) -> None:
        """Have called, and wait for what comes."""
        self._give_up_after(leg, self._exchange.config.idle_ms_max)

    def hears(self, leg: Leg, uri: str) -> None:
        """Begin to wait at the first music; press what the plan says at a prompt."""
        if means_waiting(uri):
            if self._phase is _Phase.LISTENING:
                self._phase = _Phase.WAITING
                self._entry.waited_from = self._exchange.now()
                self._give_up_after(leg, self.plan.patience_ms)
        elif self._phase in (_Phase.LISTENING, _Phase.WAITING):
            for press in self._presses:
                if press.prompt in uri:
                    self._presses.remove(press)
                    self._exchange.after(press.after_ms, partial(self._press, leg, press.digits))
                    break

    def company_changed(self, leg: Leg) -> None:
        """Start the clock of the talk, or stop it."""
        partner = _talks_with(leg)
        if partner is None:
            if self._phase is _Phase.TALKING:
                self._phase = _Phase.PARTED
                self._talk_left_ms -= self._exchange.now() - self._talking_since
                self._give_up_after(leg, self._exchange.config.idle_ms_max)
        elif self._phase not in (_Phase.TALKING, _Phase.LINGERING):
            self._phase = _Phase.TALKING
            self._left_by_agent = False
            self._talking_since = self._exchange.now()
            if self._entry.answered_at is None:
                self._exchange.ledger.answer(self._entry, partner.device, self._talking_since)
            self._set_deadline(self._talk_left_ms, partial(self._end_talk, leg))

    def partner_hung_up(self, leg: Leg, partner: Leg) -> None:
        """Remember that it was not he who ended the talk."""
        del leg
        self._left_by_agent = partner.party.talks

    def gone(self, leg: Leg, cause: Cause, *, far_end: bool) -> None:
        """Be gone, and enter it in the ledger."""
        del leg
        if self._deadline is not None:
            self._deadline.cancel()
        if far_end and self._phase is not _Phase.LINGERING:
            by = EndedBy.CALLER
        else:
            by = EndedBy.AGENT if self._left_by_agent else EndedBy.SWITCH
        self._exchange.ledger.end(self._entry, by, cause, self._exchange.now())

    def _press(self, leg: Leg, digits: str) -> None:
        if self._phase is not _Phase.TALKING:
            self._exchange.key(leg, digits)

    def _end_talk(self, leg: Leg) -> None:
        partner = _talks_with(leg)
        if self.plan.hangs_up == "caller" or partner is None:
            self._exchange.let_go(leg, Cause.NORMAL_CLEARING)
            return
        self._phase = _Phase.LINGERING
        hang_up = partial(self._exchange.let_go, leg, Cause.NORMAL_CLEARING)
        self._set_deadline(_LINGERS_MS, hang_up)
        self._exchange.let_go(partner, Cause.NORMAL_CLEARING)

    def _give_up_after(self, leg: Leg, delay_ms: Milliseconds | None) -> None:
        self._set_deadline(delay_ms, partial(self._exchange.let_go, leg, Cause.CALL_CANCELLED))

    def _set_deadline(self, delay_ms: Milliseconds | None, action: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if delay_ms is None else self._exchange.after(delay_ms, action)


def _talks_with(leg: Leg) -> Leg | None:
    """Give the first person who hears this caller, when both have answered."""
    if leg.up:
        for partner in leg.partners():
            if partner.up and partner.party.talks:
                return partner
    return None
