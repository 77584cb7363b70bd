"""One connection to Asterisk: requests and replies, what ends it, and what it never writes."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import msgspec
import pytest

from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.links.ari_requests import Reply, Request
from ctiserver.live.links.ari_socket import (
    FAULTS,
    AriSocket,
    Patience,
    RefusedError,
    ReplacedError,
    open_socket,
)
from ctiserver.live.secret import Secret
from tests.ari.fake_asterisk import PASSWORD, FakeAsterisk, a_fake_asterisk

HASTY = Patience(quiet_s=0.05, silence_s=0.3, deaf_s=0.2, reply_s=0.6)
SIGN = "events/user/OffhookIsHeard"


class Listener:
    """A socket that listens, and all that it has heard, in order."""

    def __init__(self, fake: FakeAsterisk, ari: AriSocket) -> None:
        """Listen on."""
        self.fake = fake
        self.ari = ari
        self.heard: list[Any] = []
        self.task = asyncio.create_task(ari.listen(self.heard.append))

    def ask(self, path: str) -> None:
        """Ask, and keep the reply."""
        self.ari.send(Request("GET", path), lambda reply: self.heard.append((path, reply)))

    async def end(self) -> None:
        """Let go."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.ari.drop()
        await self.ari.close()


@asynccontextmanager
async def a_listener(patience: Patience | None = None) -> AsyncIterator[Listener]:
    async with a_fake_asterisk() as fake:
        listener = Listener(fake, await open_socket(fake.config, patience or Patience()))
        try:
            yield listener
        finally:
            await listener.end()


async def test_a_request_says_what_is_asked_and_the_reply_is_told() -> None:
    async with a_listener() as listener:
        fake, replies = listener.fake, listener.heard
        fake.answer = lambda _asked: (200, {"id": "b-1"})
        request = Request(
            "POST", "channels/l%2F1/play", {"media": "sound:x"}, {"variables": {"A": "1"}}
        )
        listener.ari.send(request, replies.append)
        await fake.until(lambda: replies)
    assert replies == [Reply(200, {"id": "b-1"})]
    [asked] = fake.asked
    assert (asked["method"], asked["uri"]) == ("POST", "channels/l%2F1/play")
    assert asked["query_strings"] == [{"name": "media", "value": "sound:x"}]
    assert asked["content_type"] == "application/json"
    assert msgspec.json.decode(asked["message_body"]) == {"variables": {"A": "1"}}
    assert fake.paths == ["/ari/events?app=offhook"]


async def test_replies_in_another_order_go_to_those_who_asked() -> None:
    async with a_listener() as listener:
        fake = listener.fake
        fake.answer = lambda _asked: None
        for number in range(1_000):
            listener.ask(f"channels/{number}")
        await fake.until(lambda: len(fake.asked) == 1_000)
        for asked in reversed(fake.asked):
            await fake.reply(asked, 404, {"message": asked["uri"]})
        await fake.until(lambda: len(listener.heard) == 1_000)
    assert [path for path, _ in listener.heard] == [asked["uri"] for asked in fake.asked[::-1]]
    assert all(reply == Reply(404, {"message": path}) for path, reply in listener.heard)


async def test_replies_and_events_are_told_in_the_order_in_which_they_come() -> None:
    async with a_listener() as listener:
        fake = listener.fake
        fake.answer = lambda _asked: None
        listener.ask("bridges")
        listener.ask("channels")
        await fake.until(lambda: len(fake.asked) == 2)
        await fake.say({"type": "StasisStart"})
        await fake.reply(fake.asked[0], 204, None)
        await fake.say({"type": "StasisEnd"})
        await fake.reply(fake.asked[1], 200, [])
        await fake.until(lambda: len(listener.heard) == 4)
    assert listener.heard == [
        {"type": "StasisStart"},
        ("bridges", Reply(204)),
        {"type": "StasisEnd"},
        ("channels", Reply(200, [])),
    ]


async def test_the_event_filter_lets_replies_through() -> None:
    async with a_listener() as listener:
        listener.ari.allow(("StasisStart",))
        await listener.fake.until(lambda: listener.fake.asked)
    [asked] = listener.fake.asked
    assert (asked["method"], asked["uri"]) == ("PUT", "applications/offhook/eventFilter")
    allowed = [one["type"] for one in msgspec.json.decode(asked["message_body"])["allowed"]]
    assert allowed == ["StasisStart", "RESTResponse", "ApplicationReplaced", "ChannelUserevent"]


@pytest.mark.parametrize(
    ("status", "says"), [(403, "read_only = no in ari.conf"), (500, "the event filter: 500")]
)
async def test_a_filter_that_is_refused_ends_the_connection(status: int, says: str) -> None:
    async with a_listener() as listener:
        listener.fake.answer = lambda _asked: (status, {"message": "no"})
        listener.ari.allow(("StasisStart",))
        assert says in await listener.task


async def test_when_the_connection_is_lost_every_request_is_told() -> None:
    async with a_listener() as listener:
        fake = listener.fake
        fake.answer = lambda _asked: None
        listener.ask("first")
        listener.ask("second")
        await fake.until(lambda: len(fake.asked) == 2)
        fake.cut()
        assert await listener.task
        listener.ari.drop()
        listener.ask("third")
    assert listener.heard == [("first", Reply(0)), ("second", Reply(0))]


async def test_another_client_that_takes_the_application_is_told() -> None:
    async with a_listener() as listener:
        await listener.fake.say({"type": "ApplicationReplaced", "application": "another"})
        await listener.fake.say({"type": "ApplicationReplaced", "application": "offhook"})
        with pytest.raises(ReplacedError):
            await listener.task
    assert [event["application"] for event in listener.heard] == ["another"]


async def test_who_is_quiet_is_asked_and_who_answers_is_kept() -> None:
    async with a_listener(HASTY) as listener:
        fake = listener.fake
        fake.answer = lambda _asked: (200, {"ping": "pong"})
        await fake.until(lambda: len(fake.asked) > 5)
        assert not listener.task.done()
        assert {asked["uri"] for asked in fake.asked} == {SIGN}
        assert listener.heard == []


async def test_answers_without_events_end_the_connection() -> None:
    async with a_listener(HASTY) as listener:
        listener.fake.deaf = True
        assert await listener.task == "it answers, and tells no events"
        assert len(listener.fake.asked) == 4


async def test_who_has_forgotten_the_application_is_left_at_once() -> None:
    async with a_listener(HASTY) as listener:
        listener.fake.answer = lambda _asked: (404, {"message": "Application not found"})
        assert await listener.task == "it does not know our application any more: 404"


async def test_silence_ends_the_connection() -> None:
    async with a_listener(HASTY) as listener:
        listener.fake.answer = lambda _asked: None
        assert await listener.task == "nothing was heard for 0.3 s"


async def test_who_does_not_answer_the_first_request_is_left_soon() -> None:
    async with a_listener(HASTY) as listener:
        listener.fake.answer = lambda _asked: None
        listener.ask("applications/offhook/eventFilter")
        says = "GET applications/offhook/eventFilter was not answered for 0.3 s"
        assert await listener.task == says


async def test_who_is_silent_while_it_has_something_to_answer_is_given_more_time() -> None:
    async with a_listener(HASTY) as listener:
        fake = listener.fake
        listener.ask("bridges")
        await fake.until(lambda: listener.heard)
        fake.answer = lambda _asked: None
        listener.ask("channels")
        assert await listener.task == "GET channels was not answered for 0.6 s"
        assert [asked["uri"] for asked in fake.asked] == ["bridges", "channels", SIGN]


async def test_a_request_that_hangs_ends_the_connection_although_events_come() -> None:
    async with a_listener(HASTY) as listener:
        fake = listener.fake
        listener.ask("bridges")
        await fake.until(lambda: listener.heard)
        fake.answer = lambda _asked: None
        listener.ask("bridges/b-1/addChannel")
        while not listener.task.done():
            await fake.say({"type": "ChannelTalkingStarted"})
            await asyncio.sleep(0.02)
        assert await listener.task == "GET bridges/b-1/addChannel was not answered for 0.6 s"


@pytest.mark.parametrize("message", ["[1]", "{", '{"type":"RESTResponse","request_id":7}'])
async def test_what_is_no_message_ends_the_connection_or_is_left_alone(message: str) -> None:
    async with a_listener() as listener:
        await listener.fake.connections[-1].send(message)
        await listener.fake.say({"type": "StasisStart"})
        await listener.fake.until(lambda: listener.heard or listener.task.done())
        if listener.task.done():
            assert "no message" in await listener.task


async def test_a_fault_in_what_is_done_with_an_event_is_not_the_end() -> None:
    async with a_fake_asterisk() as fake:
        heard: list[dict[str, Any]] = []

        def hear(event: dict[str, Any]) -> None:
            heard.append(event)
            raise KeyError("channel")

        ari = await open_socket(fake.config, Patience())
        listening = asyncio.create_task(ari.listen(hear))
        await fake.say({"type": "first"})
        await fake.say({"type": "second"})
        await fake.until(lambda: len(heard) == 2)
        assert not listening.done()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await ari.close()


async def test_a_message_of_many_channels_is_taken() -> None:
    async with a_listener() as listener:
        channels = [{"id": f"l-{number}", "name": "x" * 500} for number in range(5_000)]
        listener.fake.answer = lambda _asked: (200, channels)
        listener.ask("channels")
        await listener.fake.until(lambda: listener.heard)
    assert listener.heard == [("channels", Reply(200, channels))]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (HTTPStatus.UNAUTHORIZED, "user 'offhook' or its password is wrong"),
        (HTTPStatus.FORBIDDEN, "user 'offhook' or its password is wrong"),
        (HTTPStatus.NOT_FOUND, "there is no ARI at http://127.0.0.1"),
    ],
)
async def test_who_is_not_let_in_is_told_what_to_write(status: HTTPStatus, says: str) -> None:
    async with a_fake_asterisk() as fake:
        fake.refuse = status
        with pytest.raises(RefusedError, match=says):
            await open_socket(fake.config, Patience())


async def test_a_wrong_password_is_told_and_never_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "wrong-one"
    async with a_fake_asterisk() as fake:
        config = msgspec.structs.replace(fake.config, password=Secret(wrong))
        with pytest.raises(RefusedError) as refused:
            await open_socket(config, Patience())
        (await open_socket(fake.config, Patience())).drop()
    ours = [record for record in caplog.records if record.name != "websockets.server"]
    shown = repr(refused.value) + repr(config) + "".join(each.getMessage() for each in ours)
    for password in (wrong, PASSWORD):
        assert password not in shown
        assert base64.b64encode(f"offhook:{password}".encode()).decode() not in shown
    assert PASSWORD not in "".join(fake.paths)


async def test_who_is_away_is_a_fault_of_the_moment() -> None:
    async with a_fake_asterisk() as fake:
        fake.refuse = HTTPStatus.SERVICE_UNAVAILABLE
        with pytest.raises(FAULTS, match="status 503"):
            await open_socket(fake.config, Patience())
    with pytest.raises(FAULTS):
        await open_socket(fake.config, Patience())


async def test_who_takes_the_connection_and_says_nothing_is_a_fault_of_the_moment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/ari"
        config = AriConfig(url=url, user="offhook", password=Secret("x"), trunks=())
        with pytest.raises(FAULTS):
            await open_socket(config, Patience(connect_s=0.2))
