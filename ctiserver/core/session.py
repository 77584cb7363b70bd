"""One session of one client: whose it is, its monitors, and its connection while it has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from csta.ids import CallId
from csta.instants import SECOND, Instant, Milliseconds
from csta.monitor_services import MonitorFilter
from csta.replies import AsOf
from ctiserver.core.event_facts import EventFacts
from ctiserver.core.event_filters import read_filter
from ctiserver.core.messages import (
    Live,
    SnapshotBegin,
    SnapshotEnd,
    SnapshotItem,
    sequence_text,
    write_message,
)
from ctiserver.core.monitors import Monitor, Span
from ctiserver.core.outgoing import Outgoing
from ctiserver.core.picture import AnyItem, Watched
from ctiserver.core.principals import Principal
from ctiserver.core.wire import Published

LIVE = write_message(Live())

_encoder = msgspec.json.Encoder()


class Committed(Protocol):
    """One event of the log: as the engine made it, and its place."""

    @property
    def event(self) -> Published:
        """The event."""

    @property
    def sequence(self) -> int:
        """Its place."""


C = TypeVar("C", bound=Committed, contravariant=True)


class View(Protocol[C]):
    """What of the log and of the state each principal may see, and how (cti-api §7.8)."""

    def sees(self, principal: Principal, logged: C) -> bool:
        """Tell whether an event may be seen."""

    def sees_object(self, principal: Principal, kind: str, name: str) -> bool:
        """Tell whether an item of a snapshot may be seen: its class, and its id."""

    def envelope(self, principal: Principal, logged: C) -> bytes:
        """Give an event's envelope as this principal may read it."""

    def masked(self, principal: Principal, answer: bytes) -> bytes:
        """Give the JSON of a state as this principal may read it."""


class KeptMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor as it is kept while the server is down; spans are pairs of first and last."""

    cross_ref_id: str
    watched: Watched
    as_of: int
    snapshot: bool
    noticed: int
    filters: tuple[tuple[int, MonitorFilter], ...]
    calls: dict[CallId, tuple[tuple[int, int | None], ...]] = {}


class KeptSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is kept in the journal's database, so that it outlives the server."""

    session_id: str
    owner: str
    tenant: str
    duration_ms: Milliseconds
    monitors: tuple[KeptMonitor, ...]


class Session:
    """One session. It outlives its connections; what is sent while there is none is sent again."""

    def __init__(
        self, session_id: str, owner: str, tenant: str, duration_ms: Milliseconds, now: Instant
    ) -> None:
        """Begin without monitors and without a connection."""
        self.session_id = session_id
        self.owner = owner
        self.tenant = tenant
        self.duration_ms = duration_ms
        self.heard_at = now
        """When the client was heard last."""
        self.principal: Principal | None = None
        """Who it is, with the rights of the last token; None until it is back after a restart."""
        self.outgoing: Outgoing | None = None
        self.monitors: dict[str, Monitor] = {}

    def is_of(self, principal: Principal) -> bool:
        """Tell whether the session is this principal's."""
        return (self.owner, self.tenant) == (principal.name, principal.tenant)

    def matching(self, event: Published, facts: EventFacts) -> list[Monitor]:
        """List the monitors that a past event was for."""
        return [
            monitor
            for monitor in self.monitors.values()
            if monitor.as_of < event.sequence
            and monitor.wants(event)
            and monitor.covers(event, facts)
        ]

    def in_doubt(self, after: int) -> list[Monitor]:
        """List the monitors whose first state may not have reached the client.

        Whoever has seen an event after that state has been sent it before.
        """
        return [each for each in self.monitors.values() if each.snapshot and after <= each.as_of]

    def kept(self) -> KeptSession:
        """Write down what is to outlive the server."""
        return KeptSession(
            session_id=self.session_id,
            owner=self.owner,
            tenant=self.tenant,
            duration_ms=self.duration_ms,
            monitors=tuple(_kept_monitor(each) for each in self.monitors.values()),
        )


def restored(kept: KeptSession, now: Instant) -> Session:
    """Make a session of what was kept; its client has all of `duration_ms` to come back.

    Raises:
        CtiError: a filter names events that this version does not have.
    """
    session = Session(kept.session_id, kept.owner, kept.tenant, kept.duration_ms, now)
    for each in kept.monitors:
        filters = [(after, read_filter(names)) for after, names in each.filters]
        monitor = Monitor(
            each.cross_ref_id, kept.session_id, each.watched, filters[0][1], each.as_of
        )
        monitor.filters = filters
        monitor.snapshot = each.snapshot
        monitor.noticed = each.noticed
        for call_id, spans in each.calls.items():
            monitor.calls[call_id] = [Span(first, last) for first, last in spans]
            monitor.closed += sum(last is not None for _, last in spans)
        session.monitors[each.cross_ref_id] = monitor
    return session


def monitors_json(monitors: Sequence[Monitor]) -> bytes:
    """Write the names of the monitors that an event matches."""
    if len(monitors) == 1:
        return monitors[0].alone
    return b'["%s"]' % '","'.join([each.cross_ref_id for each in monitors]).encode()


def snapshot_frames(
    monitor: Monitor, items: Sequence[bytes], epoch: str, sequence: int
) -> list[bytes]:
    """Write a monitor's snapshot: `snapshotBegin`, the items, `snapshotEnd`."""
    as_of = AsOf(epoch, sequence_text(sequence))
    name = monitor.cross_ref_id
    return [
        write_message(SnapshotBegin(monitor_cross_ref_id=name, as_of=as_of)),
        *[
            write_message(SnapshotItem(monitor_cross_ref_id=name, item=msgspec.Raw(item)))
            for item in items
        ],
        write_message(SnapshotEnd(monitor_cross_ref_id=name, as_of=as_of)),
    ]


def item_json(item: AnyItem) -> bytes:
    """Write an item of a snapshot."""
    return _encoder.encode(item)


def duration_ms(seconds: int) -> Milliseconds:
    """Give the time that a session outlives its connection: what is asked for, within limits."""
    return min(max(seconds, _SECONDS_MIN), _SECONDS_MAX) * SECOND


_SECONDS_MIN = 30
_SECONDS_MAX = 3_600


def _kept_monitor(monitor: Monitor) -> KeptMonitor:
    return KeptMonitor(
        cross_ref_id=monitor.cross_ref_id,
        watched=monitor.watched,
        as_of=monitor.as_of,
        snapshot=monitor.snapshot,
        noticed=monitor.noticed,
        filters=tuple((after, wanted.told()) for after, wanted in monitor.filters),
        calls={
            call_id: tuple((span.first, span.last) for span in spans)
            for call_id, spans in monitor.calls.items()
        },
    )
