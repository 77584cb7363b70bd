"""The collector of garbage does not go through a whole centre while calls are answered."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from ctiserver.live.collector import calm_collector

there = [[number] for number in range(1_000)]
calm_collector()
assert gc.get_freeze_count() > len(there)
full = gc.get_stats()[2]["collections"]
new = [[number] for number in range(200_000)]
assert gc.get_stats()[2]["collections"] == full
assert gc.get_stats()[1]["collections"] > 0
"""


def test_what_is_there_at_the_start_is_not_looked_at_again() -> None:
    """In a process of its own, as it is for a whole process."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
