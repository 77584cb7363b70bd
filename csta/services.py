"""Every service that a client can ask for, by category and by name (cti-api §7.6).

The request classes live in the modules of their categories, not in the package's own namespace:
some services are named as events are (`Stop`, `Review`, `RouteEnd`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from csta.call_services import CALL_ASSOCIATED_SERVICES, CALL_CONTROL_SERVICES
from csta.device_services import AGENT_SERVICES, DEVICE_SERVICES
from csta.monitor_services import (
    CAPABILITY_SERVICES,
    MONITOR_SERVICES,
    REPLAY_SERVICES,
    SNAPSHOT_SERVICES,
    SYSTEM_SERVICES,
)
from csta.routeing_services import ROUTEING_SERVICES
from csta.service_request import ServiceRequest
from csta.voice_services import DATA_COLLECTION_SERVICES, RECORDING_SERVICES, VOICE_SERVICES

SERVICES_BY_CATEGORY: Mapping[str, tuple[type[ServiceRequest], ...]] = MappingProxyType(
    {
        "callControl": CALL_CONTROL_SERVICES,
        "callAssociated": CALL_ASSOCIATED_SERVICES,
        "agent": AGENT_SERVICES,
        "logical": DEVICE_SERVICES,
        "voice": VOICE_SERVICES,
        "dataCollection": DATA_COLLECTION_SERVICES,
        "recording": RECORDING_SERVICES,
        "routeing": ROUTEING_SERVICES,
        "snapshot": SNAPSHOT_SERVICES,
        "monitor": MONITOR_SERVICES,
        "system": SYSTEM_SERVICES,
        "capability": CAPABILITY_SERVICES,
        "replay": REPLAY_SERVICES,
    }
)
"""The request classes of each category, in the order of their names: what capabilities list."""

SERVICES: Mapping[str, type[ServiceRequest]] = MappingProxyType(
    {
        request.__name__: request
        for requests in SERVICES_BY_CATEGORY.values()
        for request in requests
    }
)
"""The request class of each service: `SERVICES["MakeCall"]`."""

SERVER_REQUESTS = frozenset({"ReRoute", "RouteRequest", "RouteUsed"})
"""Services that the server asks of a router; a client cannot ask for them."""
