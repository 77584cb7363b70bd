"""The nine-step call flow on a real switch: real phones, and the events of the simulated PBX."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from crm_bridge.interactions import InteractionDraft
from csta.call_events import Queued
from csta.instants import SECOND
from tests.acceptance.nine_steps import PRESSES, Story, check_the_nine_steps
from tests.ctiserver.centre import CALLER, OURS
from tests.real_asterisk.asterisk import Asterisk
from tests.real_asterisk.callers import Party, desks
from tests.real_asterisk.nine_steps import (
    BREAK_MS,
    RING_MS,
    TALK_MS,
    Anna,
    Outcome,
    Screen,
    on_asterisk,
    on_the_simulated_pbx,
    sipp_caller,
)
from tests.real_asterisk.phones import Phone, outside, registered
from tests.real_asterisk.programs import LIMIT_S

AGENT_HZ, CALLER_HZ = 440, 620
_NEAR_S = 1.5
"""So much may two clocks differ that look at the same on a busy machine."""


class Seen(msgspec.Struct, frozen=True):
    """What was seen of the call at the phones; times in seconds since the epoch."""

    popped: bool
    """Whether the agent's screen had popped when her phone rang."""
    answered_at: float
    hung_up_at: float


Cast: TypeAlias = Callable[[Asterisk, Anna], Awaitable[Seen]]


async def sipp_calls_a_sipp_desk(asterisk: Asterisk, anna: Anna) -> Seen:
    async with (
        desks(asterisk, [anna.station], ring_ms=RING_MS) as staff,
        sipp_caller(asterisk, by_info=False) as calling,
    ):
        await it_is_sent_sound_in_menus_and_in_the_queue(asterisk, anna)
        await _logs(staff, "offered")
        popped = anna.screen.has_popped()
        answered_at = await _logs(staff, "answered")
        await calling.ended()
        hung_up_at = time.time()
        await anna.is_idle_again()
    return Seen(popped, answered_at, hung_up_at)


async def sipp_calls_a_phone(asterisk: Asterisk, anna: Anna) -> Seen:
    async with (
        registered(asterisk, anna.station) as phone,
        sipp_caller(asterisk, by_info=True) as calling,
    ):
        await it_is_sent_sound_in_menus_and_in_the_queue(asterisk, anna)
        popped, answered_at = await _answers(phone, anna.screen)
        await calling.ended()
        hung_up_at = time.time()
        await anna.is_idle_again()
    return Seen(popped, answered_at, hung_up_at)


async def a_phone_calls_a_phone(asterisk: Asterisk, anna: Anna) -> Seen:
    async with (
        registered(asterisk, anna.station, tone_hz=AGENT_HZ) as phone,
        outside(asterisk, CALLER.removeprefix("+"), tone_hz=CALLER_HZ) as caller,
    ):
        await caller.dial(OURS.removeprefix("+"))
        for press in PRESSES:
            await anna.hears(press.prompt)
            await caller.hears_something()
            await caller.press(press.digits)
        await anna.until(Queued)
        await caller.hears_something()
        popped, answered_at = await _answers(phone, anna.screen)
        await asyncio.gather(caller.hears(AGENT_HZ), phone.hears(CALLER_HZ))
        await asyncio.sleep(TALK_MS / SECOND)
        await caller.hang_up()
        await phone.until("CALL_CLOSED")
        hung_up_at = time.time()
        await anna.is_idle_again()
    return Seen(popped, answered_at, hung_up_at)


async def it_is_sent_sound_in_menus_and_in_the_queue(asterisk: Asterisk, anna: Anna) -> None:
    await anna.hears(PRESSES[0].prompt)
    await _is_sent_sound(asterisk)
    await anna.until(Queued)
    await _is_sent_sound(asterisk)


async def _is_sent_sound(asterisk: Asterisk) -> None:
    """Wait until more packets are on their way to the only caller there is."""
    [channel] = await asterisk.ari("GET", "channels")
    before = None
    async with asyncio.timeout(5):
        while True:
            sent = await asterisk.ari("GET", f"channels/{channel['id']}/rtp_statistics")
            if before is not None and sent["txcount"] > before:
                return
            before = sent["txcount"]
            await asyncio.sleep(0.1)


async def _answers(phone: Phone, screen: Screen) -> tuple[bool, float]:
    await phone.until("CALL_INCOMING")
    popped = screen.has_popped()
    await asyncio.sleep(RING_MS / SECOND)
    await phone.accept()
    await phone.until("CALL_ESTABLISHED")
    return popped, time.time()


async def _logs(party: Party, what: str) -> float:
    """Wait until sipp says that something is so (`offered 49170 DATE TIME EPOCH`); gives when."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            for line in party.log():
                if line.startswith(what):
                    return float(line.split()[-1])
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("cast", "station"),
    [
        (sipp_calls_a_sipp_desk, "2001"),
        (sipp_calls_a_phone, "1001"),
        (a_phone_calls_a_phone, "1001"),
    ],
)
async def test_the_nine_steps_are_those_of_the_simulated_pbx(
    cast: Cast, station: str, asterisk: Asterisk, tmp_path: Path
) -> None:
    seen: list[Seen] = []

    async def acts(anna: Anna) -> None:
        seen.append(await cast(asterisk, anna))

    real, simulated = await asyncio.gather(
        on_asterisk(asterisk, tmp_path / "asterisk", station, acts),
        on_the_simulated_pbx(tmp_path / "simulated", station),
    )
    check_the_nine_steps(Story(real.events, f"station:{station}"), real.rows)
    assert _told(real) == _told(simulated)
    assert seen[0].popped
    the_row_has_the_times_that_the_phones_have_seen(real.rows[0], seen[0])


def the_row_has_the_times_that_the_phones_have_seen(row: InteractionDraft, seen: Seen) -> None:
    talked_s = seen.hung_up_at - seen.answered_at
    assert row.contact_duration_ms / SECOND == pytest.approx(talked_s, abs=_NEAR_S)
    assert row.waited_ms / SECOND == pytest.approx(BREAK_MS / SECOND, abs=_NEAR_S)
    assert row.ended_at is not None
    assert row.ended_at / SECOND == pytest.approx(seen.hung_up_at, abs=_NEAR_S)


_ID = re.compile(r"[a-z]-[0-9A-HJKMNP-TV-Z]{26}")
_LEFT_OUT = {
    *("id", "sequence", "epoch", "source", "correlationid", "linkID"),  # ids
    *("time", "since", "waitedMs", "ringMs", "queueMs", "talkMs", "holdMs", "durationMs"),
}
"""`durationMs` is how long a key was pressed; `source` names the link, as `linkID` does."""


def _told(outcome: Outcome) -> list[object]:
    """Give all that is told of the call and the agent, whatever it is called and takes.

    Left out: how each switch was before and after it; the queue's status, told each second.
    """
    names: dict[str, str] = {}
    types = {envelope["id"]: envelope["type"] for envelope in outcome.envelopes}

    def plain(value: Any) -> object:  # noqa: ANN401 - any JSON value
        match value:
            case dict():
                return {key: plain(part) for key, part in value.items() if key not in _LEFT_OUT}
            case list():
                return [plain(part) for part in value]
            case str() if value in types:  # what has caused it
                return types[value]
            case str():
                return _ID.sub(lambda found: names.setdefault(found[0], f"{len(names)}"), value)
        return value

    in_order = list(types.values())
    begin = in_order.index("csta.callControl.Offered.v1")
    end = len(in_order) - in_order[::-1].index("csta.agent.AgentReady.v1")
    return [
        plain(envelope)
        for envelope in outcome.envelopes[begin:end]
        if envelope["type"] != "cti.acd.QueueStatus.v1"
    ]
