"""The link that connects to Asterisk by itself, and again: what it tells, and when it gives way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest

from ctiserver.core.switch_link import Answer, AnyObservation, LinkDown, LinkUp
from ctiserver.live.links import ari
from ctiserver.live.links.ari import AriLink
from ctiserver.live.links.ari_socket import Patience
from tests.ari.fake_asterisk import SOON_S, Asked, FakeAsterisk, a_fake_asterisk

IDLE: dict[str, Any] = {
    "asterisk/ping": {"ping": "pong", "timestamp": "2026-11-23T08:00:00.000+0000"},
    "asterisk/info": {"status": {"startup_time": "first"}},
    "applications/offhook": {"channel_ids": [], "bridge_ids": []},
}


def idle(asked: Asked) -> tuple[int, Any]:
    """Answer as an Asterisk without calls."""
    return 200, IDLE.get(asked["uri"], [])


class Told:
    """All that a link has observed."""

    def __init__(self, fake: FakeAsterisk, patience: Patience | None = None) -> None:
        """Let a link observe."""
        self.fake = fake
        self.link = AriLink(fake.config, "asterisk", patience=patience)
        self.told: list[AnyObservation] = []

    def count(self, kind: type[AnyObservation]) -> int:
        """Count the observations of a kind."""
        return sum(isinstance(each, kind) for each in self.told)

    async def up(self, times: int = 1) -> None:
        """Wait until it has been up so often."""
        await self.fake.until(lambda: self.count(LinkUp) >= times and self.link.fault is None)

    async def down(self, times: int) -> None:
        """Wait until it has been down so often; the first time it is at the start."""
        await self.fake.until(lambda: self.count(LinkDown) >= times)


@asynccontextmanager
async def a_link(
    patience: Patience | None = None,
    answer: Callable[[Asked], tuple[int, Any] | None] = idle,
) -> AsyncIterator[Told]:
    async with a_fake_asterisk() as fake:
        fake.answer = answer
        told = Told(fake, patience)
        told.link.attach(told.told.append)
        try:
            yield told
        finally:
            await told.link.stop()


async def test_the_first_word_is_that_nothing_is_heard_and_then_all_that_there_is() -> None:
    async with a_link() as told:
        assert told.told == [LinkDown()]
        assert told.link.fault == "it has not been heard yet"
        await told.up()
        assert told.told == [LinkDown(), LinkUp(lost=(), boot="first")]


async def test_a_lost_connection_is_told_once_and_found_again_each_time() -> None:
    async with a_link() as told:
        for times in range(1, 21):
            await told.up(times)
            told.fake.cut()
            await told.down(times + 1)
        await told.up(21)
        assert told.told == [LinkDown(), LinkUp(lost=(), boot="first")] * 21


async def test_commands_are_dropped_while_it_is_down() -> None:
    async with a_link() as told:
        await told.up()
        await told.fake.close()
        await told.down(2)
        told.link.execute(Answer("c-1"))
        asked = len(told.fake.asked)
        await told.fake.open(told.fake.port)
        await told.up(2)
        assert all("c-1" not in each["uri"] for each in told.fake.asked[asked:])


async def test_a_connection_that_is_lost_before_the_calls_were_told_is_not_told() -> None:
    def silent_about_channels(asked: Asked) -> tuple[int, Any] | None:
        return None if asked["uri"] == "channels" else idle(asked)

    async with a_link(answer=silent_about_channels) as told:
        await told.fake.until(lambda: any(each["uri"] == "channels" for each in told.fake.asked))
        told.fake.answer = idle
        told.fake.cut()
        await told.up()
        assert [type(each) for each in told.told] == [LinkDown, LinkUp]


async def test_who_never_tells_of_its_calls_is_asked_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ari, "_SETTLE_S", 0.1)

    async with a_link(answer=lambda asked: None if asked["uri"] == "channels" else idle(asked)) as (
        told
    ):
        await told.fake.until(lambda: len(told.fake.paths) >= 3)
        assert "has not told of its calls" in str(told.link.fault)


async def test_who_tells_no_events_is_not_up_and_asked_anew() -> None:
    async with a_link(Patience(quiet_s=0.05, deaf_s=0.15)) as told:
        told.fake.deaf = True
        await told.fake.until(lambda: len(told.fake.paths) == 2)
        assert told.told == [LinkDown()]
        assert all(each["uri"] != "channels" for each in told.fake.asked)
        told.fake.deaf = False
        await told.up()


async def test_silence_is_a_loss() -> None:
    async with a_link(Patience(quiet_s=0.05, silence_s=0.3)) as told:
        await told.up()
        told.fake.answer = lambda _asked: None
        await told.down(2)
        told.fake.answer = idle
        await told.up(2)


async def test_it_gives_way_to_another_client_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    def noted(wait_s: float) -> float:
        waits.append(wait_s)
        return 0.0

    monkeypatch.setattr(ari, "jittered", noted)
    replaced = {"type": "ApplicationReplaced", "application": "offhook"}
    async with a_link() as told:
        for times in range(1, 8):
            await told.up(times)
            await told.fake.say(replaced)
            await told.down(times + 1)
        await told.up(8)
        assert waits == [30, 60, 120, 240, 480, 600, 600]
        told.fake.cut()
        await told.up(9)
        await told.fake.say(replaced)
        await told.fake.until(lambda: len(waits) == 8)
        assert waits[-1] == 30


async def test_who_has_taken_the_application_is_a_fault_until_it_is_ours_again() -> None:
    async with a_link() as told:
        await told.up()
        await told.fake.say({"type": "ApplicationReplaced", "application": "offhook"})
        await told.fake.until(lambda: "another client" in str(told.link.fault))
        assert "a second server" in str(told.link.fault)
        assert len(told.fake.paths) == 1


async def test_a_wrong_password_is_a_fault_that_says_what_to_do() -> None:
    async with a_fake_asterisk() as fake:
        fake.refuse = HTTPStatus.UNAUTHORIZED
        told = Told(fake)
        told.link.attach(told.told.append)
        await fake.until(lambda: "password_file" in str(told.link.fault))
        assert len(fake.paths) == 1
        await told.link.stop()


async def test_an_asterisk_that_is_not_there_yet_is_found_when_it_comes() -> None:
    async with a_fake_asterisk() as fake:
        fake.answer = idle
        told = Told(fake)
        port = fake.port
        await fake.close()
        told.link.attach(told.told.append)
        await fake.until(lambda: "onnect" in str(told.link.fault))
        await fake.open(port)
        await told.up()
        await told.link.stop()


async def test_who_has_stopped_lets_go_and_does_not_come_again() -> None:
    async with a_link() as told:
        await told.up()
        [connection] = told.fake.connections
        await told.link.stop()
        await asyncio.wait_for(connection.wait_closed(), SOON_S)
        told.link.execute(Answer("c-1"))
        assert len(told.fake.paths) == 1
        assert told.count(LinkDown) == 2


async def test_an_asterisk_that_is_being_started_is_not_waited_for_as_a_wrong_password_is() -> None:
    """Its HTTP server is up before its users are known."""
    async with a_link() as told:
        await told.up()
        told.fake.refuse = HTTPStatus.UNAUTHORIZED
        told.fake.cut()
        await told.down(2)
        await told.fake.until(lambda: "password" in (told.link.fault or ""))
        told.fake.refuse = None
        await told.up(2)
