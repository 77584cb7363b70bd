"""Reading the log where its events are no longer in memory (cti-api §7.2, `GET /events`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from ctiserver.core.event_filters import read_filter
from ctiserver.live.event_log import EventLog, Logged
from ctiserver.live.event_reader import PAGE_BYTES_MAX, EventReader
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


async def test_a_page_is_no_longer_than_a_frame_and_the_next_one_goes_on_behind_it() -> None:
    torrent = Torrent(window_events=3_000)
    torrent.tell(3_000)
    reader = EventReader(torrent.log, OpenGate())
    seen: list[int] = []
    last, more, pages = 0, True, 0
    while more:
        page = await reader.read(principal(), last, 1_000, read_filter(None))
        assert sum(len(envelope) for _, envelope in page.events) <= PAGE_BYTES_MAX
        seen += [logged.sequence for logged, _ in page.events]
        last, more, pages = page.last, page.more, pages + 1
        assert last == seen[-1]
    assert seen == list(range(1, 3_001))
    assert pages > 3_000 // 1_000


async def test_an_event_that_is_longer_than_a_page_is_a_page_of_its_own() -> None:
    torrent = Torrent()
    torrent.tell(3)
    short = torrent.log.recent(0)
    long = msgspec.structs.replace(short[1], envelope=b" " * (PAGE_BYTES_MAX + 1))
    log = EventLog(torrent.log.epoch, torrent.log.source)
    log.append([short[0], long, short[2]])
    reader = EventReader(log, OpenGate())
    pages = [await reader.read(principal(), after, 1_000, read_filter(None)) for after in range(3)]
    assert [[logged.sequence for logged, _ in page.events] for page in pages] == [[1], [2], [3]]
    assert [page.more for page in pages] == [True, True, False]
