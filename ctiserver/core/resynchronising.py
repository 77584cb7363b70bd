"""When the link to the switch is lost, and when it is back: model and switch agree again.

The switch is the truth for legs, the engine for what is promised to callers. While the link is
down calls keep their places, nobody is offered one, and silence of the switch means nothing. When
it is up, its legs are compared with the model; each difference is made good by the observation
that was missed, so that all that follows from it is done where it always is (cti-api §7.10.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from acd.decisions import Offer
from acd.inputs import PauseOffers, ResumeOffers, TakeBack
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import LegId, category_of
from csta.services import SERVICES_BY_CATEGORY
from csta.states import ConnectionState
from csta.system_events import LinkResynchronised, SystemEvent, SystemStatus, SystemStatusValue
from ctiserver.core.calls import Leg, LegState, Role
from ctiserver.core.inputs import Observed
from ctiserver.core.queueing import acd_device
from ctiserver.core.reissuing import Reissuing
from ctiserver.core.switch_link import (
    AnyObservation,
    Clear,
    LegGone,
    LegHeld,
    LegNow,
    LegRetrieved,
    LegRinging,
    LegSeen,
    LegsParted,
    LegUp,
    LinkDown,
    LinkUp,
)

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

_OF_RECORDING: Final = frozenset(service.__name__ for service in SERVICES_BY_CATEGORY["recording"])
"""They need the switch where it is the switch that records."""
_DONE_HERE: Final = frozenset(
    {
        *("AssociateData", "CallBack", "CancelCallBack", "ChangeQueuedCall", "SendUserInformation"),
        "StopDataCollection",
    }
)
NEED_THE_SWITCH: Final = frozenset(
    service.__name__
    for category in ("callControl", "callAssociated", "voice", "dataCollection")
    for service in SERVICES_BY_CATEGORY[category]
    if service.__name__ not in _DONE_HERE
)
"""Services that move calls or speak in them: refused while the link is down."""

_STATES: Final = {"seen": LegState.SEEN, "ringing": LegState.RINGING, "up": LegState.UP}
_OWN: Final = "l-"
"""What the ids of legs begin with that the engine has asked for."""


class Resynchronising:
    """Keeps the state of one engine's link, and makes good what was missed."""

    def __init__(self, engine: Engine) -> None:
        """Begin with a link that is up: one that is not says so."""
        self._engine = engine
        self._parties = engine.parties
        self._reissuing = Reissuing(engine)
        self.status = SystemStatusValue.NORMAL
        self.boot = ""
        """Which run of the switch was heard last."""

    @property
    def down(self) -> bool:
        """Tell whether the link is down."""
        return self._parties.link_is_down

    def refuse_while_down(self, service: str) -> None:
        """Refuse what the switch would have to do.

        Raises:
            CtiError: `linkDown`; nothing was done.
        """
        records = self._engine.config.link.records and service in _OF_RECORDING
        if self.down and (records or service in NEED_THE_SWITCH):
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.LINK_DOWN,
                f"the link to the switch is down: {service} can be asked for when it is back",
            )

    # What the link says.

    def link_down(self, _event: LinkDown) -> None:
        """Nothing is heard any more: no phone is rung, and nobody is taken for gone."""
        if self.down:
            return
        self._parties.link_is_down = True
        self._tell_status(SystemStatusValue.DISABLED)
        self._engine.queueing.tell(PauseOffers())

    def link_up(self, event: LinkUp) -> None:
        """The switch is heard: compare, make good, and go on.

        A list of legs that agrees with the model, told while the link was up, changes nothing.
        """
        now = {told.leg: told for told in msgspec.convert(event.legs, tuple[LegNow, ...])}
        again, self._parties.link_is_down = self.down, False
        if again:
            self._tell_status(SystemStatusValue.INITIALIZING)
        out = self._engine.out
        out.synthetic = True
        counts = _Counts()
        try:
            self._compare(event, now, counts, again=again)
            if again:
                self._reissuing.ask_again(now)
            self._engine.follow()
        except Exception as error:  # noqa: BLE001 - offers must not stay held back for it
            self._engine.monitor.failed(Observed(event), error)
        finally:
            out.synthetic = False
        if again or counts:
            self._tell(LinkResynchronised(link_id=self._link_id, **counts.named()))
            self._tell_status(SystemStatusValue.MESSAGES_LOST)
            self._tell_status(SystemStatusValue.NORMAL)
        if again:
            self._engine.queueing.tell(ResumeOffers())

    def parted(self, event: LegsParted) -> None:
        """These legs hear one another no more; who should is joined again."""
        self._reissuing.join_again(event.legs)

    # The comparison.

    def _compare(
        self, event: LinkUp, now: dict[LegId, LegNow], counts: _Counts, *, again: bool
    ) -> None:
        """Make good every difference; what is gone comes first, what is new comes last."""
        model = self._engine.model
        restarted = bool(event.boot and self.boot and event.boot != self.boot)
        self.boot = event.boot or self.boot
        if event.lost is not None:
            counts.corrected += self._engine.reachability.correct(event.lost)
        counts.removed += self._bury(self._gone(now, again=again, restarted=restarted), restarted)
        if restarted:
            model.forget_gone()
        fresh = [told for told in now.values() if told.leg not in model.legs]
        for told in list(now.values()):
            leg = model.legs.get(told.leg)
            if leg is not None:
                counts.corrected += self._correct(leg, told)
        for told in fresh:
            counts.added += self._begin(told)

    def _gone(self, now: dict[LegId, LegNow], *, again: bool, restarted: bool) -> list[Leg]:
        """List the legs that have ended, or have never been.

        While the link is up, a leg that was asked for may be under way.
        """
        return [
            leg
            for leg in self._engine.model.legs.values()
            if restarted
            or (
                leg.leg_id not in now
                and (
                    leg.state is not LegState.ASKED
                    or (again and not self._reissuing.is_wanted(leg))
                )
            )
        ]

    def _bury(self, gone: list[Leg], restarted: bool) -> int:  # noqa: FBT001 - of `_compare`
        """End what has ended, callers first: nobody is brought back who has gone as well."""
        legs = self._engine.model.legs
        released = [leg.clearing for leg in gone]
        for leg in gone:
            leg.clearing = True  # there is nothing to release, and nobody to be helped
        for leg, was_released in sorted(zip(gone, released, strict=True), key=_callers_first):
            if leg.leg_id in legs:
                self._end(leg, restarted=restarted, was_released=was_released)
        return len(gone)

    def _end(self, leg: Leg, *, restarted: bool, was_released: bool) -> None:
        offer = self._offer_on(leg)
        if offer is not None:
            self._take_back(leg, offer)
        if was_released:
            gone = LegGone(leg.leg_id, cause=Cause.NORMAL_CLEARING, far_end=False)
        elif restarted:
            cause = Cause.SWITCHING_FUNCTION_TERMINATED
            for connection in leg.connections:
                connection.call.failure = connection.call.failure or cause
            gone = LegGone(leg.leg_id, cause=cause, far_end=False)
        elif leg.state is LegState.ASKED:
            gone = LegGone(leg.leg_id, cause=Cause.RESOURCES_NOT_AVAILABLE)
        else:
            gone = LegGone(leg.leg_id, cause=Cause.NORMAL)
        self._observe(gone)

    def _take_back(self, leg: Leg, offer: Offer) -> None:
        """End an offer of which nobody knows what became: nobody is blamed for it."""
        connection, model = leg.active, self._engine.model
        if connection is not None and offer.call_id != offer.callback_id:
            if connection.state is ConnectionState.NULL:
                model.forget(connection)
            else:
                queue = acd_device(offer.queue)
                model.divert(connection, Cause.RESOURCES_NOT_AVAILABLE, queue)
        self._engine.queueing.tell(TakeBack(offer.offer_id))

    def _offer_on(self, leg: Leg) -> Offer | None:
        """Find the offer for which a leg rings."""
        queueing = self._engine.queueing
        contact = queueing.offered_on(leg.leg_id)
        if contact is not None:
            return next(each.offer for each in contact.ringing.values() if each.leg is leg)
        for promise in queueing.calling_back.promises.values():
            if promise.agent is not None and promise.agent.leg is leg:
                return promise.offer
        return None

    def _correct(self, leg: Leg, told: LegNow) -> int:
        """Bring a leg to where it is in the switch; 1 if it was elsewhere."""
        if leg.clearing:
            return 0
        state, was = _STATES[told.state], leg.state
        if was < LegState.SEEN:
            self._observe(_seen(told))
        if was < state is LegState.RINGING:
            self._observe(LegRinging(told.leg))
        elif was < state is LegState.UP:
            self._observe(LegUp(told.leg))
        return int(was < state) | self._correct_hold(leg, told)

    def _correct_hold(self, leg: Leg, told: LegNow) -> int:
        """Hold or take back what is so in the switch.

        A phone with two calls is on hold in one of them, whatever the switch calls that.
        """
        connection = leg.active
        hidden = leg.role is Role.LISTENER
        if connection is None or len(leg.connections) != 1 or leg.clearing or hidden:
            return 0
        if told.held and connection.state is ConnectionState.CONNECTED:
            self._observe(LegHeld(told.leg))
        elif not told.held and connection.state is ConnectionState.HOLD:
            self._observe(LegRetrieved(told.leg))
        else:
            return 0
        return 1

    def _begin(self, told: LegNow) -> int:
        """Take in a leg that the model does not know; one that nobody asked for is released."""
        model = self._engine.model
        if model.is_gone(told.leg):
            self._observe(_seen(told))  # which releases it again
            return 0
        asked_for = told.outgoing or told.leg.startswith(_OWN)
        if asked_for or category_of(told.device) == "voiceUnit":
            self._engine.out.decide(Clear(told.leg, cause=Cause.RESOURCES_NOT_AVAILABLE))
            return 0
        self._observe(_seen(told))
        leg = model.legs.get(told.leg)
        if leg is not None and told.state == "up":
            self._observe(LegUp(told.leg))
            self._correct_hold(leg, told)
        return 1

    def _observe(self, what: AnyObservation) -> None:
        """Take in what was missed; what fails of it does not keep the rest waiting."""
        try:
            self._engine.observe(what)
        except Exception as error:  # noqa: BLE001 - the monitor decides what it means
            self._engine.monitor.failed(Observed(what), error)

    # Events.

    @property
    def _link_id(self) -> str:
        return self._engine.config.link_id

    def _tell_status(self, status: SystemStatusValue) -> None:
        self.status = status
        self._tell(SystemStatus(link_id=self._link_id, system_status=status))

    def _tell(self, event: SystemEvent) -> None:
        out = self._engine.out
        before, out.synthetic = out.synthetic, True
        out.publish(f"system/{self._link_id}", self._link_id, event)
        out.synthetic = before


class _Counts:
    """How many connections were added, removed and corrected."""

    def __init__(self) -> None:
        self.added = self.removed = self.corrected = 0

    def named(self) -> dict[str, int]:
        return {"added": self.added, "removed": self.removed, "corrected": self.corrected}

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.corrected)


def _callers_first(ending: tuple[Leg, bool]) -> bool:
    return ending[0].role is not Role.CALLER


def _seen(told: LegNow) -> LegSeen:
    return LegSeen(told.leg, device=told.device, ani=told.ani, dnis=told.dnis)
