"""Flows that several tests walk through, and how they are read."""

from __future__ import annotations

from ivr import Flow, load_flow, read_flow_text
from tests.repository import ROOT

EXAMPLES = ("bank", "main")
QUEUES = ("banking", "sales", "support")
ENDS = {"sales": "{queue: sales}", "person": "{queue: person}", "bye": "{hang_up: }"}
"""Exits that a test's flow may go to without writing them down."""


def example(name: str) -> Flow:
    """Read one of the flows that come with the product."""
    return load_flow(ROOT / "scenarios" / "library" / "flows" / f"{name}.yaml", QUEUES)


def flow_of(steps: str, top: str = "on_limit: sales", name: str = "test.yaml") -> Flow:
    """Read a flow from its steps, indented by two; the first one is the start.

    Line 1 is the flow's name, lines 2 and 3 are `start` and `top`, the steps begin in line 5.
    """
    steps = steps.strip("\n")
    for end, step in ENDS.items():
        if f": {end}" in steps and f"  {end}:" not in steps:
            steps += f"\n  {end}: {step}"
    first = steps.strip().partition(":")[0]
    return read_flow_text(f"flow: test\nstart: {first}\n{top}\nsteps:\n{steps}\n", name)
