"""API keys of programs: `ohk_<id>_<32 random bytes>`, kept as a keyed hash (reliability §6.3).

A key has so much entropy that its hash needs not be slow; the pepper, which lies elsewhere than the
hashes do, makes a stolen list worthless.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, TypeAlias

import msgspec

from csta.instants import Instant
from ctiserver.core.principals import Principal
from ctiserver.live.secret import Secret

PREFIX: Final = "ohk_"
"""What every key begins with: scanners for leaked secrets find it."""
LIVE_MAX: Final = 2
"""How many keys of one name may be live at once: the old one and the new one."""

_KEY = re.compile(r"ohk_([a-z2-7]{8})_([A-Za-z0-9_-]{43})")
_ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH: Final = 8
_SECRET_BYTES: Final = 32
_NO_HASH: Final = "0" * 64

Network: TypeAlias = IPv4Network | IPv6Network


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept: its id, the hash of it, and who it stands for.

    `networks` are those it may come from; none: from anywhere.
    """

    key_id: str
    digest: str
    principal: Principal
    networks: tuple[Network, ...] = ()
    expires_at: Instant | None = None
    revoked: bool = False

    def is_live(self, now: Instant) -> bool:
        """Tell whether the key may be used."""
        return not self.revoked and (self.expires_at is None or now < self.expires_at)

    def may_come_from(self, address: str) -> bool:
        """Tell whether the key may be used from an address; with networks, an unknown one is no."""
        if not self.networks:
            return True
        try:
            peer = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(peer, "ipv4_mapped", None)
        return any((mapped or peer) in network for network in self.networks)


def new_key(pepper: Secret) -> tuple[Secret, str, str]:
    """Make a key: the key itself, which is shown once, its id and its hash."""
    key_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    key = Secret(f"{PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}")
    return key, key_id, digest_of(key, pepper)


def digest_of(key: Secret, pepper: Secret) -> str:
    """Give the hash of a key: HMAC-SHA-256 with the pepper, in hexadecimal."""
    return hmac.new(pepper.reveal().encode(), key.reveal().encode(), hashlib.sha256).hexdigest()


class KeyRing:
    """Finds who a key stands for."""

    def __init__(self, keys: Iterable[ApiKey], pepper: Secret | None) -> None:
        """Know the keys; without a pepper there are none."""
        self._keys = {key.key_id: key for key in keys}
        self._pepper = pepper or Secret(secrets.token_hex())

    def find(self, token: str, address: str, now: Instant) -> Principal | None:
        """Give who a token stands for; it takes as long whether the id is known or not."""
        match = _KEY.fullmatch(token)
        if match is None:
            return None
        key = self._keys.get(match[1])
        digest = digest_of(Secret(token), self._pepper)
        fits = hmac.compare_digest(digest, key.digest if key is not None else _NO_HASH)
        if key is None or not fits or not key.is_live(now) or not key.may_come_from(address):
            return None
        return key.principal
