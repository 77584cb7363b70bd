"""Predictive calls through the engine and the simulated switch (cti-api §7.6, §7.11 S12)."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from acd.config import AcdConfig
from csta.call_events import CallOutcome
from csta.call_services import DestinationCondition
from csta.customers import ScreenPopped
from csta.ids import ConnectionId
from csta.instants import MINUTE, SECOND
from csta.replies import CallResult
from ctiserver.core.audit import audit
from ctiserver.core.inputs import Observed
from ctiserver.core.predictive import DETECTION_MS_MAX
from ctiserver.core.switch_link import (
    AnyCommand,
    AnyObservation,
    DestinationDetected,
    Detect,
    SwitchLink,
)
from scenarios.journal_replay import replay
from scenarios.world import Plan
from switch_sim.callees import who_answers
from switch_sim.config import OutsideParty, PhoneAct, PhoneBehaviour
from tests.ctiserver import event_laws
from tests.ctiserver.centre import OURS, SALES
from tests.ctiserver.engine_audit import leftovers
from tests.ctiserver.routed_centre import BACK, MENU, RoutedCentre, refusal, routed_plan

HUMAN, MACHINE, FAX = "+491701111111", "+491702222222", "+491703333333"
BUSY, SILENT, NOBODY = "+491704444444", "+491705555555", "+491706666666"
NO_MACHINES = {
    "destinationCondition": "answeringMachine",
    "detectionAction": "clearCalledConnection",
}
FAXES_STAY = {"destinationCondition": "facsimileMachine", "detectionAction": "remainConnected"}
LISTENS: dict[str, Any] = {"destinationDetection": [NO_MACHINES]}


def _plan() -> Plan:
    plan = routed_plan()
    answers = PhoneBehaviour(PhoneAct.ANSWERS, 4 * SECOND)
    outside = (
        OutsideParty(answers, HUMAN),
        OutsideParty(answers, MACHINE, machine_share=1.0),
        OutsideParty(answers, FAX, fax_share=1.0),
        OutsideParty(PhoneBehaviour(PhoneAct.BUSY, 500), BUSY),
        OutsideParty(PhoneBehaviour(PhoneAct.NO_ANSWER, 0), SILENT),
        OutsideParty(PhoneBehaviour(PhoneAct.UNPLUGGED, 0), NOBODY),
    )
    return msgspec.structs.replace(plan, pbx=msgspec.structs.replace(plan.pbx, outside=outside))


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[RoutedCentre]:
    """Give a centre; afterwards its log must be lawful, nothing left, and the journal the same."""
    lines: list[bytes] = []
    centre = RoutedCentre(_plan(), lines.append)
    yield centre
    assert list(audit(centre.engine)) == []
    for leg in list(centre.pbx.snapshot()):
        centre.pbx.hang_up(leg["leg"])
    centre.wait(2 * MINUTE)
    event_laws.check(centre.log)
    assert leftovers(centre.engine) == {}
    file = tmp_path / "journal"
    file.write_bytes(b"".join(lines))
    verdict = replay(file)
    assert verdict.equal, verdict.first_difference


def _dial(
    centre: RoutedCentre, number: str, device: str = "acd:sales", **more: Any
) -> ConnectionId:
    result: CallResult = centre.asked(
        "MakePredictiveCall", callingDevice=device, calledDirectoryNumber=number, **more
    )
    assert result.initiated_call is not None
    return result.initiated_call


def _ended(centre: RoutedCentre) -> list[tuple[CallOutcome, str]]:
    return [(e.data.outcome, e.data.cause.value) for e in centre.events("CallCleared")]


def test_a_person_who_answers_waits_like_a_caller_and_is_given_to_an_agent(
    centre: RoutedCentre,
) -> None:
    made = _dial(centre, HUMAN, **LISTENS)
    assert made.device_id == "acd:sales"
    centre.wait(4 * SECOND + 1_500)
    assert centre.story("Originated", "Established", "Queued") == [
        "Originated(acd:sales; newCall)",
        f"Established(number:{HUMAN}; destDetected)",
        "Queued(acd:sales; noAvailableAgents)",
    ]
    centre.log_on("anna")
    centre.wait(10 * SECOND)
    anna = centre.engine.directory.agent("anna")
    assert (anna.state.value, anna.phase) == ("agentBusy", "talking")
    [pop] = [e.data for e in centre.log if isinstance(e.data, ScreenPopped)]
    assert pop.number == HUMAN
    centre.pbx.hang_up("station:1001")
    centre.wait(SECOND)
    [cleared] = centre.events("CallCleared")
    assert cleared.data.outcome is CallOutcome.ANSWERED
    # Neither the ringing nor the listening is time in the queue.
    assert cleared.data.durations.queue_ms == 0
    assert anna.state.value == "agentWorkingAfterCall"


def test_the_number_that_customers_see_leads_back_to_who_calls(centre: RoutedCentre) -> None:
    _dial(centre, HUMAN)
    _dial(centre, HUMAN, MENU)
    assert [leg["ani"] for leg in centre.pbx.snapshot()] == [BACK, OURS]


def test_who_gives_up_while_he_waits_has_abandoned_the_queue(centre: RoutedCentre) -> None:
    _dial(centre, HUMAN)
    centre.wait(10 * SECOND)
    assert centre.events("Established")[0].data.cause.value == "newCall"
    centre.pbx.hang_up(centre.pbx.snapshot()[0]["leg"])
    assert _ended(centre) == [(CallOutcome.ABANDONED_IN_QUEUE, "callCancelled")]
    [cleared] = centre.events("CallCleared")
    assert cleared.data.durations.queue_ms == 6 * SECOND


@pytest.mark.parametrize(
    ("number", "detection", "outcome"),
    [
        (MACHINE, {"destinationDetection": [NO_MACHINES]}, CallOutcome.VOICEMAIL),
        (
            FAX,
            {"destinationDetection": [NO_MACHINES], "defaultAction": "clearCalledConnection"},
            CallOutcome.FAILED,
        ),
        (
            HUMAN,
            {"destinationDetection": [FAXES_STAY], "defaultAction": "clearCalledConnection"},
            CallOutcome.FAILED,
        ),
    ],
)
def test_who_is_not_wanted_is_let_go(
    centre: RoutedCentre, number: str, detection: dict[str, Any], outcome: CallOutcome
) -> None:
    centre.log_on("anna")
    _dial(centre, number, **detection)
    centre.wait(10 * SECOND)
    assert centre.events("Established", "AgentOffered") == []
    assert _ended(centre) == [(outcome, "destDetected")]


@pytest.mark.parametrize(
    ("number", "detection"),
    [
        (FAX, {"destinationDetection": [NO_MACHINES, FAXES_STAY]}),
        (FAX, {"destinationDetection": [NO_MACHINES]}),
        (MACHINE, {}),
        (
            MACHINE,
            {
                "signallingDetection": {
                    "signallingCondition": "callEstablished",
                    "signallingConditionsAction": "remainConnected",
                }
            },
        ),
    ],
)
def test_machines_that_are_not_ruled_out_are_brought_to_the_queue(
    centre: RoutedCentre, number: str, detection: dict[str, Any]
) -> None:
    _dial(centre, number, **detection)
    centre.wait(10 * SECOND)
    assert centre.story("Queued") == ["Queued(acd:sales; noAvailableAgents)"]
    [contact] = centre.engine.contacts.values()
    heard = {"answered_by": "facsimileMachine"} if detection and number == FAX else {}
    assert contact.attributes == heard


@pytest.mark.parametrize(
    ("number", "outcome", "cause"),
    [
        (BUSY, CallOutcome.BUSY, "busy"),
        (SILENT, CallOutcome.NO_ANSWER, "callNotAnswered"),
        (NOBODY, CallOutcome.FAILED, "destNotObtainable"),
    ],
)
def test_who_is_not_reached_fails_with_the_reason(
    centre: RoutedCentre, number: str, outcome: CallOutcome, cause: str
) -> None:
    _dial(centre, number, **LISTENS)
    centre.wait(MINUTE)
    assert centre.story("Failed") == [f"Failed(number:{number}; {cause})"]
    assert _ended(centre) == [(outcome, cause)]
    assert not centre.engine.model.calls


def test_the_alert_time_counts_from_the_first_ring(centre: RoutedCentre) -> None:
    _dial(centre, SILENT, alertTime=12_000)
    centre.wait(11_999)
    assert centre.events("Failed") == []
    centre.wait(1)
    assert centre.story("Failed") == [f"Failed(number:{SILENT}; callNotAnswered)"]


def test_a_switch_that_hears_nothing_lets_the_default_action_be_taken() -> None:
    class Deaf:
        """A link that cannot listen."""

        def __init__(self, link: SwitchLink) -> None:
            self.link_id, self.attach, self._link = link.link_id, link.attach, link

        def execute(self, command: AnyCommand) -> None:
            if not isinstance(command, Detect):
                self._link.execute(command)

    for action, queued in (("remainConnected", 1), ("clearCalledConnection", 0)):
        centre = RoutedCentre(_plan(), link=Deaf)
        _dial(centre, HUMAN, **LISTENS, defaultAction=action)
        centre.wait(4 * SECOND + DETECTION_MS_MAX - 1)
        assert centre.events("Established", "CallCleared") == []
        centre.wait(1)
        assert len(centre.events("Queued")) == queued
        assert len(centre.events("CallCleared")) == 1 - queued


def test_what_the_switch_says_twice_or_too_late_changes_nothing() -> None:
    told: list[AnyObservation] = []

    class Keeper:
        """A link whose words are kept."""

        def __init__(self, link: SwitchLink) -> None:
            self.link_id, self.execute, self._link = link.link_id, link.execute, link

        def attach(self, observe: Callable[[AnyObservation], None]) -> None:
            def keep(observation: AnyObservation) -> None:
                told.append(observation)
                observe(observation)

            self._link.attach(keep)

    centre = RoutedCentre(_plan(), link=Keeper)
    _dial(centre, HUMAN, **LISTENS)
    centre.wait(10 * SECOND)
    story = centre.story()
    assert DestinationDetected in map(type, told)
    for observation in told * 2:
        centre.world.driver.submit(Observed(observation))
    assert centre.story() == story


def test_a_flow_may_be_what_calls(centre: RoutedCentre) -> None:
    _dial(centre, HUMAN, MENU, **LISTENS)
    centre.wait(6 * SECOND)
    assert [e.data.message for e in centre.events("Play")] == ["sound:hello"]
    customer = centre.pbx.snapshot()[0]["leg"]
    centre.pbx.press(customer, "1")
    assert centre.way()[-3:] == [f"Diverted {MENU}", "Delivered acd:sales", "Queued acd:sales"]


def test_a_router_may_say_where_one_who_has_answered_goes(centre: RoutedCentre) -> None:
    centre.register()
    _dial(centre, HUMAN, MENU)
    assert centre.said() == []
    centre.wait(4 * SECOND)
    assert centre.said() == ["one RouteRequest"]
    centre.route("acd:sales")
    assert centre.way()[-3:] == [f"Diverted {MENU}", "Delivered acd:sales", "Queued acd:sales"]


@pytest.mark.parametrize("wait_ms", [0, 3_000, 5_000], ids=["dialled", "rings", "listened to"])
@pytest.mark.parametrize("service", ["ClearCall", "queue", "customer"])
def test_a_predictive_call_may_be_cleared_at_any_time(
    centre: RoutedCentre, wait_ms: int, service: str
) -> None:
    key = _dial(centre, HUMAN, **LISTENS)
    centre.wait(wait_ms)
    if service == "ClearCall":
        centre.asked(service, callToBeCleared={"callID": key.call_id})
    else:
        device = key.device_id if service == "queue" else f"number:{HUMAN}"
        named = {"callID": key.call_id, "deviceID": device}
        centre.asked("ClearConnection", connectionToBeCleared=named)
    assert [outcome for outcome, _ in _ended(centre)] == [CallOutcome.FAILED]


def test_a_queue_that_calls_cannot_send_the_call_away_before_it_is_answered(
    centre: RoutedCentre,
) -> None:
    key = _dial(centre, HUMAN)
    reply = centre.ask(
        "DeflectCall",
        callToBeDiverted={"callID": key.call_id, "deviceID": key.device_id},
        newDestination="1001",
    )
    assert refusal(reply) == "invalidConnectionState"


def test_a_queue_that_is_gone_when_somebody_answers_is_made_up_for(centre: RoutedCentre) -> None:
    other = msgspec.structs.replace(SALES, name="other")
    plan = _plan()
    engine = msgspec.structs.replace(plan.engine, acd=AcdConfig(queues=(SALES, other)))
    centre = RoutedCentre(msgspec.structs.replace(plan, engine=engine))
    _dial(centre, HUMAN, "acd:other")
    del centre.engine.acd.queues["other"]
    centre.wait(5 * SECOND)
    assert centre.way()[-3:] == [
        "Diverted acd:other", "Delivered acd:sales", "Queued acd:sales",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "value"),
    [
        ({"callingDevice": "acd:nobody"}, "invalidDeviceID"),
        ({"callingDevice": "station:1001"}, "invalidDeviceID"),
        ({"callingDevice": "routeing:nobody"}, "invalidDeviceID"),
        ({"calledDirectoryNumber": "1001"}, "invalidDestination"),
        ({"calledDirectoryNumber": "acd:sales"}, "invalidDestination"),
        ({"alertTime": 0}, "invalidParameterValue"),
        ({"defaultAction": "clearCalledConnection"}, "invalidParameterValue"),
        ({"destinationDetection": [NO_MACHINES, NO_MACHINES]}, "invalidParameterValue"),
        (
            {
                "signallingDetection": {
                    "signallingCondition": "callDelivered",
                    "signallingConditionsAction": "remainConnected",
                }
            },
            "parameterNotSupported",
        ),
        (
            {
                "signallingDetection": {
                    "signallingCondition": "callEstablished",
                    "signallingConditionsAction": "remainConnected",
                },
                "destinationDetection": [NO_MACHINES],
            },
            "invalidParameterValue",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    centre: RoutedCentre, params: dict[str, Any], value: str
) -> None:
    usual = {"callingDevice": "acd:sales", "calledDirectoryNumber": HUMAN}
    reply = centre.ask("MakePredictiveCall", **(usual | params))
    assert refusal(reply) == value
    assert centre.log == []
    assert not centre.engine.model.calls


def test_who_answers_is_drawn_by_the_shares_and_is_the_same_in_every_run() -> None:
    party = OutsideParty(PhoneBehaviour(), machine_share=0.3, fax_share=0.1)
    drawn = [who_answers(f"number:{HUMAN}", party, count) for count in range(2_000)]
    assert drawn == [who_answers(f"number:{HUMAN}", party, count) for count in range(2_000)]
    shares = {condition: drawn.count(condition) / 2_000 for condition in DestinationCondition}
    assert shares[DestinationCondition.ANSWERING_MACHINE] == pytest.approx(0.3, abs=0.03)
    assert shares[DestinationCondition.FACSIMILE_MACHINE] == pytest.approx(0.1, abs=0.03)


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="not shares"):
        OutsideParty(PhoneBehaviour(), machine_share=0.8, fax_share=0.3)


@pytest.mark.parametrize("wait_ms", [2_000, 4_500], ids=["rings", "listened to"])
def test_after_a_restart_the_call_goes_on(wait_ms: int) -> None:
    """An engine is moved as its snapshot is, and acts at its deadlines as the old one does."""
    centre = RoutedCentre(_plan())
    _dial(centre, HUMAN, **LISTENS, alertTime=12_000)
    centre.wait(wait_ms)
    moved = pickle.loads(pickle.dumps(centre.engine))  # noqa: S301 - our own bytes
    due = moved.wake_at()
    assert due is not None
    assert due == centre.engine.wake_at()
    assert moved.wake(due) == centre.engine.wake(due)
    assert len(moved.predictive) == len(centre.engine.predictive) == 0
