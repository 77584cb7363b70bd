"""`offhook serve` and `offhook pbx` as processes of their own, in a folder of the test's.

They listen on free ports, and say on stdout which: a server that comes back after `kill -9` has
another port, so clients ask `Server.address` each time they connect.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from ctiserver.core.principals import Role
from ctiserver.live.api_keys import new_key
from ctiserver.live.secret import Secret
from tests.repository import ROOT

READY_S = 60.0
"""How long a process may take to listen, on a busy machine, with a journal to replay."""
_PEPPER = "pepper " * 8
OFFHOOK = "import sys; from console.cli import main; sys.exit(main())"


class Process:
    """One process: started, heard on stdout for where it listens, ended by a signal."""

    def __init__(self, *arguments: str, log: Path, says: str) -> None:
        """Know the command; its stderr is added to `log`, `says` finds the address in a line."""
        self.address = ""
        self._arguments = arguments
        self._log = log
        self._says = re.compile(says)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                OFFHOOK,
                *self._arguments,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_S):
            line = (await self._process.stdout.readline()).decode()
        found = self._says.search(line)
        assert found, f"{self._arguments[0]} said {line!r}; its log: {self.log()[-3_000:]}"
        self.address = found[1]

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "it was never started"
        return self._process.pid

    async def kill(self) -> None:
        """End it as `kill -9` does, and wait until it is gone."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end, and give its exit code; who does not end in time is killed."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(READY_S):
                return await self._process.wait()
        finally:
            await self.kill()

    def log(self) -> str:
        """Read what it has said on stderr."""
        return self._log.read_text("utf-8", errors="replace")


class Keys:
    """The access file of a test: one key for each name."""

    def __init__(self, path: Path) -> None:
        """Begin with no key."""
        self._path = path
        self._entries: list[dict[str, str]] = []
        (path.parent / "access.pepper").write_text(_PEPPER)
        (path.parent / "access.pepper").chmod(0o600)
        self._write()

    def add(self, name: str, role: Role = Role.ADMIN) -> str:
        """Add a key, and give it; before the server starts."""
        key, key_id, digest = new_key(Secret(_PEPPER.strip()))
        self._entries.append({"name": name, "id": key_id, "hash": digest, "role": role.value})
        self._write()
        return key.reveal()

    def _write(self) -> None:
        # JSON is YAML.
        document = {"tenant": "default", "keys": self._entries}
        self._path.write_bytes(msgspec.json.encode(document))


class Folder:
    """A server's folder: the centre, who may come in, the data."""

    def __init__(self, path: Path, centre: str) -> None:
        """Write the centre's file."""
        self.path = path
        self.centre = path / "centre.yaml"
        self.centre.write_text(centre, "utf-8")
        self.keys = Keys(path / "access.yaml")
        self.journal = path / "data" / "journal.db"

    def pbx(self) -> Process:
        """Give the process of the switch."""
        return Process(
            *("pbx", str(self.centre), "--listen", "127.0.0.1:0"),
            log=self.path / "pbx.log",
            says=r"listening at (\S+)",
        )

    def server(self, **more: Any) -> Process:
        """Give the process of the server; `more` is added to its file."""
        file = self.path / "offhook.yaml"
        document = {
            "server": "test",
            "centre": "centre.yaml",
            "data": "data",
            "access": "access.yaml",
            "http": {"listen": "127.0.0.1:0"},
            "log_format": "json",
            "log_level": "warning",
            **more,
        }
        file.write_bytes(msgspec.json.encode(document))
        return Process(
            *("serve", "--config", str(file)),
            log=self.path / "server.log",
            says=r"https?://(\S+)/cti/v1",
        )


@asynccontextmanager
async def running(*processes: Process) -> AsyncIterator[None]:
    """Start processes, in this order, and leave none of them behind."""
    try:
        for process in processes:
            await process.start()
        yield
    finally:
        for process in reversed(processes):
            await process.kill()


class People:
    """Lets people act at a switch in another process (`switch_sim.acts`)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk on a connection that is there."""
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    async def act(self, name: str, /, **what: Any) -> Any:  # noqa: ANN401 - each act has its answer
        """Let somebody act, and give what is answered."""
        async with self._turn:
            self._writer.write(msgspec.json.encode({"act": name, **what}) + b"\n")
            answer = msgspec.json.decode(await self._reader.readline())
        assert "error" not in answer, answer
        return answer["result"]


@asynccontextmanager
async def people_at(pbx: Process) -> AsyncIterator[People]:
    """Reach the people of a switch."""
    host, _, port = pbx.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 26)
    try:
        yield People(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
