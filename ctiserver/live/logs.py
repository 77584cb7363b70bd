"""Logs of the server: one JSON object a line, on standard error, without secrets.

Ids may stand in them, numbers and what people wrote may not. What libraries log through Python's
own logging comes out in the same form.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import IO, Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN = "***"
_SECRET_WORDS = ("authorization", "cookie", "digits", "password", "pepper", "secret", "token")
_DEPTH_MAX = 5
_TEXT_MAX = 2_000
_LIBRARIES = {"httpx": "WARNING", "httpcore": "WARNING", "uvicorn.access": "WARNING"}
"""Libraries that say too much: httpx logs each URL."""


def set_up_logs(
    level: str = "INFO", *, to: IO[str] | None = None, for_people: bool = False
) -> None:
    """Let everything log to a stream; `for_people` writes lines to read instead of JSON."""
    stream = to or sys.stderr
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if for_people
        else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, quieter in _LIBRARIES.items():
        logging.getLogger(name).setLevel(quieter)
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide members whose names say that they are secret, and cut what is too long."""
    for name, value in list(event.items()):
        event[name] = _shown(name, value, 0)
    return event


def _shown(name: str, value: Any, depth: int) -> Any:  # noqa: ANN401 - anything may be logged
    if any(word in name.lower() for word in _SECRET_WORDS):
        return _HIDDEN
    if depth > _DEPTH_MAX:
        return "…"
    if isinstance(value, str):
        return value if len(value) <= _TEXT_MAX else f"{value[:_TEXT_MAX]}…"
    if isinstance(value, MutableMapping):
        return {str(key): _shown(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown("", inner, depth + 1) for inner in value]
    return value
