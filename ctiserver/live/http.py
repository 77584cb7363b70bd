"""The HTTP API of the server, put together: /cti/v1, /healthz and /metrics (cti-api §7.2).

Every request has to pass the door; every answer that is not a success is a problem (RFC 9457).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.config.cors import CORSConfig
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.internal_types import ControllerRouterHandler

from csta.errors import CtiError
from csta.instants import Instant
from ctiserver.core.messages import FRAME_BYTES_MAX
from ctiserver.live.commands import CommandDesk
from ctiserver.live.event_reader import EventReader
from ctiserver.live.gate import Authenticator
from ctiserver.live.health import Health
from ctiserver.live.http_door import Door
from ctiserver.live.http_events import event_routes
from ctiserver.live.http_problems import on_fault, on_http_exception, on_refusal, our_fault
from ctiserver.live.http_services import service_routes
from ctiserver.live.http_state import StateReader, capability_route, state_routes
from ctiserver.live.http_webhooks import webhook_routes
from ctiserver.live.metrics import CONTENT_TYPE, Metrics
from ctiserver.live.webhooks import Webhooks

ROOT = "/cti/v1"

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


_REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "Last-Event-ID",
    "Prefer",
    "X-Request-ID",
)


class HttpParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the HTTP API speaks for; `more` are handlers of other parts, under the same root."""

    authenticator: Authenticator
    commands: CommandDesk
    reader: EventReader
    state: StateReader
    webhooks: Webhooks
    health: Health
    metrics: Metrics
    now: Callable[[], Instant]
    origins: tuple[str, ...] = ()
    documents: dict[str, Callable[[], bytes]] = {}
    """JSON documents that everybody may read, by their names (`openapi.json`)."""
    more: Sequence[ControllerRouterHandler] = ()


def http_app(parts: HttpParts) -> ASGIApp:
    """Make the application."""
    door = Door(parts.authenticator, parts.origins)
    inside = Router(
        ROOT,
        guards=[door.guard],
        route_handlers=[
            service_routes(parts.commands),
            *event_routes(parts.reader, parts.now),
            *state_routes(parts.state),
            capability_route(parts.commands, lambda: f"http-{secrets.token_hex(8)}"),
            *webhook_routes(parts.webhooks),
        ],
    )
    app = Litestar(
        route_handlers=[
            inside,
            Router(ROOT, route_handlers=[*_document_routes(parts.documents), *parts.more]),
            *_operator_routes(parts.health, parts.metrics, door),
        ],
        openapi_config=None,
        logging_config=None,
        debug=False,
        request_max_body_size=FRAME_BYTES_MAX,
        cors_config=_cross_origin(parts.origins),
        exception_handlers={
            CtiError: on_refusal,
            HTTPException: on_http_exception,
            Exception: on_fault,
        },
    )
    return _Outermost(app)


def _cross_origin(origins: tuple[str, ...]) -> CORSConfig | None:
    """Let pages of these origins read answers; without any, no page of another origin can."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=list(_REQUEST_HEADERS),
        expose_headers=["Idempotency-Replayed", "Retry-After", "X-Request-ID"],
    )


def _operator_routes(health: Health, metrics: Metrics, door: Door) -> list[HTTPRouteHandler]:
    @get("/healthz")
    async def healthz() -> Response[bytes]:
        """Tell whether the server works: 200, or 503 when a part that it needs does not."""
        report = health.report()
        return Response(
            msgspec.json.encode(report),
            status_code=503 if report.status == "failed" else 200,
            media_type="application/json",
        )

    @get("/metrics", guards=[door.operator_guard])
    async def figures() -> Response[bytes]:
        """Give all figures."""
        return Response(metrics.written(), media_type=CONTENT_TYPE)

    return [healthz, figures]


def _document_routes(documents: dict[str, Callable[[], bytes]]) -> list[HTTPRouteHandler]:
    return [_document_route(name, make) for name, make in documents.items()]


def _document_route(name: str, make: Callable[[], bytes]) -> HTTPRouteHandler:
    written: list[bytes] = []

    async def document() -> Response[bytes]:
        if not written:
            written.append(make())
        return Response(written[0], media_type="application/json")

    return get(f"/{name}", name=name)(document)


class _Outermost:
    """Puts the security headers on every answer, and answers when all else has failed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = False

        async def send_with_headers(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = list(message["headers"])
                known = {name.lower() for name, _ in headers}
                headers += [header for header in _HEADERS if header[0] not in known]
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:  # the last resort: the framework itself has failed
            if began:
                raise
            answer = our_fault()
            await send_with_headers(
                {
                    "type": "http.response.start",
                    "status": answer.status_code or 500,
                    "headers": [(b"content-type", b"application/problem+json")],
                }
            )
            body = answer.content
            await send({"type": "http.response.body", "body": body, "more_body": False})
