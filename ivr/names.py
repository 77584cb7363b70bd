"""The names that conditions and prompts may use: variables, visits, and facts of the world."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from ivr.config import CollectStep, Flow, SetStep

FACTS: Final = (
    "caller.number",
    "caller.dialled",
    "customer.tier",
    "customer.language",
    "customer.known",
    "customer.agent",
)
QUEUE_FACTS: Final = ("waiting", "agents_ready", "agents_logged_on", "position")

_QUEUE_PARTS = 3


def variables_of(flow: Flow) -> tuple[str, ...]:
    """List the variables that some step of the flow collects or sets, in the order of the file."""
    found: dict[str, None] = {}
    for step in flow.steps.values():
        if isinstance(step, CollectStep):
            found[step.name] = None
        elif isinstance(step, SetStep):
            found |= dict.fromkeys(step.variables)
    return tuple(found)


def queue_of(name: str) -> str | None:
    """Give the queue that a fact is about: `sales` of `queue.sales.waiting`."""
    parts = name.split(".")
    return parts[1] if parts[0] == "queue" and len(parts) == _QUEUE_PARTS else None


def is_known(name: str, flow: Flow, variables: Collection[str]) -> bool:
    """Tell whether a name can have a value in this flow."""
    kind, dot, rest = name.partition(".")
    if not dot:
        return name in variables
    if kind == "visits":
        return rest in flow.steps
    if kind == "queue":
        return queue_of(name) is not None and name.rpartition(".")[2] in QUEUE_FACTS
    return name in FACTS


def suggest(name: str, flow: Flow, variables: Collection[str]) -> str:
    """Say which name may have been meant, or what there is."""
    queue = name.split(".")[1] if name.startswith("queue.") else "NAME"
    facts = [*FACTS, *(f"queue.{queue}.{fact}" for fact in QUEUE_FACTS)]
    known = [*variables, *facts, *(f"visits.{node}" for node in flow.steps)]
    close = get_close_matches(name, known, n=1)
    return close[0] if close else f"one of: {', '.join([*variables, *facts, 'visits.NODE'])}"
