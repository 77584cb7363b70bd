"""Which services a connection permits: one table for `servicesPermitted`, checks and desks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from csta.states import ConnectionState

_ALERTING = ("AnswerCall", "ClearConnection", "DeflectCall", "DirectedPickupCall")
_BRING_IN = ("IntrudeCall", "JoinCall", "SingleStepConferenceCall")
"""Services that bring somebody else into the call."""
_SPEAKING = ("PlayMessage", "SendUserInformation", "StartDataCollection")
_CONNECTED = (
    "AssociateData",
    "ClearConnection",
    "ConsultationCall",
    "GenerateDigits",
    "HoldCall",
    "ParkCall",
    "SingleStepTransferCall",
    *_BRING_IN,
    *_SPEAKING,
)
_WITH_HELD = (
    "AlternateCall",
    "AssociateData",
    "ClearConnection",
    "ConferenceCall",
    "GenerateDigits",
    "HoldCall",
    "ReconnectCall",
    "TransferCall",
    *_BRING_IN,
    *_SPEAKING,
)
_HOLD = ("AssociateData", "ClearConnection", "RetrieveCall", *_BRING_IN)
_HOLD_WITH_ACTIVE = (
    "AlternateCall",
    "AssociateData",
    "ClearConnection",
    "ConferenceCall",
    "ReconnectCall",
    "TransferCall",
    *_BRING_IN,
)

ALONE: Mapping[ConnectionState, tuple[str, ...]] = MappingProxyType(
    {
        ConnectionState.NULL: (),
        ConnectionState.INITIATED: ("ClearConnection",),
        ConnectionState.ALERTING: _ALERTING,
        ConnectionState.CONNECTED: _CONNECTED,
        ConnectionState.HOLD: _HOLD,
        ConnectionState.QUEUED: ("ClearConnection", "DeflectCall"),
        ConnectionState.FAIL: ("ClearConnection",),
    }
)
"""For a device with one call."""

BESIDE_ANOTHER: Mapping[ConnectionState, tuple[str, ...]] = MappingProxyType(
    {**ALONE, ConnectionState.CONNECTED: _WITH_HELD, ConnectionState.HOLD: _HOLD_WITH_ACTIVE}
)
"""For a device with one call on hold and one active."""

WHILE_LED: Mapping[ConnectionState, tuple[str, ...]] = MappingProxyType(
    {**ALONE, ConnectionState.CONNECTED: ("AssociateData", "ClearConnection", "GenerateDigits")}
)
"""For a device whose call is in a queue or a flow, or rings: it has nobody yet to hand on."""

WHILE_LED_BESIDE_ANOTHER: Mapping[ConnectionState, tuple[str, ...]] = MappingProxyType(
    {
        **BESIDE_ANOTHER,
        ConnectionState.CONNECTED: ("AssociateData", "ClearConnection", "ReconnectCall"),
    }
)
"""For a device that consults a queue or a flow, with another call on hold."""

LISTENING = ("ClearConnection",)
"""For a supervisor who listens in and is no party of the call."""

OUTSIDE: Mapping[ConnectionState, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(ConnectionState, ("ClearConnection",)),
        ConnectionState.CONNECTED: (
            "AssociateData",
            "ClearConnection",
            "GenerateDigits",
            "PlayMessage",
            "StartDataCollection",
        ),
        ConnectionState.NULL: (),
    }
)
"""For a party in the network: it does what it wants, we can only let go of it."""

QUEUE = ("ClearConnection", "DeflectCall")
"""For the part that a queue has in a call."""

FLOW = ("ClearConnection",)
"""For the part that a flow has in a call, or a queue in one that it has made."""


PARKED = ("ClearConnection", "DirectedPickupCall")
"""For the part that a parking place has in a call."""


def of_place(category: str, state: ConnectionState) -> tuple[str, ...]:
    """Give the services for the part that a queue, a flow or a parking place has in a call."""
    if category == "park":
        return PARKED
    return QUEUE if category == "acd" and state is not ConnectionState.CONNECTED else FLOW
