"""Whom a dialled device reaches, by which trunk, and why it cannot be reached."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import Clear, Dial, LegGone, LegRinging, LegSeen, LegUp
from switch_sim.config import DialledNumber, Route, VoiceUnitsConfig
from tests.switch_sim.stage import ANI, CONFIG, OURS, A, B, Stage, caller


def test_a_hunt_takes_the_idle_voice_unit_with_the_lowest_number() -> None:
    stage = Stage()
    assert stage.do(Dial("a", device="group:ivr", calling=ANI)) == [
        LegSeen("a", device="voiceUnit:ivr-1", ani=ANI),
        LegUp("a"),
    ]
    assert stage.do(Dial("b", device="group:ivr"))[0] == LegSeen("b", device="voiceUnit:ivr-2")
    assert stage.do(Dial("c", device="group:ivr")) == [
        LegGone("c", cause=Cause.RESOURCES_NOT_AVAILABLE)
    ]
    stage.do(Clear("b"), Clear("a"))
    assert stage.do(Dial("d", device="group:ivr"))[0] == LegSeen("d", device="voiceUnit:ivr-1")


@pytest.mark.parametrize(
    ("device", "cause"),
    [
        ("station:9999", Cause.DEST_NOT_OBTAINABLE),
        ("group:fax", Cause.DEST_NOT_OBTAINABLE),
        ("trunk:pstn", Cause.DEST_NOT_OBTAINABLE),
        ("number:+33123", Cause.NETWORK_NOT_OBTAINABLE),
        ("number:+493031", Cause.DEST_NOT_OBTAINABLE),
    ],
)
def test_what_cannot_be_reached_is_told_as_gone(device: str, cause: Cause) -> None:
    stage = Stage()
    assert stage.do(Dial("a", device=device)) == [LegGone("a", cause=cause)]
    assert stage.pbx.snapshot() == ()
    assert all(board.carried == 0 for board in stage.pbx.boards())


def test_an_outside_number_leaves_by_a_trunk_and_answers_after_its_time() -> None:
    stage = Stage()
    assert stage.do(Dial("a", device="number:+491111", calling=OURS)) == [
        LegSeen("a", device="trunk:pstn", ani=OURS, dnis="+491111"),
        LegRinging("a"),
    ]
    assert stage.wait(3_999) == []
    assert stage.wait(1) == [LegUp("a")]


def test_the_longest_prefix_chooses_the_route_and_the_next_group_is_tried_when_one_is_full() -> (
    None
):
    stage = Stage()
    for leg in ("1", "2", "3", "4"):
        assert stage.do(Dial(leg, device="number:+491111"))[0] == LegSeen(
            leg, device="trunk:pstn", dnis="+491111"
        )
    assert stage.do(Dial("5", device="number:+491111"))[0] == LegSeen(
        "5", device="trunk:reserve", dnis="+491111"
    )
    assert stage.do(Dial("6", device="number:+491111")) == [LegGone("6", cause=Cause.TRUNKS_BUSY)]
    stage.do(Clear("1"))
    assert stage.do(Dial("7", device="number:+49891")) == [LegGone("7", cause=Cause.TRUNKS_BUSY)]
    pstn, reserve = stage.pbx.boards()
    assert (pstn.offered, pstn.carried, pstn.blocked, pstn.in_use_max) == (6, 4, 2, 4)
    assert (reserve.offered, reserve.carried, reserve.blocked) == (3, 1, 2)


@pytest.mark.parametrize(
    ("number", "cause", "after_ms", "rings"),
    [
        ("number:+493011", Cause.BUSY, 1_500, False),
        ("number:+493021", Cause.CALL_NOT_ANSWERED, 60_000, True),
    ],
)
def test_an_outside_party_behaves_as_its_longest_prefix_says(
    number: str, cause: Cause, after_ms: int, *, rings: bool
) -> None:
    stage = Stage()
    told = stage.do(Dial("a", device=number))
    assert (LegRinging("a") in told) is rings
    assert stage.wait(after_ms - 1) == []
    assert stage.wait(1) == [LegGone("a", cause=cause)]
    assert stage.pbx.boards()[0].in_use == 0


def test_a_call_that_finds_no_trunk_is_blocked_and_nothing_is_told() -> None:
    stage = Stage()
    assert stage.pbx.offer_call(caller(dialled="+4930101"))
    stage.take()
    assert not stage.pbx.offer_call(caller(dialled="+4930101"))
    assert stage.take() == []
    assert (stage.pbx.ledger.offered, stage.pbx.ledger.blocked, stage.pbx.ledger.live) == (2, 1, 1)
    assert stage.pbx.boards()[1].blocked == 1
    stage.pbx.hang_up("sim1-1")
    assert stage.pbx.offer_call(caller(dialled="+4930101"))


def test_a_caller_cannot_dial_a_number_that_is_not_ours() -> None:
    with pytest.raises(ValueError, match="'\\+1' is no number of this switch"):
        Stage().pbx.offer_call(caller(dialled="+1"))


def test_a_leg_that_somebody_began_at_a_station_can_be_told_from_one_that_was_dialled() -> None:
    stage = Stage()
    leg = stage.pbx.dial_from(A, "1002")
    assert leg == "sim1-1"
    assert stage.take() == [LegSeen(leg, device=A, ani="1001", dnis="1002"), LegUp(leg)]
    assert stage.pbx.dial_from(A, "1003") is None
    assert stage.do(Dial("b", device=A)) == [LegGone("b", cause=Cause.BUSY)]
    assert len(stage.do(Dial("c", device=B))) == 2


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"dialled_numbers": (DialledNumber("+1", "isdn"),)}, "number +1 names trunk group 'isdn'"),
        ({"routes": (Route(("pstn", "isdn")),)}, "the route for '' names trunk group 'isdn'"),
        ({"stations": ("1001", "1002", "1001")}, "'1001' stands twice"),
        ({"voice_units": (VoiceUnitsConfig(1), VoiceUnitsConfig(2))}, "'ivr' stands twice"),
    ],
)
def test_a_plan_that_leads_nowhere_is_refused(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        msgspec.structs.replace(CONFIG, **changed)
