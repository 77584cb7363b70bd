"""Keeps snapshots of the engine fresh: each is made by a process of its own, one at a time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from ctiserver.live.engine_snapshot import SnapshotResult

RECORDS = 50_000
EVERY_S = 60.0
_LOOK_S = 1.0
_MAKING_S_MAX = 600.0

_log = structlog.get_logger(__name__)


class SnapshotKeeper:
    """Has a snapshot made every 60 s in which anything has happened, and every 50,000 records."""

    def __init__(
        self,
        journal: Path,
        records: Callable[[], int],
        *,
        replayed: int = 0,
        every_records: int = RECORDS,
        every_s: float = EVERY_S,
    ) -> None:
        """Follow a journal; `records` tells how many it has.

        `replayed` of them were gone through at the start: they count as new, so that a server that
        never lives for long does not go through more of them each time.
        """
        self._journal = journal
        self._records = records
        self._every_records = every_records
        self._every_s = every_s
        self._made_n = records() - replayed
        self._made_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self.last: SnapshotResult | None = None
        """What has come of the latest."""

    def start(self) -> None:
        """Begin on the running loop."""
        loop = asyncio.get_running_loop()
        self._made_at = loop.time()
        self._task = loop.create_task(self._run())

    async def stop(self, within_s: float = 30.0) -> None:
        """Make a last one of what is new: to be called when the journal is written to no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._records() > self._made_n:
            await self.make(within_s)

    async def make(self, within_s: float = _MAKING_S_MAX) -> SnapshotResult:
        """Make a snapshot now; a problem is logged, and is no reason to stop anything."""
        self._made_n, self._made_at = self._records(), asyncio.get_running_loop().time()
        self.last = result = await _make(self._journal, within_s)
        if result.problem is not None:
            _log.error("snapshot.not_made", problem=result.problem)
        else:
            _log.debug("snapshot.made", n=result.n, replayed=result.replayed)
        return result

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(_LOOK_S, self._every_s))
            fresh = self._records() - self._made_n
            late = loop.time() - self._made_at >= self._every_s
            if fresh >= self._every_records or (fresh and late):
                await self.make()


async def _make(journal: Path, within_s: float) -> SnapshotResult:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ctiserver.live.engine_snapshot",
        str(journal),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        told, log = await asyncio.wait_for(process.communicate(), within_s)
    except TimeoutError:
        return SnapshotResult(n=None, problem=f"it was not ready within {within_s:g} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        return msgspec.json.decode(told, type=SnapshotResult)
    except msgspec.DecodeError:
        tail = log.decode(errors="replace").strip()[-500:]
        return SnapshotResult(n=None, problem=f"exit {process.returncode}: {tail}")
