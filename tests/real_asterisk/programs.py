"""Programs that tests start beside them: each has a log, and none outlives the tests.

The kernel ends a program when the thread that started it ends (`prctl(PR_SET_PDEATHSIG)`, set by
util-linux's setpriv): a test run that is killed leaves no telephone ringing.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
import subprocess
from pathlib import Path

LIMIT_S = 30.0
"""How long anything may take that should take a moment, on a busy machine."""
TIED = ("setpriv", "--pdeathsig", "KILL")
"""What a command begins with that is to end when we do."""

_blocks = itertools.count(20_000, 40)


def ports() -> int:
    """Give the first of 40 ports that no test of this run has used.

    Fresh ones each time: for 32 s after a call that was cut off, both sides send again.
    """
    return next(_blocks)


def free_network() -> tuple[socket.socket, int]:
    """Give the N of loopback addresses 127.0.N.x that no other run has, while the socket lives."""
    for number in range(20, 250):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"127.0.{number}.254", 5060))
        except OSError:
            claim.close()
            continue
        return claim, number
    raise RuntimeError("every network from 127.0.20.x to 127.0.249.x is taken")


class Program:
    """One program under way."""

    def __init__(self, command: tuple[str, ...], log: Path, folder: Path | None = None) -> None:
        """Start it, in this thread; what it says goes to `log`."""
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def said(self) -> str:
        """Give the end of its log."""
        return self.log.read_text("utf-8", errors="replace")[-3_000:]

    def press(self, keys: str) -> None:
        """Type on its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(keys.encode())
        self._process.stdin.flush()

    async def ended(self, limit_s: float = LIMIT_S) -> int:
        """Wait until it ends, and give its exit code."""
        async with asyncio.timeout(limit_s):
            while (code := self.code) is None:  # noqa: ASYNC110 - a state of another process
                await asyncio.sleep(0.02)
        return code

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; who does not end in time is killed. Fine when it has ended."""
        self._process.send_signal(how)
        try:
            await self.ended(5)
        except TimeoutError:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
