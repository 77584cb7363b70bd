"""People outside whom the switch calls, and who talk for a while when they have answered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial

from csta.call_services import DestinationCondition
from csta.causes import Cause
from csta.ids import DeviceId, LegId
from csta.instants import Milliseconds
from ctiserver.core.driver import Timer
from ctiserver.core.switch_link import DestinationDetected, Detect
from switch_sim.config import OutsideParty, PhoneAct, PhoneBehaviour
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


class Machine(Phone):
    """An answering machine or a fax: it answers as the phone behaves, and hangs up after a while.

    Being joined with it is no talk.
    """

    __slots__ = ("_hangs_up", "answers_as")

    talks = False

    def __init__(
        self, device_id: DeviceId, behaviour: PhoneBehaviour, answers_as: DestinationCondition
    ) -> None:
        """Begin idle."""
        super().__init__(device_id, behaviour)
        self.answers_as = answers_as
        self._hangs_up: Timer | None = None

    def called(self, exchange: Exchange, leg: Leg, *, auto_answer: bool) -> None:
        """React to being called."""
        super().called(exchange, leg, auto_answer=auto_answer)
        if self.behaviour.act is not PhoneAct.ANSWERS:
            return
        stays_ms = self.behaviour.after_ms + exchange.config.machine_ms
        hang_up = partial(exchange.let_go, leg, Cause.NORMAL_CLEARING)
        self._hangs_up = exchange.after(stays_ms, hang_up)

    def gone(self, leg: Leg, cause: Cause, *, far_end: bool) -> None:
        """Be idle again."""
        if self._hangs_up is not None:
            self._hangs_up.cancel()
        super().gone(leg, cause, far_end=far_end)


def who_answers(device_id: DeviceId, party: OutsideParty, count: int) -> DestinationCondition:
    """Tell who or what answers the `count`-th call out: by the shares, and always the same."""
    mixed = hashlib.blake2b(f"{device_id}/{count}".encode(), digest_size=8).digest()
    drawn = int.from_bytes(mixed) / 2**64
    if drawn < party.machine_share:
        return DestinationCondition.ANSWERING_MACHINE
    if drawn < party.machine_share + party.fax_share:
        return DestinationCondition.FACSIMILE_MACHINE
    return DestinationCondition.HUMAN_VOICE


def detect(
    exchange: Exchange,
    legs: Mapping[LegId, Leg],
    tell: Callable[[DestinationDetected], None],
    command: Detect,
) -> None:
    """Listen for a while who or what has answered on a leg, and tell it if the leg is still there.

    Nothing is told of one that has not answered.
    """
    leg = legs.get(command.leg)
    if leg is not None and leg.up:
        heard = DestinationDetected(leg.id, condition=leg.party.answers_as)
        exchange.after(exchange.config.detection_ms, partial(_tell_if_there, legs, tell, heard))


def _tell_if_there(
    legs: Mapping[LegId, Leg],
    tell: Callable[[DestinationDetected], None],
    heard: DestinationDetected,
) -> None:
    if heard.leg in legs:
        tell(heard)
