"""Who asks: an API key, a token or a password becomes a principal, or is refused (cti-api §7.8).

A refusal never says what was wrong with a token; the log does.
"""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Final

import structlog

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import Instant
from ctiserver.core.principals import Principal
from ctiserver.live.access_file import Access
from ctiserver.live.api_keys import PREFIX, KeyRing
from ctiserver.live.audit_trail import AuditTrail
from ctiserver.live.jwt_tokens import TokenError
from ctiserver.live.passwords import Passwords
from ctiserver.live.rate_limits import LockOut, RateLimits
from ctiserver.live.secret import Secret

_CHECKS_AT_ONCE: Final = 2
_log = structlog.get_logger(__name__)


class Authenticator:
    """Finds out who asks, by one access file; `now` is the wall clock."""

    def __init__(self, access: Access, limits: RateLimits, *, now: Callable[[], Instant]) -> None:
        """Know who there is."""
        self._limits = limits
        self._now = now
        self._lock_out = LockOut()
        self.trail: AuditTrail | None = None
        """Where log-ins with a password are noted, once there is an engine to tell of them."""
        self._checking = asyncio.Semaphore(_CHECKS_AT_ONCE)
        self.use(access)

    def use(self, access: Access) -> None:
        """Go by another access file from now on: a key that is revoked there does not count."""
        self._access = access
        self._keys = KeyRing(access.keys, access.pepper)
        self._passwords = Passwords(access.password_hashes)

    def authenticate(self, token: str, address: str) -> Principal:
        """Tell whose API key or JSON Web Token it is.

        Raises:
            CtiError: `unauthenticated`, or `rateLimited` after many wrong ones from the address.
        """
        now = self._now()
        self._limits.check_tokens(address, now)
        found = self._find(token, address, now)
        if found is None or found.tenant != self._access.tenant:
            self._limits.wrong_token(address, now)
            raise _unknown("the token does not count")
        return found

    def of_curve_key(self, public: str) -> Principal | None:
        """Tell who the public key of a ZeroMQ client stands for; None: nobody."""
        return self._access.curve_keys.get(public)

    def of_mqtt_user(self, user: str) -> Principal | None:
        """Tell who a user of the MQTT broker is, which has proved it; None: nobody."""
        return self._access.mqtt_users.get(user)

    async def log_in(self, agent_id: str, password: Secret, address: str) -> Principal:
        """Let an agent in by password; the hash is computed beside the loop.

        Raises:
            CtiError: `unauthenticated`, or `rateLimited` when too many tries have failed, for this
                agent or from this address.
        """
        try:
            found = await self._log_in(agent_id, password, address)
        except CtiError as error:
            _log.warning("log-in refused", agent=agent_id, address=address, why=error.value)
            if self.trail is not None:
                self.trail.logged_in(f"agent:{agent_id}", address, error)
            raise
        if self.trail is not None:
            self.trail.logged_in(found.name, address)
        return found

    async def _log_in(self, agent_id: str, password: Secret, address: str) -> Principal:
        keys = (f"agent {agent_id}", f"address {address}")
        for key in keys:
            self._lock_out.check(key, self._now())
        async with self._checking:
            for key in keys:  # others may have failed while this one waited
                self._lock_out.check(key, self._now())
            fits = await asyncio.to_thread(self._passwords.fits, agent_id, password)
        if not fits:
            for key in keys:
                self._lock_out.failed(key, self._now())
            raise _unknown("agent or password are not right")
        self._lock_out.succeeded(keys[0])
        return self._access.agents[agent_id]

    async def of_header(self, authorization: str, address: str) -> Principal:
        """Tell who sends an `Authorization` header: `Bearer` a token, or `Basic` agent, password.

        Raises:
            CtiError: `unauthenticated`, or `rateLimited`.
        """
        scheme, _, value = authorization.strip().partition(" ")
        if scheme.lower() == "bearer":
            return self.authenticate(value.strip(), address)
        if scheme.lower() != "basic":
            raise _unknown("send Authorization: Bearer and a token")
        try:
            agent_id, mark, password = b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            mark = ""
        if not mark:
            raise _unknown("the header is not written as RFC 7617 says")
        return await self.log_in(agent_id, Secret(password), address)

    def _find(self, token: str, address: str, now: Instant) -> Principal | None:
        if token.startswith(PREFIX):
            found = self._keys.find(token, address, now)
            if found is None:
                _log.warning("API key refused", address=address)
            return found
        if self._access.tokens is None:
            return None
        try:
            return self._access.tokens.find(token, now)
        except TokenError as error:
            _log.warning("token refused", address=address, why=str(error)[:200])
            return None


def check_not_expired(who: Principal, now: Instant) -> None:
    """Refuse somebody whose token has expired since.

    Raises:
        CtiError: `unauthenticated`.
    """
    if who.expires_at is not None and now >= who.expires_at:
        raise _unknown("the token has expired")


def _unknown(detail: str) -> CtiError:
    return CtiError(ErrorCategory.CTI, ErrorValue.UNAUTHENTICATED, detail)
