"""Rights on objects: which scopes reach a device, a call, an agent or a queue (cti-api §7.8)."""

from __future__ import annotations

from typing import Final

from csta.ids import AgentId, CallId, ConnectionId, DeviceId, category_of
from ctiserver.core.principals import Principal, Scope
from ctiserver.core.reach import Reach

_ROUTEING: Final = "routeing"


def controls_device(who: Principal, device_id: DeviceId, reach: Reach) -> bool:
    """Tell whether a principal may act for a device."""
    return (
        who.may(Scope.CONTROL_ALL)
        or (who.may(Scope.CONTROL_SELF) and reach.owns(who, device_id))
        or (who.may(Scope.CONTROL_TEAM) and reach.team_has_device(who, device_id))
    )


def controls_call(who: Principal, call_id: CallId, reach: Reach) -> bool:
    """Tell whether a principal may act for a whole call: who has answered it may, too."""
    return (
        who.may(Scope.CONTROL_ALL)
        or (who.may(Scope.CONTROL_SELF) and reach.is_in(who, call_id))
        or (who.may(Scope.CONTROL_SELF) and not reach.call_is_known(call_id))
        or (who.may(Scope.CONTROL_TEAM) and team_has_call(who, call_id, reach))
    )


def controls_connection(who: Principal, key: ConnectionId, reach: Reach) -> bool:
    """Tell whether a principal may act for one device in one call."""
    return controls_device(who, key.device_id, reach) or (
        who.may(Scope.CONTROL_TEAM) and team_has_call(who, key.call_id, reach)
    )


def sees_device(who: Principal, device_id: DeviceId, reach: Reach) -> bool:
    """Tell whether a principal may look at a device, and at the calls that are there."""
    return (
        who.may(Scope.MONITOR_ALL)
        or (who.may(Scope.MONITOR_SELF) and reach.owns(who, device_id))
        or (who.may(Scope.MONITOR_TEAM) and reach.team_has_device(who, device_id))
        or (who.may(Scope.ROUTE) and category_of(device_id) == _ROUTEING)
    )


def sees_call(who: Principal, call_id: CallId, reach: Reach) -> bool:
    """Tell whether a principal may look at a call; a router at those that came to it."""
    return (
        who.may(Scope.MONITOR_ALL)
        or (who.may(Scope.MONITOR_SELF) and reach.was_in(who, call_id))
        or (who.may(Scope.MONITOR_TEAM) and team_has_call(who, call_id, reach))
        or (who.may(Scope.ROUTE) and was_routed(call_id, reach))
    )


def sees_agent(who: Principal, agent_id: AgentId, reach: Reach) -> bool:
    """Tell whether a principal may look at an agent."""
    return (
        who.may(Scope.MONITOR_ALL)
        or (who.may(Scope.MONITOR_SELF) and who.agent_id == agent_id)
        or (who.may(Scope.MONITOR_TEAM) and team_has_agent(who, agent_id, reach))
    )


def sees_figures(who: Principal, queue: DeviceId, reach: Reach) -> bool:
    """Tell whether a principal may know how many there are of what in a queue."""
    return (
        who.may(Scope.MONITOR_ALL)
        or who.may(Scope.MONITOR_AGGREGATE)
        or (who.may(Scope.MONITOR_SELF) and reach.has_queue(who, queue))
        or (who.may(Scope.MONITOR_TEAM) and reach.team_has_queue(who, queue))
    )


def changes_agent(who: Principal, agent_id: AgentId, reach: Reach) -> bool:
    """Tell whether a principal may change what an agent does."""
    return (who.may(Scope.AGENT_SELF) and who.agent_id == agent_id) or (
        who.may(Scope.AGENT_TEAM) and team_has_agent(who, agent_id, reach)
    )


def team_has_call(who: Principal, call_id: CallId, reach: Reach) -> bool:
    """Tell whether a call is the team's; one that is not there is the engine's to refuse."""
    return reach.team_has_call(who, call_id) or not reach.call_is_known(call_id)


def team_has_agent(who: Principal, agent_id: AgentId, reach: Reach) -> bool:
    """Tell whether an agent is the team's; one that there is not is the engine's to refuse."""
    return reach.team_has_agent(who, agent_id) or reach.agent(agent_id) is None


def was_routed(call_id: CallId, reach: Reach) -> bool:
    """Tell whether a call has been at a routeing device."""
    return any(category_of(each) == _ROUTEING for each in reach.devices_ever(call_id))
