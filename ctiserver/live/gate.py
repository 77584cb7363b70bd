"""What the transports and `CommandDesk` need of rights, rates, masking and the audit trail."""

from __future__ import annotations

from typing import Any, Protocol

from csta.errors import CtiError
from csta.service_request import ServiceRequest
from ctiserver.core.principals import Principal
from ctiserver.live.event_log import Logged


class Gate(Protocol):
    """Who may what, how often, and what of it they see (cti-api §7.8, reliability §6)."""

    def admit(self, principal: Principal, service: str) -> None:
        """Count a request.

        Raises:
            CtiError: it is one too many (rateLimited).
        """

    def check(self, principal: Principal, request: ServiceRequest) -> None:
        """Look whether a principal may ask for this now.

        Raises:
            CtiError: no (forbidden).
        """

    def refused(
        self, principal: Principal, service: str, params: dict[str, Any], error: CtiError
    ) -> None:
        """Note, for the audit trail, a request that never came to the engine."""

    def sees(self, principal: Principal, logged: Logged) -> bool:
        """Tell whether an event may be seen."""

    def sees_object(self, principal: Principal, kind: str, name: str) -> bool:
        """Tell whether a `call`, `agent`, `device`, `acd` or `link` may be seen as it is."""

    def envelope(self, principal: Principal, logged: Logged) -> bytes:
        """Give an event's envelope as this principal may read it."""

    def masked(self, principal: Principal, answer: bytes) -> bytes:
        """Give the JSON of a result, or of a state, as this principal may read it."""


class Authenticator(Protocol):
    """Finds out who asks."""

    def authenticate(self, token: str, address: str) -> Principal:
        """Tell whose token it is.

        Raises:
            CtiError: nobody's (unauthenticated), or there were too many tries (rateLimited).
        """

    async def of_header(self, authorization: str, address: str) -> Principal:
        """Tell who sends an `Authorization` header: `Bearer` a token, or `Basic` agent, password.

        Raises:
            CtiError: nobody (unauthenticated), or there were too many tries (rateLimited).
        """
