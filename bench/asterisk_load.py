"""So many calls a second through a real Asterisk to desks that answer, and what became of them.

sipp calls, and sipp answers. Both log when they do so, on one clock; the caller's number tells
which call is which. No audio is sent by either side: what is measured is signalling.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from tests.real_asterisk.asterisk import DESKS, Asterisk
from tests.real_asterisk.callers import Party, desks, party

_TICKS = os.sysconf("SC_CLK_TCK")
_MS_OF_S = 1_000
_AFTER_S = 5.0
"""So long after the last caller has gone, nothing may be left."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a switch."""

    rate: int
    """Calls a second."""
    lasts_s: int
    agents: int
    ring_ms: int
    talk_ms: int
    patience_ms: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    calls: int
    lost: int
    """Calls that no desk has answered."""
    faults: str
    """What sipp did not expect."""
    channels: int
    """Channels that are left afterwards."""
    set_up_ms: tuple[float, ...]
    """From the INVITE at a desk to the ACK of its answer, without its ringing."""
    to_talk_ms: tuple[float, ...]
    """From the caller's INVITE to the ACK of the desk's answer, without the ringing."""
    cpu_s: dict[str, float]
    """Processor time by process."""


def cpu_s(pid: int) -> float:
    """Give the processor time that a process has taken so far: seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def carry(
    asterisk: Asterisk,
    number: str,
    load: Load,
    others: dict[str, int],
    ready: Callable[[], Awaitable[None]],
) -> Outcome:
    """Let callers dial a number, and wait until all is over.

    Args:
        asterisk: A fresh one.
        number: What they dial.
        load: How many, how often.
        others: Further processes whose processor time counts, by name.
        ready: Called when the desks are there.
    """
    pids = {"Asterisk": asterisk.pid, **others}
    calls = load.rate * load.lasts_s
    words: dict[str, str | int] = {
        "dialled": number,
        "ani": "1555[call_number]",
        "patience_ms": load.patience_ms,
    }
    options = ("-r", str(load.rate), "-m", str(calls), "-l", str(calls))
    async with desks(
        asterisk, DESKS[: load.agents], ring_ms=load.ring_ms, talk_ms=load.talk_ms
    ) as staff:
        await ready()
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        address = asterisk.trunk_address
        async with party(asterisk, "caller-silent", address, words, *options) as crowd:
            pids |= {"sipp calls": crowd.program.pid, "sipp answers": staff.program.pid}
            spent = await _until_over(crowd, pids, load)
            await asyncio.sleep(_AFTER_S)
            channels = await asterisk.channels()
            taken = {name: used - before.get(name, 0.0) for name, used in spent.items()}
            return _outcome(load, crowd, staff, len(channels), taken)


async def _until_over(crowd: Party, pids: dict[str, int], load: Load) -> dict[str, float]:
    """Wait until the last caller has gone; gives the processor time of each process then."""
    limit_s = load.lasts_s + (load.patience_ms + load.talk_ms) / _MS_OF_S + 40
    spent = {}
    async with asyncio.timeout(limit_s):
        while crowd.program.code is None:
            spent = {name: cpu_s(pid) for name, pid in pids.items()}
            await asyncio.sleep(0.2)
    return spent


def _outcome(
    load: Load, crowd: Party, staff: Party, channels: int, cpu: dict[str, float]
) -> Outcome:
    called = _instants(crowd.log(), "called")
    offered = _instants(staff.log(), "offered")
    answered = _instants(staff.log(), "answered")
    return Outcome(
        calls=len(called),
        lost=len(called.keys() - answered.keys()),
        faults="" if crowd.program.code == 0 else crowd.errors()[-500:],
        channels=channels,
        set_up_ms=_spans(offered, answered, load.ring_ms),
        to_talk_ms=_spans(called, answered, load.ring_ms),
        cpu_s=cpu,
    )


def _instants(lines: Sequence[str], what: str) -> dict[str, float]:
    """Give seconds by the caller's number; the last one where there are several."""
    told = (line.split() for line in lines)
    return {words[1]: float(words[-1]) for words in told if words and words[0] == what}


def _spans(begun: dict[str, float], ended: dict[str, float], ring_ms: int) -> tuple[float, ...]:
    both = begun.keys() & ended.keys()
    return tuple(_MS_OF_S * (ended[who] - begun[who]) - ring_ms for who in both)
