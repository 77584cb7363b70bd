"""A broker inside the server, for trying things out on one machine (`--embedded-broker`).

It is amqtt, of the extra `broker`: MQTT 3.1.1 on the loopback interface, where nobody has to say
who he is. So it has events and state, but no requests without a session, and is no broker for a
real centre.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from ctiserver.live.mqtt_broker import Broker, BrokerError

if TYPE_CHECKING:
    from amqtt.broker import Broker as Amqtt  # type: ignore[import-untyped] # it has no types

_HOST = "127.0.0.1"


class EmbeddedBroker:
    """One broker, from `start` to `stop`."""

    def __init__(self, port: int = 1883) -> None:
        """Listen on a port of the loopback interface; 0 is any that is free."""
        self._port = port
        self._amqtt: Amqtt | None = None

    async def start(self) -> Broker:
        """Listen; gives how the bridge is to talk to it.

        Raises:
            BrokerError: amqtt is not installed, or the port is taken.
        """
        try:
            from amqtt.broker import Broker as Amqtt  # noqa: PLC0415 - an extra, and slow to import
            from amqtt.errors import (  # type: ignore[import-untyped] # it has no types # noqa: PLC0415 - as above
                BrokerError as AmqttError,
            )
        except ImportError:
            words = "the embedded broker needs the extra 'broker': pip install 'offhook[broker]'"
            raise BrokerError(words) from None
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        port = self._port or _free_port()
        self._amqtt = Amqtt(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{_HOST}:{port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
        try:
            await self._amqtt.start()
        except (AmqttError, OSError) as fault:
            self._amqtt = None
            raise BrokerError(f"no broker on port {port}: {fault}") from None
        return Broker(host=_HOST, port=port, version="3.1.1")

    async def stop(self) -> None:
        """Let everybody go."""
        if self._amqtt is not None:
            await self._amqtt.shutdown()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
