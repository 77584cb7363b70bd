"""`offhook doctor` and a real Asterisk: what it asks, and what it says of the answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from console.checkup_asterisk import look_at_asterisk
from console.looks import Health, Look
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.secret import Secret
from scenarios.scenario import LIBRARY, Scenario, load_scenario
from scenarios.server_file import load_server_file
from tests.repository import ROOT

FRONT_DESK = LIBRARY / "front_desk.yaml"
PHONES = [f"10{number:02}" for number in range(1, 13)]
MODULES = (
    *("app_stasis", "bridge_simple", "bridge_softmix", "chan_pjsip", "res_http_websocket"),
    *("res_musiconhold", "res_pjsip_header_funcs"),
    *(f"res_ari_{part}" for part in ("applications", "asterisk", "bridges", "channels")),
    *(f"res_ari_{part}" for part in ("device_states", "endpoints", "events", "playbacks")),
    "res_ari_recordings",
    *(f"res_stasis_{part}" for part in ("answer", "device_state", "playback", "recording")),
    "res_stasis_snoop",
)


class Answers:
    """What an Asterisk answers to GET by path; what is not there is not found."""

    def __init__(self) -> None:
        """Answer as one that is ready for the front desk."""
        self.url = ""
        self.password = "right"  # noqa: S105 - of an Asterisk that does not exist
        self.deleting: int = HTTPStatus.NOT_FOUND
        self.at: dict[str, Any] = {
            "asterisk/info": {"system": {"version": "22.10.1+dfsg"}},
            "asterisk/modules": [{"name": f"{name}.so", "status": "Running"} for name in MODULES],
            "asterisk/config/dynamic/res_pjsip/endpoint/carrier": [
                {"attribute": "context", "value": "from-carrier"}
            ],
            "endpoints/PJSIP/carrier": {"state": "online"},
            "endpoints": [
                {"technology": "PJSIP", "resource": phone, "state": "online"} for phone in PHONES
            ],
        } | {f"sounds/{name}": {} for name in self.sounds()}

    @staticmethod
    def sounds() -> list[str]:
        """List the sounds that the front desk plays."""
        text = msgspec.json.encode(load_scenario(FRONT_DESK).engine).decode()
        return [part.split('"')[0] for part in text.split('"sound:')[1:]]

    def config(self) -> AriConfig:
        """Give a configuration that asks it."""
        return AriConfig(
            url=self.url,
            user="offhook",
            password=Secret("right"),
            trunks=(AriTrunk("pstn", "PJSIP/carrier", "PJSIP/{number}@carrier"),),
            sounds={
                f"tts:All are busy. You are number {{queue.{queue}.position}} in the queue.": (
                    "sound:welcome"
                )
                for queue in ("sales", "support")
            },
        )


@pytest.fixture
def answers() -> Iterator[Answers]:
    told = Answers()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, body: Any) -> None:  # noqa: ANN401 - JSON
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self) -> None:
            path = unquote(self.path).removeprefix("/ari/")
            if told.password != "right":  # noqa: S105 - of an Asterisk that does not exist
                self._answer(401, {"message": "Authentication required"})
            elif path in told.at:
                self._answer(200, told.at[path])
            else:
                self._answer(404, {"message": "not found"})

        def do_DELETE(self) -> None:
            self._answer(told.deleting, {"message": "no"})

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/ari"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(FRONT_DESK)


def _looks(answers: Answers, scenario: Scenario | None) -> dict[str, Look]:
    return {look.what: look for look in look_at_asterisk(answers.config(), scenario)}


def test_an_asterisk_that_is_ready_is_well(answers: Answers, scenario: Scenario) -> None:
    looks = _looks(answers, scenario)
    assert [look for look in looks.values() if look.health is not Health.WELL] == []
    assert "22.10.1" in looks["asterisk"].says
    assert "nobody has it" in looks["asterisk application"].says
    assert "[from-carrier]" in looks["asterisk trunk:pstn"].says
    assert "12 are there" in looks["asterisk phones"].says


def test_without_a_centre_its_phones_and_sounds_are_not_asked_for(answers: Answers) -> None:
    assert {"asterisk phones", "asterisk sounds"} & set(_looks(answers, None)) == set()


@pytest.mark.parametrize(
    ("version", "health"),
    [
        ("18.20.0", Health.ILL),
        ("20.13.0", Health.ILL),
        ("20.14.0", Health.WELL),
        ("21.8.1", Health.ILL),
        ("22.3.0", Health.ILL),
        ("22.4.0", Health.WELL),
        ("23.0.0", Health.WELL),
        ("GIT-master-cb21", Health.WELL),
    ],
)
def test_an_asterisk_that_is_too_old_is_ill(answers: Answers, version: str, health: Health) -> None:
    answers.at["asterisk/info"] = {"system": {"version": version}}
    assert _looks(answers, None)["asterisk"].health is health


def test_a_wrong_password_is_told_and_nothing_else_is_asked(answers: Answers) -> None:
    answers.password = "wrong"  # noqa: S105 - of an Asterisk that does not exist
    looks = _looks(answers, None)
    assert list(looks) == ["asterisk"]
    assert "ari.conf" in looks["asterisk"].mend


def test_what_is_no_ari_is_told(answers: Answers) -> None:
    del answers.at["asterisk/info"]
    assert "that is no ARI" in _looks(answers, None)["asterisk"].says


def test_who_does_not_answer_is_told(unused_tcp_port: int) -> None:
    config = AriConfig(
        url=f"http://127.0.0.1:{unused_tcp_port}/ari", user="a", password=Secret("b"), trunks=()
    )
    [look] = look_at_asterisk(config, None)
    assert look.health is Health.ILL
    assert "start Asterisk" in look.mend


def test_a_user_who_may_only_read_is_ill(answers: Answers) -> None:
    answers.deleting = HTTPStatus.FORBIDDEN
    assert "read_only = no" in _looks(answers, None)["asterisk user"].mend


def test_an_application_that_somebody_has_is_told(answers: Answers) -> None:
    answers.at["applications/offhook"] = {"name": "offhook"}
    assert "a client has it" in _looks(answers, None)["asterisk application"].says


def test_a_module_that_is_missing_is_named(answers: Answers) -> None:
    del answers.at["asterisk/modules"][0]
    assert "app_stasis.so" in _looks(answers, None)["asterisk modules"].says


@pytest.mark.parametrize(
    ("endpoint", "health", "says"),
    [
        (None, Health.ILL, "there is no endpoint PJSIP/carrier"),
        ({"state": "offline"}, Health.WARNING, "offline"),
        ({"state": "unknown"}, Health.WELL, "unknown"),
    ],
)
def test_a_trunk_is_told_as_it_is(
    answers: Answers, endpoint: dict[str, str] | None, health: Health, says: str
) -> None:
    answers.at["endpoints/PJSIP/carrier"] = endpoint
    if endpoint is None:
        del answers.at["endpoints/PJSIP/carrier"]
    look = _looks(answers, None)["asterisk trunk:pstn"]
    assert look.health is health
    assert says in look.says


def test_phones_that_are_not_there_are_named(answers: Answers, scenario: Scenario) -> None:
    answers.at["endpoints"][1]["state"] = "offline"
    look = _looks(answers, scenario)["asterisk phones"]
    assert (look.health, "not registered: 1002" in look.says) == (Health.WARNING, True)
    del answers.at["endpoints"][:7]
    look = _looks(answers, scenario)["asterisk phones"]
    assert look.health is Health.ILL
    assert "1001, 1002, 1003, 1004, 1005 and 2 more" in look.says


def test_sounds_that_are_not_there_are_named(answers: Answers, scenario: Scenario) -> None:
    del answers.at["sounds/nothing-heard"]
    look = _looks(answers, scenario)["asterisk sounds"]
    assert (look.health, "sound:nothing-heard" in look.says) == (Health.WARNING, True)


def test_the_example_is_a_server_with_a_centre() -> None:
    folder = ROOT / "examples" / "asterisk"
    server = load_server_file(folder / "offhook.yaml")
    assert isinstance(server.link, AriConfig)
    assert load_scenario(server.centre).name == server.name
    dialplan = (folder / "extensions.conf").read_text("utf-8")
    assert f"Stasis({server.link.application},inbound,${{EXTEN}},${{CALLERID(num)}})" in dialplan
    password = f"[{server.link.user}]\ntype = user\nread_only = no\n"
    assert password in (folder / "ari.conf").read_text("utf-8")
    assert server.link.password.reveal() in (folder / "ari.conf").read_text("utf-8")
    endpoint = server.link.trunks[0].endpoint.partition("/")[2]
    assert f"[{endpoint}]\ntype = endpoint" in (folder / "pjsip.conf").read_text("utf-8")


def test_the_sounds_of_the_example_are_those_of_its_flow() -> None:
    folder = Path(ROOT / "examples" / "asterisk")
    server = load_server_file(folder / "offhook.yaml")
    assert isinstance(server.link, AriConfig)
    flow = (folder / "flow.yaml").read_text("utf-8")
    assert all(uri in flow for uri in server.link.sounds)
