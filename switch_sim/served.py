"""A simulated switch in a process of its own, served on a socket to one controller at a time.

While the controller is away, calls live on: music plays, callers lose patience by themselves, and
new calls are taken up to the number of trunks and hear ringback. Beside the controller anybody who
may reach the socket can let people act (`switch_sim.acts`): tests and demonstrations do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import msgspec

from csta.ids import category_of
from csta.instants import SECOND
from ctiserver.core.link_lines import (
    HEARTBEAT_MS,
    LINE_BYTES_MAX,
    Controls,
    Heartbeat,
    ToSwitch,
    line_of,
)
from ctiserver.core.switch_link import AnyObservation, LegSeen, LinkUp, Play
from switch_sim.acts import AnyAct
from switch_sim.paced import Pacer
from switch_sim.sounds import RINGBACK
from switch_sim.switch import SimulatedPbx

_ALONE = "alone"
"""The id of the ringback that the switch plays by itself while nobody controls it."""
_UNIX = "unix:"


class ServedPbx:
    """Serves one switch."""

    def __init__(
        self, pbx: SimulatedPbx, pacer: Pacer, boot: str, *, only_people: bool = False
    ) -> None:
        """Speak for this switch, whose time the pacer keeps; `boot` names this run of it.

        With `only_people` nobody controls the switch here: another dialect observes and drives it.
        """
        self.listeners: list[Callable[[AnyObservation], object]] = []
        """Told each observation, whether somebody controls the switch or not."""
        self._pbx = pbx
        self._pacer = pacer
        self._boot = boot
        self._controller: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._heart: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._commands = msgspec.json.Decoder(ToSwitch)
        self._acts: msgspec.json.Decoder[AnyAct] = msgspec.json.Decoder(AnyAct)
        self._only_people = only_people
        if not only_people:
            pbx.attach(self._observe)

    @property
    def is_controlled(self) -> bool:
        """Tell whether somebody controls the switch now."""
        return self._controller is not None

    async def start(self, listen: str) -> str:
        """Listen at `host:port` (port 0: any) or `unix:path`; gives the address with its port.

        Raises:
            OSError: the address is in use, or none of this machine's.
            ValueError: it is no address.
        """
        if listen.startswith(_UNIX):
            path = listen.removeprefix(_UNIX)
            self._server = await asyncio.start_unix_server(self._accept, path, limit=LINE_BYTES_MAX)
            address = listen
        else:
            host, port = host_and_port(listen)
            self._server = await asyncio.start_server(
                self._accept, host, port, limit=LINE_BYTES_MAX
            )
            bound = self._server.sockets[0].getsockname()[1]
            address = f"{host}:{bound}"
        self._heart = asyncio.get_running_loop().create_task(self._beat())
        return address

    async def stop(self) -> None:
        """Close all connections; the switch itself goes on."""
        if self._server is not None:
            self._server.close()
        tasks = [*self._connections, *([self._heart] if self._heart else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports see that they are closed

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends; its first line tells what it is for."""
        try:
            first = await reader.readline()
            with suppress(msgspec.DecodeError):
                controls = isinstance(self._commands.decode(first), Controls)
                if controls and not self._only_people:
                    self._take_control(writer)
            while first and self._controller is not writer:
                writer.write(self._perform(first))
                await writer.drain()
                first = await reader.readline()
            while self._controller is writer and (line := await reader.readline()):
                # Another one may have taken over while this one waited for the line.
                if self._controller is writer:
                    self._carry_out(line)
        except (OSError, ValueError, msgspec.DecodeError):
            pass  # what came is no line of ours, or the other side is gone: the connection ends
        finally:
            if self._controller is writer:
                self._let_go()
            writer.close()

    # The controller.

    def _take_control(self, writer: asyncio.StreamWriter) -> None:
        former, self._controller = self._controller, writer
        if former is not None:
            former.transport.abort()
        self._tell_all()

    def _tell_all(self) -> None:
        pbx = self._pbx
        self._pacer.act(lambda: None)  # what is due happens before the legs are told
        self._send(LinkUp(pbx.snapshot(), lost=pbx.lost_phones(), boot=self._boot))

    def _let_go(self) -> None:
        """Nobody controls the switch: who has called and hears nothing, hears that it rings."""
        self._controller = None
        self._pacer.act(self._ring_all)

    def _ring_all(self) -> None:
        for leg in self._pbx.snapshot():
            comes_in = category_of(leg["device"]) == "trunk" and not leg["outgoing"]
            if comes_in and leg["state"] != "up" and not leg["playing"]:
                self._pbx.execute(Play(leg["leg"], play_id=_ALONE, uri=RINGBACK))

    def _carry_out(self, line: bytes) -> None:
        command = self._commands.decode(line)
        if isinstance(command, Controls):
            self._tell_all()
        else:
            self._pacer.act(partial(self._pbx.execute, command))

    def _observe(self, observation: AnyObservation) -> None:
        for listener in self.listeners:
            listener(observation)
        if self._controller is not None:
            self._send(observation)
        elif isinstance(observation, LegSeen) and category_of(observation.device) == "trunk":
            self._pbx.execute(Play(observation.leg, play_id=_ALONE, uri=RINGBACK))

    def _send(self, message: AnyObservation | Heartbeat) -> None:
        """Send without waiting; a controller that does not read is cut, and comes back."""
        writer = self._controller
        if writer is None or writer.is_closing():
            return
        writer.write(line_of(message))
        if writer.transport.get_write_buffer_size() > LINE_BYTES_MAX:
            writer.transport.abort()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_MS / SECOND)
            self._send(Heartbeat())

    # People.

    def _perform(self, line: bytes) -> bytes:
        """Let somebody act, and give the answer."""
        answer: dict[str, object]
        try:
            act = self._acts.decode(line)
            answer = {"result": self._pacer.act(lambda: act.at(self._pbx))}
        except (ValueError, KeyError) as error:  # msgspec's errors are ValueErrors
            answer = {"error": str(error)}
        return msgspec.json.encode(answer) + b"\n"


def host_and_port(address: str) -> tuple[str, int]:
    """Read `127.0.0.1:5700`.

    Raises:
        ValueError: it is not written so.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise ValueError(f"'{address}' is no address: write 127.0.0.1:5700, or unix:/run/pbx.sock")
    return host.strip("[]"), int(port)
