"""Both stores, under one name: what is promised of a store is tested on each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crm_bridge.sql_store import SqlStore
from crm_bridge.store import MemoryStore, Store


@pytest_asyncio.fixture(params=["memory", "sql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store, in memory and then in a file."""
    if request.param == "memory":
        yield MemoryStore()
        return
    in_file = await SqlStore.open(tmp_path / "crm.db")
    yield in_file
    await in_file.close()


@pytest_asyncio.fixture
async def sql_store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """An empty store in the file `crm.db`."""
    in_file = await SqlStore.open(tmp_path / "crm.db")
    yield in_file
    await in_file.close()
