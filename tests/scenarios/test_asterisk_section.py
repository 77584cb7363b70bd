"""The section of a real Asterisk in a server's file: what it says, and how its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from csta.documents import read_document
from csta.errors import ConfigError
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from scenarios.server_file import ServerFile, read_server_file

SHORTEST = {
    "url": "http://127.0.0.1:8088/ari",
    "user": "offhook",
    "password_file": "password",
    "trunks": "{pstn: {endpoint: PJSIP/carrier}}",
}


def _read(folder: Path, changed: dict[str, str], more: str = "") -> ServerFile:
    (folder / "centre.yaml").write_text("scenario: small\n")
    (folder / "password").write_text("hidden\n")
    (folder / "empty").write_text("\n")
    (folder / "key").write_text("two\nlines\n")
    (folder / "binary").write_bytes(b"\xff\xfe")
    entries = [f"    {key}: {value}\n" for key, value in (SHORTEST | changed).items() if value]
    text = f"server: real\ncentre: centre.yaml\nlink:\n  asterisk:\n{''.join(entries)}{more}"
    return read_server_file(read_document(text, "server.yaml"), folder / "server.yaml")


def _asterisk(folder: Path, **changed: str) -> AriConfig:
    link = _read(folder, changed).link
    assert isinstance(link, AriConfig)
    return link


def test_four_lines_are_an_asterisk(tmp_path: Path) -> None:
    config = _asterisk(tmp_path)
    assert config.password.reveal() == "hidden"
    assert config.application == "offhook"
    assert config.trunks == (AriTrunk("pstn", "PJSIP/carrier", "PJSIP/{number}@carrier"),)
    assert config.station_dial == "PJSIP/{station}"
    assert "answer-after=0" in config.auto_answer["Call-Info"]
    assert config.recording_format == "wav"


def test_everything_about_an_asterisk_can_be_said(tmp_path: Path) -> None:
    config = _asterisk(
        tmp_path,
        url="https://pbx.example.com:8089/ari/",
        authority="password",
        application="acd",
        trunks=(
            '{a: {endpoint: PJSIP/a, dial: "PJSIP/a/sip:{number}@10.0.0.1",'
            ' incoming: {0: "+49", any: +}, outgoing: {+49: "0"}}, b: {endpoint: PJSIP/b}}'
        ),
        stations='{dial: "PJSIP/phone-{station}", numbers: {"0": "+49"}}',
        sounds='{sound:welcome: "sound:hello-world,digits:42", "tts:Good day.": sound:hello}',
        music="{hold: jazz}",
        auto_answer="{Alert-Info: ring-answer}",
        recordings="g722",
    )
    assert config.url == "https://pbx.example.com:8089/ari"
    assert config.authority == tmp_path / "password"
    assert config.application == "acd"
    assert [trunk.name for trunk in config.trunks] == ["a", "b"]
    assert config.trunks[0].endpoint_for("+4930") == "PJSIP/a/sip:030@10.0.0.1"
    assert config.trunks[0].number_in("030") == "+4930"
    assert config.trunks[0].number_in("4930") == "+4930"
    assert config.station_endpoint("1001") == "PJSIP/phone-1001"
    assert config.station_number("030") == "+4930"
    assert config.media("tts:Good day.") == "sound:hello"
    assert config.music_class("music:hold") == "jazz"
    assert config.auto_answer == {"Alert-Info": "ring-answer"}
    assert config.recording_format == "g722"


@pytest.mark.parametrize("host", ["127.0.0.1:8088", "localhost:8088", "[::1]:8088", "127.0.1.1"])
def test_this_machine_may_be_reached_unencrypted(tmp_path: Path, host: str) -> None:
    assert _asterisk(tmp_path, url=f"http://{host}/ari").url == f"http://{host}/ari"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("url", "", "missing"),
        ("url", "127.0.0.1:8088", "no address of an ARI"),
        ("url", "ws://127.0.0.1:8088/ari", "no address of an ARI"),
        ("url", "http://127.0.0.1:eight/ari", "no address of an ARI"),
        ("url", "http://a:hidden@127.0.0.1:8088/ari", "do not stand in the address"),
        ("url", "http://127.0.0.1:8088/ari?api_key=hidden", "do not stand in the address"),
        ("url", "http://pbx.example.com:8088/ari", "nothing is encrypted"),
        ("url", "http://127.example.com:8088/ari", "nothing is encrypted"),
        ("user", "", "missing"),
        ("password_file", "", "missing"),
        ("password_file", "nowhere", "no file 'nowhere'"),
        ("password_file", "empty", "one line"),
        ("password_file", "key", "one line"),
        ("password_file", "binary", "one line"),
        ("application", "a,b", "letters and digits"),
        ("authority", "nowhere", "no file 'nowhere'"),
        ("trunks", "", "no trunks"),
        ("trunks", "{}", "no trunks"),
        ("trunks.pstn.endpoint", "{pstn: {}}", "missing"),
        ("trunks.pstn.endpoint", "{pstn: {endpoint: carrier}}", "no endpoint"),
        ("trunks.pstn.dial", "{pstn: {endpoint: SIP/a, dial: SIP/a}}", "where the number goes"),
        ("trunks.pstn.dial", '{pstn: {endpoint: SIP/a, dial: "{number}"}}', "where the number"),
        ("trunks.pstn.incoming", "{pstn: {endpoint: SIP/a, incoming: {a: +}}}", "no beginning"),
        ("trunks.pstn.outgoing", "{pstn: {endpoint: SIP/a, outgoing: {+: a}}}", "no beginning"),
        ("trunks.pstn.size", "{pstn: {endpoint: SIP/a, size: 30}}", "not known"),
        ("stations.dial", "{dial: PJSIP/1001}", "where the station goes"),
        ("stations.number", "{number: {}}", "not known"),
        ("sounds", "{welcome: sound:hello}", "no sound of ours"),
        ("sounds", "{sound:welcome: hello}", "nothing that Asterisk plays"),
        ("auto_answer", '{"Call Info": x}', "no name of a SIP header"),
        ("recordings", "../wav", "letters and digits"),
        ("password", "hidden", "not known"),
    ],
)
def test_a_fault_of_the_section_is_told_with_its_key(
    tmp_path: Path, key: str, value: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, {key.partition(".")[0]: value})
    assert caught.value.key == f"link.asterisk.{key}"
    assert says in caught.value.problem
    assert caught.value.remedy
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ("simulate: {callers: true}\n", "simulate", "real"),
        ("simulate: {agents: true}\n", "simulate", "real"),
        ("simulate: {speed: 2}\n", "simulate", "real"),
        ("  pbx: 127.0.0.1:5700\n", "link.pbx", "one switch only"),
    ],
)
def test_a_real_switch_is_not_simulated(tmp_path: Path, more: str, key: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, {}, more)
    assert caught.value.key == key
    assert says in caught.value.problem
