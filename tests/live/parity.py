"""The golden scenarios played over every transport of a real server, in time turned by hand.

One transport carries the commands, all of them bring the events. As time and ids are the run's
own, the bytes of an event must be the same whoever asked, and whoever reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from csta.instants import MINUTE, SECOND, Milliseconds
from ctiserver.core.wire import Published
from tests.ctiserver import event_laws
from tests.ctiserver.cut_link import CutLink
from tests.ctiserver.golden import Golden, Player, Step, is_as_written, read_golden
from tests.live.brokers import Mosquitto
from tests.live.event_streams import Stream, read_event
from tests.live.lined_switch import LinedSwitch
from tests.live.ways import Way, opened, ways_of


class LivePlayer(Player):
    """Plays a scenario over one way; what it waits for, it hears on that way's stream."""

    def __init__(self, golden: Golden, way: Way[Any]) -> None:
        """Nothing happens before `perform`."""
        super().__init__(golden)
        self.way = way
        self.others: list[Stream] = []
        """Streams that nothing is waited for on."""
        self.answers: list[dict[str, Any]] = []
        self._read: list[Published] = []

    async def perform(self) -> None:
        """Prepare the centre, let everything happen, and wait until nothing happens any more."""
        for name, behaviour in self.golden.phones.items():
            self._people.let_phone(name, behaviour)
        for agent_id in self.golden.on_duty:
            for state in ("loggedOn", "ready"):
                params = {"agentID": agent_id, "requestedAgentState": state}
                await self._request("SetAgentState", params)
        await self.catch_up()
        self.asked.clear()
        self._told = self._seen = len(self._read)
        for step in self.golden.steps:
            if step.when:
                await self._hear_of(step.when)
            await self.pass_time(step.wait_ms)
            if step.params is None:
                self._act(step)
            else:
                await self._request_of(step)
            await self.pass_time(0)
        await self.pass_time(MINUTE)
        await self.catch_up()

    def is_as_written(self) -> None:
        """Hold what the transport has brought against the scenario, as the golden test does."""
        is_as_written(self.events(), self.golden.events, self.words(), self.asked)
        event_laws.check(self._read)

    def events(self) -> list[Published]:
        """Give what the way's own stream has brought since the centre was ready."""
        return self._read[self._told :]

    async def catch_up(self) -> None:
        """Read the stream up to the end of the log; who is killed on the way comes back."""
        last = self.way.doors.host.log.last
        while self.way.stream.after < last:
            await self.way.stream.read_up_to(last)
        self._note()

    async def pass_time(self, duration_ms: Milliseconds) -> None:
        """Let time pass; all others who listen read along."""
        link = self.golden.link
        if isinstance(link, LinedSwitch):
            await link.pass_time(self.centre, duration_ms)
        else:
            self.centre.wait(duration_ms)
        for stream in self.others:
            await stream.read_up_to(self.way.doors.host.log.last)

    def _note(self) -> None:
        self._read += map(read_event, self.way.stream.events[len(self._read) :])

    async def _hear_of(self, text: str) -> None:
        for _ in range(10 * MINUTE // SECOND):
            await self.way.stream.read_up_to(self.way.doors.host.log.last)
            self._note()
            words = self.words()
            for event in self._read[self._seen :]:
                self._seen += 1
                if words.tell(event) == text:
                    return
            await self.pass_time(SECOND // 10)
        raise AssertionError(f"{text} never came over {self.way.name}")

    async def _request_of(self, step: Step) -> None:
        params = self.words().resolve(step.params)
        if not step.session:
            await self._request(step.does, params)
            return
        request_id = f"router-{len(self.asked)}"
        caused_by = await self.way.ask_as_router(step.does, params, request_id)
        self.asked[caused_by] = step.does

    async def _request(self, service: str, params: dict[str, Any]) -> None:
        request_id = f"ask-{len(self.answers)}"
        self.answers.append(await self.way.ask(service, params, request_id))
        self.asked[request_id] = service


class Played:
    """One scenario, played over one way, and what all streams have brought of it."""

    def __init__(self, player: LivePlayer, streams: list[Stream]) -> None:
        """Keep the log as the server has it."""
        self.player = player
        self.streams = streams
        self.log = [logged.envelope for logged in player.way.doors.host.log.recent(0)]

    def alike(self) -> list[bytes]:
        """Give the log's envelopes in the words that all ways have in common."""
        return [self._in_common(body) for body in self.log]

    def _in_common(self, body: bytes) -> bytes:
        for ours, theirs in self.player.way.same.items():
            body = body.replace(ours, theirs)
        return body


@asynccontextmanager
async def _open(golden: Golden) -> AsyncIterator[None]:
    """Open the line to the switch, if there is one."""
    if isinstance(golden.link, LinedSwitch):
        async with golden.link.opened(golden.centre):
            yield
    else:
        yield


async def play(
    path: Path,
    way_name: str,
    broker: Mosquitto | None,
    *,
    deaths: bool = False,
    link: type[CutLink] = CutLink,
) -> Played:
    """Play a scenario by one way, with every stream listening.

    With `deaths` each client is killed after every event, and comes back for the next one.
    """
    golden = read_golden(path, link)
    async with opened(golden.centre, broker) as doors:
        streams = doors.streams()
        for stream in streams:
            await stream.open()
            if deaths:
                stream.lose_after = set(range(1_000))
        way = ways_of(doors, streams)[way_name]
        player = LivePlayer(golden, way)
        player.others = [stream for stream in streams if stream is not way.stream]
        try:
            async with _open(golden):
                await player.perform()
            for stream in streams:
                while stream.after < doors.host.log.last:
                    await stream.read_up_to(doors.host.log.last)
        finally:
            await way.close()
            for stream in streams:
                await stream.close()
        return Played(player, streams)
