"""What one caller's walk is told. Each input is one fact about the call."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from csta.customers import CustomerCard, Match


class Begun(msgspec.Struct, frozen=True, tag=True):
    """The call is answered by the menu: the walk enters its first node."""


class DigitPressed(msgspec.Struct, frozen=True, tag=True):
    """The caller pressed one key: `0` to `9`, `*` or `#`; anything else is ignored."""

    digit: str


class PlayEnded(msgspec.Struct, frozen=True, tag=True):
    """A prompt has been played to its end, or could not be played; stale ids are ignored."""

    play_id: str


class CallerGone(msgspec.Struct, frozen=True, tag=True):
    """The caller hung up."""


class CustomerFound(msgspec.Struct, frozen=True, tag=True):
    """A look-up came back; `Match.UNKNOWN` is a failing store and changes nothing."""

    card: CustomerCard | None
    match: Match


WalkInput: TypeAlias = Begun | DigitPressed | PlayEnded | CallerGone | CustomerFound
