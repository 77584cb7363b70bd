"""What HTTP answers when it does not answer 200: RFC 9457 problems, and nothing of the inside."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from csta.errors import CtiError, ErrorCategory, ErrorValue, Outcome
from csta.problems import Problem, problem_of
from ctiserver.core.messages import FRAME_BYTES_MAX

PROBLEM_JSON = "application/problem+json"
_WHO_ASKS, _NOT_FOUND, _NOT_ALLOWED, _TOO_LARGE, _OUR_FAULT = 401, 404, 405, 413, 500
_log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, Any]


def problem_response(
    error: CtiError, request_id: str | None, link_id: str | None
) -> Response[bytes]:
    """Answer a refusal."""
    return written(problem_of(error, request_id, link_id))


def written(problem: Problem) -> Response[bytes]:
    """Answer a problem, with the headers that go with its status."""
    headers = {}
    if problem.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, -(-problem.retry_after_ms // 1_000)))
    if problem.status == _WHO_ASKS:
        headers["WWW-Authenticate"] = 'Bearer realm="cti"'
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def on_refusal(request: AnyRequest, error: CtiError) -> Response[bytes]:
    """Answer a refusal that a handler raises."""
    return problem_response(error, request.headers.get("X-Request-ID"), None)


def on_http_exception(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses: no such path, no such method, too long, not readable."""
    status = error.status_code
    path = request.url.path
    if status == _TOO_LARGE:
        detail = f"a body may have {FRAME_BYTES_MAX} bytes"
        return _plain(status, ErrorValue.FRAME_TOO_LARGE, detail)
    if status == _NOT_FOUND:
        return _plain(status, ErrorValue.OBJECT_NOT_KNOWN, f"there is nothing at {path}")
    if status == _NOT_ALLOWED:
        detail = f"{request.method} is not possible at {path}"
        answer = _plain(status, ErrorValue.REQUEST_INCOMPATIBLE_WITH_OBJECT, detail)
        for name, methods in (error.headers or {}).items():
            if name.lower() == "allow":  # the framework writes it in small letters
                answer.set_header("Allow", methods)
        return answer
    if status >= _OUR_FAULT:
        return on_fault(request, error)
    return _plain(status, ErrorValue.INVALID_PARAMETER_VALUE, "the request cannot be read")


def on_fault(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer what should never happen; the log has the rest."""
    _log.error("request failed", path=request.url.path, exc_info=error)
    return our_fault()


def our_fault() -> Response[bytes]:
    """Say that the server has failed, and no more."""
    return written(
        Problem(
            type="urn:cti:error:unspecified:resourceOutOfService",
            title="The server has failed on this request",
            status=_OUR_FAULT,
            category=ErrorCategory.UNSPECIFIED,
            value=ErrorValue.RESOURCE_OUT_OF_SERVICE,
            detail="it has noted why; look at the state before you try again",
            outcome=Outcome.UNKNOWN,
            retryable=False,
        )
    )


def _plain(status: int, value: ErrorValue, detail: str) -> Response[bytes]:
    category = ErrorCategory.CTI if value is ErrorValue.FRAME_TOO_LARGE else ErrorCategory.OPERATION
    problem = problem_of(CtiError(category, value, detail), None, None)
    return written(msgspec.structs.replace(problem, status=status))
