"""The golden scenarios on a real Asterisk: the column of docs/conformance.md (G10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import table
from tests.conformance.asterisk_stage import asterisk_stage
from tests.conformance.performance import come_to
from tests.conformance.table import Link
from tests.ctiserver.golden import SCENARIOS, read_script
from tests.real_asterisk.asterisk import Asterisk


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_a_scenario_comes_to_what_the_table_says(path: Path, asterisk: Asterisk) -> None:
    async with asterisk_stage(read_script(path), asterisk) as stage:
        table.hold(path.stem, Link.ASTERISK, await come_to(stage))
        await asterisk.quiet()
        assert await asterisk.ari("GET", "bridges") == [], "left behind"
