"""What a real Asterisk has told, call shape by call shape, told to the exchange again.

The recordings are not part of this repository; where they are not, these tests are left out.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from csta.causes import Cause
from ctiserver.core.switch_link import (
    Answer,
    AnyObservation,
    Dial,
    Digit,
    LegGone,
    LegHeld,
    LegRetrieved,
    LegRinging,
    LegSeen,
    LegUp,
    TransferAsked,
)
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.links.ari_exchange import AriExchange
from ctiserver.live.links.ari_requests import Reply, Request
from ctiserver.live.secret import Secret
from tests.repository import ROOT

RECORDINGS = ROOT.parent / "shared" / "traces" / "asterisk-22-calls"
CONFIG = AriConfig(
    url="",
    user="",
    password=Secret(""),
    application="acd",
    trunks=(AriTrunk("pstn", "PJSIP/trunk", "PJSIP/{number}@trunk"),),
)
_LISTS: dict[str, Any] = {
    "asterisk/ping": {"timestamp": "2026-11-22T00:00:00.000+0000"},
    "asterisk/info": {"status": {"startup_time": "2026-11-22T00:00:00.000+0000"}},
    "applications/acd": {"channel_ids": []},
}

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings of a real Asterisk are not on this machine"
)


def replay(name: str) -> list[AnyObservation]:
    """Tell a recording to an exchange that dials whom it dials, when it does.

    Legs are called `caller`, `agent`, `agent-2` … in the order in which they come. What the link
    would ask of Asterisk is not done: the recording is of another program's calls.
    """
    told: list[AnyObservation] = []

    def send(request: Request, then: Any) -> None:  # noqa: ANN401 - a function, or none
        if then is not None and request.method == "GET":
            then(Reply(200, _LISTS.get(request.path, [])))

    exchange = AriExchange(CONFIG, send, told.append)
    exchange.connected()
    told.clear()
    names: dict[str, str] = {}
    for line in (RECORDINGS / f"{name}.jsonl").read_bytes().splitlines():
        event = msgspec.json.decode(line)
        channel = event.get("peer") or event.get("channel") or {}
        leg, endpoint = channel.get("id", ""), channel.get("name", "").partition("-")[0]
        if endpoint.startswith("PJSIP/") and leg not in names:
            incoming = endpoint == "PJSIP/trunk"
            count = sum(known.startswith("agent") for known in names.values())
            names[leg] = "caller" if incoming else f"agent-{count + 1}"
            if not incoming:
                exchange.execute(Dial(leg, device="station:2001"))
        exchange.hear(event)
        if names.get(leg) == "caller" and event["type"] == "StasisStart":
            exchange.execute(Answer(leg))
    return [
        msgspec.structs.replace(what, leg=names[what.leg])
        for what in told
        if hasattr(what, "leg") and what.leg in names
    ]


SEEN = LegSeen("caller", device="trunk:pstn", ani="", dnis="")


def without_numbers(told: list[AnyObservation]) -> list[AnyObservation]:
    """Leave out who called whom: that is another one in each recording."""
    return [
        LegSeen(what.leg, device=what.device) if isinstance(what, LegSeen) else what
        for what in told
    ]


AGENT = [LegSeen("agent-1", device="station:2001"), LegRinging("agent-1"), LegUp("agent-1")]
CALLER = [SEEN, LegUp("caller")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("abandoned_in_queue", [*CALLER, LegGone("caller")]),
        (
            "agent_no_answer_then_busy_then_answer",
            [
                *CALLER,
                *AGENT[:2],
                LegGone("agent-1", cause=Cause.CALL_NOT_ANSWERED, q850=19, sip_status=480),
                LegSeen("agent-2", device="station:2001"),
                LegGone("agent-2", cause=Cause.BUSY, q850=17, sip_status=486),
                LegSeen("agent-3", device="station:2001"),
                LegRinging("agent-3"),
                LegUp("agent-3"),
                LegGone("agent-3"),
                LegGone("caller"),
            ],
        ),
        (
            "blind_transfer_ari_only",
            [
                *CALLER,
                *AGENT,
                TransferAsked("agent-1", number="2222"),
                LegGone("agent-1"),
                LegGone("caller"),
            ],
        ),
        ("blind_transfer_refer", [*CALLER, *AGENT, LegGone("agent-1", q850=16)]),
        (
            "caller_cancel_while_ringing_endpoint_subscribed",
            [SEEN, LegGone("caller", cause=Cause.CALL_CANCELLED, q850=127, sip_status=487)],
        ),
        (
            "full_call",
            [
                *CALLER,
                Digit("caller", digit="2", duration_ms=200),
                *AGENT,
                LegGone("agent-1"),
                LegGone("caller"),
            ],
        ),
        (
            "hold_retrieve_by_phone",
            [
                *CALLER,
                *AGENT,
                LegHeld("agent-1"),
                LegRetrieved("agent-1"),
                LegGone("agent-1"),
                LegGone("caller"),
            ],
        ),
        ("hold_retrieve_by_app", [*CALLER, *AGENT, LegGone("agent-1"), LegGone("caller")]),
        (
            "softphone_hold_transfer",
            [
                *CALLER,
                *AGENT,
                LegHeld("agent-1"),
                LegRetrieved("agent-1"),
                LegGone("agent-1", q850=16),
                LegGone("caller"),
            ],
        ),
    ],
)
def test_a_recorded_call_is_observed(name: str, expected: list[AnyObservation]) -> None:
    assert without_numbers(replay(name)) == expected


@pytest.mark.parametrize("name", ["silent_monitor", "whisper_coach"])
def test_a_snoop_channel_of_others_is_no_leg(name: str) -> None:
    told = replay(name)
    seen = [what.leg for what in told if isinstance(what, LegSeen)]
    gone = [what.leg for what in told if isinstance(what, LegGone)]
    assert seen == ["caller", "agent-1", "agent-2"]
    assert sorted(gone) == sorted(seen)


def test_numbers_come_from_the_arguments_of_stasis() -> None:
    seen = replay("full_call")[0]
    assert isinstance(seen, LegSeen)
    assert (seen.ani, seen.dnis) == ("15551230001", "18005550100")
