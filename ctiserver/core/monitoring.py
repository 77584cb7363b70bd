"""The monitors of all sessions: started and stopped, their snapshots, and the events they match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import Mint
from csta.instants import Instant
from csta.monitor_services import ChangeMonitorFilter, GetMonitors, MonitorStart, MonitorStop
from csta.replies import MonitorsResult, MonitorStartResult, Result
from ctiserver.core.engine import Engine
from ctiserver.core.event_facts import facts_of
from ctiserver.core.event_filters import read_filter
from ctiserver.core.monitors import Monitor, MonitorIndex
from ctiserver.core.outgoing import BYTES_MAX
from ctiserver.core.picture import watched
from ctiserver.core.session import (
    LIVE,
    Committed,
    Session,
    View,
    item_json,
    monitors_json,
    snapshot_frames,
)
from ctiserver.core.snapshots import calls_of, check_watched, picture_of

MONITORS_MAX = 1_000
"""How many monitors a session may have at once."""

C = TypeVar("C", bound=Committed)


class LogPlace(Protocol):
    """Where the log of committed events stands."""

    epoch: str
    last: int


class Monitoring(Generic[C]):
    """Knows which session is sent what; it shares the table of sessions."""

    def __init__(
        self, engine: Engine, log: LogPlace, view: View[C], sessions: Mapping[str, Session]
    ) -> None:
        """Start without monitors."""
        self._engine = engine
        self._log = log
        self._view = view
        self._sessions = sessions
        self._mint = Mint()
        self.index = MonitorIndex()

    def serve(self, session: Session, request: object, now: Instant) -> Any:  # noqa: ANN401 - each has its own
        """Carry out a service of the session, and give its result, for `release` after commit.

        Raises:
            CtiError: it is refused.
        """
        match request:
            case MonitorStart():
                return self._start(session, request, now)
            case MonitorStop():
                monitor = self._monitor(session, request.monitor_cross_ref_id)
                del session.monitors[monitor.cross_ref_id]
                self.index.remove(monitor)
            case ChangeMonitorFilter():
                monitor = self._monitor(session, request.monitor_cross_ref_id)
                wanted = read_filter(request.requested_filter_list)
                monitor.change_filter(wanted, self._engine.out.sequence)
            case GetMonitors():
                return MonitorsResult(monitor_cross_ref_ids=tuple(session.monitors))
            case _:
                raise AssertionError(f"{type(request).__name__} is no service of sessions")
        self.index.changed[session.session_id] = None
        return Result()

    def _start(self, session: Session, request: MonitorStart, now: Instant) -> MonitorStartResult:
        of = watched(request.monitor_object, request.monitor_type)
        wanted = read_filter(request.requested_monitor_filter)
        check_watched(self._engine, of)
        if len(session.monitors) >= MONITORS_MAX:
            raise CtiError(
                ErrorCategory.SUBSCRIBED_RESOURCE_AVAILABILITY,
                ErrorValue.OBJECT_MONITOR_LIMIT_EXCEEDED,
                f"this session has {MONITORS_MAX} monitors; stop some",
            )
        outgoing = session.outgoing
        if request.snapshot and outgoing is not None and outgoing.owed_bytes > BYTES_MAX:
            raise CtiError(
                ErrorCategory.PERFORMANCE_MANAGEMENT,
                ErrorValue.PERFORMANCE_LIMIT_EXCEEDED,
                "read the last snapshot first",
            )
        sequence = self._engine.out.sequence
        monitor = Monitor(self._mint.next("m", now), session.session_id, of, wanted, sequence)
        monitor.snapshot = request.snapshot
        session.monitors[monitor.cross_ref_id] = monitor
        self.index.add(monitor)
        self.index.begin(monitor, calls_of(self._engine, of))
        self.index.changed[session.session_id] = None
        if request.snapshot:
            self.hold_snapshots(session, [monitor])
        elif outgoing is not None:
            outgoing.hold(sequence, ())
        return MonitorStartResult(
            monitor_cross_ref_id=monitor.cross_ref_id,
            actual_monitor_filter=wanted.told(),
            monitor_existing_calls=True,
        )

    def hold_snapshots(self, session: Session, monitors: Sequence[Monitor]) -> None:
        """Take the snapshots now; they are sent when all that they tell of is committed."""
        principal, outgoing = session.principal, session.outgoing
        if principal is None or outgoing is None:
            return
        sequence = self._engine.out.sequence
        frames: list[bytes] = []
        for monitor in monitors:
            follows = monitor.follows_now() if monitor.watched.follows else ()
            items = [
                self._view.masked(principal, item_json(item))
                for item in picture_of(self._engine, monitor.watched, follows).items()
                if self._view.sees_object(principal, item.kind, item.id)
            ]
            frames += snapshot_frames(monitor, items, self._log.epoch, sequence)
        outgoing.hold(sequence, [*frames, LIVE])

    def begin_anew(self, session: Session) -> None:
        """Let all monitors of a session begin with the state as it is now, and hold it."""
        sequence = self._engine.out.sequence
        for monitor in session.monitors.values():
            monitor.as_of = sequence
            monitor.filters = [(sequence, monitor.filter)]
            monitor.snapshot = True
            self.index.begin(monitor, calls_of(self._engine, monitor.watched))
        self.index.changed[session.session_id] = None
        self.hold_snapshots(session, list(session.monitors.values()))

    @staticmethod
    def _monitor(session: Session, cross_ref_id: str) -> Monitor:
        monitor = session.monitors.get(cross_ref_id)
        if monitor is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.INVALID_MONITOR_CROSS_REF_ID,
                f"this session has no monitor '{cross_ref_id}'",
            )
        return monitor

    # Events.

    def deliver(self, batch: Sequence[C]) -> None:
        """Send committed events to those whose monitors they match; each session gets each once."""
        view, index = self._view, self.index
        if not index:
            return
        for logged in batch:
            event = logged.event
            found: dict[str, list[Monitor]] = {}
            for monitor in index.take(event, facts_of(event)):
                if monitor.wants(event):
                    found.setdefault(monitor.session_id, []).append(monitor)
            for session_id, monitors in found.items():
                session = self._sessions[session_id]
                outgoing, principal = session.outgoing, session.principal
                if outgoing is None or principal is None or outgoing.closing is not None:
                    continue
                if view.sees(principal, logged):
                    envelope = view.envelope(principal, logged)
                    outgoing.tell(event.sequence, monitors_json(monitors), envelope)

    def follow(self, batch: Sequence[C]) -> None:
        """Take in events of before a restart, so that calls go on belonging to monitors."""
        for logged in batch:
            self.index.take(logged.event, facts_of(logged.event))
