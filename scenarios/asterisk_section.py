"""The section `link: asterisk:` of a server's file: a real Asterisk under the engine.

link:
  asterisk:
    url: http://127.0.0.1:8088/ari
    user: offhook
    password_file: asterisk.password
    trunks: {pstn: {endpoint: PJSIP/carrier, incoming: {"00": +, "0": "+49"}}}
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from csta.documents import Section
from csta.errors import ConfigError
from ctiserver.live.links.ari_config import CALL_INFO, AriConfig, AriTrunk, Prefixes
from ctiserver.live.secret import Secret
from ctiserver.live.zmq_auth import is_local

_EXAMPLE_URL = "url: http://127.0.0.1:8088/ari"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ENDPOINT = re.compile(r"[A-Za-z0-9]+/[^/\s{}]+")
_ANY = "any"
"""The prefix of every number."""
_PREFIX = re.compile(r"\+?[0-9]*")
_MEDIA = re.compile(r"(sound|recording|number|digits|characters|tone):[^\s,]+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def read_asterisk(section: Section, folder: Path) -> AriConfig:
    """Read it; paths are relative to `folder`.

    Raises:
        ConfigError: with file, line, key, what is wrong and what to write.
    """
    stations = section.optional_section("stations")
    config = AriConfig(
        url=_url(section),
        user=section.text("user"),
        password=_password(section, folder),
        application=_name(section, "application", "offhook"),
        authority=_file(section, "authority", folder) if section.has("authority") else None,
        trunks=_trunks(section),
        station_dial=_station_dial(stations),
        station_numbers=_prefixes(stations, "numbers") if stations is not None else {},
        sounds=_sounds(section),
        music=_texts(section, "music"),
        auto_answer=_headers(section),
        recording_format=_name(section, "recordings", "wav"),
    )
    if stations is not None:
        stations.done()
    section.done()
    return config


def _url(section: Section) -> str:
    text = section.text("url").rstrip("/")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host and (parts.username or parts.query):
        problem = "user and password do not stand in the address"
        raise section.error("url", problem, "user: and password_file:")
    if not host or parts.scheme not in ("http", "https"):
        raise section.error("url", f"'{text}' is no address of an ARI", _EXAMPLE_URL)
    if parts.scheme == "http" and not is_local(f"tcp://{host}:{port}"):
        raise section.error(
            "url",
            f"{host} is another machine, and nothing is encrypted",
            f"url: https://{host}:8089/ari (tlsenable = yes in http.conf), or a tunnel's end here",
        )
    return text


def _file(section: Section, key: str, folder: Path) -> Path:
    path = folder / section.text(key)
    if not path.is_file():
        raise section.error(key, f"there is no file '{path.name}' here", f"{key}: a file's path")
    return path


def _password(section: Section, folder: Path) -> Secret:
    path = _file(section, "password_file", folder)
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text or "\n" in text:
        problem = f"'{path.name}' does not hold one line that can be read"
        raise section.error("password_file", problem, "the password of ari.conf in that file")
    return Secret(text)


def _name(section: Section, key: str, default: str) -> str:
    text = section.text(key, default=default)
    if not _NAME.fullmatch(text):
        raise section.error(key, f"'{text}' is not made of letters and digits", f"{key}: {default}")
    return text


def _trunks(section: Section) -> tuple[AriTrunk, ...]:
    trunks = tuple(_trunk(name, entry) for name, entry in section.entries("trunks"))
    if not trunks:
        remedy = "trunks: {pstn: {endpoint: PJSIP/carrier}}"
        raise section.error("trunks", "there are no trunks: nobody can call", remedy)
    return trunks


def _trunk(name: str, entry: Section) -> AriTrunk:
    endpoint = entry.text("endpoint")
    if not _ENDPOINT.fullmatch(endpoint):
        problem = f"'{endpoint}' is no endpoint of Asterisk"
        raise entry.error("endpoint", problem, "endpoint: PJSIP/carrier")
    technology, _, resource = endpoint.partition("/")
    usual = f"{technology}/{{number}}@{resource}"
    trunk = AriTrunk(
        name=name,
        endpoint=endpoint,
        dial=_template(entry, "number", usual),
        incoming=_prefixes(entry, "incoming"),
        outgoing=_prefixes(entry, "outgoing"),
    )
    entry.done()
    return trunk


def _station_dial(stations: Section | None) -> str:
    usual = "PJSIP/{station}"
    return usual if stations is None else _template(stations, "station", usual)


def _template(section: Section, what: str, usual: str) -> str:
    text = section.text("dial", default=usual)
    if text.count(f"{{{what}}}") != 1 or "/" not in text:
        problem = f"'{text}' does not say where the {what} goes"
        raise section.error("dial", problem, f'dial: "{usual}"')
    return text


def _prefixes(section: Section, key: str) -> Prefixes:
    prefixes: Prefixes = {}
    for word, instead in _texts(section, key).items():
        prefix = "" if word == _ANY else word
        if not _PREFIX.fullmatch(prefix) or not _PREFIX.fullmatch(instead):
            problem = f"'{word}' or '{instead}' is no beginning of a number"
            raise section.error(key, problem, f'{key}: {{"00": "+", "0": "+49", any: "+"}}')
        prefixes[prefix] = instead
    return prefixes


def _sounds(section: Section) -> dict[str, str]:
    sounds = _texts(section, "sounds")
    for uri, media in sounds.items():
        if not uri.startswith(("sound:", "tts:")):
            raise _no_sound(section, f"'{uri}' is no sound of ours")
        if not all(_MEDIA.fullmatch(part) for part in media.split(",")):
            raise _no_sound(section, f"'{media}' is nothing that Asterisk plays")
    return sounds


def _no_sound(section: Section, problem: str) -> ConfigError:
    return section.error("sounds", problem, "sounds: {sound:welcome: sound:hello-world}")


def _headers(section: Section) -> dict[str, str]:
    if not section.has("auto_answer"):
        return CALL_INFO
    headers = _texts(section, "auto_answer")
    for name in headers:
        if not _HEADER.fullmatch(name):
            problem = f"'{name}' is no name of a SIP header"
            raise section.error("auto_answer", problem, "auto_answer: {Call-Info: …}")
    return headers


def _texts(section: Section, key: str) -> dict[str, str]:
    entries = section.optional_section(key)
    if entries is None:
        return {}
    return {name: entries.text(name) for name in entries.keys()}  # noqa: SIM118 - no mapping
