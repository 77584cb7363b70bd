"""Journals whose calls are explained: a scripted centre, and the shipped scenarios cut short."""

from __future__ import annotations

import zlib
from pathlib import Path

import msgspec

from acd.config import AcdConfig, QueueConfig
from acd.steps import Step
from csta.instants import MINUTE
from scenarios.runner import run_scenario
from scenarios.scenario import LIBRARY, load_scenario
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import ANNA, BEA, Centre, centre_plan

_STEPS = (
    Step(after_ms=4_000, when="waiting > 9", priority_by=1, comment="when many wait"),
    Step(after_ms=8_000, skills={"sales": 1}, comment="anybody"),
)
SALES = QueueConfig(name="sales", skills={"sales": 4}, wrap_up_ms=5_000, steps=_STEPS)


def scripted(path: Path) -> Centre:
    """Write the journal of four calls.

    1: anna answers; 2: waits for anna, is relaxed after 8 s, bea does not answer, anna does;
    3: gives up in the queue; 4: still waits at the end.
    """
    lines: list[bytes] = []
    plan = centre_plan(acd=AcdConfig(queues=(SALES,)), agents=(ANNA, BEA))
    centre = Centre(plan, journal=lines.append)
    centre.phone("station:1001", PhoneAct.ANSWERS, 2_000)
    centre.phone("station:1002", PhoneAct.NO_ANSWER)
    centre.log_on("anna", "bea")
    centre.call("+49170001", talk_ms=20_000)
    centre.wait(1_000)
    centre.call("+49170002")
    centre.wait(1_000)
    centre.call("+49170003", patience_ms=15_000)
    centre.wait(60_000)
    centre.call("+49170004")
    centre.wait(6_000)
    path.write_bytes(b"".join(lines))
    return centre


def cut_short(path: Path, name: str, minutes: int) -> None:
    """Write the journal of the beginning of a shipped scenario."""
    scenario = load_scenario(LIBRARY / f"{name}.yaml")
    short = msgspec.structs.replace(scenario, lasts_ms=minutes * MINUTE, warm_up_ms=0)
    with path.open("wb") as file:
        run_scenario(short, 1, file.write)


def forged(path: Path, old: bytes, new: bytes) -> None:
    """Change the first such bytes of a journal, and seal it again."""
    crc, sealed, done = 0, [], False
    for line in path.read_bytes().splitlines():
        body = line.rpartition(b',"crc":"')[0] + b"}"
        if not done and old in body:
            body, done = body.replace(old, new), True
        crc = zlib.crc32(body, crc)
        sealed.append(b'%s,"crc":"%08x"}\n' % (body[:-1], crc))
    assert done, f"{old!r} is not in the journal"
    path.write_bytes(b"".join(sealed))
