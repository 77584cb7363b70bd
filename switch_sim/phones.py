"""Phones that the switch can call: its own stations, outside parties, and voice units."""

from __future__ import annotations

import heapq
from functools import partial

from csta.causes import Cause
from csta.ids import DeviceId, device
from switch_sim.config import PhoneAct, PhoneBehaviour
from switch_sim.legs import Exchange, Leg, Party


class Phone(Party):
    """One phone with one line: it takes one call at a time, and behaves as it is told to."""

    __slots__ = ("behaviour", "device", "leg", "lost")

    def __init__(self, device_id: DeviceId, behaviour: PhoneBehaviour) -> None:
        """Begin idle."""
        self.device = device_id
        self.behaviour = behaviour
        self.leg: Leg | None = None
        self.lost = False
        """Whether the switch knows that it cannot reach the phone."""

    def refusal(self) -> Cause | None:
        """Tell why the phone cannot even be called now, or None when it can."""
        if self.lost or self.behaviour.act is PhoneAct.UNPLUGGED:
            return Cause.DEST_NOT_OBTAINABLE
        return None if self.leg is None else Cause.BUSY

    def called(self, exchange: Exchange, leg: Leg, *, auto_answer: bool) -> None:
        """React to being called, by its behaviour at this instant."""
        self.leg = leg
        if auto_answer:
            exchange.pick_up(leg)
            return
        act, after_ms = self.behaviour.act, self.behaviour.after_ms
        if act is not PhoneAct.BUSY:
            exchange.ring(leg)
        if act is PhoneAct.ANSWERS:
            leg.ring_timer = exchange.after(after_ms, partial(exchange.pick_up, leg))
        elif cause := _REFUSALS.get(act):
            leg.ring_timer = exchange.after(after_ms, partial(exchange.let_go, leg, cause))
        elif after_ms:
            gives_up = partial(exchange.let_go, leg, Cause.CALL_NOT_ANSWERED)
            leg.ring_timer = exchange.after(after_ms, gives_up)

    def gone(self, leg: Leg, cause: Cause, *, far_end: bool) -> None:
        """Be idle again."""
        del leg, cause, far_end
        self.leg = None


_REFUSALS = {PhoneAct.REJECTS: Cause.BLOCKED, PhoneAct.BUSY: Cause.BUSY}


class VoiceUnits:
    """A group of voice units: the idle one with the lowest number serves (SD006)."""

    def __init__(self, name: str, size: int) -> None:
        """Begin with all of them idle."""
        self.name = name
        self._idle = list(range(1, size + 1))

    def hunt(self) -> VoiceUnit | None:
        """Take an idle voice unit, or None when there is none."""
        return VoiceUnit(self, heapq.heappop(self._idle)) if self._idle else None

    def give_back(self, number: int) -> None:
        """Let a voice unit serve again."""
        heapq.heappush(self._idle, number)


class VoiceUnit(Party):
    """One voice unit while it serves a leg. It answers at once."""

    __slots__ = ("device", "group", "number")

    talks = False

    def __init__(self, group: VoiceUnits, number: int) -> None:
        """Serve as this member of the group."""
        self.group = group
        self.number = number
        self.device = device("voiceUnit", f"{group.name}-{number}")

    def called(self, exchange: Exchange, leg: Leg, *, auto_answer: bool) -> None:
        """Answer at once."""
        del auto_answer
        exchange.pick_up(leg)

    def gone(self, leg: Leg, cause: Cause, *, far_end: bool) -> None:
        """Be idle again."""
        del leg, cause, far_end
        self.group.give_back(self.number)
