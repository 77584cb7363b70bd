"""Passwords of agents: argon2id hashes, compared in the time that they take for everybody."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from csta.ids import AgentId
from ctiserver.live.secret import Secret

LENGTH_MIN: Final = 8
LENGTH_MAX: Final = 256

# The figures of OWASP's cheat sheet: 19 MiB and 2 passes, so that a log-on takes some 20 ms.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)


class Passwords:
    """Knows the hashes of some agents' passwords."""

    def __init__(self, hashes: Mapping[AgentId, str]) -> None:
        """Take in hashes as `hash_password` makes them."""
        self._hashes = dict(hashes)
        self._nobodys = hash_password(Secret(secrets.token_hex())) if hashes else ""

    def fits(self, agent_id: AgentId, password: Secret) -> bool:
        """Tell whether this is an agent's password; it takes tens of milliseconds of one core."""
        if not self._hashes or len(password.reveal()) > LENGTH_MAX:
            return False
        known = self._hashes.get(agent_id)
        try:
            _hasher.verify(known or self._nobodys, password.reveal())
        except (VerificationError, InvalidHashError):
            return False
        return known is not None


def hash_password(password: Secret) -> str:
    """Give the argon2id hash of a password, with its salt and its figures."""
    return _hasher.hash(password.reveal())


def is_hash(text: str) -> bool:
    """Tell whether a text is a hash that `hash_password` could have made."""
    return text.startswith("$argon2id$") and text.count("$") == 5  # noqa: PLR2004 - its five parts
