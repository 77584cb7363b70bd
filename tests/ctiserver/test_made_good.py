"""What was missed while the link was down is made good; what was lost is asked for again."""

from __future__ import annotations

import pickle

import pytest

from acd.config import AcdConfig, QueueConfig
from acd.steps import Step
from csta.instants import MINUTE, SECOND
from csta.states import AgentState
from ctiserver.core.engine import Engine
from ctiserver.core.inputs import Observed
from ctiserver.core.switch_link import Dial, Join, LegsParted, LinkDown, LinkUp
from tests.ctiserver.centre import centre_plan
from tests.ctiserver.cut_link import CutCentre

A, B = "station:1001", "station:1002"


def test_who_calls_meanwhile_is_led_as_if_he_had_just_come() -> None:
    centre = CutCentre()
    centre.log_on("anna")
    centre.link.go_down()
    caller = centre.call()
    centre.link.come_up()
    assert [name for name in centre.synthetic() if name != "Play"] == ["Offered", "Queued"]
    assert centre.counts() == (1, 0, 0)
    assert len(centre.events("AgentOffered")) == 1
    assert centre.legs()[caller]["state"] == "up"
    centre.agree()


def test_a_phone_that_was_picked_up_meanwhile_is_led_to_whom_it_has_dialled() -> None:
    centre = CutCentre()
    centre.link.go_down()
    assert centre.pbx.dial_from(A, "1002")
    centre.link.come_up()
    assert centre.synthetic() == ["ServiceInitiated", "Originated"]
    assert centre.legs()[centre.leg_at(B)]["state"] == "ringing"
    centre.agree()


def test_a_leg_that_nobody_has_asked_for_is_released() -> None:
    centre = CutCentre()
    centre.link.go_down()
    centre.pbx.execute(Dial("l-of-another-life", device=A))
    centre.pbx.execute(Dial("strange", device=B))
    centre.link.come_up()
    assert centre.legs() == {}
    assert centre.counts() == (0, 0, 0)


def test_what_was_asked_for_while_the_link_was_down_is_asked_for_again() -> None:
    step = Step(after_ms=30 * SECOND, divert_to=B)
    queue = QueueConfig(name="sales", skills={"sales": 1}, steps=(step,))
    centre = CutCentre(AcdConfig(queues=(queue,)))
    caller = centre.call()
    centre.link.go_down()
    centre.wait(MINUTE)
    assert centre.events("CallCleared") == []
    centre.link.come_up()
    assert centre.legs()[centre.leg_at(B)]["state"] == "ringing"
    centre.pbx.answer(B)
    assert centre.joined() == [{caller, centre.leg_at(B)}]


def test_music_that_was_never_begun_is_played_and_what_plays_is_left_alone() -> None:
    centre = CutCentre()
    first = centre.call("+491")
    plays = centre.legs()[first]["playing"]
    assert plays
    centre.link.deaf = True
    second = centre.call("+492")
    assert (centre.legs()[second]["state"], centre.legs()[second]["playing"]) == ("seen", "")
    centre.link.go_down()
    centre.link.come_up()
    assert centre.legs()[first]["playing"] == plays
    assert centre.legs()[second]["playing"]
    assert centre.legs()[second]["state"] == "up"


def test_who_was_never_joined_is_joined() -> None:
    centre = CutCentre()
    centre.log_on("anna")
    caller = centre.call()
    centre.link.deaf = True
    centre.pbx.answer(A)
    assert centre.joined() == []
    centre.link.go_down()
    centre.link.come_up()
    assert centre.joined() == [{caller, centre.leg_at(A)}]


def test_whom_the_switch_parts_is_joined_again() -> None:
    centre = CutCentre()
    caller, agent = centre.talk()
    centre.link.mute = True
    centre.pbx.execute(Join(caller, legs=(caller,)))
    centre.pbx.execute(Join(agent, legs=(agent,)))
    assert centre.joined() == []
    centre.link.mute = False
    centre.world.driver.submit(Observed(LegsParted(caller, legs=(caller, agent))))
    assert centre.joined() == [{caller, agent}]
    centre.agree()


@pytest.mark.parametrize("held", [True, False])
def test_a_hold_key_that_was_pressed_meanwhile_is_told(*, held: bool) -> None:
    centre = CutCentre()
    centre.talk()
    if not held:
        centre.pbx.hold(A)
    centre.link.go_down()
    (centre.pbx.hold if held else centre.pbx.retrieve)(A)
    centre.link.come_up()
    assert centre.synthetic()[0] == ("Held" if held else "Retrieved")
    assert centre.counts() == (0, 0, 1)
    centre.agree()


def test_a_service_that_was_under_way_goes_on_when_the_link_is_back() -> None:
    centre = CutCentre()
    caller, _ = centre.talk()
    call_id = centre.call_ids()[0]
    key = {"callID": call_id, "deviceID": A}
    centre.asked("ConsultationCall", existingCall=key, consultedDevice=B)
    centre.pbx.answer(B)
    second = next(c for c in centre.engine.model.calls if c != call_id)
    centre.link.deaf = centre.link.mute = True
    active = {"callID": second, "deviceID": A}
    centre.asked("TransferCall", heldCall=key, activeCall=active)
    centre.link.go_down()
    centre.wait(SECOND)
    centre.link.come_up()
    assert len(centre.events("Transferred")) == 1
    assert centre.joined() == [{caller, centre.leg_at(B)}]
    centre.agree()


def test_a_switch_that_was_started_anew_has_no_call_any_more() -> None:
    centre = CutCentre()
    centre.link.come_up("run-1")
    caller, agent = centre.talk()
    waiting = centre.call("+492")
    centre.link.go_down()
    for leg in (caller, waiting, agent):
        centre.pbx.hang_up(leg)
    centre.link.come_up("run-2")
    cleared = centre.events("ConnectionCleared")
    assert {e.data.cause for e in cleared} == {"switchingFunctionTerminated"}
    assert sorted(e.data.outcome for e in centre.events("CallCleared")) == ["answered", "failed"]
    assert centre.counts() == (0, 3, 0)
    centre.agree()


def test_a_call_that_rang_when_the_switch_was_started_anew_was_not_cancelled_by_anybody() -> None:
    centre = CutCentre()
    centre.link.come_up("run-1")
    centre.log_on("anna")
    caller = centre.call()
    agent = centre.leg_at(A)
    centre.link.go_down()
    for leg in (caller, agent):
        centre.pbx.hang_up(leg)
    centre.link.come_up("run-2")
    ends = centre.events("ConnectionCleared") + centre.events("CallCleared")
    assert [e.data.cause for e in ends] == ["switchingFunctionTerminated"] * 3
    assert centre.state("anna") is AgentState.READY
    centre.agree()


def test_a_switch_that_was_started_anew_may_use_the_ids_of_its_legs_again() -> None:
    centre = CutCentre()
    centre.link.come_up("run-1")
    centre.talk()
    centre.link.go_down()
    up = LinkUp(centre.pbx.snapshot(), lost=(), boot="run-2")
    centre.world.driver.submit(Observed(up))
    added, removed, _ = centre.counts()
    assert (added, removed) == (1, 2)
    assert len(centre.events("CallCleared")) == 1
    assert len(centre.call_ids()) == 2


def test_phones_that_were_lost_or_found_meanwhile_are_known() -> None:
    centre = CutCentre()
    centre.log_on("anna", "bea")
    centre.pbx.unplug(A)
    centre.link.go_down()
    centre.pbx.plug_in(A)
    centre.pbx.unplug(B)
    centre.link.come_up()
    assert centre.state("anna") is AgentState.READY
    assert centre.state("bea") is AgentState.NOT_READY
    assert centre.counts() == (0, 0, 2)


def test_the_same_legs_told_twice_change_nothing() -> None:
    centre = CutCentre()
    centre.talk()
    centre.call("+492")
    centre.link.go_down()
    centre.call("+493")
    up = centre.link.come_up()
    told = len(centre.log)
    centre.world.driver.submit(Observed(up))
    centre.world.driver.submit(Observed(LinkUp(centre.pbx.snapshot(), lost=())))
    assert centre.log[told:] == []
    centre.agree()


def test_an_end_that_was_never_told_is_found_by_the_next_list_of_legs() -> None:
    """The link is up all the time: one observation was lost."""
    centre = CutCentre()
    caller, _ = centre.talk()
    centre.link.mute = True
    centre.pbx.hang_up(caller)
    centre.link.mute = False
    centre.world.driver.submit(Observed(LinkUp(centre.pbx.snapshot())))
    assert len(centre.events("CallCleared")) == 1
    assert centre.counts() == (0, 1, 0)
    centre.agree()


def test_an_engine_whose_link_is_down_can_be_kept_and_taken_up_again() -> None:
    centre = CutCentre()
    centre.talk()
    centre.call("+492")
    centre.link.go_down()
    kept: Engine = pickle.loads(pickle.dumps(centre.engine))  # noqa: S301 - our own
    now = centre.now
    up = Observed(LinkUp(centre.pbx.snapshot(), lost=()))
    assert repr(kept.handle(up, now)) == repr(centre.engine.handle(up, now))


def test_a_link_that_is_down_from_the_beginning_holds_nothing_back_when_it_comes() -> None:
    engine = Engine(centre_plan().engine)
    engine.handle(Observed(LinkDown()), 1_000)
    assert engine.resynchronising.down
    engine.handle(Observed(LinkUp()), 2_000)
    assert not engine.resynchronising.down
    assert engine.resynchronising.status.value == "normal"


def test_a_message_whose_end_was_missed_has_ended() -> None:
    centre = CutCentre()
    centre.talk()
    key = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.asked("PlayMessage", messageToBePlayed="sound:terms", overConnection=key)
    centre.link.go_down()
    centre.wait(MINUTE)
    assert "sound:terms" not in [event.data.message for event in centre.events("Stop")]
    centre.link.come_up()
    assert centre.events("Stop")[-1].data.message == "sound:terms"
    centre.agree()


def test_who_listens_in_hears_again_what_he_heard_and_is_still_heard_by_nobody() -> None:
    centre = CutCentre()
    caller, agent = centre.talk()
    active = {"callID": centre.call_ids()[0], "deviceID": A}
    joins = {"participationType": "silent", "deviceToJoin": B, "activeCall": active}
    centre.asked("SingleStepConferenceCall", **joins)
    centre.pbx.answer(B)
    centre.link.go_down()
    centre.link.come_up()
    assert centre.joined() == [{caller, agent}]
    assert centre.legs()[centre.leg_at(B)]["listens_to"] == agent
    assert centre.counts() == (0, 0, 0)
    centre.agree()
