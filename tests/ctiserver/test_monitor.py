"""The monitor at work: a fault is told with evidence, its entity set apart, the rest goes on.

RG-07, RG-08, c1 and c2: what has no exit, or is not dispatched, is noticed and mended.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from acd.config import AcdConfig, QueueConfig
from acd.decisions import Waits
from acd.lines import Line
from acd.queue import WaitingCall
from agents.directory import Directory
from csta.acd_events import CallStarving
from csta.causes import Cause
from csta.errors import Outcome
from csta.ids import DeviceId
from csta.instants import MINUTE
from csta.states import AgentState
from csta.system_events import InvariantViolated
from ctiserver.core.announcing import Announcing
from ctiserver.core.config import OnViolation
from ctiserver.core.contacts import Contact
from ctiserver.core.engine import Engine
from ctiserver.core.queueing import Queueing
from ctiserver.core.switch_link import AnyCommand, AnyObservation, Clear, SwitchLink
from scenarios.journal_replay import replay
from scenarios.world import Plan
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import ANNA, BEA, CALLER, FOR_EVER, OURS, START, Centre, centre_plan

AUDIT_MS = 10_000
POISON = "+49666"


def live(plan: Plan | None = None) -> Plan:
    """Plan a centre that goes on when something is wrong, as live ones do."""
    plan = plan or centre_plan()
    engine = msgspec.structs.replace(
        plan.engine, audit_ms=AUDIT_MS, on_violation=OnViolation.QUARANTINE
    )
    return msgspec.structs.replace(plan, engine=engine)


def told(centre: Centre) -> list[InvariantViolated]:
    return [event.data for event in centre.log if isinstance(event.data, InvariantViolated)]


def answered(centre: Centre) -> list[str]:
    """Name the agents' devices in the order in which calls were established there."""
    return [e.data.answering_device for e in centre.events("Established")]


def _waiting(centre: Centre) -> list[WaitingCall]:
    return [call for call in centre.engine.acd.calls.values() if call.waits]


def test_a1_an_agent_whose_offer_is_lost_is_set_apart_and_his_caller_is_served_by_another() -> None:
    centre = Centre(live())
    centre.phone("station:1001", PhoneAct.NO_ANSWER)
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    centre.engine.directory.agent("anna").offer_id = None
    centre.log_on("bea")
    centre.wait(AUDIT_MS + 5_000)
    anna = centre.engine.directory.agent("anna")
    assert (anna.state, anna.reason) == (AgentState.NOT_READY, "quarantined")
    assert answered(centre) == ["station:1002"]
    fault = next(event for event in told(centre) if event.invariant == "A1")
    assert (fault.entity_kind, fault.entity_id, fault.answer) == ("agent", "anna", "quarantined")
    assert fault.evidence["agentState"] == "agentBusy"
    steps = fault.evidence["steps"]
    assert [step["step"] for step in steps] == list(range(steps[0]["step"], steps[-1]["step"] + 1))


def test_who_is_quarantined_is_ready_when_a_supervisor_says_so_and_not_before() -> None:
    centre = Centre(live())
    centre.log_on("anna")
    centre.engine.directory.agent("anna").offer_id = "o-none"
    centre.wait(AUDIT_MS)
    asked = {"agentID": "anna", "requestedAgentState": "ready"}
    refused = centre.ask("SetAgentState", **asked)
    assert refused.error is not None
    assert "supervisor" in refused.error.detail
    centre.ask("SetAgentState", agentID="anna", requestedAgentState="loggedOff")
    centre.ask("SetAgentState", agentID="anna", requestedAgentState="loggedOn")
    assert centre.ask("SetAgentState", **asked).error is not None
    centre.call()
    centre.wait(1_000)
    assert answered(centre) == []
    centre.asked("SetAgentState", **asked, force=True)
    centre.wait(5_000)
    assert answered(centre) == ["station:1001"]
    assert centre.engine.directory.agent("anna").state is AgentState.BUSY


def test_rg_07_an_offer_that_would_ring_for_ever_is_found_and_the_call_goes_to_another() -> None:
    centre = Centre(live())
    centre.phone("station:1001", PhoneAct.NO_ANSWER)
    centre.log_on("anna")
    centre.call()
    centre.wait(1_000)
    (call,) = centre.engine.acd.calls.values()
    centre.engine.acd.floor.agenda.cancel(("ring", call.offers[0].offer_id))
    centre.log_on("bea")
    centre.wait(AUDIT_MS + 5_000)
    assert answered(centre) == ["station:1002"]
    assert {event.invariant for event in told(centre)} == {"A3"}


def test_rg_08_a_call_that_is_in_no_line_is_put_back_at_its_old_place() -> None:
    """Three wait; the first is lost from its line. It is served first all the same (Q3)."""
    centre = Centre(live())
    for _ in range(3):
        centre.call(talk_ms=1_000)
        centre.wait(100)
    first, second, third = _waiting(centre)
    came_at = first.enqueued_at
    first.places[0].heap[:] = [entry for entry in first.places[0].heap if entry[2] is not first]
    centre.wait(AUDIT_MS)
    assert [(event.invariant, event.entity_id, event.answer) for event in told(centre)] == [
        ("Q1", first.call_id, "requeued")
    ]
    assert first.enqueued_at == came_at
    centre.log_on("anna")
    centre.wait(MINUTE)
    served = [e.data.call_id for e in centre.events("Established")]
    assert served == [first.call_id, second.call_id, third.call_id]


def test_c2_a_call_that_the_acd_has_lost_enters_again_with_its_old_instant() -> None:
    centre = Centre(live())
    for _ in range(2):
        centre.call()
        centre.wait(100)
    lost, later = _waiting(centre)
    centre.engine.acd.floor.unwait(lost)
    del centre.engine.acd.calls[lost.call_id]
    centre.wait(AUDIT_MS)
    again = centre.engine.acd.calls[lost.call_id]
    assert again is not lost
    assert (again.waits, again.enqueued_at) == (True, lost.enqueued_at)
    assert again.key < later.key
    assert centre.engine.queueing.ledger.balance("sales") == 2


def test_rg_08_a_dispatcher_that_stood_still_is_told_of_q7() -> None:
    engine = Engine(live().engine)
    engine.acd.floor.agenda.set(("step", "c-none"), START)
    (event,) = engine.wake(START + 1_500)
    fault = event.data  # type: ignore[union-attr]  # it is an event
    assert (fault.invariant, fault.entity_kind) == ("Q7", "engine")
    assert engine.wake_at() == START + 1_500 + AUDIT_MS


def test_q7_a_slow_machine_stops_no_run() -> None:
    engine = Engine(centre_plan().engine)
    assert engine.config.on_violation is OnViolation.STOP
    engine.acd.floor.agenda.set(("open", "c-none"), START)
    assert engine.wake(START + 60_000) == []


def test_an_engine_that_rests_is_not_woken_to_be_looked_at() -> None:
    centre = Centre(live())
    centre.log_on("anna")
    centre.wait(2 * AUDIT_MS)
    assert centre.engine.wake_at() is None


def _fails_for_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a bug: whoever calls from one number cannot be told that he waits."""
    plain = Announcing.waits

    def waits(self: Announcing, contact: Contact, queue: str) -> None:
        assert contact.number != POISON, f"{contact} cannot wait"
        plain(self, contact, queue)

    monkeypatch.setattr(Announcing, "waits", waits)


def _loses_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a bug: whoever calls from one number never stands in a line."""
    plain = Line.push

    def push(self: Line, call: WaitingCall) -> None:
        if call.number != POISON:
            plain(self, call)

    monkeypatch.setattr(Line, "push", push)


def _fails_for_bea(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a bug: one agent cannot log on."""
    plain = Directory.log_on

    def log_on(self: Directory, agent: object, device: DeviceId, now: int) -> object:
        if agent is self.agent("bea"):
            raise RuntimeError("she has fallen between two chairs")
        return plain(self, agent, device, now)  # type: ignore[arg-type]  # as it was

    monkeypatch.setattr(Directory, "log_on", log_on)


def _day(journal: Callable[[bytes], object] | None = None) -> Centre:
    """Live a day with one poisonous caller among four; Anna serves them all."""
    centre = Centre(live(), journal)
    for number in (CALLER, POISON, CALLER, CALLER):
        centre.call(number, talk_ms=5_000)
        centre.wait(100)
    centre.wait(3 * AUDIT_MS)
    centre.log_on("anna")
    centre.wait(5 * MINUTE)
    return centre


BUGS = pytest.mark.parametrize("bug", [_fails_for_poison, _loses_poison])


@BUGS
def test_a_bug_in_one_call_never_stops_the_centre(
    bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    centre = _day()
    poisoned = centre.call_ids()[1]
    served = [e.data.call_id for e in centre.events("Established")]
    assert [call for call in centre.call_ids() if call != poisoned] == [
        call for call in served if call != poisoned
    ]
    assert {event.entity_id for event in told(centre)} == {poisoned}
    assert centre.engine.model.calls == {}


@BUGS
def test_a_journal_with_violations_replays_byte_for_byte(
    bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bug(monkeypatch)
    lines: list[bytes] = []
    centre = _day(lines.append)
    assert told(centre) != []
    path = tmp_path / "day.jsonl"
    path.write_bytes(b"".join(lines))
    assert replay(path).equal


def test_a_call_that_does_not_get_better_takes_the_default_route_and_is_then_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _loses_poison(monkeypatch)
    centre = _day()
    answers = [event.answer for event in told(centre) if event.invariant == "Q1"]
    assert answers == ["requeued", "defaultRoute", "ended"]
    (ended,) = [e for e in centre.events("CallCleared") if e.data.call_id == centre.call_ids()[1]]
    assert (ended.data.outcome, ended.data.exit_reason) == ("endedInQueue", "fault")


def test_a_request_that_meets_a_fault_is_answered_and_its_outcome_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fails_for_bea(monkeypatch)
    centre = Centre(live())
    reply = centre.ask("SetAgentState", agentID="bea", requestedAgentState="loggedOn")
    assert reply.error is not None
    assert reply.error.outcome is Outcome.UNKNOWN
    (fault,) = told(centre)
    assert (fault.invariant, fault.entity_id) == ("V3", "bea")
    assert fault.sentence == "RuntimeError: she has fallen between two chairs"
    assert fault.evidence["raisedIn"][-1].endswith("_fails_for_bea.<locals>.log_on")
    centre.log_on("anna")
    centre.call()
    centre.wait(5_000)
    assert answered(centre) == ["station:1001"]


def test_what_was_decided_before_a_fault_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision that fails takes none of those after it along."""
    centre = Centre(live())
    table = centre.engine.queueing._carry_out  # noqa: SLF001 - where the fault is planted

    def fail(_waits: Waits) -> None:
        raise KeyError("nobody")

    monkeypatch.setitem(table, Waits, fail)
    queueing: Queueing = centre.engine.queueing
    centre.call()
    centre.wait(100)
    (fault, *_) = told(centre)
    assert (fault.invariant, fault.sentence) == ("V3", "KeyError: 'nobody'")
    assert queueing.ledger.balance("sales") == len(centre.engine.acd.calls)


def test_in_simulation_a_violation_stops_the_run_and_gives_the_seed() -> None:
    plan = centre_plan(seed=77)
    engine = msgspec.structs.replace(plan.engine, audit_ms=AUDIT_MS)
    centre = Centre(msgspec.structs.replace(plan, engine=engine))
    centre.call()
    centre.wait(1_000)
    _waiting(centre)[0].places[0].heap.clear()
    with pytest.raises(AssertionError, match=r"Q1: .* does not stand in its line") as stopped:
        centre.wait(AUDIT_MS)
    assert stopped.value.__notes__ == ["seed 77"]


def test_in_simulation_nothing_is_audited_unless_asked_for() -> None:
    config = centre_plan().engine
    assert (config.audit_ms, config.on_violation) == (0, OnViolation.STOP)


def test_r37_a_call_that_later_ones_pass_by_is_told_of_with_the_rule() -> None:
    urgent = QueueConfig(name="urgent", skills={"sales": 1}, priority=5)
    plain = QueueConfig(name="plain", skills={"sales": 1})
    numbers: dict[str, DeviceId] = {OURS: "acd:plain", "+4930200": "acd:urgent"}
    acd = AcdConfig(queues=(plain, urgent))
    centre = Centre(centre_plan(acd=acd, agents=(ANNA, BEA), numbers=numbers))
    centre.log_on("anna")
    centre.call(dialled="+4930200", talk_ms=8_000)
    centre.wait(1_000)
    centre.call(talk_ms=FOR_EVER)
    for _ in range(20):
        centre.call(dialled="+4930200", talk_ms=8_000)
        centre.wait(7_000)
    starving = [e.data for e in centre.log if isinstance(e.data, CallStarving)]
    assert starving[0].queue == "acd:plain"
    assert starving[0].rule == "priority 5 of 'urgent' before 0 of 'plain'"
    assert starving[0].passed_by > 0
    assert 0 < starving[0].waited_ms <= 2 * MINUTE
    assert centre.events("ConnectionCleared")[0].data.cause is Cause.NORMAL_CLEARING


class _HoldsOn:
    """A link to a switch that releases nobody, and says nothing about it."""

    def __init__(self, link: SwitchLink) -> None:
        self.link_id = link.link_id
        self._link = link

    def execute(self, command: AnyCommand) -> None:
        if not isinstance(command, Clear):
            self._link.execute(command)

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        self._link.attach(observe)


def test_an_audit_that_is_due_with_other_things_looks_when_agents_have_followed_them() -> None:
    """As in a server that was away for a while: the phone is given up and the audit is due."""
    centre = Centre(live(), link=_HoldsOn)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(5_000)
    centre.pbx.hang_up(leg)
    anna = centre.engine.directory.agent("anna")
    before = anna.state
    centre.engine.wake(centre.now + MINUTE)
    assert (before, anna.state) == (AgentState.BUSY, AgentState.WORKING_AFTER_CALL)
    assert not anna.quarantined
