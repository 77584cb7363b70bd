"""The link to a real Asterisk through ARI (docs/asterisk.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkDown, LinkUp
from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.links.ari_exchange import AriExchange
from ctiserver.live.links.ari_requests import Reply, Request
from ctiserver.live.links.ari_socket import (
    FAULTS,
    AriSocket,
    Patience,
    RefusedError,
    ReplacedError,
    open_socket,
)
from ctiserver.live.links.back_off import BackOff, jittered

_SETTLE_S: Final = 60.0
"""How long Asterisk may take to tell of its calls."""
_REFUSED_S: Final = 30.0
"""Between tries while it has never let us in: somebody has to change something first."""
_REPLACED_S: Final = 30.0
_REPLACED_S_MAX: Final = 600.0

_log = structlog.get_logger("offhook.link")


class AriLink:
    """A `SwitchLink` that connects by itself, and again when the connection is lost.

    The first observation is `LinkDown`, for nothing has been heard yet; each connection begins
    with a `LinkUp`. Commands that come while the link is down are dropped: after the next
    `LinkUp` the engine gives them again.
    """

    def __init__(
        self, config: AriConfig, link_id: str, *, patience: Patience | None = None
    ) -> None:
        """Know where Asterisk is; nothing happens before `attach`."""
        self.link_id = link_id
        self._config = config
        self._patience = patience or Patience()
        self._exchange = AriExchange(config, self._send, self._tell)
        self._observe: Callable[[AnyObservation], None]
        self._socket: AriSocket | None = None
        self._task: asyncio.Task[None] | None = None
        self._back_off = BackOff()
        self._replaced_s = _REPLACED_S
        self._is_up = self._was_up = False
        self._lost_because = "it has not been heard yet"

    @property
    def fault(self) -> str | None:
        """Say why Asterisk is not heard; None: it is."""
        return None if self._is_up else self._lost_because

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Begin to connect, on the running loop, and tell observations to this function."""
        self._observe = observe
        observe(LinkDown())
        self._task = asyncio.get_running_loop().create_task(self._keep_connected())

    def execute(self, command: AnyCommand) -> None:
        """Carry out a command, or drop it while the link is down."""
        if self._is_up:
            self._exchange.execute(command)

    def audit(self) -> None:
        """Look for legs that have gone unheard; one that is missed twice in a row is told so."""
        if self._is_up:
            self._exchange.audit()

    async def stop(self) -> None:
        """Let go of Asterisk; its calls stay as they are, music and all."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_connected(self) -> None:
        while True:
            try:
                why, wait_s = await self._talk(), self._back_off.next_s()
            except RefusedError as refusal:
                why, wait_s = str(refusal), self._refused_s()
            except ReplacedError:
                why, wait_s = self._replaced()
            except FAULTS as error:
                why, wait_s = str(error) or type(error).__name__, self._back_off.next_s()
            self._lost_because = why
            _log.warning("link lost", link=self.link_id, why=why, again_in_s=round(wait_s, 2))
            await asyncio.sleep(wait_s)

    def _refused_s(self) -> float:
        """Give how long to wait after a refusal; one that is being started knows nobody yet."""
        return self._back_off.next_s() if self._was_up else jittered(_REFUSED_S)

    def _replaced(self) -> tuple[str, float]:
        """Leave the application to who has taken it, longer each time: two would only fight."""
        name, wait_s = self._config.application, self._replaced_s
        self._replaced_s = min(2 * wait_s, _REPLACED_S_MAX)
        why = f"another client has taken the application '{name}': is a second server running?"
        return why, jittered(wait_s)

    async def _talk(self) -> str:
        """Connect, and listen until the connection is lost; gives why it is."""
        socket = await open_socket(self._config, self._patience)
        settling = asyncio.get_running_loop().call_later(_SETTLE_S, self._settled, socket)
        self._socket = socket
        try:
            socket.allow(self._exchange.handled)
            socket.when_heard(self._exchange.connected)
            why = await socket.listen(self._exchange.hear)
            self._replaced_s = _REPLACED_S
            return why
        finally:
            settling.cancel()
            socket.drop()
            self._exchange.disconnected()
            await socket.close()

    def _settled(self, socket: AriSocket) -> None:
        if not self._is_up:
            socket.give_up(f"it has not told of its calls within {_SETTLE_S:g} s")

    def _send(self, request: Request, on_reply: Callable[[Reply], None] | None) -> None:
        if self._socket is not None:
            self._socket.send(request, on_reply)

    def _tell(self, observation: AnyObservation) -> None:
        if isinstance(observation, LinkUp):
            # From here on commands are carried out: those that answer this word are the first.
            self._is_up = self._was_up = True
            self._back_off.succeeded()
            _log.info("link up", link=self.link_id, legs=len(observation.legs))
        elif isinstance(observation, LinkDown):
            if not self._is_up:
                return
            self._is_up, self._lost_because = False, "the connection is lost"
        self._observe(observation)
