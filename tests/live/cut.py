"""A way to a server that a test can cut, whatever transport goes over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias
from urllib.parse import urlsplit

Passes: TypeAlias = Callable[[bytes], bool]


class Cut:
    """A way to the server that can be cut: real sockets, whose bytes go through here."""

    def __init__(self, url: str) -> None:
        """Lead to a server."""
        parts = urlsplit(url)
        self._to = (parts.hostname or "", parts.port or 0)
        self._path = parts
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.up: Passes = lambda _chunk: True
        """Told of what the client sends; False: it is lost, and the connection with it."""
        self.url = ""
        self.closed = False
        self.flows = asyncio.Event()
        """Cleared: bytes get no further, and nobody is told, as when a cable is pulled out."""
        self.flows.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Cut]:
        """Lead there while the block runs."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = self._path._replace(netloc=f"127.0.0.1:{port}").geturl()
        try:
            yield self
        finally:
            self.cut()
            server.close()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Lose every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        if self.closed or not self.flows.is_set():
            await self.flows.wait()
            writer.transport.abort()
            return
        with suppress(OSError):
            there, onward = await asyncio.open_connection(*self._to)
            self._writers.add(onward)
            down = asyncio.create_task(self._pump(there, writer, lambda _chunk: True))
            await self._pump(reader, onward, lambda chunk: self.up(chunk))  # noqa: PLW0108 - `up` changes
            await down
        writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Passes
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                await self.flows.wait()
                if not passes(chunk):
                    break
                writer.write(chunk)
                await writer.drain()
        await self.flows.wait()
        writer.transport.abort()
