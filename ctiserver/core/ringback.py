"""What somebody hears who has called a phone: that it rings there, until it is answered or not.

It is no message, and no event tells of it. Who waits in a queue hears what the queue plays to him
(`prompts`); the network plays to those whose call nobody has answered yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csta.ids import LegId
from ctiserver.core.calls import Leg, Role
from ctiserver.core.queueing import RINGBACK
from ctiserver.core.switch_link import Play, StopPlay

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class Ringback:
    """Knows who hears for which leg that it rings."""

    def __init__(self, engine: Engine) -> None:
        """Play to nobody yet."""
        self._engine = engine
        self._hears: dict[LegId, LegId] = {}
        """Who hears it, by the leg that rings."""

    def rings(self, leg: Leg) -> None:
        """A leg rings: who is alone in its call, and hears nothing else, hears that.

        Nobody hears that one is called who is to listen in.
        """
        if leg.active is None or leg.role is Role.LISTENER:
            return
        call = leg.active.call
        here = self._engine.parties.speaking(call)
        contact = self._engine.contacts.get(call.call_id)
        if len(here) == 1 and (contact is None or contact.play_id is None):
            self._hears[leg.leg_id] = here[0]
            self._engine.out.decide(Play(here[0], play_id=_play_id(leg), uri=RINGBACK))

    def answered(self, leg: Leg) -> None:
        """The leg has answered: to be joined with it ends what was heard."""
        self._hears.pop(leg.leg_id, None)

    def plays(self) -> list[Play]:
        """List what is to be heard now, for a switch that was not heard for a while."""
        legs, speaking = self._engine.model.legs, self._engine.parties.speaking
        return [
            Play(who, play_id=_play_id(leg), uri=RINGBACK)
            for rings, who in self._hears.items()
            if (leg := legs.get(rings)) is not None
            and leg.active is not None
            and speaking(leg.active.call) == [who]
        ]

    def gone(self, leg: Leg) -> None:
        """The leg rings no more."""
        who = self._hears.pop(leg.leg_id, None)
        if who is not None and who in self._engine.model.legs:
            self._engine.out.decide(StopPlay(who, play_id=_play_id(leg)))


def _play_id(leg: Leg) -> str:
    return f"{leg.leg_id}/rings"
