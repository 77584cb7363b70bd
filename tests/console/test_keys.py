"""`offhook key`: keys are made, listed and revoked in a file that people can go on writing."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import typer

from console.commands_keys import (
    NewKey,
    run_key_add,
    run_key_curve,
    run_key_list,
    run_key_password,
    run_key_revoke,
)
from console.faults import FailedError
from ctiserver.live.access_file import read_access
from ctiserver.live.api_keys import KeyRing
from ctiserver.live.passwords import Passwords
from ctiserver.live.secret import Secret
from ctiserver.live.zmq_auth import read_curve_keys

HERE = "192.0.2.1"


def _add(file: Path, capsys: pytest.CaptureFixture[str], name: str = "crm", **more: Any) -> str:
    assert run_key_add(NewKey(name, **{"role": "integration"} | more), file) == 0
    said = capsys.readouterr()
    assert said.out.strip() not in said.err
    return said.out.strip()


def _name_of(file: Path, token: str) -> str | None:
    access = read_access(file)
    found = KeyRing(access.keys, access.pepper).find(token, HERE, 1_700_000_000_000)
    return found.name if found else None


def test_a_key_is_shown_once_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "access.yaml"
    token = _add(file, capsys, scopes=("monitor:all",), expires="2030-01-01")
    assert _name_of(file, token) == "key:crm"
    text = file.read_text()
    assert token not in text
    assert token.rpartition("_")[2] not in text
    for path in (file, tmp_path / "access.pepper"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_says_which_agent_it_is_and_whom_it_reaches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "access.yaml"
    teams = ("acd:sales", "acd:support")
    _add(file, capsys, name="desk-1", role="agent", agent="A01")
    _add(file, capsys, name="lead", role="supervisor", agent="A12", teams=teams)
    _add(file, capsys, name="head", role="supervisor", teams=("all",))
    _add(file, capsys, name="campaign", role="dialer", devices=("acd:sales",))
    found = [key.principal for key in read_access(file).keys]
    assert [(who.agent_id, who.teams, who.devices) for who in found] == [
        ("A01", (), ()),
        ("A12", teams, ()),
        (None, None, ()),
        (None, (), ("acd:sales",)),
    ]


def test_what_a_person_has_written_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "access.yaml"
    file.write_text("# ours\ntenant: acme   # the one\nsensitive: [pin]\n")
    first = _add(file, capsys)
    assert "# ours" in file.read_text()
    assert "tenant: acme   # the one" in file.read_text()
    second = _add(file, capsys)
    assert [_name_of(file, token) for token in (first, second)] == ["key:crm"] * 2
    with pytest.raises(FailedError, match="2 live keys already"):
        run_key_add(NewKey("crm", "integration"), file)
    assert run_key_revoke(first.split("_")[1], file) == 0
    assert [_name_of(file, token) for token in (first, second)] == [None, "key:crm"]
    assert _name_of(file, _add(file, capsys)) == "key:crm"


def test_the_list_shows_who_may_what_and_no_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "access.yaml"
    token = _add(file, capsys)
    _add(file, capsys, name="old", expires="2001-01-01")
    run_key_revoke(token.split("_")[1], file)
    capsys.readouterr()
    assert run_key_list(file, as_json=True) == 0
    printed = capsys.readouterr().out
    listed = json.loads(printed)["keys"]
    assert [(key["name"], key["state"]) for key in listed] == [
        ("crm", "revoked"),
        ("old", "expired"),
    ]
    assert run_key_list(file) == 0
    table = capsys.readouterr().out
    for key in read_access(file).keys:
        assert key.key_id in table
        assert key.digest not in table + printed


@pytest.mark.parametrize(
    ("name", "role", "more"),
    [
        ("crm", "king", {}),
        ("crm", "router", {"scopes": ("route", "fly")}),
        ("crm", "admin", {"scopes": ("supervise:team",)}),
        ("crm", "router", {"expires": "soon"}),
        ("a b", "router", {}),
        ("", "router", {}),
        ("desk-1", "agent", {}),
        ("lead", "supervisor", {"teams": ("sales",)}),
        ("lead", "supervisor", {"teams": ("acd:",)}),
        ("campaign", "dialer", {"devices": ("sales",)}),
    ],
)
def test_what_is_no_key_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str, role: str, more: dict[str, Any]
) -> None:
    with pytest.raises(typer.BadParameter):
        run_key_add(NewKey(name, role, **more), tmp_path / "access.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_not_there_cannot_be_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "access.yaml"
    _add(file, capsys)
    with pytest.raises(FailedError, match="there is no key 'nobodys2'"):
        run_key_revoke("nobodys2", file)


def test_a_password_is_asked_for_and_its_hash_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("typer.prompt", lambda *_args, **_more: "correct horse")
    assert run_key_password() == 0
    passwords = Passwords({"anna": capsys.readouterr().out.strip()})
    assert passwords.fits("anna", Secret("correct horse"))
    assert not passwords.fits("anna", Secret("wrong horse"))
    monkeypatch.setattr("typer.prompt", lambda *_args, **_more: "short")
    with pytest.raises(FailedError, match="5 characters"):
        run_key_password()


def test_a_curve_key_is_written_for_its_owner_only_and_its_public_half_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "server.key"
    assert run_key_curve(file) == 0
    public = capsys.readouterr().out.strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_curve_keys(file).public == public
    secret = file.read_text()
    with pytest.raises(FailedError, match="is there already"):
        run_key_curve(file)
    assert file.read_text() == secret
