"""A host whose log is written by the test: as many events as it likes, about an engine at rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from csta.agent_events import AgentReady
from csta.states import AgentState
from ctiserver.core.inputs import EngineInput
from ctiserver.core.wire import Published, encode
from ctiserver.live.event_log import WINDOW_EVENTS, EventLog, Logged
from ctiserver.live.journal_database import Kept
from ctiserver.live.ports import Answered
from tests.ctiserver.centre import START, Centre
from tests.live.host import SOURCE


class Torrent:
    """The port `EngineHost`: nobody can ask, and nothing happens but what `tell` says."""

    def __init__(self, window_events: int = WINDOW_EVENTS, epoch: str = "01TORRENT") -> None:
        """Begin with an empty log that keeps so many events."""
        self.engine = Centre().engine
        self.log = EventLog(epoch, SOURCE, window_events=window_events)
        self.kept: dict[str, dict[str, bytes]] = {}

    def tell(self, count: int, agent_id: str = "anna", subject: str | None = None) -> None:
        """Append events of one agent, as one batch."""
        first = self.log.last + 1
        self.log.append([self._event(first + i, agent_id, subject) for i in range(count)])

    def _event(self, sequence: int, agent_id: str, subject: str | None) -> Logged:
        data = AgentReady(
            link_id="sim1",
            agent_device="station:1001",
            agent_id=agent_id,
            previous_state=AgentState.NOT_READY,
            since=START + sequence,
        )
        event = Published(
            sequence=sequence,
            entity_sequence=sequence,
            at=START + sequence,
            subject=subject or f"agent/{agent_id}",
            partition_key=agent_id,
            data=data,
        )
        return Logged(event, encode(event, self.log.epoch, SOURCE))

    def submit(self, event: EngineInput) -> None:
        """Refuse: the engine is at rest."""
        raise AssertionError(event)

    async def ask(
        self,
        request_id: str,
        service: str,
        params: dict[str, Any],
        principal: str,
        session_id: str | None = None,
        *,
        keep: Callable[[Answered], Sequence[Kept]] | None = None,
    ) -> Answered:
        """Refuse: the engine is at rest."""
        raise AssertionError((request_id, service, params, principal, session_id, keep))

    def keep(self, table: str, key: str, value: bytes | None) -> None:
        """Keep a row."""
        assert value is not None, "nobody lets go of rows here"
        self.kept.setdefault(table, {})[key] = value

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call back at once."""
        callback()


def sequence_of(envelope: bytes) -> int:
    """Read the sequence of an event."""
    return int(msgspec.json.decode(envelope)["sequence"])
