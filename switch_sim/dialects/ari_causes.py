"""Why a channel is no more: our causes as ITU-T Q.850 and SIP number them, and the other way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from csta.causes import BY_Q850, Cause

_Q850: dict[Cause, int] = {
    cause: number for number, cause in sorted(BY_Q850.items(), reverse=True)
} | {Cause.CALL_NOT_ANSWERED: 19}
_NORMAL_UNSPECIFIED = 31

_SIP: dict[int, int] = {
    1: 404,
    3: 404,
    17: 486,
    19: 480,
    20: 480,
    21: 603,
    27: 502,
    28: 484,
    34: 503,
    42: 503,
    127: 487,
}

_TEXTS: dict[int, str] = {
    1: "Unallocated (unassigned) number",
    2: "No route to specified transit network",
    3: "No route to destination",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    22: "Number changed",
    26: "Answered elsewhere",
    27: "Destination out of order",
    28: "Invalid number format",
    31: "Normal, unspecified",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    127: "Interworking, unspecified",
}

REASONS: Mapping[str, int] = MappingProxyType(
    {
        "normal": 16,
        "busy": 17,
        "congestion": 34,
        "no_answer": 19,
        "timeout": 18,
        "rejected": 21,
        "unallocated": 1,
        "normal_unspecified": 31,
        "number_incomplete": 28,
        "codec_mismatch": 88,
        "interworking": 127,
        "failure": 38,
        "answered_elsewhere": 26,
    }
)
"""The words that a hang-up may give as its reason."""


def q850_of(cause: Cause) -> int:
    """Number a cause as ITU-T Q.850 does."""
    return _Q850.get(cause, _NORMAL_UNSPECIFIED)


def cause_of(q850: int) -> Cause:
    """Give our cause for a number of ITU-T Q.850."""
    return BY_Q850.get(q850, Cause.NORMAL)


def sip_status_of(q850: int) -> int | None:
    """Give the SIP status that goes with it; None for a call that has ended well."""
    return _SIP.get(q850)


def text_of(q850: int) -> str:
    """Say it in words."""
    return _TEXTS.get(q850, "Unknown")
