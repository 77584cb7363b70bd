"""All sessions: hello and resume, monitors, delivery of events, signs of life, ends (cti-api §7.3).

Pure: committed events come in by `monitoring.deliver`, frames go out by each connection's
`Outgoing`. What the shell is to keep, or to tell of, it takes by `take_changed` and from `ended`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import Mint
from csta.instants import SECOND, Agenda, Instant
from ctiserver.core.engine import Engine
from ctiserver.core.messages import (
    HEARTBEAT_SECONDS,
    Hello,
    Ping,
    ReauthRequired,
    ReplayWindow,
    Resync,
    Welcome,
    sequence_text,
    write_message,
)
from ctiserver.core.monitoring import LogPlace, Monitoring
from ctiserver.core.outgoing import Closing, Outgoing
from ctiserver.core.principals import Principal
from ctiserver.core.resuming import CatchUp, Reason
from ctiserver.core.session import (
    LIVE,
    Committed,
    KeptSession,
    Session,
    View,
    duration_ms,
    restored,
)
from ctiserver.core.wire import rfc3339

WINDOW_EVENTS = 100_000
WINDOW_SECONDS = 900
SESSIONS_MAX = 100
"""How many sessions one principal may have at once."""
REAUTH_SECONDS = 60
MISSED_PINGS_MAX = 2
KEPT_LATE_EVENTS = 2_000
"""After so many events at most it is kept which calls belong to a session's monitors."""

_HEARTBEAT_MS = HEARTBEAT_SECONDS * SECOND

C = TypeVar("C", bound=Committed)


class Ended(msgspec.Struct, frozen=True):
    """A session is over: `goodbye` when its client has ended it, else `expired` or so."""

    session_id: str
    owner: str
    reason: str


class Sessions(Generic[C]):
    """The sessions of one engine's clients."""

    def __init__(self, engine: Engine, log: LogPlace, view: View[C]) -> None:
        """Start without sessions; `log` is read only."""
        self._log = log
        self._view = view
        self._sessions: dict[str, Session] = {}
        self._of_principal: dict[tuple[str, str], int] = {}
        self.monitoring = Monitoring(engine, log, view, self._sessions)
        """The monitors of the sessions: their services, and the delivery of events."""
        self._deadlines: Agenda[tuple[str, str]] = Agenda()
        self._mint = Mint()
        self._lost: dict[str, None] = {}
        self.ended: list[Ended] = []
        """Sessions that are over, for the shell to take."""
        self._wakings: dict[str, Callable[[Session, Instant], None]] = {
            "expire": self._expire,
            "ping": self._ping,
            "token": self._token_ends,
        }

    def __len__(self) -> int:
        """Count the sessions, connected or not."""
        return len(self._sessions)

    def find(self, session_id: str) -> Session | None:
        """Find a session."""
        return self._sessions.get(session_id)

    # A client comes.

    def open(self, principal: Principal, hello: Hello, outgoing: Outgoing, now: Instant) -> Session:
        """Begin a session, and welcome its client.

        Raises:
            CtiError: the principal has too many sessions.
        """
        key = (principal.name, principal.tenant)
        if self._of_principal.get(key, 0) >= SESSIONS_MAX:
            raise CtiError(
                ErrorCategory.SUBSCRIBED_RESOURCE_AVAILABILITY,
                ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED,
                f"{principal.name} has {SESSIONS_MAX} sessions; end some, or resume one of them",
            )
        session = Session(self._mint.next("s", now), *key, duration_ms(hello.session_duration), now)
        self._enter(session)
        self._attach(session, principal, hello, outgoing, now)
        outgoing.say(self._welcome(session, now))
        return session

    def resume(
        self, principal: Principal, hello: Hello, outgoing: Outgoing, now: Instant
    ) -> CatchUp[C] | Session:
        """Go on with a session: give what is to be caught up with, then `caught_up`.

        Where that is not possible the client is told why (`resync`) and welcomed anew; the
        snapshots of its monitors, if it has any, wait for `release`.

        Raises:
            CtiError: the session is another principal's, or `after` is no sequence.
        """
        point = hello.resume
        assert point is not None, "a hello without a place cannot be resumed"
        session = self._sessions.get(point.session_id)
        if session is None:
            reason: Reason = "filterLost" if point.session_id in self._lost else "sessionExpired"
            if point.epoch != self._log.epoch:
                reason = "epochChanged"
            outgoing.say(write_message(Resync(reason=reason)))
            session = self.open(principal, hello, outgoing, now)
            outgoing.say(LIVE)
            return session
        if not session.is_of(principal):
            raise CtiError(
                ErrorCategory.CTI, ErrorValue.FORBIDDEN, "this session is somebody else's"
            )
        if not (point.after.isascii() and point.after.isdigit()):
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_PARAMETER_VALUE,
                "resume.after is a sequence: 16 digits",
            )
        if session.outgoing is not None:
            session.outgoing.close(
                Closing.REPLACED_BY_SAME_SESSION, "the session goes on elsewhere"
            )
            session.outgoing = None
        session.heard_at = now
        after = int(point.after)
        if point.epoch != self._log.epoch or after > self._log.last:
            return self.resync(session, principal, hello, outgoing, now, "epochChanged")
        if self._log.last - after > WINDOW_EVENTS:
            return self.resync(session, principal, hello, outgoing, now, "tooOld")
        return CatchUp(session, principal, hello, outgoing, self._view, after)

    def caught_up(self, catch_up: CatchUp[C], now: Instant) -> Session:
        """Send what was missed, when all of the log has been read, and go on live.

        First states that may not have arrived are sent again after it, by `release`.
        """
        session, outgoing = catch_up.session, catch_up.outgoing
        assert catch_up.cursor == self._log.last, "there is more to catch up with"
        self._attach(session, catch_up.principal, catch_up.hello, outgoing, now)
        catch_up.send()
        again = session.in_doubt(catch_up.after)
        if again:
            self.monitoring.hold_snapshots(session, again)
        else:
            outgoing.say(LIVE)
        return session

    def resync(
        self,
        session: Session,
        principal: Principal,
        hello: Hello,
        outgoing: Outgoing,
        now: Instant,
        reason: Reason,
    ) -> Session:
        """Begin anew with a session whose monitors are known: whole snapshots follow."""
        self._attach(session, principal, hello, outgoing, now)
        outgoing.say(write_message(Resync(reason=reason)))
        outgoing.say(self._welcome(session, now))
        if session.monitors:
            self.monitoring.begin_anew(session)
        else:
            outgoing.say(LIVE)
        return session

    # Signs of life, and ends.

    def heard(self, session: Session, now: Instant) -> None:
        """Note that the client has sent something."""
        session.heard_at = now

    def reauthenticate(self, session: Session, principal: Principal, now: Instant) -> None:
        """Take over the rights of a fresh token.

        Raises:
            CtiError: it is somebody else's.
        """
        if not session.is_of(principal):
            raise CtiError(ErrorCategory.CTI, ErrorValue.FORBIDDEN, "the token is somebody else's")
        session.principal = principal
        self._watch_token(session, now)

    def detach(self, session: Session, outgoing: Outgoing, now: Instant) -> None:
        """Note that a connection is lost; the session waits for its client."""
        if session.outgoing is outgoing:
            session.outgoing = None
            session.heard_at = now
            for kind in ("ping", "token"):
                self._deadlines.cancel((kind, session.session_id))

    def end(self, session: Session, reason: str) -> None:
        """End a session, and its monitors with it."""
        session_id = session.session_id
        if self._sessions.pop(session_id, None) is None:
            return
        key = (session.owner, session.tenant)
        self._of_principal[key] -= 1
        if not self._of_principal[key]:
            del self._of_principal[key]
        for monitor in session.monitors.values():
            self.monitoring.index.remove(monitor)
        for kind in self._wakings:
            self._deadlines.cancel((kind, session_id))
        if session.outgoing is not None:
            session.outgoing.close(Closing.NORMAL, f"the session has ended: {reason}")
            session.outgoing = None
        self.monitoring.index.changed[session_id] = None
        self.ended.append(Ended(session_id, session.owner, reason))

    def wake_at(self) -> Instant | None:
        """Give the instant that matters next: a sign of life, an expiry, a token's end."""
        return self._deadlines.next_at()

    def wake(self, now: Instant) -> None:
        """Act on every deadline that has come."""
        for kind, session_id in self._deadlines.due(now):
            session = self._sessions.get(session_id)
            if session is not None:
                self._wakings[kind](session, now)

    def _expire(self, session: Session, now: Instant) -> None:
        ends_at = session.heard_at + session.duration_ms
        if ends_at <= now:
            self.end(session, "expired")
        else:
            self._deadlines.set(("expire", session.session_id), ends_at)

    def _ping(self, session: Session, now: Instant) -> None:
        outgoing = session.outgoing
        if outgoing is None:
            return
        if now - session.heard_at > (MISSED_PINGS_MAX + 1) * _HEARTBEAT_MS:
            outgoing.close(Closing.NORMAL, "no sign of life", at_once=True)
            return
        last = self._log.last
        outgoing.say(write_message(Ping(sequence=sequence_text(last))), last)
        self._deadlines.set(("ping", session.session_id), now + _HEARTBEAT_MS)

    def _token_ends(self, session: Session, now: Instant) -> None:
        principal, outgoing = session.principal, session.outgoing
        if principal is None or outgoing is None or principal.expires_at is None:
            return
        if principal.expires_at <= now:
            outgoing.close(Closing.UNAUTHENTICATED, "the token has expired")
            return
        left = -(-(principal.expires_at - now) // SECOND)
        outgoing.say(write_message(ReauthRequired(in_seconds=left)))
        self._deadlines.set(("token", session.session_id), principal.expires_at)

    # What outlives the server.

    def take_changed(self) -> dict[str, KeptSession | None]:
        """Hand out the sessions that are to be kept anew; None: no more.

        Which calls belong to a monitor is kept late: it can be read again from the log.
        """
        index = self.monitoring.index
        late = self._log.last - KEPT_LATE_EVENTS
        if not index.changed and (not index.moved or next(iter(index.moved.values())) > late):
            return {}
        changed, index.changed = index.changed, {}
        for session_id, since in index.moved.items():  # the oldest first
            if since > late:
                break
            changed[session_id] = None
        for session_id in changed:
            index.moved.pop(session_id, None)
        found = {session_id: self._sessions.get(session_id) for session_id in changed}
        return {each: session.kept() if session else None for each, session in found.items()}

    def restore(self, kept: KeptSession, now: Instant) -> None:
        """Take in a session that outlived the server; its client may come back from now on."""
        try:
            session = restored(kept, now)
        except CtiError:
            self.lose(kept.session_id)
            return
        self._enter(session)
        for monitor in session.monitors.values():
            self.monitoring.index.add(monitor)

    def lose(self, session_id: str) -> None:
        """Note a session that was kept and cannot be read: its client is told `filterLost`."""
        self._lost[session_id] = None

    # Inside.

    def _enter(self, session: Session) -> None:
        self._sessions[session.session_id] = session
        key = (session.owner, session.tenant)
        self._of_principal[key] = self._of_principal.get(key, 0) + 1
        self.monitoring.index.changed[session.session_id] = None
        self._deadlines.set(("expire", session.session_id), session.heard_at + session.duration_ms)

    def _attach(
        self,
        session: Session,
        principal: Principal,
        hello: Hello,
        outgoing: Outgoing,
        now: Instant,
    ) -> None:
        session.principal, session.outgoing, session.heard_at = principal, outgoing, now
        if hello.max_queue is not None:
            outgoing.events_max = min(outgoing.events_max, max(1, hello.max_queue))
        self._deadlines.set(("ping", session.session_id), now + _HEARTBEAT_MS)
        self._watch_token(session, now)

    def _watch_token(self, session: Session, now: Instant) -> None:
        key = ("token", session.session_id)
        principal = session.principal
        if principal is None or principal.expires_at is None:
            self._deadlines.cancel(key)
        else:
            self._deadlines.set(key, max(now, principal.expires_at - REAUTH_SECONDS * SECOND))

    def _welcome(self, session: Session, now: Instant) -> bytes:
        log = self._log
        first = max(1, log.last + 1 - WINDOW_EVENTS)
        return write_message(
            Welcome(
                session_id=session.session_id,
                epoch=log.epoch,
                sequence=sequence_text(log.last),
                server_time=rfc3339(now),
                session_duration=session.duration_ms // SECOND,
                replay_window=ReplayWindow(
                    from_sequence=sequence_text(first),
                    seconds=WINDOW_SECONDS,
                    events=WINDOW_EVENTS,
                ),
            )
        )
