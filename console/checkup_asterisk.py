"""The checks of `offhook doctor` for a real Asterisk: each asks it for one thing."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from console.looks import Health, Look
from csta.ids import local_part
from ctiserver.live.links.ari_config import AriConfig, AriTrunk
from ctiserver.live.links.ari_requests import path_of
from scenarios.scenario import Scenario

_ANSWER_S: Final = 5.0
_NEEDED: Final = (
    "app_stasis.so",
    "bridge_simple.so",
    "bridge_softmix.so",
    "chan_pjsip.so",
    "res_ari_applications.so",
    "res_ari_asterisk.so",
    "res_ari_bridges.so",
    "res_ari_channels.so",
    "res_ari_device_states.so",
    "res_ari_endpoints.so",
    "res_ari_events.so",
    "res_ari_playbacks.so",
    "res_ari_recordings.so",
    "res_http_websocket.so",
    "res_musiconhold.so",
    "res_pjsip_header_funcs.so",
    "res_stasis_answer.so",
    "res_stasis_device_state.so",
    "res_stasis_playback.so",
    "res_stasis_recording.so",
    "res_stasis_snoop.so",
)
_SINCE: Final = {20: 14, 21: 9, 22: 4}
"""The version of each series that began to take REST over the WebSocket; later ones all do."""
_SHOWN: Final = 5
"""So many names are listed at most."""


def look_at_asterisk(config: AriConfig, scenario: Scenario | None) -> Iterator[Look]:
    """Ask an Asterisk whether it is ready for a centre; None: the centre cannot be read."""
    try:
        verify = (
            ssl.create_default_context(cafile=config.authority)
            if config.url.startswith("https:")
            else True
        )
        with httpx.Client(
            base_url=f"{config.url}/",
            auth=(config.user, config.password.reveal()),
            timeout=_ANSWER_S,
            trust_env=False,
            verify=verify,
        ) as client:
            door = _door(client, config)
            yield door
            if door.health is Health.ILL:
                return
            yield from _rights(client, config)
            yield from _modules(client)
            for trunk in config.trunks:
                yield _trunk(client, trunk)
            if scenario is not None:
                yield from _phones(client, config, scenario)
                yield from _sounds(client, config, scenario)
    except (httpx.HTTPError, OSError, msgspec.DecodeError) as fault:
        words = str(fault) or type(fault).__name__
        mend = "start Asterisk; http.conf: enabled, bindaddr and bindport as in url:"
        yield Look("asterisk", Health.ILL, f"{config.url}: {words}", mend)


def _door(client: httpx.Client, config: AriConfig) -> Look:
    answer = client.get("asterisk/info")
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        says = f"it does not know user '{config.user}' with this password"
        mend = f"ari.conf: [{config.user}], type = user, password = as in password_file:"
        return Look("asterisk", Health.ILL, says, mend)
    if answer.status_code != HTTPStatus.OK:
        says = f"{config.url} answers with status {answer.status_code}: that is no ARI"
        mend = "ari.conf: enabled = yes; url: with the prefix of http.conf"
        return Look("asterisk", Health.ILL, says, mend)
    version = _json(answer)["system"]["version"]
    if _is_old(version):
        says = f"Asterisk {version} has no REST over the connection of events"
        mend = "Asterisk 22.4 or newer (or 20.14, 21.9)"
        return Look("asterisk", Health.ILL, says, mend)
    return Look("asterisk", Health.WELL, f"Asterisk {version} at {config.url}")


def _is_old(version: str) -> bool:
    found = re.match(r"([0-9]+)\.([0-9]+)", version)
    if found is None:
        return False  # somebody's own build
    major, minor = int(found[1]), int(found[2])
    return major < min(_SINCE) or minor < _SINCE.get(major, 0)


def _rights(client: httpx.Client, config: AriConfig) -> Iterator[Look]:
    # Nobody has a channel of this name: who may write is told that, who may not is told so.
    if client.delete("channels/offhook-doctor").status_code == HTTPStatus.FORBIDDEN:
        mend = "ari.conf: read_only = no"
        yield Look("asterisk user", Health.ILL, f"'{config.user}' may only read", mend)
    name = config.application
    taken = client.get(path_of("applications", name)).status_code == HTTPStatus.OK
    says = (
        "a client has it: this server, if it runs, or another"
        if taken
        else f"nobody has it; Stasis({name},…) of extensions.conf is to name it so"
    )
    yield Look("asterisk application", Health.WELL, f"'{name}': {says}")


def _modules(client: httpx.Client) -> Iterator[Look]:
    modules = _json(client.get("asterisk/modules"))
    running = {module["name"] for module in modules if module["status"] == "Running"}
    missing = [name for name in _NEEDED if name not in running]
    if missing:
        mend = f"modules.conf: load = {missing[0]} and so on"
        yield Look("asterisk modules", Health.ILL, f"not loaded: {', '.join(missing)}", mend)
    else:
        yield Look("asterisk modules", Health.WELL, "all that are needed are loaded")


def _trunk(client: httpx.Client, trunk: AriTrunk) -> Look:
    what = f"asterisk {trunk.device}"
    technology, _, resource = trunk.endpoint.partition("/")
    answer = client.get(path_of("endpoints", technology, resource))
    if answer.status_code != HTTPStatus.OK:
        mend = "trunks: … endpoint: as it is called in pjsip.conf"
        return Look(what, Health.ILL, f"there is no endpoint {trunk.endpoint}", mend)
    state = _json(answer)["state"]
    says = f"{trunk.endpoint} is {state}"
    context = _context(client, technology, resource)
    if context:
        says += f"; its calls come into [{context}] of extensions.conf"
    if state == "offline":
        mend = "pjsip.conf: the trunk's contact or registration"
        return Look(what, Health.WARNING, says, mend)
    return Look(what, Health.WELL, says)


def _context(client: httpx.Client, technology: str, resource: str) -> str:
    """Give the dialplan's context of an endpoint, if Asterisk tells."""
    if technology != "PJSIP":
        return ""
    path = path_of("asterisk", "config", "dynamic", "res_pjsip", "endpoint", resource)
    answer = client.get(path)
    if answer.status_code != HTTPStatus.OK:
        return ""
    found = {each["attribute"]: each["value"] for each in _json(answer)}
    return str(found.get("context", ""))


def _phones(client: httpx.Client, config: AriConfig, scenario: Scenario) -> Iterator[Look]:
    endpoints = _json(client.get("endpoints"))
    states = {f"{each['technology']}/{each['resource']}": each["state"] for each in endpoints}
    stations = [local_part(agent.device_id) for agent in scenario.engine.agents]
    if config.station_endpoint("").count("/") != 1:
        return  # they are dialled by address, and not known to Asterisk
    named = {station: config.station_endpoint(station) for station in stations}
    missing = [station for station, endpoint in named.items() if endpoint not in states]
    if missing:
        says = f"there are no endpoints for {_some(missing)}"
        mend = "pjsip.conf: an endpoint for each agent's station, or stations: {dial: …}"
        yield Look("asterisk phones", Health.ILL, says, mend)
        return
    away = [station for station, endpoint in named.items() if states[endpoint] == "offline"]
    if away:
        says = f"not registered: {_some(away)}"
        yield Look("asterisk phones", Health.WARNING, says, "switch the phones on")
        return
    yield Look("asterisk phones", Health.WELL, f"{len(stations)} are there")


def _sounds(client: httpx.Client, config: AriConfig, scenario: Scenario) -> Iterator[Look]:
    missing: dict[str, None] = {}
    for uri in _played(scenario):
        media = config.media(uri)
        if not media.startswith("sound:"):
            if uri.startswith("tts:") and media == uri:
                missing[uri] = None
            continue
        for part in media.split(","):
            path = path_of("sounds", part.removeprefix("sound:"))
            if part.startswith("sound:") and client.get(path).status_code != HTTPStatus.OK:
                missing[uri] = None
    if missing:
        says = f"nothing to play for {_some(list(missing))}: callers hear silence there"
        mend = "sounds: {ours: sound:a-file-of-asterisk}, or the file into Asterisk's sounds"
        yield Look("asterisk sounds", Health.WARNING, says, mend)
    else:
        yield Look("asterisk sounds", Health.WELL, "there is a file for each")


def _played(scenario: Scenario) -> list[str]:
    """List all sounds that the centre's files name, each once."""
    found: dict[str, None] = {}
    parts: list[Any] = [msgspec.json.decode(msgspec.json.encode(scenario.engine))]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)
        elif isinstance(part, str) and part.startswith(("sound:", "tts:")):
            found[part] = None
    return sorted(found)


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON of Asterisk
    return msgspec.json.decode(answer.content)


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown
