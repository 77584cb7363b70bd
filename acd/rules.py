"""Rules that queues and the centre are given: ringing, wrap-up, refusals, callbacks, questions."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from csta.instants import HOUR, MINUTE, Milliseconds


class Ring(StrEnum):
    """How many agents' phones ring for one call (R08); exactly one wins."""

    ONE = "one"
    ALL = "all"
    PROGRESSIVE = "progressive"
    """One more after each `ring_next_ms`."""


class WrapUpMode(StrEnum):
    """What follows a call (A04)."""

    NONE = "none"
    OPTIONAL = "optional"
    """Only for who asked for work while he was talking."""
    MANDATORY = "mandatory"
    """Until the agent ends it; `work_ms_max` is its limit."""
    TIMED = "timed"
    """For `wrap_up_ms` at most; the agent may end it before."""
    FULL = "full"
    """For `wrap_up_ms`, not shorter."""


class RefusalRule(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer that the agent's side did not take means for the agent (A07, A08)."""

    stays_ready: bool = False
    reason: str = ""
    """The reason code of the agent who is not ready then."""
    back_off_ms: Milliseconds | None = None
    """How long the same call is kept from him; None: the centre's `refusal_back_off_ms`."""
    pause_after: int = 0
    """So many in a row make him not ready even if he would stay ready; 0: never."""
    pause_reason: str = "auto_pause"


class ReasonCode(msgspec.Struct, frozen=True, kw_only=True):
    """Why an agent is not ready or goes (A02); None: no limit."""

    code: str
    limit_ms: Milliseconds | None = None
    comment: str = ""
    supervisors_only: bool = False
    """Only a supervisor, who forces a state, gives this reason."""


class AgentRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules for all agents of the centre.

    With `reasons`, an agent who wants to be not ready names one of them; without, any word goes.
    `log_off_reasons` are the same for who wants to log off; none have a limit.
    `wrap_up_after_*` is the work after calls that were not the ACD's (A05); 0: none.
    """

    no_answer: RefusalRule = RefusalRule(reason="rona")
    rejected: RefusalRule = RefusalRule(stays_ready=True)
    busy: RefusalRule = RefusalRule(reason="phone_busy")
    device_lost: RefusalRule = RefusalRule(reason="device_lost")
    reasons: tuple[ReasonCode, ...] = ()
    log_off_reasons: tuple[ReasonCode, ...] = ()
    wrap_up_after_outbound_ms: Milliseconds = 0
    wrap_up_after_failed_outbound_ms: Milliseconds = 0
    wrap_up_after_internal_ms: Milliseconds = 0


class CallbackRules(msgspec.Struct, frozen=True, kw_only=True):
    """How a queue calls back those who gave up holding the line but not their place (Q07, Q09).

    At most `share` of the queue's logged-on agents, and at least one, serve callbacks at once.
    `accepted` is what a caller hears who is promised one, `impossible` who cannot be called.
    """

    share: float = 0.3
    agent_first: bool = True
    attempts_max: int = 3
    retry_ms: Milliseconds = 10 * MINUTE
    ring_ms: Milliseconds = 30_000
    expires_ms: Milliseconds = 4 * HOUR
    accepted: str = "sound:callback-accepted"
    impossible: str = "sound:callback-impossible"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a waiting caller is asked, and what each key means (Q05, Q06).

    A meaning is `stay`, `callback`, `leave`, or a device that the call is diverted to.
    """

    prompt: str
    keys: dict[str, str]
    wait_ms: Milliseconds = 10_000
