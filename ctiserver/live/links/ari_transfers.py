"""Transfers by the key of a SIP phone (REFER): the engine decides, and the phone hears of it.

Asterisk moves nobody by itself: it leaves every REFER on our channels to the application.
"""

from __future__ import annotations

from typing import Any, Final

from ctiserver.core.switch_link import RefuseTransfer, TransferAsked
from ctiserver.live.links.ari_legs import AriLeg, AriLegs
from ctiserver.live.links.ari_requests import path_of

OURS: Final = {"PJSIP_TRANSFER_HANDLING()": "ari-only"}
"""The variable of a channel by which Asterisk does so."""


class Transfers:
    """Tells what phones ask for, and tells them what comes of it."""

    def __init__(self, legs: AriLegs) -> None:
        """Work on these legs."""
        self._legs = legs

    def ours(self, leg: AriLeg) -> None:
        """Let Asterisk leave the transfers of a phone that has dialled to us."""
        (variable, value), *_ = OURS.items()
        self._legs.ask("POST", leg.path("variable"), {"variable": variable, "value": value})

    def asked(self, event: dict[str, Any]) -> None:
        """`ChannelTransfer`: a phone asks for one; with a `state`, it is only what we have said."""
        if "state" in event:
            return
        channel, to = event["referred_by"]["source_channel"]["id"], event["refer_to"]
        leg = self._legs.all.get(channel)
        if leg is None:
            self._tell_phone(channel, "channel_declined")
            return
        leg.transfers = leg.leg_id
        wanted, other = to.get("requested_destination", {}), to.get("destination_channel")
        if other is not None:
            if other["id"] in self._legs.all:
                self._legs.all[other["id"]].transfers = leg.leg_id
            self._legs.tell(TransferAsked(leg.leg_id, to=other["id"]))
        elif "protocol_id" in wanted:
            self._end(leg, "channel_declined")  # to a call that is in another Asterisk
        else:
            dialled = self._legs.config.station_number(wanted.get("destination", ""))
            self._legs.tell(TransferAsked(leg.leg_id, number=dialled))

    def refuse(self, command: RefuseTransfer) -> None:
        """Let the phone show that its call stays."""
        leg = self._legs.all.get(command.leg)
        if leg is not None:
            self._end(leg, "channel_declined")

    def done(self, leg: AriLeg) -> None:
        """A leg is about to be released: if its phone has asked for a transfer, that was it.

        The phone is to hear so before its calls end, the first of two as well.
        """
        self._end(leg, "channel_answered")

    def _end(self, leg: AriLeg, state: str) -> None:
        asking = leg.transfers
        if asking:
            for each in self._legs.all.values():
                if each.transfers == asking:
                    each.transfers = ""
            self._tell_phone(asking, state)

    def _tell_phone(self, channel: str, state: str) -> None:
        path = path_of("channels", channel, "transfer_progress")
        self._legs.ask("POST", path, {"states": state})
