"""What a check of `offhook doctor` says."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Health(StrEnum):
    """How a thing is."""

    WELL = "ok"
    WARNING = "warning"
    ILL = "fault"


class Look(msgspec.Struct, frozen=True):
    """What one check has found; `mend` says what to do, where there is something to do."""

    what: str
    health: Health
    says: str
    mend: str = ""
