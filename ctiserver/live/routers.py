"""Routers: clients that say where calls go, in their sessions or by a web-hook (cti-api §7.6).

The engine asks; here the question is brought to whom it is for, and the answer back. Whoever does
not answer in time is not waited for: the engine has a deadline of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import msgspec
import structlog

from csta.ids import DeviceId
from csta.instants import SECOND
from csta.routeing_services import ReRoute, RouteRequest
from ctiserver.core.inputs import SessionEnded
from ctiserver.core.messages import FRAME_BYTES_MAX, ClientResponse, ServerRequest, write_message
from ctiserver.core.outbox import RouteQuestion
from ctiserver.live.ports import EngineHost
from ctiserver.live.signatures import signed

ANSWERS = ("RouteSelect", "RouteReject", "RouteEnd")

_TELL_S = 2.0
"""So long a web-hook may take for what wants no answer."""

_log = structlog.get_logger(__name__)


class RouterHook(msgspec.Struct, frozen=True, kw_only=True):
    """A web-hook that routes the calls of a device; `url` is checked by who adds it.

    It is sent the same `serverRequest` as a session, by POST, and answers with status 200 and
    `{"service": "RouteSelect", "params": {…}}` within the reply time-out. Anything else is a
    rejection.
    """

    hook_id: str
    routeing_device: DeviceId
    url: str
    secret: str = ""

    def __repr__(self) -> str:
        """Write it without the secret."""
        return f"RouterHook({self.hook_id!r}, {self.routeing_device!r}, {self.url!r}, secret='***')"

    @property
    def name(self) -> str:
        """As whom, and in which session, it has registered."""
        return f"webhook:{self.hook_id}"


class _Answer(msgspec.Struct, frozen=True):
    """What stands in the body of a web-hook's answer; other members are ignored."""

    service: str
    params: dict[str, Any] = {}


class _NoAnswerError(Exception):
    """A web-hook has answered, but nothing that can be used."""


class Routers:
    """Brings questions of one engine to routers, and their answers to the engine."""

    def __init__(
        self,
        host: EngineHost,
        ask_session: Callable[[str, ServerRequest], object],
        client: httpx.AsyncClient,
    ) -> None:
        """Ask sessions by `ask_session(session_id, request)`, web-hooks by `client`."""
        self._host = host
        self._ask_session = ask_session
        self._client = client
        self._hooks: dict[str, RouterHook] = {}
        self._serial = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Ask once more what was asked before a restart and has no answer yet."""
        for question in self._host.engine.routeing.open_questions():
            self.ask(question)

    async def stop(self) -> None:
        """Wait for nobody any more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # The engine asks.

    def ask(self, question: RouteQuestion) -> None:
        """Bring a question, or what is only told, to the router that it is for."""
        session_id = question.registrant.session_id
        if session_id is None:
            return
        self._serial += 1
        asks = question.asks
        request = ServerRequest(
            id=f"{question.cross_ref_id}/{self._serial}",
            service=question.service,
            params=msgspec.Raw(msgspec.json.encode(_params_of(asks))),
            reply_timeout_ms=(
                asks.reply_timeout_ms if isinstance(asks, RouteRequest | ReRoute) else None
            ),
        )
        hook = self._hooks.get(session_id)
        if hook is not None:
            self._do(self._ask_hook(hook, request))
        else:
            self._ask_session(session_id, request)

    # Routers answer.

    def answered(self, principal: str, session_id: str, answer: ClientResponse) -> None:
        """Take the answer of a session's client to what it was asked.

        An answer that comes too late, or is none, changes nothing; it is written to the log.
        """
        if answer.service in ANSWERS:
            self._do(self._hand_over(principal, session_id, answer))
        else:
            _log.warning("no_answer_of_a_router", session=session_id, service=answer.service)

    def session_ended(self, session_id: str) -> None:
        """A session is over, and with it what it had registered for."""
        self._host.submit(SessionEnded(session_id))

    # Web-hooks come and go.

    async def add_hook(self, hook: RouterHook) -> str:
        """Register a web-hook, or know it again after a restart; gives its registration's id.

        Raises:
            CtiError: there is no such routeing device.
        """
        self._hooks[hook.name] = hook
        asked = {"routeingDevice": hook.routeing_device}
        registered = await self._host.ask(
            f"{hook.name}/register", "RouteRegister", asked, hook.name, hook.name
        )
        if registered.error is not None:
            del self._hooks[hook.name]
            raise registered.error
        register_id: str = registered.result.route_register_req_id
        return register_id

    def remove_hook(self, hook_id: str) -> None:
        """Ask a web-hook no more; calls that wait for it go the default way."""
        name = f"webhook:{hook_id}"
        if self._hooks.pop(name, None) is not None:
            self.session_ended(name)

    async def _ask_hook(self, hook: RouterHook, request: ServerRequest) -> None:
        wants_answer = request.reply_timeout_ms is not None
        limit_s = (request.reply_timeout_ms or 0) / SECOND or _TELL_S
        try:
            async with asyncio.timeout(limit_s):
                answer = await self._post(hook, request)
        except TimeoutError:
            _log.warning("router_hook_late", hook=hook.hook_id, service=request.service)
            return
        except (httpx.HTTPError, httpx.InvalidURL, _NoAnswerError) as error:
            _log.warning("router_hook_failed", hook=hook.hook_id, problem=str(error))
            answer = _Answer("RouteReject")
        if wants_answer:
            taken = ClientResponse(id=request.id, service=answer.service, params=answer.params)
            await self._hand_over(hook.name, hook.name, taken)

    async def _post(self, hook: RouterHook, request: ServerRequest) -> _Answer:
        """Ask a web-hook, and read what it answers.

        Raises:
            httpx.HTTPError: it cannot be reached.
            _NoAnswerError: the status is not 200, or the body is no answer.
        """
        body = write_message(request)
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers |= signed(hook.secret.encode(), body, int(time.time()))
        async with self._client.stream("POST", hook.url, content=body, headers=headers) as response:
            if request.reply_timeout_ms is None:
                return _Answer("")
            if response.status_code != httpx.codes.OK:
                raise _NoAnswerError(f"status {response.status_code}")
            read = bytearray()
            async for chunk in response.aiter_bytes():
                read += chunk
                if len(read) > FRAME_BYTES_MAX:
                    raise _NoAnswerError(f"more than {FRAME_BYTES_MAX} bytes")
        try:
            answer = msgspec.json.decode(read, type=_Answer)
        except msgspec.DecodeError as error:
            raise _NoAnswerError(str(error)) from error
        if answer.service not in ANSWERS:
            raise _NoAnswerError(f"'{answer.service}' is none of {', '.join(ANSWERS)}")
        return answer

    # What both have in common.

    async def _hand_over(self, principal: str, session_id: str, answer: ClientResponse) -> None:
        """Give an answer to the engine; which dialogue is meant, the request's id tells too."""
        cross_ref_id = answer.id.partition("/")[0]
        params = {"routeingCrossRefID": cross_ref_id} | answer.params
        request_id = f"{session_id}/{answer.id}/{answer.service}"
        taken = await self._host.ask(request_id, answer.service, params, principal, session_id)
        if taken.error is not None:
            _log.warning("route_refused", session=session_id, problem=taken.error.detail)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            _log.error("router_fault", exc_info=fault)


def _params_of(asks: msgspec.Struct) -> dict[str, Any]:
    """Give the members of a service; its tag stands beside them in the message."""
    members: dict[str, Any] = msgspec.to_builtins(asks)
    members.pop("service", None)
    return members
