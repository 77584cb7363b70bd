"""Carrying out requests: the one way from every transport to the engine (cti-api §7.6, C1 to C7).

Until a request is handed to the engine nothing is waited for, so that requests reach it in the
order in which they came; the engine takes one step at a time, so that those on one call are
carried out one after the other (C5) and of two who race for a call one wins (C7).

The engine knows a request by an id of its own (`wire.request_id_of`), because two clients may use
the same id at the same time, and because events that come of it later name who asked (C2), and the
trace that it belongs to; in envelopes the client's id stands alone (`wire.encode`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec
import structlog

from csta.call_services import ConsultationCall, MakeCall, MakePredictiveCall
from csta.errors import CtiError, ErrorCategory, ErrorValue, Outcome
from csta.instants import SECOND, Instant, Milliseconds
from csta.monitor_services import MONITOR_SERVICES, ReplayEvents
from csta.problems import problem_of
from csta.replies import AsOf, SnapshotResult
from csta.service_request import ServiceRequest
from csta.system_events import ApplicationSessionTerminated
from ctiserver.core.event_filters import read_filter
from ctiserver.core.messages import RequestMessage, sequence_text
from ctiserver.core.principals import Principal
from ctiserver.core.wire import request_id_of
from ctiserver.live.completion import Completions, awaited
from ctiserver.live.event_log import Logged
from ctiserver.live.event_reader import EventReader
from ctiserver.live.gate import Gate
from ctiserver.live.idempotency import Answer, KeptAnswers, Ticket, hash_of
from ctiserver.live.journal_database import Kept
from ctiserver.live.ports import Answered, EngineHost
from ctiserver.live.request_reading import (
    check_message,
    completion_wait_ms,
    deadline_of,
    read_request,
    trace_of,
)

LINK_MS: Milliseconds = 5 * SECOND
DIAL_MS: Milliseconds = 10 * SECOND
"""How long an answer may take before its outcome counts as unknown (C4)."""

_DIALLING = (ConsultationCall, MakeCall, MakePredictiveCall)
_QUERIES = ("Explain", "Get", "Query", "Replay", "Request", "Snapshot")
_log = structlog.get_logger(__name__)


class SessionServices(Protocol):
    """Serves MonitorStart, MonitorStop, ChangeMonitorFilter and GetMonitors."""

    async def serve(
        self, session_id: str, principal: Principal, request: ServiceRequest
    ) -> Answered:
        """Carry out a service for a session; the answer says where in the log it stands."""


class _Asked(msgspec.Struct, frozen=True):
    """A request that has been read."""

    principal: Principal
    message: RequestMessage
    request: ServiceRequest
    params: dict[str, Any]
    session_id: str | None


class CommandDesk:
    """Carries out requests on one engine (the port `Commands`)."""

    def __init__(
        self,
        host: EngineHost,
        gate: Gate,
        *,
        now: Callable[[], Instant],
        reader: EventReader | None = None,
        answers: KeptAnswers | None = None,
    ) -> None:
        """Serve one engine; `now` is the wall clock, for deadlines and for how long keys last."""
        self._host = host
        self._gate = gate
        self._now = now
        self._answers = answers or KeptAnswers()
        self._reader = reader or EventReader(host.log, gate)
        self._completions = Completions(host.log)
        host.log.listeners.append(self._hear)
        self._mark = f"{host.log.last:x}"
        self._count = 0
        self._steps: set[asyncio.Task[Answered]] = set()
        self.sessions: SessionServices | None = None
        """Who serves the services of sessions; the desk of sessions puts itself here."""
        self.observe: Callable[[str, float, bool], object] = _nobody_counts
        """Told of each request: its service, how many seconds it took, whether it was granted."""

    async def carry_out(
        self, principal: Principal, request: RequestMessage, session_id: str | None
    ) -> bytes:
        """Carry out a request and give the JSON of its `response` message, refusals too."""
        answer = await self.answer(principal, request, session_id)
        return answer.frame(request.id, request.service)

    async def answer(
        self, principal: Principal, request: RequestMessage, session_id: str | None
    ) -> Answer:
        """Carry out a request and give what it came to; a fault of ours is an answer too."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await self._answer(principal, request, session_id)
        except CtiError as error:
            self._gate.refused(principal, request.service, request.params, error)
            answer = self._refusal(error, request.id)
        except Exception:  # noqa: BLE001 - the last resort: logged, and told as our fault
            _log.exception("request failed", service=request.service, principal=principal.name)
            answer = self._refusal(_our_fault(), request.id)
        self.observe(request.service, loop.time() - began, answer.ok)
        return answer

    async def _answer(
        self, principal: Principal, message: RequestMessage, session_id: str | None
    ) -> Answer:
        check_message(message)
        self._gate.admit(principal, message.service)
        request, params = read_request(message)
        asked = _Asked(principal, message, request, params, session_id)
        ticket = self._ticket_of(asked)
        if ticket is not None and (known := ticket.known(self._now())) is not None:
            return known
        try:
            self._admit(asked)
        except CtiError:
            if ticket is not None:
                ticket.give_up()
            raise
        if isinstance(request, MONITOR_SERVICES):
            return await self._serve_session(asked)
        if isinstance(request, ReplayEvents):
            return await self._replay(principal, request)
        return await self._execute(asked, ticket)

    def _hear(self, batch: Sequence[Logged]) -> None:
        for logged in batch:
            if isinstance(logged.event.data, ApplicationSessionTerminated):
                self._answers.forget_session(logged.event.data.session_id)

    def _ticket_of(self, asked: _Asked) -> Ticket | None:
        """Tell under which key the answer is to be kept, if it is."""
        message = asked.message
        if message.service.startswith(_QUERIES) or isinstance(asked.request, MONITOR_SERVICES):
            return None
        digest = hash_of(message.service, asked.params)
        if message.idempotency_key is not None:
            return self._answers.of_principal(asked.principal, message.idempotency_key, digest)
        if asked.session_id is not None:
            return self._answers.of_session(asked.session_id, message.id, digest)
        return None

    def _admit(self, asked: _Asked) -> None:
        """Look at the last things that can be said without the engine.

        Raises:
            CtiError: it is too late (C6), or not allowed.
        """
        deadline = deadline_of(asked.message)
        if deadline is not None and self._now() > deadline:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.LINK_TIMEOUT,
                f"the deadline {asked.message.deadline} has passed",
            )
        self._gate.check(asked.principal, asked.request)

    async def _execute(self, asked: _Asked, ticket: Ticket | None) -> Answer:
        """Hand a request to the engine, and wait for its answer, or for what completes it."""
        message, before = asked.message, self._host.log.last
        self._count += 1
        mark, trace = f"{self._mark}-{self._count:x}", trace_of(message)
        request_id = request_id_of(message.id, mark, trace, asked.principal.name)
        step = asyncio.ensure_future(
            self._host.ask(
                request_id,
                message.service,
                asked.params,
                asked.principal.name,
                asked.session_id,
                keep=None if ticket is None else partial(self._rows, asked, ticket),
            )
        )
        self._steps.add(step)
        step.add_done_callback(partial(self._settle, asked, ticket))
        answered = await self._in_time(step, asked)
        answer = self._to_answer(answered, asked)
        wait_ms = completion_wait_ms(message)
        what = awaited(asked.request, request_id, answered.result)
        if answered.error is not None or wait_ms is None or what is None:
            return answer
        try:
            await self._completions.wait(what, before, wait_ms)
        except CtiError as error:
            answer = self._refusal(error, message.id)
            if ticket is not None and error.outcome is not Outcome.UNKNOWN:
                ticket.finish(answer)
            return answer
        return msgspec.structs.replace(answer, sequence=self._host.log.last)

    async def _in_time(self, step: asyncio.Task[Answered], asked: _Asked) -> Answered:
        """Wait for the engine, but not for ever: its step goes on, whoever waits for it (C4)."""
        limit = DIAL_MS if isinstance(asked.request, _DIALLING) else LINK_MS
        try:
            return await asyncio.wait_for(asyncio.shield(step), limit / SECOND)
        except TimeoutError:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.LINK_TIMEOUT,
                f"{asked.message.service} has had no answer for {limit} ms; look at the state",
                outcome=Outcome.UNKNOWN,
            ) from None

    def _settle(self, asked: _Asked, ticket: Ticket | None, step: asyncio.Task[Answered]) -> None:
        """Keep the engine's answer, also when nobody waits for it any more."""
        self._steps.discard(step)
        if ticket is None:
            return
        if step.cancelled() or (fault := step.exception()) is not None:
            if not step.cancelled() and isinstance(fault, CtiError) and may_be_tried_again(fault):
                ticket.give_up()
            else:
                ticket.finish(self._refusal(_our_fault(), asked.message.id), written=True)
        else:
            answered = step.result()
            if answered.error is not None and may_be_tried_again(answered.error):
                ticket.give_up()
            else:
                ticket.finish(self._to_answer(answered, asked), written=True)

    def _rows(self, asked: _Asked, ticket: Ticket, answered: Answered) -> list[Kept]:
        """Give what is written with the step: nothing when the request may be tried again."""
        if answered.error is not None and may_be_tried_again(answered.error):
            return []
        return ticket.rows(self._to_answer(answered, asked))

    def _to_answer(self, answered: Answered, asked: _Asked) -> Answer:
        if answered.error is not None:
            return self._refusal(answered.error, asked.message.id, answered.sequence)
        epoch, result = self._host.log.epoch, answered.result
        if isinstance(result, SnapshotResult):
            place = AsOf(epoch, sequence_text(answered.sequence))
            result = msgspec.structs.replace(result, as_of=place)
        body = self._gate.masked(asked.principal, msgspec.json.encode(result))
        return Answer(ok=True, body=body, epoch=epoch, sequence=answered.sequence)

    def _refusal(self, error: CtiError, request_id: str, sequence: int | None = None) -> Answer:
        problem = problem_of(error, request_id, self._host.engine.config.link_id)
        log = self._host.log
        return Answer(
            ok=False,
            body=msgspec.json.encode(problem),
            epoch=log.epoch,
            sequence=log.last if sequence is None else sequence,
        )

    async def _serve_session(self, asked: _Asked) -> Answer:
        if asked.session_id is None or self.sessions is None:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT,
                f"{asked.message.service} needs a session: use a WebSocket or ZeroMQ, "
                "or read /cti/v1/events",
            )
        answered = await self.sessions.serve(asked.session_id, asked.principal, asked.request)
        return self._to_answer(answered, asked)

    async def _replay(self, principal: Principal, request: ReplayEvents) -> Answer:
        """Give events of the log: their envelopes as they are, never decoded (§7.2, replay)."""
        after = self._reader.place(request.epoch, request.after)
        wanted = read_filter(request.filter)
        page = await self._reader.read(principal, after, request.limit, wanted)
        body = b'{"events":[%s],"more":%s}' % (
            b",".join(envelope for _, envelope in page.events),
            b"true" if page.more else b"false",
        )
        return Answer(ok=True, body=body, epoch=self._host.log.epoch, sequence=page.last)


def may_be_tried_again(error: CtiError) -> bool:
    """Tell whether the same request under the same key may be carried out after a refusal."""
    problem = problem_of(error, None, None)
    return problem.retryable and error.outcome is Outcome.NOT_EXECUTED


def _our_fault() -> CtiError:
    """Say nothing of the inside: the log has it."""
    return CtiError(
        ErrorCategory.UNSPECIFIED,
        ErrorValue.RESOURCE_OUT_OF_SERVICE,
        "the server has failed on this request, and has noted it; look at the state",
        outcome=Outcome.UNKNOWN,
    )


def _nobody_counts(_service: str, _seconds: float, _granted: bool) -> None:  # noqa: FBT001 - a hook
    """Count nothing."""
