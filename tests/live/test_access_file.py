"""The access file as people write it, and what it refuses, with the line (reliability §6.3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from csta.errors import ConfigError
from ctiserver.core.principals import SCOPES_OF, Role, Scope
from ctiserver.live.access_file import PEPPER_VARIABLE, Access, parse_instant, read_access
from ctiserver.live.secret import Secret

DIGEST = "0" * 64
CURVE = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"

WHOLE = f"""\
tenant: acme
pepper_file: pepper.txt
sensitive: [pin, policyNumber]
keys:
  - name: crm
    id: abcdefgh
    hash: "{DIGEST}"
    role: integration
    scopes: [monitor:all, data:associate, record:control]
    networks: [10.0.0.0/8]
    expires: 2027-01-31
  - {{name: lead, id: abcdefg2, hash: "{DIGEST}", role: supervisor, teams: all, agent: sue}}
agents:
  - id: anna
    password: "{HASH}"
  - {{id: sue, password: '{HASH}', role: supervisor, teams: [acd:sales]}}
curve_keys:
  - {{name: recorder, public: '{CURVE}', role: integration}}
"""


def _read(folder: Path, text: str) -> Access:
    file = folder / "access.yaml"
    file.write_text(text)
    pepper = folder / "pepper.txt"
    if not pepper.exists():
        pepper.write_text("p" * 40)
        pepper.chmod(0o600)
    return read_access(file)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    access = _read(tmp_path, WHOLE)
    crm, lead = access.keys
    assert crm.principal.scopes == {
        Scope.MONITOR_ALL,
        Scope.DATA_ASSOCIATE,
        Scope.RECORD_CONTROL,
    }
    assert crm.expires_at == crm.principal.expires_at == parse_instant("2027-01-31T00:00:00Z")
    assert (crm.principal.tenant, crm.principal.teams) == ("acme", ())
    assert (lead.principal.agent_id, lead.principal.teams) == ("sue", None)
    assert access.agents["anna"].scopes == SCOPES_OF[Role.AGENT]
    assert access.agents["sue"].teams == ("acd:sales",)
    assert access.curve_keys[CURVE].name == "key:recorder"
    assert access.sensitive == ("pin", "policyNumber")
    assert isinstance(access.pepper, Secret)
    assert "pppp" not in repr(access)


def test_an_empty_list_of_people_is_a_file_too(tmp_path: Path) -> None:
    access = _read(tmp_path, "tenant: default\n")
    assert (access.keys, access.agents, access.pepper, access.tokens) == ((), {}, None, None)


def test_the_pepper_may_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PEPPER_VARIABLE, "e" * 40)
    pepper = _read(tmp_path, WHOLE.replace("pepper_file: pepper.txt\n", "")).pepper
    assert pepper is not None
    assert pepper.reveal() == "e" * 40


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("role: integration\n", "role: king\n", 8, "'king' is not known here"),
        ("record:control]", "record:all]", 9, "there is no right 'record:all'"),
        ("[10.0.0.0/8]", "[10.0.0.1/8]", 10, "host bits"),
        ("2027-01-31", "soon", 11, "'soon' is no time"),
        (f'"{DIGEST}"\n', '"secret"\n', 7, "what stands here is no hash"),
        ("id: abcdefg2", "id: abcdefgh", 12, "stands here twice"),
        ("id: sue", "id: anna", 16, "stands here twice"),
        (f'"{HASH}"', "geheim", 15, "what stands here is no password"),
        ("name: recorder", "name: a/b", 18, "what stands here is no name"),
        (f"'{CURVE}'", "short", 18, "what stands here is no public"),
        ("    expires", "    expire", 11, "'expire' is not known here"),
        ("tenant: acme", "tenants: acme", 1, "'tenants' is not known here"),
        ("pepper.txt", "nowhere.txt", 2, "cannot be read"),
        ("role: supervisor, teams: all", "role: admin, scopes: [supervise:team]", 12, "listen"),
    ],
)
def test_a_fault_is_told_with_its_line_and_shows_no_secret(
    tmp_path: Path, old: str, new: str, line: int, problem: str
) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigError) as fault:
        _read(tmp_path, WHOLE.replace(old, new, 1))
    assert problem in fault.value.problem
    assert fault.value.line == line
    assert "geheim" not in str(fault.value)


def test_two_keys_of_one_name_may_be_live_and_no_third(tmp_path: Path) -> None:
    def entries(*more: str) -> str:
        lines = [
            f'  - {{name: crm, id: abcdefg{number}, hash: "{DIGEST}", role: router{each}}}'
            for number, each in enumerate(more, start=2)
        ]
        return "pepper_file: pepper.txt\nkeys:\n" + "\n".join(lines)

    assert len(_read(tmp_path, entries("", "", ", revoked: true")).keys) == 3
    with pytest.raises(ConfigError, match="2 may be live"):
        _read(tmp_path, entries("", "", ""))


def test_a_pepper_that_others_may_read_is_refused(tmp_path: Path) -> None:
    _read(tmp_path, WHOLE)
    (tmp_path / "pepper.txt").chmod(0o644)
    with pytest.raises(ConfigError, match="others may read"):
        _read(tmp_path, WHOLE)
    (tmp_path / "pepper.txt").chmod(0o600)
    (tmp_path / "pepper.txt").write_text("short")
    with pytest.raises(ConfigError, match="has 5 characters"):
        _read(tmp_path, WHOLE)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("file: idp.pem", "file: none.pem", "cannot be read"),
        ("file: idp.pem", "file: pepper.txt", ""),
    ],
)
def test_a_public_key_that_is_none_is_refused(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    text = "tokens:\n  issuer: x\n  keys: [{kid: a, file: idp.pem}]\n"
    with pytest.raises(ConfigError) as fault:
        _read(tmp_path, text.replace(old, new))
    assert fault.value.line == 3
    assert problem in fault.value.problem
