"""What an agent has done since log-on, for the agent's own screen (features A18)."""

from __future__ import annotations

import msgspec

from csta.acd_events import RefusalReason
from csta.ids import wire_name
from csta.instants import Instant, Milliseconds


class AgentFigures(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """One agent's counts and times since log-on.

    The times are whole milliseconds, up to the instant of the question; ready, not ready, busy and
    work add up to the time logged on. `talk_ms` is of ended calls from queues, hold included;
    `handled_ms_mean` is talk and work by the calls that have ended, None before the first.
    `missed` counts offers that came to nothing on the agent's side.
    """

    logged_on_at: Instant
    logged_on_ms: Milliseconds
    ready_ms: Milliseconds = 0
    not_ready_ms: Milliseconds = 0
    busy_ms: Milliseconds = 0
    work_ms: Milliseconds = 0
    talk_ms: Milliseconds = 0
    calls_handled: int = 0
    handled_ms_mean: Milliseconds | None = None
    missed: dict[RefusalReason, int] = {}
