"""What an event of a device's feature changes of what is known of the device."""

from __future__ import annotations

from typing import Any

from csta.device_events import (
    AutoAnswer,
    AutoWorkMode,
    DoNotDisturb,
    Forwarding,
    ForwardingType,
    LogicalEvent,
    MessageWaiting,
    Routeing,
)
from csta.ids import DeviceId
from csta.replies import ForwardingEntry

Rules = tuple[ForwardingEntry, ...]


def device_of(event: LogicalEvent) -> DeviceId:
    """Name the device that a feature event is about."""
    for name in ("device", "invoking_device", "target_device"):
        device_id = getattr(event, name, None)
        if device_id is not None:
            return str(device_id)
    raise TypeError(type(event).__name__)


def changed_by(event: LogicalEvent, rules: Rules) -> dict[str, Any]:
    """Give the members of a device's item that are new, by name; `rules` are its forwards."""
    match event:
        case AutoAnswer():
            names: tuple[str, ...] = ("auto_answer_on",)
        case AutoWorkMode():
            names = ("auto_work_on", "auto_work_interval_ms")
        case DoNotDisturb():
            names = ("do_not_disturb_on",)
        case MessageWaiting():
            names = ("message_waiting_on", "device_for_message")
        case Routeing():
            names = ("routeing_mode",)
        case Forwarding():
            return {"forwarding_list": _with_rule(rules, event)}
        case _:
            names = ()
    return {name: getattr(event, name) for name in names}


def _with_rule(rules: Rules, event: Forwarding) -> Rules:
    kind = event.forwarding_type or ForwardingType.IMMEDIATE
    by_kind = {rule.forwarding_type: rule for rule in rules}
    by_kind.pop(kind, None)
    if event.forward_status:
        by_kind[kind] = ForwardingEntry(
            forwarding_type=kind,
            forward_status=True,
            forward_dn=event.forward_to,
            ring_count=event.ring_count,
        )
    return tuple(by_kind[each] for each in ForwardingType if each in by_kind)
