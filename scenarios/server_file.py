"""The file that `offhook serve` reads: what centre it runs, and where it can be reached.

server: front_desk
centre: centre.yaml      # queues, agents, flows, numbers, the simulated PBX: a scenario file
data: data               # the journal, the interactions, the snapshots
http: {listen: 127.0.0.1:8080}
access: access.yaml      # who may come in: made by `offhook key add`
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from enum import StrEnum
from pathlib import Path

import msgspec

from csta.documents import Section, load_document
from csta.ids import DeviceId, category_of
from csta.instants import SECOND, Milliseconds
from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.zmq_auth import is_local
from scenarios.asterisk_section import read_asterisk

_PLACE = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})")
_PORT_MAX = 65_535
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")
_TENANT = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Place(msgspec.Struct, frozen=True):
    """A host and a port; port 0 takes one that is free."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        return is_local(f"tcp://{self}")

    def __str__(self) -> str:
        """Write `host:port`."""
        return f"{self.host}:{self.port}"


class LogFormat(StrEnum):
    """How the log is written: lines for people on a terminal, JSON elsewhere, or one of both."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """What is written to the log: this and what is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class HttpConfig(msgspec.Struct, frozen=True):
    """Where HTTP and WebSocket listen; browsers of these origins may come in."""

    listen: Place = Place("127.0.0.1", 8080)
    origins: tuple[str, ...] = ()
    certificate: Path | None = None
    private_key: Path | None = None


class ZmqConfig(msgspec.Struct, frozen=True):
    """Where ZeroMQ listens; `curve` is the file of the server's secret key."""

    requests: Place
    events: Place
    curve: Path | None = None


class MqttConfig(msgspec.Struct, frozen=True):
    """Which broker events go to; `embedded` starts one in this process, on loopback."""

    broker: Place
    user: str | None = None
    password_file: Path | None = None
    tls: bool = False
    embedded: bool = False

    @staticmethod
    def context() -> ssl.SSLContext:
        """Give what checks the broker's certificate: by the authorities that this machine knows."""
        return ssl.create_default_context()


class RouterConfig(msgspec.Struct, frozen=True):
    """A web-hook that is asked where the calls of a routeing device go."""

    device: DeviceId
    url: str
    secret_file: Path | None = None


class SimulateConfig(msgspec.Struct, frozen=True):
    """What is simulated besides the switch, and how fast."""

    callers: bool = False
    agents: bool = False
    speed: float = 1.0
    seed: int = 1


class ServerFile(msgspec.Struct, frozen=True, kw_only=True):
    """All that the server is told beforehand; paths are absolute."""

    name: str
    file: Path
    tenant: str
    centre: Path
    data: Path
    access: Path
    http: HttpConfig
    zmq: ZmqConfig | None
    mqtt: MqttConfig | None
    webhook_networks: tuple[str, ...]
    """Private networks that web-hooks and routers may be in, beside all public addresses."""
    routers: tuple[RouterConfig, ...]
    simulate: SimulateConfig
    link: Place | AriConfig | None
    """The simulated PBX in a process of its own, or an Asterisk; None: the PBX is in this one."""
    drain_ms: Milliseconds
    """How long a stopping server waits for requests that are under way."""
    log_format: LogFormat
    log_level: LogLevel

    def with_embedded_broker(self) -> ServerFile:
        """Give the same server with a broker in its own process, where its MQTT is configured."""
        mqtt = self.mqtt or MqttConfig(Place("127.0.0.1", 1883))
        return msgspec.structs.replace(self, mqtt=msgspec.structs.replace(mqtt, embedded=True))


def load_server_file(path: Path) -> ServerFile:
    """Read the file of a server.

    Raises:
        ConfigError: with file, line, key, what is wrong and what to write.
    """
    return read_server_file(load_document(path), path.resolve())


def read_server_file(document: Section, path: Path) -> ServerFile:
    """Read it from a document. Raises as `load_server_file`."""
    folder = path.parent
    tenant = document.text("tenant", default="default")
    if not _TENANT.fullmatch(tenant):
        raise document.error("tenant", f"'{tenant}' is no name for a tenant", "tenant: acme")
    server = ServerFile(
        name=document.text("server"),
        file=path,
        tenant=tenant,
        centre=_existing(document, "centre", folder),
        data=folder / document.text("data", default="data"),
        access=folder / document.text("access", default="access.yaml"),
        http=_http(document.optional_section("http"), folder),
        zmq=_zmq(document.optional_section("zmq"), folder),
        mqtt=_mqtt(document.optional_section("mqtt"), folder),
        webhook_networks=_networks(document),
        routers=_routers(document, folder),
        simulate=_simulate(document.optional_section("simulate")),
        link=_link(document.optional_section("link"), folder),
        drain_ms=document.duration_ms("drain", default=5 * SECOND, least=0),
        log_format=document.choice("log_format", LogFormat, default=LogFormat.AUTO),
        log_level=document.choice("log_level", LogLevel, default=LogLevel.INFO),
    )
    document.done()
    if isinstance(server.link, AriConfig) and server.simulate != SimulateConfig():
        problem = "callers and agents of a real switch are real"
        raise document.error("simulate", problem, "nothing here, or no link: asterisk:")
    return server


def _existing(section: Section, key: str, folder: Path) -> Path:
    path = folder / section.text(key)
    if not path.is_file():
        raise section.error(key, f"there is no file '{path.name}' here", f"{key}: a file's path")
    return path


def _place(section: Section, key: str, default: Place | None = None) -> Place:
    if default is not None and not section.has(key):
        return default
    text = section.text(key)
    found = _PLACE.fullmatch(text.removeprefix("tcp://").removeprefix("mqtt://"))
    if found is None or int(found["port"]) > _PORT_MAX:
        raise section.error(key, f"'{text}' is no host and port", f"{key}: 127.0.0.1:8080")
    return Place(found["host"], int(found["port"]))


def _http(section: Section | None, folder: Path) -> HttpConfig:
    if section is None:
        return HttpConfig()
    origins = section.texts("origins") if section.has("origins") else ()
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            problem = f"'{origin}' is no origin"
            raise section.error("origins", problem, "origins: [https://desk.example.com]")
    listen = _place(section, "listen", HttpConfig().listen)
    behind_tls = section.flag("behind_tls", default=False)
    certificate = private_key = None
    if section.has("certificate") or section.has("private_key"):
        certificate = _existing(section, "certificate", folder)
        private_key = _existing(section, "private_key", folder)
    elif not behind_tls and not listen.loopback:
        raise section.error(
            "listen",
            f"{listen} can be reached from other machines, and nothing is encrypted",
            "certificate: and private_key:, or behind_tls: true when a proxy encrypts",
        )
    section.done()
    return HttpConfig(listen, origins, certificate, private_key)


def _zmq(section: Section | None, folder: Path) -> ZmqConfig | None:
    if section is None:
        return None
    requests = _place(section, "requests", Place("127.0.0.1", 5601))
    events = _place(section, "events", Place("127.0.0.1", 5602))
    curve = _existing(section, "curve", folder) if section.has("curve") else None
    for key, place in (("requests", requests), ("events", events)):
        if curve is None and not place.loopback:
            raise section.error(
                key,
                f"{place} can be reached from other machines, and nothing is encrypted",
                "curve: the file of a secret key (`offhook key curve server.key` makes one)",
            )
    section.done()
    return ZmqConfig(requests, events, curve)


def _mqtt(section: Section | None, folder: Path) -> MqttConfig | None:
    if section is None:
        return None
    broker = _place(section, "broker", Place("127.0.0.1", 1883))
    user = section.text("user", default="") or None
    password = _existing(section, "password_file", folder) if section.has("password_file") else None
    tls = section.flag("tls", default=False)
    embedded = section.flag("embedded", default=False)
    if embedded and not broker.loopback:
        problem = "the embedded broker serves this machine only"
        raise section.error("broker", problem, "broker: 127.0.0.1:1883")
    if not embedded and not broker.loopback and not tls:
        problem = f"{broker} is another machine, and nothing is encrypted"
        raise section.error("broker", problem, "tls: true")
    section.done()
    return MqttConfig(broker, user, password, tls, embedded)


def _networks(document: Section) -> tuple[str, ...]:
    if not document.has("webhook_networks"):
        return ()
    networks = document.texts("webhook_networks")
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            problem = f"'{network}' is no network"
            remedy = "webhook_networks: [10.1.0.0/16]"
            raise document.error("webhook_networks", problem, remedy) from None
    return networks


def _routers(document: Section, folder: Path) -> tuple[RouterConfig, ...]:
    if not document.has("routers"):
        return ()
    routers = []
    for entry in document.sections("routers"):
        device = entry.text("device")
        if category_of(device) != "routeing":
            problem = f"'{device}' is no routeing device"
            raise entry.error("device", problem, "device: routeing:main")
        url = entry.text("url")
        if not url.startswith(("http://", "https://")):
            raise entry.error("url", f"'{url}' is no URL", "url: https://router.example.com/route")
        secret = _existing(entry, "secret_file", folder) if entry.has("secret_file") else None
        entry.done()
        routers.append(RouterConfig(device, url, secret))
    return tuple(routers)


def _simulate(section: Section | None) -> SimulateConfig:
    if section is None:
        return SimulateConfig()
    usual = SimulateConfig()
    simulate = SimulateConfig(
        callers=section.flag("callers", default=usual.callers),
        agents=section.flag("agents", default=usual.agents),
        speed=section.number("speed", default=usual.speed, least=0.1, most=100),
        seed=section.integer("seed", default=usual.seed, least=0),
    )
    section.done()
    return simulate


def _link(section: Section | None, folder: Path) -> Place | AriConfig | None:
    if section is None:
        return None
    asterisk = section.optional_section("asterisk")
    if asterisk is None:
        link: Place | AriConfig = _place(section, "pbx")
    elif section.has("pbx"):
        raise section.error("pbx", "there can be one switch only", "pbx: or asterisk:, not both")
    else:
        link = read_asterisk(asterisk, folder)
    section.done()
    return link
