"""What one step of the engine decides: commands, events, replies and look-ups, in their order."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from csta.ids import CallId
from csta.instants import Instant
from ctiserver.core.switch_link import AnyCommand
from ctiserver.core.wire import Published


class Reply(msgspec.Struct, frozen=True):
    """The answer to a client's request: `error` is a CtiError, `result` the service's answer."""

    request_id: str
    result: Any = None
    error: Any = None


class LookUp(msgspec.Struct, frozen=True):
    """Ask the CRM who calls; the answer comes as the input `LookedUp`."""

    call_id: CallId
    number: str
    dialled: str


EngineDecision: TypeAlias = Published | AnyCommand | Reply | LookUp


class Outbox:
    """Collects the decisions of the present step, and numbers the events of the log."""

    def __init__(self) -> None:
        """Begin the log at sequence 1."""
        self.now: Instant = 0
        self.request_id: str | None = None
        self.principal: str | None = None
        self._sequence = 0
        self._entity_sequences: dict[str, int] = {}
        self._decisions: list[EngineDecision] = []

    @property
    def sequence(self) -> int:
        """The sequence of the last event."""
        return self._sequence

    def publish(
        self, subject: str, partition_key: str, data: object, request_id: str | None = None
    ) -> None:
        """Add an event to the log. It is caused by `request_id`, or by the request at hand."""
        self._sequence += 1
        place = self._entity_sequences[subject] = self._entity_sequences.get(subject, 0) + 1
        self._decisions.append(
            Published(
                sequence=self._sequence,
                entity_sequence=place,
                at=self.now,
                subject=subject,
                partition_key=partition_key,
                data=data,
                correlation_id=request_id or self.request_id,
                principal=self.principal,
            )
        )

    def forget(self, subject: str) -> None:
        """Let go of a subject that will have no more events."""
        self._entity_sequences.pop(subject, None)

    def decide(self, decision: AnyCommand | Reply | LookUp) -> None:
        """Add a command, a reply or a look-up."""
        self._decisions.append(decision)

    def take(self) -> list[EngineDecision]:
        """Hand out what was collected, and begin anew."""
        decisions, self._decisions = self._decisions, []
        return decisions
