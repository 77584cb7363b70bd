"""What a session costs in memory: a connected client that watches its own agent."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sys
from pathlib import Path

import msgspec

from bench.busy_centre import plan_of
from bench.crowd import Crowd, Guests, Talk
from bench.figures import Measured
from bench.open_files import raise_limit
from bench.serving import QuietHost, Served, run
from ctiserver.core.engine import Engine

_FIRST = 50
"""So many come before it is counted: what all share is there then."""


def measure(*, sessions: int, seed: int) -> dict[str, Measured]:
    """Give the resident memory of the process, in MiB: with few sessions and with so many."""
    del seed
    raise_limit()
    return run(_measure(sessions))


async def _measure(sessions: int) -> dict[str, Measured]:
    host = QuietHost(Engine(plan_of(sessions + _FIRST).engine), "01BENCH", "/cti/offhook/sim1")
    served = Served(host)
    address = await served.start()
    talks = [_talk(number) for number in range(sessions + _FIRST)]
    try:
        async with Crowd.start() as crowd:
            await crowd.join(Guests(*address, tuple(talks[:_FIRST])))
            few = await _resident_mib()
            await crowd.join(Guests(*address, tuple(talks[_FIRST:])))
            many = await _resident_mib()
            assert served.desk.sessions == sessions + _FIRST, "somebody is missing"
    finally:
        await served.stop()
    return {"sessions": Measured(sessions, 1.0, gauges={"few_mib": few, "many_mib": many})}


def _talk(number: int) -> Talk:
    hello = {"kind": "hello", "token": f"agent a{number}"}
    watch = {
        "kind": "request",
        "id": "1",
        "service": "MonitorStart",
        "params": {"monitorObject": {"agentObject": f"a{number}"}},
    }
    return Talk((msgspec.json.encode(hello).decode(), msgspec.json.encode(watch).decode()))


async def _resident_mib() -> float:
    await asyncio.sleep(0)
    gc.collect()
    return _resident()


def _resident() -> float:
    """Read what is resident now, in MiB; where the system does not tell it, the peak."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
