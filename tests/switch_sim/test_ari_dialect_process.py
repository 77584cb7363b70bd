"""`offhook pbx --ari`: the switch in a process of its own, driven by ARI; people act beside."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from console.commands_pbx import AriOptions
from ctiserver.core.link_lines import Controls
from scenarios.scenario import LIBRARY, load_scenario
from switch_sim.acts import AskLegs, OfferCall
from switch_sim.callers import CallerPlan
from tests.repository import ROOT
from tests.switch_sim.test_served import Connection

SOON_S = 60.0
OFFHOOK = "import sys; from console.cli import main; sys.exit(main())"
CENTRE = LIBRARY / "clinic.yaml"


@asynccontextmanager
async def _process(password: Path) -> AsyncIterator[tuple[str, str]]:
    """Run it; gives the addresses for people and of ARI."""
    command = ("pbx", CENTRE, "--listen", "127.0.0.1:0", "--ari", "127.0.0.1:0")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OFFHOOK, *map(str, command)),
        *("--ari-password-file", str(password)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SOON_S):
            lines = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
        yield lines[0].removeprefix("listening at "), lines[1].removeprefix("ARI at ")
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SOON_S):
            code = await process.wait()
    assert code == 0


async def test_people_act_at_a_switch_that_is_driven_by_ari(tmp_path: Path) -> None:
    password = tmp_path / "ari.password"
    password.write_text("let me in\n", "utf-8")
    async with _process(password) as (people_at, url):
        host, port = people_at.split(":")
        people = Connection(*await asyncio.open_connection(host, int(port)))
        try:
            plan = CallerPlan(number="+491", dialled=_number(), talk_ms=1_000)
            leg = await people.act(OfferCall(caller=plan))
            assert [each["leg"] for each in await people.act(AskLegs())] == [leg]
            people.say(Controls())
            assert b"error" in await people.line()
        finally:
            await people.close()
        async with httpx.AsyncClient(auth=("offhook", "let me in"), trust_env=False) as client:
            channels = (await client.get(f"{url}/channels")).json()
            assert [channel["id"] for channel in channels] == [leg]


def _number() -> str:
    return load_scenario(CENTRE).pbx.dialled_numbers[0].number


def test_an_address_that_others_can_reach_needs_a_password(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--ari-password-file is needed"):
        AriOptions("0.0.0.0:8088").account()
    password = tmp_path / "ari.password"
    password.write_text("let me in\n", "utf-8")
    assert AriOptions("0.0.0.0:8088", password).account().password == "let me in"  # noqa: S105 - as above
    assert AriOptions("localhost:8088").account().user == "offhook"
