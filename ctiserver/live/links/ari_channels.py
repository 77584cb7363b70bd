"""Channels that come and go: calls that come in, legs that are dialled, answers, ends, digits."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog

from csta.causes import Cause
from csta.ids import LegId, category_of, local_part
from ctiserver.core.switch_link import (
    Answer,
    Clear,
    Dial,
    Digit,
    LegGone,
    LegRinging,
    LegSeen,
    LegUp,
    SendDigits,
)
from ctiserver.live.links.ari_causes import Release, q850_of, refusal_of, release_of
from ctiserver.live.links.ari_devices import DIALLED, kept_of
from ctiserver.live.links.ari_legs import VARIABLE, AriLeg, AriLegs, Kept
from ctiserver.live.links.ari_plays import Plays
from ctiserver.live.links.ari_requests import Reply, path_of
from ctiserver.live.links.ari_transfers import OURS, Transfers
from ctiserver.live.links.ari_voice_units import VoiceUnits

_log = structlog.get_logger("offhook.link")


class Channels:
    """Makes legs of channels, and channels of legs."""

    def __init__(
        self, legs: AriLegs, plays: Plays, units: VoiceUnits, transfers: Transfers
    ) -> None:
        """Work on these legs."""
        self._legs = legs
        self._transfers = transfers
        self._plays = plays
        self._units = units

    # What is asked for.

    def answer(self, command: Answer) -> None:
        """Answer a call that came in; a phone that rings answers by its own hand only."""
        leg = self._legs.all.get(command.leg)
        if leg is not None:
            self._plays.answer(leg)

    def dial(self, command: Dial) -> None:
        """Dial; a leg that exists already is not dialled twice."""
        if command.leg in self._legs.all:
            return
        category, name = category_of(command.device), local_part(command.device)
        if category == "group":
            self._units.dial(command)
            return
        config = self._legs.config
        kept = Kept(device=command.device, ani=command.calling, outgoing=True)
        calling, own = command.calling, name
        if category == "station":
            endpoint = config.station_endpoint(name)
        elif category == "number":
            trunk = config.trunks[0]
            kept.device, kept.dnis = trunk.device, name
            endpoint, calling = trunk.endpoint_for(name), trunk.number_out(calling)
            own = trunk.number_out(name)
        else:
            self._legs.tell(LegGone(command.leg, cause=Cause.DEST_NOT_OBTAINABLE))
            return
        variables = {VARIABLE: kept.encoded(), "CALLERID(num)": own}
        if calling:
            variables["CONNECTEDLINE(num,i)"] = calling
        if category == "station":
            variables |= OURS
        if command.auto_answer:
            headers = config.auto_answer
            variables |= {f"PJSIP_HEADER(add,{name})": text for name, text in headers.items()}
        self._create(command.leg, kept, endpoint, variables)

    def _create(self, leg_id: LegId, kept: Kept, endpoint: str, variables: dict[str, str]) -> None:
        """Make the channel; it is dialled when it is in our application.

        One that was dialled first would have to come to the application when it is answered, and
        be lost if nobody was connected then.
        """
        leg = self._legs.all[leg_id] = AriLeg(leg_id, kept)
        query = {
            "endpoint": endpoint,
            "channelId": leg_id,
            "app": self._legs.config.application,
            "appArgs": f"{DIALLED},{leg_id}",
        }
        body = {"variables": variables}
        self._legs.ask("POST", "channels/create", query, partial(self._created, leg), body)

    def _created(self, leg: AriLeg, reply: Reply) -> None:
        """The channel is there, was there already (409), or cannot be made."""
        if reply.is_ok:
            self._seen(leg)
        elif reply.status not in (0, 409):
            self._legs.gone(leg, Release(refusal_of(reply.status)))

    def _dialled(self, leg: AriLeg, reply: Reply) -> None:
        if reply.status and not reply.is_ok and leg.leg_id in self._legs.all and not leg.ends:
            _log.warning("leg not dialled", leg=leg.leg_id, status=reply.status, why=reply.body)
            leg.release = Release(Cause.RESOURCES_NOT_AVAILABLE)
            self._legs.ask("DELETE", leg.path())

    def clear(self, command: Clear) -> None:
        """Release a leg; if Asterisk knows of no such channel it is gone."""
        leg = self._legs.all.get(command.leg)
        if leg is None:
            return
        if leg.virtual:
            self._units.clear(leg, command.cause)
            return
        self._transfers.done(leg)
        leg.clearing = command.cause
        query = {"reason_code": str(q850_of(command.cause))}
        self._legs.ask("DELETE", leg.path(), query, partial(self._cleared, leg))

    def _cleared(self, leg: AriLeg, reply: Reply) -> None:
        if reply.status == 404:  # noqa: PLR2004 - HTTP's number for that
            self._legs.gone(leg, leg.release or Release())

    def send_digits(self, command: SendDigits) -> None:
        """Send digits."""
        leg = self._legs.all.get(command.leg)
        if leg is not None and not leg.virtual:
            self._legs.ask("POST", leg.path("dtmf"), {"dtmf": command.digits})

    # What Asterisk says.

    def started(self, event: dict[str, Any]) -> None:
        """`StasisStart`: a call has come in, or a channel was made for us."""
        channel, args = event["channel"], event["args"]
        leg = self._legs.all.get(channel["id"])
        if leg is not None:
            self._in_stasis(leg, channel["state"])
        elif args[:1] == [DIALLED]:
            # Nobody waits for it any more: it was dialled and forgotten.
            self._legs.ask("DELETE", path_of("channels", channel["id"]))
        elif "replace_channel" in event or not args:
            _log.warning("channel not taken", channel=channel["name"], why="no call of ours")
            self._legs.ask("DELETE", path_of("channels", channel["id"]))
        else:
            self.begin(channel, args)

    def _in_stasis(self, leg: AriLeg, state: str) -> None:
        """A leg of ours is in our application: now it can be dialled."""
        if leg.in_stasis:
            return
        leg.in_stasis = True
        if leg.kept.outgoing and state == "Down" and leg.clearing is None:
            self._legs.ask("POST", leg.path("dial"), None, partial(self._dialled, leg))

    def begin(self, channel: dict[str, Any], args: list[str]) -> None:
        """Take in a call: from a trunk, or from a phone that has dialled a number."""
        kept = kept_of(channel, args, self._legs.config)
        leg = self._legs.all[channel["id"]] = AriLeg(channel["id"], kept)
        leg.in_stasis = True
        leg.answered = channel["state"] == "Up"
        self._seen(leg)
        if category_of(leg.device) == "station":
            # Whoever dials is on the line, though Asterisk has not said so to his phone yet.
            self._transfers.ours(leg)
            self._legs.ask("POST", leg.path("ring"))
            leg.playing = "ringing"
            self._up(leg)
        elif leg.answered:
            self._up(leg)

    def state_changed(self, event: dict[str, Any]) -> None:
        """`ChannelStateChange`: a phone rings, or is answered; so is a caller's call."""
        leg, state = self._legs.all.get(event["channel"]["id"]), event["channel"]["state"]
        if leg is None:
            return
        self._seen(leg)
        if state == "Ringing":
            self._ringing(leg)
        elif state == "Up":
            leg.answered = True
            self._up(leg)

    def dial_state(self, event: dict[str, Any]) -> None:
        """`Dial`: what becomes of a channel that is dialled."""
        leg = self._legs.all.get(event["peer"]["id"])
        if leg is not None:
            self._seen(leg)
            if event["dialstatus"] == "RINGING":
                self._ringing(leg)

    def hangs_up(self, event: dict[str, Any]) -> None:
        """`ChannelHangupRequest`: it is about to end, and this is why."""
        leg = self._legs.all.get(event["channel"]["id"])
        if leg is not None and leg.release is None:
            unanswered = not leg.kept.outgoing and leg.state != "up"
            leg.release = release_of(event, unanswered_caller=unanswered)

    def ended(self, event: dict[str, Any]) -> None:
        """`StasisEnd`, `ChannelDestroyed`: the leg is no more."""
        leg = self._legs.all.get(event["channel"]["id"])
        if leg is None:
            return
        unanswered = not leg.kept.outgoing and leg.state != "up"
        self._legs.gone(leg, leg.release or release_of(event, unanswered_caller=unanswered))

    def digit(self, event: dict[str, Any]) -> None:
        """`ChannelDtmfReceived`."""
        leg = self._legs.all.get(event["channel"]["id"])
        if leg is not None:
            duration_ms = event.get("duration_ms", 0)
            self._legs.tell(Digit(leg.leg_id, digit=event["digit"], duration_ms=duration_ms))

    # Steps of it.

    def _seen(self, leg: AriLeg) -> None:
        if not leg.seen:
            leg.seen = True
            kept = leg.kept
            seen = LegSeen(leg.leg_id, device=kept.device, ani=kept.ani, dnis=kept.dnis)
            self._legs.tell(seen)

    def _ringing(self, leg: AriLeg) -> None:
        if leg.state == "seen":
            leg.state = "ringing"
            self._legs.tell(LegRinging(leg.leg_id))

    def _up(self, leg: AriLeg) -> None:
        self._seen(leg)
        if leg.state != "up":
            leg.state = "up"
            self._legs.tell(LegUp(leg.leg_id))
