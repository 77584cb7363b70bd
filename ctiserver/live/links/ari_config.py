"""What an operator says of his Asterisk: where it is, and what it calls things (docs/asterisk.md).

Numbers are E.164 inside (`+4930100`); carriers and phones write them in many ways. How one way is
turned into the other is a table of prefixes, of which the longest that fits counts:
`{"00": "+", "0": "+49"}` makes `+4930100` of `004930100` and of `030100`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias

import msgspec

from ctiserver.live.secret import Secret

Prefixes: TypeAlias = dict[str, str]
"""What replaces the beginning of a number; `""` fits every number."""

_DIGITS = re.compile(r"[0-9]+")
_WITHHELD = ("anonymous", "restricted", "unavailable", "unknown")
CALL_INFO = {"Call-Info": "<sip:offhook>;answer-after=0", "Alert-Info": "info=alert-autoanswer"}
"""The SIP headers by which most phones are told to answer by themselves."""


def rewritten(number: str, prefixes: Prefixes) -> str:
    """Replace the longest prefix that fits; a number that none fits stays as it is."""
    fitting = [prefix for prefix in prefixes if number.startswith(prefix)]
    if not fitting:
        return number
    prefix = max(fitting, key=len)
    return prefixes[prefix] + number.removeprefix(prefix)


def number_in(text: str, prefixes: Prefixes) -> str:
    """Give a number that Asterisk tells as our files write it; `""` when it is withheld.

    What is E.164 already, or no number at all (the name in a SIP address), stays as it is.
    """
    if text.lower() in _WITHHELD:
        return ""
    return rewritten(text, prefixes) if _DIGITS.fullmatch(text) else text


class AriTrunk(msgspec.Struct, frozen=True):
    """Lines to the public network: device `trunk:<name>`.

    `endpoint` is the Asterisk endpoint on which calls come in, `PJSIP/carrier`. `dial` is how one
    goes out, `PJSIP/{number}@carrier`. `incoming` makes E.164 of the numbers that come in on it,
    `outgoing` makes of E.164 what it wants to be dialled.
    """

    name: str
    endpoint: str
    dial: str
    incoming: Prefixes = {}
    outgoing: Prefixes = {}

    @property
    def device(self) -> str:
        """The trunk's device id."""
        return f"trunk:{self.name}"

    def number_in(self, text: str) -> str:
        """Give a calling or dialled number that came in on it in E.164."""
        return number_in(text, self.incoming)

    def number_out(self, number: str) -> str:
        """Write a number as it wants to be told it, dialled or shown."""
        return rewritten(number, self.outgoing)

    def endpoint_for(self, number: str) -> str:
        """Give what Asterisk is to dial for a number in E.164."""
        return self.dial.replace("{number}", self.number_out(number))


class AriConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One Asterisk, as the section `link: asterisk:` of a server's file tells it."""

    url: str
    """Where its REST interface is: `http://127.0.0.1:8088/ari`."""
    user: str
    password: Secret
    application: str = "offhook"
    """The name that the dialplan gives to `Stasis()`."""
    authority: Path | None = None
    """The certificate by which an https URL is checked; None: those this machine knows."""
    trunks: tuple[AriTrunk, ...]
    """Of these the first dials out."""
    station_dial: str = "PJSIP/{station}"
    """How a phone is dialled: `station:1001` is `PJSIP/1001`."""
    station_numbers: Prefixes = {}
    """What makes E.164 of a number that was dialled on a phone: `{"0": "+49"}`."""
    voice_units: dict[str, int] = {}
    """How many callers each group of voice units serves at once: `{"ivr": 10}` is `group:ivr`."""
    sounds: dict[str, str] = {}
    """What Asterisk is to play for a sound of ours: `{"sound:sales-1": "sound:queue-thankyou"}`.

    Several come after one another: `sound:please,sound:wait`. What is not named is unchanged.
    """
    music: dict[str, str] = {}
    """The class of music on hold for music of ours: `{"hold": "jazz"}`; else it is `default`."""
    auto_answer: dict[str, str] = msgspec.field(default_factory=CALL_INFO.copy)
    """The SIP headers that tell a phone to answer by itself."""
    recording_format: str = "wav"

    def trunk_of(self, endpoint: str) -> AriTrunk | None:
        """Give the trunk whose calls come in on an endpoint (`PJSIP/carrier`), if it is one."""
        return next((trunk for trunk in self.trunks if trunk.endpoint == endpoint), None)

    def station_endpoint(self, station: str) -> str:
        """Give what Asterisk is to dial for a phone: `1001` is `PJSIP/1001`."""
        return self.station_dial.replace("{station}", station)

    def station_number(self, text: str) -> str:
        """Give a number that was dialled on a phone as our files write it."""
        return number_in(text, self.station_numbers)

    def media(self, uri: str) -> str:
        """Give what Asterisk is to play for a sound of ours."""
        return self.sounds.get(uri, uri)

    def music_class(self, uri: str) -> str:
        """Give the class of music on hold for `music:…`."""
        return self.music.get(uri.removeprefix("music:"), "default")
