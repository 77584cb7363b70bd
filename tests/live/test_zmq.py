"""Sessions over ZeroMQ, by real sockets (cti-api §7.2, §7.3; reliability §6.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import zmq

from ctiserver.core.principals import Role
from ctiserver.live import conversation, zmq_server
from ctiserver.live.zmq_auth import BindError, check_bind, is_local, new_curve_keys, read_curve_keys
from tests.live.host import LIMIT_S
from tests.live.torrent import Torrent
from tests.live.zmq_clients import (
    ANYWHERE,
    Clients,
    Dealer,
    Doors,
    Opened,
    at_torrent,
    doors,
    handshake,
    prove,
)


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients()
    yield made
    made.close()


# Sessions.


async def test_a_session_over_a_dealer_is_what_it_is_over_a_websocket(
    clients: Clients,
) -> None:
    async with doors() as opened:
        anna = Dealer(clients, opened)
        welcome = await anna.come(token="token-anna")  # noqa: S106 - a test's
        assert welcome["epoch"] == opened.host.log.epoch
        await anna.say(kind="ping")
        assert "sequence" in await anna.hear("pong")
        started = await anna.ask("MonitorStart", monitorObject="all", snapshot=True)
        assert started["ok"], started
        assert await anna.hear("live")
        opened.host.call_in()
        queued = await opened.host.event("Queued")
        while anna.events[-1:] != [queued.sequence]:
            await anna.hear("event")
        first = int(started["asOf"]["sequence"]) + 1
        assert anna.events == list(range(first, queued.sequence + 1))
        assert opened.admitted == ["127.0.0.1"]


async def test_a_client_resumes_on_a_new_socket_and_misses_nothing(
    clients: Clients,
) -> None:
    async with doors() as opened:
        before = Dealer(clients, opened)
        await before.come(token="token-anna")  # noqa: S106 - a test's
        started = await before.ask("MonitorStart", monitorObject="all")
        after = int(started["asOf"]["sequence"])
        before.socket.close(linger=0)
        opened.host.call_in()
        last = (await opened.host.event("Queued")).sequence
        again = Dealer(clients, opened)
        again.socket.connect(again.address)
        await again.say(
            kind="hello",
            token="token-anna",  # noqa: S106 - a test's
            resume={
                "sessionID": before.welcome["sessionID"],
                "epoch": before.welcome["epoch"],
                "after": f"{after:016}",
            },
        )
        resumed = await again.hear("resumed", "resync", "goodbye")
        await again.hear("live")
        assert int(resumed["to"]) >= last
        assert again.events == list(range(after + 1, int(resumed["to"]) + 1))


async def test_who_speaks_before_hello_is_told_to_say_it(clients: Clients) -> None:
    async with doors() as opened:
        client = Dealer(clients, opened)
        client.socket.connect(client.address)
        await client.say(kind="ping")
        goodbye = await client.hear("goodbye")
        assert (goodbye["code"], goodbye["reason"]) == (4010, "the first frame is hello")


@pytest.mark.parametrize(
    "frames", [[b"{}"], [b"", b"{}", b"{}"], [b"x", b'{"kind":"hello"}'], [b""]]
)
async def test_a_message_of_another_shape_ends_the_connection(
    clients: Clients, frames: list[bytes]
) -> None:
    async with doors() as opened:
        client = Dealer(clients, opened)
        client.socket.connect(client.address)
        await client.socket.send_multipart(frames)
        assert (await client.hear("goodbye"))["code"] == 4010


async def test_nobody_chooses_a_routing_id_and_gets_what_is_for_others(
    clients: Clients,
) -> None:
    async with doors() as opened:
        thief = Dealer(clients, opened)
        thief.socket.routing_id = b"anna"
        goodbye = await thief.come(token="token-anna")  # noqa: S106 - a test's
        assert goodbye["code"] == 4010
        assert "routing id" in goodbye["reason"]
        assert opened.sessions.connections == 0


async def test_without_a_token_nobody_gets_in(clients: Clients) -> None:
    async with doors() as opened:
        assert (await Dealer(clients, opened).come())["code"] == 4001


async def test_an_address_with_too_many_connections_is_told_so(
    clients: Clients,
) -> None:
    async with doors() as opened:
        opened.is_full = True
        goodbye = await Dealer(clients, opened).come(token="token-anna")  # noqa: S106 - a test's
        assert (goodbye["code"], goodbye["reason"]) == (4012, "come back later")


async def test_a_client_that_does_not_read_is_cut_and_others_are_not(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zmq_server, "QUEUE_MAX", 5)
    monkeypatch.setattr(zmq_server, "SEND_BYTES", 4_096)
    monkeypatch.setattr(conversation, "CLOSE_S", 0.2)
    torrent = Torrent()
    async with at_torrent(torrent) as (server, requests_at, _):
        slow, quick = (Dealer(clients, Opened(requests_at)) for _ in range(2))
        slow.socket.rcvhwm = 1
        slow.socket.rcvbuf = 4_096
        for client, more in ((slow, {"maxQueue": 20}), (quick, {})):
            await client.come(token="token-anna", **more)  # noqa: S106 - a test's
            assert (await client.ask("MonitorStart", monitorObject="all"))["ok"]
        async with asyncio.timeout(LIMIT_S):
            while server.desk.connections > 1:
                torrent.tell(10)
                while quick.events[-1:] != [torrent.log.last]:
                    await quick.hear("event")
        torrent.tell(1)
        await quick.hear("event")
        assert quick.events == list(range(1, torrent.log.last + 1))
        await slow.say(kind="ping")  # it was let go, and must say hello again
        assert (await slow.hear("goodbye"))["code"] in (4008, 4010)


async def test_when_the_server_stops_its_clients_are_told(clients: Clients) -> None:
    async with doors() as opened:
        client = Dealer(clients, opened)
        await client.come(token="token-anna")  # noqa: S106 - a test's
    assert (await client.hear("goodbye"))["code"] == 4011


# Keys.


async def test_with_curve_the_listed_key_is_who_asks_and_an_unlisted_one_gets_nothing(
    clients: Clients,
) -> None:
    async with doors(new_curve_keys()) as opened:
        crm = opened.keys.let_in("crm", Role.INTEGRATION)
        client = Dealer(clients, opened, crm)
        assert (await client.come())["kind"] == "welcome"
        assert (await client.ask("GetMonitors"))["ok"]
        stranger = Dealer(clients, opened, new_curve_keys())
        assert not await handshake(stranger.socket, opened.requests_at)
        assert opened.sessions.connections == 1


async def test_with_curve_a_client_without_it_is_not_let_in(
    clients: Clients,
) -> None:
    async with doors(new_curve_keys()) as opened:
        assert not await handshake(clients.socket(zmq.DEALER), opened.requests_at)


async def test_a_key_that_is_taken_off_the_list_does_not_count_any_more(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zmq_server, "REVOKED_S", 0.01)
    async with doors(new_curve_keys()) as opened:
        crm = opened.keys.let_in("crm", Role.INTEGRATION)
        client = Dealer(clients, opened, crm)
        await client.come()
        del opened.keys.listed[crm.public]
        assert (await client.hear("goodbye"))["code"] == 4001


async def test_the_stream_of_events_opens_to_keys_that_may_see_everything_only(
    clients: Clients,
) -> None:
    curve = new_curve_keys()
    async with doors(curve) as opened:
        for role, allowed in ((Role.INTEGRATION, True), (Role.AGENT, False)):
            socket = clients.socket(zmq.SUB)
            prove(socket, curve, opened.keys.let_in(role.value, role))
            assert await handshake(socket, opened.events_at) is allowed


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("tcp://127.0.0.1:5601", True),
        ("tcp://127.8.9.1:*", True),
        ("tcp://localhost:5601", True),
        ("tcp://[::1]:5601", True),
        ("ipc:///tmp/cti", True),
        ("tcp://0.0.0.0:5601", False),
        ("tcp://*:5601", False),
        ("tcp://[::]:5601", False),
        ("tcp://eth0:5601", False),
        ("tcp://10.0.0.7:5601", False),
        ("tcp://localhost.example.org:5601", False),
    ],
)
def test_without_curve_only_this_machine_can_reach_us(endpoint: str, local: bool) -> None:  # noqa: FBT001 - a table
    assert is_local(endpoint) is local
    check_bind(endpoint, new_curve_keys())
    if local:
        check_bind(endpoint, None)
    else:
        with pytest.raises(BindError, match=r"give the server a CURVE key, or bind to"):
            check_bind(endpoint, None)


async def test_a_refused_endpoint_leaves_nothing_bound() -> None:
    async with doors() as opened:
        more = Doors(opened.host)
        with pytest.raises(BindError, match="can be reached from other machines"):
            await more.door.start(ANYWHERE, "tcp://0.0.0.0:*")
        with pytest.raises(BindError, match="cannot be bound"):
            await more.door.start(ANYWHERE, opened.events_at)
        await more.door.start(ANYWHERE, ANYWHERE)
        await more.door.stop()


def test_the_secret_key_is_read_from_a_file_that_is_ours_alone(tmp_path: Path) -> None:
    keys = new_curve_keys()
    file = tmp_path / "curve.key"
    file.write_text(keys.secret.reveal() + "\n")
    file.chmod(0o644)
    with pytest.raises(BindError, match="chmod 600"):
        read_curve_keys(file)
    file.chmod(0o600)
    assert read_curve_keys(file).public == keys.public
    assert keys.secret.reveal() not in repr(read_curve_keys(file))
    file.write_text("no key")
    with pytest.raises(BindError, match="40 characters"):
        read_curve_keys(file)
    with pytest.raises(BindError, match="cannot be read"):
        read_curve_keys(tmp_path / "nowhere")
