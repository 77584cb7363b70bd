"""What one step of the engine decides: commands, events, replies and look-ups, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec

from csta.ids import CallId
from csta.instants import Instant
from csta.routeing_services import ReRoute, RouteEnd, RouteRequest, RouteUsed
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


class Registrant(msgspec.Struct, frozen=True):
    """Who has registered as a router: a principal, in one of its sessions."""

    principal: str | None = None
    session_id: str | None = None


class RouteQuestion(msgspec.Struct, frozen=True):
    """Ask a router (`RouteRequest`, `ReRoute`), or tell it (`RouteUsed`, `RouteEnd`).

    An answer comes as the registrant's request: RouteSelect, RouteReject or RouteEnd.
    """

    registrant: Registrant
    register_id: str
    cross_ref_id: str
    asks: RouteRequest | ReRoute | RouteUsed | RouteEnd

    @property
    def service(self) -> str:
        """Name the service."""
        return type(self.asks).__name__


EngineDecision: TypeAlias = Published | AnyCommand | Reply | LookUp | RouteQuestion


def _asker(request_id: str | None) -> str | None:
    """Read who asks out of a request's id, for what comes of it later.

    The server writes `<the client's id> <mark> <principal>`; other ids name nobody.
    """
    return request_id.partition(" ")[2].partition(" ")[2] or None if request_id else None


class Outbox:
    """Collects the decisions of the present step, and numbers the events of the log."""

    def __init__(self) -> None:
        """Begin the log at sequence 1."""
        self.now: Instant = 0
        self.request_id: str | None = None
        self.principal: str | None = None
        self.synthetic = False
        """What is published now is inferred, and was never told (cti-api §7.4)."""
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
                principal=_asker(request_id) or self.principal,
                synthetic=self.synthetic,
            )
        )

    @contextmanager
    def caused_by(self, request_id: str | None) -> Iterator[None]:
        """Let an earlier request be the cause of what is published meanwhile; None: as it is."""
        before = self.request_id, self.principal
        if request_id is not None:
            self.request_id, self.principal = request_id, _asker(request_id)
        try:
            yield
        finally:
            self.request_id, self.principal = before

    def has_told(self, subject: str) -> bool:
        """Tell whether the log has an event of a subject that is not forgotten."""
        return subject in self._entity_sequences

    def forget(self, subject: str) -> None:
        """Let go of a subject that will have no more events."""
        self._entity_sequences.pop(subject, None)

    def decide(self, decision: AnyCommand | Reply | LookUp | RouteQuestion) -> None:
        """Add a command, a reply, a look-up or a question to a router."""
        self._decisions.append(decision)

    def has(self, command: AnyCommand) -> bool:
        """Tell whether the present step has decided on this command."""
        return command in self._decisions

    def take(self) -> list[EngineDecision]:
        """Hand out what was collected, and begin anew."""
        decisions, self._decisions = self._decisions, []
        return decisions
