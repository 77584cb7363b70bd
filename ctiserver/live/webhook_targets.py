"""Where a web-hook may be sent to: never into our own network, unless it is configured (SSRF).

The name is looked up anew for each delivery, and the very address that was looked at is the one
that is connected to, so that a name cannot point elsewhere in between.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import SplitResult as SplitUrl
from urllib.parse import urlsplit, urlunsplit

import msgspec

from csta.errors import CtiError
from ctiserver.live.request_reading import bad_value

URL_MAX = 2_000

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Target(msgspec.Struct, frozen=True):
    """An address to connect to, and the name that the other side is to have."""

    url: str
    """With the address in place of the name."""
    host_header: str
    server_name: str


class Targets:
    """Looks where an address leads."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Allow these networks (`10.1.0.0/16`) beside all public addresses."""
        self._allowed: tuple[Network, ...] = tuple(ipaddress.ip_network(each) for each in allowed)

    async def find(self, url: str) -> Target:
        """Give where a web-hook is to be sent to now.

        Raises:
            CtiError: the URL is none that may be called.
            OSError: the name cannot be looked up.
        """
        parts = split(url)
        host, port = parts.hostname or "", parts.port
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        for address in addresses:
            if not self.may_call(address):
                raise bad_value(
                    f"url: {host} leads to a private address; allow its network in the "
                    "configuration if that is meant"
                )
        place = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])  # noqa: PLR2004 - IPv6
        netloc = place if port is None else f"{place}:{port}"
        there = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
        return Target(there, parts.netloc, host)

    def may_call(self, address: Address) -> bool:
        """Tell whether an address is public, or in a network that is allowed."""
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._allowed):
            return True
        return address.is_global and not address.is_multicast


def split(url: str) -> SplitUrl:
    """Take a URL apart.

    Raises:
        CtiError: it is no http or https URL with a host, or it has a user, a password or blanks.
    """
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise bad_value(f"url: at most {URL_MAX} ASCII characters, without blanks")
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise _no_url(url) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_right:
        raise _no_url(url)
    if parts.username is not None or parts.password is not None:
        raise bad_value("url: a user or a password does not belong there")
    return parts


def _no_url(url: str) -> CtiError:
    return bad_value(f"url: {url!r} is not written https://host/path")
