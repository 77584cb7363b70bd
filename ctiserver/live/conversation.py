"""One connection: frames in, frames out, whatever carries them (cti-api §7.2, §7.3).

A transport makes a `Wire` and hands it to `SessionDesk.connect`; it gives each frame that comes to
`receive`, and calls `lost` when the peer is gone. Everything else is done here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec
import structlog

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.problems import problem_of
from csta.replies import AsOf
from ctiserver.core.messages import (
    FRAME_BYTES_MAX,
    ClientMessage,
    ClientResponse,
    Goodbye,
    Hello,
    Ping,
    Pong,
    Reauth,
    RequestMessage,
    ResponseMessage,
    read_message,
    sequence_text,
    write_message,
)
from ctiserver.core.outgoing import Closing, Outgoing
from ctiserver.core.principals import Principal
from ctiserver.core.session import Session

if TYPE_CHECKING:
    from ctiserver.live.session_desk import SessionDesk

HELLO_S = 10.0
"""How long a client may take to say hello."""
CLOSE_S = 5.0
"""How long a client may take to read what is left when its connection ends."""
REQUESTS_MAX = 100
"""How many requests of one connection may be under way at once."""

_SERVED_IN_TURN = frozenset({"ChangeMonitorFilter", "GetMonitors", "MonitorStart", "MonitorStop"})
_CLOSING_OF_ERROR = {
    ErrorValue.UNAUTHENTICATED: Closing.UNAUTHENTICATED,
    ErrorValue.FORBIDDEN: Closing.FORBIDDEN,
    ErrorValue.RATE_LIMITED: Closing.QUOTA,
    ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED: Closing.QUOTA,
}
_log = structlog.get_logger(__name__)


class Wire(Protocol):
    """What a transport gives of a connection."""

    address: str
    """Where the peer is: who tries tokens too often is refused by it."""

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send frames, in their order; come back when there is room for more.

        Raises:
            OSError: the peer is gone; so says any other exception.
        """

    async def close(self, code: int, reason: str) -> None:
        """Close the connection; `goodbye` has been sent if the peer has read that far."""


class Quick(Protocol):
    """What can be written to without waiting, as long as it has room."""

    def has_room(self) -> bool:
        """Tell whether frames can be written now."""

    def write_now(self, frames: Sequence[bytes]) -> None:
        """Write frames; there is room."""


@runtime_checkable
class QuickWire(Wire, Protocol):
    """A connection that may have a short cut for frames."""

    quick: Quick | None


class Conversation:
    """What is said on one connection."""

    def __init__(self, desk: SessionDesk, wire: Wire, principal: Principal | None) -> None:
        """Wait for hello; `principal` is who the transport knows that it is, if it does."""
        self.wire = wire
        self.session: Session | None = None
        """The session that the connection is attached to."""
        self._desk = desk
        self._principal = principal
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._limit: asyncio.TimerHandle | None = None
        self.outgoing = Outgoing(self._wake)
        self._quick = wire.quick if isinstance(wire, QuickWire) else None
        self._sending = False
        """Whether the writer has frames in hand: nothing may overtake them."""
        self._waiting: deque[ClientMessage] = deque()
        self._greeted = self._welcomed = False
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        """Requests under way; they go on if the peer is lost: its client may come back."""
        self._greetings: set[asyncio.Task[None]] = set()
        self._requests = 0
        self._patience = self._loop.call_later(HELLO_S, self._nobody_said_hello)
        self.writer = self._loop.create_task(self._write())

    def receive(self, frame: bytes | str) -> None:
        """Take in a frame; it never waits."""
        if self.outgoing.closing is not None:
            return
        if len(frame) > FRAME_BYTES_MAX:
            self.refuse(f"a frame has at most {FRAME_BYTES_MAX} bytes")
            return
        try:
            message = read_message(frame)
        except msgspec.DecodeError as error:
            self.refuse(f"not a message: {error}")
            return
        if self.session is not None and self._welcomed:
            self._take(self.session, message)
        elif self._greeted:
            self._wait_with(message)
        elif isinstance(message, Hello):
            self._greeted = True
            self._patience.cancel()
            self._do(self._greet(message), greets=True)
        else:
            self.refuse("the first frame is hello")

    def lost(self) -> None:
        """Note that the peer is gone; its session waits for it."""
        self.writer.cancel()
        self._leave()

    def refuse(self, reason: str, code: Closing = Closing.PROTOCOL_ERROR) -> None:
        """Say goodbye to a client that does not keep to the rules."""
        self.outgoing.close(code, reason[:120])

    # Hello.

    async def _greet(self, hello: Hello) -> None:
        try:
            principal = self._authenticate(hello.token)
            async with self._turn:
                session = self.session = await self._desk.begin(principal, hello, self)
                if self.outgoing.holds:
                    await self._desk.committed()
                    self.outgoing.release()
        except CtiError as error:
            code = _CLOSING_OF_ERROR.get(error.value, Closing.PROTOCOL_ERROR)
            self.refuse(error.detail, code)
            return
        self._welcomed = True
        while self._waiting:
            self._take(session, self._waiting.popleft())

    def _authenticate(self, token: str | None) -> Principal:
        if token is not None:
            return self._desk.authenticator.authenticate(token, self.wire.address)
        if self._principal is not None:
            return self._principal
        raise CtiError(ErrorCategory.CTI, ErrorValue.UNAUTHENTICATED, "hello needs a token")

    def _nobody_said_hello(self) -> None:
        self.refuse(f"no hello within {HELLO_S:g} s")

    def _wait_with(self, message: ClientMessage) -> None:
        if len(self._waiting) >= REQUESTS_MAX:
            self.refuse("wait for welcome")
        else:
            self._waiting.append(message)

    # Afterwards.

    def _take(self, session: Session, message: ClientMessage) -> None:
        if session.outgoing is not self.outgoing:
            return
        desk = self._desk
        desk.heard(session)
        match message:
            case RequestMessage():
                self._request(session, message)
            case Ping():
                last = desk.last
                self.outgoing.say(write_message(Pong(sequence=sequence_text(last))), last)
            case ClientResponse():
                desk.on_answer(session.owner, session.session_id, message)
            case Reauth():
                self._reauthenticate(session, message)
            case Goodbye():
                if message.code == Closing.NORMAL:
                    desk.end(session, "goodbye")
                self.outgoing.close(Closing.NORMAL, "goodbye")
            case Hello():
                self.refuse("hello is said once")

    def _reauthenticate(self, session: Session, message: Reauth) -> None:
        try:
            principal = self._desk.authenticator.authenticate(message.token, self.wire.address)
            self._desk.reauthenticate(session, principal)
        except CtiError as error:
            self.refuse(error.detail, _CLOSING_OF_ERROR.get(error.value, Closing.UNAUTHENTICATED))

    def _request(self, session: Session, request: RequestMessage) -> None:
        if self._requests >= REQUESTS_MAX:
            self._too_many(request)
            return
        self._requests += 1
        in_turn = request.service in _SERVED_IN_TURN
        self._do((self._serve_in_turn if in_turn else self._serve)(session, request))

    async def _serve(self, session: Session, request: RequestMessage) -> None:
        try:
            if session.principal is not None:
                response = await self._desk.commands.carry_out(
                    session.principal, request, session.session_id
                )
                self.outgoing.say(response, self._desk.last)
        finally:
            self._requests -= 1

    async def _serve_in_turn(self, session: Session, request: RequestMessage) -> None:
        """Serve the session's own services one after the other.

        What such a service holds back of the stream is let out behind its response.
        """
        try:
            async with self._turn:
                if session.outgoing is not self.outgoing or session.principal is None:
                    return
                response: tuple[bytes, ...] = ()
                try:
                    response = (
                        await self._desk.commands.carry_out(
                            session.principal, request, session.session_id
                        ),
                    )
                finally:
                    self.outgoing.release(*response)
        finally:
            self._requests -= 1

    def _too_many(self, request: RequestMessage) -> None:
        error = CtiError(
            ErrorCategory.SUBSCRIBED_RESOURCE_AVAILABILITY,
            ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED,
            f"{REQUESTS_MAX} requests of this connection are under way",
        )
        desk = self._desk
        response = ResponseMessage(
            id=request.id,
            service=request.service,
            ok=False,
            error=problem_of(error, request.id, None),
            as_of=AsOf(desk.epoch, sequence_text(desk.last)),
        )
        self.outgoing.say(write_message(response), desk.last)

    # The writing side.

    def _wake(self) -> None:
        """Have written what there is; a peer that does not read is not waited for at the end."""
        if self.outgoing.closing is None and self._quick is not None and not self._sending:
            self._desk.flush_soon(self)
            return
        self._ready.set()
        if self.outgoing.closing is not None and self._limit is None:
            self._limit = self._loop.call_later(CLOSE_S, self.writer.cancel)

    def flush(self) -> None:
        """Write what there is as long as there is room; the rest is the writer's.

        A thousand connections cost a thousand turns of the loop less than by their writers.
        """
        outgoing, quick = self.outgoing, self._quick
        assert quick is not None, "others are not flushed"
        if outgoing.closing is None and not self._sending and quick.has_room():
            frames = outgoing.take()
            if frames:
                quick.write_now(frames)
        if outgoing:
            self._ready.set()

    async def _write(self) -> None:
        """Send what there is, in batches, until the connection is to be closed."""
        outgoing, wire = self.outgoing, self.wire
        try:
            while outgoing.closing is None or outgoing:
                await self._ready.wait()
                self._ready.clear()
                while frames := outgoing.take():
                    self._sending = True
                    await wire.send(frames)
                    self._sending = False
        except Exception as error:  # noqa: BLE001 - each transport has its own ways to say it
            _log.info("connection.lost", peer=wire.address, why=repr(error))
        finally:
            self._leave()
            closing = outgoing.closing
            code, reason = (closing.code, closing.reason) if closing else (Closing.NORMAL, "")
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await wire.close(code, reason)

    def _leave(self) -> None:
        """Let go of the session and of what is under way; the session waits for its client."""
        self._patience.cancel()
        if self._limit is not None:
            self._limit.cancel()
        for task in self._greetings:
            task.cancel()
        self._desk.left(self)

    def _do(self, work: Coroutine[Any, Any, None], *, greets: bool = False) -> None:
        task = self._loop.create_task(work)
        tasks = self._greetings if greets else self._tasks
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            _log.error("conversation.fault", peer=self.wire.address, exc_info=fault)
            self.refuse("the server has failed on this", Closing.SERVER_RESTART)
