"""Bringing people into calls and out of them: dial, join, clear, and the rule for who is left."""

from __future__ import annotations

from collections.abc import Callable

from csta.causes import Cause
from csta.ids import DeviceId, LegId
from csta.instants import SECOND, Agenda, Instant, Milliseconds
from csta.states import ConnectionState
from ctiserver.core.call_model import CallModel
from ctiserver.core.calls import Call, Connection, Leg, LegState, Role
from ctiserver.core.outbox import Outbox
from ctiserver.core.switch_link import Clear, Dial, Join, LegGone

RELEASE_MS_MAX: Milliseconds = 5 * SECOND
"""So long a switch may take to say that a leg which was released is gone (A3)."""


class Parties:
    """Asks the switch for legs, joins them, and releases those who are left alone."""

    def __init__(self, out: Outbox, model: CallModel, answer_ms_max: Milliseconds) -> None:
        """Work on one model; `on_stranded` is asked what to do with a caller left alone."""
        self.out = out
        self.model = model
        self._answer_ms_max = answer_ms_max
        self.unanswered: Agenda[LegId] = Agenda()
        """Until when a leg is to be answered, or the switch to say that it is gone."""
        self.on_stranded: Callable[[Call], bool] = _nothing_to_do
        self.on_left: Callable[[Call], object] = _nothing_to_do
        self.answers_by_itself: Callable[[DeviceId], bool] = _never
        """Tells whether a phone is to answer what rings there."""
        self.link_is_down = False
        """Nothing is heard of the switch: commands are lost, and silence means nothing."""

    def dial(
        self,
        device_id: DeviceId,
        role: Role,
        cause: Cause,
        *,
        calling: str,
        request_id: str | None = None,
        auto_answer: bool = False,
        answer_ms: Milliseconds = 0,
    ) -> Leg:
        """Ask the switch for a leg to a device; it may take `answer_ms` until it is answered."""
        leg_id = self.model.mint_leg()
        leg = self.model.expect(leg_id, device_id, role, cause)
        leg.request_id = request_id
        leg.unsent = self.link_is_down
        self.unanswered.set(leg_id, self.out.now + max(answer_ms, self._answer_ms_max))
        by_itself = auto_answer or (role is Role.PARTY and self.answers_by_itself(device_id))
        leg.asked = Dial(leg=leg_id, device=device_id, calling=calling, auto_answer=by_itself)
        self.out.decide(leg.asked)
        return leg

    def ask_again(self, leg: Leg) -> None:
        """Ask the switch once more for a leg of which it does not know."""
        assert leg.asked is not None, f"the switch was never asked for leg {leg.leg_id}"
        leg.unsent = False
        self.await_answer(leg)
        self.out.decide(leg.asked)

    def await_answer(self, leg: Leg) -> None:
        """Give a leg its whole time to be answered, or a released one to be gone, from now on."""
        wait_ms = RELEASE_MS_MAX if leg.clearing else self._answer_ms_max
        self.unanswered.set(leg.leg_id, self.out.now + wait_ms)

    def dial_into(
        self,
        call: Call,
        device_id: DeviceId,
        cause: Cause,
        *,
        request_id: str | None = None,
        auto_answer: bool = False,
    ) -> Connection:
        """Dial a party for a call that is there."""
        calling = (call.calling.device_identifier or "").partition(":")[2]
        leg = self.dial(
            device_id,
            Role.PARTY,
            cause,
            calling=calling,
            request_id=request_id,
            auto_answer=auto_answer,
        )
        return self.model.attach(call, device_id, leg)

    def join(self, call: Call) -> None:
        """Let all who speak in the call hear one another."""
        legs = self.speaking(call)
        if len(legs) > 1:
            self.out.decide(Join(leg=legs[0], legs=tuple(legs)))

    @staticmethod
    def speaking(call: Call) -> list[LegId]:
        """List the legs of those who are connected, in the order in which they came."""
        return [
            connection.leg.leg_id
            for connection in call.connections.values()
            if connection.leg is not None
            and connection.state is ConnectionState.CONNECTED
            and connection.leg.state is LegState.UP
        ]

    def release(self, leg: Leg, cause: Cause = Cause.NORMAL_CLEARING) -> None:
        """Ask the switch to release a leg, once; it is gone when the switch says so, or is late."""
        if not leg.clearing and leg.state is not LegState.GONE:
            leg.clearing = True
            self.unanswered.set(leg.leg_id, self.out.now + RELEASE_MS_MAX)
            self.out.decide(Clear(leg=leg.leg_id, cause=cause))

    def release_again(self, leg_id: LegId) -> None:
        """Release a leg that shows itself though it was released before the switch had made it."""
        leg = self.model.legs.get(leg_id)
        if self.model.is_gone(leg_id) if leg is None else leg.clearing:
            self.out.decide(Clear(leg=leg_id, cause=Cause.CALL_CANCELLED))

    def leave(self, connection: Connection, cause: Cause, request_id: str | None = None) -> None:
        """Take a party out of a call: release the leg, unless it also serves another call."""
        leg = connection.leg
        if leg is not None and len(leg.connections) == 1:
            leg.request_id = request_id or self.out.request_id
            self.release(leg, cause)
        else:
            self.model.clear(connection, cause, request_id)
            self.settle(connection.call)

    def settle(self, call: Call) -> None:
        """Decide what becomes of a call after somebody has left.

        Nobody left: the call is over, and who is still to come is not waited for. One left, with
        no queue, flow or further party to come: that one is released too, unless the caller can
        be helped (`on_stranded`).
        """
        if call.cleared:
            return
        self.on_left(call)
        here = [link for link in call.parties() if link.state is not ConnectionState.FAIL]
        if not here:
            if not call.coming:
                self.model.end(call, self._end_cause(call))
            for link in call.coming.values():
                if link.leg is not None:
                    self.release(link.leg, Cause.CALL_CANCELLED)
            return
        has_place = any(link.leg is None for link in call.connections.values())
        if len(here) != 1 or has_place or call.coming:
            return
        if not self.on_stranded(call):
            alerting = here[0].state is ConnectionState.ALERTING
            self.leave(here[0], Cause.CALL_CANCELLED if alerting else Cause.NORMAL_CLEARING)

    def overdue(self, now: Instant) -> list[LegGone]:
        """Say what is gone: legs that were never answered, and those whose end was never told.

        While the link is down nobody knows, and they have more time.
        """
        gone = []
        for leg in [self.model.legs[leg_id] for leg_id in self.unanswered.due(now)]:
            if self.link_is_down:
                self.await_answer(leg)
                continue
            cause = Cause.NORMAL_CLEARING if leg.clearing else Cause.CALL_NOT_ANSWERED
            gone.append(LegGone(leg.leg_id, cause=cause, far_end=not leg.clearing))
            self.release(leg, cause)
        return gone

    @staticmethod
    def _end_cause(call: Call) -> Cause:
        if call.failure is not None and call.outcome is None:
            return call.failure
        return Cause.CALL_CANCELLED if call.abandoned else Cause.NORMAL_CLEARING


def _never(_device_id: DeviceId) -> bool:
    return False


def _nothing_to_do(_call: Call) -> bool:
    return False
