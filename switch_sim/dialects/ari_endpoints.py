"""Phones and trunks, and the lamps of phones: how they are, and telling when that changes."""

from __future__ import annotations

from csta.ids import local_part
from switch_sim.dialects.ari_events import (
    DeviceStateChanged,
    EndpointStateChange,
    PeerStatusChange,
)
from switch_sim.dialects.ari_state import AriState
from switch_sim.dialects.ari_words import DeviceState, Endpoint, Peer

_LAMPS = {"Ringing": "RINGING", "Ring": "INUSE", "Up": "INUSE"}


class Endpoints:
    """All endpoints of one switch."""

    def __init__(self, state: AriState) -> None:
        """Know them from the switch below."""
        self._state = state
        self._last = {each.resource: each for each in self.all()}
        self._lamps = {name: self.lamp(name) for name in map(_full, self._last)}
        self.own_lamps: dict[str, str] = {}
        """Those that clients have made: `Stasis:…`."""

    def all(self) -> list[Endpoint]:
        """List them: trunks, then phones."""
        plan = self._state.pbx.dial_plan
        phones = (local_part(device) for device in plan.phones)
        return [self._words(resource) for resource in (*plan.trunks, *phones)]

    def get(self, technology: str, resource: str) -> Endpoint | None:
        """Give one as it is now, if there is such a one."""
        plan = self._state.pbx.dial_plan
        there = resource in plan.trunks or f"station:{resource}" in plan.phones
        return self._words(resource) if technology == "PJSIP" and there else None

    def exists(self, name: str) -> bool:
        """Tell whether `PJSIP/1001`, or the technology `PJSIP` alone, is anything here."""
        technology, _, resource = name.partition("/")
        return technology == "PJSIP" and (
            not resource or self.get(technology, resource) is not None
        )

    def lamp(self, name: str) -> str:
        """Tell what the lamp of `PJSIP/1001`, or one of a client's own, shows."""
        technology, _, resource = name.partition("/")
        endpoint = self.get(technology, resource)
        if endpoint is None:
            return self.own_lamps.get(name, "UNKNOWN") if "Stasis:" in name else "INVALID"
        if endpoint.state == "offline":
            return "UNAVAILABLE"
        states = [self._state.channels[channel].state for channel in endpoint.channel_ids]
        lamps = [_LAMPS[state] for state in states if state in _LAMPS]
        return lamps[-1] if lamps else "NOT_INUSE"

    def set_lamp(self, name: str, shows: str) -> None:
        """Let a lamp of a client's own show something."""
        self.own_lamps[name] = shows
        self._tell_lamp(name, shows)

    def told_again(self, name: str) -> None:
        """Tell of an endpoint, `PJSIP/1001`, if it is another than it was."""
        resource = name.partition("/")[2]
        former = self._last.get(resource)
        if former is None:
            return
        endpoint = self._last[resource] = self._words(resource)
        full = _full(resource)
        applications = self._state.applications
        if endpoint.state != former.state:
            status = "Reachable" if endpoint.state == "online" else "Unreachable"
            peer = PeerStatusChange(endpoint=endpoint, peer=Peer(peer_status=status))
            applications.tell_of_endpoint(peer, full)
        if endpoint != former:
            applications.tell_of_endpoint(EndpointStateChange(endpoint=endpoint), full)
        shows = self.lamp(full)
        if shows != self._lamps[full]:
            self._lamps[full] = shows
            self._tell_lamp(full, shows)

    def _words(self, resource: str) -> Endpoint:
        phone = self._state.pbx.dial_plan.phones.get(f"station:{resource}")
        return Endpoint(
            technology="PJSIP",
            resource=resource,
            state="offline" if phone is not None and phone.lost else "online",
            channel_ids=list(self._state.at_endpoint.get(_full(resource), ())),
        )

    def _tell_lamp(self, name: str, shows: str) -> None:
        event = DeviceStateChanged(device_state=DeviceState(name=name, state=shows))
        self._state.applications.tell_of_device(event, name)


def _full(resource: str) -> str:
    return f"PJSIP/{resource}"
