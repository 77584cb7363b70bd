"""Causes: what Asterisk says of a channel's end, and what is said to it (cti-api §7.10.4)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec

from csta.causes import BY_Q850, Cause

_NORMAL_CLEARING: Final = 16
_RELEASED_BY_US: Final = 32
"""Asterisk's soft hang-up flag: a request was made to it, nobody has hung up by himself."""
_INTERWORKING: Final = 127
_REQUEST_TERMINATED: Final = 487
_SIP_ERRORS: Final = range(400, 700)

_Q850: Final[dict[Cause, int]] = {
    **{cause: q850 for q850, cause in sorted(BY_Q850.items(), reverse=True)},
    Cause.CALL_CANCELLED: _NORMAL_CLEARING,
    Cause.CALL_NOT_ANSWERED: 19,
    Cause.NORMAL: 31,
}
"""What a release of ours is called in Q.850; anything else is normal clearing."""

_OF_REPLY: Final = {
    HTTPStatus.BAD_REQUEST: Cause.INVALID_NUMBER_FORMAT,
    HTTPStatus.NOT_FOUND: Cause.DEST_NOT_OBTAINABLE,
    HTTPStatus.INTERNAL_SERVER_ERROR: Cause.DEST_NOT_OBTAINABLE,
}
"""Why a dial was refused: 500 is what an endpoint that is not registered gives."""


class Release(msgspec.Struct, frozen=True):
    """Why a channel has ended: the members of `LegGone`."""

    cause: Cause = Cause.NORMAL_CLEARING
    q850: int | None = None
    sip_status: int | None = None


def release_of(event: dict[str, Any], *, unanswered_caller: bool) -> Release:
    """Read why a channel ends from `ChannelHangupRequest` or `ChannelDestroyed`.

    A caller who hangs up before the answer has given up; with 0 or no cause it is a plain hang-up.
    """
    q850, sip = event.get("cause"), event.get("tech_cause")
    if q850 == _RELEASED_BY_US and event.get("soft"):
        q850 = None
    sip_status = sip if sip in _SIP_ERRORS else None
    if unanswered_caller and q850 in (None, 0, _NORMAL_CLEARING, _INTERWORKING):
        return Release(Cause.CALL_CANCELLED, q850 or None, sip_status)
    if not q850 or sip == _REQUEST_TERMINATED:
        return Release(Cause.NORMAL_CLEARING, q850 or None, sip_status)
    cause = Cause.NORMAL if q850 == _INTERWORKING else BY_Q850.get(q850, Cause.NORMAL)
    return Release(cause, q850, sip_status)


def refusal_of(status: int) -> Cause:
    """Say why a leg could not be made, by the HTTP status of the reply."""
    return _OF_REPLY.get(HTTPStatus(status), Cause.RESOURCES_NOT_AVAILABLE)


def q850_of(cause: Cause) -> int:
    """Give the Q.850 number with which a leg is released."""
    return _Q850.get(cause, _NORMAL_CLEARING)
