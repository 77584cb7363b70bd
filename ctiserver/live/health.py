"""How the server does, in a few words: for load balancers, `offhook doctor` and people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

Probe = Callable[[], str | None]
"""Says what is wrong with a part, in a sentence; None: nothing."""


class Report(msgspec.Struct, frozen=True):
    """Whether the server works, and which of its parts do not."""

    status: Literal["ok", "degraded", "failed"]
    parts: dict[str, str]
    """`ok` or `faulty` by part; the sentences are for the log, they may name files and hosts."""


class Health:
    """Asks the parts of the server how they do, when it is asked."""

    def __init__(self) -> None:
        """Know of no parts."""
        self._needed: dict[str, Probe] = {}
        self._probes: dict[str, Probe] = {}

    def watch(self, part: str, probe: Probe, *, needed: bool = False) -> None:
        """Ask a part too; without one that is needed the server counts as failed."""
        self._probes[part] = probe
        if needed:
            self._needed[part] = probe

    def faults(self) -> dict[str, str]:
        """Give what is wrong, in sentences, by part."""
        found = {}
        for part, probe in self._probes.items():
            try:
                fault = probe()
            except Exception as error:  # noqa: BLE001 - a part that cannot say is not well
                fault = f"it cannot say how it does: {error!r}"
            if fault is not None:
                found[part] = fault
        return found

    def report(self) -> Report:
        """Tell how everything does."""
        faults = self.faults()
        parts = {part: "faulty" if part in faults else "ok" for part in self._probes}
        if not faults:
            return Report("ok", parts)
        return Report("failed" if self._needed.keys() & faults.keys() else "degraded", parts)
