"""Catching up: what a session missed while it had no connection, read from the log in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, TypeAlias, TypeVar

from ctiserver.core.event_facts import facts_of
from ctiserver.core.messages import Hello, Resumed, sequence_text, write_message
from ctiserver.core.outgoing import Outgoing
from ctiserver.core.principals import Principal
from ctiserver.core.session import Committed, Session, View, monitors_json

Reason: TypeAlias = Literal["epochChanged", "tooOld", "sessionExpired", "filterLost"]
"""Why a session cannot be resumed."""

C = TypeVar("C", bound=Committed)


class CatchUp(Generic[C]):
    """What one session missed, as far as it has been read."""

    def __init__(
        self,
        session: Session,
        principal: Principal,
        hello: Hello,
        outgoing: Outgoing,
        view: View[C],
        after: int,
    ) -> None:
        """Begin after the last event that the client has."""
        self.session = session
        self.principal = principal
        self.hello = hello
        self.outgoing = outgoing
        self.after = after
        self.cursor = after
        """The last event that has been looked at."""
        self._view = view
        self._missed: list[tuple[int, bytes, bytes]] = []

    def take(self, batch: Sequence[C]) -> None:
        """Look at further events of the log, which follow without a gap."""
        for logged in batch:
            assert logged.sequence == self.cursor + 1, "the log has a gap"
            self.cursor = logged.sequence
            monitors = self.session.matching(logged.event, facts_of(logged.event))
            if monitors and self._view.sees(self.principal, logged):
                envelope = self._view.envelope(self.principal, logged)
                self._missed.append((logged.sequence, monitors_json(monitors), envelope))

    def send(self) -> None:
        """Send all of it: how many events there are, then the events."""
        resumed = Resumed(
            from_sequence=sequence_text(self.after + 1),
            to_sequence=sequence_text(self.cursor),
            count=len(self._missed),
        )
        self.outgoing.say(write_message(resumed))
        for sequence, monitors, envelope in self._missed:
            self.outgoing.owe(sequence, monitors, envelope)
