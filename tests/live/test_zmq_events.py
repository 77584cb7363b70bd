"""The stream of events over ZeroMQ, by real sockets (cti-api §7.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ctiserver.live import zmq_events
from ctiserver.live.topics import subject_topic
from tests.live.torrent import Torrent, sequence_of
from tests.live.zmq_clients import (
    ROOT,
    Clients,
    Dealer,
    Opened,
    at_torrent,
    doors,
    subscribed,
    until,
)


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients()
    yield made
    made.close()


async def test_a_subscriber_gets_the_events_of_its_topics_and_no_longer_names(
    clients: Clients,
) -> None:
    torrent = Torrent()
    async with at_torrent(torrent) as (_, _, events_at):
        mine = await subscribed(clients, events_at, f"{ROOT}/device/station:1001/")
        torrent.tell(1, subject="device/station:10010")
        torrent.tell(1, subject="device/station:1001")
        torrent.tell(1, subject="device/acd:sales")
        everything, _ = await until(mine, f"{ROOT}/system/heartbeat/".encode())
        assert [message[0] for message in everything] == [
            f"{ROOT}/device/station:1001/AgentReady".encode()
        ]
        _, place, envelope = everything[0]
        assert place.decode() == f"{torrent.log.epoch}:{2:016}"
        assert sequence_of(envelope) == 2


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        ("call/c-01K", "call/c-01K"),
        ("supervision/c-01K", "call/c-01K"),
        ("agent/anna", "agent/anna"),
        ("agent/a+b/c#%", "agent/a%2Bb%2Fc%23%25"),
        ("device/station:1001", "device/station:1001"),
        ("device/acd:sales", "acd/acd:sales"),
        ("device/number:+491701234567", "device/number:%2B49*******567"),
        ("callback/cb-1", "callback/cb-1"),
        ("system/sim1", "system/sim1"),
        ("session/s-1", "system/s-1"),
    ],
)
def test_a_subject_is_two_levels_of_a_topic_and_shows_no_number(subject: str, topic: str) -> None:
    assert subject_topic(subject) == topic


async def test_what_may_not_be_seen_is_not_in_the_stream(clients: Clients) -> None:
    async with doors() as opened:
        opened.gate.hidden.add("Delivered")
        socket = await subscribed(clients, opened.events_at, "")
        opened.host.call_in()
        await opened.host.event("Queued")
        before, beat = await until(socket, f"{ROOT}/system/heartbeat/".encode())
        while beat["sequence"] != f"{opened.host.log.last:016}":
            more, beat = await until(socket, f"{ROOT}/system/heartbeat/".encode())
            before += more
        names = [message[0].decode().rpartition("/")[2] for message in before]
        assert "Queued" in names
        assert "Delivered" not in names
        assert beat["count"] == len(names)
        assert beat["published"] == f"{sequence_of(before[-1][2]):016}"


async def test_a_slow_subscriber_sees_what_it_has_lost_and_fetches_it(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zmq_events, "QUEUE_MAX", 10)
    torrent = Torrent()
    async with at_torrent(torrent) as (_, requests_at, events_at):
        slow = await subscribed(clients, events_at, f"{ROOT}/agent/", hwm=5)
        for _ in range(200):
            torrent.tell(100)
        heartbeat = f"{ROOT}/system/heartbeat/".encode()
        got, beat = await until(slow, heartbeat)
        while beat["sequence"] != f"{torrent.log.last:016}":
            more, beat = await until(slow, heartbeat)
            got += more
        had = {sequence_of(message[2]) for message in got}
        assert beat["count"] == 20_000 > len(had)
        client = Dealer(clients, Opened(requests_at))
        await client.come(token="token-crm")  # noqa: S106 - a test's
        after = next(n for n in range(20_000) if n + 1 not in had)
        answer = await client.ask(
            "ReplayEvents", epoch=torrent.log.epoch, after=f"{after:016}", limit=100
        )
        replayed = [int(each["sequence"]) for each in answer["result"]["events"]]
        assert replayed == list(range(after + 1, after + 101))
