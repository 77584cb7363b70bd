"""The golden scenarios on every link that needs no other program (S1-S14, G10)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from ctiserver.core.switch_link import LinkCapabilities
from tests.conformance import table
from tests.conformance.live_stage import declaring
from tests.conformance.performance import Outcome, come_to
from tests.conformance.served_stages import dialect_stage, lined_stage
from tests.conformance.simulated_stage import SimulatedStage
from tests.conformance.stage import Stage
from tests.conformance.table import Link
from tests.ctiserver.golden import FOLDER, SCENARIOS, Script, read_script


@asynccontextmanager
async def _in_process(script: Script) -> AsyncIterator[Stage]:
    yield SimulatedStage(script)


STAGES: dict[Link, Callable[[Script], AbstractAsyncContextManager[Stage]]] = {
    Link.IN_PROCESS: _in_process,
    Link.LINES: lined_stage,
    Link.DIALECT: dialect_stage,
}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
@pytest.mark.parametrize("link", STAGES, ids=lambda link: link.name.lower())
async def test_a_scenario_comes_to_what_the_table_says(link: Link, path: Path) -> None:
    async with STAGES[link](read_script(path)) as stage:
        table.hold(path.stem, link, await come_to(stage))


def test_the_table_has_all_scenarios_and_links_and_follows_from_its_cells() -> None:
    assert table.written(table.read()) in table.PAGE.read_text("utf-8")


async def test_an_event_too_many_or_another_one_is_noticed() -> None:
    script = read_script(FOLDER / "S5-in-queue.yaml")
    for events in (script.events[:-1], (*script.events[:-1], script.events[0])):
        async with _in_process(msgspec.structs.replace(script, events=events)) as stage:
            with pytest.raises(AssertionError, match=r"[+-] "):
                await come_to(stage)


async def test_a_service_that_a_link_declares_as_not_possible_must_be_refused() -> None:
    link = LinkCapabilities(not_possible=("MakeCall",))
    async with _in_process(declaring(read_script(FOLDER / "S1.yaml"), link)) as stage:
        assert await come_to(stage) is Outcome.REFUSED
        assert stage.log() == []


def test_what_the_table_does_not_say_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(table.WRITES, raising=False)
    with pytest.raises(AssertionError, match="says of S1 on 'simulated PBX, in process'"):
        table.hold("S1", Link.IN_PROCESS, Outcome.REFUSED)
