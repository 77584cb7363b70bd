"""What the parameters of all services have in common (cti-api §7.2, §7.6).

A class is named as its service is; its members are the service's parameters, those without a
default are required. An unknown member is refused. Durations are whole milliseconds throughout,
whatever unit a switch wants; the links convert.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from csta.ids import CallId, DeviceId, wire_name

CorrelatorData: TypeAlias = dict[str, Any]
"""What travels with a call through all its later events; at most 4096 bytes of JSON."""


class ServiceRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename=wire_name,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="service",
    tag=True,
):
    """The parameters of one service; the tag `service` is the class's name."""


class CallObject(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """A call, named by its id alone or by one of its connections."""

    call_id: CallId
    device_id: DeviceId | None = None
