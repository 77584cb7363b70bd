"""The access file: API keys, agents' passwords, and whose tokens are trusted (reliability §6.3).

A person writes it, and `offhook key` adds to it. It holds hashes only; the pepper of the keys lies
in a file of its own, or in the environment, so that a copy of the access file is worth little.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import msgspec

from csta.documents import Section, load_document
from csta.ids import AgentId, DeviceId
from csta.instants import Instant
from ctiserver.core.masking import SENSITIVE
from ctiserver.core.principals import Principal, Role, Scope
from ctiserver.live.api_keys import LIVE_MAX, ApiKey, Network
from ctiserver.live.grants import granted_scopes
from ctiserver.live.jwt_tokens import LIFE_MS_MAX, JwtVerifier, read_public_key
from ctiserver.live.passwords import is_hash
from ctiserver.live.secret import Secret

PEPPER_VARIABLE: Final = "OFFHOOK_PEPPER"
PEPPER_FILE: Final = "access.pepper"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY_ID = re.compile(r"[a-z2-7]{8}")
_CURVE_KEY = re.compile(r"[!-~]{40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PEPPER_MIN: Final = 32


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one access file. `agents` are those with a password, by their ids.

    `curve_keys` are the public keys of ZeroMQ clients (Z85), and who each stands for;
    `mqtt_users` are users of the MQTT broker, and who each is.
    """

    tenant: str
    keys: tuple[ApiKey, ...] = ()
    pepper: Secret | None = None
    agents: Mapping[AgentId, Principal] = {}
    password_hashes: Mapping[AgentId, str] = {}
    curve_keys: Mapping[str, Principal] = {}
    mqtt_users: Mapping[str, Principal] = {}
    tokens: JwtVerifier | None = None
    sensitive: tuple[str, ...] = SENSITIVE


def read_access(path: Path) -> Access:
    """Read an access file, and the pepper and the public keys that it names.

    Raises:
        ConfigError: an entry is wrong, a name has too many live keys, or a file is missing.
    """
    document = load_document(path)
    tenant = document.text("tenant", default="default")
    keys = tuple(_read_key(entry, tenant) for entry in document.sections("keys"))
    _check_keys(document, keys)
    agents: dict[AgentId, Principal] = {}
    hashes: dict[AgentId, str] = {}
    for entry in document.sections("agents"):
        agent_id = entry.text("id")
        if agent_id in agents:
            raise entry.error("id", f"agent '{agent_id}' stands here twice", "each agent once")
        hashes[agent_id] = _matching(
            entry, "password", is_hash, "the hash that offhook key password gives, in quotes"
        )
        agents[agent_id] = _read_who(entry, f"agent:{agent_id}", tenant, Role.AGENT, agent_id)
        entry.done()
    access = Access(
        tenant=tenant,
        keys=keys,
        pepper=_read_pepper(document) if keys else None,
        agents=agents,
        password_hashes=hashes,
        curve_keys=dict(
            _read_curve_key(entry, tenant) for entry in document.sections("curve_keys")
        ),
        mqtt_users=dict(
            _read_mqtt_user(entry, tenant) for entry in document.sections("mqtt_users")
        ),
        tokens=_read_tokens(document),
        sensitive=document.texts("sensitive") if document.has("sensitive") else SENSITIVE,
    )
    document.has("pepper_file")  # known, also where there are no keys that need it
    document.done()
    return access


def pepper_path(path: Path, section: Section | None = None) -> Path:
    """Say where the pepper of an access file lies: beside it, unless the file says otherwise."""
    named = section.text("pepper_file", default=PEPPER_FILE) if section else PEPPER_FILE
    return path.parent / named


def parse_instant(text: str) -> Instant:
    """Read a date or an RFC 3339 time, in UTC if it does not say where.

    Raises:
        ValueError: it is neither.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1_000)


def _read_key(entry: Section, tenant: str) -> ApiKey:
    name = _matching(entry, "name", _NAME.fullmatch, "crm")
    who = _read_who(entry, f"key:{name}", tenant, None, entry.text("agent", default=None))
    expires_at = _read_instant(entry, "expires")
    key = ApiKey(
        key_id=_matching(entry, "id", _KEY_ID.fullmatch, "the id that offhook key add gives"),
        digest=_matching(entry, "hash", _DIGEST.fullmatch, "the hash that offhook key add gives"),
        principal=msgspec.structs.replace(who, expires_at=expires_at),
        networks=_read_networks(entry),
        expires_at=expires_at,
        revoked=entry.flag("revoked", default=False),
    )
    entry.done()
    return key


def _read_who(
    entry: Section, name: str, tenant: str, role: Role | None, agent_id: AgentId | None
) -> Principal:
    """Read who an entry stands for; without a default the role must be there."""
    found = entry.choice("role", Role) if role is None else entry.choice("role", Role, role)
    named = entry.texts("scopes") if entry.has("scopes") else None
    known = [scope.value for scope in Scope]
    for word in named or ():
        if word not in known:
            problem = f"there is no right '{word}'"
            raise entry.error("scopes", problem, f"some of: {', '.join(known)}")
    if found is Role.ADMIN and named is not None and Scope.SUPERVISE_TEAM.value in named:
        problem = "an administrator cannot listen to calls"
        raise entry.error("scopes", problem, "role: supervisor, with another key")
    return Principal(
        name=name,
        role=found,
        scopes=granted_scopes(found, named),
        tenant=tenant,
        agent_id=agent_id,
        devices=entry.texts("devices"),
        teams=_read_teams(entry, found),
    )


def _read_teams(entry: Section, role: Role) -> tuple[DeviceId, ...] | None:
    """Read the teams: nobody has all of them who does not say so, but an administrator."""
    if not entry.has("teams"):
        return None if role is Role.ADMIN else ()
    if entry.raw("teams") == "all":
        return None
    return entry.texts("teams")


def _read_networks(entry: Section) -> tuple[Network, ...]:
    networks = []
    for text in entry.texts("networks"):
        try:
            networks.append(ip_network(text))
        except ValueError as fault:
            raise entry.error("networks", str(fault), "networks: [10.1.0.0/16]") from None
    return tuple(networks)


def _read_curve_key(entry: Section, tenant: str) -> tuple[str, Principal]:
    name = _matching(entry, "name", _NAME.fullmatch, "recorder")
    public = _matching(entry, "public", _CURVE_KEY.fullmatch, "the 40 characters of the key")
    who = _read_who(entry, f"key:{name}", tenant, None, entry.text("agent", default=None))
    entry.done()
    return public, who


def _read_mqtt_user(entry: Section, tenant: str) -> tuple[str, Principal]:
    name = _matching(entry, "name", _NAME.fullmatch, "wallboard")
    who = _read_who(entry, f"mqtt:{name}", tenant, None, entry.text("agent", default=None))
    entry.done()
    return name, who


def _read_tokens(document: Section) -> JwtVerifier | None:
    section = document.optional_section("tokens")
    if section is None:
        return None
    keys = {}
    for entry in section.sections("keys"):
        file = Path(document.file).parent / entry.text("file")
        try:
            keys[entry.text("kid")] = read_public_key(file.read_bytes())
        except OSError as fault:
            problem = f"{file.name} cannot be read: {fault.strerror}"
            raise entry.error("file", problem, "the path of a public key, PEM") from None
        except ValueError as fault:
            raise entry.error("file", str(fault), "an Ed25519 or RSA public key, PEM") from None
        entry.done()
    not_before = section.optional_section("not_before")
    verifier = JwtVerifier(
        section.text("issuer"),
        keys,
        life_ms_max=section.duration_ms("life_max", default=LIFE_MS_MAX, least=1),
        not_before={} if not_before is None else _read_instants(not_before),
    )
    section.done()
    return verifier


def _read_instants(section: Section) -> dict[str, Instant]:
    return {name: _read_instant(section, name) or 0 for name in section.keys()}  # noqa: SIM118 - a Section is no mapping


def _read_instant(section: Section, key: str) -> Instant | None:
    text = section.text(key, default=None)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        problem = f"'{text}' is no time"
        raise section.error(key, problem, f"{key}: 2027-01-31T12:00:00Z") from None


def _read_pepper(document: Section) -> Secret:
    given = os.environ.get(PEPPER_VARIABLE)
    path = pepper_path(Path(document.file), document)
    if given is None:
        try:
            given = path.read_text("utf-8").strip()
            shared = stat.S_IMODE(path.stat().st_mode) & 0o077
        except OSError as fault:
            problem = f"the pepper {path.name} cannot be read: {fault.strerror}"
            remedy = f"the file that offhook key add made, or {PEPPER_VARIABLE} in the environment"
            raise document.error("pepper_file", problem, remedy) from None
        if shared:
            problem = f"others may read the pepper {path.name}"
            raise document.error("pepper_file", problem, f"chmod 600 {path.name}")
    if len(given) < _PEPPER_MIN:
        problem = f"the pepper has {len(given)} characters"
        raise document.error("pepper_file", problem, f"{_PEPPER_MIN} random characters or more")
    return Secret(given)


def _check_keys(document: Section, keys: tuple[ApiKey, ...]) -> None:
    ids = [key.key_id for key in keys]
    for number, (key, entry) in enumerate(zip(keys, document.sections("keys"), strict=True)):
        if key.key_id in ids[:number]:
            raise entry.error("id", f"key '{key.key_id}' stands here twice", "each key once")
        name = key.principal.name
        live = [each for each in keys if each.principal.name == name and not each.revoked]
        if len(live) > LIVE_MAX:
            problem = f"{name.partition(':')[2]} has {len(live)} keys, {LIVE_MAX} may be live"
            raise entry.error("name", problem, "revoked: true, at one of them")


def _matching(entry: Section, key: str, fits: Callable[[str], object], example: str) -> str:
    text = entry.text(key)
    if not fits(text):
        raise entry.error(key, f"what stands here is no {key}", f"{key}: {example}")
    return text
