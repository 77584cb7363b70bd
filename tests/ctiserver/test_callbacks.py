"""Callbacks through the engine and the simulated switch: agents and customers are really called.

Q07, Q09, Q10, Q11; c.3-6; RG-56, RG-66; I2.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from acd.config import AcdConfig, QueueConfig
from acd.rules import CallbackRules, Question
from acd.steps import Step
from csta.acd_events import AgentOffered
from csta.call_events import CallCleared, CallOutcome, NetworkReached
from csta.callback_events import CallbackEvent, CallbackRefused
from csta.customers import ScreenPopped
from csta.ids import CallId
from csta.instants import MINUTE, SECOND
from csta.states import AgentState
from ctiserver.core.audit import audit
from scenarios.journal_replay import replay
from switch_sim.callers import Press
from switch_sim.config import OutsideParty, PhoneAct, PhoneBehaviour
from tests.ctiserver.centre import CALLER, Centre, centre_plan
from tests.ctiserver.engine_audit import leftovers
from tests.ctiserver.event_laws import Fold, threads

BUSY, SILENT = "+491712222222", "+491723333333"
ASKS = (Press("sound:call_you", "2", 500),)
RULES = CallbackRules(attempts_max=2, retry_ms=MINUTE, ring_ms=20 * SECOND)


class CallingCentre(Centre):
    """A centre that asks waiting callers after ten seconds, and writes a journal."""

    def __init__(self, rules: CallbackRules = RULES) -> None:
        """Start it; nobody is logged on."""
        self.lines: list[bytes] = []
        queue = QueueConfig(
            name="sales",
            skills={"sales": 1},
            wrap_up_ms=5 * SECOND,
            callbacks=rules,
            steps=(Step(after_ms=10 * SECOND, ask="call_you"),),
        )
        questions = {"call_you": Question(prompt="sound:call_you", keys={"2": "callback"})}
        plan = centre_plan(acd=AcdConfig(queues=(queue,), questions=questions))
        outside = (
            OutsideParty(PhoneBehaviour(PhoneAct.ANSWERS, 4 * SECOND), "+", talk_ms=20 * SECOND),
            OutsideParty(PhoneBehaviour(PhoneAct.BUSY, 500), BUSY),
            OutsideParty(PhoneBehaviour(PhoneAct.NO_ANSWER, 0), SILENT),
        )
        pbx = msgspec.structs.replace(plan.pbx, outside=outside)
        super().__init__(msgspec.structs.replace(plan, pbx=pbx), self.lines.append)

    def promise(self, number: str = CALLER) -> CallId:
        """Let a caller wait, ask to be called back, and be let go; give his call."""
        self.call(number, presses=ASKS)
        self.wait(20 * SECOND)
        return self.call_ids()[-1]

    def states(self) -> list[str]:
        """Tell the events of all callbacks: state, attempt, reason."""
        return [
            " ".join(
                str(part)
                for part in (event.data.EVENT_NAME, event.data.attempt or "", event.data.reason)
                if part
            )
            for event in self.log
            if isinstance(event.data, CallbackEvent)
        ]

    def outcomes(self) -> list[CallOutcome]:
        """Tell how each call ended."""
        return [e.data.outcome for e in self.log if isinstance(e.data, CallCleared)]

    def is_quiet(self, folder: Path) -> None:
        """Check the laws of events, that nothing is left, and that the journal replays."""
        fold = Fold()
        for event in self.log:
            # NetworkReached tells beforehand what Delivered tells again.
            if not isinstance(event.data, NetworkReached):
                fold.take(event)
        assert fold.calls == {}
        assert leftovers(self.engine) == {}
        assert not list(audit(self.engine))
        assert not self.engine.queueing.calling_back.promises
        file = folder / "journal"
        file.write_bytes(b"".join(self.lines))
        verdict = replay(file)
        assert verdict.equal, verdict.first_difference


@pytest.fixture
def centre() -> CallingCentre:
    return CallingCentre()


def test_who_accepts_is_told_so_and_let_go_and_has_not_given_up(
    centre: CallingCentre,
) -> None:
    centre.promise()
    assert centre.states() == ["Requested", "Held"]
    played = [e.data.message for e in centre.events("Play")]
    assert played[-1] == "sound:callback-accepted"
    assert centre.outcomes() == [CallOutcome.CALLBACK_ACCEPTED]
    assert [e.data.exit_reason for e in centre.events("QueueLeft")] == ["callback"]
    assert not centre.engine.model.calls


def test_the_agent_is_rung_first_then_the_customer_in_the_thread_of_his_call_q09(
    centre: CallingCentre, tmp_path: Path
) -> None:
    centre.promise()
    centre.log_on("anna")
    centre.wait(10 * SECOND)
    assert centre.engine.directory.agent("anna").state is AgentState.BUSY
    centre.wait(MINUTE)
    assert centre.states() == [
        "Requested", "Held", "Due", "AgentReserved", "Dialling 1", "Connected 1",
        "Done 1 completed",
    ]  # fmt: skip
    assert centre.outcomes() == [CallOutcome.CALLBACK_ACCEPTED, CallOutcome.ANSWERED]
    [thread] = {frozenset(found) for found in threads(centre.log).values()}
    assert len(thread) == 1
    assert [e.data.busy_phase for e in centre.events("AgentBusy")] == [
        "offered", "dialing", "talking",
    ]  # fmt: skip
    assert len({e.data.call_id for e in centre.events("AgentBusy")}) == 1
    centre.is_quiet(tmp_path)


def test_the_screen_shows_whom_the_agent_will_talk_to(centre: CallingCentre) -> None:
    centre.promise()
    centre.log_on("anna")
    [pop] = [e.data for e in centre.log if isinstance(e.data, ScreenPopped)]
    [offered] = [e.data for e in centre.log if isinstance(e.data, AgentOffered)]
    assert (pop.number, pop.call_id) == (CALLER, offered.call_id)
    assert offered.callback_id is not None
    assert offered.waited_ms == pop.waited_ms == 20 * SECOND


@pytest.mark.parametrize(
    ("number", "outcome", "reason"),
    [(BUSY, CallOutcome.BUSY, "busy"), (SILENT, CallOutcome.NO_ANSWER, "noAnswer")],
)
@pytest.mark.parametrize("agent_first", [True, False])
def test_who_is_not_reached_is_called_again_and_then_it_is_said_why_rg_56(
    tmp_path: Path,
    number: str,
    outcome: CallOutcome,
    reason: str,
    agent_first: bool,  # noqa: FBT001 - a case
) -> None:
    centre = CallingCentre(msgspec.structs.replace(RULES, agent_first=agent_first))
    centre.promise(number)
    centre.log_on("anna")
    centre.wait(5 * MINUTE)
    states = [state for state in centre.states() if "AgentReserved" not in state]
    assert states == [
        "Requested", "Held", "Due", "Dialling 1", f"Retrying 1 {reason}",
        "Held 1", "Due 1", "Dialling 2", f"Done 2 {reason}",
    ]  # fmt: skip
    assert centre.outcomes()[1:] == [outcome, outcome]
    assert "AgentWorkingAfterCall" not in {type(e.data).__name__ for e in centre.log}
    assert centre.engine.directory.agent("anna").state is AgentState.READY
    centre.is_quiet(tmp_path)


def test_an_agent_who_lets_it_ring_is_not_ready_and_the_next_one_has_it(
    centre: CallingCentre, tmp_path: Path
) -> None:
    centre.phone("station:1001", PhoneAct.NO_ANSWER)
    centre.promise()
    centre.log_on("anna")
    centre.wait(30 * SECOND)
    agent = centre.engine.directory.agent("anna")
    assert (agent.state, agent.reason) == (AgentState.NOT_READY, "rona")
    assert centre.states()[-1] == "Held"
    centre.log_on("bea")
    centre.wait(MINUTE)
    assert centre.states()[-1] == "Done 1 completed"
    centre.is_quiet(tmp_path)


def test_an_agent_who_hangs_up_before_the_customer_answers_ends_the_attempt(
    centre: CallingCentre, tmp_path: Path
) -> None:
    centre.promise(SILENT)
    centre.log_on("anna")
    centre.wait(10 * SECOND)
    centre.pbx.hang_up("station:1001")
    centre.wait(SECOND)
    assert centre.states()[-1] == "Retrying 1 agentLeft"
    centre.set_agent("anna", "notReady")
    centre.asked("CancelCallBack", originatingDevice=f"number:{SILENT}", targetDevice="acd:sales")
    centre.is_quiet(tmp_path)


def test_where_the_customer_comes_first_he_waits_at_his_old_place_q09(tmp_path: Path) -> None:
    centre = CallingCentre(msgspec.structs.replace(RULES, agent_first=False))
    centre.promise()
    centre.call("+4930555", talk_ms=10 * SECOND)
    centre.log_on("anna")  # who has the other caller first; then she is ready for the customer
    centre.wait(3 * MINUTE)
    assert centre.states() == [
        "Requested", "Held", "Due", "Dialling 1", "Connected 1", "Done 1 completed",
    ]  # fmt: skip
    delivered = [e.data.alerting_device for e in centre.events("Delivered")]
    assert "acd:sales" in delivered
    assert centre.outcomes()[0] is CallOutcome.CALLBACK_ACCEPTED
    assert centre.outcomes()[1:] == [CallOutcome.ANSWERED] * 2
    centre.is_quiet(tmp_path)


def test_who_calls_in_again_has_his_place_and_is_not_called_c_3_6(
    centre: CallingCentre, tmp_path: Path
) -> None:
    for _ in range(3):
        centre.promise()
    centre.call(CALLER, talk_ms=10 * SECOND)
    assert [state for state in centre.states() if "Cancelled" in state] == [
        "Cancelled inboundReturn"
    ] * 3
    [call] = centre.engine.acd.calls.values()
    assert call.enqueued_at == centre.log[0].at
    centre.log_on("anna")
    centre.wait(2 * MINUTE)
    assert "Dialling 1" not in centre.states()
    centre.is_quiet(tmp_path)


def test_a_callback_that_is_taken_back_frees_the_agent_and_the_customer_q11(
    centre: CallingCentre, tmp_path: Path
) -> None:
    names = {"originatingDevice": f"number:{SILENT}", "targetDevice": "acd:sales"}
    centre.promise(SILENT)
    centre.log_on("anna")
    centre.wait(10 * SECOND)
    assert centre.states()[-1] == "Dialling 1"
    centre.asked("CancelCallBack", **names)
    centre.wait(SECOND)
    assert centre.states()[-1] == "Cancelled 1 supervisor"
    assert centre.engine.directory.agent("anna").state is AgentState.READY
    error = centre.ask("CancelCallBack", **names).error
    assert error.value == "objectNotKnown"
    centre.is_quiet(tmp_path)


def test_a_callback_that_is_taken_back_stops_the_agents_phone(
    centre: CallingCentre, tmp_path: Path
) -> None:
    centre.phone("station:1001", PhoneAct.NO_ANSWER)
    centre.promise()
    centre.log_on("anna")
    centre.wait(SECOND)
    centre.asked("CancelCallBack", originatingDevice=f"number:{CALLER}", targetDevice="acd:sales")
    centre.wait(SECOND)
    assert centre.engine.directory.agent("anna").state is AgentState.READY
    assert len(centre.events("OfferWithdrawn")) == 1
    centre.is_quiet(tmp_path)


def test_a_client_may_ask_for_a_waiting_caller(centre: CallingCentre) -> None:
    centre.call()
    centre.wait(SECOND)
    [call_id] = centre.call_ids()
    key = {"callID": call_id, "deviceID": f"number:{CALLER}"}
    centre.asked("CallBack", callbackConnection=key)
    centre.wait(5 * SECOND)
    assert centre.states() == ["Requested", "Held"]
    assert centre.ask("CallBack", callbackConnection=key).error.value == "invalidCallID"


def test_an_anonymous_caller_hears_that_it_is_impossible_and_waits_on(
    centre: CallingCentre,
) -> None:
    centre.call("", presses=ASKS)
    centre.wait(20 * SECOND)
    [refused] = [e.data for e in centre.log if isinstance(e.data, CallbackRefused)]
    assert refused.reason == "noNumber"
    assert "sound:callback-impossible" in [e.data.message for e in centre.events("Play")]
    assert len(centre.engine.acd.calls) == 1
    centre.log_on("anna")
    centre.wait(10 * SECOND)
    assert centre.engine.directory.agent("anna").phase == "talking"


def test_two_callers_of_one_number_have_one_callback_q10(
    centre: CallingCentre, tmp_path: Path
) -> None:
    centre.call(presses=ASKS)
    centre.call(presses=ASKS)
    centre.wait(20 * SECOND)
    assert centre.states() == ["Requested", "Held"]
    assert centre.outcomes() == [CallOutcome.CALLBACK_ACCEPTED] * 2
    centre.log_on("anna", "bea")
    centre.wait(MINUTE)
    assert centre.states().count("Dialling 1") == 1
    centre.is_quiet(tmp_path)


def test_who_hangs_up_while_he_hears_that_he_will_be_called_is_called_i2(
    centre: CallingCentre,
) -> None:
    leg = centre.call(presses=ASKS)
    centre.wait(11 * SECOND)
    assert centre.states() == ["Requested", "Held"]
    centre.pbx.hang_up(leg)
    assert centre.outcomes() == [CallOutcome.CALLBACK_ACCEPTED]
    centre.log_on("anna")
    centre.wait(MINUTE)
    assert centre.states()[-1] == "Done 1 completed"
