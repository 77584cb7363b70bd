"""Python's collector of cyclic garbage, kept from stopping the calls.

A full collection goes through all objects that there are: with the agents, the calls and the
latest events of a large centre it takes a quarter of a second in which nothing is answered. What
is there at the start stays anyway, and the engine makes next to no cycles: what it lets go of is
freed at once, by its count of references.
"""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (700, 10, 2_000)
"""Young objects are looked at as ever; all of them only after fourteen million new ones."""


def calm_collector() -> None:
    """Leave out from now on what is there, and look at all the rest seldom; for a whole process.

    To be called when the server has started.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
