"""Where a dialled number leads: to a flow, a queue, a station, or out into the network."""

from __future__ import annotations

from csta.ids import DeviceId, category_of, device, local_part
from ctiserver.core.config import EngineConfig

_ENTRIES = ("routeing", "acd", "station")


class Numbering:
    """The numbers of one centre."""

    def __init__(self, config: EngineConfig) -> None:
        """Take over the configured numbers and the agents' stations.

        Raises:
            ValueError: a number leads to a device that takes no calls.
        """
        for dialled, target in (*config.numbers.items(), ("", config.default_device)):
            if category_of(target) not in _ENTRIES:
                raise ValueError(f"number '{dialled}' leads to {target}, which takes no calls")
        default = config.default_device
        if category_of(default) == "routeing" and local_part(default) not in config.flows:
            raise ValueError(f"{default} has no flow: it cannot be the default device")
        self._numbers = config.numbers
        self._default = config.default_device
        self._stations = frozenset(agent.device_id for agent in config.agents)

    def entry(self, dialled: str) -> DeviceId:
        """Tell what takes a call that comes in from outside."""
        return self._numbers.get(dialled, self._default)

    def shown(self, device_id: DeviceId) -> str:
        """Give the number that those see whom a queue or a flow calls: it leads back there."""
        return next((number for number, to in self._numbers.items() if to == device_id), "")

    def device(self, dialled: str) -> DeviceId:
        """Tell what a party inside has dialled: a configured number, a station, or a way out."""
        if dialled in self._numbers:
            return self._numbers[dialled]
        if ":" in dialled:
            return dialled
        station = device("station", dialled)
        return station if station in self._stations else device("number", dialled)
