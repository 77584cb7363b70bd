"""Who may ask, what is refused and how, who hears of what; and what describes all this."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httpx
import pytest
import websockets

from switch_sim.dialects import ari_events, ari_words
from switch_sim.dialects.ari_table import ROUTES
from tests.switch_sim.ari_stage import SOON_S, AriStage, ari_stage, line
from tests.switch_sim.stage import A

DIAL = "/channels?app=acd&endpoint="


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nowhere", 404, "Resource not found"),
        ("GET", "/channels/none", 404, "Channel not found"),
        ("PUT", "/channels", 405, "Invalid method"),
        ("POST", "/channels?app=acd", 400, "Missing parameter endpoint"),
        ("POST", f"{DIAL}junk", 400, "Invalid endpoint specified"),
        ("POST", f"{DIAL}PJSIP/nobody", 500, "Allocation failed"),
        ("POST", f"{DIAL}Local/1@here", 500, "Allocation failed"),
        ("POST", f"{DIAL}PJSIP/1@nowhere", 500, "Allocation failed"),
        ("POST", f"{DIAL}PJSIP/1003", 500, "Allocation failed"),
        ("POST", "/channels?endpoint=PJSIP/1001", 400, "Application or extension must be"),
        ("POST", f"{DIAL}PJSIP/1001&channelId=up", 409, "unique ID already exists"),
        ("POST", f"{DIAL}PJSIP/1001&timeout=soon", 400, "timeout is no whole number"),
        ("POST", "/channels/rings/answer", 409, "not in Stasis"),
        ("POST", "/channels/down/play?media=sound:x", 412, "invalid state"),
        ("POST", "/channels/up/play", 400, "Missing parameter media"),
        ("GET", "/channels/up/variable", 400, "Variable name is required"),
        ("GET", "/channels/up/variable?variable=NONE", 404, "variable was not found"),
        ("DELETE", "/channels/up?reason=whim", 400, "Invalid hangup reason"),
        ("POST", "/channels/up/transfer_progress", 400, "states must not be empty"),
        ("POST", "/channels/up/transfer_progress?states=soon", 400, "Invalid states value"),
        ("POST", "/bridges/b?type=mixing", 500, "Unable to create bridge"),
        ("POST", "/bridges/c?type=wrong", 500, "Unable to create bridge"),
        ("GET", "/bridges/none", 404, "Bridge not found"),
        ("POST", "/bridges/b/addChannel", 400, "Missing parameter channel"),
        ("POST", "/bridges/b/addChannel?channel=none", 400, "Channel not found"),
        ("POST", "/bridges/b/addChannel?channel=rings", 422, "not in Stasis"),
        ("POST", "/bridges/b/removeChannel?channel=up", 422, "not in this bridge"),
        ("DELETE", "/bridges/b/moh", 409, "isn't playing music"),
        ("GET", "/playbacks/none", 404, "Playback not found"),
        ("DELETE", "/playbacks/none", 404, "Playback not found"),
        ("GET", "/recordings/live/none", 404, "Recording not found"),
        ("GET", "/applications/none", 404, "Application not found"),
        ("POST", "/applications/acd/subscription?eventSource=x", 400, "Invalid event source"),
        ("POST", "/applications/acd/subscription?eventSource=channel:x", 422, "does not exist"),
        ("DELETE", "/applications/acd/subscription?eventSource=bridge:b", 409, "not subscribed"),
        ("GET", "/endpoints/PJSIP/none", 404, "Endpoint not found"),
        ("PUT", "/deviceStates/PJSIP%2F1001?deviceState=INUSE", 409, "Uncontrolled device"),
        ("GET", "/api-docs/nothing.json", 404, "Resource not found"),
    ],
)
async def test_what_cannot_be_done_is_refused_as_the_real_one_refuses_it(
    method: str, path: str, status: int, words: str
) -> None:
    async with ari_stage() as stage, stage.listen():
        stage.pacer.act(lambda: stage.pbx.unplug("station:1003"))
        await stage.ask("POST", "/channels/create?endpoint=PJSIP/1002&app=acd&channelId=down")
        await stage.ask("POST", "/bridges/b")
        await stage.ask("POST", f"{DIAL}PJSIP/1001&channelId=up")
        stage.clock.advance(3_000)
        await stage.ask("POST", f"{DIAL}PJSIP/%2B491@pstn&channelId=rings")
        told, body = await stage.ask(method, path)
        assert told == status
        assert words in body.get("message", body.get("error"))


@pytest.mark.parametrize(
    "auth", [None, ("cti", "wrong"), ("nobody", "let me in")], ids=["none", "password", "user"]
)
async def test_who_is_not_known_is_not_let_in(auth: tuple[str, str] | None) -> None:
    async with ari_stage() as stage, httpx.AsyncClient(auth=auth, trust_env=False) as stranger:
        reply = await stranger.get(f"{stage.url}/channels")
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == 'Basic realm="Asterisk REST Interface"'
        assert reply.json() == {"message": "Authentication required"}


async def test_the_key_may_stand_in_the_address() -> None:
    async with ari_stage() as stage, httpx.AsyncClient(trust_env=False) as client:
        reply = await client.get(f"{stage.url}/channels?api_key=cti:let%20me%20in")
        assert reply.status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [("app=acd", 401), ("app=acd&api_key=cti:wrong", 401), ("api_key=cti:let%20me%20in", 400)],
)
async def test_a_websocket_of_a_stranger_or_of_no_application_is_refused(
    query: str, status: int
) -> None:
    async with ari_stage() as stage:
        url = f"{stage.url.replace('http', 'ws', 1)}/events?{query}"
        with pytest.raises(websockets.InvalidStatus) as refusal:
            await websockets.connect(url, proxy=None)
        assert refusal.value.response.status_code == status


async def test_parameters_come_in_the_query_or_in_the_body() -> None:
    async with ari_stage() as stage:
        body = {"type": "holding", "name": "lobby"}
        _, bridge = await stage.ask("POST", "/bridges/one", body)
        assert (bridge["bridge_type"], bridge["name"]) == ("holding", "lobby")
        _, bridge = await stage.ask("POST", "/bridges/two", type="holding", name="lobby")
        assert (bridge["bridge_type"], bridge["name"]) == ("holding", "lobby")
        form = {"type": "holding", "bridgeId": "three"}
        reply = await stage.http.post(f"{stage.url}/bridges", data=form)
        assert reply.json()["bridge_type"] == "holding"
        broken = await stage.http.post(f"{stage.url}/bridges", content=b"{")
        assert broken.status_code == 400


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "Wish"}, "Unknown request type."),
        ({"type": "RESTRequest"}, "Empty or missing 'uri' property."),
        ({"type": "RESTRequest", "uri": "channels", "method": "LOOK"}, "Unknown or missing"),
        (
            {"type": "RESTRequest", "uri": "x", "method": "GET", "message_body": "{"},
            "Error parsing request body",
        ),
        (["nothing"], "Failed to parse"),
    ],
)
async def test_what_is_no_request_on_the_websocket_is_answered_too(
    message: object, words: str
) -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        await listener.send_raw(message)
        answer = await listener.hear()
        assert answer["status_code"] == 400
        assert words in answer["message_body"]
        assert await listener.ask("GET", "channels") == (200, [])


async def test_a_second_connection_takes_an_application_over() -> None:
    async with ari_stage() as stage, stage.listen() as first:
        async with stage.listen() as second:
            assert (await first.hear())["type"] == "ApplicationReplaced"
            stage.call()
            assert (await second.hear())["type"] == "StasisStart"
        assert await first.ask("GET", "asterisk/ping", None) is not None


async def test_calls_ring_while_nobody_is_there_and_come_in_when_somebody_is() -> None:
    async with ari_stage() as stage:
        stage.call()
        assert stage.pbx.snapshot()[0]["playing"] == "behind tone:ringback"
        async with stage.listen() as listener:
            assert (await listener.hear())["type"] == "StasisStart"
            assert stage.pbx.snapshot()[0]["playing"] == ""


async def test_calls_and_bridges_stay_as_they_are_while_nobody_is_connected() -> None:
    async with ari_stage() as stage:
        async with stage.listen() as listener:
            stage.call()
            channel = (await listener.hear())["channel"]["id"]
            await listener.ask("POST", "bridges/b")
            await listener.ask("POST", f"bridges/b/addChannel?channel={channel}")
            await listener.ask("POST", f"channels/{channel}/variable?variable=X&value=1")
        await _nobody_is_heard(stage)
        async with stage.listen() as listener:
            _, application = await listener.ask("GET", "applications/acd")
            assert channel in application["channel_ids"]
            assert application["bridge_ids"] == ["b"]
            assert (await listener.ask("GET", "bridges/b"))[1]["channels"] == [channel]
            variable = await listener.ask("GET", f"channels/{channel}/variable?variable=X")
            assert variable == (200, {"value": "1"})


async def _nobody_is_heard(stage: AriStage) -> None:
    """Wait until the switch has seen that the client is gone: then a new call is left ringing."""
    async with asyncio.timeout(SOON_S):
        while True:
            stage.call()
            last = stage.pbx.snapshot()[-1]
            if last["playing"]:
                return
            stage.pacer.act(partial(stage.pbx.hang_up, last["leg"]))
            await asyncio.sleep(0.01)


async def test_a_filter_lets_pass_what_it_names_and_holds_back_answers_that_it_does_not() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        url = "/applications/acd/eventFilter"
        only = {"allowed": [{"type": "ChannelStateChange"}]}
        await stage.ask("PUT", url, only)
        stage.call()
        channel = stage.pbx.snapshot()[0]["leg"]
        await listener.send("POST", f"channels/{channel}/answer")
        assert (await listener.hear())["type"] == "ChannelStateChange"
        await stage.ask("PUT", url, {"allowed": [{"type": "RESTResponse"}]})
        assert await listener.ask("GET", "bridges") == (200, [])
        not_these = {"allowed": [], "disallowed": [{"type": "StasisStart"}]}
        _, application = await stage.ask("PUT", url, not_these)
        assert application["events_disallowed"] == [{"type": "StasisStart"}]


async def test_an_application_that_hears_all_hears_of_what_others_own() -> None:
    async with ari_stage() as stage, stage.listen("watch", subscribeAll="true") as watch:
        stage.call()
        told = await watch.until("ChannelDialplan")
        assert [message["type"] for message in told] == [
            "EndpointStateChange",
            "DeviceStateChanged",
            "ChannelCreated",
            "ChannelDialplan",
        ]


async def test_who_hears_of_a_channel_and_of_its_endpoint_hears_twice_and_of_its_end() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        source = "eventSource=endpoint:PJSIP/pstn,deviceState:PJSIP/1001"
        status, _ = await listener.ask("POST", f"applications/acd/subscription?{source}")
        assert status == 200
        stage.call()
        channel = (await listener.until("StasisStart"))[-1]["channel"]["id"]
        await listener.ask("POST", f"channels/{channel}/answer")
        answered = [line(await listener.hear()) for _ in range(2)]
        assert answered == ["ChannelStateChange Up"] * 2
        await listener.ask("DELETE", f"channels/{channel}?reason=busy")
        destroyed = (await listener.until("ChannelDestroyed"))[-1]
        assert destroyed["cause"] == 17


async def test_a_phone_that_is_lost_is_told_and_its_lamp_too() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        source = "eventSource=endpoint:PJSIP,deviceState:PJSIP/1001"
        await listener.ask("POST", f"applications/acd/subscription?{source}")
        stage.pacer.act(lambda: stage.pbx.unplug(A))
        told = [await listener.hear() for _ in range(3)]
        assert [message["type"] for message in told] == [
            "PeerStatusChange",
            "EndpointStateChange",
            "DeviceStateChanged",
        ]
        assert told[1]["endpoint"]["state"] == "offline"
        assert told[2]["device_state"] == {"name": "PJSIP/1001", "state": "UNAVAILABLE"}
        stage.pacer.act(lambda: stage.pbx.plug_in(A))
        back = (await listener.until("DeviceStateChanged"))[-1]["device_state"]
        assert back["state"] == "NOT_INUSE"
        lamp = await listener.ask("GET", "deviceStates/PJSIP%2F1001")
        assert lamp == (200, {"name": "PJSIP/1001", "state": "NOT_INUSE"})


async def test_variables_are_kept_and_told() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        body = {"endpoint": "PJSIP/1001", "app": "acd", "variables": {"CALL": "c-1"}}
        await listener.ask("POST", "channels/l-1", body)
        value = await listener.ask("GET", "channels/l-1/variable?variable=CALL")
        assert value == (200, {"value": "c-1"})
        await listener.ask("POST", "channels/l-1/variables", {"variables": {"A": "1", "B": "2"}})
        several = await listener.ask("GET", "channels/l-1/variables?variables=A,B")
        assert several == (200, {"variables": {"A": "1", "B": "2"}})
        told = (await listener.until("ChannelVarset"))[-1]
        assert (told["variable"], told["value"]) == ("A", "1")


async def test_an_event_of_ones_own_reaches_an_application() -> None:
    async with ari_stage() as stage, stage.listen() as listener:
        body = {"variables": {"x": "1"}}
        await stage.ask("POST", "/events/user/Hello?application=acd", body)
        told = await listener.hear()
        assert told["userevent"] == {"x": "1", "eventname": "Hello"}


async def test_the_same_calls_are_told_in_the_same_words_each_time() -> None:
    async def told() -> list[dict[str, Any]]:
        async with ari_stage() as stage, stage.listen() as listener:
            stage.call()
            channel = (await listener.hear())["channel"]["id"]
            await listener.ask("POST", f"channels/{channel}/play?media=sound:hello")
            await listener.ask("POST", "channels?endpoint=PJSIP/1001&app=acd")
            stage.clock.advance(5_000)
            return await listener.until("StasisStart")

    assert await told() == await told()


# What describes the interface.


async def test_each_resource_that_clients_ask_for_is_described() -> None:
    async with ari_stage() as stage:
        _, listing = await stage.ask("GET", "/api-docs/resources.json")
        names = {api["path"].split("/")[-1].removesuffix(".{format}") for api in listing["apis"]}
        assert names == {
            "applications",
            "asterisk",
            "bridges",
            "channels",
            "deviceStates",
            "endpoints",
            "events",
            "mailboxes",
            "playbacks",
            "recordings",
            "sounds",
        }
        assert listing["swaggerVersion"] == "1.1"
        assert listing["basePath"] == stage.url
        for name in names:
            _, described = await stage.ask("GET", f"/api-docs/{name}.json")
            assert described["resourcePath"] == f"/api-docs/{name}.{{format}}"
            assert described["apis"]


async def test_the_descriptions_are_those_of_the_table() -> None:
    async with ari_stage() as stage:
        described = set()
        for name in {route.resource for route in ROUTES}:
            _, of_resource = await stage.ask("GET", f"/api-docs/{name}.json")
            for api in of_resource["apis"]:
                for each in api["operations"]:
                    names = tuple(parameter["name"] for parameter in each["parameters"])
                    described.add((each["httpMethod"], api["path"], each["nickname"], names))
        assert described == {
            (
                route.method,
                route.path,
                route.nickname,
                tuple(parameter.name for parameter in route.parameters()),
            )
            for route in ROUTES
        }


async def test_every_event_and_object_is_described_with_its_members() -> None:
    async with ari_stage() as stage:
        _, described = await stage.ask("GET", "/api-docs/events.json")
    models = described["models"]
    assert models["Message"]["discriminator"] == "type"
    assert models["Event"]["subTypes"] == [event.__name__ for event in ari_events.EVENTS]
    made_of = {kind for kind in vars(ari_events).values() if _is_a(kind, ari_events.Event)}
    assert made_of == set(ari_events.EVENTS)
    assert {kind for kind in vars(ari_words).values() if _is_a(kind, ari_words.Model)} == set(
        ari_words.MODELS
    )
    start = models["StasisStart"]["properties"]
    assert start["channel"] == {"type": "Channel", "required": True}
    assert start["replace_channel"] == {"type": "Channel", "required": False}
    assert start["args"]["type"] == "List[string]"
    listens = described["apis"][0]["operations"][0]
    assert (listens["upgrade"], listens["websocketProtocol"]) == ("websocket", "ari")


def _is_a(kind: object, ancestor: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, ancestor) and kind is not ancestor


def test_every_request_says_what_it_does() -> None:
    assert [route.path for route in ROUTES if not route.summary] == []
    names = [(route.method, route.path) for route in ROUTES]
    assert len(names) == len(set(names))
