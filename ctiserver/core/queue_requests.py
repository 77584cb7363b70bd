"""Services on calls that wait in a queue: change what they need, or take one by hand (R19, R30)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acd.inputs import ChangeCall, PickCall
from csta.call_services import ChangeQueuedCall, PickQueuedCall
from csta.ids import CallId
from csta.replies import Result

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class QueueRequests:
    """Hands what is asked of waiting calls to the distributor."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        self._engine = engine

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {ChangeQueuedCall: self._change, PickQueuedCall: self._pick}

    def _change(self, request: ChangeQueuedCall, _request_id: str) -> Result:
        """Give a waiting call another priority, other skills, or both."""
        call_id = request.queued_call.call_id
        self._engine.queueing.tell(ChangeCall(call_id, request.priority, request.skills))
        return self._result(call_id)

    def _pick(self, request: PickQueuedCall, _request_id: str) -> Result:
        """Offer a waiting call to an agent, whatever its turn is."""
        call_id = request.queued_call.call_id
        self._engine.queueing.tell(PickCall(call_id, request.agent_id))
        return self._result(call_id)

    def _result(self, call_id: CallId) -> Result:
        call = self._engine.model.calls.get(call_id)
        return Result(call_linkage_data=call.linkage if call is not None else None)
