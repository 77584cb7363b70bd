"""People outside whom the switch calls, and who talk for a while when they have answered."""

from __future__ import annotations

from functools import partial

from csta.causes import Cause
from csta.ids import DeviceId
from csta.instants import Milliseconds
from ctiserver.core.driver import Timer
from switch_sim.config import PhoneBehaviour
from switch_sim.legs import Exchange, Leg
from switch_sim.phones import Phone


class Callee(Phone):
    """One who answers, or does not, as the phone behaves; he hangs up when he has talked enough.

    His talk begins when he and somebody else hear each other.
    """

    __slots__ = ("_exchange", "_hangs_up", "_talk_ms")

    def __init__(
        self, device_id: DeviceId, behaviour: PhoneBehaviour, talk_ms: Milliseconds
    ) -> None:
        """Begin idle."""
        super().__init__(device_id, behaviour)
        self._talk_ms = talk_ms
        self._exchange: Exchange | None = None
        self._hangs_up: Timer | None = None

    def called(self, exchange: Exchange, leg: Leg, *, auto_answer: bool) -> None:
        """React to being called."""
        self._exchange = exchange
        super().called(exchange, leg, auto_answer=auto_answer)

    def company_changed(self, leg: Leg) -> None:
        """Start the clock of the talk, once."""
        talks = leg.up and any(other.up and other.party.talks for other in leg.partners())
        if talks and self._hangs_up is None and self._exchange is not None:
            hang_up = partial(self._exchange.let_go, leg, Cause.NORMAL_CLEARING)
            self._hangs_up = self._exchange.after(self._talk_ms, hang_up)

    def gone(self, leg: Leg, cause: Cause, *, far_end: bool) -> None:
        """Be idle again."""
        if self._hangs_up is not None:
            self._hangs_up.cancel()
        super().gone(leg, cause, far_end=far_end)
