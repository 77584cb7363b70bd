"""What a key or a token grants: the role's rights, or those that it names (cti-api §7.8)."""

from __future__ import annotations

from collections.abc import Iterable

from ctiserver.core.principals import SCOPES_OF, Role, Scope

_WORDS = {scope.value: scope for scope in Scope}


def granted_scopes(role: Role, named: Iterable[str] | None) -> frozenset[Scope]:
    """Give the rights of a role, or those named in their stead; words that are none say nothing.

    An administrator cannot listen to calls, whatever is named (reliability §6.2).
    """
    if named is None:
        scopes = SCOPES_OF[role]
    else:
        scopes = frozenset(_WORDS[word] for word in named if word in _WORDS)
    return scopes - {Scope.SUPERVISE_TEAM} if role is Role.ADMIN else scopes
