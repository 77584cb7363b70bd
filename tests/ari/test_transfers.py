"""The transfer key of a SIP phone: what is told of it, and what the phone hears."""

from __future__ import annotations

from typing import Any

import pytest

from ctiserver.core.switch_link import AnyObservation, Clear, Dial, RefuseTransfer, TransferAsked
from tests.ari.pretended import PretendedAsterisk
from tests.ari.situations import talking

WANTED = {"requested_destination": {"destination": "1002"}}
ELSEWHERE = {"requested_destination": {"destination": "1002", "protocol_id": "8d3f@phone"}}
OTHER_LINE = {**ELSEWHERE, "destination_channel": {"id": "17.4"}}


def asks(
    asterisk: PretendedAsterisk, leg: str, to: dict[str, Any], by: str = "", **more: str
) -> list[AnyObservation]:
    """Let a phone ask for a transfer, on another channel than the leg's perhaps (`by`)."""
    asterisk.requests()
    channel = {"source_channel": {"id": by or leg}}
    return asterisk.event("ChannelTransfer", leg, refer_to=to, referred_by=channel, **more)


def said_to_phones(asterisk: PretendedAsterisk) -> list[tuple[str, str]]:
    """List what phones were told, and the ends of their channels, in order."""
    asked, asterisk.asked[:] = list(asterisk.asked), []
    return [
        (each.path.split("/")[1], each.query.get("states", each.method))
        for each in asked
        if each.path.endswith("/transfer_progress") or each.method == "DELETE"
    ]


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (WANTED, TransferAsked("l-1", number="1002")),
        (OTHER_LINE, TransferAsked("l-1", to="17.4")),
    ],
)
def test_what_a_phone_asks_for_is_told(
    asterisk: PretendedAsterisk, to: dict[str, Any], told: TransferAsked
) -> None:
    _, agent = talking(asterisk, "l-1")
    assert asks(asterisk, agent, to) == [told]
    assert said_to_phones(asterisk) == []


def test_the_phone_hears_that_it_is_done_before_its_call_ends(asterisk: PretendedAsterisk) -> None:
    _, agent = talking(asterisk, "l-1")
    asks(asterisk, agent, WANTED)
    asterisk.do(Clear(agent))
    assert said_to_phones(asterisk)[:2] == [(agent, "channel_answered"), (agent, "DELETE")]


def test_with_two_lines_it_hears_so_before_the_first_of_them_ends(
    asterisk: PretendedAsterisk,
) -> None:
    _, agent = talking(asterisk, "l-1")
    second, _ = asterisk.call("PJSIP/1001", "outbound", "1002", "1001")
    to = {**ELSEWHERE, "destination_channel": {"id": agent}}
    assert asks(asterisk, second, to) == [TransferAsked(second, to=agent)]
    asterisk.do(Clear(agent), Clear(second))
    told = [each for each in said_to_phones(asterisk) if each[0] in (agent, second)]
    assert told == [(second, "channel_answered"), (agent, "DELETE"), (second, "DELETE")]


def test_the_phone_hears_of_a_refusal_once(asterisk: PretendedAsterisk) -> None:
    caller, agent = talking(asterisk, "l-1")
    asks(asterisk, agent, WANTED)
    assert asterisk.do(RefuseTransfer(agent), RefuseTransfer(agent), RefuseTransfer(caller)) == []
    assert said_to_phones(asterisk) == [(agent, "channel_declined")]
    asterisk.do(Clear(agent))
    assert said_to_phones(asterisk)[0] == (agent, "DELETE")


def test_what_asterisk_repeats_of_our_own_answer_means_nothing(asterisk: PretendedAsterisk) -> None:
    _, agent = talking(asterisk, "l-1")
    assert asks(asterisk, agent, WANTED, state="channel_declined") == []
    asterisk.do(Clear(agent))
    assert said_to_phones(asterisk)[0] == (agent, "DELETE")


def test_a_transfer_to_a_call_in_another_asterisk_is_refused(asterisk: PretendedAsterisk) -> None:
    _, agent = talking(asterisk, "l-1")
    assert asks(asterisk, agent, ELSEWHERE) == []
    assert said_to_phones(asterisk) == [(agent, "channel_declined")]


def test_a_channel_that_is_no_leg_is_refused(asterisk: PretendedAsterisk) -> None:
    _, agent = talking(asterisk, "l-1")
    assert asks(asterisk, agent, WANTED, by="17.9") == []
    assert said_to_phones(asterisk) == [("17.9", "channel_declined")]


def test_asterisk_moves_no_phone_by_itself(asterisk: PretendedAsterisk) -> None:
    asterisk.do(Dial("l-1", device="station:1001"))
    phone, _ = asterisk.call("PJSIP/1001", "outbound", "1002", "1001")
    for leg in ("l-1", phone):
        assert asterisk.channels[leg].variables["PJSIP_TRANSFER_HANDLING()"] == "ari-only"
