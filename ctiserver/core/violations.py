"""What is wrong in an engine, as the predicates of the audits tell it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """What an invariant may be violated by."""

    AGENT = "agent"
    CALL = "call"
    LEG = "leg"
    QUEUE = "queue"
    ENGINE = "engine"


class Violation(msgspec.Struct, frozen=True):
    """One thing that is wrong: the invariant by its id in reliability §3, whose it is, what is."""

    invariant: str
    kind: Kind
    entity_id: str
    sentence: str
    evidence: dict[str, Any] = {}
