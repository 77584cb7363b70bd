"""How many files, and so connections, a process may have open."""

from __future__ import annotations

import resource

WANTED = 8_192


def raise_limit() -> None:
    """Allow this process as many as a thousand clients need, as far as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
