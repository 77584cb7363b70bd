"""Services that move data, not calls: digits, and what is associated with a call (§7.6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from csta import call_services as asked
from csta.call_events import CallInformation, CallLinkageData, DigitsGenerated
from csta.ids import CallId, DeviceId
from csta.instants import Instant
from csta.replies import Result
from ctiserver.core.call_lookup import CallLookup, leg_of, mapping_of
from ctiserver.core.calls import Call
from ctiserver.core.switch_link import SendDigits

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class _Ended(msgspec.Struct, frozen=True):
    call_id: CallId
    linkage: CallLinkageData
    ended_at: Instant
    devices: tuple[DeviceId, ...] = ()
    """All that ever had a part in it: who may still say something about it."""


class DataRequests(CallLookup):
    """Digits and data of calls, and of calls that have just ended."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        super().__init__(engine)
        self._ended: dict[CallId, _Ended] = {}
        self._ended_in_order: deque[_Ended] = deque()

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            asked.GenerateDigits: self._generate_digits,
            asked.AssociateData: self._associate,
        }

    def remember(self, call: Call) -> None:
        """Keep the name of a call, for data that come late."""
        now = self.engine.out.now
        ended = _Ended(call.call_id, call.linkage, now, tuple(call.instances))
        self._ended[call.call_id] = ended
        self._ended_in_order.append(ended)
        limit = now - self.engine.config.afterwards_ms
        while self._ended_in_order[0].ended_at < limit:
            old = self._ended_in_order.popleft()
            del self._ended[old.call_id]
            self.engine.out.forget(f"call/{old.call_id}")

    def devices_of_ended(self, call_id: CallId) -> tuple[DeviceId, ...]:
        """List the devices that had a part in a call that ended a short while ago."""
        ended = self._ended.get(call_id)
        return () if ended is None else ended.devices

    def _generate_digits(self, request: asked.GenerateDigits, _request_id: str) -> Result:
        connection = self.connection(request.connection_to_send_digits, "GenerateDigits")
        call, digits = connection.call, request.characters_to_send
        own = leg_of(connection).leg_id
        for leg_id in self.engine.parties.speaking(call):
            if leg_id != own:
                self.engine.out.decide(SendDigits(leg=leg_id, digits=digits))
        self.engine.out.publish(
            f"call/{call.call_id}",
            call.thread_id,
            DigitsGenerated(
                link_id=self.engine.config.link_id,
                call_id=call.call_id,
                connection=connection.key,
                call_linkage_data=call.linkage,
                digit_generated_list=digits,
            ),
        )
        return Result(call_linkage_data=call.linkage)

    def _associate(self, request: asked.AssociateData, _request_id: str) -> Result:
        call_id = request.existing_call.call_id
        call = self.engine.model.calls.get(call_id)
        ended = self._ended.get(call_id)
        if call is None and ended is None:
            self.call(call_id)
        linkage = call.linkage if call else ended.linkage if ended else None
        assert linkage is not None, f"call {call_id} is neither here nor ended"
        said = {
            "correlatorData": mapping_of(request.correlator_data),
            "accountCode": request.account_code,
            "callQualifyingData": mapping_of(request.call_qualifying_data),
        }
        if call is not None and request.correlator_data is not None:
            call.correlator_data = {
                **(call.correlator_data or {}),
                **(mapping_of(request.correlator_data) or {}),
            }
        self.engine.out.publish(
            f"call/{call_id}",
            linkage.thread_linkage_id,
            CallInformation(
                link_id=self.engine.config.link_id,
                call_id=call_id,
                call_linkage_data=linkage,
                account_info=request.account_code,
                correlator_data=mapping_of(request.correlator_data),
                call_qualifying_data=mapping_of(request.call_qualifying_data),
                changed=tuple(name for name, value in said.items() if value is not None),
                after_call=call is None,
            ),
        )
        return Result(call_linkage_data=linkage)
