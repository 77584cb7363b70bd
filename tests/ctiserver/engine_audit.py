"""What must hold in an engine after every step (reliability §3), written down apart from it.

Each function gives sentences about what is wrong; none when all is well.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from acd.queue import WaitingCall
from agents.agent import Agent
from csta.ids import LegId, category_of
from csta.instants import Instant
from csta.states import AgentState, ConnectionState
from ctiserver.core.calls import Connection, LegState, Role
from ctiserver.core.engine import Engine

_NOT_LIVE = (ConnectionState.NULL, ConnectionState.FAIL)


def audit(engine: Engine, now: Instant, legs: Container[LegId]) -> list[str]:
    """Look at everything; `legs` are those that live in the switch, or whose end is untold."""
    return [
        *agents_are_what_their_phones_are(engine),
        *no_agent_is_ready_beside_a_call_that_waits(engine, now),
        *offers_are_the_same_everywhere(engine),
        *nothing_is_without_an_exit(engine, legs),
        *no_call_is_forgotten(engine),
        *indexes_agree(engine),
    ]


def live_at(engine: Engine, agent: Agent) -> list[Connection]:
    """List the connections of the phone where the agent is logged on."""
    if agent.state is AgentState.NULL:
        return []
    here = engine.model.at_device.get(agent.device_id, [])
    return [connection for connection in here if connection.state not in _NOT_LIVE]


def agents_are_what_their_phones_are(engine: Engine) -> Iterator[str]:
    """Tell of agents with two offers, and of states that no phone or offer supports (A1, A2)."""
    offered: dict[str, list[str]] = {}
    for call in engine.acd.calls.values():
        if call.offer is not None:
            offered.setdefault(call.offer.agent_id, []).append(call.offer.offer_id)
    for agent in engine.directory:
        offers, live = offered.get(agent.agent_id, []), live_at(engine, agent)
        if offers != ([agent.offer_id] if agent.offer_id else []):
            yield f"{agent!r} has offers {offers} and knows of {agent.offer_id}"
        if (agent.state is AgentState.BUSY) != bool(offers or live):
            yield f"{agent!r} has offers {offers} and connections {[str(c.key) for c in live]}"


def eligible(agent: Agent, call: WaitingCall, now: Instant) -> bool:
    """Tell whether an agent may serve a call: skills, levels, and no refusal lately."""
    if call.kept_from.get(agent.agent_id, now) > now:
        return False
    has = dict(agent.skills)
    return any(
        all(has.get(skill, 0) >= level for skill, level in required) for _, required in call.places
    )


def no_agent_is_ready_beside_a_call_that_waits(engine: Engine, now: Instant) -> Iterator[str]:
    """Tell of ready agents beside calls that they may serve (Q1)."""
    for call in engine.acd.calls.values():
        for agent in engine.directory:
            idle = agent.state is AgentState.READY and call.offer is None
            if idle and eligible(agent, call, now):
                yield f"{agent!r} is ready while {call.call_id} waits"


def offers_are_the_same_everywhere(engine: Engine) -> Iterator[str]:
    """Tell of calls and contacts that disagree on whether there is an offer (C5)."""
    for contact in engine.contacts.values():
        call = engine.acd.calls.get(contact.call_id)
        offer = call.offer if call else None
        if contact.offer is not offer:
            yield f"{contact.call_id} has offer {offer}, its contact {contact.offer}"
        if (contact.offer is None) != (contact.offer_leg is None):
            yield f"{contact.call_id} has offer {contact.offer} and leg {contact.offer_leg}"
    offered = sum(call.offer is not None for call in engine.acd.calls.values())
    if offered != len(engine.acd.offers):
        yield f"{offered} calls are offered, {len(engine.acd.offers)} offers are alive"
    for call_id in engine.acd.calls:
        if call_id not in engine.contacts:
            yield f"{call_id} is in a queue and has no contact"


def nothing_is_without_an_exit(engine: Engine, legs: Container[LegId]) -> Iterator[str]:
    """Tell of states that neither a deadline nor a live leg will end (A3), and of ghosts (C3)."""
    acd = engine.acd._agenda  # noqa: SLF001 - an audit
    for agent in engine.directory:
        if agent.state is AgentState.WORKING_AFTER_CALL and ("wrap", agent.agent_id) not in acd:
            yield f"{agent!r} works without end"
        if agent.offer_id is not None and ("ring", agent.offer_id) not in acd:
            yield f"offer {agent.offer_id} rings without end"
    for leg in engine.model.legs.values():
        dialled = leg.role is not Role.CALLER and leg.state < LegState.UP
        own = leg.leg_id.startswith("l-")
        if own and dialled and not leg.clearing and leg.leg_id not in engine.parties.unanswered:
            yield f"leg {leg.leg_id} is under way without end"
        if leg.leg_id not in legs:
            yield f"leg {leg.leg_id} is a ghost"
    for contact in engine.contacts.values():
        if contact.walk is not None and contact.call_id not in engine.walks.deadlines:
            yield f"{contact.call_id} walks without end"


def no_call_is_forgotten(engine: Engine) -> Iterator[str]:
    """Tell of calls in which somebody hears nothing and nothing will happen."""
    for call in engine.model.calls.values():
        contact = engine.contacts.get(call.call_id)
        places = [link for link in call.connections.values() if link.leg is None]
        here = [link for link in call.parties() if link.state is not ConnectionState.FAIL]
        for place in places:
            queued = category_of(place.device_id) == "acd"
            if queued and call.call_id not in engine.acd.calls:
                yield f"{place.key} is in no queue"
            if not queued and (contact is None or not (contact.walk or contact.voice_leg)):
                waits = call.call_id in engine.walks._without_port  # noqa: SLF001 - an audit
                if not waits and not all(_leaving(link) for link in here):
                    yield f"{place.key} is in no flow"
        if not here and not call.coming and call.instances:
            yield f"{call.call_id} is empty and not over"
        if len(here) == 1 and not places and not call.coming and not _leaving(here[0]):
            offered = contact is not None and contact.offer is not None
            if not offered and here[0].state is not ConnectionState.INITIATED:
                yield f"{here[0].key} is alone"


def _leaving(connection: Connection) -> bool:
    return connection.leg is None or connection.leg.clearing


def indexes_agree(engine: Engine) -> Iterator[str]:
    """Tell of connections that a leg, a device or a call knows and another does not."""
    model = engine.model
    for call in model.calls.values():
        for connection in (*call.connections.values(), *call.coming.values()):
            if connection.call is not call or connection.key.call_id != call.call_id:
                yield f"{connection.key} stands in {call.call_id}"
            leg = connection.leg
            if leg and leg.state is not LegState.GONE and connection not in leg.connections:
                yield f"{connection.key} is not known to its leg"
    for device_id, here in model.at_device.items():
        for connection in here:
            if connection.call.cleared:
                yield f"{connection.key} at {device_id} is of a call that is over"


def leftovers(engine: Engine) -> dict[str, int]:
    """Count what must be nothing when everybody has gone."""
    requests, queueing, walks = engine.requests.calls, engine.queueing, engine.walks
    counts = {
        "calls": len(engine.model.calls),
        "legs": len(engine.model.legs),
        "connections at devices": len(engine.model.at_device),
        "contacts": len(engine.contacts),
        "queued calls": len(engine.acd.calls),
        "queue places": sum(len(queue) for queue in engine.acd.queues.values()),
        "offers": len(engine.acd.offers),
        "queued contacts": len(queueing._contacts),  # noqa: SLF001 - an audit
        "offer legs": len(queueing._by_offer_leg),  # noqa: SLF001 - an audit
        "walks": len(walks._contacts),  # noqa: SLF001 - an audit
        "voice legs": len(walks._by_voice_leg),  # noqa: SLF001 - an audit
        "waiting for a voice unit": len(walks._without_port),  # noqa: SLF001 - an audit
        "walk deadlines": len(walks.deadlines),
        "unanswered legs": len(engine.parties.unanswered),
        "waiting for the switch": len(requests.second_steps),
        "busy agents": sum(
            agent.state in (AgentState.BUSY, AgentState.WORKING_AFTER_CALL)
            for agent in engine.directory
        ),
    }
    return {what: count for what, count in counts.items() if count}
