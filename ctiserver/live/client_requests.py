"""Requests of a client on their way: kept until they are answered, over lost connections too.

What has an idempotency key may be asked twice: the server carries it out once, and gives the
stored answer the second time (cti-api §7.6, C3).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from csta.errors import ErrorValue, Outcome
from csta.ids import wire_name
from csta.instants import Milliseconds
from csta.services import SERVICES
from ctiserver.core.messages import FRAME_BYTES_MAX, RequestMessage, write_message
from ctiserver.live.client_errors import (
    ClientError,
    NoAnswerError,
    RefusedError,
    RequestTooLargeError,
)
from ctiserver.live.client_messages import Answer, read_refusal

UNDER_WAY_MAX = 90
"""How many requests are under way at once; a server refuses more than 100 of one connection."""
_AGAIN_S = 0.1

_QUERIES = ("Explain", "Get", "Query", "Replay", "Request", "Snapshot")
_OF_SESSIONS = frozenset(
    {
        "ChangeMonitorFilter",
        "MonitorStart",
        "MonitorStop",
        "RouteRegister",
        "RouteRegisterCancel",
        "SystemRegister",
    }
)
"""These begin and end with the session: a stored answer of an earlier session would be wrong."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How a request is to be carried out.

    With `wait_for_completion` the answer comes when the service is completed, not only accepted;
    `completion_ms` is how long the server waits for that (30 000 at most). After `deadline_s`
    seconds nobody waits any more: not this client, and the server does not begin with it.
    """

    wait_for_completion: bool = False
    completion_ms: Milliseconds | None = None
    idempotency_key: str | None = ""
    """Empty: one is made. None: asked once only, and its outcome is unknown when it is lost."""
    deadline_s: float | None = 60.0
    traceparent: str | None = None


USUAL = Terms()


class _Pending(msgspec.Struct, eq=False):
    """A request that has no answer yet."""

    message: RequestMessage
    frame: bytes
    repeatable: bool
    answer: asyncio.Future[Answer]
    on_answer: Callable[[Answer], object] | None
    sent_on: int = 0
    """The connection that it was sent on last; 0: none yet."""
    repeated: bool = False

    @property
    def sent(self) -> bool:
        """Whether the server may have it."""
        return self.sent_on > 0


class Requests:
    """The requests of one client."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[bool]],
        server_time: Callable[[float], str | None],
        connection: Callable[[], int],
        added: Callable[[], object],
    ) -> None:
        """Send by `send`, which tells whether there is a connection.

        `server_time(s)` writes the instant in so many seconds by the server's clock; `connection`
        numbers the connections, from 1; `added` is called for each request, because somebody waits
        for what the server says.
        """
        self._send = send
        self._server_time = server_time
        self._connection = connection
        self._added = added
        self._pending: dict[str, _Pending] = {}
        self._room = asyncio.Semaphore(UNDER_WAY_MAX)
        self._name = secrets.token_hex(4)
        self._count = 0

    def __len__(self) -> int:
        """Count those that wait for an answer."""
        return len(self._pending)

    async def carry(
        self,
        service: str,
        params: Mapping[str, Any],
        terms: Terms = USUAL,
        on_answer: Callable[[Answer], object] | None = None,
    ) -> Answer:
        """Ask, and wait for the answer; `on_answer` hears it before any later frame is read.

        Raises:
            RefusedError: the server says no.
            NoAnswerError: it says nothing.
            RequestTooLargeError: it would not read that much.
        """
        pending = self._make(service, params, terms, on_answer)
        try:
            async with asyncio.timeout(terms.deadline_s), self._room:
                self._pending[pending.message.id] = pending
                self._added()
                await self._go(pending)
                answer = await self._settled(pending)
        except TimeoutError:
            why = f"no answer within {terms.deadline_s:g} s"
            raise NoAnswerError(service, why, _outcome(pending)) from None
        finally:
            self._pending.pop(pending.message.id, None)
        if not answer.ok:
            raise RefusedError(service, read_refusal(answer.error))
        return answer

    def answered(self, answer: Answer) -> None:
        """Take in what the server has answered."""
        pending = self._pending.get(answer.id)
        if pending is None or pending.answer.done():
            return
        if answer.ok and pending.on_answer is not None:
            pending.on_answer(answer)
        pending.answer.set_result(answer)

    def lost(self) -> None:
        """The connection is lost: what must not be asked twice has no answer."""
        for pending in self._pending.values():
            self._give_up(pending)

    async def again(self) -> None:
        """There is a connection again: ask what is not answered, and was not sent on this one."""
        for pending in list(self._pending.values()):
            if pending.sent_on == self._connection():
                continue
            self._give_up(pending)
            pending.repeated = pending.repeated or pending.sent
            await self._go(pending)

    @staticmethod
    def _give_up(pending: _Pending) -> None:
        if pending.sent and not pending.repeatable and not pending.answer.done():
            why = "the connection was lost, and it has no idempotency key"
            lost = NoAnswerError(pending.message.service, why, Outcome.UNKNOWN)
            pending.answer.set_exception(lost)

    def fail(self, error: ClientError) -> None:
        """There will be no connection any more."""
        for pending in self._pending.values():
            if not pending.answer.done():
                service = pending.message.service
                lost = NoAnswerError(service, str(error), _outcome(pending))
                pending.answer.set_exception(lost)

    def _make(
        self,
        service: str,
        params: Mapping[str, Any],
        terms: Terms,
        on_answer: Callable[[Answer], object] | None,
    ) -> _Pending:
        self._count += 1
        asks_only = service.startswith(_QUERIES) or service in _OF_SESSIONS
        key = terms.idempotency_key
        if key == "":
            key = None if asks_only else secrets.token_hex(16)
        message = RequestMessage(
            id=f"{self._name}-{self._count}",
            service=service,
            params=dict(params),
            idempotency_key=key,
            deadline=None if terms.deadline_s is None else self._server_time(terms.deadline_s),
            traceparent=terms.traceparent,
            wait_for="completed" if terms.wait_for_completion else None,
            timeout_ms=terms.completion_ms,
        )
        frame = write_message(message)
        if len(frame) > FRAME_BYTES_MAX:
            raise RequestTooLargeError(
                f"{service}: {len(frame)} bytes, and {FRAME_BYTES_MAX} are the most"
            )
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        return _Pending(message, frame, asks_only or key is not None, answer, on_answer)

    async def _go(self, pending: _Pending) -> None:
        if pending.answer.done():
            return
        before, pending.sent_on = pending.sent_on, self._connection()
        if not await self._send(pending.frame):
            pending.sent_on = before

    async def _settled(self, pending: _Pending) -> Answer:
        """Wait for the answer; while the first of two askings is under way, ask once more."""
        while True:
            answer = await pending.answer
            if answer.ok or not pending.repeated:
                return answer
            if read_refusal(answer.error).value != ErrorValue.REQUEST_IN_PROGRESS:
                return answer
            await asyncio.sleep(_AGAIN_S)
            pending.answer = asyncio.get_running_loop().create_future()
            await self._go(pending)


def wire_params(service: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Write our names of parameters as the API does: `calling_device` is `callingDevice`."""
    shape = SERVICES.get(service)
    names = {} if shape is None else _names(shape)
    return {names.get(name) or wire_name(name): value for name, value in params.items()}


def _names(shape: type[msgspec.Struct]) -> dict[str, str]:
    return {field.name: field.encode_name for field in msgspec.structs.fields(shape)}


def _outcome(pending: _Pending) -> Outcome:
    return Outcome.UNKNOWN if pending.sent else Outcome.NOT_EXECUTED
