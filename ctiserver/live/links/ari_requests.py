"""REST requests to Asterisk and its replies, as values: nothing is sent here."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import msgspec
import structlog

_log = structlog.get_logger("offhook.link")


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """One REST request; `path` is what follows `/ari/`, quoted where it must be."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    query: dict[str, str] = {}
    body: dict[str, Any] | None = None


class Reply(msgspec.Struct, frozen=True):
    """What came of a request; status 0 when the connection was lost before an answer came."""

    status: int
    body: Any = None

    @property
    def is_ok(self) -> bool:
        """Tell whether Asterisk did as it was asked to."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


Send: TypeAlias = Callable[[Request, Callable[[Reply], None] | None], None]
"""Sends a request, and later tells the reply to the function; None: the reply does not matter."""


def path_of(*parts: str) -> str:
    """Give the path of these parts, each of which is quoted."""
    return "/".join(quote(part, safe="") for part in parts)


def guarded(tell: Callable[[Any], None] | None, what: Any) -> None:  # noqa: ANN401 - any message
    """Tell it; a fault in what is done with it must not end the connection of all other calls."""
    if tell is None:
        return
    try:
        tell(what)
    except Exception:  # noqa: BLE001 - one fault must not end all other calls
        _log.exception("link.fault", heard=str(what)[:500])
