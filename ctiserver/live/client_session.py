"""A client's session: one connection after the other, resumed without a gap (cti-api §7.3)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol, TypeAlias

import msgspec
import structlog

from csta.instants import SECOND
from ctiserver.core.messages import (
    HEARTBEAT_SECONDS,
    SESSION_SECONDS,
    ClientInfo,
    Goodbye,
    Hello,
    Live,
    Message,
    Ping,
    Pong,
    Reauth,
    ReauthRequired,
    Resumed,
    ResumePoint,
    Welcome,
    sequence_text,
    write_message,
)
from ctiserver.core.outgoing import Closing
from ctiserver.live.client_errors import ClientError, NotAdmittedError, NotConnectedError
from ctiserver.live.client_messages import Answer, EventFrame, Resyncing, ServerMessage, read_frame
from ctiserver.live.client_wires import OPEN_S, ClientWire, WireLostError

Token: TypeAlias = str | Callable[[], Awaitable[str]] | None
"""A token, or a function that fetches a fresh one each time that one is needed."""

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 30.0
_MISSED_MAX = 3
_FINAL = (
    Closing.FORBIDDEN,
    Closing.REPLACED_BY_SAME_SESSION,
    Closing.PROTOCOL_ERROR,
)
"""Coming back after these would not help; nor after `unauthenticated`, without a fresh token."""
_log = structlog.get_logger(__name__)


class Hears(Protocol):
    """Who hears what a session brings: the client."""

    def heard(self, frame: ServerMessage) -> None:
        """Take in a frame, at once."""

    def lost(self) -> None:
        """Know that the connection is lost; another one will come."""

    async def connected(self, *, anew: bool) -> None:
        """Go on; `anew`: the session is a new one, which knows nothing of the last."""

    async def room(self) -> None:
        """Wait until there is room for more."""

    def over(self, error: ClientError) -> None:
        """Know that there will be no connection any more."""


class Session:
    """The session of one client, from `begin` to `end`."""

    def __init__(
        self,
        open_wire: Callable[[], Awaitable[ClientWire]],
        token: Token,
        name: str,
        hears: Hears,
        duration_s: int = SESSION_SECONDS,
    ) -> None:
        """Know how to connect; nothing happens before `begin`."""
        self._open_wire = open_wire
        self._token = token
        self._name = name
        self._hears = hears
        self._duration_s = duration_s
        self._wire: ClientWire | None = None
        self._runs: asyncio.Task[None] | None = None
        self._says: set[asyncio.Task[None]] = set()
        self._n = 0
        self._to = 0
        self._heartbeat_s: float = HEARTBEAT_SECONDS
        self._heard_at = 0.0
        self._pauses = False
        self.session_id = ""
        self.epoch = ""
        self.after = 0
        """The last event that has come, or that there was none for us up to."""
        self.resumed_after = 0
        """Where the present connection went on from."""
        self.arrival = 0
        """The number of the frame at hand, over all connections."""
        self.connections = 0

    async def begin(self) -> None:
        """Connect, and stay connected until `end`.

        Raises:
            NotConnectedError: there is no server.
            NotAdmittedError: it does not want us.
        """
        wire = await self._connect()
        self._runs = asyncio.get_running_loop().create_task(self._run(wire))

    async def end(self) -> None:
        """Say goodbye: the session is over, with all its monitors and registrations."""
        with suppress(WireLostError):
            if self._wire is not None:
                await self._wire.send(write_message(Goodbye()))
        tasks = [*([self._runs] if self._runs is not None else []), *self._says]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, frame: bytes) -> bool:
        """Send a frame; False when there is no connection, so that it cannot have arrived."""
        wire = self._wire
        if wire is None:
            return False
        with suppress(WireLostError):  # some of it may have arrived: who reads will learn of it
            await wire.send(frame)
        return True

    # One connection after the other.

    async def _run(self, wire: ClientWire) -> None:
        try:
            while True:
                lost = await self._talk(wire)
                _log.info("client.lost", code=lost.code, why=str(lost))
                wire = await self._reconnect(lost)
        except ClientError as error:
            self._hears.over(error)
        except Exception as fault:  # noqa: BLE001 - the last resort: logged, and told to the program
            _log.exception("client.fault")
            self._hears.over(ClientError(f"the client has failed: {fault!r}"))

    async def _reconnect(self, lost: WireLostError) -> ClientWire:
        """Come back, with patience.

        Raises:
            NotAdmittedError: the server does not want us any more.
        """
        fresh = callable(self._token)
        wait_s, floor_s = FIRST_WAIT_S, self._floor_s(lost, fresh=fresh)
        while True:
            # Clients that were lost together do not come back together.
            spread = random.uniform(0.5, 1.0) * wait_s  # noqa: S311 - no secret depends on it
            await asyncio.sleep(floor_s + spread)
            wait_s, floor_s = min(2 * wait_s, LONGEST_WAIT_S), 0.0
            try:
                return await self._connect()
            except NotConnectedError as fault:
                _log.info("client.not_connected", why=str(fault))
            except NotAdmittedError as refused:
                if refused.code != Closing.QUOTA:
                    raise

    @staticmethod
    def _floor_s(lost: WireLostError, *, fresh: bool) -> float:
        """Tell how long to stay away at least.

        Raises:
            NotAdmittedError: for ever.
        """
        code = lost.code
        if code in _FINAL or (code == Closing.UNAUTHENTICATED and not fresh):
            raise NotAdmittedError(code or 0, lost.reason)
        return (lost.retry_after_ms or 0) / SECOND

    async def _connect(self) -> ClientWire:
        """Open a connection, say hello and wait for the first word.

        Raises:
            NotConnectedError: there is no server.
            NotAdmittedError: it does not want us.
        """
        token = await self._fetched()
        wire = await self._open_wire()
        try:
            async with asyncio.timeout(OPEN_S):
                await wire.send(write_message(self._hello(token)))
                await self._welcomed(wire)
        except WireLostError as lost:
            await wire.close()
            if lost.code in _FINAL or lost.code in (Closing.UNAUTHENTICATED, Closing.QUOTA):
                raise NotAdmittedError(lost.code or 0, lost.reason) from lost
            raise NotConnectedError(str(lost)) from lost
        except TimeoutError as late:
            await wire.close()
            raise NotConnectedError("the server does not answer hello") from late
        except BaseException:
            await wire.close()
            raise
        return wire

    async def _fetched(self) -> str | None:
        if not callable(self._token):
            return self._token
        try:
            return await self._token()
        except Exception as fault:
            raise NotConnectedError(f"there is no token: {fault!r}") from fault

    def _hello(self, token: str | None) -> Hello:
        resume = None
        if self.session_id:
            resume = ResumePoint(
                session_id=self.session_id, epoch=self.epoch, after=sequence_text(self.after)
            )
        self._n = 0
        self.resumed_after = self.after
        return Hello(
            token=token,
            client=ClientInfo(self._name),
            resume=resume,
            session_duration=self._duration_s,
        )

    async def _welcomed(self, wire: ClientWire) -> None:
        """Read up to `welcome` or `resumed`; the session is set when it comes back."""
        while True:
            frame = _read(await wire.receive())
            if isinstance(frame, Goodbye):
                raise _farewell(frame)
            if isinstance(frame, Resumed):
                self._to = int(frame.to_sequence)
                anew = False
            elif isinstance(frame, Welcome):
                anew = self._enter(frame)
            else:
                if isinstance(frame, Resyncing):
                    self._hears.heard(frame)
                continue
            self.connections += 1
            self._wire = wire
            self._heard_at = asyncio.get_running_loop().time()
            if isinstance(frame, Welcome):
                self._hears.heard(frame)
            self._say(self._hears.connected(anew=anew))
            return

    def _enter(self, welcome: Welcome) -> bool:
        """Begin, or begin anew; tells whether the session is another one."""
        anew = bool(self.session_id) and welcome.session_id != self.session_id
        self.session_id, self.epoch = welcome.session_id, welcome.epoch
        self.after = int(welcome.sequence)
        self._heartbeat_s = max(0.05, float(welcome.heartbeat_seconds))
        return anew

    # One connection.

    async def _talk(self, wire: ClientWire) -> WireLostError:
        """Read until the connection is lost; gives how."""
        beats = asyncio.get_running_loop().create_task(self._beat(wire))
        try:
            while True:
                self._pauses = True
                await self._hears.room()
                self._pauses = False
                self._heard_at = asyncio.get_running_loop().time()
                frame = _read(await wire.receive())
                if frame is not None:
                    await self._take(frame, wire)
        except WireLostError as lost:
            return lost
        finally:
            self._wire = None
            beats.cancel()
            self._hears.lost()
            await wire.close()

    async def _take(self, frame: ServerMessage, wire: ClientWire) -> None:
        self.arrival += 1
        match frame:
            case Goodbye():
                raise _farewell(frame)
            case Ping():
                self._seen(frame.sequence)
                await wire.send(write_message(Pong(sequence=sequence_text(self.after))))
            case Pong():
                self._seen(frame.sequence)
            case ReauthRequired():
                self._say(self._reauthenticate(wire))
            case EventFrame():
                self._n += 1
                if frame.n != self._n:
                    raise WireLostError(None, f"event {frame.n} came where {self._n} was due")
                self._hears.heard(frame)
            case _:
                self._hears.heard(frame)
                if isinstance(frame, Answer) and frame.as_of.epoch == self.epoch:
                    self._seen(frame.as_of.sequence)
                elif isinstance(frame, Live):
                    self._to, to = 0, self._to
                    self.after = max(self.after, to)

    def _seen(self, sequence: str | None) -> None:
        """Go on from here if the connection is lost: all events up to here have come (§7.3.5)."""
        if sequence is not None:
            self.after = max(self.after, int(sequence))

    async def _beat(self, wire: ClientWire) -> None:
        """Give signs of life, and miss those of the server: a dead connection says nothing."""
        loop = asyncio.get_running_loop()
        with suppress(WireLostError):
            while self._pauses or loop.time() - self._heard_at < _MISSED_MAX * self._heartbeat_s:
                await asyncio.sleep(self._heartbeat_s)
                await wire.send(write_message(Ping(sequence=sequence_text(self.after))))
            await wire.close()

    async def _reauthenticate(self, wire: ClientWire) -> None:
        if not callable(self._token):
            return
        try:
            token = await self._token()
        except Exception:  # noqa: BLE001 - whatever it raises: the old token lasts a little longer
            _log.exception("client.no_fresh_token")
            return
        await self._tell(wire, Reauth(token=token))

    @staticmethod
    async def _tell(wire: ClientWire, message: Message) -> None:
        with suppress(WireLostError):
            await wire.send(write_message(message))

    def _say(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the reading."""
        task = asyncio.get_running_loop().create_task(work)
        self._says.add(task)
        task.add_done_callback(self._says.discard)


def _read(frame: bytes | str) -> ServerMessage | None:
    """Read a frame; one that cannot be read ends the connection."""
    try:
        return read_frame(frame)
    except msgspec.DecodeError as error:
        raise WireLostError(None, f"a frame cannot be read: {error}") from error


def _farewell(goodbye: Goodbye) -> WireLostError:
    return WireLostError(goodbye.code, goodbye.reason, goodbye.retry_after_ms)
