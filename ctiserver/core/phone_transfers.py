"""Transfers by the key of a phone: what `TransferCall` and `SingleStepTransferCall` do, unasked.

Whoever presses it is no client: what comes of it is told by the same events, without a request.
"""

from __future__ import annotations

from functools import partial

from csta.states import ConnectionState
from ctiserver.core.call_lookup import CallLookup
from ctiserver.core.calls import Connection, Leg, Role
from ctiserver.core.switch_link import RefuseTransfer, TransferAsked

_IN_TALK = (ConnectionState.HOLD, ConnectionState.CONNECTED)
"""Many phones put their far end on hold when the key is pressed."""


class PhoneTransfers(CallLookup):
    """Carries out, or refuses, what phones ask for."""

    def asked(self, event: TransferAsked) -> None:
        """Transfer the far end of a leg; a leg that is about to go has been heard already."""
        leg = self.engine.model.legs.get(event.leg)
        if leg is None or leg.clearing:
            return
        done = self._attended(leg, event) if event.to else self._blind(leg, event.number)
        if not done:
            self.engine.out.decide(RefuseTransfer(event.leg))

    def _blind(self, leg: Leg, number: str) -> bool:
        """Send the far end to a number; false if it cannot go there."""
        own, engine = self._own(leg), self.engine
        if own is None or not number or not _has_company(own):
            return False
        target = engine.requests.calls.called(number).device_identifier or ""
        if not engine.leading.can_go(own.call, target):
            return False
        engine.requests.calls.send_on(own, target, None)
        return True

    def _attended(self, leg: Leg, event: TransferAsked) -> bool:
        """Bring the far ends of two legs of one phone together; false if that cannot be."""
        other = self.engine.model.legs.get(event.to)
        if other is None or other.clearing or other.device_id != leg.device_id:
            return False
        first, second = self._own(leg), self._own(other)
        if first is None or second is None or first.call is second.call:
            return False
        held, active = sorted((first, second), key=_held_longest_first)
        if not _has_company(held):
            return False
        refuse = partial(self.engine.out.decide, RefuseTransfer(event.leg))
        self.engine.requests.calls.transfer(held, active, None, refuse)
        return True

    def _own(self, leg: Leg) -> Connection | None:
        """Give the phone's part in the call on a leg; None if that call cannot be moved now."""
        own = leg.active
        if own is None or len(leg.connections) != 1 or leg.role is Role.LISTENER:
            return None
        if own.state not in _IN_TALK or own.category != "station":
            return None
        return own if self.place_of(own.call) is None else None


def _has_company(own: Connection) -> bool:
    """Tell whether there is somebody to be transferred."""
    return any(other.state in _IN_TALK for other in own.call.others(own))


def _held_longest_first(connection: Connection) -> tuple[bool, int]:
    return connection.state is not ConnectionState.HOLD, connection.since
