"""Each predicate of the audit finds the fault that is planted by hand, and names whose it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from acd.queue import WaitingCall
from csta.ids import CallId
from csta.states import AgentState
from ctiserver.core.audit import audit
from ctiserver.core.calls import LegState
from ctiserver.core.engine import Engine
from ctiserver.core.violations import Kind
from tests.ctiserver.centre import FOR_EVER, Centre


def _centre() -> Centre:
    """Anna is offered one call, two more wait, Bea is not ready."""
    centre = Centre()
    centre.log_on("anna")
    centre.ask("SetAgentState", agentID="bea", requestedAgentState="loggedOn")
    for _ in range(3):
        centre.call(talk_ms=60_000, patience_ms=FOR_EVER)
    centre.wait(2_000)
    return centre


@pytest.fixture
def engine() -> Engine:
    """Give an engine in which all is well."""
    centre = _centre()
    assert list(audit(centre.engine)) == []
    return centre.engine


def _waiting(engine: Engine) -> WaitingCall:
    return next(call for call in engine.acd.calls.values() if call.waits)


def _offered(engine: Engine) -> WaitingCall:
    return next(call for call in engine.acd.calls.values() if call.offers)


def _nobody_knows_the_offer(engine: Engine) -> str:
    engine.directory.agent("anna").offer_id = None
    return "anna"


def _an_offer_that_is_none(engine: Engine) -> str:
    engine.directory.agent("bea").offer_id = "o-none"
    return "bea"


def _busy_with_nothing(engine: Engine) -> str:
    engine.directory.agent("bea").state = AgentState.BUSY
    return "bea"


def _ready_but_in_no_lane(engine: Engine) -> str:
    engine.directory.agent("bea").state = AgentState.READY
    return "bea"


def _rings_for_ever(engine: Engine) -> str:
    agent = engine.directory.agent("anna")
    engine.acd.floor.agenda.cancel(("ring", agent.offer_id or ""))
    return "anna"


def _in_limbo(engine: Engine) -> CallId:
    call = _waiting(engine)
    engine.acd.floor.unwait(call)
    return call.call_id


def _in_no_line(engine: Engine) -> CallId:
    call = _waiting(engine)
    call.places[0].heap.clear()
    return call.call_id


def _gone_from_the_acd(engine: Engine) -> CallId:
    call = _waiting(engine)
    engine.acd.floor.unwait(call)
    del engine.acd.calls[call.call_id]
    return call.call_id


def _its_contact_rings_no_more(engine: Engine) -> CallId:
    call = _offered(engine)
    engine.contacts[call.call_id].ringing.clear()
    return call.call_id


def _answered_and_not_won(engine: Engine) -> CallId:
    call = _offered(engine)
    next(iter(engine.contacts[call.call_id].ringing.values())).leg.state = LegState.UP
    return call.call_id


def _a_count_too_many(engine: Engine) -> str:
    engine.acd.queues["sales"].add((0, 0, 99))
    return "sales"


def _a_leg_for_ever(engine: Engine) -> str:
    leg_id = next(leg for leg in engine.model.legs if leg.startswith("l-"))
    engine.parties.unanswered.cancel(leg_id)
    return leg_id


def _overdue(engine: Engine) -> str:
    engine.acd.floor.agenda.set(("step", "c-none"), engine.out.now - 1)
    return "agenda"


@pytest.mark.parametrize(
    ("plant", "invariant", "kind"),
    [
        (_nobody_knows_the_offer, "A1", Kind.AGENT),
        (_an_offer_that_is_none, "A1", Kind.AGENT),
        (_busy_with_nothing, "A2", Kind.AGENT),
        (_ready_but_in_no_lane, "A2", Kind.AGENT),
        (_rings_for_ever, "A3", Kind.AGENT),
        (_in_limbo, "C2", Kind.CALL),
        (_gone_from_the_acd, "C2", Kind.CALL),
        (_in_no_line, "Q1", Kind.CALL),
        (_its_contact_rings_no_more, "C5", Kind.CALL),
        (_answered_and_not_won, "C5", Kind.CALL),
        (_a_count_too_many, "S1", Kind.QUEUE),
        (_a_leg_for_ever, "A3", Kind.LEG),
        (_overdue, "T1", Kind.ENGINE),
    ],
)
def test_a_planted_fault_is_found_and_named(
    engine: Engine, plant: Callable[[Engine], str], invariant: str, kind: Kind
) -> None:
    entity_id = plant(engine)
    found = {(each.invariant, each.kind, each.entity_id) for each in audit(engine)}
    assert (invariant, kind, entity_id) in found


def test_a_leg_that_the_switch_does_not_have_is_a_ghost_c3(engine: Engine) -> None:
    legs = list(engine.model.legs)
    (ghost,) = audit(engine, legs[1:])
    assert (ghost.invariant, ghost.kind, ghost.entity_id) == ("C3", Kind.LEG, legs[0])


def test_q1_a_ready_agent_beside_a_call_is_found_unless_a_rule_holds_it_back(
    engine: Engine,
) -> None:
    bea, call = engine.directory.agent("bea"), _waiting(engine)
    bea.state = AgentState.READY
    engine.acd.floor.roster.add_ready(bea)
    others = [each for each in engine.acd.calls.values() if each.waits]
    assert {each.entity_id for each in audit(engine)} == {each.call_id for each in others}
    for each in others:
        each.kept_from["bea"] = engine.out.now + 1
        engine.acd.floor.agenda.set(("back_off", each.call_id, "bea"), engine.out.now + 1)
    assert list(audit(engine)) == []
    assert call in others


def test_the_ledger_balances_in_each_queue_c2(engine: Engine) -> None:
    ledger = engine.queueing.ledger
    assert ledger.balance("sales") == len(engine.acd.calls) == 3
    assert ledger.counts("sales") == {"entered": 3}
