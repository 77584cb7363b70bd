"""The engine at work: its clock, its journal, its link, and the order in which things get out.

Nothing that the engine decides leaves before its record is safe on disk: then its events go to the
log's listeners, its replies to those who asked. Commands to the switch, look-ups and questions to
routers wait for the disk too, but not longer than 50 ms: a disk that is stuck must not stop calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import structlog

from csta.errors import CtiError, ErrorCategory, ErrorValue, Outcome
from csta.instants import SECOND, Instant, Milliseconds
from ctiserver.core.driver import Driver
from ctiserver.core.inputs import Configured, EngineInput, Observed, Requested
from ctiserver.core.journal import JournalWriter
from ctiserver.core.outbox import EngineDecision, LookUp, RouteQuestion
from ctiserver.core.outlets import Sorted
from ctiserver.core.switch_link import AnyObservation, LinkDown, LinkUp, SwitchLink
from ctiserver.live.event_log import EventLog, Logged
from ctiserver.live.journal_database import Kept, Record
from ctiserver.live.journal_store import JournalStore
from ctiserver.live.link_audit import LinkAudit
from ctiserver.live.ports import Answered
from ctiserver.live.recovery import Recovered
from ctiserver.live.standing_clock import StandingClock

COMMAND_WAIT_S = 0.05
"""How long a command to the switch waits for its record at most."""

_log = structlog.get_logger(__name__)

Keep = Callable[[Answered], Sequence[Kept]]
"""Gives the rows that are to be safe together with the answer."""


class HostHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the host does."""

    records: int
    """The number of the last record, written or still on its way."""
    behind_ms: Milliseconds
    """How long the oldest record that is not safe yet has waited."""
    store_fault: str | None
    faults: int
    """Faults met in callbacks since the start; the log tells of each."""


class _Turn:
    """What one turn of the driver has come to: its records, and what waits for them to be safe."""

    __slots__ = (
        "answers",
        "callbacks",
        "kept",
        "logged",
        "put_at",
        "records",
        "sent",
        "serial",
        "them",
        "timer",
    )

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.kept: list[Kept] = []
        self.logged: list[Logged] = []
        self.them = Sorted()
        self.answers: list[tuple[str, Answered]] = []
        self.callbacks: list[Callable[[], object]] = []
        self.serial = 0
        self.put_at = 0.0
        self.sent = False
        self.timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self.records or self.kept)


class DurableHost:
    """Runs one engine with its journal; an `EngineHost`."""

    def __init__(
        self,
        recovered: Recovered,
        *,
        clock: StandingClock,
        store: JournalStore,
        link: SwitchLink,
        look_up: Callable[[LookUp], object],
        ask_router: Callable[[RouteQuestion], object] | None = None,
        older: Callable[[int, int], Awaitable[Sequence[Logged]]] | None = None,
    ) -> None:
        """Tie it together on the running loop; nothing happens before `start`.

        `clock` stands at `recovered.at`. `look_up` and `ask_router` answer by `submit`. `older`
        reads events from the store.
        """
        self._loop = asyncio.get_running_loop()
        self.engine = recovered.engine
        header = recovered.header
        self.log = EventLog(header.epoch, header.source, last=recovered.last, older=older)
        self.log.on_fault = partial(self._fault, "listener")
        self.clock = clock
        clock.on_fault = self._step_failed
        self._store = store
        self._link = link
        self._audit = LinkAudit(self.engine, clock, link)
        self._look_up = look_up
        self._ask_router = ask_router
        self._turn = _Turn()
        self._pending: deque[_Turn] = deque()
        self._asked: dict[str, tuple[asyncio.Future[Answered], Keep | None]] = {}
        self._n = -1 if recovered.place is None else recovered.place.n
        self._faults = 0
        self._running = False
        self._was_away = recovered.place is not None
        self._link_up = asyncio.Event()
        self._writer = JournalWriter(self._write, header, recovered.place)
        self._note(recovered.owed)
        self._driver: Driver[EngineInput, EngineDecision] = Driver(
            self.engine, clock, self._perform, self._record, self._settled
        )

    # What others ask of it.

    async def start(self, link_up: LinkUp | None = None, wait_s: float = 0.0) -> None:
        """Write what is owed, go live, and hear what the switch knows.

        Its word is `link_up`, or what the link reports within `wait_s`; without it the link counts
        as down. So it does, for an engine that is brought back, from the journal's last instant
        on: its time has stood still, nothing could be heard, and nobody is to blame for silence.
        """
        self._running = True
        self._store.start(self._tell_committed)
        self._settled()
        if self._was_away and (link_up is not None or wait_s):
            self.submit(Observed(LinkDown()))
        self._link.attach(self._observe)
        self.clock.go()
        self._audit.start()
        self._guarded("start", self._driver.start)
        if link_up is not None:
            self.submit(Observed(link_up))
        elif wait_s:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._link_up.wait(), wait_s)
            if not self._link_up.is_set():
                self.submit(Observed(LinkDown()))

    async def stop(self, within_s: float = 5.0) -> bool:
        """Take nothing in any more, let all that is decided become safe, and close the store.

        Gives False if something has not become safe within the time; the log tells how much.
        """
        self._running = False
        self._audit.stop()
        self._driver.stop()
        safe = await asyncio.to_thread(self._store.stop, within_s)
        self._committed(self._store.health().committed)
        if not safe:
            _log.error("engine.stopped_unsafe", turns=len(self._pending))
        for future, _ in self._asked.values():
            if not future.done():
                future.set_exception(_stopped(Outcome.UNKNOWN))
        return safe

    def submit(self, event: EngineInput) -> None:
        """Hand an input to the engine; after `stop` it is lost, as if the server were gone."""
        if not self._running:
            return
        try:
            self._driver.submit(event)
        except Exception as fault:  # noqa: BLE001 - told, and the engine goes on
            self._step_failed(fault)

    async def ask(
        self,
        request_id: str,
        service: str,
        params: dict[str, Any],
        principal: str,
        session_id: str | None = None,
        *,
        keep: Keep | None = None,
    ) -> Answered:
        """Ask the engine for a service; the answer comes when its step is committed.

        `keep` gives rows that become safe in the same transaction, or not at all.

        Raises:
            CtiError: the server stops.
        """
        event = Requested(request_id, service, params, principal, session_id)
        return await self._ask(request_id, event, keep)

    async def configure(self, event: Configured) -> Answered:
        """Hand a configuration to the engine.

        Raises:
            CtiError: the server stops.
        """
        return await self._ask(event.request_id, event, None)

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call back when all that the engine has decided so far is committed; see `EngineHost`."""
        if self._turn:
            self._turn.callbacks.append(callback)
        elif self._pending:
            self._pending[-1].callbacks.append(callback)
        else:
            callback()

    def keep(self, table: str, key: str, value: bytes | None) -> None:
        """Keep a row over restarts, or let go of it: with the step under way, or right after."""
        self._turn.kept.append(Kept(table, key, value))
        if not self._driver.is_busy:
            self._settled()

    def health(self) -> HostHealth:
        """Tell how the host does."""
        oldest = self._pending[0].put_at if self._pending else self._loop.time()
        return HostHealth(
            records=self._n,
            behind_ms=round((self._loop.time() - oldest) * SECOND),
            store_fault=self._store.health().fault,
            faults=self._faults,
        )

    # What the driver tells of.

    async def _ask(self, request_id: str, event: EngineInput, keep: Keep | None) -> Answered:
        if not self._running:
            raise _stopped(Outcome.NOT_EXECUTED)
        assert request_id not in self._asked, f"request {request_id} is under way already"
        future: asyncio.Future[Answered] = self._loop.create_future()
        self._asked[request_id] = (future, keep)
        try:
            self.submit(event)
            return await future
        finally:
            del self._asked[request_id]

    def _observe(self, observation: AnyObservation) -> None:
        self.submit(Observed(observation))
        if isinstance(observation, LinkUp):
            self._link_up.set()

    def _write(self, line: bytes) -> None:
        self._turn.records.append(Record(self._n_next(), None, line))

    def _n_next(self) -> int:
        self._n += 1
        return self._n

    def _record(self, event: EngineInput | None, now: Instant) -> None:
        self._writer.record(event, now)

    def _note(self, decisions: Sequence[EngineDecision]) -> None:
        """Write the events of a step to the journal, and keep them for the log."""
        turn = self._turn
        first, before = len(turn.records), len(turn.them.events)
        bodies = self._writer.derive(decisions)
        turn.them.add(decisions)
        events = turn.them.events[before:]
        for at, (event, body) in enumerate(zip(events, bodies, strict=True), start=first):
            record = turn.records[at]
            turn.records[at] = Record(record.n, event.sequence, record.line)
            turn.logged.append(Logged(event, body))

    def _perform(self, decisions: Sequence[EngineDecision], _now: Instant) -> None:
        turn = self._turn
        replied = len(turn.them.replies)
        self._note(decisions)
        for reply in turn.them.replies[replied:]:
            answered = Answered(reply.result, reply.error, self.engine.out.sequence)
            turn.answers.append((reply.request_id, answered))
            _, keep = self._asked.get(reply.request_id, (None, None))
            if keep is not None:
                self._guarded("keep", lambda: turn.kept.extend(keep(answered)))  # noqa: B023

    def _settled(self) -> None:
        """The driver has nothing more to do for now: hand over what its steps have come to."""
        turn = self._turn
        if not turn:
            return
        self._turn = _Turn()
        turn.put_at = self._loop.time()
        turn.serial = self._store.put(turn.records, turn.kept)
        self._pending.append(turn)
        them = turn.them
        if them.commands or them.look_ups or them.questions:
            turn.timer = self._loop.call_later(COMMAND_WAIT_S, self._send, turn)

    # What becomes of it.

    def _tell_committed(self, serial: int) -> None:
        self._loop.call_soon_threadsafe(self._committed, serial)

    def _committed(self, serial: int) -> None:
        """The store has made safe what was handed over up to this number."""
        while self._pending and self._pending[0].serial <= serial:
            turn = self._pending[0]
            # Desks first: the screen is there before the phone is asked to ring.
            if turn.logged:
                self._guarded("listener", self.log.append, turn.logged)
            self._send(turn)
            for request_id, answered in turn.answers:
                future, _ = self._asked.get(request_id, (None, None))
                if future is not None and not future.done():
                    future.set_result(answered)
                elif answered.error is not None:
                    _log.warning("engine.refused", request=request_id, error=str(answered.error))
            self._pending.popleft()
            for callback in turn.callbacks:
                self._guarded("after_commit", callback)

    def _send(self, turn: _Turn) -> None:
        """Let out what may not wait for ever: its record is safe, or the time is up."""
        if turn.timer is not None:
            turn.timer.cancel()
            turn.timer = None
        if turn.sent:
            return
        turn.sent = True
        for command in turn.them.commands:
            self._guarded("command", self._link.execute, command)
        for look_up in turn.them.look_ups:
            self._guarded("look_up", self._look_up, look_up)
        if self._ask_router is not None:
            for question in turn.them.questions:
                self._guarded("router", self._ask_router, question)

    def _step_failed(self, fault: Exception) -> None:
        """A step has failed as a whole: deadlines would not be looked at until the next input."""
        self._fault("step", fault)
        if self._running:
            self._loop.call_later(1.0, self._guarded, "start", self._driver.start)

    def _guarded(self, where: str, act: Callable[..., object], *arguments: object) -> None:
        try:
            act(*arguments)
        except Exception as fault:  # noqa: BLE001 - one part's fault is not the engine's
            self._fault(where, fault)

    def _fault(self, where: str, fault: Exception) -> None:
        self._faults += 1
        _log.error("engine.fault", where=where, exc_info=fault)


def _stopped(outcome: Outcome) -> CtiError:
    return CtiError(
        ErrorCategory.SYSTEM_RESOURCE_AVAILABILITY,
        ErrorValue.RESOURCE_OUT_OF_SERVICE,
        "the server stops; ask again when it is back",
        outcome=outcome,
    )
