"""Listening in: who hears whom, who is told of it, and what it leaves as it was (S10, I02)."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from acd.config import AcdConfig
from csta.call_events import CallEvent, ServiceCompletionFailure
from csta.causes import Cause
from csta.states import AgentState
from csta.supervision_events import SupervisionEnded, SupervisionStarted
from ctiserver.core.event_facts import facts_of
from ctiserver.core.switch_link import Clear, LegGone, LegHeld, LegRetrieved, LegUp
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import ANNA, BEA, OURS, SALES, Centre, centre_plan
from tests.ctiserver.scripted_desk import Desk
from tests.ctiserver.supervised_floor import SAM, TRUNK, UNSEEN, A, B, Floor, S


@pytest.mark.parametrize(
    ("how", "heard"),
    [
        ("silent", {"C": (A,), "A": (TRUNK,), "S": (A, TRUNK)}),
        ("coach", {"C": (A,), "A": (TRUNK, S), "S": (A, TRUNK)}),
        ("active", {"C": (A, S), "A": (TRUNK, S), "S": (TRUNK, A)}),
    ],
)
def test_each_mode_says_who_hears_the_supervisor(
    how: str, heard: dict[str, tuple[str, ...]]
) -> None:
    floor = Floor()
    floor.joins(how)
    assert floor.heard() == heard
    assert floor.end().outcome == "answered"


@pytest.mark.parametrize("service", ["SingleStepConferenceCall", "JoinCall", "IntrudeCall"])
@pytest.mark.parametrize("how", ["silent", "coach"])
def test_who_is_not_heard_by_all_is_told_of_to_supervisors_only(how: str, service: str) -> None:
    floor = Floor()
    result = floor.joins(how, service)
    assert result.conferenced_call.device_id == S
    assert floor.hidden() == [f"Started({how})", "Conferenced(silentParticipation)"]
    assert floor.public() == []
    floor.end()
    assert floor.hidden()[2:] == [f"Ended({how})"]
    for event in floor.news():
        supervises = event.subject.startswith(UNSEEN)
        assert facts_of(event).supervise_only is supervises
        if not supervises:
            assert S not in str(event.data) or "sam" in str(event.data)
            seats = [c.device_id for c in getattr(event.data, "connections", ())]
            assert S not in seats
        if type(event.data).__name__ == "AgentBusy" and event.data.agent_id == "sam":
            assert event.data.call_id is None, "the supervised agent would see it with his call"


@pytest.mark.parametrize(
    ("service", "cause"),
    [
        ("SingleStepConferenceCall", "activeParticipation"),
        ("JoinCall", "joinCall"),
        ("IntrudeCall", "intrude"),
    ],
)
def test_who_is_heard_by_all_is_a_party_that_all_see(service: str, cause: str) -> None:
    floor = Floor()
    floor.joins("active", service)
    assert floor.public() == [f"Conferenced(; {cause})"]
    [event] = [e for e in floor.news() if isinstance(e.data, CallEvent)]
    assert [c.device_id for c in event.data.connections][-1] == S
    floor.end()


def test_a_supervisor_is_heard_by_others_when_he_asks_for_it_and_goes_back_again() -> None:
    floor = Floor()
    for how in ("silent", "coach", "silent", "active", "coach"):
        floor.joins(how)
    assert floor.hidden() == [
        "Started(silent)",
        "Conferenced(silentParticipation)",
        *(f"ModeChanged({mode})" for mode in ("coach", "silent", "barge", "coach")),
    ]
    assert floor.public() == [
        "Conferenced(; activeParticipation)",
        f"ConnectionCleared({S}; normalClearing)",
    ]
    assert floor.heard() == {"C": (A,), "A": (TRUNK, S), "S": (A, TRUNK)}
    floor.end()


def test_asking_for_the_mode_that_is_changes_nothing() -> None:
    floor = Floor()
    floor.joins("coach")
    seen = len(floor.news())
    assert floor.joins("coach").already_done
    assert len(floor.news()) == seen


@pytest.mark.parametrize("how", ["silent", "active"])
def test_a_supervisor_leaves_and_the_talk_goes_on(how: str) -> None:
    floor = Floor()
    floor.joins(how)
    floor.clear(S)
    mode = "barge" if how == "active" else how
    assert floor.hidden()[-1] == f"Ended({mode})"
    [ended] = [e for e in floor.news() if isinstance(e.data, SupervisionEnded)]
    if how == "silent":
        assert ended.correlation_id == list(floor.centre.replies)[-1]
    assert floor.heard() == {"C": (A,), "A": (TRUNK,), "S": ()}
    assert floor.centre.engine.directory.agent("sam").state is AgentState.READY
    floor.end()


def test_a_supervisor_takes_over_a_call() -> None:
    floor = Floor()
    floor.joins("silent")
    floor.joins("active")
    floor.clear(A)
    assert floor.heard() == {"C": (S,), "A": (), "S": (TRUNK,)}
    assert floor.hidden()[-1] == "Ended(barge)"
    anna, sam = (floor.centre.engine.directory.agent(name) for name in ("anna", "sam"))
    assert anna.state is AgentState.WORKING_AFTER_CALL
    assert (sam.state, sam.call_id) == (AgentState.BUSY, floor.call_id)
    assert floor.end().outcome == "answered"
    assert anna.state is sam.state is AgentState.READY


@pytest.mark.parametrize("how", [None, "silent", "coach"])
def test_a_listener_changes_no_figure_of_the_call_or_of_the_agent(how: str | None) -> None:
    floor = Floor()
    if how is not None:
        floor.joins(how)
    floor.centre.world.run(floor.centre.now + 60_000 - (0 if how is None else 2_000))
    anna = floor.centre.engine.directory.agent("anna")
    last = floor.end()
    assert (last.durations.talk_ms, last.durations.hold_ms) == (65_000, 0)
    assert anna.calls_handled == 1
    busy = [e for e in floor.news() if type(e.data).__name__.startswith("Agent")]
    assert [type(e.data).__name__ for e in busy if e.data.agent_id == "anna"] == [
        "AgentWorkingAfterCall",
        "AgentReady",
    ]


def test_a_supervisor_who_is_an_agent_is_busy_while_he_listens_and_is_offered_nothing() -> None:
    floor = Floor()
    floor.joins("silent")
    floor.clear(S)
    states = [
        type(event.data).__name__
        for event in floor.news()
        if getattr(event.data, "agent_id", None) == "sam"
    ]
    # First his phone is rung, then he listens; no work after a call follows.
    assert states == ["AgentBusy", "AgentBusy", "AgentReady"]
    assert floor.centre.engine.directory.agent("sam").calls_handled == 0
    floor.end()


# The agent goes on with other things.


def test_listening_goes_on_while_the_agent_holds_and_consults() -> None:
    floor = Floor()
    floor.joins("silent")
    floor.centre.asked("ConsultationCall", existingCall=floor.key(), consultedDevice="1002")
    floor.centre.wait(5_000)
    assert floor.heard()["S"] == (A, B)
    second = {"callID": floor.centre.call_ids()[1], "deviceID": A}
    floor.centre.asked("ReconnectCall", heldCall=floor.key(), activeCall=second)
    floor.centre.wait(2_000)
    assert floor.heard()["S"] == (A, TRUNK)
    assert floor.hidden() == ["Started(silent)", "Conferenced(silentParticipation)"]
    floor.end()


@pytest.mark.parametrize("how", ["silent", "active"])
def test_a_transfer_ends_it_and_says_so_but_a_party_stays(how: str) -> None:
    floor = Floor()
    floor.joins(how)
    floor.centre.asked("ConsultationCall", existingCall=floor.key(), consultedDevice="1002")
    floor.centre.wait(5_000)
    second = {"callID": floor.centre.call_ids()[1], "deviceID": A}
    floor.centre.asked("TransferCall", heldCall=floor.key(), activeCall=second)
    floor.centre.wait(2_000)
    [ended] = [e.data for e in floor.news() if isinstance(e.data, SupervisionEnded)]
    assert ended.cause is Cause.TRANSFER
    assert floor.heard()["C"] == ((S, B) if how == "active" else (B,))
    assert (floor.heard()["S"] == ()) is (how == "silent")
    floor.end()


def test_who_listens_to_a_consultation_follows_it_into_the_conference() -> None:
    floor = Floor()
    floor.centre.asked("ConsultationCall", existingCall=floor.key(), consultedDevice="1002")
    floor.centre.wait(5_000)
    second = {"callID": floor.centre.call_ids()[1], "deviceID": B}
    floor.centre.asked(
        "SingleStepConferenceCall", activeCall=second, deviceToJoin=S, participationType="silent"
    )
    floor.centre.wait(2_000)
    assert floor.heard()["S"] == (B, A)
    floor.centre.asked("ConferenceCall", heldCall=floor.key(), activeCall=second | {"deviceID": A})
    floor.centre.wait(2_000)
    told_of = [
        (type(e.data).__name__, e.data.call_id)
        for e in floor.news()
        if isinstance(e.data, SupervisionStarted | SupervisionEnded)
    ]
    assert told_of == [
        ("SupervisionStarted", second["callID"]),
        ("SupervisionEnded", second["callID"]),
        ("SupervisionStarted", floor.call_id),
    ]
    assert set(floor.heard()["S"]) == {A, B, TRUNK}
    seat = floor.centre.asked("SnapshotDevice", snapshotObject=S).snapshot_data[0]
    assert seat.call_identifier.call_id == floor.call_id
    assert seat.services_permitted == ("ClearConnection",)
    floor.end()


def test_who_takes_the_call_over_while_it_is_on_hold_has_the_agent_back_afterwards() -> None:
    floor = Floor()
    floor.centre.pbx.hold(A)
    floor.joins("active")
    assert floor.heard()["C"] == (S,)
    floor.centre.pbx.retrieve(A)
    floor.centre.wait(1_000)
    assert set(floor.heard()["C"]) == {A, S}
    floor.end()


# What goes wrong.


def test_a_supervisor_whose_phone_is_not_answered_is_told_and_nobody_else_is() -> None:
    floor = Floor()
    floor.centre.pbx.unplug(S)
    asked = floor.centre.ask(
        "SingleStepConferenceCall",
        activeCall=floor.key(),
        deviceToJoin=S,
        participationType="silent",
    )
    floor.centre.wait(1_000)
    [event] = [e for e in floor.news() if isinstance(e.data, ServiceCompletionFailure)]
    assert event.subject == f"supervision/{floor.call_id}"
    assert event.correlation_id == asked.request_id
    assert event.data.cause is Cause.DEST_NOT_OBTAINABLE
    assert floor.public() == []
    floor.end()


def test_the_call_that_ends_while_the_supervisors_phone_rings_leaves_nothing_behind() -> None:
    desk = Desk()
    desk.request(
        "watch",
        "SingleStepConferenceCall",
        activeCall=desk.key(),
        deviceToJoin=S,
        participationType="silent",
    )
    rings = desk.dialled()
    for leg in desk.legs:
        desk.observe(LegGone(leg))
    failures = [e for e in desk.events() if isinstance(e.data, ServiceCompletionFailure)]
    assert [(e.correlation_id, e.data.service) for e in failures] == [
        ("watch", "SingleStepConferenceCall")
    ]
    assert desk.told()[-1] == "CallCleared"
    assert [d.leg for d in desk.decided if isinstance(d, Clear)][-1] == rings
    desk.observe(LegUp(rings))
    desk.observe(LegGone(rings))
    assert desk.engine.model.legs == {}
    assert desk.engine.model.at_device == {}


def test_the_hold_key_of_a_phone_that_listens_is_nobodys_business() -> None:
    desk = Desk()
    desk.request(
        "watch",
        "SingleStepConferenceCall",
        activeCall=desk.key(),
        deviceToJoin=S,
        participationType="silent",
    )
    listens = desk.dialled()
    desk.observe(LegUp(listens))
    seen = len(desk.events())
    desk.observe(LegHeld(listens))
    desk.observe(LegRetrieved(listens))
    assert len(desk.events()) == seen
    assert list(desk.call.connections) == [A, B]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("SingleStepConferenceCall", {"deviceToJoin": "acd:sales"}, "invalidDeviceID"),
    ("SingleStepConferenceCall", {"deviceToJoin": A}, "connectedCallExists"),
    (
        "SingleStepConferenceCall",
        {"deviceToJoin": S, "participationType": "none"},
        "invalidParameterValue",
    ),
    ("JoinCall", {}, "invalidDeviceID"),
]


@pytest.mark.parametrize(("service", "params", "value"), REFUSED)
def test_what_makes_no_sense_is_refused_and_rings_nowhere(
    service: str, params: dict[str, Any], value: str
) -> None:
    floor = Floor()
    legs = len(floor.centre.pbx.snapshot())
    error = floor.centre.ask(service, activeCall=floor.key(), **params).error
    assert error is not None
    assert error.value == value
    assert len(floor.centre.pbx.snapshot()) == legs
    assert floor.news() == []


def test_a_caller_who_waits_or_whose_phone_rings_cannot_be_listened_to() -> None:
    centre = Centre(centre_plan(acd=AcdConfig(queues=(SALES,)), agents=(ANNA, BEA, SAM)))
    centre.phone(A, PhoneAct.NO_ANSWER)
    centre.log_on("anna")
    centre.call(dialled=OURS)
    centre.wait(1_000)
    error = centre.ask(
        "SingleStepConferenceCall",
        activeCall={"callID": centre.call_ids()[0], "deviceID": A},
        deviceToJoin=S,
        participationType="silent",
    ).error
    assert error is not None
    assert error.value == "invalidConnectionState"
    assert "SingleStepConferenceCall" not in error.current.services_permitted


def test_two_supervisors_may_listen_to_one_agent() -> None:
    floor = Floor()
    floor.joins("silent")
    floor.centre.asked(
        "SingleStepConferenceCall",
        activeCall=floor.key(),
        deviceToJoin=B,
        participationType="coach",
    )
    floor.centre.wait(1_000)
    assert floor.heard() == {"C": (A,), "A": (TRUNK, B), "S": (A, TRUNK, B)}
    floor.end()


def test_an_engine_in_the_midst_of_it_can_be_kept_and_goes_on() -> None:
    floor = Floor()
    floor.joins("coach")
    kept = pickle.loads(pickle.dumps(floor.centre.engine))  # noqa: S301 - our own
    [watch] = kept.supervision.watches.values()
    assert kept.model.legs[watch.leg.leg_id] is watch.leg
    assert watch.target.leg in kept.model.legs.values()
    floor.end()
