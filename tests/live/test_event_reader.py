"""Reading the log where its events are no longer in memory (cti-api §7.2, `GET /events`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ctiserver.core.event_filters import read_filter
from ctiserver.live.event_log import EventLog, Logged
from ctiserver.live.event_reader import EventReader
from tests.live.host import OpenGate, principal
from tests.live.torrent import Torrent

_EVENTS = 5


@pytest.mark.parametrize("timeout_ms", [0, 1])
async def test_who_does_not_wait_for_events_is_given_those_that_are_in_the_store(
    timeout_ms: int,
) -> None:
    """As after a restart: nothing is in memory, and reading the store takes its time."""
    torrent = Torrent()
    torrent.tell(_EVENTS)
    stored = torrent.log.recent(0)

    async def older(after: int, limit: int) -> Sequence[Logged]:
        await asyncio.sleep(0.01)
        return stored[after : after + limit]

    log = EventLog(torrent.log.epoch, torrent.log.source, last=_EVENTS, older=older)
    reader = EventReader(log, OpenGate())
    page = await reader.wait(principal(), 0, _EVENTS, read_filter(None), timeout_ms)
    assert [logged.sequence for logged, _ in page.events] == [1, 2, 3, 4, 5]
    assert (page.last, page.more) == (_EVENTS, False)
