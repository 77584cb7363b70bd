"""`offhook key`: API keys and passwords in an access file; a key is shown once and never again."""

from __future__ import annotations

import os
import secrets
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.table import Table
from ruamel.yaml import YAML

from console.faults import FailedError
from console.terminal import out, write_json
from csta.ids import category_of, local_part
from csta.instants import Instant
from ctiserver.core.principals import Role, Scope
from ctiserver.live.access_file import (
    PEPPER_VARIABLE,
    Access,
    parse_instant,
    pepper_path,
    read_access,
)
from ctiserver.live.api_keys import LIVE_MAX, ApiKey, new_key
from ctiserver.live.passwords import LENGTH_MAX, LENGTH_MIN, hash_password
from ctiserver.live.secret import Secret
from ctiserver.live.wall_clock import wall

SCHEMA = "offhook.keys/1"
ALL_TEAMS = "all"

_HEAD = "# Who may use the server. Keys and passwords stand here as hashes only.\ntenant: default\n"
_OWNER_ONLY = 0o600


class NewKey(msgspec.Struct, frozen=True):
    """Whose key is to be made, and what for: the words of the access file.

    `agent` is the id of the agent who it is, `teams` the queues (or `all`) that a supervisor
    reaches, `devices` what a dialer, or a router, works for.
    """

    name: str
    role: str
    scopes: tuple[str, ...] = ()
    expires: str = ""
    agent: str = ""
    teams: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def entry(self, key_id: str, digest: str) -> dict[str, Any]:
        """Write it for the access file; what is not said does not stand there."""
        said: dict[str, Any] = {
            "scopes": list(self.scopes),
            "expires": self.expires,
            "agent": self.agent,
            "teams": ALL_TEAMS if ALL_TEAMS in self.teams else list(self.teams),
            "devices": list(self.devices),
        }
        head = {"name": self.name, "id": key_id, "hash": digest, "role": self.role}
        return head | {word: what for word, what in said.items() if what}


def run_key_add(wanted: NewKey, access: Path) -> int:
    """Make a key, add it to an access file (a new one, if there is none), and print it once.

    Raises:
        BadParameter: the role, a right, the time, a team or a device is none.
        FailedError: the name has two live keys already.
        ConfigError: the file has a fault.
    """
    _check(wanted)
    _check_reach(wanted)
    name = wanted.name
    if not access.exists():
        _write(access, _HEAD)
    pepper = _pepper_of(access)
    _check_room(name, access)
    key, key_id, digest = new_key(pepper)
    yaml, document = _load(access)
    if document.get("keys") is None:
        document["keys"] = []
    document["keys"].append(wanted.entry(key_id, digest))
    _save(access, yaml, document)
    sys.stderr.write(f"key {key_id} of {name}, {wanted.role}: shown once, keep it safe\n")
    sys.stdout.write(key.reveal() + "\n")
    return 0


def run_key_list(access: Path, *, as_json: bool = False) -> int:
    """Print the keys of an access file, without their hashes.

    Raises:
        ConfigError: the file has a fault.
    """
    now = wall()
    keys = read_access(access).keys
    if as_json:
        write_json({"schema": SCHEMA, "keys": [_described(key, now) for key in keys]})
        return 0
    table = Table(box=None, pad_edge=False)
    for column in ("id", "name", "role", "state", "rights"):
        table.add_column(column)
    for key in keys:
        shown = _described(key, now)
        table.add_row(*(str(shown[c]) for c in ("id", "name", "role", "state")), _rights(key))
    out().print(table)
    return 0


def run_key_revoke(key_id: str, access: Path) -> int:
    """Let a key count no more; it stays in the file, so that its traces can be read.

    Raises:
        FailedError: there is no such key.
        ConfigError: the file has a fault.
    """
    read_access(access)
    yaml, document = _load(access)
    for entry in document.get("keys") or ():
        if str(entry.get("id")) == key_id:
            entry["revoked"] = True
            _save(access, yaml, document)
            sys.stderr.write(f"key {key_id} of {entry['name']} counts no more\n")
            return 0
    raise FailedError(f"there is no key '{key_id}'", str(access), "an id of offhook key list")


def run_key_password() -> int:
    """Ask for a password, and print the hash that belongs into an access file.

    Raises:
        FailedError: it is too short or too long.
    """
    password = typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        problem = f"the password has {len(password)} characters"
        raise FailedError(problem, "-", f"{LENGTH_MIN} to {LENGTH_MAX} characters")
    sys.stdout.write(hash_password(Secret(password)) + "\n")
    return 0


def run_key_curve(file: Path) -> int:
    """Make a pair of CURVE keys: the secret one is written to a file, the public one printed.

    Raises:
        FailedError: the file is there already.
    """
    if file.exists():
        raise FailedError(f"{file.name} is there already", str(file), "another name")
    from ctiserver.live.zmq_auth import new_curve_keys  # noqa: PLC0415 - pyzmq, for this only

    keys = new_curve_keys()
    _write(file, keys.secret.reveal() + "\n")
    sys.stderr.write(f"the secret key is in {file}; the public one is:\n")
    sys.stdout.write(keys.public + "\n")
    return 0


def _check(wanted: NewKey) -> None:
    name, role, scopes, expires = wanted.name, wanted.role, wanted.scopes, wanted.expires
    if role not in list(Role):
        words = ", ".join(each.value for each in Role)
        raise typer.BadParameter(f"'{role}' is none of: {words}", param_hint="--role")
    for scope in scopes:
        if scope not in list(Scope):
            words = ", ".join(each.value for each in Scope)
            raise typer.BadParameter(f"'{scope}' is none of: {words}", param_hint="--scope")
    if role == Role.ADMIN and Scope.SUPERVISE_TEAM in scopes:
        problem = "an administrator cannot listen to calls"
        raise typer.BadParameter(problem, param_hint="--scope")
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum() or not name.isascii():
        raise typer.BadParameter("letters, digits, . _ and - only", param_hint="NAME")
    if expires:
        try:
            parse_instant(expires)
        except ValueError:
            problem = f"'{expires}' is no time; write 2027-01-31 or 2027-01-31T12:00:00Z"
            raise typer.BadParameter(problem, param_hint="--expires") from None


def _check_reach(wanted: NewKey) -> None:
    if wanted.role == Role.AGENT and not wanted.agent:
        raise typer.BadParameter("an agent's key needs the agent's id", param_hint="--agent")
    if ALL_TEAMS not in wanted.teams:
        for team in wanted.teams:
            if category_of(team) != "acd" or not local_part(team):
                problem = f"'{team}' is no queue: write acd:sales, or {ALL_TEAMS}"
                raise typer.BadParameter(problem, param_hint="--team")
    for device in wanted.devices:
        if not category_of(device) or not local_part(device):
            problem = f"'{device}' is no device: write acd:sales or station:1001"
            raise typer.BadParameter(problem, param_hint="--device")


def _check_room(name: str, access: Path) -> None:
    keys: Access = read_access(access)
    live = [key for key in keys.keys if key.principal.name == f"key:{name}" and not key.revoked]
    if len(live) >= LIVE_MAX:
        problem = f"{name} has {LIVE_MAX} live keys already: {', '.join(k.key_id for k in live)}"
        raise FailedError(problem, str(access), f"offhook key revoke {live[0].key_id}")


def _pepper_of(access: Path) -> Secret:
    """Give the pepper; the first key of a file makes one."""
    given = os.environ.get(PEPPER_VARIABLE)
    if given is not None:
        return Secret(given)
    _, document = _load(access)
    path = access.parent / str(document.get("pepper_file", pepper_path(access).name))
    if not path.exists():
        _write(path, secrets.token_urlsafe(48) + "\n")
        sys.stderr.write(f"a new pepper is in {path}: keep it where the access file is not\n")
    return Secret(path.read_text("utf-8").strip())


def _load(access: Path) -> tuple[YAML, Any]:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    return yaml, yaml.load(access.read_text("utf-8"))


def _save(access: Path, yaml: YAML, document: object) -> None:
    text = StringIO()
    yaml.dump(document, text)
    _write(access, text.getvalue())


def _write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all, for its owner only."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _described(key: ApiKey, now: Instant) -> dict[str, object]:
    state = "revoked" if key.revoked else "live" if key.is_live(now) else "expired"
    return {
        "id": key.key_id,
        "name": key.principal.name.partition(":")[2],
        "role": key.principal.role,
        "state": state,
        "scopes": sorted(key.principal.scopes),
        "networks": [str(network) for network in key.networks],
        "expiresAt": key.expires_at,
    }


def _rights(key: ApiKey) -> str:
    return ", ".join(sorted(key.principal.scopes))
