"""Which device a channel or an endpoint of Asterisk is, and which phones can be reached."""

from __future__ import annotations

import re
from typing import Any, Final

from csta.ids import DeviceId, device
from ctiserver.core.switch_link import DeviceBack, DeviceLost
from ctiserver.live.links.ari_config import AriConfig
from ctiserver.live.links.ari_legs import AriLegs, Kept

DIALLED: Final = "dialled"
"""The first Stasis argument of a leg that was dialled for us."""
_PLACE: Final = "{station}"
_LOST: Final = "UNAVAILABLE"
_UNKNOWN: Final = ("UNKNOWN", "INVALID")


def endpoint_of(channel_name: str) -> str:
    """Give the endpoint of a channel: `PJSIP/1001-0000002a` is `PJSIP/1001`."""
    return channel_name.rpartition("-")[0] or channel_name


def station_at(endpoint: str, config: AriConfig) -> DeviceId | None:
    """Give the phone that is dialled as this endpoint; None if none of ours can be."""
    head, place, tail = config.station_dial.partition(_PLACE)
    match = re.fullmatch(f"{re.escape(head)}([^/@]+){re.escape(tail)}", endpoint)
    if not place or match is None or config.trunk_of(endpoint) is not None:
        return None
    return device("station", match[1])


def kept_of(channel: dict[str, Any], args: list[str], config: AriConfig) -> Kept:
    """Say who calls whom on a channel that came in, by its Stasis arguments.

    They are `inbound,DIALLED,CALLING`; where they are missing the dialplan's extension and the
    caller's number count. What comes from no trunk comes from a phone, which is known by its
    endpoint, or else by the third argument.
    """
    endpoint = endpoint_of(channel["name"])
    dialled, calling = (*args[1:3], "", "")[:2]
    dialled = dialled or channel["dialplan"]["exten"]
    calling = calling or channel["caller"]["number"]
    trunk = config.trunk_of(endpoint)
    if trunk is not None:
        return Kept(trunk.device, trunk.number_in(calling), trunk.number_in(dialled))
    station = station_at(endpoint, config)
    if station is None:
        station = device("station", calling or endpoint.rpartition("/")[2])
    # What was dialled by us has kept its device; this is for one of another making.
    outgoing = args[:1] == [DIALLED]
    return Kept(station, station.partition(":")[2], config.station_number(dialled), outgoing)


class Reachability:
    """Tells which phones are lost, by the states that Asterisk gives them."""

    def __init__(self, legs: AriLegs) -> None:
        """Tell by these."""
        self._legs = legs
        self._lost: dict[DeviceId, None] = {}

    def start(self, endpoints: list[dict[str, Any]]) -> tuple[DeviceId, ...]:
        """Take over the list of all endpoints; gives the phones that are lost."""
        self._lost.clear()
        for endpoint in endpoints:
            name = f"{endpoint['technology']}/{endpoint['resource']}"
            station = station_at(name, self._legs.config)
            if station is not None and endpoint["state"] == "offline":
                self._lost[station] = None
        return tuple(self._lost)

    def changed(self, event: dict[str, Any]) -> None:
        """`DeviceStateChanged`."""
        told = event["device_state"]
        station = station_at(told["name"], self._legs.config)
        if station is None or told["state"] in _UNKNOWN:
            return
        if told["state"] == _LOST:
            if station not in self._lost:
                self._lost[station] = None
                self._legs.tell(DeviceLost(station))
        elif station in self._lost:
            del self._lost[station]
            self._legs.tell(DeviceBack(station))
