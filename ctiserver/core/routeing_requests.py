"""Services of routers: they register, answer what they are asked, and cancel (cti-api §7.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import category_of
from csta.replies import Result, RouteRegisterResult
from csta.routeing_services import (
    RouteEnd,
    RouteRegister,
    RouteRegisterCancel,
    RouteReject,
    RouteSelect,
)
from ctiserver.core.routeing import Dialogue

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class RouteingRequests:
    """Checks what routers ask for and answer, and hands it to the routeing."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        self._engine = engine

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            RouteRegister: self._register,
            RouteRegisterCancel: self._cancel,
            RouteSelect: self._select,
            RouteReject: self._reject,
            RouteEnd: self._end,
        }

    def _register(self, request: RouteRegister, _request_id: str) -> RouteRegisterResult:
        """Register; who has done so already keeps the place and the id of the registration."""
        engine, device_id = self._engine, request.routeing_device
        registrant = engine.requests.asks
        if category_of(device_id) != "routeing" or not engine.leading.is_routeing_device(device_id):
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"there is no routeing device {device_id}",
            )
        if registrant.session_id is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT,
                "a router is asked through its session, and this request belongs to none",
            )
        known = engine.routeing.registration_of(device_id, registrant)
        registration = known or engine.routeing.register(device_id, registrant)
        return RouteRegisterResult(
            route_register_req_id=registration.register_id, already_done=known is not None
        )

    def _cancel(self, request: RouteRegisterCancel, _request_id: str) -> Result:
        register_id = request.route_register_req_id
        if not self._engine.routeing.cancel(register_id, self._engine.requests.asks):
            raise _not_known(f"this session has no routeing registration {register_id}")
        return Result()

    def _select(self, request: RouteSelect, request_id: str) -> Result:
        dialogue = self._asked(request.routeing_cross_ref_id)
        self._engine.routeing.select(dialogue, request, request_id)
        return _result(dialogue)

    def _reject(self, request: RouteReject, _request_id: str) -> Result:
        dialogue = self._asked(request.routeing_cross_ref_id)
        self._engine.routeing.reject(dialogue)
        return _result(dialogue)

    def _end(self, request: RouteEnd, _request_id: str) -> Result:
        """End a dialogue, also while a selected route is under way."""
        dialogue = self._dialogue(request.routeing_cross_ref_id)
        self._engine.routeing.end(dialogue, request.error_value)
        return _result(dialogue)

    def _dialogue(self, cross_ref_id: str) -> Dialogue:
        dialogue = self._engine.routeing.dialogue(cross_ref_id, self._engine.requests.asks)
        if dialogue is None:
            raise _not_known(f"there is no routeing dialogue {cross_ref_id}, or no more")
        return dialogue

    def _asked(self, cross_ref_id: str) -> Dialogue:
        """Find a dialogue that waits for an answer."""
        dialogue = self._dialogue(cross_ref_id)
        if dialogue.route is not None:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.INVALID_CONNECTION_STATE,
                f"dialogue {cross_ref_id} has its answer: the call is on its way to"
                f" {dialogue.route}",
            )
        return dialogue


def _result(dialogue: Dialogue) -> Result:
    return Result(call_linkage_data=dialogue.contact.call.linkage)


def _not_known(detail: str) -> CtiError:
    return CtiError(ErrorCategory.OPERATION, ErrorValue.OBJECT_NOT_KNOWN, detail)
