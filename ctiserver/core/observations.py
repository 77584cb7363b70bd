"""What the switch says, taken in: each kind of observation goes to those whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csta.causes import Cause
from csta.ids import LegId, category_of
from csta.states import ConnectionState
from ctiserver.core.calls import Leg, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.switch_link import (
    AnyObservation,
    DestinationDetected,
    DeviceBack,
    DeviceLost,
    Digit,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegRinging,
    LegSeen,
    LegsJoined,
    LegsParted,
    LegUp,
    LinkDown,
    LinkUp,
    PlayEnded,
    RecordingEnded,
    TransferAsked,
)

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class Observations:
    """Takes in what the switch of one engine says."""

    def __init__(self, engine: Engine) -> None:
        """Say what takes in which observation."""
        self._engine = engine
        self._handlers: dict[type, Callable[[Any], None]] = {
            LegSeen: self._leg_seen,
            LegRinging: self._leg_ringing,
            LegUp: self._leg_up,
            LegHeld: self._leg_held,
            LegRetrieved: self._leg_retrieved,
            LegsJoined: self._legs_joined,
            LegsParted: engine.resynchronising.parted,
            LegGone: self._leg_gone,
            Digit: self._digit,
            PlayEnded: self._play_ended,
            DestinationDetected: engine.predictive.detected,
            RecordingEnded: engine.recordings.ended,
            TransferAsked: engine.phone_transfers.asked,
            DeviceLost: engine.reachability.lost,
            DeviceBack: engine.reachability.back,
            LinkDown: engine.resynchronising.link_down,
            LinkUp: engine.resynchronising.link_up,
        }

    def take(self, what: AnyObservation) -> None:
        """Take in what the switch says."""
        handler = self._handlers.get(type(what))
        if handler is not None:
            handler(what)

    def _leg_seen(self, event: LegSeen) -> None:
        if event.leg not in self._engine.model.legs and not self._engine.model.is_gone(event.leg):
            if category_of(event.device) == "station":
                self._engine.reachability.used(event.device)
                self._engine.requests.calls.dialled_by_phone(event)
            else:
                self._engine.leading.call_comes_in(event)
        else:
            self._engine.model.leg_seen(event)
            self._engine.parties.release_again(event.leg)

    def _leg_ringing(self, event: LegRinging) -> None:
        leg = self._engine.model.leg_ringing(event.leg)
        if leg is not None:
            self._engine.predictive.leg_ringing(leg)
            self._engine.ringback.rings(leg)
            self._engine.parties.release_again(event.leg)

    def _leg_up(self, event: LegUp) -> None:
        known = self._engine.model.legs.get(event.leg)
        if known is None or known.clearing:
            self._engine.parties.release_again(event.leg)
            return
        self._engine.parties.unanswered.cancel(event.leg)
        self._engine.ringback.answered(known)
        if self._engine.predictive.leg_up(known):
            return
        offered = self._engine.queueing.is_offer(known)
        if offered:
            self._engine.queueing.before_answer(known)
        leg = self._engine.model.leg_up(event.leg)
        if leg is not None and not self._engine.queueing.calling_back.leg_up(leg):
            self._go_on(leg, offered=offered)

    def _go_on(self, leg: Leg, *, offered: bool) -> None:
        """Go on with what a leg was for, now that it has answered."""
        if leg.role is Role.VOICE_UNIT:
            self._engine.walks.leg_up(leg)
        elif leg.role is Role.ORIGINATOR:
            self._engine.requests.calls.originated(leg)
        elif leg.role is Role.LISTENER:
            self._engine.supervision.leg_up(leg)
        elif offered:
            self._engine.queueing.answered(leg)
        elif leg.role is Role.PARTY and leg.active is not None:
            self._engine.parties.join(leg.active.call)
            self._engine.routeing.answered(leg.active.call)

    def _leg_held(self, event: LegHeld) -> None:
        if self._engine.supervision.hidden(event.leg):
            return
        leg = self._engine.model.leg_held(event.leg)
        if leg is not None:
            self._engine.second_steps.held(leg.leg_id)

    def _leg_retrieved(self, event: LegRetrieved) -> None:
        leg = self._engine.model.legs.get(event.leg)
        if leg is not None and leg.active is not None:
            connection = leg.active
            if connection.state is ConnectionState.HOLD:
                self._engine.model.retrieve(connection, Cause.NORMAL)
                if len(connection.call.parties()) > 2:  # noqa: PLR2004 - somebody may have come
                    self._engine.parties.join(connection.call)

    def _legs_joined(self, event: LegsJoined) -> None:
        self._engine.voice.joined(event.legs)
        self._engine.second_steps.joined(event.leg, event.legs)

    def _leg_gone(self, event: LegGone) -> None:
        leg = self._engine.model.legs.get(event.leg)
        if leg is None:
            return
        # Whoever has asked for the leg to be released has caused all that comes of it (G8).
        with self._engine.out.caused_by(leg.request_id if leg.clearing else None):
            self._leave_with(leg, event)

    def _leave_with(self, leg: Leg, event: LegGone) -> None:
        """Let a leg's connections, and whatever was for it, end with it."""
        self._engine.supervision.leg_gone(leg, event.cause)
        self._engine.queueing.leg_gone(leg, event.cause)
        self._engine.predictive.leg_gone(leg)
        self._engine.ringback.gone(leg)
        calls = [connection.call for connection in leg.connections]
        self._engine.model.leg_gone(event)
        self._engine.parties.unanswered.cancel(event.leg)
        self._engine.second_steps.leg_gone(leg.leg_id)
        if leg.role is Role.VOICE_UNIT:
            self._engine.walks.leg_gone(leg)
        for call in calls:
            self._engine.parties.settle(call)

    def _contact_at(self, leg_id: LegId) -> Contact | None:
        """Find the contact whose caller is on this leg now."""
        leg = self._engine.model.legs.get(leg_id)
        if leg is None or leg.active is None:
            return None
        contact = self._engine.contacts.get(leg.active.call.call_id)
        return contact if contact is not None and contact.caller is leg.active else None

    def _digit(self, event: Digit) -> None:
        contact = self._contact_at(event.leg)
        if contact is not None:
            self._engine.prompts.digit(contact, event.digit, event.duration_ms)
            self._engine.walks.digit(contact, event.digit)
            self._engine.announcing.digit(contact, event.digit)
        self._engine.voice.digit(event.leg, event.digit)
        self._engine.collections.digit(event.leg, event.digit, event.duration_ms)

    def _play_ended(self, event: PlayEnded) -> None:
        self._engine.queueing.whispering.ended(event.leg, event.play_id)
        self._engine.voice.ended(event.leg, event.play_id)
        contact = self._contact_at(event.leg)
        if contact is not None and self._engine.prompts.ended(contact, event.play_id):
            self._engine.walks.play_ended(contact, event.play_id)
            self._engine.announcing.play_ended(contact)
