"""The service that tells why a call still waits; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csta.monitor_services import ExplainCall
from csta.replies import CallExplanation, ComesNext, ExplainedAgent
from ctiserver.core.queueing import acd_device

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class ExplainRequests:
    """Hands out what the distributor explains."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        self._engine = engine

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {ExplainCall: self._explain_call}

    def _explain_call(self, request: ExplainCall, _request_id: str) -> CallExplanation:
        call_id = request.call_to_explain.call_id
        why = self._engine.acd.explain_wait(call_id, self._engine.out.now)
        return CallExplanation(
            call_id=call_id,
            at=why.at,
            queues=tuple(acd_device(name) for name in (why.queue, *why.also)),
            waited_ms=why.waited_ms,
            position=why.position,
            number_queued=why.waiting,
            needs=why.needs,
            configuration=why.configuration,
            rings_at=why.rings_at,
            agents=tuple(
                ExplainedAgent(each.name, each.removed_by and each.removed_by.value, each.detail)
                for each in why.candidates
            ),
            would_help=why.would_help,
            comes_next=tuple(ComesNext(at, what) for at, what in why.next_at),
        )
