"""Requests over MQTT: published to `…/req/{client}`, answered on `…/rsp/{client}` (cti-api §7.2).

Who asks is the client in the topic, because the broker lets each user write to his own topic only
(the ACL that we ship); or whoever a token in the user property `token` stands for. Answers go to
the client's own topics only: the bridge may write everywhere, and must not do so for others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiomqtt
import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.problems import problem_of
from csta.replies import AsOf
from ctiserver.core.messages import (
    FRAME_BYTES_MAX,
    RequestMessage,
    ResponseMessage,
    read_message,
    sequence_text,
    write_message,
)
from ctiserver.core.principals import Principal
from ctiserver.live.event_log import EventLog
from ctiserver.live.gate import Authenticator
from ctiserver.live.ports import Commands
from ctiserver.live.topics import tenant_root

TOKEN = "token"  # noqa: S105 - the name of a user property, not a token
"""The user property that a token may stand in."""


class Answer(msgspec.Struct, frozen=True):
    """What is to be published in answer to a request."""

    topic: str
    body: bytes
    correlation: bytes | None

    def properties(self) -> Properties:
        """Give the properties of MQTT 5."""
        given = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho has few types
        given.ContentType = "application/json"
        given.PayloadFormatIndicator = 1
        if self.correlation is not None:
            given.CorrelationData = self.correlation
        return given


class MqttRequests:
    """Carries out what comes as requests of MQTT."""

    def __init__(
        self,
        commands: Commands,
        log: EventLog,
        authenticator: Authenticator,
        *,
        who: Callable[[str], Principal | None] = lambda _user: None,
        tenant: str = "default",
    ) -> None:
        """Serve a tenant; `who` tells what principal a user of the broker is.

        A broker that does not prove who its users are gets no `who`: then there are only tokens.
        """
        self._commands = commands
        self._log = log
        self._authenticator = authenticator
        self._who = who
        root = tenant_root(tenant)
        self.topics = f"{root}/req/+"
        """What the bridge subscribes to."""
        self._asked = f"{root}/req/"
        self._answered = f"{root}/rsp/"

    async def answer(self, message: aiomqtt.Message) -> Answer | None:
        """Carry out a request; None: it is none, and there is nobody to be told."""
        topic = str(message.topic)
        if message.retain or not topic.startswith(self._asked):
            return None  # a retained request would be carried out again each time we connect
        client = topic.removeprefix(self._asked)
        given = message.properties
        correlation = getattr(given, "CorrelationData", None)
        own = f"{self._answered}{client}"
        to = getattr(given, "ResponseTopic", own)
        request: RequestMessage | None = None
        try:
            if to != own and not _is_below(to, own):
                raise _refused(ErrorValue.FORBIDDEN, f"the response topic is {own}, or below it")
            request = _read(message.payload)
            principal = self._authenticate(client, given)
        except CtiError as error:
            safe = to if to == own or _is_below(to, own) else own
            return Answer(safe, self.refusal(request, error), correlation)
        body = await self._commands.carry_out(principal, request, None)
        return Answer(to, body, correlation)

    def too_many(self, message: aiomqtt.Message) -> Answer | None:
        """Refuse a request because many are under way."""
        topic = str(message.topic)
        if message.retain or not topic.startswith(self._asked):
            return None
        client = topic.removeprefix(self._asked)
        words = "too many requests are under way over MQTT"
        error = CtiError(
            ErrorCategory.SUBSCRIBED_RESOURCE_AVAILABILITY,
            ErrorValue.OUTSTANDING_REQ_LIMIT_EXCEEDED,
            words,
        )
        correlation = getattr(message.properties, "CorrelationData", None)
        return Answer(f"{self._answered}{client}", self.refusal(None, error), correlation)

    def refusal(self, request: RequestMessage | None, error: CtiError) -> bytes:
        """Write the response to a request that never came to be carried out."""
        request_id = request.id if request is not None else ""
        return write_message(
            ResponseMessage(
                id=request_id,
                service=request.service if request is not None else "",
                ok=False,
                error=problem_of(error, request_id or None, None),
                as_of=AsOf(self._log.epoch, sequence_text(self._log.last)),
            )
        )

    def _authenticate(self, client: str, given: Properties | None) -> Principal:
        """Find out who asks.

        Raises:
            CtiError: unauthenticated.
        """
        told: list[tuple[str, str]] = getattr(given, "UserProperty", [])
        for name, value in told:
            if name == TOKEN:
                # The broker does not tell where its clients are: a token with networks is refused.
                return self._authenticator.authenticate(value, f"mqtt:{client}")
        found = self._who(client)
        if found is None:
            words = f"nobody is known as the user {client!r} of the broker; or send a token"
            raise _refused(ErrorValue.UNAUTHENTICATED, words)
        return found


def _is_below(topic: Any, own: str) -> bool:  # noqa: ANN401 - what a property holds
    is_text = isinstance(topic, str)
    return is_text and topic.startswith(f"{own}/") and not ({"+", "#"} & set(topic))


def _read(payload: Any) -> RequestMessage:  # noqa: ANN401 - what the library gives
    """Read a request.

    Raises:
        CtiError: it is none.
    """
    if len(payload) > FRAME_BYTES_MAX:
        raise _refused(ErrorValue.FRAME_TOO_LARGE, f"a request has at most {FRAME_BYTES_MAX} bytes")
    try:
        message = read_message(payload)
    except msgspec.DecodeError as error:
        raise _invalid(f"not a message: {error}") from None
    if not isinstance(message, RequestMessage):
        raise _invalid("over MQTT there are requests only: there is no session")
    return message


def _refused(value: ErrorValue, detail: str) -> CtiError:
    return CtiError(ErrorCategory.CTI, value, detail)


def _invalid(detail: str) -> CtiError:
    return CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_PARAMETER_VALUE, detail)
