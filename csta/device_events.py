"""Events of devices: their features (ECMA-269 §22.2) and whether they are in service (§23)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from csta.causes import Cause
from csta.ids import DeviceId, wire_name
from csta.instants import Milliseconds


class ForwardingType(StrEnum):
    """Which calls a device forwards (ECMA-323 ForwardingType)."""

    IMMEDIATE = "forwardImmediate"
    BUSY = "forwardBusy"
    NO_ANSWER = "forwardNoAns"
    DO_NOT_DISTURB = "forwardDND"


class LogicalEvent(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True):
    """What the feature events share."""

    CATEGORY: ClassVar[str] = "logical"

    link_id: str


class AutoAnswer(LogicalEvent, frozen=True, kw_only=True):
    """A device answers by itself from now on, or no more; after so many rings."""

    invoking_device: DeviceId
    auto_answer_on: bool
    number_of_rings: int | None = None


class AutoWorkMode(LogicalEvent, frozen=True, kw_only=True):
    """After-call work begins by itself from now on, or no more, and lasts this long."""

    invoking_device: DeviceId
    auto_work_on: bool
    auto_work_interval_ms: Milliseconds | None = msgspec.field(
        name="autoWorkInterval", default=None
    )


class CallerIDStatus(LogicalEvent, frozen=True, kw_only=True):
    """A device sends its number with its calls from now on, or no more."""

    device: DeviceId
    caller_id_provided: bool


class DoNotDisturb(LogicalEvent, frozen=True, kw_only=True):
    """A device takes no calls from now on, or takes them again."""

    device: DeviceId
    do_not_disturb_on: bool


class Forwarding(LogicalEvent, frozen=True, kw_only=True):
    """A device forwards its calls from now on, or no more."""

    device: DeviceId
    forwarding_type: ForwardingType | None = None
    forward_status: bool
    forward_to: DeviceId | None = None
    ring_count: int | None = None


class MessageWaiting(LogicalEvent, frozen=True, kw_only=True):
    """A message waits for a device, or no more; `device_for_message` holds it."""

    target_device: DeviceId
    device_for_message: DeviceId | None = None
    message_waiting_on: bool


class Routeing(LogicalEvent, frozen=True, kw_only=True):
    """A routeing device asks for routes from now on, or no more."""

    device: DeviceId
    routeing_mode: bool


LOGICAL_EVENTS: tuple[type[LogicalEvent], ...] = (
    AutoAnswer,
    AutoWorkMode,
    CallerIDStatus,
    DoNotDisturb,
    Forwarding,
    MessageWaiting,
    Routeing,
)


class MaintenanceEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename=wire_name, omit_defaults=True
):
    """What the maintenance events share: which device, and why."""

    CATEGORY: ClassVar[str] = "maintenance"

    link_id: str
    device: DeviceId
    cause: Cause = Cause.NORMAL


class BackInService(MaintenanceEvent, frozen=True, kw_only=True):
    """A device can be used again."""


class DeviceCapsChanged(MaintenanceEvent, frozen=True, kw_only=True):
    """A device can do more or less than before: ask for its information anew."""


class OutOfService(MaintenanceEvent, frozen=True, kw_only=True):
    """A device cannot be used."""


class PartiallyInService(MaintenanceEvent, frozen=True, kw_only=True):
    """A device can be used for some of what it does."""


MAINTENANCE_EVENTS: tuple[type[MaintenanceEvent], ...] = (
    BackInService,
    DeviceCapsChanged,
    OutOfService,
    PartiallyInService,
)
