"""What the server logs: one JSON object a line, and no secrets."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog

from ctiserver.live.logs import set_up_logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    lines = io.StringIO()
    set_up_logs(to=lines)
    yield lines
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_time_and_level(stream: io.StringIO) -> None:
    structlog.get_logger("offhook").info("call began", call="c-1")
    (line,) = read(stream)
    assert (line["event"], line["call"], line["level"]) == ("call began", "c-1", "info")
    assert line["timestamp"].endswith("Z")


def test_libraries_log_in_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("took %d s", 3)
    (line,) = read(stream)
    assert (line["event"], line["logger"]) == ("took 3 s", "uvicorn.error")
    logging.getLogger("httpx").info("GET https://hook.example/?key=1")
    assert len(read(stream)) == 1


def test_secrets_are_not_logged_however_deep_they_lie(stream: io.StringIO) -> None:
    deep: dict[str, Any] = {"name": "anna", "password": "x"}
    for _ in range(10):
        deep = {"inner": deep}
    structlog.get_logger().info("asked", token="t0p", params={"pinDigits": "1234"}, deep=deep)  # noqa: S106 - a test's
    (line,) = read(stream)
    assert (line["token"], line["params"]) == ("***", {"pinDigits": "***"})
    assert "anna" not in stream.getvalue()


def test_a_line_cannot_be_forged_and_is_not_endless(stream: io.StringIO) -> None:
    structlog.get_logger().info("caller", name='x\n{"event":"forged"}', text="y" * 100_000)
    (line,) = read(stream)
    assert line["name"].startswith("x\n")
    assert len(line["text"]) < 3_000


def test_a_fault_is_logged_with_its_trace(stream: io.StringIO) -> None:
    try:
        raise OSError("disk full")  # noqa: TRY301 - what is logged
    except OSError:
        structlog.get_logger().exception("write failed")
    (line,) = read(stream)
    assert "OSError: disk full" in line["exception"]


def test_people_can_read_it_too() -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    lines = io.StringIO()
    set_up_logs(to=lines, for_people=True)
    structlog.get_logger().info("call began", call="c-1")
    root.handlers[:] = before
    structlog.reset_defaults()
    assert "call began" in lines.getvalue()
