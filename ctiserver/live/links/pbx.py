"""The link to a simulated switch in a process of its own (`offhook pbx`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from csta.instants import SECOND
from ctiserver.core.link_lines import SILENCE_MS_MAX, Controls, FromSwitch, Heartbeat, line_of
from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkDown, LinkUp
from ctiserver.live.links.back_off import BackOff

_CONNECT_S_MAX: Final = 5.0
_READ_BYTES: Final = 256 * 1024
_UNIX: Final = "unix:"

_log = structlog.get_logger("offhook.link")


class PbxLink:
    """A `SwitchLink` that connects by itself, and again when the connection is lost.

    The first observation is `LinkDown`, for nothing has been heard yet; each connection begins
    with a `LinkUp`. A loss is told at once, and so is a silence of three seconds. Commands that
    come while the link is down are dropped: after the next `LinkUp` the engine gives them again.
    """

    def __init__(self, address: str, link_id: str) -> None:
        """Know where the switch is: `host:port` or `unix:path`; nothing happens before `attach`."""
        self.link_id = link_id
        self._address = address
        self._observe: Callable[[AnyObservation], None]
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._decoder: msgspec.json.Decoder[FromSwitch] = msgspec.json.Decoder(FromSwitch)
        self._back_off = BackOff()

    @property
    def is_up(self) -> bool:
        """Tell whether the switch is heard."""
        return self._writer is not None

    @property
    def fault(self) -> str | None:
        """Say why the switch is not heard; None: it is."""
        return None if self.is_up else "the switch is away"

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Begin to connect, on the running loop, and tell observations to this function."""
        self._observe = observe
        observe(LinkDown())
        self._task = asyncio.get_running_loop().create_task(self._keep_connected())

    def execute(self, command: AnyCommand) -> None:
        """Send a command, or drop it while the link is down."""
        writer = self._writer
        if writer is not None and not writer.is_closing():
            writer.write(line_of(command))

    def audit(self) -> None:
        """Ask for all legs again: a `LinkUp` brings them."""
        writer = self._writer
        if writer is not None and not writer.is_closing():
            writer.write(line_of(Controls()))

    async def stop(self) -> None:
        """Let go of the switch, without a word to the engine."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_connected(self) -> None:
        while True:
            why = "the switch has closed the connection"
            try:
                await self._talk()
            except TimeoutError:
                why = f"nothing was heard for {SILENCE_MS_MAX // SECOND} s"
            except (OSError, msgspec.DecodeError) as error:
                why = str(error)
            wait_s = self._back_off.next_s()
            _log.warning("link lost", link=self.link_id, why=why, again_in_s=round(wait_s, 2))
            await asyncio.sleep(wait_s)

    async def _talk(self) -> None:
        """Connect, and listen until the connection is lost."""
        async with asyncio.timeout(_CONNECT_S_MAX):
            reader, writer = await self._connect()
        try:
            writer.write(line_of(Controls()))
            await self._listen(reader, writer)
        finally:
            if self._writer is writer:
                self._writer = None
                self._observe(LinkDown())
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith(_UNIX):
            return await asyncio.open_unix_connection(self._address.removeprefix(_UNIX))
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take in lines, many at once where they come so, until there are no more."""
        rest = b""
        while True:
            async with asyncio.timeout(SILENCE_MS_MAX / SECOND):
                received = await reader.read(_READ_BYTES)
            if not received:
                return
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                self._hear(line, writer)

    def _hear(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        heard = self._decoder.decode(line)
        if isinstance(heard, Heartbeat):
            return
        if isinstance(heard, LinkUp):
            if self._writer is None:
                _log.info("link up", link=self.link_id, legs=len(heard.legs))
            # From here on commands are sent: those that answer this word are the first.
            self._writer = writer
            self._back_off.succeeded()
        self._observe(heard)
