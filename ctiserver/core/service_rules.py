"""Rules of single services: what of their parameters must be in a principal's reach (§7.8)."""

from __future__ import annotations

from typing import Any, Final

from csta.device_services import RequestedAgentState, SetAgentState
from csta.ids import CallId, ConnectionId, DeviceId, category_of
from csta.monitor_services import MonitorObject, MonitorStart
from ctiserver.core.object_rights import (
    changes_agent,
    controls_call,
    controls_connection,
    controls_device,
    sees_agent,
    sees_call,
    sees_device,
    sees_figures,
    team_has_agent,
    team_has_call,
)
from ctiserver.core.principals import Principal, Role, Scope
from ctiserver.core.reach import Reach

_QUEUE: Final = "acd"
_PARK: Final = "park"
MONITORS = (
    Scope.MONITOR_SELF,
    Scope.MONITOR_TEAM,
    Scope.MONITOR_AGGREGATE,
    Scope.MONITOR_ALL,
)


def recorded(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401 - of four services
    """Let who may control recording do so on a call within reach."""
    return who.may(Scope.RECORD_CONTROL) and (
        who.may(Scope.MONITOR_ALL) or controls_call(who, request.call_id, reach)
    )


def supervises(who: Principal, key: ConnectionId, reach: Reach) -> bool:
    """Let a supervisor into a call of the team; an administrator never."""
    return (
        who.may(Scope.SUPERVISE_TEAM)
        and who.role is not Role.ADMIN
        and (reach.team_has_device(who, key.device_id) or team_has_call(who, key.call_id, reach))
    )


def intrudes(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401 - IntrudeCall
    """Let a supervisor break in, from his own device."""
    joining = request.joining_device
    is_own = joining is None or reach.owns(who, joining)
    return is_own and supervises(who, request.intrude, reach)


def sets_agent_state(who: Principal, request: SetAgentState, reach: Reach) -> bool:
    """Let agents change their own state, and supervisors that of others, by force too."""
    own = who.agent_id == request.agent_id
    if own and not request.force:
        return who.may(Scope.AGENT_SELF) and _may_sit_at(who, request, reach)
    return not own and changes_agent(who, request.agent_id, reach)


def _may_sit_at(who: Principal, request: SetAgentState, reach: Reach) -> bool:
    """Tell whether an agent may log on at this device: his own desk, or one that he is given."""
    if request.requested_agent_state is not RequestedAgentState.LOGGED_ON:
        return True
    agent = reach.agent(request.agent_id)
    home = agent.home_device_id if agent is not None else None
    return request.device is None or request.device == home or request.device in who.devices


def changes_own_or_teams_agent(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let the agent himself, or his supervisor."""
    return changes_agent(who, request.agent_id, reach)


def changes_teams_agent(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let the agent's supervisor."""
    return who.may(Scope.AGENT_TEAM) and team_has_agent(who, request.agent_id, reach)


def looks_at_agent(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let the agent himself, or who may see him."""
    return sees_agent(who, request.agent_id, reach) or (
        who.may(Scope.AGENT_SELF) and who.agent_id == request.agent_id
    )


def picks(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401 - PickQueuedCall
    """Let an agent take a call of his own queues, and a supervisor give one to an agent (R30)."""
    call_id: CallId = request.queued_call.call_id
    if who.agent_id == request.agent_id and who.may(Scope.CONTROL_SELF):
        call = reach.engine.model.calls.get(call_id)
        waits_at = call.acd.group if call is not None and call.acd is not None else None
        if call is None or (waits_at is not None and reach.has_queue(who, waits_at)):
            return True
    if who.may(Scope.CONTROL_ALL):
        return True
    return (
        who.may(Scope.CONTROL_TEAM)
        and team_has_call(who, call_id, reach)
        and team_has_agent(who, request.agent_id, reach)
    )


def changes_place(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let a supervisor change what a waiting call needs, or where it stands."""
    call_id: CallId = request.queued_call.call_id
    return who.may(Scope.CONTROL_ALL) or (
        who.may(Scope.CONTROL_TEAM) and team_has_call(who, call_id, reach)
    )


def cancels_callback(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let a supervisor take back what a queue has promised."""
    return who.may(Scope.CONTROL_ALL) or (
        who.may(Scope.CONTROL_TEAM) and reach.team_has_queue(who, request.target_device)
    )


def picks_up(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let a phone take what rings at a colleague's, of a queue that both serve, or is parked."""
    if not controls_device(who, request.requesting_device, reach):
        return False
    key: ConnectionId = request.call_to_be_picked_up
    if controls_connection(who, key, reach) or category_of(key.device_id) == _PARK:
        return True
    there = reach.engine.directory.at_device(key.device_id)
    return there is not None and any(reach.has_queue(who, each) for each in reach.queues_of(there))


def picks_up_in_group(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let a phone take what rings in its agent's own queues, or in one that its owner may name."""
    if not controls_device(who, request.new_destination, reach):
        return False
    group: DeviceId | None = request.pick_group
    return (
        group is None
        or who.may(Scope.CONTROL_ALL)
        or reach.has_queue(who, group)
        or (who.may(Scope.CONTROL_TEAM) and reach.team_has_queue(who, group))
    )


def predicts(who: Principal, request: Any, _reach: Reach) -> bool:  # noqa: ANN401
    """Let a dialler call for its own queues."""
    return who.may(Scope.CONTROL_ALL) or (
        who.may(Scope.CONTROL_CAMPAIGN) and request.calling_device in who.devices
    )


def associates(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let data be associated by who has, or had, a part in the call, and by the CRM."""
    call_id: CallId = request.existing_call.call_id
    return (
        who.may(Scope.DATA_ASSOCIATE)
        or controls_call(who, call_id, reach)
        or (who.may(Scope.CONTROL_SELF) and reach.was_in(who, call_id))
        or (who.may(Scope.CONTROL_SELF) and not reach.call_is_known(call_id))
    )


def plays(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401 - PlayMessage
    """Let messages be played over a connection; files of the server by administrators only."""
    reads_files = request.message_to_be_played.startswith("file:")
    return controls_connection(who, request.over_connection, reach) and (
        not reads_files or who.may(Scope.CONTROL_ALL)
    )


def records_message(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let who may control recording record what is said to a voice unit."""
    return who.may(Scope.RECORD_CONTROL) and controls_connection(
        who, request.call_to_be_recorded, reach
    )


def registers(who: Principal, request: Any, _reach: Reach) -> bool:  # noqa: ANN401
    """Let a router register, for the devices of its token if that names any."""
    return who.may(Scope.ROUTE) and (not who.devices or request.routeing_device in who.devices)


def snapshots_call(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let who may see the call."""
    call_id: CallId = request.snapshot_object.call_id
    return sees_call(who, call_id, reach) or (
        who.may(Scope.MONITOR_SELF) and not reach.call_is_known(call_id)
    )


def explains(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401 - ExplainCall
    """Let who may see the call."""
    return sees_call(who, request.call_to_explain.call_id, reach)


def monitors(who: Principal, request: MonitorStart, reach: Reach) -> bool:
    """Let what is within reach be monitored; each event is looked at once more."""
    what = request.monitor_object
    if not isinstance(what, MonitorObject):
        return any(who.may(each) for each in MONITORS if each is not Scope.MONITOR_SELF)
    if what.agent_object is not None:
        return sees_agent(who, what.agent_object, reach)
    if what.call_object is not None:
        return sees_call(who, what.call_object.call_id, reach)
    device_id = what.group_object or what.device_object or ""
    is_queue = category_of(device_id) == _QUEUE
    return sees_device(who, device_id, reach) or (is_queue and sees_figures(who, device_id, reach))


def stops_collection(who: Principal, request: Any, reach: Reach) -> bool:  # noqa: ANN401
    """Let who may act for the party whose digits are collected; one that is over is nobody's."""
    for collecting in reach.engine.collections.by_leg.values():
        if collecting.cross_ref_id == request.dcoll_cross_ref_id:
            return controls_connection(who, collecting.connection.key, reach)
    return any(map(who.may, (Scope.CONTROL_SELF, Scope.CONTROL_TEAM, Scope.CONTROL_ALL)))
