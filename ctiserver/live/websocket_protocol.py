"""uvicorn's WebSocket, taught to send many frames of bytes in one write.

ASGI has a text message as `str` and each message by itself: a frame that goes to a thousand
clients would be decoded and encoded a thousand times. A message `websocket.send` with `frames` is
a batch of texts in UTF-8, which get their heads here and go to the transport as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

_TEXT = 0x81
"""A whole message in one frame, a text, not masked (RFC 6455 §5.2)."""
_OPEN = State.OPEN
"""A name for it: to look up a member of an enum takes as long as a call."""
_SHORT_MAX, _MEDIUM_MAX = 125, 0xFFFF
_SHORT, _MEDIUM, _LONG = struct.Struct("!BB"), struct.Struct("!BBH"), struct.Struct("!BBQ")


EXTENSION = "offhook.batches"
"""Under this name an application finds the protocol in the scope's `extensions`."""


class BatchingProtocol(WebSocketsSansIOProtocol):
    """The protocol for `uvicorn.Config(ws=…)`; extensions must be off."""

    async def run_asgi(self) -> None:
        """Run the application, which is told of this protocol."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = self
        await super().run_asgi()

    def has_room(self) -> bool:
        """Tell whether a batch can be written now, without waiting."""
        return self.writable.is_set() and self._is_open()

    def write_now(self, frames: Sequence[bytes]) -> None:
        """Write a batch of texts in UTF-8."""
        if len(frames) == 1:
            self.transport.write(head_of(frames[0]) + frames[0])
        else:
            self.transport.write(b"".join(framed(frames)))

    def _is_open(self) -> bool:
        if self.disconnected or self.close_sent:
            return False
        return self.conn.state is _OPEN

    async def send(self, message: Any) -> None:  # noqa: ANN401 - an ASGI message, or a batch
        """Send an ASGI message, or the batch in its `frames`, when the transport has room.

        Raises:
            ClientDisconnected: nobody is there any more.
        """
        frames = message.get("frames")
        if frames is None:
            if message["type"] == "websocket.close":
                await self._close(message)
            else:
                await super().send(message)
            return
        await self.writable.wait()
        if not self._is_open():
            raise ClientDisconnected
        self.write_now(frames)

    async def _close(self, message: Any) -> None:  # noqa: ANN401 - an ASGI message
        """Close, whether the peer reads or not: it has a while to, and is cut then.

        Without this the close would wait until there is room, and the socket be there for ever.
        """
        self.writable.set()
        await super().send(message)
        if self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)


def framed(texts: Sequence[bytes]) -> Iterator[bytes]:
    """Put the head of a frame before each text."""
    for text in texts:
        yield head_of(text)
        yield text


def head_of(text: bytes) -> bytes:
    """Write the head of a frame that has this text."""
    length = len(text)
    if length <= _SHORT_MAX:
        return _SHORT.pack(_TEXT, length)
    if length <= _MEDIUM_MAX:
        return _MEDIUM.pack(_TEXT, 126, length)
    return _LONG.pack(_TEXT, 127, length)
