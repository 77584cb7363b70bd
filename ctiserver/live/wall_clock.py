"""The wall clock, as instants; shells only look at it."""

from __future__ import annotations

import time

from csta.instants import Instant


def wall() -> Instant:
    """Give the present instant."""
    return time.time_ns() // 1_000_000
