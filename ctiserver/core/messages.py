"""The messages of the CTI API, the same JSON on every transport (cti-api §7.2, §7.3).

Events are not here: their frames are put together of bytes that are encoded once (`event_frame`).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from csta.ids import wire_name
from csta.instants import Milliseconds
from csta.problems import Problem
from csta.replies import AsOf

FRAME_BYTES_MAX = 64 * 1024
"""The longest frame that a client may send."""
SESSION_SECONDS = 600
HEARTBEAT_SECONDS = 15


class Message(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename=wire_name,
    omit_defaults=True,
    tag_field="kind",
):
    """One frame; `kind` tells which. Clients ignore members that they do not know."""


# From the client.


class ClientInfo(msgspec.Struct, frozen=True, rename=wire_name, omit_defaults=True):
    """What program the client is."""

    name: str = ""
    version: str = ""


class ResumePoint(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """Where a client stood when its connection was lost: the last sequence that it has."""

    session_id: str
    epoch: str
    after: str


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """The first frame of a connection (ECMA-354 StartApplicationSession)."""

    token: str | None = None
    client: ClientInfo | None = None
    role: str | None = None
    resume: ResumePoint | None = None
    session_duration: int = SESSION_SECONDS
    max_queue: int | None = None


class RequestMessage(Message, frozen=True, kw_only=True, tag="request"):
    """Ask for a service. `wait_for` is `completed` or nothing; `timeout_ms` at most 30 000."""

    id: str
    service: str
    params: dict[str, Any] = {}
    idempotency_key: str | None = None
    deadline: str | None = None
    traceparent: str | None = None
    wait_for: Literal["completed"] | None = None
    timeout_ms: Milliseconds | None = None
    ignore_unsupported_parameters: bool = False


class ClientResponse(Message, frozen=True, kw_only=True, tag="response"):
    """Answer a `serverRequest`: `service` is RouteSelect, RouteReject or RouteEnd."""

    id: str
    service: str
    params: dict[str, Any] = {}


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Are you there? From the server with its last sequence."""

    sequence: str | None = None


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """I am."""

    sequence: str | None = None


class Reauth(Message, frozen=True, kw_only=True, tag="reauth"):
    """A fresh token, in band."""

    token: str


class Goodbye(Message, frozen=True, kw_only=True, tag="goodbye"):
    """The connection ends, from either side."""

    code: int = 4000
    reason: str = ""
    retry_after_ms: Milliseconds | None = None


ClientMessage: TypeAlias = Hello | RequestMessage | ClientResponse | Ping | Pong | Reauth | Goodbye
"""What a client may send."""


# From the server.


class ReplayWindow(msgspec.Struct, frozen=True, kw_only=True, rename=wire_name):
    """How far back a session can be resumed."""

    from_sequence: str = msgspec.field(name="from")
    seconds: int
    events: int


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """The answer to `hello`."""

    session_id: str
    epoch: str
    sequence: str
    server_time: str
    capabilities_ref: str = "/cti/v1/capabilities"
    session_duration: int = SESSION_SECONDS
    heartbeat_seconds: int = HEARTBEAT_SECONDS
    replay_window: ReplayWindow


class Resumed(Message, frozen=True, kw_only=True, tag="resumed"):
    """The events `from` to `to` follow, `count` of them concern this session; then `live`."""

    from_sequence: str = msgspec.field(name="from")
    to_sequence: str = msgspec.field(name="to")
    count: int


class Resync(Message, frozen=True, kw_only=True, tag="resync"):
    """Resuming is not possible; whole snapshots of all monitors follow, then `live`."""

    reason: Literal["epochChanged", "tooOld", "sessionExpired", "filterLost"]


class SnapshotBegin(Message, frozen=True, kw_only=True, tag="snapshotBegin"):
    """The state that a monitor begins with follows."""

    monitor_cross_ref_id: str
    as_of: AsOf


class SnapshotItem(Message, frozen=True, kw_only=True, tag="snapshotItem"):
    """One call, agent, device, queue or link, as it is."""

    monitor_cross_ref_id: str
    item: msgspec.Raw
    """`{"class": "call"|"agent"|"device"|"acd"|"link", "id": …, …}`: see `snapshots`."""


class SnapshotEnd(Message, frozen=True, kw_only=True, tag="snapshotEnd"):
    """That was all of it."""

    monitor_cross_ref_id: str
    as_of: AsOf


class Live(Message, frozen=True, kw_only=True, tag="live"):
    """From here on events come as they happen."""


class ReauthRequired(Message, frozen=True, kw_only=True, tag="reauthRequired"):
    """The token will expire."""

    in_seconds: int = 60


class ServerRequest(Message, frozen=True, kw_only=True, tag="serverRequest"):
    """The server asks: RouteRequest, ReRoute; or tells: RouteUsed, RouteEnd (no answer wanted)."""

    id: str
    service: str
    params: msgspec.Raw
    reply_timeout_ms: Milliseconds | None = None


class ResponseMessage(Message, frozen=True, kw_only=True, tag="response"):
    """The answer to a request: `result` or `error`, and the place in the log that it stands at."""

    id: str
    service: str
    ok: bool
    result: Any = msgspec.UNSET
    error: Problem | msgspec.UnsetType = msgspec.UNSET
    as_of: AsOf
    replayed: bool = False


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)


def read_message(frame: bytes | str) -> ClientMessage:
    """Read what a client has sent.

    Raises:
        msgspec.DecodeError: it is no message; `msgspec.ValidationError` when a member is wrong.
    """
    return _decoder.decode(frame)


def write_message(message: Message) -> bytes:
    """Write what goes to a client."""
    return _encoder.encode(message)


def event_frame(n: int, monitors: bytes, envelope: bytes) -> bytes:
    """Put an event's frame together; `monitors` is the JSON array of the monitors it matches."""
    return b'{"kind":"event","n":%d,"monitorCrossRefIDs":%s,"event":%s}' % (n, monitors, envelope)


def sequence_text(sequence: int) -> str:
    """Write a sequence: 16 digits, so that it sorts as text."""
    return f"{sequence:016}"
