"""JSON Web Tokens of people: signed by somebody who is trusted, checked here (reliability §6.3).

Only EdDSA and RS256 count, each key for its own algorithm. A token that brings its own key, or the
address of one, is refused; so is one that lasts longer than it may, or was issued before its user
was told to log on again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from csta.instants import MINUTE, SECOND, Instant, Milliseconds
from ctiserver.core.principals import Principal, Role
from ctiserver.live.grants import granted_scopes

LIFE_MS_MAX: Milliseconds = 15 * MINUTE
LEEWAY_MS: Milliseconds = 5 * SECOND
"""How far the clocks of who issues and who checks may be apart."""
AUDIENCE: Final = "cti"

_RSA_BITS_MIN: Final = 2_048
_BRINGS_A_KEY: Final = ("jku", "jwk", "x5u", "x5c")
_TOKEN_CHARS_MAX: Final = 8_192

PublicKey: TypeAlias = Ed25519PublicKey | RSAPublicKey


class TokenError(Exception):
    """A token that does not count; the sentence is for the log, not for who sent it."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says; instants are seconds here, as the standard has them."""

    sub: str
    iat: float
    nbf: float
    exp: float
    role: Role
    tenant: str = "default"
    scopes: str | tuple[str, ...] | None = None
    agent: str | None = None
    devices: tuple[str, ...] = ()
    teams: str | tuple[str, ...] = ()
    """Queues, or `all`."""


class JwtVerifier:
    """Checks tokens of one issuer."""

    def __init__(
        self,
        issuer: str,
        keys: Mapping[str, PublicKey],
        *,
        life_ms_max: Milliseconds = LIFE_MS_MAX,
        not_before: Mapping[str, Instant] | None = None,
    ) -> None:
        """Trust these keys, by their `kid`; `not_before` refuses older tokens of a `sub`."""
        self._issuer = issuer
        self._keys = dict(keys)
        self._life_ms_max = life_ms_max
        self._not_before = dict(not_before or {})

    def find(self, token: str, now: Instant) -> Principal:
        """Give who a token stands for.

        Raises:
            TokenError: it does not count.
        """
        if len(token) > _TOKEN_CHARS_MAX:
            raise TokenError("the token is too long")
        try:
            claims = msgspec.convert(self._decode(token), Claims)
        except (jwt.PyJWTError, msgspec.ValidationError) as error:
            raise TokenError(str(error)) from error
        self._check_times(claims, now)
        if claims.role is Role.AGENT and claims.agent is None:
            raise TokenError("a token of an agent names none")
        return Principal(
            name=f"agent:{claims.agent}" if claims.agent else f"user:{claims.sub}",
            role=claims.role,
            scopes=granted_scopes(claims.role, _words(claims.scopes)),
            tenant=claims.tenant,
            agent_id=claims.agent,
            devices=claims.devices,
            teams=_teams(claims.teams),
            expires_at=round(claims.exp * SECOND),
        )

    def _decode(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if any(name in header for name in _BRINGS_A_KEY):
            raise TokenError("the token brings a key of its own")
        key = self._keys.get(str(header.get("kid")))
        if key is None:
            raise TokenError("the token is signed with a key that is not known")
        decoded: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm_of(key)],
            audience=AUDIENCE,
            issuer=self._issuer,
            # Times are compared below, with the clock that everything else here goes by.
            options={
                "require": ["aud", "exp", "iat", "iss", "nbf", "sub"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        return decoded

    def _check_times(self, claims: Claims, now: Instant) -> None:
        if not all(map(math.isfinite, (claims.iat, claims.nbf, claims.exp))):
            raise TokenError("a time of the token is no number")
        issued, expires = claims.iat * SECOND, claims.exp * SECOND
        if expires <= now - LEEWAY_MS:
            raise TokenError("the token has expired")
        if max(issued, claims.nbf * SECOND) > now + LEEWAY_MS:
            raise TokenError("the token does not count yet")
        if expires - issued > self._life_ms_max:
            raise TokenError("the token lasts too long")
        if issued < self._not_before.get(claims.sub, 0):
            raise TokenError("the token is from before its user was told to log on again")


def read_public_key(pem: bytes) -> PublicKey:
    """Read a public key: Ed25519, or RSA of at least 2048 bits.

    Raises:
        ValueError: it is none of these.
    """
    key = load_pem_public_key(pem)
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, RSAPublicKey) and key.key_size >= _RSA_BITS_MIN:
        return key
    raise ValueError("this is neither an Ed25519 key nor an RSA key of 2048 bits or more")


def algorithm_of(key: PublicKey) -> str:
    """Name the one algorithm that a key is for."""
    return "EdDSA" if isinstance(key, Ed25519PublicKey) else "RS256"


def _words(scopes: str | tuple[str, ...] | None) -> tuple[str, ...] | None:
    return tuple(scopes.split()) if isinstance(scopes, str) else scopes


def _teams(teams: str | tuple[str, ...]) -> tuple[str, ...] | None:
    if isinstance(teams, str):
        return None if teams == "all" else (teams,)
    return teams
