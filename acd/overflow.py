"""When the next step of a recipe is due, and where it leads."""

from __future__ import annotations

from acd.config import Step
from acd.queue import WaitingCall
from csta.instants import Instant


def next_step(call: WaitingCall) -> tuple[Instant, Step] | None:
    """Give the next step of the call's present queue and its instant, or None.

    Steps count from the instant at which the call entered this queue, so that a call that
    overflows is not at once overdue in the second one.
    """
    steps = call.queue.config.steps
    if call.step >= len(steps):
        return None
    step = steps[call.step]
    return call.entered_at + step.after_ms, step
