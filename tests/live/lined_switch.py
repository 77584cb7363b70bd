"""The golden scenarios' switch behind a socket, as it is in a process of its own (`offhook pbx`).

Its own server and the link to it are the real ones. Only time is turned by hand: it does not pass
before everything that was sent, either way, has been taken in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from csta.instants import Milliseconds
from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkDown, LinkUp, SwitchLink
from ctiserver.live.links.pbx import PbxLink
from switch_sim.clock import SimpyClock
from switch_sim.paced import Pacer
from switch_sim.served import ServedPbx
from tests.ctiserver.centre import Centre
from tests.ctiserver.cut_link import CutLink
from tests.live.host import LIMIT_S


class LinedSwitch(CutLink):
    """A link whose commands and observations go over a socket once it is open."""

    def __init__(self, pbx: SwitchLink) -> None:
        """Be told of everything that arrives, and so know what is still on its way."""
        super().__init__(pbx)
        self._link: PbxLink
        self._sent = self._done = 0
        """Commands that were sent, and those that were carried out."""
        self._told = self._heard = 0
        """Observations that were told, and those that were heard."""
        self._news = asyncio.Event()

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations to this function, when the line is open."""
        self._observe = observe

    def execute(self, command: AnyCommand) -> None:
        """Send a command."""
        if not self.deaf and self._link.is_up:
            self._sent += 1
            self._link.execute(command)

    @asynccontextmanager
    async def opened(self, centre: Centre) -> AsyncIterator[None]:
        """Serve the switch, and connect to it, while the block runs."""
        served = ServedPbx(self._pbx, Pacer(centre.world.env, SimpyClock(centre.world.env)), "run")
        served.listeners.append(self._note_told)
        carry_out = self._pbx.execute

        def carried_out(command: AnyCommand) -> None:
            carry_out(command)
            self._done += 1
            self._news.set()

        self._pbx.execute = carried_out  # type: ignore[method-assign] # it is counted, no more
        self._link = PbxLink(await served.start("127.0.0.1:0"), self.link_id)
        self._link.attach(self._hear)
        try:
            await self._until(lambda: self._link.is_up)
            yield
        finally:
            await self._link.stop()
            await served.stop()

    async def settle(self) -> None:
        """Wait until nothing is on its way."""
        await self._until(lambda: self._sent == self._done and self._told == self._heard)

    async def pass_time(self, centre: Centre, duration_ms: Milliseconds) -> None:
        """Let time pass, and wait at each instant for what was sent."""
        env, until = centre.world.env, centre.now + duration_ms
        await self.settle()
        while env.peek() <= until:
            env.step()
            await self.settle()
        if until > centre.now:
            centre.world.run(until)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def _note_told(self, _observation: AnyObservation) -> None:
        self._told += 1

    def _hear(self, observation: AnyObservation) -> None:
        self._tell(observation)
        self._heard += not isinstance(observation, LinkDown | LinkUp)
        self._news.set()
