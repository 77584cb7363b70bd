"""Who asks: keys, tokens and passwords that count, and those that do not (cti-api §7.8)."""

from __future__ import annotations

import asyncio
import json
import math
import pickle
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Any, TypeAlias

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from csta.errors import CtiError, ErrorValue, Outcome
from csta.instants import MINUTE, SECOND
from ctiserver.core.inputs import Audited
from ctiserver.core.principals import SCOPES_OF, Principal, Role, Scope
from ctiserver.live.access_file import Access, read_access
from ctiserver.live.api_keys import new_key
from ctiserver.live.audit_trail import AuditTrail
from ctiserver.live.auth import Authenticator, check_not_expired
from ctiserver.live.jwt_tokens import read_public_key
from ctiserver.live.passwords import hash_password
from ctiserver.live.rate_limits import RateLimits
from ctiserver.live.secret import Secret

PrivateKey: TypeAlias = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

NOW = 1_700_000_000_000
PEPPER = Secret("p" * 40)
HERE = "192.0.2.1"
SIGNER = ed25519.Ed25519PrivateKey.generate()
PASSWORD = "correct horse"  # noqa: S105 - of a test
HASH = hash_password(Secret(PASSWORD))


class Clock:
    """The wall clock of a test."""

    now = NOW

    def __call__(self) -> int:
        """Give the instant."""
        return self.now


def _pem(key: PrivateKey) -> bytes:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _access(folder: Path, text: str) -> Access:
    pepper = folder / "access.pepper"
    pepper.write_text(PEPPER.reveal())
    pepper.chmod(0o600)
    (folder / "idp.pem").write_bytes(_pem(SIGNER))
    file = folder / "access.yaml"
    file.write_text(text)
    return read_access(file)


TOKENS = """
tokens:
  issuer: https://id.example
  keys: [{kid: k1, file: idp.pem}]
  not_before: {carla: 2023-11-14T22:13:00Z}
"""


def _authenticator(folder: Path, text: str, clock: Clock | None = None) -> Authenticator:
    return Authenticator(_access(folder, text), RateLimits(), now=clock or Clock())


def _token(
    key: ed25519.Ed25519PrivateKey = SIGNER, headers: dict[str, Any] | None = None, **claims: Any
) -> str:
    said = {
        "iss": "https://id.example",
        "aud": "cti",
        "sub": "anna",
        "iat": NOW // SECOND - 10,
        "nbf": NOW // SECOND - 10,
        "exp": NOW // SECOND + 300,
        "role": "agent",
        "agent": "anna",
    } | claims
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key, "EdDSA", {"kid": "k1"} | (headers or {}))


def _is_refused(authenticator: Authenticator, token: str, address: str = HERE) -> bool:
    with pytest.raises(CtiError) as refused:
        authenticator.authenticate(token, address)
    return refused.value.value is ErrorValue.UNAUTHENTICATED


# API keys.


def _key_entry(digest: str, key_id: str, more: str = "") -> str:
    entry = f"{{name: crm, id: {key_id}, hash: {digest}, role: integration{more}}}"
    return f"keys:\n  - {entry}\n"


def test_a_key_stands_for_who_it_was_made_for(tmp_path: Path) -> None:
    key, key_id, digest = new_key(PEPPER)
    authenticator = _authenticator(tmp_path, _key_entry(digest, key_id))
    who = authenticator.authenticate(key.reveal(), HERE)
    assert (who.name, who.role, who.scopes) == (
        "key:crm",
        Role.INTEGRATION,
        SCOPES_OF[Role.INTEGRATION],
    )
    other, _, _ = new_key(PEPPER)
    wrong = key.reveal()[:-2] + ("AA" if not key.reveal().endswith("AA") else "BB")
    for token in (other.reveal(), wrong, f"ohk_{key_id}_", "ohk_", "", key.reveal() + "\n"):
        assert _is_refused(authenticator, token)


def test_a_hash_under_another_pepper_is_no_hash(tmp_path: Path) -> None:
    key, key_id, digest = new_key(Secret("q" * 40))
    assert _is_refused(_authenticator(tmp_path, _key_entry(digest, key_id)), key.reveal())


@pytest.mark.parametrize(
    ("more", "address", "counts"),
    [
        (", revoked: true", HERE, False),
        (", expires: 2023-11-14T22:13:20Z", HERE, False),
        (", expires: 2023-11-14T22:13:21Z", HERE, True),
        (", networks: [192.0.2.0/24]", HERE, True),
        (", networks: [192.0.2.0/24]", "::ffff:192.0.2.9", True),
        (", networks: [192.0.2.0/24]", "198.51.100.1", False),
        (", networks: [192.0.2.0/24]", "a socket", False),
    ],
)
def test_a_key_counts_in_its_time_and_from_its_networks(
    tmp_path: Path, more: str, address: str, *, counts: bool
) -> None:
    key, key_id, digest = new_key(PEPPER)
    authenticator = _authenticator(tmp_path, _key_entry(digest, key_id, more))
    if counts:
        assert authenticator.authenticate(key.reveal(), address).name == "key:crm"
    else:
        assert _is_refused(authenticator, key.reveal(), address)


def test_another_access_file_counts_from_the_next_request_on(tmp_path: Path) -> None:
    key, key_id, digest = new_key(PEPPER)
    authenticator = _authenticator(tmp_path, _key_entry(digest, key_id))
    authenticator.authenticate(key.reveal(), HERE)
    authenticator.use(_access(tmp_path, _key_entry(digest, key_id, ", revoked: true")))
    assert _is_refused(authenticator, key.reveal())


def test_an_address_that_tries_keys_is_made_to_wait(tmp_path: Path) -> None:
    clock = Clock()
    key, key_id, digest = new_key(PEPPER)
    authenticator = _authenticator(tmp_path, _key_entry(digest, key_id), clock)
    for _ in range(60):
        assert _is_refused(authenticator, "ohk_nothing")
    with pytest.raises(CtiError) as refused:
        authenticator.authenticate(key.reveal(), HERE)
    assert refused.value.value is ErrorValue.RATE_LIMITED
    assert authenticator.authenticate(key.reveal(), "192.0.2.2").name == "key:crm"
    clock.now += SECOND
    assert authenticator.authenticate(key.reveal(), HERE).name == "key:crm"


# Tokens.


def test_a_token_says_who_somebody_is(tmp_path: Path) -> None:
    authenticator = _authenticator(tmp_path, TOKENS)
    who = authenticator.authenticate(
        _token(devices=["station:1001"], teams=["acd:sales"], scopes="monitor:self control:self"),
        HERE,
    )
    assert who == Principal(
        name="agent:anna",
        role=Role.AGENT,
        scopes=frozenset({Scope.MONITOR_SELF, Scope.CONTROL_SELF}),
        agent_id="anna",
        devices=("station:1001",),
        teams=("acd:sales",),
        expires_at=NOW + 300 * SECOND,
    )


def test_who_has_no_teams_named_has_none_and_all_must_be_said(tmp_path: Path) -> None:
    authenticator = _authenticator(tmp_path, TOKENS)
    lead: dict[str, Any] = {"role": "supervisor", "agent": None, "sub": "sue"}
    assert authenticator.authenticate(_token(**lead), HERE).teams == ()
    assert authenticator.authenticate(_token(**lead, teams="all"), HERE).teams is None


def test_an_administrators_token_never_lets_him_listen(tmp_path: Path) -> None:
    token = _token(role="admin", agent=None, scopes=["admin", "supervise:team", "no:such"])
    who = _authenticator(tmp_path, TOKENS).authenticate(token, HERE)
    assert who.scopes == {Scope.ADMIN}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW // SECOND - 6},
        {"nbf": NOW // SECOND + 6},
        {"iat": NOW // SECOND + 6},
        {"exp": NOW // SECOND + 900},
        {"iss": "https://other.example"},
        {"aud": "web"},
        {"exp": None},
        {"nbf": None},
        {"iat": None},
        {"sub": None},
        {"aud": None},
        {"role": None},
        {"role": "king"},
        {"agent": None},
        {"sub": "carla", "iat": NOW // SECOND - 100},
        {"tenant": "other"},
        {"teams": 7},
    ],
    ids=str,
)
def test_a_token_that_is_not_as_it_should_be_does_not_count(
    tmp_path: Path, claims: dict[str, Any]
) -> None:
    authenticator = _authenticator(tmp_path, TOKENS)
    assert authenticator.authenticate(_token(), HERE).name == "agent:anna"
    assert _is_refused(authenticator, _token(**claims))


def test_a_time_that_is_no_number_does_not_count(tmp_path: Path) -> None:
    assert _is_refused(_authenticator(tmp_path, TOKENS), _token(exp=math.nan))
    assert _is_refused(_authenticator(tmp_path, TOKENS), _token(exp=math.inf))


def test_a_user_who_was_told_to_log_on_again_needs_a_newer_token(tmp_path: Path) -> None:
    authenticator = _authenticator(tmp_path, TOKENS)
    newer = _token(sub="carla", iat=NOW // SECOND)
    assert authenticator.authenticate(newer, HERE).name == "agent:anna"


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c"])
def test_a_token_that_brings_its_key_is_refused(tmp_path: Path, name: str) -> None:
    own = jwt.algorithms.OKPAlgorithm.to_jwk(SIGNER.public_key(), as_dict=True)
    assert _is_refused(_authenticator(tmp_path, TOKENS), _token(headers={name: own}))


def test_only_the_keys_own_algorithm_counts(tmp_path: Path) -> None:
    authenticator = _authenticator(tmp_path, TOKENS)
    body = _token().split(".")[1]
    none = urlsafe_b64encode(json.dumps({"alg": "none", "kid": "k1"}).encode()).rstrip(b"=")
    assert _is_refused(authenticator, f"{none.decode()}.{body}.")
    claims = jwt.decode(_token(), options={"verify_signature": False})
    shared = jwt.encode(claims, _pem(SIGNER).hex(), "HS256", {"kid": "k1"})
    assert _is_refused(authenticator, shared)
    assert _is_refused(authenticator, _token(ed25519.Ed25519PrivateKey.generate()))
    assert _is_refused(authenticator, _token(headers={"kid": "k2"}))
    assert _is_refused(authenticator, "a.b.c")
    assert _is_refused(authenticator, "x" * 10_000)


def test_keys_that_are_weak_or_of_another_kind_are_not_taken() -> None:
    assert read_public_key(_pem(rsa.generate_private_key(65_537, 2_048)))
    weak = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - as weak as it must not be
    for key in (weak, ec.generate_private_key(ec.SECP256R1())):
        with pytest.raises(ValueError, match="neither"):
            read_public_key(_pem(key))


def test_a_token_signed_with_rsa_counts(tmp_path: Path) -> None:
    signer = rsa.generate_private_key(65_537, 2_048)
    authenticator = _authenticator(tmp_path, TOKENS)
    (tmp_path / "idp.pem").write_bytes(_pem(signer))
    authenticator.use(read_access(tmp_path / "access.yaml"))
    claims = jwt.decode(_token(), options={"verify_signature": False})
    pem = signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    token = jwt.encode(claims, pem, "RS256", {"kid": "k1"})
    assert authenticator.authenticate(token, HERE).name == "agent:anna"
    assert _is_refused(authenticator, _token())
    assert _is_refused(authenticator, jwt.encode(claims, pem, "PS256", {"kid": "k1"}))


def test_a_token_ends_while_it_is_used(tmp_path: Path) -> None:
    who = _authenticator(tmp_path, TOKENS).authenticate(_token(), HERE)
    check_not_expired(who, NOW + 299 * SECOND)
    with pytest.raises(CtiError) as refused:
        check_not_expired(who, NOW + 300 * SECOND)
    assert refused.value.value is ErrorValue.UNAUTHENTICATED


# Passwords.

AGENTS = f"""
agents:
  - {{id: anna, password: '{HASH}', teams: [acd:sales]}}
"""


async def test_an_agent_logs_in_by_password_and_the_trail_says_so(tmp_path: Path) -> None:
    authenticator, told = _authenticator(tmp_path, AGENTS), list[Audited]()
    authenticator.trail = AuditTrail(told.append, Clock())
    who = await authenticator.log_in("anna", Secret(PASSWORD), HERE)
    assert (who.name, who.agent_id, who.role) == ("agent:anna", "anna", Role.AGENT)
    for agent_id, password in (("anna", "wrong horse"), ("bea", PASSWORD), ("anna", "x" * 999)):
        with pytest.raises(CtiError) as refused:
            await authenticator.log_in(agent_id, Secret(password), HERE)
        assert refused.value.value is ErrorValue.UNAUTHENTICATED
    assert [(each.principal, each.outcome) for each in told] == [
        ("agent:anna", Outcome.EXECUTED),
        ("agent:anna", Outcome.NOT_EXECUTED),
        ("agent:bea", Outcome.NOT_EXECUTED),
        ("agent:anna", Outcome.NOT_EXECUTED),
    ]
    assert PASSWORD not in repr(told)


async def test_after_five_wrong_passwords_the_right_one_has_to_wait(tmp_path: Path) -> None:
    clock = Clock()
    authenticator = _authenticator(tmp_path, AGENTS, clock)
    tries = [authenticator.log_in("anna", Secret("wrong"), f"192.0.2.{n}") for n in range(9)]
    values = [
        error.value
        for error in await asyncio.gather(*tries, return_exceptions=True)
        if isinstance(error, CtiError)
    ]
    assert len(values) == 9
    assert 5 <= values.count(ErrorValue.UNAUTHENTICATED) <= 6  # two at a time are looked at
    with pytest.raises(CtiError) as refused:
        await authenticator.log_in("anna", Secret(PASSWORD), "192.0.2.99")
    assert refused.value.value is ErrorValue.RATE_LIMITED
    clock.now += 2 * MINUTE
    assert (await authenticator.log_in("anna", Secret(PASSWORD), HERE)).agent_id == "anna"


async def test_one_address_that_tries_many_agents_is_locked_out(tmp_path: Path) -> None:
    authenticator = _authenticator(tmp_path, AGENTS)
    for number in range(5):
        with pytest.raises(CtiError):
            await authenticator.log_in(f"agent{number}", Secret("wrong"), HERE)
    with pytest.raises(CtiError) as refused:
        await authenticator.log_in("anna", Secret(PASSWORD), HERE)
    assert refused.value.value is ErrorValue.RATE_LIMITED
    assert (await authenticator.log_in("anna", Secret(PASSWORD), "192.0.2.7")).agent_id == "anna"


async def test_a_header_brings_a_token_or_a_password(tmp_path: Path) -> None:
    authenticator = _authenticator(tmp_path, TOKENS + AGENTS)
    basic = b64encode(f"anna:{PASSWORD}".encode()).decode()
    for header in (f"Bearer {_token()}", f"bearer  {_token()}", f"Basic {basic}"):
        assert (await authenticator.of_header(header, HERE)).name == "agent:anna"
    for header in ("", "Bearer", "Digest x", "Basic ?", "Basic YW5uYQ==", "Basic /w=="):
        with pytest.raises(CtiError) as refused:
            await authenticator.of_header(header, HERE)
        assert refused.value.value is ErrorValue.UNAUTHENTICATED


def test_a_secret_is_never_shown() -> None:
    secret = Secret("geheim")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
