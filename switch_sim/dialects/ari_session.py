"""One WebSocket: events go out, and requests come in and are answered in their order.

A request that waits (a channel that is to enter a bridge while something is played to it) lets all
that come after it on the same WebSocket wait too, as in Asterisk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from switch_sim.dialects.ari_requests import Reply
from switch_sim.dialects.ari_switch import AriSwitch
from switch_sim.paced import Pacer

_UNREAD_MAX = 50_000
"""So many messages may wait for a client; one that is slower is cut off."""
_METHODS = ("GET", "POST", "PUT", "DELETE")

Perform = Callable[[str, list[str], dict[str, str], Any, Callable[[Reply], None]], None]


class _Pair(msgspec.Struct):
    name: str
    value: str


class RestRequest(msgspec.Struct):
    """A request as it comes on the WebSocket; a body that it carries is JSON in a text."""

    type: str = ""
    transaction_id: str = ""
    request_id: str = ""
    method: str = ""
    uri: str = ""
    content_type: str = ""
    query_strings: list[_Pair] = []
    message_body: str = ""


class RestResponse(msgspec.Struct, tag_field="type", tag="RESTResponse", omit_defaults=True):
    """The answer to it."""

    application: str
    timestamp: str
    asterisk_id: str
    transaction_id: str
    request_id: str
    status_code: int
    reason_phrase: str
    uri: str
    content_type: str = ""
    message_body: str = ""


class Session:
    """One client, who is one or more applications."""

    def __init__(self, switch: AriSwitch, pacer: Pacer, names: list[str], perform: Perform) -> None:
        """Let requests be carried out by `perform`."""
        self._switch = switch
        self._pacer = pacer
        self._names = names
        self._perform = perform
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self._requests: asyncio.Queue[str] = asyncio.Queue()
        self._cut = asyncio.Event()

    async def run(
        self,
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
        *,
        hears_all: bool,
    ) -> None:
        """Serve the client until it is gone, or too slow."""
        put = self._put
        self._pacer.act(lambda: self._switch.connect(self._names, put, hears_all=hears_all))
        tasks = [
            asyncio.ensure_future(part)
            for part in (self._read(receive), self._write(send), self._work(), self._cut.wait())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._pacer.act(lambda: self._switch.disconnect(self._names, put))

    def _put(self, message: bytes) -> None:
        self._out.put_nowait(message)
        if self._out.qsize() > _UNREAD_MAX:
            self._cut.set()

    async def _read(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            self._requests.put_nowait(message["bytes"].decode() if text is None else text)

    async def _write(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        while True:
            message = await self._out.get()
            try:
                await send({"type": "websocket.send", "text": message.decode()})
            except OSError:
                return  # the client is gone

    async def _work(self) -> None:
        """Carry out requests, one after another."""
        while True:
            text = await self._requests.get()
            answered = asyncio.Event()
            self._carry_out(text, answered)
            await answered.wait()

    def _carry_out(self, text: str, answered: asyncio.Event) -> None:
        try:
            request = msgspec.json.decode(text, type=RestRequest)
            fault = _fault_of(request)
        except msgspec.DecodeError:
            request, fault = RestRequest(), "Failed to parse request message JSON"
        answer = partial(self._answer, request, answered)
        body: Any = None
        try:
            body = msgspec.json.decode(request.message_body) if request.message_body else None
        except msgspec.DecodeError:
            fault = "Error parsing request body"
        if fault:
            answer(Reply(400, {"message": fault}))
            return
        url = urlsplit(request.uri)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        values = dict(parse_qsl(url.query, keep_blank_values=True))
        values |= {pair.name: pair.value for pair in request.query_strings}
        self._perform(request.method, parts, values, body, answer)

    def _answer(self, request: RestRequest, answered: asyncio.Event, reply: Reply) -> None:
        """Answer on the WebSocket; the filter of the application holds back answers too."""
        answered.set()
        application = self._switch.state.applications.get(self._names[0])
        if application is not None and not application.passes("RESTResponse"):
            return
        body = "" if reply.body is None else msgspec.json.encode(reply.body).decode()
        response = RestResponse(
            application=self._names[0],
            timestamp=self._switch.state.timestamp(),
            asterisk_id=self._switch.state.account.asterisk_id,
            transaction_id=request.transaction_id,
            request_id=request.request_id,
            status_code=reply.status,
            reason_phrase=HTTPStatus(reply.status).phrase,
            uri=request.uri.partition("?")[0],
            content_type="application/json" if body else "",
            message_body=body,
        )
        self._put(msgspec.json.encode(response))


def _fault_of(request: RestRequest) -> str:
    if request.type != "RESTRequest":
        return "Unknown request type."
    if not request.uri:
        return "Empty or missing 'uri' property."
    return "" if request.method in _METHODS else "Unknown or missing 'method' property."
