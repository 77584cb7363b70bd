"""Where the decisions of a step go, and in which order: never an effect before its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from csta.instants import Instant
from ctiserver.core.journal import JournalWriter
from ctiserver.core.outbox import EngineDecision, LookUp, Reply, RouteQuestion
from ctiserver.core.switch_link import AnyCommand
from ctiserver.core.wire import Published


class Sorted:
    """Decisions, kind by kind, each kind in its own order."""

    __slots__ = ("commands", "events", "look_ups", "questions", "replies")

    def __init__(self, decisions: Sequence[EngineDecision] = ()) -> None:
        """Sort these."""
        self.events: list[Published] = []
        self.commands: list[AnyCommand] = []
        self.replies: list[Reply] = []
        self.look_ups: list[LookUp] = []
        self.questions: list[RouteQuestion] = []
        self.add(decisions)

    def add(self, decisions: Sequence[EngineDecision]) -> None:
        """Sort more of them."""
        for decision in decisions:
            if isinstance(decision, Published):
                self.events.append(decision)
            elif isinstance(decision, Reply):
                self.replies.append(decision)
            elif isinstance(decision, LookUp):
                self.look_ups.append(decision)
            elif isinstance(decision, RouteQuestion):
                self.questions.append(decision)
            else:
                self.commands.append(decision)


class Outlets:
    """Performs steps: journal, switch commands, replies, events, look-ups (DESIGN §2)."""

    def __init__(
        self,
        *,
        execute: Callable[[AnyCommand], object],
        reply: Callable[[Reply], object],
        publish: Callable[[Sequence[Published]], object],
        look_up: Callable[[LookUp], object],
        ask_router: Callable[[RouteQuestion], object] | None = None,
        journal: JournalWriter | None = None,
    ) -> None:
        """Know the outlets; without a journal nothing is recorded."""
        self._execute = execute
        self._reply = reply
        self._publish = publish
        self._look_up = look_up
        self._ask_router = ask_router
        self._journal = journal

    def perform(self, decisions: Sequence[EngineDecision], _now: Instant) -> None:
        """Perform one step's decisions, kind by kind, each kind in its own order."""
        if self._journal is not None:
            self._journal.derive(decisions)
        them = Sorted(decisions)
        for command in them.commands:
            self._execute(command)
        for reply in them.replies:
            self._reply(reply)
        if them.events:
            self._publish(them.events)
        for look_up in them.look_ups:
            self._look_up(look_up)
        if self._ask_router is not None:
            for question in them.questions:
                self._ask_router(question)
