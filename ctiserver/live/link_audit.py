"""Asks a switch again what it has, while calls are silent for long: their ends may never have come.

The engine takes the answer as after a loss of the link: what agrees changes nothing (cti-api
§7.10.3). A switch in the same process loses nothing, and is not asked.
"""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from csta.instants import MINUTE, SECOND, Instant, Milliseconds
from ctiserver.core.calls import Call
from ctiserver.core.driver import Clock, Timer
from ctiserver.core.engine import Engine
from ctiserver.core.switch_link import SwitchLink

EVERY_MS: Final[Milliseconds] = 60 * SECOND
QUIET_MS: Final[Milliseconds] = 10 * MINUTE
"""So long has nothing happened in a call for which the switch is asked."""


@runtime_checkable
class AuditedLink(Protocol):
    """A link whose switch can be asked again what it has."""

    def audit(self) -> None:
        """Ask; what is found missing is told as observations, or a `LinkUp` tells of all legs."""


class LinkAudit:
    """Looks once a minute whether to ask."""

    def __init__(self, engine: Engine, clock: Clock, link: SwitchLink) -> None:
        """Look at an engine's calls; nothing happens before `start`."""
        self._engine = engine
        self._clock = clock
        self._link = link if isinstance(link, AuditedLink) else None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to look."""
        if self._link is not None:
            self._timer = self._clock.call_at(self._clock.now() + EVERY_MS, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self.start()
        now, calls = self._clock.now(), self._engine.model.calls.values()
        if self._link is not None and any(_is_quiet(call, now) for call in calls):
            self._link.audit()


def _is_quiet(call: Call, now: Instant) -> bool:
    last = max((connection.since for connection in call.connections.values()), default=now)
    return now - last >= QUIET_MS
