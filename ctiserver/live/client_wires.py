"""What carries the frames of a client: a connection that is opened, read, written and closed."""

from __future__ import annotations

from typing import Protocol

import msgspec

from csta.instants import Milliseconds
from ctiserver.live.client_errors import ClientError
from ctiserver.live.secret import Secret

OPEN_S = 10.0
"""How long opening a connection may take."""
FRAME_MAX = 1 << 20
"""The longest frame that a client takes; a server sends 256 KiB at most (cti-api §7.2)."""


class WireLostError(ClientError):
    """The connection is no more; `code` is what the server closed it with, if it said so."""

    def __init__(
        self,
        code: int | None = None,
        reason: str = "",
        retry_after_ms: Milliseconds | None = None,
    ) -> None:
        """Keep the server's words, if there are any."""
        super().__init__(reason or "the connection is lost")
        self.code = code
        self.reason = reason
        self.retry_after_ms = retry_after_ms


class ClientWire(Protocol):
    """One connection to a server."""

    async def send(self, frame: bytes) -> None:
        """Send a frame.

        Raises:
            WireLostError: the server is gone.
        """

    async def receive(self) -> bytes | str:
        """Wait for a frame.

        Raises:
            WireLostError: the server is gone.
        """

    async def close(self) -> None:
        """Close the connection, and wait until it is."""


class ClientCurve(msgspec.Struct, frozen=True):
    """Keys for ZeroMQ, in Z85: the server's public one, and our own pair."""

    server: str
    public: str
    secret: Secret
