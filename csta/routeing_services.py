"""Services of the routeing dialogue (ECMA-269 §20; cti-api §7.6).

A router registers for a routeing device. From then on the server asks (`RouteRequest`, `ReRoute`)
and tells (`RouteUsed`, `RouteEnd`); the router answers with `RouteSelect`, `RouteReject` or
`RouteEnd`. What both ends of one dialogue share is its `routeing_cross_ref_id`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from csta.call_events import CallLinkageData, Party
from csta.errors import ErrorValue
from csta.ids import ConnectionId, DeviceId
from csta.instants import SECOND, Milliseconds
from csta.service_request import CorrelatorData, ServiceRequest


class RouteSelectionAlgorithm(StrEnum):
    """What kind of route is wanted (ECMA-323 SelectValue)."""

    NORMAL = "normal"
    LEAST_COST = "leastCost"
    EMERGENCY = "emergency"
    ACD = "aCD"
    USER_DEFINED = "userDefined"


class RejectCause(StrEnum):
    """Why a router has no route (ECMA-323 RejectCause)."""

    BUSY_OVERFLOW = "busyOverflow"
    QUEUE_TIME_OVERFLOW = "queueTimeOverflow"
    CAPACITY_OVERFLOW = "capacityOverflow"
    CALENDAR_OVERFLOW = "calendarOverflow"
    UNKNOWN_OVERFLOW = "unknownOverflow"


class RouteRegister(ServiceRequest, frozen=True, kw_only=True):
    """Offer to route the calls of a routeing device."""

    routeing_device: DeviceId


class RouteRegisterCancel(ServiceRequest, frozen=True, kw_only=True):
    """Route them no more."""

    route_register_req_id: str


class RouteRequest(ServiceRequest, frozen=True, kw_only=True):
    """Asked by the server: where shall this call go? `attempt` is an extension."""

    routeing_cross_ref_id: str
    route_register_req_id: str
    routeing_device: DeviceId
    current_route: Party
    calling_device: Party
    routed_call: ConnectionId
    route_sel_algorithm: RouteSelectionAlgorithm = RouteSelectionAlgorithm.NORMAL
    priority: bool = False
    reply_timeout_ms: Milliseconds = field(name="replyTimeout", default=2 * SECOND)
    correlator_data: CorrelatorData | None = None
    call_linkage_data: CallLinkageData
    attempt: int = 1


class ReRoute(ServiceRequest, frozen=True, kw_only=True):
    """Asked by the server: that destination failed, where else?"""

    routeing_cross_ref_id: str
    route_register_req_id: str
    reply_timeout_ms: Milliseconds = field(name="replyTimeout", default=2 * SECOND)
    correlator_data: CorrelatorData | None = None
    call_linkage_data: CallLinkageData


class RouteSelect(ServiceRequest, frozen=True, kw_only=True):
    """Answered by the router: there."""

    routeing_cross_ref_id: str
    route_selected: Annotated[str, Meta(min_length=1, max_length=128)]
    remain_retries: Annotated[int, Meta(ge=0)] | None = None
    correlator_data: CorrelatorData | None = None
    route_used_req: bool = False


class RouteReject(ServiceRequest, frozen=True, kw_only=True):
    """Answered by the router: nowhere."""

    routeing_cross_ref_id: str
    reject_cause: RejectCause | None = None
    correlator_data: CorrelatorData | None = None


class RouteEnd(ServiceRequest, frozen=True, kw_only=True):
    """Said by either side: the dialogue is over, well or with an error."""

    routeing_cross_ref_id: str
    error_value: ErrorValue | None = None
    correlator_data: CorrelatorData | None = None


class RouteUsed(ServiceRequest, frozen=True, kw_only=True):
    """Told by the server, when the router asked for it: the route that was taken."""

    routeing_cross_ref_id: str
    route_used: Party
    calling_device: Party
    correlator_data: CorrelatorData | None = None
    call_linkage_data: CallLinkageData | None = None


ROUTEING_SERVICES: tuple[type[ServiceRequest], ...] = (
    ReRoute,
    RouteEnd,
    RouteRegister,
    RouteRegisterCancel,
    RouteReject,
    RouteRequest,
    RouteSelect,
    RouteUsed,
)
