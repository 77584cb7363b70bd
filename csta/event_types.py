"""The `type` of each event in its CloudEvents envelope (cti-api §7.4), and back.

`csta.<category>.<Event>.v1` for what ECMA-269 knows, `cti.<area>.<Event>.v1` for our extensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from csta.acd_events import (
    ACD_EVENTS,
    AgentOffered,
    ConfigurationChanged,
    OfferRefused,
    OfferWithdrawn,
    QueueStatus,
    TreatmentEvent,
)
from csta.agent_events import AGENT_EVENTS, AgentEvent
from csta.call_events import (
    CALL_ASSOCIATED_EVENTS,
    CALL_CONTROL_EVENTS,
    CallAssociatedEvent,
    CallEvent,
)
from csta.callback_events import CALLBACK_EVENTS, CallbackEvent, CallbackRefused
from csta.customers import CRM_EVENTS, ScreenPopped
from csta.device_events import (
    LOGICAL_EVENTS,
    MAINTENANCE_EVENTS,
    LogicalEvent,
    MaintenanceEvent,
)
from csta.supervision_events import (
    RECORDING_EVENTS,
    SUPERVISION_EVENTS,
    RecordingEvent,
    SupervisionEvent,
)
from csta.system_events import SYSTEM_EVENTS, SystemEvent
from csta.voice_events import DATA_COLLECTION_EVENTS, VOICE_EVENTS, DataCollected, VoiceEvent

AnyEvent: TypeAlias = (
    CallEvent
    | CallAssociatedEvent
    | AgentEvent
    | VoiceEvent
    | DataCollected
    | LogicalEvent
    | MaintenanceEvent
    | SystemEvent
    | AgentOffered
    | OfferRefused
    | OfferWithdrawn
    | QueueStatus
    | TreatmentEvent
    | ConfigurationChanged
    | CallbackEvent
    | CallbackRefused
    | ScreenPopped
    | SupervisionEvent
    | RecordingEvent
)
"""Whatever may stand as `data` in an envelope."""

EXTENSION_AREAS = frozenset(
    {
        "acd",
        "audit",
        "callback",
        "crm",
        "link",
        "recording",
        "session",
        "supervision",
        "webhook",
    }
)
"""The categories that ECMA-269 does not have."""

EVENTS: tuple[type[msgspec.Struct], ...] = (
    *CALL_CONTROL_EVENTS,
    *CALL_ASSOCIATED_EVENTS,
    *AGENT_EVENTS,
    *LOGICAL_EVENTS,
    *MAINTENANCE_EVENTS,
    *VOICE_EVENTS,
    *DATA_COLLECTION_EVENTS,
    *SYSTEM_EVENTS,
    *ACD_EVENTS,
    *CALLBACK_EVENTS,
    *CRM_EVENTS,
    *SUPERVISION_EVENTS,
    *RECORDING_EVENTS,
)
"""Every event class."""


def _type_of(event: Any) -> str:  # noqa: ANN401 - CATEGORY is a convention, not a shared ancestor
    root = "cti" if event.CATEGORY in EXTENSION_AREAS else "csta"
    name = getattr(event, "EVENT_NAME", event.__name__)
    return f"{root}.{event.CATEGORY}.{name}.v1"


_TYPES: dict[type, str] = {event: _type_of(event) for event in EVENTS}

EVENT_BY_TYPE: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {name: event for event, name in _TYPES.items()}
)
"""The class of each type: `csta.callControl.Delivered.v1` is `Delivered`."""


def event_type(event: type) -> str:
    """Give the type of an event class: `Delivered` is `csta.callControl.Delivered.v1`.

    Raises:
        KeyError: the class is no event that is published.
    """
    return _TYPES[event]
