"""The checks of `offhook doctor`: each looks at one thing, says how it is and what to do."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from console.checkup_asterisk import look_at_asterisk
from console.looks import Health, Look
from csta.errors import ConfigError
from ctiserver.live.links.ari_config import AriConfig
from scenarios.scenario import load_scenario
from scenarios.server_file import Place, ServerFile, load_server_file

_CONNECT_S = 2.0
_FREE_MIN = 256 * 1024 * 1024
_COLUMNS_MIN = 100
_WAL_RESET_MENDED = (3, 51, 3)


def look_at_everything(config: Path | None) -> Iterator[Look]:
    """Look at the machine, and at a server's configuration when there is one."""
    yield _python()
    yield _sqlite()
    yield _terminal()
    if config is None:
        return
    try:
        server = load_server_file(config)
    except ConfigError as fault:
        yield Look("configuration", Health.ILL, str(fault).splitlines()[0], fault.remedy)
        return
    yield Look("configuration", Health.WELL, f"{config} can be read")
    for check in _OF_A_SERVER:
        yield from check(server)


def _python() -> Look:
    version = ".".join(map(str, sys.version_info[:3]))
    return Look("python", Health.WELL, f"Python {version}")


def _sqlite() -> Look:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _WAL_RESET_MENDED:
        return Look(
            "sqlite",
            Health.WELL,
            f"SQLite {version}; its WAL-reset fault (mended in 3.51.3) cannot show itself here: "
            "one connection writes and checkpoints",
        )
    return Look("sqlite", Health.WELL, f"SQLite {version}")


def _terminal() -> Look:
    if not sys.stdout.isatty():
        return Look("terminal", Health.WELL, "none: commands write plain text")
    columns = shutil.get_terminal_size().columns
    encoding = (sys.stdout.encoding or "").lower()
    if "utf" not in encoding:
        return Look("terminal", Health.WARNING, f"it speaks {encoding}", "export LANG=C.UTF-8")
    if columns < _COLUMNS_MIN:
        says = f"{columns} columns; boards want {_COLUMNS_MIN}"
        return Look("terminal", Health.WARNING, says, "make the window wider")
    return Look("terminal", Health.WELL, f"{columns} columns, {os.environ.get('TERM', '?')}")


def _centre(server: ServerFile) -> Iterator[Look]:
    scenario = None
    try:
        scenario = load_scenario(server.centre)
    except ConfigError as fault:
        yield Look("centre", Health.ILL, str(fault).splitlines()[0], fault.remedy)
    if scenario is not None:
        engine = scenario.engine
        says = f"{len(engine.acd.queues)} queues, {len(engine.agents)} agents"
        yield Look("centre", Health.WELL, f"{scenario.name}: {says}")
    if isinstance(server.link, AriConfig):
        yield from look_at_asterisk(server.link, scenario)


def _access(server: ServerFile) -> Iterator[Look]:
    name = server.access.name
    if not server.access.is_file():
        mend = f"offhook key add me --role admin --access {server.access}"
        yield Look("access", Health.WARNING, f"there is no {name}: nobody can come in", mend)
        return
    mode = server.access.stat().st_mode
    if mode & 0o077:
        mend = f"chmod 600 {server.access}"
        yield Look("access", Health.WARNING, f"others on this machine can read {name}", mend)
        return
    yield Look("access", Health.WELL, f"{name} is there, and private")


def _data(server: ServerFile) -> Iterator[Look]:
    folder = server.data
    above = folder
    while not above.exists():
        above = above.parent
    if not os.access(above, os.W_OK):
        yield Look("data", Health.ILL, f"{folder} cannot be written", f"chown or chmod {above}")
        return
    free = shutil.disk_usage(above).free
    if free < _FREE_MIN:
        says = f"{free // 1024 // 1024} MiB are free for the journal"
        yield Look("data", Health.WARNING, says, "make room on the disk")
    else:
        yield Look("data", Health.WELL, f"{folder}: {free // 1024 // 1024} MiB free")
    for path in sorted(folder.glob("*.db")) if folder.is_dir() else ():
        yield _database(path)


def _database(path: Path) -> Look:
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            answer = connection.execute("PRAGMA quick_check").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as fault:
        return Look("database", Health.ILL, f"{path.name}: {fault}", "the last backup of data")
    if answer != "ok":
        return Look("database", Health.ILL, f"{path.name}: {answer}", "the last backup of data")
    return Look("database", Health.WELL, f"{path.name} is whole")


def _ports(server: ServerFile) -> Iterator[Look]:
    yield _free("http", server.http.listen)
    if server.zmq is not None:
        yield _free("zmq requests", server.zmq.requests)
        yield _free("zmq events", server.zmq.events)
    if server.mqtt is not None:
        if server.mqtt.embedded:
            yield _free("mqtt", server.mqtt.broker)
        else:
            yield _reached("mqtt", server.mqtt.broker, "start the broker")
    if isinstance(server.link, Place):
        yield _reached("pbx", server.link, f"offhook pbx {server.centre} --listen {server.link}")


def _free(what: str, place: Place) -> Look:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((place.host.strip("[]"), place.port))
        except OSError as fault:
            mend = "another port, or stop who has it (is this server running already?)"
            return Look(what, Health.ILL, f"{place}: {fault.strerror or fault}", mend)
    return Look(what, Health.WELL, f"{place} is free")


def _reached(what: str, place: Place, mend: str) -> Look:
    try:
        with socket.create_connection((place.host.strip("[]"), place.port), timeout=_CONNECT_S):
            return Look(what, Health.WELL, f"{place} answers")
    except OSError as fault:
        return Look(what, Health.ILL, f"{place}: {fault.strerror or fault}", mend)


_OF_A_SERVER: tuple[Callable[[ServerFile], Iterator[Look]], ...] = (
    _centre,
    _access,
    _data,
    _ports,
)
