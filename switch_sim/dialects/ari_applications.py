"""Stasis applications: who hears of what, through which filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from switch_sim.dialects.ari_events import ApplicationReplaced, Event
from switch_sim.dialects.ari_words import Application

Send = Callable[[bytes], None]
"""Puts one message on a client's connection."""


class AriApplication:
    """One application: its connection, if it has one, and what it has subscribed to.

    Subscriptions outlive the connection, as they do in Asterisk.
    """

    def __init__(self, name: str) -> None:
        """Begin with no connection and no subscriptions."""
        self.name = name
        self.send: Send | None = None
        self.hears_all = False
        self.channels: Counter[str] = Counter()
        self.bridges: Counter[str] = Counter()
        self.endpoints: set[str] = set()
        """`PJSIP/1001`, or `PJSIP` for all of them."""
        self.devices: set[str] = set()
        """Lamps: `PJSIP/1001`, or `""` for all of them."""
        self.allowed: list[dict[str, Any]] = []
        self.disallowed: list[dict[str, Any]] = []

    def words(self) -> Application:
        """Say it."""
        return Application(
            name=self.name,
            channel_ids=list(+self.channels),
            bridge_ids=list(+self.bridges),
            endpoint_ids=sorted(self.endpoints),
            device_names=sorted(self.devices),
            events_allowed=self.allowed,
            events_disallowed=self.disallowed,
        )

    def passes(self, kind: str) -> bool:
        """Tell whether the filter lets messages of a type pass; replies to requests are one too."""
        if any(entry.get("type") == kind for entry in self.disallowed):
            return False
        return not self.allowed or any(entry.get("type") == kind for entry in self.allowed)

    def is_idle(self) -> bool:
        """Tell whether nobody is connected and nothing is subscribed."""
        subscribed = +self.channels or +self.bridges or self.endpoints or self.devices
        return self.send is None and not subscribed


class Applications:
    """All applications of one switch."""

    def __init__(self, asterisk_id: str, timestamp: Callable[[], str]) -> None:
        """Name the switch in each event by `asterisk_id`, and the instant by `timestamp`."""
        self.asterisk_id = asterisk_id
        self._timestamp = timestamp
        self._all: dict[str, AriApplication] = {}

    def __iter__(self) -> Iterator[AriApplication]:
        """List them, in the order in which they came to be."""
        return iter(self._all.values())

    def get(self, name: str) -> AriApplication | None:
        """Give one by its name."""
        return self._all.get(name)

    def made(self, name: str) -> AriApplication:
        """Give one by its name, which need not be connected."""
        return self._all.setdefault(name, AriApplication(name))

    def is_connected(self, name: str) -> bool:
        """Tell whether somebody listens as this application."""
        application = self._all.get(name)
        return application is not None and application.send is not None

    def connect(self, name: str, send: Send, *, hears_all: bool) -> None:
        """Let a client be the application; who was it before is told, and hears no more of it."""
        application = self.made(name)
        if application.send is not None:
            self.tell(application, ApplicationReplaced())
        application.send = send
        application.hears_all = hears_all

    def disconnect(self, name: str, send: Send) -> None:
        """Let a client be gone, unless another one has taken over."""
        application = self._all.get(name)
        if application is not None and application.send == send:
            application.send = None
            application.hears_all = False
            if application.is_idle():
                del self._all[name]

    def tell(self, application: AriApplication, event: Event) -> None:
        """Tell one application of an event, if its filter lets it pass."""
        kind = type(event).__name__
        if application.send is not None and application.passes(kind):
            event.application = application.name
            event.timestamp = self._timestamp()
            event.asterisk_id = self.asterisk_id
            application.send(msgspec.json.encode(event))

    def tell_of_channel(self, event: Event, channel_id: str, endpoint: str) -> None:
        """Tell those who hear of a channel, or of its endpoint: who hears of both hears it twice.

        Asterisk does so too.
        """
        for application in self._all.values():
            times = bool(application.channels[channel_id]) + _covers(application, endpoint)
            for _ in range(1 if application.hears_all else times):
                self.tell(application, event)

    def tell_of_bridge(self, event: Event, bridge_id: str) -> None:
        """Tell those who hear of a bridge."""
        for application in self._all.values():
            if application.hears_all or application.bridges[bridge_id]:
                self.tell(application, event)

    def tell_of_endpoint(self, event: Event, endpoint: str) -> None:
        """Tell those who hear of an endpoint."""
        for application in self._all.values():
            if application.hears_all or _covers(application, endpoint):
                self.tell(application, event)

    def tell_of_device(self, event: Event, name: str) -> None:
        """Tell those who hear of a lamp."""
        for application in self._all.values():
            if application.hears_all or not application.devices.isdisjoint((name, "")):
                self.tell(application, event)


def _covers(application: AriApplication, endpoint: str) -> bool:
    technology = endpoint.partition("/")[0]
    return endpoint in application.endpoints or technology in application.endpoints
