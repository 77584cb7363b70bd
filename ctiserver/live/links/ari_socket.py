"""One connection to Asterisk: its events, and REST over the same WebSocket.

Replies and events come in one order then: what a reply says is so at the place at which it comes.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.links.ari_requests import Reply, Request, guarded

_BYTES_MAX: Final = 64 * 1024 * 1024
"""The list of thousands of channels is one message."""
_REPLY: Final = "RESTResponse"
_REPLACED: Final = "ApplicationReplaced"
_OWN: Final = "ChannelUserevent"
_NEEDED: Final = (_REPLY, _REPLACED, _OWN)
"""An event filter lets no reply through that it does not name."""

_SIGN: Final = "OffhookIsHeard"
"""An event of our own: we ask Asterisk for it, and hear it if events come at all."""

_FIRST: Final = "1"
"""The id of a connection's first request."""

_events: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_log = structlog.get_logger("offhook.link")
_wire_log = logging.getLogger("offhook.link.websocket")
_wire_log.setLevel(logging.INFO)  # below that it writes the header that holds the password


OnReply: TypeAlias = Callable[[Reply], None] | None


class _Asked(NamedTuple):
    what: str
    on_reply: OnReply


class Patience(msgspec.Struct, frozen=True):
    """How long something may take, in seconds."""

    connect_s: float = 5.0
    quiet_s: float = 1.0
    """So often Asterisk is asked for a sign: an answer, and an event."""
    silence_s: float = 5.0
    """After that it is not, if it had nothing else to answer; or if nothing arrives there."""
    deaf_s: float = 3.0
    """After so long of answers without the events that were asked for, none will come."""
    reply_s: float = 20.0
    """So long a request may wait: the list of all channels is a long one on a busy machine. One
    that hangs holds up all that come after it."""

    def over(self, times: int, limit_s: float) -> bool:
        """Tell whether so many times `quiet_s` are more than a limit.

        Not by a clock: when this program stood still, it was not Asterisk that said nothing.
        """
        return times * self.quiet_s >= limit_s


class RefusedError(Exception):
    """Asterisk does not let us in; the text says what to do."""


class ReplacedError(Exception):
    """Another client has taken our application."""


async def open_socket(config: AriConfig, patience: Patience) -> AriSocket:
    """Connect.

    Raises:
        RefusedError: it answers, and does not let us in.
        OSError, TimeoutError, WebSocketException: it does not answer, or not as it should.
    """
    secret = base64.b64encode(f"{config.user}:{config.password.reveal()}".encode()).decode()
    secure = config.url.startswith("https:")
    context = ssl.create_default_context(cafile=config.authority) if secure else None
    try:
        connection = await connect(
            websocket_url(config),
            additional_headers={"Authorization": f"Basic {secret}"},
            ssl=context,
            compression=None,
            proxy=None,
            open_timeout=patience.connect_s,
            close_timeout=1,
            ping_interval=None,  # our own question goes the way that requests go
            max_size=_BYTES_MAX,
            max_queue=None,  # Asterisk cuts off who does not read
            logger=_wire_log,
        )
    except InvalidStatus as refusal:
        raise _refused(refusal.response.status_code, config) from None
    _mind_the_network(connection, patience)
    return AriSocket(connection, config.application, patience)


def _mind_the_network(connection: ClientConnection, patience: Patience) -> None:
    """Let the connection break when what is sent does not arrive: where the system can do so."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        limit_ms = round(patience.silence_s * 1_000)
        connection.transport.get_extra_info("socket").setsockopt(
            socket.IPPROTO_TCP, option, limit_ms
        )


def websocket_url(config: AriConfig) -> str:
    """Give the URL of the events of our application."""
    base = config.url.replace("http", "ws", 1).rstrip("/")
    return f"{base}/events?app={quote(config.application, safe='')}"


def _refused(status: int, config: AriConfig) -> Exception:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return RefusedError(
            f"user '{config.user}' or its password is wrong: they stand in Asterisk's ari.conf,"
            " and here as user: and password_file:"
        )
    if status == HTTPStatus.NOT_FOUND:
        return RefusedError(
            f"there is no ARI at {config.url}: enabled = yes in ari.conf and http.conf, and the"
            " prefix of http.conf in url:"
        )
    return OSError(f"Asterisk answers with status {status}")


class AriSocket:
    """A connection that is open. What it loses it does not get back: then make another."""

    def __init__(self, connection: ClientConnection, application: str, patience: Patience) -> None:
        """Use a connection that has just been opened."""
        self._connection = connection
        self._application = application
        self._patience = patience
        self._is_heard = True
        self._asked_for_sign = ""
        """The request that asked for the last sign."""
        self._signs_missed = 0
        self._when_heard: Callable[[], None] | None = None
        self._asked: dict[str, _Asked] = {}
        self._count = 0
        self._to_send: asyncio.Queue[bytes] = asyncio.Queue()
        self._lost_because: str | None = None

    def send(self, request: Request, on_reply: OnReply) -> str:
        """Send a request, and give its id; its reply is told later.

        Once the connection is lost, it is dropped.
        """
        self._count += 1
        request_id = str(self._count)
        if self._lost_because is None:
            self._asked[request_id] = _Asked(f"{request.method} {request.path}", on_reply)
            self._to_send.put_nowait(_message(request_id, request))
        return request_id

    def allow(self, events: tuple[str, ...]) -> None:
        """Ask for events of these types only."""
        path = f"applications/{quote(self._application, safe='')}/eventFilter"
        allowed = [{"type": event} for event in (*events, *_NEEDED)]
        self.send(Request("PUT", path, body={"allowed": allowed}), self._allowed)

    def when_heard(self, then: Callable[[], None]) -> None:
        """Ask for a sign, and tell when it has come: events come then."""
        self._when_heard = then
        self._ask_for_sign()

    def _ask_for_sign(self) -> None:
        """Ask for an event, and an answer.

        A connection that is opened in the moment in which the one before it ends may get answers
        and never an event: Asterisk has let go of the application for the old one's end.
        """
        request = Request("POST", f"events/user/{_SIGN}", {"application": self._application})
        self._asked_for_sign = self.send(request, self._sign_promised)

    def _sign_promised(self, reply: Reply) -> None:
        if reply.is_ok:
            self._signs_missed += 1
        elif reply.status:
            self.give_up(f"it does not know our application any more: {reply.status}")

    def _sign_heard(self) -> None:
        self._signs_missed = 0
        then, self._when_heard = self._when_heard, None
        if then is not None:
            then()

    def _allowed(self, reply: Reply) -> None:
        if reply.status == HTTPStatus.FORBIDDEN:
            self.give_up("its user may only read: read_only = no in ari.conf")
        elif reply.status and not reply.is_ok:
            self.give_up(f"it does not take the event filter: {reply.status} {reply.body}")

    async def listen(self, hear: Callable[[dict[str, Any]], None]) -> str:
        """Take in replies and events until the connection is lost, and give why it is.

        Raises:
            ReplacedError: another client has taken our application.
        """
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._watch())]
        try:
            async for message in self._connection:
                self._is_heard = True
                self._take(message, hear)
        except ConnectionClosed as error:
            return self._lost_because or f"the connection has broken: {error}"
        except msgspec.DecodeError as error:
            return f"Asterisk has sent what is no message: {error}"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._lost_because or "Asterisk has closed the connection"

    def give_up(self, why: str) -> None:
        """Use the connection no more."""
        self._lost_because = self._lost_because or why
        self._connection.transport.abort()

    def drop(self) -> None:
        """Tell that there will be no reply to any outstanding request; take no more of them."""
        self._lost_because = self._lost_because or "it was dropped"
        asked, self._asked = self._asked, {}
        for one in asked.values():
            guarded(one.on_reply, Reply(0))

    async def close(self) -> None:
        """Close the connection, within a second."""
        await self._connection.close()

    def _take(self, message: str | bytes, hear: Callable[[dict[str, Any]], None]) -> None:
        heard = _events.decode(message)
        kind = heard.get("type")
        if kind == _REPLY:
            asked = self._asked.pop(heard.get("request_id", ""), None)
            if asked is not None:
                body = heard.get("message_body")
                decoded = msgspec.json.decode(body) if body else None
                guarded(asked.on_reply, Reply(heard.get("status_code", 0), decoded))
        elif kind == _REPLACED and heard.get("application") == self._application:
            raise ReplacedError
        elif kind == _OWN and heard.get("eventname") == _SIGN:
            self._sign_heard()
        else:
            guarded(hear, heard)

    async def _write(self) -> None:
        try:
            while True:
                await self._connection.send(await self._to_send.get(), text=True)
        except (ConnectionClosed, OSError):
            return  # the reader finds that out too

    async def _watch(self) -> None:
        """Give up when nothing is heard, no event comes, or a request is not answered."""
        patience = self._patience
        silent = waiting = 0
        oldest: str | None = None
        while True:
            await asyncio.sleep(patience.quiet_s)
            silent, self._is_heard = 0 if self._is_heard else silent + 1, False
            was, oldest = oldest, next(iter(self._asked), None)
            waiting = waiting + 1 if oldest is not None and oldest == was else 0
            # Who connects while a connection before it ends may never be told anything.
            limit_s = patience.silence_s if oldest == _FIRST else patience.reply_s
            if oldest is not None and patience.over(waiting, limit_s):
                what = self._asked[oldest].what
                self.give_up(f"{what} was not answered for {limit_s:g} s")
            elif oldest == self._asked_for_sign and patience.over(silent, patience.silence_s):
                self.give_up(f"nothing was heard for {patience.silence_s:g} s")
            elif patience.over(self._signs_missed, patience.deaf_s):
                self.give_up("it answers, and tells no events")
            elif self._asked_for_sign not in self._asked:
                # Also while other requests wait: only what is sent can be found not to arrive.
                self._ask_for_sign()


def _message(request_id: str, request: Request) -> bytes:
    message: dict[str, Any] = {
        "type": "RESTRequest",
        "request_id": request_id,
        "method": request.method,
        "uri": request.path,
    }
    if request.query:
        message["query_strings"] = [
            {"name": name, "value": value} for name, value in request.query.items()
        ]
    if request.body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = msgspec.json.encode(request.body).decode()
    return msgspec.json.encode(message)


FAULTS = (OSError, TimeoutError, WebSocketException)
"""What `open_socket` raises when Asterisk is not to be had at the moment."""
