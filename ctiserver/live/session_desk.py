"""The desk of sessions: ties connections, sessions, the log and the commands together (§7.3).

desk = SessionDesk(host, commands, authenticator, gate, now=now, keep=host.keep)
await desk.start(kept)
conversation = desk.connect(wire)      # a transport has a new connection
conversation.receive(frame)            # … a frame has come
conversation.lost()                    # … the peer is gone
await desk.stop()
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import msgspec
import structlog

from csta.instants import SECOND, Instant
from csta.service_request import ServiceRequest
from ctiserver.core.inputs import SessionEnded
from ctiserver.core.messages import ClientResponse, Hello, ServerRequest, write_message
from ctiserver.core.outgoing import Closing
from ctiserver.core.principals import Principal
from ctiserver.core.resuming import CatchUp
from ctiserver.core.session import KeptSession, Session, View
from ctiserver.core.sessions import Sessions
from ctiserver.live.conversation import CLOSE_S, Conversation, Wire
from ctiserver.live.event_log import Logged, TooOldError
from ctiserver.live.gate import Authenticator
from ctiserver.live.ports import Answered, Commands, EngineHost

TABLE = "sessions"
"""Where sessions are kept in the journal's database."""

_PAGE = 1_000
_TAIL = 5_000
"""So many events before a restart are looked at again: rows are kept after their events, some of
them `KEPT_LATE_EVENTS` later."""
_log = structlog.get_logger(__name__)


class SessionDesk:
    """All connections and sessions of one server; it serves the services of sessions (`serve`)."""

    def __init__(
        self,
        host: EngineHost,
        commands: Commands,
        authenticator: Authenticator,
        view: View[Logged],
        *,
        now: Callable[[], Instant],
        keep: Callable[[str, str, bytes | None], object] = lambda _table, _key, _value: None,
    ) -> None:
        """Know the parts; `now` is the wall clock, `keep(table, key, row)` the database's."""
        self.commands = commands
        self.authenticator = authenticator
        self._host = host
        self._now = now
        self._keep = keep
        self._sessions: Sessions[Logged] = Sessions(host.engine, host.log, view)
        self._conversations: dict[Conversation, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: Instant = 0
        self._ready: list[Conversation] = []
        self._stopping = False
        self.on_answer: Callable[[str, str, ClientResponse], object] = _nobody_asked
        """Told of a client's answer to a `serverRequest`: whose it is, the session, the answer."""
        host.log.listeners.append(self._hear)

    async def start(self, kept: Iterable[tuple[str, bytes]] = ()) -> None:
        """Take in the sessions that outlived the last server: rows of `TABLE`, by key."""
        for session_id, row in kept:
            try:
                self._sessions.restore(msgspec.json.decode(row, type=KeptSession), self._now())
            except msgspec.DecodeError:
                _log.warning("session.unreadable", session=session_id)
                self._sessions.lose(session_id)
                self._keep(TABLE, session_id, None)
        if len(self._sessions):
            after = max(0, self._host.log.last - _TAIL)
            async for page in self._pages(after):
                self._sessions.monitoring.follow(page)
        self._settle()

    async def stop(self) -> None:
        """Say goodbye to everybody: they may come back to the next server."""
        self._stopping = True
        self._host.log.listeners.remove(self._hear)
        if self._timer is not None:
            self._timer.cancel()
        talking = list(self._conversations)
        for conversation in talking:
            conversation.outgoing.close(Closing.SERVER_RESTART, "the server stops")
        if talking:
            await asyncio.wait([each.writer for each in talking], timeout=CLOSE_S + 1)

    # What transports and the other parts use.

    def connect(self, wire: Wire, principal: Principal | None = None) -> Conversation:
        """Take in a new connection; `principal` is who the transport knows that it is."""
        conversation = Conversation(self, wire, principal)
        self._conversations[conversation] = None
        if self._stopping:
            conversation.outgoing.close(Closing.SERVER_RESTART, "the server stops")
        return conversation

    def ask_session(self, session_id: str, request: ServerRequest) -> bool:
        """Ask the client of a session something; False when it has no connection now."""
        session = self._sessions.find(session_id)
        if session is None or session.outgoing is None:
            return False
        session.outgoing.say(write_message(request), self.last)
        return True

    async def serve(
        self, session_id: str, _principal: Principal, request: ServiceRequest
    ) -> Answered:
        """Carry out a service of a session; the answer comes when it is committed.

        Raises:
            CtiError: it is refused.
        """
        session = self._sessions.find(session_id)
        assert session is not None, f"session {session_id} is asked for and has ended"
        result = self._sessions.monitoring.serve(session, request, self._now())
        sequence = self._host.engine.out.sequence
        self._settle()
        await self.committed()
        return Answered(result, None, sequence)

    def terminate(self, session_id: str) -> bool:
        """End a session by an administrator's will; False when there is no such session."""
        session = self._sessions.find(session_id)
        if session is None:
            return False
        self.end(session, "administrator")
        return True

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._conversations)

    @property
    def sessions(self) -> int:
        """How many sessions there are, connected or not."""
        return len(self._sessions)

    # What conversations use.

    @property
    def epoch(self) -> str:
        """The epoch of the log."""
        return self._host.log.epoch

    @property
    def last(self) -> int:
        """The last committed event."""
        return self._host.log.last

    async def begin(
        self, principal: Principal, hello: Hello, conversation: Conversation
    ) -> Session:
        """Begin a session, or go on with one; what it holds back is to be released after commit.

        Raises:
            CtiError: the client cannot come in.
        """
        sessions, outgoing = self._sessions, conversation.outgoing
        try:
            if hello.resume is None:
                return sessions.open(principal, hello, outgoing, self._now())
            found = sessions.resume(principal, hello, outgoing, self._now())
            return found if isinstance(found, Session) else await self._catch_up(found)
        finally:
            self._settle()

    async def committed(self) -> None:
        """Wait until all that the engine has decided so far is committed."""
        done = asyncio.Event()
        self._host.after_commit(done.set)
        await done.wait()

    def flush_soon(self, conversation: Conversation) -> None:
        """Let a connection write without waiting, together with all others that can."""
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._flush)
        self._ready.append(conversation)

    def heard(self, session: Session) -> None:
        """Note a sign of life."""
        self._sessions.heard(session, self._now())

    def reauthenticate(self, session: Session, principal: Principal) -> None:
        """Take over the rights of a fresh token.

        Raises:
            CtiError: it is somebody else's.
        """
        self._sessions.reauthenticate(session, principal, self._now())
        self._settle()

    def end(self, session: Session, reason: str) -> None:
        """End a session."""
        self._sessions.end(session, reason)
        self._settle()

    def left(self, conversation: Conversation) -> None:
        """Note that a connection is no more; its session waits for its client."""
        if conversation not in self._conversations:
            return
        del self._conversations[conversation]
        if conversation.session is not None:
            self._sessions.detach(conversation.session, conversation.outgoing, self._now())
            self._settle()

    # Inside.

    async def _catch_up(self, catch_up: CatchUp[Logged]) -> Session:
        """Read what was missed up to the end of the log, and go live in the same instant."""
        try:
            async for page in self._pages(catch_up.after):
                catch_up.take(page)
                await asyncio.sleep(0)
        except TooOldError:
            return self._sessions.resync(
                catch_up.session,
                catch_up.principal,
                catch_up.hello,
                catch_up.outgoing,
                self._now(),
                "tooOld",
            )
        return self._sessions.caught_up(catch_up, self._now())

    async def _pages(self, after: int) -> AsyncIterator[Sequence[Logged]]:
        log = self._host.log
        while after < log.last:
            page = await log.read(after, _PAGE)
            if not page:
                raise TooOldError
            yield page
            after = page[-1].sequence

    def _hear(self, batch: Sequence[Logged]) -> None:
        self._sessions.monitoring.deliver(batch)
        self._settle()

    def _flush(self) -> None:
        ready, self._ready = self._ready, []
        for conversation in ready:
            conversation.flush()

    def _wake(self) -> None:
        self._timer = None
        self._sessions.wake(self._now())
        self._settle()

    def _settle(self) -> None:
        """Keep what has changed, tell of what has ended, and arm the timer."""
        for session_id, kept in self._sessions.take_changed().items():
            row = msgspec.json.encode(kept) if kept is not None else None
            self._keep(TABLE, session_id, row)
        ended, self._sessions.ended = self._sessions.ended, []
        for each in ended:
            self._host.submit(SessionEnded(each.session_id, each.owner, each.reason))
        due = self._sessions.wake_at()
        if self._timer is not None:
            if due is not None and self._timer_at <= due:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None and not self._stopping:
            self._timer_at = due
            after_s = max(0, due - self._now()) / SECOND
            self._timer = asyncio.get_running_loop().call_later(after_s, self._wake)


def _nobody_asked(_principal: str, session_id: str, answer: ClientResponse) -> None:
    _log.warning("answer.unasked", session=session_id, service=answer.service)
