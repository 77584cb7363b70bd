"""Looks for legs of which Asterisk has no channel any more, though it has never said so."""

from __future__ import annotations

from functools import partial

from csta.causes import Cause
from csta.ids import LegId
from ctiserver.live.links.ari_causes import Release
from ctiserver.live.links.ari_legs import AriLeg, AriLegs
from ctiserver.live.links.ari_requests import Reply


class Audit:
    """Compares the legs with the channels; a leg that is missed twice in a row has gone.

    Missed once, the event that tells why may still be on its way.
    """

    def __init__(self, legs: AriLegs) -> None:
        """Work on these legs."""
        self._legs = legs
        self._missed: frozenset[LegId] = frozenset()

    def begin(self) -> None:
        """Ask for the channels."""
        known = [leg for leg in self._legs.all.values() if leg.seen and not leg.virtual]
        self._legs.ask("GET", "channels", None, partial(self._compare, known))

    def _compare(self, known: list[AriLeg], reply: Reply) -> None:
        if not reply.is_ok:
            return
        there = {channel["id"] for channel in reply.body}
        missed = [leg for leg in known if leg.leg_id not in there]
        for leg in missed:
            if leg.leg_id in self._missed:
                self._legs.gone(leg, leg.release or Release(Cause.NORMAL))
        self._missed = frozenset(leg.leg_id for leg in missed)
