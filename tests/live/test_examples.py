"""The programs in examples/, each as a process against `offhook serve` (examples/README.md)."""

from __future__ import annotations

import ast
import asyncio
import csv
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ctiserver.core.principals import Role
from scenarios.scenario import LIBRARY
from tests.live.processes import READY_S, Folder, Process, running
from tests.repository import ROOT

EXAMPLES = ROOT / "examples"
_NAMES = sorted(path.name for path in EXAMPLES.glob("*.py"))
_LINES_MAX = 79
_SPEED = 20
_LEISURE = 3
"""Where a hiccup of a busy machine must not be half a minute at the centre: its calls time out."""


class Served:
    """A front desk at work, and a key for each role."""

    def __init__(self, folder: Folder) -> None:
        """Make the keys; the server starts later."""
        self.keys = {role: folder.keys.add(role.value, role) for role in (Role.ADMIN, Role.ROUTER)}
        self.mqtt = 0
        self.process: Process | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        assert self.process is not None, "it runs"
        return f"ws://{self.process.address}"


@asynccontextmanager
async def front_desk(path: Path, *, callers: bool, mqtt: bool = False) -> AsyncIterator[Served]:
    """Run a front desk faster than life."""
    for name in ("plans", "flows"):
        shutil.copytree(LIBRARY / name, path / name)
    folder = Folder(path, (LIBRARY / "front_desk.yaml").read_text("utf-8"))
    served = Served(folder)
    more: dict[str, Any] = {}
    if mqtt:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            served.mqtt = probe.getsockname()[1]
        more["mqtt"] = {"broker": f"127.0.0.1:{served.mqtt}", "embedded": True}
    simulate = {"callers": callers, "agents": True, "speed": _SPEED if callers else _LEISURE}
    served.process = folder.server(simulate=simulate, drain="0 s", **more)
    async with running(served.process):
        yield served


async def run(name: str, *arguments: str) -> tuple[int, str, str]:
    """Run an example to its end; gives its exit code, what it printed, and its errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / name),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    try:
        async with asyncio.timeout(READY_S):
            printed, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, printed.decode(), errors.decode()


async def test_programs_at_a_front_desk_with_callers(tmp_path: Path) -> None:
    """One server for those that want calls: it takes longer to start than all of them to run."""
    async with front_desk(tmp_path, callers=True, mqtt=True) as served:
        key = ("--url", served.url, "--token", served.keys[Role.ADMIN])
        code, printed, errors = await run("screen_pop_listener.py", *key, "--count", "2")
        assert code == 0, errors
        pops = printed.splitlines()
        assert len(pops) == 2
        assert all(
            re.match(r"pop for A\d\d: \+?\S+ \(.+\), acd:\w+, waited \d+ s", pop) for pop in pops
        ), pops

        port = ("--port", str(served.mqtt), "--count", "2")
        code, printed, errors = await run("wallboard_mqtt.py", *port)
        assert code == 0, errors
        board = printed.splitlines()
        assert {line.partition(": ")[0] for line in board} == {"acd:sales", "acd:support"}

        code, printed, errors = await run("recorder_control.py", *key, "--count", "1")
        assert code == 0, errors
        complete = [line.partition(":")[0] for line in printed.splitlines() if "complete" in line]
        assert f"{complete[0]}: recording " in printed

        router = ("--url", served.url, "--token", served.keys[Role.ROUTER])
        rules = ("--route", "+=acd:support", "--count", "2")
        code, printed, errors = await run("custom_router.py", *router, *rules)
        assert code == 0, errors
        assert printed.startswith("routeing for routeing:main\n")
        assert re.search(r"^number:\S+ -> acd:support$", printed, re.MULTILINE), printed

        code, printed, errors = await run("interactions_csv.py", *key)
        assert code == 0, errors
        calls = list(csv.DictReader(printed.splitlines()))
        assert {call["direction"] for call in calls} == {"inbound"}
        assert {call["outcome"] for call in calls} & {"answered", "abandonedInQueue"}
        place = re.search(r"--after (\d+)", errors)
        assert place is not None
        code, printed, _ = await run("interactions_csv.py", *key, "--after", place[1])
        later = {call["call"] for call in csv.DictReader(printed.splitlines())}
        assert not later & {call["call"] for call in calls}


async def test_a_number_is_dialled_by_a_click(tmp_path: Path) -> None:
    async with front_desk(tmp_path, callers=False) as served:
        key = ("--url", served.url, "--token", served.keys[Role.ADMIN])
        code, printed, errors = await run(
            "click_to_dial.py", *key, "--from", "station:1001", "1002"
        )
        assert code == 0, printed + errors
        assert re.match(r"answered: station:1001 talks to 1002 in call c-\w+\n", printed), printed
        code, printed, errors = await run(
            "click_to_dial.py", *key, "--from", "station:9999", "1002"
        )
        assert code == 1, errors
        assert printed.startswith("not answered: ")
        assert "destNotObtainable" in printed


@pytest.mark.parametrize("name", _NAMES)
def test_an_example_is_short_and_says_how_to_run_it(name: str) -> None:
    text = (EXAMPLES / name).read_text("utf-8")
    assert len(text.splitlines()) <= _LINES_MAX
    assert f"python examples/{name}" in (ast.get_docstring(ast.parse(text)) or "")
    assert f"`{name}`" in (EXAMPLES / "README.md").read_text("utf-8")
