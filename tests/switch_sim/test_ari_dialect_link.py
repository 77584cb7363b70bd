"""Our own link to Asterisk drives the simulated switch through the dialect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import simpy

from ctiserver.core.switch_link import AnyObservation, LegGone, LegsJoined, LinkDown, LinkUp
from ctiserver.live.clock import AsyncioClock
from ctiserver.live.links.ari import AriLink
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.secret import Secret
from switch_sim.callers import CallerPlan
from switch_sim.dialects.ari import serve_ari
from switch_sim.dialects.ari_state import AriAccount
from switch_sim.ledger import EndedBy
from switch_sim.paced import Pacer
from switch_sim.switch import SimulatedPbx
from tests.switch_sim.stage import ANI, CONFIG, OURS, START, A, B, ToyEngine

SOON_S = 30.0
SPEED = 20.0
ACCOUNT = AriAccount(user="cti", password="let me in", application="acd")  # noqa: S106 - of a test
TRUNKS = (
    AriTrunk("pstn", "PJSIP/pstn", "PJSIP/{number}@pstn"),
    AriTrunk("reserve", "PJSIP/reserve", "PJSIP/{number}@reserve"),
)
TALKS = CallerPlan(number=ANI, dialled=OURS, talk_ms=20_000)


class Room:
    """The switch behind its dialect, our link to it, and a toy engine on that."""

    def __init__(self, url: str, pbx: SimulatedPbx, pacer: Pacer) -> None:
        """Know where the switch is; nobody connects yet."""
        self.pbx = pbx
        self.pacer = pacer
        self.told: list[AnyObservation] = []
        self._config = AriConfig(
            url=url,
            user=ACCOUNT.user,
            password=Secret(ACCOUNT.password),
            application=ACCOUNT.application,
            trunks=TRUNKS,
        )
        self._heard = asyncio.Event()

    @contextlib.asynccontextmanager
    async def engine(self, *phones: str) -> AsyncIterator[LinkUp]:
        """Connect, and serve callers with these phones; gives the first word of the switch."""
        link = AriLink(self._config, "ari")
        engine = ToyEngine(link, phones)
        self.told.clear()

        def observe(observation: AnyObservation) -> None:
            self.told.append(observation)
            if not isinstance(observation, LinkUp | LinkDown):
                engine.observe(observation)
            self._heard.set()

        link.attach(observe)
        try:
            await self.until(LinkUp)
            yield next(each for each in self.told if isinstance(each, LinkUp))
        finally:
            await link.stop()

    def call(self) -> None:
        """Let a caller call."""
        self.pacer.act(lambda: self.pbx.offer_call(TALKS))

    async def until(self, kind: type, count: int = 1) -> None:
        """Wait until so many observations of a kind have been told."""
        async with asyncio.timeout(SOON_S):
            while sum(isinstance(each, kind) for each in self.told) < count:
                self._heard.clear()
                await self._heard.wait()


@contextlib.asynccontextmanager
async def _room() -> AsyncIterator[Room]:
    env = simpy.Environment(initial_time=START)
    pacer = Pacer(env, AsyncioClock(asyncio.get_running_loop(), START, SPEED))
    pbx = SimulatedPbx(env, CONFIG)
    async with serve_ari(pbx, pacer, account=ACCOUNT) as url:
        pacer.start()
        yield Room(url, pbx, pacer)


@pytest.mark.parametrize("phones", [(A, B), (A,)], ids=["two phones", "one phone"])
async def test_calls_are_answered_wait_with_music_talk_and_end(phones: tuple[str, ...]) -> None:
    async with _room() as room, room.engine(*phones):
        room.call()
        room.call()
        await room.until(LegGone, 4)
    entries = list(room.pbx.ledger.entries)
    assert [entry.ended_by for entry in entries] == [EndedBy.CALLER, EndedBy.CALLER]
    assert {entry.answered_by for entry in entries} == set(phones)
    assert all(entry.waited_from is not None for entry in entries)
    assert room.pbx.snapshot() == ()


async def test_a_call_that_came_while_nobody_was_connected_is_there_when_somebody_is() -> None:
    async with _room() as room:
        room.call()
        async with room.engine() as up:
            assert [(leg["device"], leg["ani"]) for leg in up.legs] == [("trunk:pstn", ANI)]


async def test_a_talk_goes_on_while_the_engine_is_away_and_is_told_to_the_next_one() -> None:
    async with _room() as room:
        async with room.engine(A) as up:
            assert up.legs == ()
            room.call()
            await room.until(LegsJoined)
        async with room.engine() as up:
            caller, phone = up.legs
            assert (caller["device"], caller["state"]) == ("trunk:pstn", "up")
            assert (phone["device"], phone["state"]) == (A, "up")
            assert list(caller["joined"]) == [phone["leg"]]
            await room.until(LegGone)
    assert [entry.ended_by for entry in room.pbx.ledger.entries] == [EndedBy.CALLER]
