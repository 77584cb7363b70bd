"""The audits of the engine for tests: what is wrong, in sentences, and what was left over."""

from __future__ import annotations

from collections.abc import Container

from acd.queue import WaitingCall
from agents.agent import Agent
from csta.ids import LegId
from csta.instants import Instant
from csta.states import AgentState
from ctiserver.core import audit as audits
from ctiserver.core.engine import Engine


def audit(engine: Engine, legs: Container[LegId]) -> list[str]:
    """Look at everything; `legs` are those that live in the switch, or whose end is untold."""
    return [f"{each.invariant}: {each.sentence}" for each in audits.audit(engine, legs)]


def eligible(agent: Agent, call: WaitingCall, now: Instant) -> bool:
    """Tell whether an agent may serve a call: skills, levels, and no refusal lately."""
    if call.kept_from.get(agent.agent_id, now) > now:
        return False
    has = dict(agent.skills)
    return any(
        all(has.get(skill, 0) >= level for skill, level in line.needs.skills)
        for line in call.places
    )


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
        "treatments": len(queueing.announcing._contacts),  # noqa: SLF001 - an audit
        "whispers": len(queueing.whispering) + len(queueing.whispering.deadlines),
        "treatment deadlines": len(queueing.announcing.deadlines),
        "walks": len(walks._contacts),  # noqa: SLF001 - an audit
        "voice legs": len(walks._by_voice_leg),  # noqa: SLF001 - an audit
        "waiting for a voice unit": len(walks._without_port),  # noqa: SLF001 - an audit
        "walk deadlines": len(walks.deadlines),
        "routeing dialogues": len(engine.routeing) + len(engine.routeing.deadlines),
        "predictive calls": len(engine.predictive) + len(engine.predictive.deadlines),
        "supervisors": len(engine.supervision.watches),
        "messages": len(engine.voice.plays) + len(engine.voice.deadlines),
        "collections": len(engine.collections.by_leg) + len(engine.collections.deadlines),
        "parked calls": len(engine.parking.by_call) + len(engine.parking.deadlines),
        "forwarded calls": len(engine.forwarding),
        "recordings": len(engine.recordings.by_call),
        "unanswered legs": len(engine.parties.unanswered),
        "waiting for the switch": len(requests.second_steps),
        "busy agents": sum(
            agent.state in (AgentState.BUSY, AgentState.WORKING_AFTER_CALL)
            for agent in engine.directory
        ),
    }
    return {what: count for what, count in counts.items() if count}
