"""POST, GET and DELETE /webhooks: for administrators (cti-api §7.2, §7.8)."""

from __future__ import annotations

import msgspec
from litestar import Response, delete, get, post
from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from csta.errors import CtiError, ErrorCategory, ErrorValue
from ctiserver.core.principals import Principal, Scope
from ctiserver.live.http_door import Connection
from ctiserver.live.http_problems import AnyRequest
from ctiserver.live.http_services import read_object
from ctiserver.live.request_reading import bad_value
from ctiserver.live.webhooks import WebhookRequest, Webhooks


def webhook_routes(hooks: Webhooks) -> list[HTTPRouteHandler]:
    """Make the routes."""

    @post("/webhooks", status_code=201, guards=[_admins_only])
    async def add(request: AnyRequest) -> Response[bytes]:
        """Have events posted to a URL from now on."""
        params = read_object(await request.body())
        try:
            asked = msgspec.convert(params, WebhookRequest)
        except msgspec.ValidationError as error:
            raise bad_value(str(error)) from error
        state = await hooks.add(request.user, asked)
        headers = {"Location": f"/cti/v1/webhooks/{state.id}"}
        return _json(state, status=201, headers=headers)

    @get("/webhooks", guards=[_admins_only])
    async def show_all(request: AnyRequest) -> Response[bytes]:
        """Show all hooks, without their secrets."""
        return _json({"webhooks": hooks.show_all(request.user)})

    @get("/webhooks/{hook_id:str}", guards=[_admins_only])
    async def show(request: AnyRequest, hook_id: FromPath[str]) -> Response[bytes]:
        """Show one hook."""
        return _json(hooks.show(request.user, hook_id))

    @delete("/webhooks/{hook_id:str}", status_code=204, guards=[_admins_only])
    async def remove(request: AnyRequest, hook_id: FromPath[str]) -> None:
        """Remove a hook."""
        hooks.remove(request.user, hook_id)

    return [
        _methods("/webhooks", "GET, OPTIONS, POST"),
        _methods("/webhooks/{hook_id:str}", "DELETE, GET, OPTIONS"),
        add,
        show_all,
        show,
        remove,
    ]


def _methods(path: str, methods: str) -> HTTPRouteHandler:
    """Answer OPTIONS for two handlers: the framework would name the methods of the first only."""

    async def options() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": methods})

    return HTTPRouteHandler(path, http_method=HttpMethod.OPTIONS, status_code=204)(options)


def _admins_only(connection: Connection, _handler: BaseRouteHandler) -> None:
    assert isinstance(connection, ASGIConnection)
    who: Principal = connection.scope["user"]
    if not who.may(Scope.ADMIN):
        raise CtiError(
            ErrorCategory.CTI,
            ErrorValue.FORBIDDEN,
            f"{who.name} may not do this: web-hooks are for administrators",
        )


def _json(
    value: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )
