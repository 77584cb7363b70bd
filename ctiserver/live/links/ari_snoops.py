"""Listening in, by snoop channels: a channel of Asterisk that hears what another says and hears.

It stays with the leg wherever that goes, and ends with it. The listener is in a bridge with it
alone, so that nobody else hears him; as a coach he is heard by the leg that he listens to.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import structlog

from csta.ids import LegId
from ctiserver.core.switch_link import LegsJoined, LegsParted, Listen
from ctiserver.live.links.ari_bridges import Bridges
from ctiserver.live.links.ari_legs import AriLeg, AriLegs
from ctiserver.live.links.ari_plays import Plays
from ctiserver.live.links.ari_requests import Reply, path_of
from ctiserver.live.links.ari_talks import Talks

KIND: Final = "listen"
_LISTENS: Final = "listens"
_COACHES: Final = "coaches"

_log = structlog.get_logger("offhook.link")


class Listening:
    """Who listens to whom; `at` has the bridge of each listener."""

    def __init__(self, legs: AriLegs, plays: Plays, talks: Talks, bridges: Bridges) -> None:
        """Work on these legs."""
        self._legs = legs
        self._plays = plays
        self._talks = talks
        self._bridges = bridges
        self.at: dict[LegId, str] = {}
        legs.on_gone.append(self.stop)

    def listen(self, command: Listen) -> None:
        """Let a leg listen to another one; it is in no talk then."""
        known = self._legs.all
        leg, to = known.get(command.leg), known.get(command.to)
        if leg is None or to is None or leg is to or leg.virtual or to.virtual:
            return
        if leg.state != "up" or to.listens is not None:
            return
        if leg.listens is not None and leg.listens[:2] == (to.leg_id, command.coach):
            return
        self._plays.hush(leg)
        for listener in [leg, *self._listeners_of(leg)]:
            self.stop(listener)
        self._leave_talk(leg)
        snoop = self._legs.mint(KIND)
        leg.listens = (to.leg_id, command.coach, snoop)
        word = _COACHES if command.coach else _LISTENS
        query = {
            "spy": "both",
            "whisper": "out" if command.coach else "none",
            "app": self._legs.config.application,
            "appArgs": f"{word},{leg.leg_id},{to.leg_id}",
        }
        then = partial(self._refused, leg, snoop)
        self._legs.ask("POST", to.path("snoop", snoop), query, then)

    def stop(self, leg: AriLeg) -> None:
        """Let a leg listen no more."""
        if leg.listens is not None:
            self._legs.ask("DELETE", path_of("channels", leg.listens[2]))
            leg.listens = None
        self._bridges.abandon(self.at.pop(leg.leg_id, ""), leg)

    def started(self, event: dict[str, Any]) -> bool:
        """`StasisStart` of a snoop channel; False when it is none of these."""
        args = event["args"]
        if not self.is_listening(args):
            return False
        snoop, leg = event["channel"]["id"], self._legs.all.get(args[1])
        if leg is None or leg.listens is None or leg.listens[2] != snoop:
            self._legs.ask("DELETE", path_of("channels", snoop))
            return True
        if leg.leg_id not in self.at:
            bridge = self.at[leg.leg_id] = self._bridges.make(KIND)
            self._bridges.ask(bridge, "addChannel", snoop)
            self._bridges.put_in([leg], bridge)
        return True

    @staticmethod
    def is_listening(args: list[str]) -> bool:
        """Tell whether the Stasis arguments are those of a snoop channel for a listener."""
        return args[:1] in ([_LISTENS], [_COACHES])

    def adopt(self, snoop: str, args: list[str], bridge: str) -> bool:
        """Take over a snoop channel of before; False when nobody listens by it any more."""
        leg, to = self._legs.all.get(args[1]), self._legs.all.get(args[2])
        here = bridge and leg is not None and leg.placed == bridge
        if leg is None or to is None or leg.listens is not None or not here:
            return False
        leg.listens = (to.leg_id, args[0] == _COACHES, snoop)
        self.at[leg.leg_id] = bridge
        return True

    def _refused(self, leg: AriLeg, snoop: str, reply: Reply) -> None:
        if reply.status and not reply.is_ok and leg.listens and leg.listens[2] == snoop:
            leg.listens = None
            if leg.leg_id in self._legs.all:
                _log.warning("leg hears nothing", leg=leg.leg_id, why=reply.body)

    def _listeners_of(self, leg: AriLeg) -> list[AriLeg]:
        known = self._legs.all.values()
        return [one for one in known if one.listens and one.listens[0] == leg.leg_id]

    def _leave_talk(self, leg: AriLeg) -> None:
        leg.kept.held = leg.kept.held_by_phone = False
        stay = [one.leg_id for one in self._talks.depart(leg)]
        self._bridges.take_out(leg)
        if stay:
            self._legs.tell(LegsParted(leg.leg_id, legs=(leg.leg_id, *stay)))
        if len(stay) > 1:
            self._legs.tell(LegsJoined(stay[0], legs=tuple(stay)))
