"""Where the broker is, and how it is talked to: MQTT 5, or 3.1.1 with a broker that has no other.

Beyond this machine there is TLS and a password, unless the configuration says that the network
itself is trusted (reliability §6.3).
"""

from __future__ import annotations

import ssl
from typing import Literal

import aiomqtt
import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ctiserver.live.secret import Secret
from ctiserver.live.zmq_auth import is_local

Properties5 = Properties | None
"""Properties of a message; MQTT 3.1.1 has none."""


class BrokerError(Exception):
    """A broker is not to be used as it is configured."""


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """A broker; `trusted_network` lets it be talked to without TLS beyond this machine."""

    host: str = "127.0.0.1"
    port: int = 1883
    user: str | None = None
    password: Secret | None = None
    tls: ssl.SSLContext | None = None
    trusted_network: bool = False
    version: Literal["5", "3.1.1"] = "5"

    def check(self) -> None:
        """Refuse a broker that others could listen to, or where anybody could be us.

        Raises:
            BrokerError: it says what to write instead.
        """
        if is_local(f"tcp://{self.host}:{self.port}") or self.trusted_network:
            return
        if self.tls is None:
            raise BrokerError(
                f"{self.host} is another machine, and without TLS everybody on the way reads and"
                " writes: name the broker's certificate, or say that the network is trusted"
            )
        if self.user is None or self.password is None:
            raise BrokerError(f"{self.host} is another machine: give us a user and a password")

    def client(self, will: aiomqtt.Will, in_flight_max: int) -> aiomqtt.Client:
        """Make a client that remembers nothing: what is to be sent again, the event log knows."""
        is_5 = self.version == "5"
        client = aiomqtt.Client(
            self.host,
            self.port,
            username=self.user,
            password=self.password.reveal() if self.password is not None else None,
            protocol=aiomqtt.ProtocolVersion.V5 if is_5 else aiomqtt.ProtocolVersion.V311,
            will=will,
            # Requests that have waited for us while we were away are too old to be carried out.
            clean_session=None if is_5 else True,
            keepalive=15,
            tls_context=self.tls,
            max_inflight_messages=in_flight_max,
            max_queued_incoming_messages=1_000,
        )
        client.pending_calls_threshold = 1_000  # it warns of each; the bridge has its own bound
        return client

    def properties(self, content_type: str, expiry_s: int | None = None) -> Properties5:
        """Make the properties of messages of a kind."""
        if self.version != "5":
            return None
        given = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho has few types
        given.ContentType = content_type
        given.PayloadFormatIndicator = 1
        if expiry_s is not None:
            given.MessageExpiryInterval = expiry_s
        return given
