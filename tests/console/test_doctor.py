"""`offhook init` and `offhook doctor`: a server's files, and whether it can run."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from console.checkup import look_at_everything
from console.commands_init import run_init
from console.faults import FailedError
from console.looks import Health, Look
from scenarios.server_file import load_server_file


def _looks(folder: Path) -> dict[str, Look]:
    return {look.what: look for look in look_at_everything(folder / "offhook.yaml")}


def _set_port(folder: Path, port: int) -> None:
    path = folder / "offhook.yaml"
    path.write_text(path.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}", 1))


@pytest.fixture
def folder(tmp_path: Path, unused_tcp_port: int) -> Path:
    run_init(tmp_path / "centre")
    _set_port(tmp_path / "centre", unused_tcp_port)
    return tmp_path / "centre"


def test_what_init_writes_is_a_server_that_can_run(folder: Path) -> None:
    server = load_server_file(folder / "offhook.yaml")
    assert server.simulate.callers
    looks = _looks(folder)
    assert looks["centre"].says.startswith("front_desk: 2 queues, 12 agents")
    assert [what for what, look in looks.items() if look.health is Health.ILL] == []


def test_init_overwrites_nothing(folder: Path) -> None:
    (folder / "offhook.yaml").write_text("mine")
    with pytest.raises(FailedError) as caught:
        run_init(folder)
    assert "offhook.yaml" in caught.value.what
    assert (folder / "offhook.yaml").read_text() == "mine"


def test_doctor_finds_a_port_that_is_taken(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        path = folder / "offhook.yaml"
        text = path.read_text()
        start = text.index("http: {listen: 127.0.0.1:", text.index("\nhttp:")) + len(
            "http: {listen: 127.0.0.1:"
        )
        end = text.index("}", start)
        path.write_text(f"{text[:start]}{port}{text[end:]}")
        assert _looks(folder)["http"].health is Health.ILL


def test_doctor_finds_a_switch_and_a_broker_that_do_not_answer(
    folder: Path, unused_tcp_port_factory: object
) -> None:
    assert callable(unused_tcp_port_factory)
    pbx, broker = unused_tcp_port_factory(), unused_tcp_port_factory()
    path = folder / "offhook.yaml"
    more = f"link: {{pbx: 127.0.0.1:{pbx}}}\nmqtt: {{broker: 127.0.0.1:{broker}}}\n"
    path.write_text(path.read_text() + more)
    looks = _looks(folder)
    assert looks["pbx"].health is Health.ILL
    assert f"offhook pbx {folder / 'centre.yaml'}" in looks["pbx"].mend
    assert looks["mqtt"].health is Health.ILL


def test_doctor_finds_a_damaged_database(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "journal.db").write_bytes(b"SQLite format 3\0" + b"nonsense" * 100)
    assert _looks(folder)["database"].health is Health.ILL


def test_doctor_says_who_else_can_read_the_keys(folder: Path) -> None:
    assert _looks(folder)["access"].says.endswith("nobody can come in")
    (folder / "access.yaml").write_text("keys: {}\n")
    (folder / "access.yaml").chmod(0o644)
    assert _looks(folder)["access"].mend.startswith("chmod 600")
    (folder / "access.yaml").chmod(0o600)
    assert _looks(folder)["access"].health is Health.WELL


def test_doctor_tells_of_a_fault_in_the_configuration(folder: Path) -> None:
    (folder / "offhook.yaml").write_text("server: a\ncentre: gone.yaml\n")
    look = _looks(folder)["configuration"]
    assert look.health is Health.ILL
    assert "gone.yaml" in look.says
