"""Services of callbacks: CSTA's CallBack and CancelCallBack (cti-api §7.6), meant for queues."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acd.inputs import AskCallback, CancelCallback
from csta.call_services import CallBack, CancelCallBack
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import local_part
from csta.replies import Result

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class CallbackRequests:
    """Hands what is asked of callbacks to the distributor."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        self._engine = engine

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {CallBack: self._ask, CancelCallBack: self._cancel}

    def _ask(self, request: CallBack, _request_id: str) -> Result:
        """Call back the caller of this connection, whose call waits in a queue."""
        call_id = request.callback_connection.call_id
        call = self._engine.model.calls.get(call_id)
        self._engine.queueing.tell(AskCallback(call_id))
        return Result(call_linkage_data=call.linkage if call is not None else None)

    def _cancel(self, request: CancelCallBack, _request_id: str) -> Result:
        """Take back what was promised to a number (the originating device) by a queue."""
        number, queue = local_part(request.originating_device), local_part(request.target_device)
        for held in self._engine.acd.callbacks.listing():
            if (held.number, held.queue) == (number, queue):
                self._engine.queueing.tell(CancelCallback(held.callback_id))
                return Result()
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.OBJECT_NOT_KNOWN,
            f"{request.target_device} has promised {request.originating_device} no callback",
        )
