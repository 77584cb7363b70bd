"""What can be had without the second that importing SQLModel takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.repository import ROOT

_SLOW = ("sqlmodel", "sqlalchemy", "pydantic", "aiosqlite")


@pytest.mark.parametrize(
    "module", ["bridge", "customers", "interactions", "matching", "samples", "screen_pop", "store"]
)
def test_only_the_store_in_a_file_needs_sqlmodel(module: str) -> None:
    code = f"import crm_bridge.{module}, sys; print(*sorted(set({_SLOW}) & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
