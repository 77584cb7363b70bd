"""The journal that a server goes on with: that of the same switch, and no other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ctiserver.core.config import EngineConfig
from ctiserver.core.switch_link import LinkCapabilities
from scenarios.scenario import LIBRARY, load_scenario
from scenarios.served_centre import served_centre
from scenarios.served_journal import OpenJournal
from scenarios.server_file import load_server_file
from tests.live.processes import Folder

CENTRE = (LIBRARY / "clinic.yaml").read_text("utf-8")


async def _epoch_of_a_server(folder: Folder) -> str:
    """Let a server run for a moment, on the simulated switch, and give its epoch."""
    folder.keys.add("me")
    folder.server()  # writes its file
    async with served_centre(load_server_file(folder.path / "offhook.yaml")) as served:
        return served.host.log.epoch


def _engine_config() -> EngineConfig:
    return load_scenario(LIBRARY / "clinic.yaml").engine


@pytest.mark.parametrize(
    ("changed", "then"),
    [
        ({}, "kept"),
        ({"queue_status_ms": 7}, "kept"),
        ({"link_id": "asterisk"}, "set aside"),
        ({"link": LinkCapabilities(not_possible=("AnswerCall",))}, "set aside"),
    ],
)
async def test_a_journal_belongs_to_one_switch_and_what_it_can_do(
    tmp_path: Path, changed: dict[str, object], then: str
) -> None:
    epoch = await _epoch_of_a_server(Folder(tmp_path, CENTRE))
    was = OpenJournal(tmp_path / "data", _engine_config(), "test")
    config = msgspec.structs.replace(was.recovered.engine.config, **changed)
    was.store.stop(1.0)
    now = OpenJournal(tmp_path / "data", config, "test")
    now.store.stop(1.0)
    assert (now.recovered.header.epoch == epoch) == (then == "kept")
    aside = tmp_path / "data" / f"journal-{epoch}.db"
    assert aside.exists() == (then == "set aside")
