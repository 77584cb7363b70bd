"""A stand for tests of sessions: an engine's log, and clients that come and go as they like."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from csta.ids import ulid
from csta.instants import MINUTE, SECOND
from csta.monitor_services import MonitorStart
from ctiserver.core.engine import Engine
from ctiserver.core.event_facts import facts_of
from ctiserver.core.event_filters import read_filter
from ctiserver.core.messages import Hello, ResumePoint, sequence_text
from ctiserver.core.monitors import Monitor, MonitorIndex
from ctiserver.core.outgoing import Outgoing
from ctiserver.core.picture import Watched
from ctiserver.core.principals import SCOPES_OF, Principal, Role
from ctiserver.core.resuming import CatchUp
from ctiserver.core.session import KeptSession, Session
from ctiserver.core.sessions import Sessions
from ctiserver.core.wire import Published, encode
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import Centre

EPOCH = ulid(1_700_000_000_000, 1)
ANNA = Principal(name="agent:anna", role=Role.AGENT, scopes=SCOPES_OF[Role.AGENT])
BEA = Principal(name="agent:bea", role=Role.AGENT, scopes=SCOPES_OF[Role.AGENT])


class Entry(msgspec.Struct, frozen=True):
    """One committed event."""

    event: Published
    envelope: bytes

    @property
    def sequence(self) -> int:
        """Its place."""
        return self.event.sequence


class StandLog:
    """The committed events; those before `first_kept` are gone."""

    def __init__(self) -> None:
        """Begin empty."""
        self.epoch = EPOCH
        self.entries: list[Entry] = []
        self.first_kept = 1

    @property
    def last(self) -> int:
        """The last sequence."""
        return len(self.entries)

    @last.setter
    def last(self, value: int) -> None:
        raise AssertionError(f"nobody sets the end of the log to {value}")

    def commit(self, events: Sequence[Published]) -> list[Entry]:
        """Take in events."""
        batch = [Entry(event, encode(event, self.epoch, "/cti/test")) for event in events]
        self.entries += batch
        assert [each.sequence for each in self.entries[-3:]] == list(
            range(self.last - len(self.entries[-3:]) + 1, self.last + 1)
        )
        return batch


class OpenView:
    """Everybody sees everything, but for the classes of events that are hidden."""

    def __init__(self) -> None:
        """Hide nothing."""
        self.hidden: set[str] = set()

    def sees(self, _principal: Principal, logged: Entry) -> bool:
        """Tell whether it is not hidden."""
        return type(logged.event.data).__name__ not in self.hidden

    def sees_object(self, _principal: Principal, kind: str, _name: str) -> bool:
        """Tell whether the class is not hidden."""
        return kind not in self.hidden

    def envelope(self, _principal: Principal, logged: Entry) -> bytes:
        """Give the envelope as it is."""
        return logged.envelope

    def masked(self, _principal: Principal, answer: bytes) -> bytes:
        """Mask nothing."""
        return answer


class Stand:
    """Sessions over an engine, with a commit that comes when the test wants."""

    def __init__(self, engine: Engine) -> None:
        """Begin without clients."""
        self.engine = engine
        self.log = StandLog()
        self.view = OpenView()
        self.sessions: Sessions[Entry] = Sessions(engine, self.log, self.view)
        self.uncommitted: list[Published] = []
        self.kept: dict[str, bytes] = {}
        """The rows of the database."""
        self.now = 1_700_000_000_000

    def happen(self, events: Sequence[Published]) -> None:
        """Let the engine decide events; they are not committed yet."""
        self.uncommitted += events

    def commit(self, count: int | None = None) -> None:
        """Commit some of what is decided, or all of it."""
        batch, self.uncommitted = (
            self.uncommitted[:count],
            self.uncommitted[count:] if count else [],
        )
        if batch:
            self.sessions.monitoring.deliver(self.log.commit(batch))

    def restart(self) -> None:
        """Let the server be killed, and come back with what was kept of its sessions."""
        self.keep()
        self.sessions = Sessions(self.engine, self.log, self.view)
        for row in self.kept.values():
            self.sessions.restore(msgspec.json.decode(row, type=KeptSession), self.now)
        self.sessions.monitoring.follow(self.log.entries)

    def keep(self) -> None:
        """Write to the database what has changed."""
        for session_id, row in self.sessions.take_changed().items():
            if row is None:
                self.kept.pop(session_id, None)
            else:
                self.kept[session_id] = msgspec.json.encode(row)

    def client(self, principal: Principal = ANNA, **hello: Any) -> Client:
        """Let a client come for the first time."""
        client = Client(self, principal)
        client.come(**hello)
        return client


class Client:
    """A program that keeps what it was sent, and checks each frame against the rules."""

    def __init__(self, stand: Stand, principal: Principal) -> None:
        """Know nothing."""
        self.stand = stand
        self.principal = principal
        self.session_id = ""
        self.epoch = ""
        self.after = 0
        self.frames: list[dict[str, Any]] = []
        """The frames of the present connection."""
        self.events: dict[int, list[str]] = {}
        """The monitors that each event was for, by its sequence."""
        self.repeated: list[int] = []
        self.resyncs: list[str] = []
        self.snapshots: list[tuple[str, int]] = []
        self.n = 0
        self.outgoing = Outgoing(lambda: None)

    @property
    def session(self) -> Session:
        """Its session."""
        session = self.stand.sessions.find(self.session_id)
        assert session is not None
        return session

    def come(self, **hello: Any) -> None:
        """Say hello for the first time."""
        self._connect()
        self.stand.sessions.open(self.principal, Hello(**hello), self.outgoing, self.stand.now)
        self.read()

    def come_back(self, *, pages: int = 3, meanwhile: Sequence[int] = (), **hello: Any) -> None:
        """Resume; while it catches up, so many more events are committed after each page."""
        self._connect()
        point = ResumePoint(
            session_id=self.session_id, epoch=self.epoch, after=sequence_text(self.after)
        )
        sessions, log = self.stand.sessions, self.stand.log
        found = sessions.resume(
            self.principal, Hello(resume=point, **hello), self.outgoing, self.stand.now
        )
        if isinstance(found, CatchUp):
            commits = list(meanwhile)
            while found.cursor < log.last:
                found.take(log.entries[found.cursor : found.cursor + pages])
                if commits:
                    self.stand.commit(commits.pop(0))
            sessions.caught_up(found, self.stand.now)
        if self.outgoing.holds:
            self.stand.commit()
            self.outgoing.release()

    def go(self, *, reads: int | None = None) -> None:
        """Lose the connection, having read so many more frames, or all."""
        self.read(reads)
        session = self.stand.sessions.find(self.session_id)
        if session is not None:
            self.stand.sessions.detach(session, self.outgoing, self.stand.now)
        self.outgoing = Outgoing(lambda: None)

    def start(self, *, commits: Sequence[int] = (), **params: Any) -> str:
        """Start a monitor; meanwhile so many events are committed, piece by piece."""
        request = msgspec.convert(params, MonitorStart)
        result = self.stand.sessions.monitoring.serve(self.session, request, self.stand.now)
        for count in commits:
            self.stand.commit(count)
        self.stand.commit()
        self.outgoing.release(b'{"kind":"response","result":{}}')
        cross_ref_id: str = result.monitor_cross_ref_id
        return cross_ref_id

    def read(self, count: int | None = None) -> None:
        """Read what was sent: all of it, or so many frames."""
        frames = self.outgoing.take(1 << 40)
        for frame in frames[:count]:
            self._take(msgspec.json.decode(frame))

    def _connect(self) -> None:
        self.outgoing = Outgoing(lambda: None)
        self.frames = []
        self.n = 0

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        match frame["kind"]:
            case "welcome":
                self.session_id, self.epoch = frame["sessionID"], frame["epoch"]
                self._reach(int(frame["sequence"]))
            case "resync":
                self.resyncs.append(frame["reason"])
                self.after = 0
            case "snapshotEnd":
                sequence = int(frame["asOf"]["sequence"])
                self.snapshots.append((frame["monitorCrossRefID"], sequence))
                self._reach(sequence)
            case "event":
                self.n += 1
                assert frame["n"] == self.n, "G2: n is contiguous"
                sequence = int(frame["event"]["sequence"])
                assert sequence > self.after or sequence not in self.events, "twice, or too late"
                self.after = max(self.after, sequence)
                if sequence in self.events:
                    self.repeated.append(sequence)
                self.events[sequence] = frame["monitorCrossRefIDs"]

    def _reach(self, sequence: int) -> None:
        self.after = max(self.after, sequence)

    def kinds(self) -> list[str]:
        """Name the frames of this connection, in order."""
        return [frame["kind"] for frame in self.frames]


@cache
def a_morning() -> tuple[Published, ...]:
    """Give the log of some calls, with transfers, and of the agents who take them."""
    centre = Centre()
    centre.phone("station:1001", PhoneAct.ANSWERS, 1_000)
    centre.phone("station:1002", PhoneAct.ANSWERS, 2_000)
    centre.log_on("anna", "bea")
    for number in range(6):
        centre.call(f"+4930{number}", talk_ms=4_000, patience_ms=60_000)
        centre.wait(3 * SECOND)
    centre.wait(MINUTE)
    return tuple(centre.log)


def a_stand(begun: int = 0) -> Stand:
    """Give a stand whose engine has nothing to tell of; so many events of the morning are over."""
    stand = Stand(Centre().engine)
    stand.happen(a_morning()[:begun])
    stand.engine.out._sequence = begun  # noqa: SLF001 - as if it had told them
    stand.commit()
    return stand


def decide(stand: Stand, events: Sequence[Published]) -> None:
    """Let the engine have decided further events."""
    stand.happen(events)
    stand.engine.out._sequence += len(events)  # noqa: SLF001 - as above


def expected(of: Watched, after: int, names: dict[str, bool] | None = None) -> list[int]:
    """Give the sequences that a monitor is to be sent, found by going through the whole log."""
    index = MonitorIndex()
    monitor = Monitor("m", "s", of, read_filter(names), after)
    index.add(monitor)
    return [
        event.sequence
        for event in a_morning()
        if monitor in index.take(event, facts_of(event)) and monitor.wants(event)
    ]
