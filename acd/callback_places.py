"""One callback: its states, and the place-holder that keeps the caller's place."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from acd.decisions import CallbackChanged
from acd.queue import DueStep, WaitingCall
from acd.rules import CallbackRules
from acd.steps import Step
from csta.callback_events import CallbackReason, CallbackState
from csta.ids import AgentId, CallbackId, QueueName
from csta.instants import Instant

_S = CallbackState

CALLBACK_STEPS: Mapping[CallbackState, frozenset[CallbackState]] = MappingProxyType(
    {
        _S.REQUESTED: frozenset({_S.HELD}),
        _S.HELD: frozenset({_S.DUE, _S.EXPIRED, _S.CANCELLED}),
        _S.DUE: frozenset({_S.AGENT_RESERVED, _S.DIALLING}),
        _S.AGENT_RESERVED: frozenset({_S.HELD, _S.DIALLING, _S.EXPIRED, _S.CANCELLED}),
        _S.DIALLING: frozenset({_S.CONNECTED, _S.RETRY, _S.DONE, _S.EXPIRED, _S.CANCELLED}),
        _S.CONNECTED: frozenset({_S.RETRY, _S.DONE, _S.EXPIRED}),
        _S.RETRY: frozenset({_S.HELD, _S.EXPIRED, _S.CANCELLED}),
        _S.DONE: frozenset(),
        _S.EXPIRED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)
"""Legal steps (features, Annex 2). From each state but the last three there is a way to an end."""

UNDER_WAY: Final = frozenset({_S.AGENT_RESERVED, _S.DIALLING, _S.CONNECTED})
"""States that count in the share of agents."""

ENDED: Final = frozenset({_S.DONE, _S.EXPIRED, _S.CANCELLED})

NOBODY: Final = frozenset({"", "anonymous"})
"""Numbers that cannot be called."""

_SILENT: Final = {
    field.name: field.default
    for field in msgspec.structs.fields(Step)
    if field.name
    in (
        "also",
        "announce",
        "ask",
        "divert_to",
        "end",
        "music",
        "offer_callback",
        "overflow_to",
        "recipe",
        "say_position",
        "say_wait",
        "split",
    )
}
"""What a step does to a caller who is on the line, as a step that does it not."""


class Callback:
    """One promise to call somebody back; `call` is the place-holder that keeps the place."""

    __slots__ = (
        "agent_id",
        "asked_by",
        "attempt",
        "call",
        "callback_id",
        "expires_at",
        "live",
        "next_at",
        "rules",
        "state",
    )

    def __init__(
        self, callback_id: CallbackId, asked: WaitingCall, rules: CallbackRules, now: Instant
    ) -> None:
        """Begin as requested, with a place-holder that is equal to the call but for the caller."""
        self.callback_id = callback_id
        self.asked_by = asked.call_id
        self.rules = rules
        self.state = CallbackState.REQUESTED
        self.expires_at = now + rules.expires_ms
        self.attempt = 0
        self.next_at: Instant | None = None
        self.agent_id: AgentId | None = None
        """The agent who has the callback, from his answer on."""
        self.live: WaitingCall | None = None
        """Where the customer comes first: his call, which waits for an agent."""
        self.call = successor(asked, callback_id)
        self.call.callback_id = callback_id
        self.call.held = True
        self.call.due = steps_of_a_place(asked.due)
        self.call.preferred, self.call.preferred_until = (), None

    @property
    def key(self) -> tuple[str, QueueName]:
        """Whom it calls, and for which queue: there is one callback for each (Q10)."""
        return self.call.number, self.call.queue.name


def steps_of_a_place(due: Iterable[DueStep]) -> list[DueStep]:
    """Give the steps that go on for a place-holder: whom it needs, and how urgent it is.

    What they would do to a caller on the line is left out.
    """
    quiet = [(at, number, msgspec.structs.replace(step, **_SILENT)) for at, number, step in due]
    return [entry for entry in quiet if entry[2].changes_need or entry[2].changes_priority]


def successor(call: WaitingCall, call_id: str) -> WaitingCall:
    """Make a call with the same place and needs, which waits nowhere yet.

    Its version is a later one, so that no two entries of a heap are equal.
    """
    made = copy.copy(call)
    made.call_id = call_id
    made.version = call.version + 1
    made.waits = False
    made.offers, made.places, made.looked = [], [], list(call.looked)
    made.kept_from = dict(call.kept_from)
    made.asked = made.passed_at = None
    return made


def told(callback: Callback, reason: CallbackReason | None) -> CallbackChanged:
    """Tell where a callback stands now."""
    held = callback.state is CallbackState.HELD
    number, queue = callback.key
    return CallbackChanged(
        callback_id=callback.callback_id,
        call_id=callback.asked_by,
        queue=queue,
        number=number,
        state=callback.state,
        attempt=callback.attempt,
        position=callback.call.position if held else None,
        next_at=callback.next_at if callback.state is CallbackState.RETRY else None,
        agent_id=callback.agent_id,
        reason=reason,
    )
