"""One Asterisk for all tests of a run: each finds it running, and without a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.real_asterisk.asterisk import Asterisk


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever stands in this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.real_asterisk)


@pytest.fixture(scope="session")
def one_asterisk() -> Iterator[Asterisk]:
    """Give the Asterisk of this run, stopped; tests take `asterisk`."""
    instance = Asterisk()
    yield instance
    asyncio.run(instance.stop())
    instance.remove()


@pytest.fixture
async def asterisk(one_asterisk: Asterisk) -> AsyncIterator[Asterisk]:
    """Give a running Asterisk without a call; a test may kill it."""
    if not one_asterisk.runs:
        await one_asterisk.start()
    yield one_asterisk
    if one_asterisk.runs:
        for channel in await one_asterisk.ari("GET", "channels"):
            try:
                await one_asterisk.ari("DELETE", f"channels/{channel['id']}")
            except httpx.HTTPStatusError:
                continue  # gone in the meantime
        await one_asterisk.quiet()
