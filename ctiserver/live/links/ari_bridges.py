"""The bridges of ours in Asterisk: made, filled, emptied, and let go when nobody is in them.

A bridge is let go only when Asterisk has said that it is empty: one that is destroyed while a
channel is on its way out of it throws that channel out of the bridge to which it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog

from ctiserver.live.links.ari_legs import AriLeg, AriLegs
from ctiserver.live.links.ari_requests import Reply, path_of

_log = structlog.get_logger("offhook.link")


class Bridges:
    """Sends legs to bridges, and knows how many channels are in each."""

    def __init__(self, legs: AriLegs) -> None:
        """Have none."""
        self._legs = legs
        self._crowds: dict[str, int] = {}
        self._left_behind: set[str] = set()
        """Bridges that nobody needs, with channels still in them or on their way."""
        legs.on_gone.append(self._gone)

    def make(self, kind: str, features: str = "mixing") -> str:
        """Make a bridge; gives its id."""
        bridge = self._legs.mint(kind)
        self._legs.ask("POST", "bridges", {"type": features, "bridgeId": bridge})
        return bridge

    def put_in(self, legs: Sequence[AriLeg], bridge: str) -> None:
        """Send legs to a bridge; that takes them out of those in which they are."""
        coming = [leg for leg in legs if leg.placed != bridge]
        for leg in coming:
            # What it is told to have left from now on, it was asked to leave.
            leg.placed, leg.entered = bridge, ""
        if coming:
            self._ask_in(coming, bridge)

    def _ask_in(self, legs: Sequence[AriLeg], bridge: str) -> None:
        channels = ",".join(leg.leg_id for leg in legs)
        self.ask(bridge, "addChannel", channels, partial(self._put_in, legs, bridge))

    def ask(
        self, bridge: str, what: str, channel: str, then: Callable[[Reply], None] | None = None
    ) -> None:
        """Ask for a channel to be added to a bridge, or removed from it."""
        self._legs.ask("POST", path_of("bridges", bridge, what), {"channel": channel}, then)

    def take_out(self, leg: AriLeg, then: Callable[[Reply], None] | None = None) -> bool:
        """Take a leg out of its bridge; False when it is in none, and nothing was asked."""
        bridge, leg.placed = leg.placed, ""
        if not bridge:
            return False
        self.ask(bridge, "removeChannel", leg.leg_id, then)
        return True

    def abandon(self, bridge: str, *leaving: AriLeg) -> None:
        """Let go of a bridge, now or when it is empty; these are in it, or on their way to it."""
        if not bridge:
            return
        if self._crowds.get(bridge) or any(leg.placed == bridge for leg in leaving):
            self._left_behind.add(bridge)
        else:
            self._drop(bridge)

    def counted(self, told: dict[str, Any]) -> None:
        """Take in how many channels Asterisk says to be in a bridge."""
        bridge = told["id"]
        self._crowds[bridge] = len(told["channels"])
        if not told["channels"] and bridge in self._left_behind:
            self._drop(bridge)

    def forget(self) -> None:
        """Nothing is known of them any more."""
        self._crowds.clear()
        self._left_behind.clear()

    def _drop(self, bridge: str) -> None:
        self._left_behind.discard(bridge)
        self._crowds.pop(bridge, None)
        self._legs.ask("DELETE", path_of("bridges", bridge))

    def _put_in(self, legs: Sequence[AriLeg], bridge: str, reply: Reply) -> None:
        """All come, or none: if one of them has hung up meanwhile the others are sent again."""
        if not reply.status or reply.is_ok:
            return
        still = [leg for leg in legs if leg.placed == bridge]
        if len(legs) > 1:
            for leg in still:
                self._ask_in([leg], bridge)
            return
        for leg in still:
            leg.placed = ""
            if leg.leg_id in self._legs.all and not leg.ends:
                _log.warning("leg not joined", leg=leg.leg_id, status=reply.status, why=reply.body)

    def _gone(self, leg: AriLeg) -> None:
        """One who has never come in does not leave either."""
        if leg.placed in self._left_behind and not self._crowds.get(leg.placed):
            self._drop(leg.placed)
        leg.placed = ""
