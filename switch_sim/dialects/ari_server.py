"""ARI on a socket: HTTP, and the WebSocket of events, on which requests may come too."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

import msgspec

from switch_sim.dialects.ari_docs import resource, resources
from switch_sim.dialects.ari_requests import Reply
from switch_sim.dialects.ari_routes import Router
from switch_sim.dialects.ari_session import Session
from switch_sim.dialects.ari_switch import AriSwitch
from switch_sim.dialects.ari_table import ROUTES
from switch_sim.paced import Pacer

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_UNAUTHORIZED = Reply(401, {"message": "Authentication required"})
_NOT_FOUND = Reply(404, {"message": "Resource not found"})
_CHALLENGE = (b"www-authenticate", b'Basic realm="Asterisk REST Interface"')
_JSON = (b"content-type", b"application/json")
_FORM = "application/x-www-form-urlencoded"


class AriApp:
    """The ASGI application of one switch."""

    def __init__(self, switch: AriSwitch, pacer: Pacer) -> None:
        """Serve this switch, whose time the pacer keeps."""
        self._switch = switch
        self._pacer = pacer
        self._router = Router(ROUTES)
        self.sessions: set[asyncio.Task[None]] = set()
        """The WebSockets that are open."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one WebSocket until it ends."""
        parts = [unquote(part) for part in scope["raw_path"].decode().strip("/").split("/")]
        values = _joined(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        if scope["type"] == "websocket":
            await receive()
            await self._serve_websocket(scope, values, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        reply = await self._answer(scope, parts, values, body)
        await _send_reply(send, "http.response", reply)

    def perform(
        self,
        method: str,
        parts: list[str],
        values: dict[str, str],
        body: Any,  # noqa: ANN401 - JSON
        answer: Callable[[Reply], None],
    ) -> None:
        """Carry a request out at the switch's instant; the answer may come later than this ends."""

        def act() -> None:
            reply, afterwards = self._router.handle(self._switch, method, parts, values, body)
            if isinstance(reply, Reply):
                answer(reply)
            else:
                reply.then(answer)
            if afterwards is not None:
                afterwards()

        self._pacer.act(act)

    async def _answer(
        self, scope: Scope, parts: list[str], values: dict[str, str], body: bytes
    ) -> Reply:
        headers = _headers_of(scope)
        if not self._may_in(headers, values):
            return _UNAUTHORIZED
        if parts[0] != "ari" or len(parts) == 1:
            return _NOT_FOUND
        if parts[1] == "api-docs":
            return _described(parts[2:], f"http://{headers.get('host', '')}/ari")
        content: Any = None
        try:
            if headers.get("content-type", "").startswith(_FORM):
                content = _joined(parse_qsl(body.decode()))
            elif body.strip():
                content = msgspec.json.decode(body)
        except ValueError:
            return Reply(400, {"message": "Error parsing request body"})
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.perform(scope["method"], parts[1:], values, content, _setting(answered))
        return await answered

    async def _serve_websocket(
        self, scope: Scope, values: dict[str, str], receive: Receive, send: Send
    ) -> None:
        names = [name for name in values.get("app", "").split(",") if name]
        refusal = None
        if not self._may_in(_headers_of(scope), values):
            refusal = _UNAUTHORIZED
        elif scope["path"].rstrip("/") != "/ari/events":
            refusal = _NOT_FOUND
        elif not names:
            refusal = Reply(400, {"message": "HTTP request is missing param: [app]"})
        if refusal is not None:
            await _send_reply(send, "websocket.http.response", refusal)
            return
        offered = scope.get("subprotocols", ())
        protocol = "ari" if "ari" in offered else None
        await send({"type": "websocket.accept", "subprotocol": protocol})
        hears_all = values.get("subscribeAll", "").lower() in ("true", "1", "yes")
        session = Session(self._switch, self._pacer, names, self.perform)
        task = asyncio.get_running_loop().create_task(
            session.run(receive, send, hears_all=hears_all)
        )
        self.sessions.add(task)
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
            self.sessions.discard(task)
        if not task.cancelled():
            task.result()

    def _may_in(self, headers: dict[str, str], values: dict[str, str]) -> bool:
        """Tell whether the request names user and password: as Basic, or as `api_key`."""
        account = self._switch.state.account
        given = values.get("api_key", "")
        scheme, _, encoded = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(encoded, validate=True).decode()
            except ValueError:
                return False
        expected = f"{account.user}:{account.password}"
        return hmac.compare_digest(given.encode(), expected.encode())


def _described(parts: list[str], base: str) -> Reply:
    name = "/".join(parts).removesuffix(".json")
    described = resources(ROUTES, base) if name == "resources" else resource(ROUTES, name, base)
    return _NOT_FOUND if described is None else Reply(200, described)


def _setting(answered: asyncio.Future[Reply]) -> Callable[[Reply], None]:
    def settle(reply: Reply) -> None:
        if not answered.done():
            answered.set_result(reply)

    return settle


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Make one value, with commas, of those that come several times."""
    values: dict[str, str] = {}
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _headers_of(scope: Scope) -> dict[str, str]:
    return {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _send_reply(send: Send, kind: str, reply: Reply) -> None:
    body = b"" if reply.body is None else msgspec.json.encode(reply.body)
    headers = [(b"content-length", str(len(body)).encode())] if body else []
    if body:
        headers.append(_JSON)
    if reply.status == _UNAUTHORIZED.status:
        headers.append(_CHALLENGE)
    await send({"type": f"{kind}.start", "status": reply.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
