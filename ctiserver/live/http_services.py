"""POST /services/{service}: each service of the API, by HTTP (cti-api §7.2, HTTP column)."""

from __future__ import annotations

import re
import secrets
from typing import Any

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from csta.instants import SECOND
from csta.problems import Problem
from ctiserver.core.messages import RequestMessage
from ctiserver.live.commands import CommandDesk
from ctiserver.live.completion import WAIT_MS_MAX
from ctiserver.live.http_problems import AnyRequest, written
from ctiserver.live.idempotency import Answer
from ctiserver.live.request_reading import bad_value

_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?:$|[,;])", re.IGNORECASE)
_problems = msgspec.json.Decoder(Problem)


def service_routes(commands: CommandDesk) -> HTTPRouteHandler:
    """Make the route of all services; `commands` says which there are."""

    @post("/services/{service:str}", status_code=200)
    async def ask(request: AnyRequest, service: FromPath[str]) -> Response[bytes]:
        """Ask for a service; the body has its parameters."""
        message = read_message(service, await request.body(), dict(request.headers))
        return respond(await commands.answer(request.user, message, None), message)

    return ask


def read_message(service: str, body: bytes, headers: dict[str, str]) -> RequestMessage:
    """Make the request message of an HTTP request; `headers` have lower-case names.

    Raises:
        CtiError: the body is no JSON object.
    """
    wait = _WAIT.search(headers.get("prefer", ""))
    wait_ms = min(int(wait.group(1)) * SECOND, WAIT_MS_MAX) if wait else 0
    return RequestMessage(
        id=headers.get("x-request-id", f"http-{secrets.token_hex(8)}"),
        service=service,
        params=read_object(body),
        idempotency_key=headers.get("idempotency-key"),
        traceparent=headers.get("traceparent"),
        wait_for="completed" if wait_ms else None,
        timeout_ms=wait_ms or None,
    )


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; no body is an empty one.

    Raises:
        CtiError: it is something else.
    """
    try:
        value = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_value(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise bad_value("the body must be a JSON object: the service's parameters")
    return value


def respond(answer: Answer, message: RequestMessage) -> Response[bytes]:
    """Answer with the result, to which `asOf` is added, or with the problem."""
    if answer.ok:
        response = Response(with_place(answer), media_type="application/json")
    else:
        response = written(_problems.decode(answer.body))
    response.set_header("X-Request-ID", message.id)
    if answer.replayed:
        response.set_header("Idempotency-Replayed", "true")
    return response


def with_place(answer: Answer) -> bytes:
    """Add `asOf` to the JSON object of a result, unless it has it."""
    body = answer.body
    if b'"asOf":{' in body[-80:]:
        return body
    comma = b"" if body == b"{}" else b","
    return b'%s%s"asOf":%s}' % (body[:-1], comma, answer.as_of)
