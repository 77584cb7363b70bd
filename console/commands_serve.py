"""`offhook serve`: a centre and its CTI server, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import structlog

from console.faults import FailedError
from ctiserver.core.journal import JournalError
from ctiserver.live.collector import calm_collector
from ctiserver.live.journal_database import StoreError
from ctiserver.live.logs import set_up_logs
from scenarios.served_centre import ServedCentre, served_centre
from scenarios.server_file import LogFormat, ServerFile, load_server_file

_log = structlog.get_logger(__name__)


def run_serve(config: Path, *, embedded_broker: bool = False) -> int:
    """Serve until SIGTERM or SIGINT; then take nothing new, let all become safe, and end.

    Raises:
        ConfigError: a file has a fault.
        FailedError: the journal cannot be had, or cannot be gone on with.
    """
    server = load_server_file(config)
    if embedded_broker:
        server = server.with_embedded_broker()
    people = server.log_format is LogFormat.CONSOLE or (
        server.log_format is LogFormat.AUTO and sys.stderr.isatty()
    )
    set_up_logs(server.log_level.value.upper(), for_people=people)
    try:
        _run(_serve(server))
    except StoreError as fault:
        raise FailedError(
            str(fault), str(server.data), "stop the other server, or see docs/server.md"
        ) from fault
    except JournalError as fault:
        where = str(server.data / "journal.db")
        raise FailedError(str(fault), where, "the backup, or another data folder") from fault
    return 0


async def _serve(server: ServerFile) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with served_centre(server) as centre:
        calm_collector()
        _tell(centre)
        await stop.wait()
        _log.info("server.stopping")
    _log.info("server.stopped")


def _tell(centre: ServedCentre) -> None:
    """Say where the server can be reached: on stdout, for people and for scripts."""
    host, port = centre.http
    scheme = "https" if centre.server.http.certificate else "http"
    sys.stdout.write(f"offhook: {centre.server.name} at {scheme}://{host}:{port}/cti/v1\n")
    if centre.zmq is not None:
        sys.stdout.write("ZeroMQ: requests at {}, events at {}\n".format(*centre.zmq))
    sys.stdout.flush()


def _run(main: object) -> None:
    assert asyncio.iscoroutine(main)
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)
