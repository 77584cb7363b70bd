"""How long a link that was lost waits before it tries again."""

from __future__ import annotations

import secrets
from typing import Final

_WAITS_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0, *60 * (2.0,), 4.0, 8.0, 16.0, 30.0)
"""Before each try, beside the jitter; the last counts for all that follow.

Callers wait for a switch that was away for half a minute: for two minutes the pauses stay short.
"""
_JITTER: Final = 0.25


class BackOff:
    """Longer from one try to the next, until one has succeeded."""

    def __init__(self) -> None:
        """Begin with the shortest."""
        self._tries = 0

    def succeeded(self) -> None:
        """Begin anew with the shortest."""
        self._tries = 0

    def next_s(self) -> float:
        """Give how long to wait before the next try, in seconds."""
        wait_s = _WAITS_S[min(self._tries, len(_WAITS_S) - 1)]
        self._tries += 1
        return jittered(wait_s)


def jittered(wait_s: float) -> float:
    """Give about so long, a quarter more or less: not all are to try at the same moment."""
    return wait_s * (1 + _JITTER * secrets.SystemRandom().uniform(-1, 1))
