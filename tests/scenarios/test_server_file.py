"""The file of a server: what it says, and how its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from csta.documents import read_document
from csta.errors import ConfigError
from csta.instants import SECOND
from scenarios.server_file import LogFormat, Place, ServerFile, read_server_file


def _read(folder: Path, text: str) -> ServerFile:
    (folder / "centre.yaml").write_text("scenario: small\n")
    (folder / "key").write_text("secret")
    return read_server_file(read_document(text, "server.yaml"), folder / "server.yaml")


def test_three_lines_are_a_server_that_only_this_machine_can_reach(tmp_path: Path) -> None:
    server = _read(tmp_path, "server: small\ncentre: centre.yaml\n")
    assert server.http.listen == Place("127.0.0.1", 8080)
    assert (server.zmq, server.mqtt, server.link) == (None, None, None)
    assert server.data == tmp_path / "data"
    assert not server.simulate.callers
    assert server.drain_ms == 5 * SECOND


def test_everything_can_be_said(tmp_path: Path) -> None:
    server = _read(
        tmp_path,
        """
server: big
tenant: acme
centre: centre.yaml
data: store
access: keys.yaml
http: {listen: "0.0.0.0:443", certificate: key, private_key: key, origins: [https://desk.example]}
zmq: {requests: "tcp://0.0.0.0:5601", events: 0.0.0.0:5602, curve: key}
mqtt: {broker: mqtt://broker.example:8883, tls: true, user: offhook, password_file: key}
simulate: {callers: true, agents: true, speed: 4, seed: 7}
link: {pbx: 127.0.0.1:5700}
drain: 2 s
log_format: json
log_level: warning
""",
    )
    assert server.tenant == "acme"
    assert server.http.origins == ("https://desk.example",)
    assert server.zmq is not None
    assert server.zmq.requests == Place("0.0.0.0", 5601)  # noqa: S104 - that is what is read
    assert server.mqtt is not None
    assert server.mqtt.broker == Place("broker.example", 8883)
    assert server.link == Place("127.0.0.1", 5700)
    assert server.log_format is LogFormat.JSON


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ("centre: nowhere.yaml", "centre", "no file 'nowhere.yaml'"),
        ("tenant: Acme Ltd", "tenant", "no name for a tenant"),
        ("http: {listen: here}", "http.listen", "no host and port"),
        ("http: {listen: 127.0.0.1:99999}", "http.listen", "no host and port"),
        ("http: {listen: 0.0.0.0:80}", "http.listen", "nothing is encrypted"),
        ("http: {listen: 127.example.com:80}", "http.listen", "nothing is encrypted"),
        ("http: {origins: [desk]}", "http.origins", "no origin"),
        ("http: {certificate: key}", "http.private_key", "missing"),
        ("http: {port: 80}", "http.port", "not known"),
        ("zmq: {requests: 0.0.0.0:5601}", "zmq.requests", "nothing is encrypted"),
        ("zmq: {curve: nokey}", "zmq.curve", "no file 'nokey'"),
        ("mqtt: {broker: broker.example:1883}", "mqtt.broker", "nothing is encrypted"),
        ("mqtt: {broker: 10.0.0.1:1883, embedded: true}", "mqtt.broker", "this machine only"),
        ("simulate: {speed: 0}", "simulate.speed", "0.1"),
        ("link: {sip: yes}", "link.pbx", "missing"),
        ("webhook_networks: [here]", "webhook_networks", "no network"),
        ("routers: [{device: acd:a, url: http://a}]", "routers[1].device", "no routeing device"),
        ("routers: [{device: routeing:a, url: a}]", "routers[1].url", "no URL"),
        ("log_level: loud", "log_level", "loud"),
        ("drain: soon", "drain", "soon"),
    ],
)
def test_a_fault_is_told_with_its_key_and_what_to_write(
    tmp_path: Path, more: str, key: str, says: str
) -> None:
    text = f"server: small\n{'' if more.startswith('centre') else 'centre: centre.yaml'}\n{more}\n"
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    assert caught.value.key == key
    assert says in caught.value.problem
    assert caught.value.line == 3
    assert caught.value.remedy
