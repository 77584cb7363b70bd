"""Who hears whom: talks, which are bridges in Asterisk, and legs that are on hold.

A talk of a caller with a voice unit needs no bridge: what the unit says is played on the caller's
own channel. `LegsJoined` is told when Asterisk has said of each leg that it is in the bridge.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from csta.ids import LegId
from ctiserver.core.switch_link import (
    Hold,
    Join,
    LegHeld,
    LegRetrieved,
    LegsJoined,
    LegsParted,
)
from ctiserver.live.links.ari_bridges import Bridges
from ctiserver.live.links.ari_legs import AriLeg, AriLegs
from ctiserver.live.links.ari_plays import Plays
from ctiserver.live.links.ari_requests import Reply

KIND: Final = "talk"


class Talk:
    """Some legs that hear one another, or are about to."""

    __slots__ = ("bridge", "members", "told")

    def __init__(self, bridge: str = "") -> None:
        """Begin with nobody; `bridge` is the id of the bridge, if there is one yet."""
        self.bridge = bridge
        self.members: dict[LegId, AriLeg] = {}
        self.told = True
        """False while it is still to be told that they are joined."""

    def real(self) -> list[AriLeg]:
        """List those that have a channel."""
        return [leg for leg in self.members.values() if not leg.virtual]

    def is_complete(self) -> bool:
        """Tell whether everybody is in the bridge, or out of any if there is none."""
        return all(leg.entered == self.bridge for leg in self.real())


class Talks:
    """Joins legs, holds them, and follows what Asterisk says of its bridges."""

    def __init__(self, legs: AriLegs, plays: Plays, bridges: Bridges) -> None:
        """Work on these legs."""
        self._legs = legs
        self._plays = plays
        self._bridges = bridges
        legs.on_gone.append(self.leave)

    # What is asked for.

    def join(self, command: Join) -> None:
        """Let those that are still there hear one another, and nobody else."""
        known = self._legs.all
        there = [leg for leg_id in command.legs if (leg := known.get(leg_id)) is not None]
        if len(there) < min(2, len(command.legs)):
            return
        for leg in there:
            self._plays.hush(leg)
            self._plays.answer(leg)
            self._take_back(leg)
        talk = self._talk_for(there)
        self._move_out(there, talk)
        talk.members = {leg.leg_id: leg for leg in there}
        for leg in there:
            leg.talk = talk
        self._place(talk)
        self._keep_unit(there)
        talk.told = False
        self._tell_when_complete(talk)

    def hold(self, command: Hold) -> None:
        """Take a leg out of its talk; one that is on hold is told as held once more."""
        leg = self._legs.all.get(command.leg)
        if leg is None or (leg.state != "up" and not leg.kept.held):
            return
        if leg.kept.held and not leg.kept.held_by_phone:
            self._legs.tell(LegHeld(leg.leg_id))
            return
        self._plays.hush(leg)
        self.depart(leg)
        leg.kept.held, leg.kept.held_by_phone = True, False
        if not self._bridges.take_out(leg, partial(self._held, leg)):
            self._legs.tell(LegHeld(leg.leg_id))
        self._legs.keep_now(leg)

    def _held(self, leg: AriLeg, reply: Reply) -> None:
        """It is out of its bridge, or was out of it before."""
        if reply.status and leg.kept.held:
            self._legs.tell(LegHeld(leg.leg_id))

    def depart(self, leg: AriLeg) -> list[AriLeg]:
        """Take a leg out of its talk, whoever else is in it; gives those who stay."""
        talk, leg.talk = leg.talk, None
        if talk is None:
            return []
        talk.members.pop(leg.leg_id, None)
        self._tell_when_complete(talk)
        self._console(talk)
        self._dissolve(talk, leg)
        return list(talk.members.values())

    def leave(self, leg: AriLeg) -> None:
        """A leg is no more: so is the bridge in which nobody is left."""
        talk, leg.talk = leg.talk, None
        if talk is None:
            return
        talk.members.pop(leg.leg_id, None)
        self._tell_when_complete(talk)
        self._dissolve(talk)
        self._forget_unit(talk)

    # Steps of it.

    def _take_back(self, leg: AriLeg) -> None:
        if leg.kept.held:
            leg.kept.held = leg.kept.held_by_phone = False
            self._legs.keep(leg)

    def _talk_for(self, legs: Sequence[AriLeg]) -> Talk:
        """Find the talk with a bridge into which the others can come, or begin one."""
        wanted = {leg.leg_id for leg in legs}
        best: Talk | None = None
        for leg in legs:
            talk = leg.talk
            fits = talk is not None and talk.bridge and wanted.issuperset(talk.members)
            if (
                talk is not None
                and fits
                and (best is None or len(talk.members) > len(best.members))
            ):
                best = talk
        return best or Talk()

    def _move_out(self, legs: Sequence[AriLeg], to: Talk) -> None:
        """Take legs out of the talks in which they are, and say who still hears whom there."""
        for leg in legs:
            talk = leg.talk
            if talk is None or talk is to or leg.leg_id not in talk.members:
                continue
            whole = (leg.leg_id, *(other for other in talk.members if other != leg.leg_id))
            for moved in legs:
                talk.members.pop(moved.leg_id, None)
            if talk.members:
                self._legs.tell(LegsParted(leg.leg_id, legs=whole))
                self._console(talk)
                self._forget_unit(talk)
                if len(talk.members) > 1:
                    stay = tuple(talk.members)
                    self._legs.tell(LegsJoined(stay[0], legs=stay))
            self._dissolve(talk, *legs)

    def _console(self, talk: Talk) -> None:
        """Let one who is left alone hear music."""
        if len(talk.members) == 1:
            for leg in talk.real():
                self._plays.console(leg)

    def _place(self, talk: Talk) -> None:
        """Send everybody to the bridge; one who talks to a voice unit is in none."""
        real = talk.real()
        if len(real) < 2:  # noqa: PLR2004 - a voice unit is on the caller's own channel
            for leg in real:
                self._bridges.take_out(leg)
            self._bridges.abandon(talk.bridge)
            talk.bridge = ""
            return
        if not talk.bridge:
            talk.bridge = self._bridges.make(KIND, "mixing,dtmf_events")
        self._bridges.put_in(real, talk.bridge)

    def _keep_unit(self, legs: Sequence[AriLeg]) -> None:
        """Write down on a caller's channel which voice unit speaks there."""
        unit = next((leg for leg in legs if leg.virtual), None)
        name, device = ("", "") if unit is None else (unit.leg_id, unit.device)
        for leg in legs:
            if not leg.virtual and leg.kept.unit != name:
                leg.kept.unit, leg.kept.unit_device = name, device
                self._legs.keep(leg)

    def _forget_unit(self, talk: Talk) -> None:
        """Cross out a voice unit that has left."""
        for leg in talk.members.values():
            if leg.kept.unit and leg.kept.unit not in talk.members:
                leg.kept.unit = leg.kept.unit_device = ""
                self._legs.keep(leg)

    def _tell_when_complete(self, talk: Talk) -> None:
        if not talk.told and len(talk.members) > 1 and talk.is_complete():
            talk.told = True
            legs = tuple(talk.members)
            self._legs.tell(LegsJoined(legs[0], legs=legs))

    def _dissolve(self, talk: Talk, *leaving: AriLeg) -> None:
        if not talk.real():
            self._bridges.abandon(talk.bridge, *leaving)
            talk.bridge = ""

    # What Asterisk says.

    def entered(self, event: dict[str, Any]) -> None:
        """`ChannelEnteredBridge`."""
        self._bridges.counted(event["bridge"])
        leg = self._legs.all.get(event["channel"]["id"])
        if leg is None:
            return
        leg.entered = event["bridge"]["id"]
        if leg.talk is not None:
            self._tell_when_complete(leg.talk)

    def left(self, event: dict[str, Any]) -> None:
        """`ChannelLeftBridge`: asked for, by hanging up, or for a reason of Asterisk's own."""
        self._bridges.counted(event["bridge"])
        leg, bridge = self._legs.all.get(event["channel"]["id"]), event["bridge"]["id"]
        if leg is None or leg.entered != bridge:
            return
        leg.entered = ""
        talk = leg.talk
        if leg.ends or leg.placed != bridge or talk is None or talk.bridge != bridge:
            if talk is not None:
                self._tell_when_complete(talk)
            return
        leg.placed, leg.talk = "", None
        talk.members.pop(leg.leg_id, None)
        self._legs.tell(LegsParted(leg.leg_id, legs=(leg.leg_id, *talk.members)))
        self._dissolve(talk)

    def held_by_phone(self, event: dict[str, Any]) -> None:
        """`ChannelHold`: Asterisk plays music to the others by itself."""
        leg = self._legs.all.get(event["channel"]["id"])
        if leg is not None and not leg.kept.held:
            leg.kept.held = leg.kept.held_by_phone = True
            self._legs.keep(leg)
            self._legs.tell(LegHeld(leg.leg_id))

    def retrieved_by_phone(self, event: dict[str, Any]) -> None:
        """`ChannelUnhold`; one that the engine has put on hold meanwhile stays there."""
        leg = self._legs.all.get(event["channel"]["id"])
        if leg is not None and leg.kept.held_by_phone:
            leg.kept.held = leg.kept.held_by_phone = False
            self._legs.keep(leg)
            self._legs.tell(LegRetrieved(leg.leg_id))
