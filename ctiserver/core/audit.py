"""What must hold in an engine after every step (reliability §3): all of it, and of calls and legs.

Each predicate gives violations, none when all is well. It reads, and changes nothing. The monitor
asks those of one entity after each step, and all of them together from time to time.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING

from acd.queue import WaitingCall
from csta.ids import LegId, category_of
from csta.states import ConnectionState
from ctiserver.core.calls import Call, Connection, LegState, Role
from ctiserver.core.contacts import Contact
from ctiserver.core.queue_audit import (
    agent_faults,
    calls_are_conserved,
    offers_of_agents,
    places_agree,
    waiting_faults,
    work_is_conserved,
)
from ctiserver.core.violations import Kind, Violation

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


def audit(engine: Engine, legs: Container[LegId] | None = None) -> Iterator[Violation]:
    """Look at everything; `legs` are those that live in the switch, or whose end is untold (C3)."""
    offered = offers_of_agents(engine.acd.floor)
    for agent in engine.directory:
        yield from agent_faults(engine, agent, offered.get(agent.agent_id, ()))
    for waiting in engine.acd.calls.values():
        yield from waiting_faults(engine, waiting)
    yield from work_is_conserved(engine)
    yield from calls_are_conserved(engine)
    yield from places_agree(engine.acd.floor)
    yield from contacts_agree(engine)
    yield from engine.routeing.faults()
    yield from legs_have_an_exit(engine, legs)
    for call in engine.model.calls.values():
        yield from call_faults(engine, call)
    yield from devices_agree(engine)
    yield from deadlines_are_kept(engine)


def contacts_agree(engine: Engine) -> Iterator[Violation]:
    """Tell of contacts and calls that disagree on offers (C5), and of walks without end (A3)."""
    calls, walks = engine.acd.calls, engine.walks
    for contact in engine.contacts.values():
        waiting = calls.get(contact.call_id)
        if contact.ringing or (waiting is not None and waiting.offers):
            yield from ringing_faults(contact, waiting)
        if contact.walk is not None and contact.call_id not in walks.deadlines:
            yield _of_contact("A3", contact, f"call {contact.call_id} walks without end")
    offered = sum(len(call.offers) for call in calls.values())
    if offered != len(engine.acd.offers):
        sentence = f"calls have {offered} offers, {len(engine.acd.offers)} offers are alive"
        yield Violation("A1", Kind.ENGINE, "acd", sentence)


def ringing_faults(contact: Contact, waiting: WaitingCall | None) -> Iterator[Violation]:
    """Tell of a contact that rings for other offers than its call has, or rings on (C5)."""
    offers = [offer.offer_id for offer in waiting.offers] if waiting else []
    if list(contact.ringing) != offers:
        sentence = f"{contact.call_id} has offers {offers}, its contact {list(contact.ringing)}"
        yield _of_contact("C5", contact, sentence, offers=offers)
    for ringing in contact.ringing.values():
        if ringing.leg.state is LegState.UP:
            sentence = f"leg {ringing.leg.leg_id} is answered and has not won {contact.call_id}"
            yield _of_contact("C5", contact, sentence, legID=ringing.leg.leg_id)


def _of_contact(invariant: str, contact: Contact, sentence: str, **more: object) -> Violation:
    evidence = {"ringing": list(contact.ringing), "queue": contact.queue}
    return Violation(invariant, Kind.CALL, contact.call_id, sentence, evidence | more)


def legs_have_an_exit(engine: Engine, legs: Container[LegId] | None) -> Iterator[Violation]:
    """Tell of legs that neither a deadline nor the switch will end (A3), and of ghosts (C3)."""
    unanswered = engine.parties.unanswered
    for leg in engine.model.legs.values():
        dialled = leg.state < LegState.UP and leg.role is not Role.CALLER
        own = dialled and leg.leg_id.startswith("l-")
        if own and not leg.clearing and leg.leg_id not in unanswered:
            sentence = f"leg {leg.leg_id} is under way without end"
            yield Violation("A3", Kind.LEG, leg.leg_id, sentence, {"device": leg.device_id})
        if legs is not None and leg.leg_id not in legs:
            sentence = f"leg {leg.leg_id} is a ghost"
            yield Violation("C3", Kind.LEG, leg.leg_id, sentence, {"device": leg.device_id})


def call_faults(engine: Engine, call: Call) -> Iterator[Violation]:
    """Tell of a call in which somebody hears nothing and nothing will happen (A3), or torn (C1)."""
    links = call.connections.values()
    places = [link for link in links if link.leg is None]
    here = [link for link in links if link.leg and link.state is not ConnectionState.FAIL]
    for link in links:
        if link.call is not call or link.key.call_id != call.call_id:
            yield _of_call("C1", call, f"{link.key} stands in {call.call_id}")
        elif link.leg and link.leg.state is not LegState.GONE and link not in link.leg.connections:
            yield _of_call("C1", call, f"{link.key} is not known to its leg")
    for place in places:
        fault = _place_fault(engine, call, place, here)
        if fault:
            yield _of_call("A3", call, fault)
    if call.coming or len(here) > 1:
        return
    if not here and call.instances:
        yield _of_call("C1", call, f"{call.call_id} is empty and not over")
    if here and not places and not _leaving(here[0]):
        contact = engine.contacts.get(call.call_id)
        offered = contact is not None and bool(contact.ringing)
        if not offered and here[0].state is not ConnectionState.INITIATED:
            yield _of_call("A3", call, f"{here[0].key} is alone")


def _place_fault(
    engine: Engine, call: Call, place: Connection, here: Sequence[Connection]
) -> str | None:
    """Say what is wrong with the connection of a queue, a flow or a parking place."""
    if engine.predictive.dials(call.call_id):
        return None
    contact = engine.contacts.get(call.call_id)
    if category_of(place.device_id) == "acd":
        treatment = contact.treatment if contact is not None else None
        last_word = treatment is not None and treatment.then is not None
        is_there = call.call_id in engine.acd.calls or last_word
        return None if is_there else f"{place.key} is in no queue"
    walks = contact is not None and (contact.walk or contact.voice_leg)
    if walks or engine.parking.holds(place):
        return None
    if engine.routeing.asks_about(call.call_id) or engine.walks.waits_for_port(call.call_id):
        return None
    if all(_leaving(link) for link in here):
        return None
    return f"{place.key} is in no flow"


def _of_call(invariant: str, call: Call, sentence: str) -> Violation:
    states = {link.device_id: link.state.value for link in call.connections.values()}
    return Violation(invariant, Kind.CALL, call.call_id, sentence, {"connections": states})


def _leaving(connection: Connection) -> bool:
    return connection.leg is None or connection.leg.clearing


def deadlines_are_kept(engine: Engine) -> Iterator[Violation]:
    """Tell of a deadline that is over and was not acted on (T1)."""
    due = engine.wake_at()
    if due is not None and due < engine.out.now:
        sentence = f"a deadline is {engine.out.now - due} ms overdue"
        yield Violation("T1", Kind.ENGINE, "agenda", sentence, {"dueAt": due})


def devices_agree(engine: Engine) -> Iterator[Violation]:
    """Tell of connections that stand at a device and are of a call that is over (C1)."""
    for device_id, here in engine.model.at_device.items():
        for link in here:
            if link.call.cleared:
                sentence = f"{link.key} at {device_id} is of a call that is over"
                yield Violation("C1", Kind.CALL, link.key.call_id, sentence)
