"""What the parts of the server know of one another: the engine's host, and who carries requests.

Transports (`http`, `websocket`, `zmq`, `mqtt`) see `Commands` and the sessions; `Commands` sees the
`EngineHost`. Each can be tested with another one behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from csta.errors import CtiError
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import EngineInput
from ctiserver.core.messages import RequestMessage
from ctiserver.core.principals import Principal
from ctiserver.live.event_log import EventLog
from ctiserver.live.journal_database import Kept


class Answered(msgspec.Struct, frozen=True):
    """What a request came to, once its step is committed: a result or an error, and the place."""

    result: Any
    error: CtiError | None
    sequence: int


class EngineHost(Protocol):
    """Runs one engine: its clock, its journal, its link."""

    engine: Engine
    """To be read between steps only; whoever changes it does so by `submit` or `ask`."""
    log: EventLog

    def submit(self, event: EngineInput) -> None:
        """Hand an input to the engine."""

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
        """Ask the engine for a service; the answer comes when its step is committed.

        `request_id` is unique for as long as it is under way; events name it as their cause.
        `session_id` is that of the client's session: routeing registrations belong to it.
        `keep` gives rows that become safe in the same transaction as the step, or not at all.
        """

    def keep(self, table: str, key: str, value: bytes | None) -> None:
        """Keep a row over restarts, or let go of it: with the step under way, or right after."""

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call back, on the loop, when all that the engine has decided so far is committed.

        At once (before this returns) when nothing is under way. Log listeners have heard of the
        events of these steps before the callback runs.
        """


class Commands(Protocol):
    """Carries out requests: rights, rate, idempotency, deadline, the engine, completion, audit."""

    async def carry_out(
        self, principal: Principal, request: RequestMessage, session_id: str | None
    ) -> bytes:
        """Carry out a request and give the JSON of its `response` message, refusals too.

        Services of sessions (MonitorStart …) need the session; without one they are refused.
        """
