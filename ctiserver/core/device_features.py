"""Features of devices: what a phone wants done with its calls, and whether a router is asked.

They are the engine's own data, for whatever switch there is (ECMA-269 §22; cti-api §7.6): calls
are refused and forwarded here (`forwarding`), and an agent whose phone takes no calls is offered
none. What is known of a device is what its events have told, folded as a client folds them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acd.inputs import AutoWork
from agents.agent import Agent
from csta import device_events as events
from csta import device_services as asked
from csta.causes import Cause
from csta.device_events import ForwardingType, LogicalEvent
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import DeviceId, category_of
from csta.replies import FeatureResult, ForwardingEntry, Result
from ctiserver.core.capabilities import known_devices
from ctiserver.core.feature_fold import device_of
from ctiserver.core.picture import DeviceItem, with_feature

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class DeviceFeatures:
    """The features of all devices of one engine, and the services that ask for and change them."""

    def __init__(self, engine: Engine) -> None:
        """Start with none switched on."""
        self._engine = engine
        self._items: dict[DeviceId, DeviceItem] = {}
        self._link_id = engine.config.link_id

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {
            asked.GetAutoAnswer: self._get_auto_answer,
            asked.GetAutoWorkMode: self._get_auto_work,
            asked.GetDoNotDisturb: self._get_do_not_disturb,
            asked.GetForwarding: self._get_forwarding,
            asked.GetMessageWaitingIndicator: self._get_message_waiting,
            asked.GetRouteingMode: self._get_routeing_mode,
            asked.SetAutoAnswer: self._set_auto_answer,
            asked.SetAutoWorkMode: self._set_auto_work,
            asked.SetDoNotDisturb: self._set_do_not_disturb,
            asked.SetForwarding: self._set_forwarding,
            asked.SetMessageWaitingIndicator: self._set_message_waiting,
            asked.SetRouteingMode: self._set_routeing_mode,
        }

    # What the rest of the engine asks.

    def of(self, device_id: DeviceId) -> DeviceItem:
        """Give what is known of a device; whether it is in service, others know."""
        known = self._items.get(device_id)
        return known or DeviceItem(id=device_id, link_id=self._link_id, in_service=True)

    def known(self) -> list[DeviceId]:
        """List the devices of which an event has told, in that order."""
        return list(self._items)

    def forward(self, device_id: DeviceId, kind: ForwardingType) -> ForwardingEntry | None:
        """Give the rule by which a device forwards these calls, if it does."""
        for entry in self.of(device_id).forwarding_list:
            if entry.forwarding_type is kind:
                return entry
        return None

    def answers_by_itself(self, device_id: DeviceId) -> bool:
        """Tell whether a phone is to answer what rings there."""
        item = self._items.get(device_id)
        return item is not None and item.auto_answer_on

    def closed(self, device_id: DeviceId) -> Cause | None:
        """Say why no call comes to a phone, though it can be reached; None: they do."""
        if self.of(device_id).do_not_disturb_on:
            return Cause.DO_NOT_DISTURB
        if self.forward(device_id, ForwardingType.IMMEDIATE) is not None:
            return Cause.CALL_FORWARD_IMMEDIATE
        return None

    def logged_on(self, agent: Agent) -> None:
        """An agent has come to a device: its work mode is his."""
        item = self.of(agent.device_id)
        if item.auto_work_on:
            self._tell_of_work(agent, item)

    # The services.

    def _get_auto_answer(self, request: asked.GetAutoAnswer, _request_id: str) -> FeatureResult:
        on = self._phone(request.device).auto_answer_on
        return FeatureResult(auto_answer_on=on, number_of_rings=0 if on else None)

    def _get_auto_work(self, request: asked.GetAutoWorkMode, _request_id: str) -> FeatureResult:
        item = self._phone(request.device)
        return FeatureResult(
            auto_work_on=item.auto_work_on, auto_work_interval_ms=item.auto_work_interval_ms
        )

    def _get_do_not_disturb(
        self, request: asked.GetDoNotDisturb, _request_id: str
    ) -> FeatureResult:
        return FeatureResult(do_not_disturb_on=self._phone(request.device).do_not_disturb_on)

    def _get_forwarding(self, request: asked.GetForwarding, _request_id: str) -> FeatureResult:
        return FeatureResult(forwarding_list=self._phone(request.device).forwarding_list)

    def _get_message_waiting(
        self, request: asked.GetMessageWaitingIndicator, _request_id: str
    ) -> FeatureResult:
        item = self._phone(request.device)
        return FeatureResult(
            message_waiting_on=item.message_waiting_on, device_for_message=item.device_for_message
        )

    def _get_routeing_mode(self, request: asked.GetRouteingMode, _request_id: str) -> FeatureResult:
        return FeatureResult(routeing_mode=self._known(request.device, "routeing").routeing_mode)

    def _set_auto_answer(self, request: asked.SetAutoAnswer, _request_id: str) -> Result:
        self._phone(request.device)
        if request.number_of_rings and request.auto_answer_on:
            raise _refused("a phone answers at once or not by itself: leave out numberOfRings")
        return self._change(
            events.AutoAnswer(
                link_id=self._link_id,
                invoking_device=request.device,
                auto_answer_on=request.auto_answer_on,
                number_of_rings=0 if request.auto_answer_on else None,
            )
        )

    def _set_auto_work(self, request: asked.SetAutoWorkMode, _request_id: str) -> Result:
        self._phone(request.device)
        interval_ms = request.auto_work_interval_ms if request.auto_work_on else None
        done = self._change(
            events.AutoWorkMode(
                link_id=self._link_id,
                invoking_device=request.device,
                auto_work_on=request.auto_work_on,
                auto_work_interval_ms=interval_ms or None,
            )
        )
        agent = self._engine.directory.at_device(request.device)
        if agent is not None and not done.already_done:
            self._tell_of_work(agent, self.of(request.device))
        return done

    def _set_do_not_disturb(self, request: asked.SetDoNotDisturb, _request_id: str) -> Result:
        self._phone(request.device)
        done = self._change(
            events.DoNotDisturb(
                link_id=self._link_id,
                device=request.device,
                do_not_disturb_on=request.do_not_disturb_on,
            )
        )
        self._engine.reachability.look(request.device)
        return done

    def _set_forwarding(self, request: asked.SetForwarding, _request_id: str) -> Result:
        self._phone(request.device)
        on = request.activate_forward
        no_answer = request.forwarding_type is ForwardingType.NO_ANSWER
        done = self._change(
            events.Forwarding(
                link_id=self._link_id,
                device=request.device,
                forwarding_type=request.forwarding_type,
                forward_status=on,
                forward_to=self._destination(request) if on else None,
                ring_count=request.ring_count or None if on and no_answer else None,
            )
        )
        self._engine.reachability.look(request.device)
        return done

    def _destination(self, request: asked.SetForwarding) -> DeviceId:
        """Say where calls are to go.

        Raises:
            CtiError: nothing is named, or no such place takes calls.
        """
        if not request.forward_dn:
            raise _refused("SetForwarding: 'forwardDN' is missing: where are the calls to go?")
        to = self._engine.numbering.device(request.forward_dn)
        if to == request.device or not self._engine.leading.is_place(to):
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DESTINATION,
                f"{request.device} cannot forward its calls to {to}",
            )
        return to

    def _set_message_waiting(
        self, request: asked.SetMessageWaitingIndicator, _request_id: str
    ) -> Result:
        self._phone(request.device)
        return self._change(
            events.MessageWaiting(
                link_id=self._link_id,
                target_device=request.device,
                message_waiting_on=request.message_waiting_on,
                device_for_message=request.device_for_message
                if request.message_waiting_on
                else None,
            )
        )

    def _set_routeing_mode(self, request: asked.SetRouteingMode, _request_id: str) -> Result:
        self._known(request.device, "routeing")
        return self._change(
            events.Routeing(
                link_id=self._link_id, device=request.device, routeing_mode=request.routeing_mode
            )
        )

    # Steps that several of them take.

    def _phone(self, device_id: DeviceId) -> DeviceItem:
        return self._known(device_id, "station")

    def _known(self, device_id: DeviceId, category: str) -> DeviceItem:
        """Find a device of a category.

        Raises:
            CtiError: there is none of this name, or it has no such feature.
        """
        if category_of(device_id) != category or device_id not in known_devices(self._engine):
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_DEVICE_ID,
                f"there is no device {device_id}, or it has no such feature",
            )
        return self.of(device_id)

    def _change(self, event: LogicalEvent) -> Result:
        """Tell what has changed, and know it; nothing is told when all was so before."""
        device_id = device_of(event)
        before = self.of(device_id)
        after = with_feature(before, event)
        if after == before:
            return Result(already_done=True)
        self._items[device_id] = after
        self._engine.out.publish(f"device/{device_id}", device_id, event)
        return Result()

    def _tell_of_work(self, agent: Agent, item: DeviceItem) -> None:
        told = AutoWork(agent.agent_id, item.auto_work_on, item.auto_work_interval_ms)
        self._engine.queueing.tell(told)


def _refused(words: str) -> CtiError:
    return CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_PARAMETER_VALUE, words)
