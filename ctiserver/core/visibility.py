"""Which events, and which parts of a snapshot, a principal sees (cti-api §7.8, §7.13 G13).

Asked for each event at delivery: a monitor that was granted sees no more than its owner may.
"""

from __future__ import annotations

from typing import Final

from csta.ids import category_of
from ctiserver.core.event_facts import EventFacts
from ctiserver.core.object_rights import sees_agent, sees_call, sees_device, sees_figures
from ctiserver.core.principals import Principal, Scope
from ctiserver.core.reach import Reach

_ROUTEING: Final = "routeing"
_FOR_ALL: Final = frozenset({"SystemStatus", "SwFunctionCapsChanged", "SwFunctionDevicesChanged"})
_FOR_ROUTERS: Final = frozenset({"RouteEnd", "RouteRegisterAbort"})

_MONITOR_ALL: Final = Scope.MONITOR_ALL
_MONITOR_SELF: Final = Scope.MONITOR_SELF
_MONITOR_TEAM: Final = Scope.MONITOR_TEAM
_ROUTE: Final = Scope.ROUTE
"""Names for what each delivery asks for: to look up a member of an enum takes as long as a call."""


def sees(who: Principal, facts: EventFacts, reach: Reach) -> bool:
    """Tell whether a principal sees an event."""
    if facts.category == "audit":
        return who.may(Scope.ADMIN)
    if facts.category == "session":
        return who.may(Scope.ADMIN) or facts.principal == who.name
    if facts.supervise_only:
        return _may_know_of_listeners(who, facts, reach)
    if facts.category == "system" and facts.name in _FOR_ALL:
        return True
    return who.may(_MONITOR_ALL) or _sees_part(who, facts, reach)


def _sees_part(who: Principal, facts: EventFacts, reach: Reach) -> bool:
    """Tell whether an event is of the part of the centre that a principal sees."""
    if facts.aggregate:
        return any(sees_figures(who, queue, reach) for queue in facts.queues)
    return (
        _sees_as_router(who, facts)
        or _sees_own(who, facts, reach)
        or (who.may(_MONITOR_TEAM) and _is_of_team(who, facts, reach))
    )


def sees_object(who: Principal, kind: str, name: str, reach: Reach) -> bool:
    """Tell whether a principal sees an object in a snapshot.

    `kind` is `call`, `agent`, `device`, `acd` or `link`, `name` its id.
    """
    match kind:
        case "call":
            return sees_call(who, name, reach)
        case "agent":
            return sees_agent(who, name, reach)
        case "device":
            return sees_device(who, name, reach)
        case "acd":
            return sees_figures(who, name, reach)
        case _:
            return kind == "link"


def _may_know_of_listeners(who: Principal, facts: EventFacts, reach: Reach) -> bool:
    """Tell whether a principal may know who listens in: who may himself, and who does."""
    if who.agent_id is not None and facts.supervisor == who.agent_id:
        return True
    if not who.may(Scope.SUPERVISE_TEAM):
        return False
    return _is_of_team(who, facts, reach)


def _sees_as_router(who: Principal, facts: EventFacts) -> bool:
    if not who.may(_ROUTE):
        return False
    is_routed = any(category_of(each) == _ROUTEING for each in facts.devices)
    return is_routed or (facts.category == "system" and facts.name in _FOR_ROUTERS)


def _sees_own(who: Principal, facts: EventFacts, reach: Reach) -> bool:
    """Tell whether an event is of an own device, an own state, or a call of one's own."""
    if not who.may(_MONITOR_SELF):
        return False
    if who.agent_id is not None and who.agent_id in facts.agents:
        return True
    own = reach.own_devices(who)
    if any(device_id in facts.devices for device_id in own):
        return True
    if facts.lists_parties:
        return False
    was_party = reach.history.was_party
    return any(
        was_party(call_id, device_id, facts.sequence)
        for call_id in facts.calls
        for device_id in own
    )


def _is_of_team(who: Principal, facts: EventFacts, reach: Reach) -> bool:
    if who.teams is None:
        return True
    return (
        any(queue in who.teams for queue in facts.queues)
        or any(reach.team_has_agent(who, agent_id) for agent_id in facts.agents)
        or any(reach.team_has_device(who, device_id) for device_id in facts.devices)
        or (
            not facts.lists_parties
            and any(reach.team_has_call(who, call_id) for call_id in facts.calls)
        )
    )
