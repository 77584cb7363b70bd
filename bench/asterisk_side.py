"""One side of the comparison on a real Asterisk: what is measured, and a server to measure."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bench.asterisk_load import Load, Outcome
from csta.states import AgentState
from tests.real_asterisk.asterisk import DESKS, Asterisk

_READY_S = 60.0


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one side has shown."""

    outcome: Outcome
    stuck: int
    """Agents that are not ready 5 s after the last call."""
    calls_left: int
    handling_ms: tuple[float, ...]
    """From an event on the link's socket to the CTI event in the log, its record being safe."""


class Told(msgspec.Struct, frozen=True):
    """What the server tells of itself at the end (`asterisk_server.py`)."""

    agents: dict[str, int]
    """How many agents are in each state."""
    calls: int
    handling_ms: list[float]


class Ours:
    """A server in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, agents: int) -> None:
        """Know its process, which listens already."""
        self._process = process
        self._agents = agents
        self.pid = process.pid

    @classmethod
    @asynccontextmanager
    async def running(cls, asterisk: Asterisk, load: Load, folder: Path) -> AsyncIterator[Ours]:
        """Run one on an Asterisk while the block runs."""
        _write_files(asterisk, load, folder)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("asterisk_server.py")),
            str(folder / "offhook.yaml"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 26,
        )
        try:
            ours = cls(process, load.agents)
            await ours._hear()
            yield ours
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()

    async def let_agents_in(self) -> None:
        """Log all agents on, and let them be ready."""
        await self._ask("agents")

    async def side(self, outcome: Outcome) -> Side:
        """Give what it has come to."""
        told = msgspec.json.decode(await self._ask("tell"), type=Told)
        return Side(
            outcome=outcome,
            stuck=self._agents - told.agents.get(AgentState.READY, 0),
            calls_left=told.calls,
            handling_ms=tuple(told.handling_ms),
        )

    async def _ask(self, word: str) -> bytes:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        return await self._hear()

    async def _hear(self) -> bytes:
        assert self._process.stdout is not None
        async with asyncio.timeout(_READY_S):
            line = await self._process.stdout.readline()
        assert line, "the server has ended: its log is above"
        return line


def _write_files(asterisk: Asterisk, load: Load, folder: Path) -> None:
    agents = {"id": "D", "name": "Desk", "count": load.agents, "station": int(DESKS[0])}
    documents: dict[str, object] = {
        "plan.yaml": {
            "queues": {"desks": {"skills": {"desks": 1}}},
            "agents": [{**agents, "skills": {"desks": 5}}],
        },
        "centre.yaml": {
            "scenario": "load",
            "starts_at": "2026-11-23 08:00",
            "lasts": "4 h",
            "trunks": {"pstn": 2 * load.agents},
            "plan": "plan.yaml",
            "numbers": {"+4930100": "queue desks"},
            "callers": [{"dials": "+4930100", "per_hour": 60, "talk": "constant 1 min"}],
        },
        "offhook.yaml": {
            "server": "load",
            "centre": "centre.yaml",
            "http": {"listen": "127.0.0.1:0"},
            "log_level": "warning",
            "link": {
                "asterisk": {
                    "url": asterisk.url,
                    "user": asterisk.user,
                    "password_file": "password",
                    "application": asterisk.application,
                    "trunks": {
                        "pstn": {"endpoint": "PJSIP/trunk", "incoming": {"49": "+49", "1": "+1"}},
                    },
                }
            },
        },
        "access.yaml": {"tenant": "default", "keys": []},
    }
    for name, document in documents.items():
        (folder / name).write_bytes(msgspec.json.encode(document))
    (folder / "password").write_text(asterisk.password)
    pepper = folder / "access.pepper"
    pepper.write_text("pepper " * 8)
    pepper.chmod(0o600)
