"""Legs whose end Asterisk has never told."""

from __future__ import annotations

import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import Dial, Join, LegGone
from ctiserver.live.links.ari_requests import Reply
from tests.ari.pretended import PretendedAsterisk
from tests.ari.situations import answered, talking


def audited(asterisk: PretendedAsterisk) -> list[object]:
    """Let the link look; gives what is told."""
    asterisk.exchange.audit()
    return list(asterisk.settle())


def test_a_leg_that_is_missed_twice_has_gone(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    assert audited(asterisk) == []
    bridge = asterisk.channels.pop(agent).bridge
    asterisk.bridges[bridge].remove(agent)
    assert audited(asterisk) == []
    assert audited(asterisk) == [LegGone(agent, cause=Cause.NORMAL)]
    assert audited(asterisk) == []
    assert caller in asterisk.channels


def test_an_end_that_is_told_after_all_is_told_once(asterisk: PretendedAsterisk) -> None:
    _, agent = talking(asterisk, "l-1")
    asterisk.exchange.audit()
    [gone] = asterisk.hang_up(agent, cause=16)
    assert isinstance(gone, LegGone)
    assert audited(asterisk) == []
    assert audited(asterisk) == []


def test_voice_units_have_no_channel_and_are_not_missed(asterisk: PretendedAsterisk) -> None:
    caller = answered(asterisk)
    asterisk.do(Dial("l-2", device="group:ivr"), Join(caller, legs=(caller, "l-2")))
    assert [audited(asterisk), audited(asterisk)] == [[], []]


@pytest.mark.parametrize("status", [0, 500])
def test_without_an_answer_nobody_is_missed(asterisk: PretendedAsterisk, status: int) -> None:
    talking(asterisk, "l-1")
    for _ in range(2):
        asterisk.refused["GET", "channels"] = Reply(status, {})
        assert audited(asterisk) == []


def test_while_the_link_comes_up_or_is_down_nothing_is_asked(asterisk: PretendedAsterisk) -> None:
    asterisk.exchange.disconnected()
    asterisk.settle()
    asterisk.requests()
    assert audited(asterisk) == []
    assert asterisk.requests() == []
