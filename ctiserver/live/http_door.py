"""The door of the HTTP API: where a request may come from, and whose it is (cti-api §7.8)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.handlers.base import BaseRouteHandler

from csta.errors import CtiError, ErrorCategory, ErrorValue
from ctiserver.core.principals import Principal, Scope
from ctiserver.live.gate import Authenticator

Connection = ASGIConnection[Any, Any, Any, Any]

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Door:
    """Looks at every request before its handler does; nobody gets in without a token."""

    def __init__(self, authenticator: Authenticator, origins: Iterable[str] = ()) -> None:
        """Let browsers in from these origins (`https://desk.example.org`), and from no others."""
        self._authenticator = authenticator
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Door:
        """Stay the same one: Litestar copies its handlers, guards and all."""
        return self

    async def guard(self, connection: Connection, _handler: BaseRouteHandler) -> None:
        """Note who asks, as the connection's user: by a token, or as an agent by a password.

        Raises:
            CtiError: the origin is not allowed, or the header is missing or nobody's.
        """
        self.check_origin(connection.headers)
        authorization = connection.headers.get("authorization")
        if authorization is None:
            raise CtiError(
                ErrorCategory.CTI,
                ErrorValue.UNAUTHENTICATED,
                "send a token: Authorization: Bearer <API key or JWT>",
            )
        who = await self._authenticator.of_header(authorization, address_of(connection))
        connection.scope["user"] = who

    def check_origin(self, headers: Headers) -> None:
        """Refuse a browser's page that is not ours; programs send no origin.

        Raises:
            CtiError: forbidden.
        """
        origin = headers.get("origin")
        if origin is not None and origin.rstrip("/").lower() not in self._origins:
            raise CtiError(
                ErrorCategory.CTI, ErrorValue.FORBIDDEN, "pages of this origin are not allowed here"
            )

    def check_no_query(self, query: bytes) -> None:
        """Refuse a query string where none belongs: somebody might put a token there.

        Raises:
            CtiError: forbidden.
        """
        if query:
            raise self.refusal("nothing stands behind the path: tokens do not belong in URLs")

    def refusal(self, detail: str) -> CtiError:
        """Make a refusal."""
        return CtiError(ErrorCategory.CTI, ErrorValue.FORBIDDEN, detail)

    async def operator_guard(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Let in who is on this machine, and administrators.

        Raises:
            CtiError: neither.
        """
        if is_local(connection) and token_of(connection.headers) is None:
            self.check_origin(connection.headers)
            return
        await self.guard(connection, handler)
        who: Principal = connection.scope["user"]
        if not who.may(Scope.ADMIN):
            raise CtiError(ErrorCategory.CTI, ErrorValue.FORBIDDEN, f"{who.name} is no admin")


def token_of(headers: Headers) -> str | None:
    """Give the bearer token of a request; a token is never looked for in the URL."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def address_of(connection: Connection) -> str:
    """Give the address that a request comes from."""
    return connection.client.host if connection.client is not None else ""


def is_local(connection: Connection) -> bool:
    """Tell whether a request comes from this machine, and not through a proxy on it."""
    if any(name in connection.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(address_of(connection)).is_loopback
    except ValueError:
        return False
