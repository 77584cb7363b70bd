"""Visits and contacts made up for tests of figures."""

from __future__ import annotations

from hypothesis import strategies as st

from acd.visits import STATE_OF_EXIT, Contact, ExitReason, Visit, VisitState

THRESHOLD = 20_000
SHORT = 5_000
LATE = 31_000

QUEUE = "acd:q"


def visit(
    waited_ms: int, reason: ExitReason, *, rang_out_ms: int | None = None, offered_at: int = 0
) -> Visit:
    """Make a visit that ended for a reason."""
    state = STATE_OF_EXIT[reason]
    return Visit(
        QUEUE,
        offered_at,
        waited_ms,
        answered=state is VisitState.ANSWERED,
        abandoned=state is VisitState.ABANDONED,
        reason=reason,
        rang_out_ms=rang_out_ms,
        ended_at=offered_at + waited_ms + 60_000 * (state is VisitState.ANSWERED),
    )


def visits(count: int, waited_ms: int, reason: ExitReason) -> list[Visit]:
    """Make some visits that are alike."""
    return [visit(waited_ms, reason) for _ in range(count)]


def contact(waited_ms: int, reason: ExitReason) -> Contact:
    """Make a contact of one visit."""
    one = visit(waited_ms, reason)
    return Contact(
        QUEUE, 0, waited_ms, answered=one.answered, abandoned=one.abandoned, visits=[one]
    )


_over = st.builds(
    lambda waited_ms, reason, rang_out, offered_at: visit(
        waited_ms,
        reason,
        rang_out_ms=waited_ms // 2 if rang_out else None,
        offered_at=offered_at,
    ),
    st.integers(0, 60_000),
    st.sampled_from(ExitReason),
    st.booleans(),
    st.integers(0, 100_000),
)

some_visits = st.lists(_over, max_size=40)
"""Visits that are over, for any reason, after up to a minute."""
