"""What is to be played, as Asterisk plays it: prompts, figures, music, ringing."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import parse_qsl

import msgspec

from ctiserver.live.links.ari_config import AriConfig

HOLD_MUSIC: Final = "music:hold"
_RINGBACK: Final = "tone:ringback"
_PLAYABLE: Final = ("sound:", "recording:", "number:", "digits:", "characters:")
"""What ends by itself. Asterisk takes any other word as well, and never tells of an end."""
_MINUTE_S: Final = 60


class Sound(msgspec.Struct, frozen=True):
    """What plays: media for `play`, a class of music, or ringing."""

    kind: Literal["media", "music", "ringing"]
    media: str = ""


def sound_of(uri: str, config: AriConfig) -> Sound | None:
    """Say how Asterisk plays `sound:…`, `say:…`, `tone:ringback`, `music:…`; None: it cannot."""
    if uri.startswith("music:"):
        return Sound("music", config.music_class(uri))
    if uri == _RINGBACK:
        return Sound("ringing")
    media = config.media(uri)
    if media.startswith("say:"):
        media = _said(media)
    if all(part.startswith(_PLAYABLE) for part in media.split(",")):
        return Sound("media", media)
    return None


def _said(uri: str) -> str:
    """Give the prompts that say a caller's place or wait (`ctiserver/core/announcing.py`).

    They are those that Asterisk itself says in its queues.
    """
    what, _, rest = uri.removeprefix("say:").partition("?")
    figures = {name: int(value) for name, value in parse_qsl(rest) if value.isdecimal()}
    if what == "position":
        n = figures.get("n", 1)
        if n == 1 and not figures.get("more_than"):
            return "sound:queue-youarenext"
        return f"sound:queue-thereare,number:{n},sound:queue-callswaiting"
    if what == "wait":
        minutes = -(-figures.get("seconds", 0) // _MINUTE_S) or 1
        unit = "queue-minute" if minutes == 1 else "queue-minutes"
        return f"sound:queue-holdtime,number:{minutes},sound:{unit}"
    return ""
