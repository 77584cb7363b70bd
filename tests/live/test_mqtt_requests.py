"""Requests over MQTT, and who may read and write what (cti-api §7.2; reliability §6.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import msgspec
import pytest

from csta.errors import ConfigError
from ctiserver.live.access_file import read_access
from ctiserver.live.mqtt_broker import Broker, BrokerError
from ctiserver.live.secret import Secret
from tests.live.brokers import Mosquitto, mosquitto
from tests.live.host import world_host
from tests.live.mqtt_clients import (
    ROOT,
    about,
    bridged,
    follow,
    request,
    set_agent,
    until,
    up,
)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path) as running:
        yield running


async def test_a_request_over_mqtt_is_carried_out_for_who_the_broker_has_proved(
    broker: Mosquitto,
) -> None:
    async with world_host() as host, bridged(host, broker.broker):
        async with broker.client("wallboard") as client:
            await up(client)
        answer = await set_agent(broker, "loggedOn")
        assert answer["ok"], answer
        event = await host.event("AgentLoggedOn")
        assert event.principal == "agent:anna"
        assert answer["id"] == "r-1"


@pytest.mark.parametrize(
    ("user", "message", "value"),
    [
        ("wallboard", b'{"kind":"request","id":"r","service":"GetMonitors"}', "unauthenticated"),
        ("anna", b"{", "invalidParameterValue"),
        ("anna", b'{"kind":"ping"}', "invalidParameterValue"),
        ("anna", b'{"kind":"request","id":"r","service":"Dance"}', "serviceNotSupported"),
        (
            "anna",
            b'{"kind":"request","id":"r","service":"MonitorStart","params":{"monitorObject":"all"}}',
            "requestIncompatibleWithObject",
        ),
        ("anna", b" " * 70_000, "frameTooLarge"),
    ],
)
async def test_what_cannot_be_carried_out_is_answered_with_a_problem(
    broker: Mosquitto, user: str, message: bytes, value: str
) -> None:
    async with world_host() as host, bridged(host, broker.broker):
        async with broker.client("wallboard") as watcher:
            await up(watcher)
        async with broker.client(user) as client:
            answer = await request(client, user, message)
    assert (answer["ok"], answer["error"]["value"]) == (False, value)


async def test_a_token_says_who_asks_and_answers_go_to_nobody_else(broker: Mosquitto) -> None:
    ask = b'{"kind":"request","id":"r","service":"GetCSTAFeatures"}'
    async with (
        world_host() as host,
        bridged(host, broker.broker),
        broker.client("wallboard") as client,
    ):
        await up(client)
        good = await request(client, "wallboard", ask, token="token-wall")  # noqa: S106 - a test's
        assert good["ok"], good
        bad = await request(client, "wallboard", ask, token="nobody's")  # noqa: S106 - a test's
        assert bad["error"]["value"] == "unauthenticated"
        for elsewhere in (
            f"{ROOT}/rsp/anna",
            f"{ROOT}/state/agent/anna",
            f"{ROOT}/rsp/wallboard2",
        ):
            answer = await request(client, "wallboard", ask, to=elsewhere)
            assert answer["error"]["value"] == "forbidden"


async def test_the_acl_lets_nobody_read_or_write_what_is_not_his(broker: Mosquitto) -> None:
    forbidden = {
        "wallboard": ("evt/call/#", "evt/#", "rsp/anna", "req/#", "#"),
        "anna": ("rsp/bea", "req/anna", "evt/#", "state/#"),
        "integration": ("req/#", "rsp/#"),
    }
    async with broker.client("offhook") as server, broker.client("bea") as bea:
        await server.subscribe("cti/#", qos=1)
        await bea.publish(f"{ROOT}/req/anna", b"as anna", qos=1)
        await bea.publish(f"{ROOT}/evt/agent/anna/AgentReady", b"a lie", qos=1)
        await bea.publish(f"{ROOT}/rsp/anna", b"a lie", qos=1)
        await bea.publish(f"{ROOT}/state/agent/anna", b"a lie", qos=1, retain=True)
        await bea.publish("cti/v1/other/req/bea", b"to others", qos=1)
        await bea.publish(f"{ROOT}/req/bea", b"as bea", qos=1)
        read = await until(server, about("req/bea"))
        assert [bytes(each.payload) for each in read] == [b"as bea"]
        for user, paths in forbidden.items():
            async with broker.client(user) as client:
                for path in paths:
                    await client.subscribe(f"{ROOT}/{path}", qos=1)
                await follow(client, f"rsp/{user}")
                for path in ("evt/call/c-1/Held", "rsp/anna", "rsp/bea", "req/anna", "req/bea"):
                    if (
                        not (user == "integration" and path.startswith("evt/"))
                        and path != f"rsp/{user}"
                    ):
                        await server.publish(f"{ROOT}/{path}", b"secret", qos=1)
                await server.publish(f"{ROOT}/rsp/{user}", b"last", qos=1)
                got = await until(client, about(f"rsp/{user}"))
                assert {bytes(each.payload) for each in got} == {b"last"}


async def test_nobody_gets_in_without_a_password(broker: Mosquitto) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5):
            pass


@pytest.mark.parametrize(
    ("broker", "words"),
    [
        (Broker(host="mqtt.example.org"), "without TLS"),
        (Broker(host="10.0.0.7", user="offhook", password=Secret("x")), "without TLS"),
    ],
)
def test_a_broker_elsewhere_is_talked_to_with_tls(broker: Broker, words: str) -> None:
    with pytest.raises(BrokerError, match=words):
        broker.check()
    msgspec.structs.replace(broker, trusted_network=True).check()


def test_the_access_file_says_who_the_users_of_the_broker_are(tmp_path: Path) -> None:
    file = tmp_path / "access.yaml"
    file.write_text("mqtt_users:\n- {name: anna, role: agent, agent: anna}\n", "utf-8")
    found = read_access(file).mqtt_users
    assert list(found) == ["anna"]
    assert (found["anna"].name, found["anna"].agent_id) == ("mqtt:anna", "anna")
    file.write_text("mqtt_users:\n- {name: anna, role: king}\n", "utf-8")
    with pytest.raises(ConfigError, match="role"):
        read_access(file)
