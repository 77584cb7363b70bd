"""The `Gate` of a server: rights, rates, masking and the audit trail of one engine (§7.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from csta.device_services import SetAgentState
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import Instant
from csta.service_request import ServiceRequest
from ctiserver.core.call_history import CallHistory
from ctiserver.core.event_facts import EventFacts, facts_of
from ctiserver.core.masking import Envelopes, Masking
from ctiserver.core.permissions import check
from ctiserver.core.principals import Principal
from ctiserver.core.reach import Reach
from ctiserver.core.visibility import sees, sees_object
from ctiserver.live.audit_trail import AuditTrail
from ctiserver.live.auth import check_not_expired
from ctiserver.live.event_log import Logged
from ctiserver.live.ports import EngineHost
from ctiserver.live.rate_limits import RateLimits


class Gatekeeper:
    """Lets requests in and events out; make it before the sessions: it hears of events first."""

    def __init__(
        self,
        host: EngineHost,
        limits: RateLimits,
        *,
        now: Callable[[], Instant],
        masking: Masking | None = None,
    ) -> None:
        """Stand before one engine; `now` is the wall clock."""
        self._host = host
        self._limits = limits
        self._now = now
        self._masking = masking or Masking()
        self.envelopes = Envelopes(self._masking)
        self._latest: Logged | None = None
        self._facts: EventFacts | None = None
        self.history = CallHistory()
        for call in host.engine.model.calls.values():
            self.history.begin(host.log.last, call.call_id, call.connections)
        self.reach = Reach(host.engine, self.history)
        self.trail = AuditTrail(host.submit, now)
        host.log.listeners.insert(0, self._note)

    def admit(self, principal: Principal, service: str) -> None:
        """Count a request of somebody whose token still counts.

        Raises:
            CtiError: `unauthenticated`, or `rateLimited`.
        """
        now = self._now()
        check_not_expired(principal, now)
        self._limits.admit(principal, service, now)

    def check(self, principal: Principal, request: ServiceRequest) -> None:
        """Look whether a principal may ask for this now.

        Raises:
            CtiError: `forbidden`; `parameterNotSupported` for a password, which would stand in
                the journal: who asks has proved it when he logged in.
        """
        check(principal, type(request).__name__, request, self._host.engine)
        if isinstance(request, SetAgentState) and request.password is not None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.PARAMETER_NOT_SUPPORTED,
                "SetAgentState: 'password' is not supported here; log in with it instead",
            )

    def refused(
        self, principal: Principal, service: str, params: dict[str, Any], error: CtiError
    ) -> None:
        """Note, for the audit trail, a request that never came to the engine."""
        self.trail.refused(principal.name, service, params, error)

    def sees(self, principal: Principal, logged: Logged) -> bool:
        """Tell whether an event may be seen; for many at once its facts are read once."""
        if logged is not self._latest:
            self._latest, self._facts = logged, facts_of(logged.event)
        assert self._facts is not None, "an event has its facts"
        return sees(principal, self._facts, self.reach)

    def sees_object(self, principal: Principal, kind: str, name: str) -> bool:
        """Tell whether a part of a snapshot may be seen: a call, agent, device, acd or link."""
        return sees_object(principal, kind, name, self.reach)

    def envelope(self, principal: Principal, logged: Logged) -> bytes:
        """Give an event's envelope as this principal may read it."""
        return self.envelopes.for_(logged, principal)

    def masked(self, principal: Principal, answer: bytes) -> bytes:
        """Give the JSON of a result, or of a state, as this principal may read it."""
        return self._masking.answer(principal, answer)

    def _note(self, batch: Sequence[Logged]) -> None:
        self.history.note(logged.event for logged in batch)
