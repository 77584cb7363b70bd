"""Where the decisions of a step go, and in which order: never an effect before its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from csta.instants import Instant
from ctiserver.core.journal import JournalWriter
from ctiserver.core.outbox import EngineDecision, LookUp, Reply
from ctiserver.core.switch_link import AnyCommand
from ctiserver.core.wire import Published


class Outlets:
    """Performs steps: journal, switch commands, replies, events, look-ups (DESIGN §2)."""

    def __init__(
        self,
        *,
        execute: Callable[[AnyCommand], object],
        reply: Callable[[Reply], object],
        publish: Callable[[Sequence[Published]], object],
        look_up: Callable[[LookUp], object],
        journal: JournalWriter | None = None,
    ) -> None:
        """Know the outlets; without a journal nothing is recorded."""
        self._execute = execute
        self._reply = reply
        self._publish = publish
        self._look_up = look_up
        self._journal = journal

    def perform(self, decisions: Sequence[EngineDecision], _now: Instant) -> None:
        """Perform one step's decisions, kind by kind, each kind in its own order."""
        if self._journal is not None:
            self._journal.derive(decisions)
        events: list[Published] = []
        commands: list[AnyCommand] = []
        replies: list[Reply] = []
        look_ups: list[LookUp] = []
        for decision in decisions:
            if isinstance(decision, Published):
                events.append(decision)
            elif isinstance(decision, Reply):
                replies.append(decision)
            elif isinstance(decision, LookUp):
                look_ups.append(decision)
            else:
                commands.append(decision)
        for command in commands:
            self._execute(command)
        for reply in replies:
            self._reply(reply)
        if events:
            self._publish(events)
        for look_up in look_ups:
            self._look_up(look_up)
