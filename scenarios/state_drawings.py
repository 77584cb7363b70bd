"""Draws the state tables as Mermaid diagrams; `python -m scenarios.state_drawings` does it anew.

The tables are the truth; the page is drawn from them, and a test finds out when it is stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from agents.states import AGENT_STEPS, PHASE_STEPS, REQUESTS
from csta.states import CONNECTION_STEPS, AgentState, ConnectionState

State = TypeVar("State", bound=StrEnum)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "state-machines.md"


def drawing(steps: Mapping[State, frozenset[State]], start: State | None) -> str:
    """Draw a table of steps; a start is drawn with the dot from which everything begins."""
    lines = ["```mermaid", "stateDiagram-v2"]
    if start is not None:
        lines.append(f"    [*] --> {start.name}")
    for origin in type(next(iter(steps))):
        targets = steps[origin]
        lines += [
            f"    {origin.name} --> {target.name}" for target in type(origin) if target in targets
        ]
    return "\n".join([*lines, "```"])


def _requests() -> str:
    lines = ["| state | may ask for |", "|---|---|"]
    for state in AgentState:
        names = [f"`{asked.name}`" for asked in AgentState if asked in REQUESTS[state]]
        lines.append(f"| `{state.name}` | {', '.join(names) or 'log on'} |")
    return "\n".join(lines)


def page() -> str:
    """Write the page."""
    return f"""# State machines

Drawn from the tables in the code by `python -m scenarios.state_drawings`; do not edit by hand.

## Connections

`CONNECTION_STEPS` in `csta/states.py` (ECMA-269 §6.1.5). A connection begins and ends as
`{ConnectionState.NULL.name}`; a device that comes back to a call gets a new instance.

{drawing(CONNECTION_STEPS, ConnectionState.NULL)}

## Agents

`AGENT_STEPS` in `agents/states.py` (ECMA-269 §6.1.1.4). `NOT_READY` to itself is a change of
reason, `BUSY` to itself a change of phase.

{drawing(AGENT_STEPS, AgentState.NULL)}

What an agent may ask for (`REQUESTS`). From `{AgentState.BUSY.name}` it is kept as the pending
state and taken when the call, and the work after it, is done.

{_requests()}

## What a busy agent is busy with

`PHASE_STEPS` in `agents/states.py`. Every phase may be the first, and the end of the last call
ends `{AgentState.BUSY.name}` itself; so there is no beginning and no end here.

{drawing(PHASE_STEPS, None)}
"""


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
