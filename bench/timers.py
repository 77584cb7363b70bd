"""The agenda of deadlines: one is added and cancelled again, beside many that stay."""

from __future__ import annotations

import random

from bench.figures import Measured, Stopwatch
from csta.instants import HOUR, Agenda


def measure(*, pending: int, pairs: int, seed: int) -> dict[str, Measured]:
    """Add and cancel one deadline after the other, with so many pending."""
    generator = random.Random(seed)  # noqa: S311 - a benchmark keeps no secrets
    agenda: Agenda[tuple[str, int]] = Agenda()
    for number in range(pending):
        agenda.set(("stays", number), generator.randrange(HOUR))
    added = [(("goes", number), generator.randrange(HOUR)) for number in range(pairs)]
    watch = Stopwatch()
    with watch.running():
        for key, at in added:
            agenda.set(key, at)
            agenda.cancel(key)
    assert len(agenda) == pending, "a deadline was lost"
    return {"pairs": Measured(pairs, watch.cpu_s)}
