"""Tells the engine of requests that were refused before they reached it (cti-api §7.8).

Requests that the engine takes it tells of itself, in their own step (`audits_requests`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from csta.errors import CtiError, ErrorValue
from csta.instants import MINUTE, Instant, Milliseconds
from ctiserver.core import audit_records
from ctiserver.core.inputs import Audited

AGAIN_MS: Milliseconds = MINUTE
"""How long refusals for asking too often are told of once: else they would fill the journal."""

LOG_IN: Final = "LogIn"
"""What a log-in with a password is called in the trail: it is no service."""

_KEPT_MAX: Final = 10_000


class AuditTrail:
    """Writes refusals; who floods the server writes a line a minute."""

    def __init__(self, submit: Callable[[Audited], object], now: Callable[[], Instant]) -> None:
        """Hand records to an engine's host."""
        self._submit = submit
        self._now = now
        self._told: OrderedDict[str, Instant] = OrderedDict()

    def refused(
        self, principal: str | None, service: str, params: Mapping[str, Any], error: CtiError
    ) -> None:
        """Note a request that was refused, and by whom it was asked."""
        if error.value is ErrorValue.RATE_LIMITED and not self._is_news(principal or ""):
            return
        self._submit(audit_records.outside(service, principal, params, error))

    def logged_in(self, principal: str, address: str, error: CtiError | None = None) -> None:
        """Note that somebody has logged in, or was not let in."""
        params = {"address": address}
        if error is None:
            self._submit(audit_records.outside(LOG_IN, principal, params, None))
        else:
            self.refused(principal, LOG_IN, params, error)

    def _is_news(self, principal: str) -> bool:
        now = self._now()
        told_at = self._told.get(principal)
        if told_at is not None and now - told_at < AGAIN_MS:
            return False
        self._told[principal] = now
        self._told.move_to_end(principal)
        if len(self._told) > _KEPT_MAX:
            self._told.popitem(last=False)
        return True
