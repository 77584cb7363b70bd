"""Why an agent's phone did not take an offer: the switch's causes and the ACD's reasons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from csta.acd_events import RefusalReason
from csta.causes import Cause

REASON_OF_CAUSE: Mapping[Cause, RefusalReason] = MappingProxyType(
    {
        Cause.BUSY: RefusalReason.BUSY,
        Cause.DO_NOT_DISTURB: RefusalReason.BUSY,
        Cause.BLOCKED: RefusalReason.REJECTED,
        Cause.DEST_NOT_OBTAINABLE: RefusalReason.DEVICE_LOST,
        Cause.DEST_OUT_OF_ORDER: RefusalReason.DEVICE_LOST,
    }
)
"""Whatever else ends a leg that rings is no answer."""

CAUSE_OF_REASON: Mapping[RefusalReason, Cause] = MappingProxyType(
    {
        RefusalReason.NO_ANSWER: Cause.CALL_NOT_ANSWERED,
        RefusalReason.REJECTED: Cause.BLOCKED,
        RefusalReason.BUSY: Cause.BUSY,
        RefusalReason.DEVICE_LOST: Cause.DEST_NOT_OBTAINABLE,
    }
)
