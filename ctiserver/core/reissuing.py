"""What the switch is asked for once more, when it is heard again after a loss of the link.

Commands of which nobody knows whether they were carried out are given again, where that does no
harm; a number outside is never dialled twice (reliability F07).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from csta.ids import LegId, category_of
from csta.states import ConnectionState
from ctiserver.core.calls import Call, Leg, LegState, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.switch_link import (
    Answer,
    AnyCommand,
    Clear,
    Hold,
    Join,
    LegGone,
    LegHeld,
    LegNow,
    LegsJoined,
    Play,
    PlayEnded,
    StopPlay,
)

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

Now = dict[LegId, LegNow]
"""The legs of the switch, by their ids."""


class Reissuing:
    """Knows what the engine wants of the switch, and asks for what the switch lacks."""

    def __init__(self, engine: Engine) -> None:
        """Ask for one engine."""
        self._engine = engine

    def is_wanted(self, leg: Leg) -> bool:
        """Tell whether a leg that the switch has never heard of is to be asked for again.

        What was asked for while the link was down was never carried out. Of the rest nobody knows:
        agents are offered their calls anew, voice units and phones inside are dialled again for
        those who wait for them.
        """
        if leg.clearing or leg.asked is None:
            return False
        if leg.unsent or leg.role is Role.VOICE_UNIT:
            return True
        if self._engine.queueing.is_offer(leg) or leg.role is not Role.PARTY:
            return False
        return category_of(leg.device_id) == "station"

    def ask_again(self, now: Now) -> None:
        """Ask for all that the switch lacks: legs, releases, steps of services, talks, sounds."""
        self._legs(now)
        self._steps(now)
        self._answers(now)
        rejoined = self._joins(now)
        self._engine.supervision.listen_again()
        self._engine.recordings.ask_again(now)
        self._messages(now)
        self._sounds(now, rejoined)

    def join_again(self, legs: Sequence[LegId]) -> None:
        """Join legs that were parted, if they are still to hear one another."""
        engine, parted = self._engine, set(legs)
        if parted.intersection(self._under_way()):
            return
        for call in engine.model.calls.values():
            wanted = self._company(call)
            if len(parted.intersection(wanted)) > 1:
                engine.parties.join(call)

    def _under_way(self) -> set[LegId]:
        """List the legs that a service waits to see joined, or on hold."""
        waiting = self._engine.second_steps.waiting()
        return {leg_id for own, step in waiting for leg_id in (own, *step.legs)}

    def _legs(self, now: Now) -> None:
        """Dial again, release again, and give everybody the whole time to answer."""
        parties = self._engine.parties
        for leg in list(self._engine.model.legs.values()):
            if leg.leg_id not in now:
                if leg.asked is None or self._engine.out.has(leg.asked):
                    continue  # it is new, and on its way
                if self.is_wanted(leg):
                    parties.ask_again(leg)
                elif leg.clearing:
                    self._engine.observe(LegGone(leg.leg_id, far_end=False))
            elif leg.clearing:
                parties.await_answer(leg)
                self._once(Clear(leg.leg_id))
            elif leg.leg_id in parties.unanswered:
                parties.await_answer(leg)

    def _steps(self, now: Now) -> None:
        """Let services go on that waited for what the switch has done meanwhile, or ask again."""
        engine = self._engine
        for leg_id, step in engine.second_steps.waiting():
            told = now.get(leg_id)
            if told is None:
                continue
            if step.legs:
                if set(step.legs) == {leg_id, *(told.joined or ())}:
                    engine.observe(LegsJoined(leg_id, legs=step.legs))
                else:
                    self._once(Join(leg_id, legs=step.legs))
            elif told.held:
                engine.observe(LegHeld(leg_id))
            else:
                self._once(Hold(leg_id))

    def _answers(self, now: Now) -> None:
        for contact in self._engine.contacts.values():
            told = now.get(contact.caller_leg.leg_id)
            if told is not None and told.state != "up" and _is_to_be_answered(contact):
                self._once(Answer(told.leg))

    def _joins(self, now: Now) -> set[LegId]:
        """Join whom the switch does not have together; gives whose sounds have ended by that."""
        engine = self._engine
        busy = self._under_way()
        rejoined: set[LegId] = set()
        for call in engine.model.calls.values():
            legs = self._company(call)
            if len(legs) > 1 and not busy.intersection(legs) and _apart(legs, now):
                rejoined.update(legs)
                self._once(Join(legs[0], legs=tuple(legs)))
        for contact in engine.contacts.values():
            voice = contact.voice_leg
            if contact.walk is None or voice is None or voice.state is not LegState.UP:
                continue
            legs = [contact.caller_leg.leg_id, voice.leg_id]
            hears = contact.caller.state is ConnectionState.CONNECTED and not voice.clearing
            if hears and _apart(legs, now):
                rejoined.update(legs)
                self._once(Join(legs[0], legs=tuple(legs)))
        return rejoined

    def _company(self, call: Call) -> list[LegId]:
        """List the legs that are to hear one another; an agent who is spoken to waits for it."""
        engine = self._engine
        whispered = {play.leg for play in engine.queueing.whispering.plays()}
        legs = engine.parties.speaking(call)
        if whispered.intersection(legs):
            return []
        return [leg_id for leg_id in legs if not engine.model.legs[leg_id].clearing]

    def _messages(self, now: Now) -> None:
        """Messages that play no more have come to their end."""
        for leg_id, message in list(self._engine.voice.plays.items()):
            told = now.get(leg_id)
            if told is not None and told.playing not in (None, message.play_id):
                self._engine.observe(PlayEnded(leg_id, play_id=message.play_id))

    def _sounds(self, now: Now, rejoined: set[LegId]) -> None:
        """Let everybody hear what he is to hear; what plays already, plays on."""
        engine = self._engine
        own = (*engine.queueing.whispering.plays(), *engine.ringback.plays())
        plays = {play.leg: play for play in own}
        for contact in engine.contacts.values():
            leg_id = contact.caller_leg.leg_id
            told = now.get(leg_id)
            if contact.play_id is not None:
                plays[leg_id] = Play(leg_id, play_id=contact.play_id, uri=contact.play_uri)
            elif leg_id in plays or leg_id in rejoined or leg_id in engine.voice.plays:
                continue
            elif told is not None and told.playing:
                self._once(StopPlay(leg_id, play_id=told.playing))
        for leg_id, play in plays.items():
            told = now.get(leg_id)
            if told is not None and (told.playing != play.play_id or leg_id in rejoined):
                self._once(play)

    def _once(self, command: AnyCommand) -> None:
        """Give a command, unless this step has given it already."""
        if not self._engine.out.has(command):
            self._engine.out.decide(command)


def _apart(legs: Sequence[LegId], now: Now) -> bool:
    """Tell whether the switch has all these legs, and does not have them together."""
    told = [now.get(leg_id) for leg_id in legs]
    if any(each is None or each.state != "up" for each in told):
        return False
    first = now[legs[0]]
    return first.joined is None or {first.leg, *first.joined} != set(legs)


def _is_to_be_answered(contact: Contact) -> bool:
    """Tell whether somebody, or a flow, or a queue has the caller."""
    call = contact.call
    here = contact.walk or contact.waiting_at or contact.ringing
    return bool(here or call.coming or call.others(contact.caller))
