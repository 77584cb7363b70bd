"""Clients that hear a scenario, and that are killed after each event of it (S14, G7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ctiserver.live.event_log import Logged
from tests.live.event_streams import PollStream, SseStream, Stream
from tests.live.host import WorldHost
from tests.live.http_centre import served
from tests.live.session_streams import WebSocketStream

_EVENTS_MAX = 1_000


class Audience:
    """Some clients; each goes on after its last event when it has been killed."""

    def __init__(self, host: WorldHost, streams: list[Stream]) -> None:
        """Know what they should hear."""
        self._host = host
        self.streams = streams
        self._news = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._caught_up.set()
        host.log.listeners.append(self._note)
        self._following: asyncio.Task[None]

    def begin_to_die(self) -> None:
        """Let each be killed after every event that it reads from now on."""
        for stream in self.streams:
            stream.lose_after = set(range(len(stream.events), _EVENTS_MAX))

    async def open(self) -> None:
        """Let them come, and read whatever is told."""
        for stream in self.streams:
            await stream.open()
        self._following = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Let them go."""
        self._following.cancel()
        await asyncio.wait([self._following])
        for stream in self.streams:
            await stream.close()

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.gather(*map(self._read, self.streams))
            if not self._news.is_set():
                self._caught_up.set()

    async def catch_up(self) -> None:
        """Wait until they have read the log to its end.

        Raises:
            Exception: one of them has heard what it should not, or nothing for too long.
        """
        while not self._caught_up.is_set():  # looked at again: more may have been told meanwhile
            caught_up = asyncio.create_task(self._caught_up.wait())
            await asyncio.wait([caught_up, self._following], return_when=asyncio.FIRST_COMPLETED)
            caught_up.cancel()
            if self._following.done():
                self._following.result()

    def missed(self) -> list[str]:
        """Name the clients that did not hear each event once, in order, and byte for byte."""
        log = [logged.envelope for logged in self._host.log.recent(0)]
        return [stream.name for stream in self.streams if stream.events != log]

    def _note(self, _batch: Sequence[Logged]) -> None:
        self._caught_up.clear()
        self._news.set()

    async def _read(self, stream: Stream) -> None:
        while stream.after < self._host.log.last:
            await stream.read_up_to(self._host.log.last)


@asynccontextmanager
async def audience(host: WorldHost) -> AsyncIterator[Audience]:
    """Serve a centre, and let clients hear it while the block runs."""
    async with served(host) as server:
        clients = Audience(
            host,
            [
                PollStream(server.client, host.log.epoch),
                SseStream(server.client, host.log.epoch),
                WebSocketStream(server.ws),
            ],
        )
        await clients.open()
        try:
            yield clients
        finally:
            await clients.close()
