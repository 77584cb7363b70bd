"""What must hold of agents, waiting calls and queues (reliability §3.1 to §3.3).

Each predicate gives violations, none when all is well. It reads, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from acd.floor import Floor
from acd.lines import Line
from acd.matching import Sought
from acd.queue import WaitingCall
from acd.rules import Ring
from agents.agent import Agent, Profile
from csta.instants import Instant
from csta.states import AgentState, ConnectionState
from ctiserver.core.calls import Connection
from ctiserver.core.violations import Kind, Violation

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine

_NOT_LIVE = (ConnectionState.NULL, ConnectionState.FAIL)


def offers_of_agents(floor: Floor) -> dict[str, list[str]]:
    """List the offers of calls by voice that each agent has, as the calls know them."""
    offered: dict[str, list[str]] = {}
    for call in floor.calls.values():
        for offer in call.offers:
            if floor.queues[offer.queue].channel is None:
                offered.setdefault(offer.agent_id, []).append(offer.offer_id)
    return offered


def live_at(engine: Engine, agent: Agent) -> list[Connection]:
    """List the connections of the phone where the agent is logged on."""
    here = engine.model.at_device.get(agent.device_id)
    if here is None or agent.state is AgentState.NULL:
        return []
    return [connection for connection in here if connection.state not in _NOT_LIVE]


def agent_faults(engine: Engine, agent: Agent, offered: Sequence[str]) -> Iterator[Violation]:
    """Tell of an agent with two offers (A1), states without support (A2) or without end (A3)."""
    state, who, own = agent.state, agent.agent_id, agent.offer_id
    if (len(offered) != 1 or offered[0] != own) if own is not None else offered:
        sentence = f"{agent!r} has offers {list(offered)} and knows of {own}"
        yield _of_agent("A1", agent, sentence, offers=list(offered))
    if (state is AgentState.BUSY) != bool(offered or live_at(engine, agent)):
        live = live_at(engine, agent)
        keys = [f"{each.key.call_id} {each.state.value}" for each in live]
        sentence = f"{agent!r} has offers {list(offered)} and connections {keys}"
        yield _of_agent("A2", agent, sentence, offers=list(offered), connections=keys)
    ready = state is AgentState.READY
    if engine.acd.floor.roster.is_ready(agent) != ready:
        among = "is not" if ready else "stands"
        yield _of_agent("A2", agent, f"{agent!r} {among} among those who are ready")
    if ready and (agent.quarantined or not agent.reachable):
        yield _of_agent("A6", agent, f"{agent!r} is quarantined, or his phone cannot be reached")
    agenda = engine.acd.floor.agenda
    if state is AgentState.WORKING_AFTER_CALL and ("wrap", who) not in agenda:
        yield _of_agent("A3", agent, f"{agent!r} works without end")
    if own is not None and ("ring", own) not in agenda:
        yield _of_agent("A3", agent, f"offer {own} of {agent!r} rings without end", offers=[own])


def _of_agent(invariant: str, agent: Agent, sentence: str, **more: object) -> Violation:
    evidence = {
        "agentState": agent.state.value,
        "since": agent.since,
        "busyPhase": agent.phase.value if agent.phase else None,
        "offerID": agent.offer_id,
        "callID": agent.call_id,
    }
    return Violation(invariant, Kind.AGENT, agent.agent_id, sentence, evidence | more)


def waiting_faults(engine: Engine, call: WaitingCall) -> Iterator[Violation]:
    """Tell of a call of the ACD that is in no place or two (C2), offered wrongly (A1), stuck (A3).

    Also of one whose caller has gone (C4), or whose agent has answered without winning it (C5).
    """
    agenda, offers, who = engine.acd.floor.agenda, engine.acd.offers, call.call_id
    if call.waits == bool(call.offers):
        both = "waits and rings" if call.waits else "neither waits nor rings"
        yield _of_waiting("C2", call, f"{call!r} {both}")
    if len(call.offers) > 1 and engine.acd.queues[call.offers[0].queue].config.ring is Ring.ONE:
        yield _of_waiting("A1", call, f"{call!r} rings at {len(call.offers)} agents at once")
    for offer in call.offers:
        if offers.call_of(offer.offer_id) is not call:
            yield _of_waiting("A1", call, f"offer {offer.offer_id} of {call!r} is not alive")
        if ("ring", offer.offer_id) not in agenda:
            yield _of_waiting("A3", call, f"offer {offer.offer_id} of {call!r} rings without end")
    if call.waits:
        yield from _waiting_without_end(engine.acd.floor, call)
    if call.held:
        return
    contact = engine.contacts.get(who)
    if contact is None:
        yield _of_waiting("C2", call, f"{call!r} is in a queue and has no contact")
    elif contact.caller.state is ConnectionState.NULL:
        yield _of_waiting("C4", call, f"the caller of {call!r} has gone")


def _waiting_without_end(floor: Floor, call: WaitingCall) -> Iterator[Violation]:
    agenda, who = floor.agenda, call.call_id
    if call.due and ("step", who) not in agenda:
        yield _of_waiting("A3", call, f"the next step of {call!r} will not come")
    if call.preferred_until is not None and ("prefer", who) not in agenda:
        yield _of_waiting("A3", call, f"{call!r} is kept for agents without end")
    for agent_id in call.kept_from:
        if ("back_off", who, agent_id) not in agenda:
            yield _of_waiting("A3", call, f"{call!r} is kept from {agent_id} without end")


def _of_waiting(invariant: str, call: WaitingCall, sentence: str, **more: object) -> Violation:
    evidence: dict[str, Any] = {
        "queue": call.queue.name,
        "enqueuedAt": call.enqueued_at,
        "priority": call.priority,
        "waits": call.waits,
        "offers": [offer.offer_id for offer in call.offers],
    }
    return Violation(invariant, Kind.CALL, call.call_id, sentence, evidence | more)


def work_is_conserved(engine: Engine) -> Iterator[Violation]:
    """Tell of ready agents beside calls that they may serve (Q1).

    What an explicit rule holds back is no work: refusals, delays and ranks whose time has not come,
    the share of callbacks. Agents of one profile are looked at together.
    """
    floor, now = engine.acd.floor, engine.out.now
    if floor.paused:
        return
    ready: dict[Profile, list[Agent]] = {}
    for agent in engine.directory:
        if agent.state is AgentState.READY:
            ready.setdefault(agent.profile, []).append(agent)
    if not ready:
        return
    for line, calls in _by_line(floor).items():
        for agents in ready.values():
            if line.agent_id is None and floor.roster.pair_of(agents[0], line) is None:
                continue
            for call in calls:
                idle = _who_may(floor, agents, call, line, now)
                if idle is not None:
                    sentence = f"{idle!r} is ready while {call!r} waits"
                    yield _of_waiting("Q1", call, sentence, agentID=idle.agent_id)


def _by_line(floor: Floor) -> dict[Line, list[WaitingCall]]:
    waiting: dict[Line, list[WaitingCall]] = {}
    for call in floor.calls.values():
        if call.waits:
            for line in call.places:
                waiting.setdefault(line, []).append(call)
    return waiting


def _who_may(
    floor: Floor, agents: list[Agent], call: WaitingCall, line: Line, now: Instant
) -> Agent | None:
    """Find one of several agents of one profile who may serve a call."""
    if call.held and not line.heap:
        return None
    alike = line.agent_id is None and line.queue.channel is None
    for agent in agents:
        if alike and call.kept_from.get(agent.agent_id, now) > now:
            continue
        if floor.roster.may_serve(agent, call, line, now):
            return agent
        if alike:
            return None
    return None


def choice_faults(
    floor: Floor, call: WaitingCall, agent: Agent, line: Line, now: Instant, sought: Sought
) -> Iterator[Violation]:
    """Tell of an offer that is about to be made and may not be (A6), or not before another (Q2)."""
    if sought is Sought.BY_HAND:
        return
    roster = floor.roster
    if not agent.reachable or agent.quarantined or not roster.may_serve(agent, call, line, now):
        sentence = f"{agent!r} is offered {call!r}, which he may not serve"
        yield _of_waiting("A6", call, sentence, agentID=agent.agent_id)
    mine = roster.pair_of(agent, line)
    if mine is None:
        return
    place = (-mine.weight, -roster.need(call, line.queue, now), call.key)
    for pair in roster.served_by(agent):
        heap = pair.line.heap
        if not heap or heap[0][1] != heap[0][2].version:
            continue
        other = heap[0][2]
        before = (-pair.weight, -roster.need(other, pair.line.queue, now), other.key) < place
        if before and other is not call and roster.may_serve(agent, other, pair.line, now):
            sentence = f"{agent!r} is offered {call!r} before {other!r}"
            yield _of_waiting("Q2", other, sentence, agentID=agent.agent_id, before=call.call_id)


def calls_are_conserved(engine: Engine) -> Iterator[Violation]:
    """Tell of calls that came to a queue, did not leave it and are not there, or the reverse (C2).

    Callbacks have a conservation of their own (I2): their table of states.
    """
    ledger = engine.queueing.ledger
    there = {c.call_id: c.queue.name for c in engine.acd.calls.values() if c.callback_id is None}
    if there == ledger.where:
        return
    for call_id in dict.fromkeys((*there, *ledger.where)):
        told, is_there = ledger.where.get(call_id), there.get(call_id)
        if told != is_there:
            sentence = f"call {call_id} should be in queue {told} and is in {is_there}"
            counts = {name: ledger.counts(name) for name in (told, is_there) if name}
            yield Violation("C2", Kind.CALL, call_id, sentence, {"counts": counts})


def places_agree(floor: Floor) -> Iterator[Violation]:
    """Tell of queues whose counts are not those of the calls (S1), and of calls in no line (Q1)."""
    keys: dict[str, list[Any]] = {name: [] for name in floor.queues}
    held = dict.fromkeys(floor.queues, 0)
    lines = {line: frozenset(line.standing()) for line in floor.roster.lines()}
    for call in floor.calls.values():
        if not call.waits:
            continue
        held[call.queue.name] += call.held
        for line in call.places:
            if call.call_id not in lines.get(line, ()):
                yield _of_waiting("Q1", call, f"{call!r} does not stand in its line")
            if line.agent_id is None or line is call.places[0]:
                keys[line.queue.name].append(call.key)
    for queue in floor.queues.values():
        count = sorted(keys[queue.name])
        if count != list(queue.keys) or held[queue.name] != queue.held:
            sentence = f"queue {queue.name} counts {len(queue)} calls and has {len(count)}"
            evidence = {"counted": len(queue), "there": len(count), "callbacks": queue.held}
            yield Violation("S1", Kind.QUEUE, queue.name, sentence, evidence)
