"""Who may talk ZeroMQ with us: CURVE keys, and no open door beyond this machine.

A client is who its public key stands for in the access file, whatever its messages say
(reliability §6.3). Without CURVE there is only the loopback interface, where a token in `hello`
proves who asks; PLAIN, which sends passwords readably, is not offered at all.
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import structlog
import zmq
import zmq.asyncio
from zmq.auth.asyncio import AsyncioAuthenticator

from ctiserver.core.principals import Principal
from ctiserver.live.secret import Secret

HANDSHAKE_MS = 5_000
BACKLOG = 128
_KEY_CHARACTERS = 40
_HERE = ("inproc", "ipc")

_log = structlog.get_logger(__name__)


class BindError(Exception):
    """An endpoint is not bound: it would be open to others, or it cannot be had."""


class CurveKeys(msgspec.Struct, frozen=True):
    """The server's pair of keys, in Z85: clients are given `public` beforehand."""

    public: str
    secret: Secret


class KeyStore(Protocol):
    """Knows the public keys of clients."""

    def of_curve_key(self, public: str) -> Principal | None:
        """Tell who a client's public key (Z85) stands for; None: nobody."""


def new_curve_keys() -> CurveKeys:
    """Make a new pair of keys."""
    public, secret = zmq.curve_keypair()
    return CurveKeys(public.decode(), Secret(secret.decode()))


def read_curve_keys(path: Path) -> CurveKeys:
    """Read the server's secret key from a file that holds its 40 characters and nothing else.

    Raises:
        BindError: it cannot be read, others may read it, or it is no key.
    """
    try:
        text = path.read_text("utf-8").strip()
        shared = stat.S_IMODE(path.stat().st_mode) & 0o077
    except OSError as fault:
        raise BindError(f"the CURVE key {path.name} cannot be read: {fault.strerror}") from None
    if shared:
        raise BindError(f"others may read the CURVE key {path.name}: chmod 600 {path.name}")
    try:
        public = zmq.curve_public(text.encode("ascii"))
    except (UnicodeEncodeError, ValueError, zmq.ZMQError):
        words = f"{path.name} holds no CURVE secret key: {_KEY_CHARACTERS} characters, Z85"
        raise BindError(words) from None
    return CurveKeys(public.decode(), Secret(text))


def is_local(endpoint: str) -> bool:
    """Tell whether an endpoint can be reached from this machine only."""
    transport, _, place = endpoint.partition("://")
    if transport in _HERE:
        return True
    host = place.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_bind(endpoint: str, curve: CurveKeys | None) -> None:
    """Refuse an endpoint that others could reach without having to prove who they are.

    Raises:
        BindError: it says what to write instead.
    """
    if curve is None and not is_local(endpoint):
        raise BindError(
            f"{endpoint} can be reached from other machines, and without CURVE nobody there has to"
            " prove who he is: give the server a CURVE key, or bind to tcp://127.0.0.1 and a port"
        )


def bound(socket: zmq.Socket[bytes] | zmq.asyncio.Socket, endpoint: str) -> str:
    """Bind; gives the endpoint with the port that it has got.

    Raises:
        BindError: it is in use, or there is no such address.
    """
    try:
        if "[" in endpoint:
            socket.setsockopt(zmq.IPV6, 1)
        socket.bind(endpoint)
    except zmq.ZMQError as fault:
        raise BindError(f"{endpoint} cannot be bound: {fault}") from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\x00")


class _Listed:
    """Asked for each CURVE handshake of one domain (pyzmq's credentials provider)."""

    def __init__(self, keys: KeyStore, allows: Callable[[Principal], bool]) -> None:
        self._keys = keys
        self._allows = allows

    def callback(self, domain: str, key: bytes) -> bool:
        """Tell whether a client may come in."""
        public = key.decode("ascii", "replace")
        who = self._keys.of_curve_key(public)
        allowed = who is not None and self._allows(who)
        if not allowed:
            _log.warning("zmq.key_refused", domain=domain, key=public, known=who is not None)
        return allowed


class Zap:
    """The ZAP door of one context: each domain lets in the clients that it allows."""

    def __init__(self, context: zmq.asyncio.Context, keys: KeyStore) -> None:
        """Open it on the running loop."""
        self._keys = keys
        self._door = AsyncioAuthenticator(context)
        self._door.start()

    def protect(
        self,
        socket: zmq.Socket[bytes] | zmq.asyncio.Socket,
        domain: str,
        curve: CurveKeys,
        allows: Callable[[Principal], bool] = lambda _who: True,
    ) -> None:
        """Let nobody in to a socket, which is not bound yet, but clients with a listed key."""
        self._door.configure_curve_callback(domain, _Listed(self._keys, allows))
        socket.setsockopt(zmq.ZAP_DOMAIN, domain.encode())
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, curve.secret.reveal().encode())

    def stop(self) -> None:
        """Close it."""
        self._door.stop()
