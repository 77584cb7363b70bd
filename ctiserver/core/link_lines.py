"""The lines between a switch in a process of its own and the one that controls it.

Each line is one JSON object. The controller begins with `Controls`; the switch answers with a
`LinkUp`, tells its observations from then on, and a `Heartbeat` every second.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from csta.instants import SECOND, Milliseconds
from ctiserver.core.switch_link import AnyCommand, AnyObservation

HEARTBEAT_MS: Final[Milliseconds] = SECOND
SILENCE_MS_MAX: Final[Milliseconds] = 3 * SECOND
"""A switch that is silent for so long is lost (reliability K1)."""
LINE_BYTES_MAX: Final = 16 * 1024 * 1024
"""A list of all legs is the longest line: about 200 bytes a leg."""


class Controls(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """Whoever sends this controls the switch from now on, in place of who did before."""


class Heartbeat(msgspec.Struct, frozen=True, tag_field="type", tag=True):
    """The switch is there."""


FromSwitch: TypeAlias = AnyObservation | Heartbeat
ToSwitch: TypeAlias = AnyCommand | Controls

_encoder = msgspec.json.Encoder()


def line_of(message: msgspec.Struct) -> bytes:
    """Write a message as a line."""
    return _encoder.encode(message) + b"\n"
