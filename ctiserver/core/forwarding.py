"""Calls to phones: a phone may take none, or forward those that it does not take.

A call that is forwarded comes to the next place with the cause of it; phones there may forward it
once more, but no phone does so twice with one call, and not more than five do. A forward that
would come back counts as none: the call is refused, fails as busy or rings on. The ACD's offers,
pick-ups and recalls are meant for that very phone, and are never forwarded.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from csta.causes import Cause
from csta.device_events import ForwardingType
from csta.ids import CallId, DeviceId, LegId, category_of
from csta.instants import SECOND, Agenda, Instant, Milliseconds
from csta.states import ConnectionState
from ctiserver.core.calls import Call, Leg
from ctiserver.core.switch_link import LegGone

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

RING_MS: Milliseconds = 5 * SECOND
"""From one ring to the next: what `ringCount` counts."""
RINGS = 4
"""So often a phone rings before its call is forwarded, where nothing else is said."""
FORWARDS_MAX = 5
"""So many phones may forward one call."""

_CAUSES: Mapping[ForwardingType, Cause] = MappingProxyType(
    {
        ForwardingType.IMMEDIATE: Cause.CALL_FORWARD_IMMEDIATE,
        ForwardingType.BUSY: Cause.CALL_FORWARD_BUSY,
        ForwardingType.NO_ANSWER: Cause.CALL_FORWARD_NO_ANSWER,
        ForwardingType.DO_NOT_DISTURB: Cause.CALL_FORWARD,
    }
)
_FOR_THIS_PHONE = (Cause.CALL_PICKUP, Cause.RECALL)
"""Why a leg was dialled that is meant for its own phone."""
_AFTER_FAILURE: Mapping[Cause, ForwardingType] = MappingProxyType(
    {
        Cause.BUSY: ForwardingType.BUSY,
        Cause.BLOCKED: ForwardingType.BUSY,
        Cause.CALL_NOT_ANSWERED: ForwardingType.NO_ANSWER,
        Cause.DEST_NOT_OBTAINABLE: ForwardingType.NO_ANSWER,
        Cause.DEST_OUT_OF_ORDER: ForwardingType.NO_ANSWER,
    }
)
"""Which rule is for a call that the switch could not bring to the phone."""
_REFUSED: Mapping[ForwardingType, Cause] = MappingProxyType(
    {
        ForwardingType.IMMEDIATE: Cause.DEST_NOT_OBTAINABLE,
        ForwardingType.DO_NOT_DISTURB: Cause.DO_NOT_DISTURB,
    }
)
"""Why a call fails that the phone does not take, and that cannot be forwarded."""


class Forwarding:
    """Brings calls to phones, and on from there."""

    def __init__(self, engine: Engine) -> None:
        """Forward the calls of one engine."""
        self._engine = engine
        self._passed: dict[CallId, dict[DeviceId, None]] = {}
        """The phones that have forwarded a call."""
        self.deadlines: Agenda[LegId] = Agenda()
        """When to look whether a phone is still ringing."""

    def __len__(self) -> int:
        """Count the calls that have been forwarded, and the phones that may forward one."""
        return len(self._passed) + len(self.deadlines)

    def dial(self, call: Call, target: DeviceId, cause: Cause, request_id: str | None) -> None:
        """Bring a call to a device, or where its calls go."""
        if target in call.connections or target in call.coming:
            # A device has one part in a call: who dials himself finds himself busy.
            call.failure = Cause.BUSY
            self._engine.parties.settle(call)
            return
        while (kind := self._in_the_way(target)) is not None:
            to = self._destination(call, target, kind)
            if to is None:
                if kind is ForwardingType.BUSY:
                    break
                self.fail(call, target, _REFUSED[kind], request_id)
                return
            self._tell(call, target, to, kind, request_id)
            target, cause = to, _CAUSES[kind]
        if category_of(target) in ("acd", "routeing"):
            self._lead(call, target)
            return
        leg = self._engine.parties.dial_into(call, target, cause, request_id=request_id).leg
        no_answer = self._engine.features.forward(target, ForwardingType.NO_ANSWER)
        if leg is not None and no_answer is not None:
            self.deadlines.set(leg.leg_id, self._engine.out.now + _ring_ms(no_answer.ring_count))

    def fail(self, call: Call, target: DeviceId, cause: Cause, request_id: str | None) -> None:
        """Tell that a call does not come to a device, though the switch was never asked."""
        engine = self._engine
        failed = engine.model.attach(call, target, None)
        with engine.out.caused_by(request_id):
            engine.model.fail(failed, LegGone("", cause=cause))
            engine.model.clear(failed, cause)
            engine.parties.settle(call)

    def failed(self, call: Call) -> bool:
        """The caller is alone: forward the call if the phone where it has failed does that."""
        kind = _AFTER_FAILURE.get(call.failure) if call.failure is not None else None
        here = [link for link in call.parties() if link.state is not ConnectionState.FAIL]
        if kind is None or len(here) != 1 or here[0].leg is None or here[0].leg.clearing:
            return False
        for link in list(call.connections.values()):
            own = link.leg is not None and link.leg.cause in _FOR_THIS_PHONE
            station = category_of(link.device_id) == "station"
            if link.state is ConnectionState.FAIL and station and not own:
                to = self._destination(call, link.device_id, kind)
                if to is not None:
                    call.failure = None
                    self._note(call, link.device_id)
                    self._engine.model.divert(link, _CAUSES[kind], to)
                    self.dial(call, to, _CAUSES[kind], None)
                    return True
        return False

    def call_ends(self, call: Call) -> None:
        """Forget a call that is over."""
        self._passed.pop(call.call_id, None)

    def wake(self, now: Instant) -> None:
        """Take calls from phones that have rung long enough."""
        for leg_id in self.deadlines.due(now):
            leg = self._engine.model.legs.get(leg_id)
            if leg is not None and leg.active is not None and not leg.clearing:
                self._look(leg, now)

    def _look(self, leg: Leg, now: Instant) -> None:
        connection = leg.active
        assert connection is not None, f"leg {leg.leg_id} has no call"
        call, device_id = connection.call, connection.device_id
        rule = self._engine.features.forward(device_id, ForwardingType.NO_ANSWER)
        if rule is None:
            return
        rings_until = now + RING_MS
        if connection.state is ConnectionState.ALERTING and not self._engine.parties.link_is_down:
            rings_until = connection.since + _ring_ms(rule.ring_count)
        elif connection.state not in (ConnectionState.NULL, ConnectionState.ALERTING):
            return
        if rings_until > now:
            self.deadlines.set(leg.leg_id, rings_until)
            return
        to = self._destination(call, device_id, ForwardingType.NO_ANSWER)
        if to is None:
            return
        self._note(call, device_id)
        self._engine.model.divert(connection, Cause.CALL_FORWARD_NO_ANSWER, to)
        self._engine.parties.release(leg, Cause.CALL_NOT_ANSWERED)
        self.dial(call, to, Cause.CALL_FORWARD_NO_ANSWER, None)

    def _in_the_way(self, device_id: DeviceId) -> ForwardingType | None:
        """Say by which rule a call does not come to a device now; None: it does."""
        if category_of(device_id) != "station":
            return None
        features = self._engine.features
        if features.forward(device_id, ForwardingType.IMMEDIATE) is not None:
            return ForwardingType.IMMEDIATE
        if features.of(device_id).do_not_disturb_on:
            return ForwardingType.DO_NOT_DISTURB
        in_use = device_id in self._engine.model.at_device
        forwards = features.forward(device_id, ForwardingType.BUSY) is not None
        return ForwardingType.BUSY if in_use and forwards else None

    def _destination(
        self, call: Call, device_id: DeviceId, kind: ForwardingType
    ) -> DeviceId | None:
        """Say where a phone's call goes by a rule; None: nowhere, or not any more."""
        rule = self._engine.features.forward(device_id, kind)
        passed = self._passed.get(call.call_id, {})
        to = rule.forward_dn if rule is not None else None
        if to is None or to in passed or device_id in passed or len(passed) >= FORWARDS_MAX:
            return None
        return to if self._engine.leading.can_go(call, to) else None

    def _tell(
        self,
        call: Call,
        device_id: DeviceId,
        to: DeviceId,
        kind: ForwardingType,
        request_id: str | None,
    ) -> None:
        """Tell that a call was at a phone, and has gone on without ringing there."""
        engine = self._engine
        self._note(call, device_id)
        passing = engine.model.attach(call, device_id, None)
        with engine.out.caused_by(request_id):
            engine.model.offer(passing)
            engine.model.divert(passing, _CAUSES[kind], to)

    def _note(self, call: Call, device_id: DeviceId) -> None:
        self._passed.setdefault(call.call_id, {})[device_id] = None

    def _lead(self, call: Call, target: DeviceId) -> None:
        """Send a call on to a queue or a flow; a route that led here was a good one."""
        engine = self._engine
        engine.routeing.answered(call)
        contact = engine.contacts.get(call.call_id) or engine.leading.contact_of(call)
        engine.leading.lead(contact, target)


def _ring_ms(ring_count: int | None) -> Milliseconds:
    return (ring_count or RINGS) * RING_MS
