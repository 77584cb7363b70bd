"""Ears that listen all the time, and know for how long nothing came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np

from tests.real_asterisk.hearing import file_of, is_loud
from tests.real_asterisk.phones import Phone

_LOOK_S = 0.1


class Ears:
    """Those of several phones, each during the call that it has."""

    def __init__(self, phones: Iterable[Phone]) -> None:
        """Listen from now on, by `look`."""
        now = asyncio.get_running_loop().time()
        self._files = {phone.name: file_of(phone.folder) for phone in phones}
        self._read = {name: path.stat().st_size for name, path in self._files.items()}
        self._heard_at = dict.fromkeys(self._files, now)
        self._longest = dict.fromkeys(self._files, 0.0)

    @property
    def silences_s(self) -> dict[str, float]:
        """For how long each phone has heard nothing at most, in seconds."""
        return dict(self._longest)

    def look(self) -> None:
        """Take in what has come since the last look."""
        now = asyncio.get_running_loop().time()
        for name, path in self._files.items():
            come = _from(path, self._read[name])
            self._read[name] += len(come)
            silent_s = now - self._heard_at[name]
            self._longest[name] = max(self._longest[name], silent_s)
            if is_loud(np.frombuffer(come, "<i2")):
                self._heard_at[name] = now


def _from(path: Path, begin: int) -> bytes:
    """Read the whole samples of a file from a place on."""
    with path.open("rb") as file:
        file.seek(begin)
        data = file.read()
    return data[: len(data) & ~1]


@asynccontextmanager
async def listening(phones: Iterable[Phone]) -> AsyncIterator[Ears]:
    """Let phones listen while the block runs: to the calls that they have now."""
    ears = Ears(phones)

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            ears.look()

    task = asyncio.create_task(look())
    try:
        yield ears
        ears.look()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
