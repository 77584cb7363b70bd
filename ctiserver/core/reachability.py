"""Which devices cannot be reached, as the switch says, and what that means for agents (A6)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from acd.inputs import AcdInput, DeviceReachable
from agents.agent import Agent
from agents.directory import Directory
from csta.causes import Cause
from csta.device_events import BackInService, OutOfService
from csta.ids import DeviceId
from ctiserver.core.outbox import Outbox
from ctiserver.core.switch_link import DeviceBack, DeviceLost


class Reachability:
    """Keeps the devices that are lost. What is told twice changes nothing."""

    def __init__(
        self, out: Outbox, directory: Directory, tell: Callable[[AcdInput], None], link_id: str
    ) -> None:
        """Start with all devices in service; `tell` hands inputs to the distributor."""
        self._out = out
        self._directory = directory
        self._tell = tell
        self._link_id = link_id
        self._lost: dict[DeviceId, None] = {}
        self.closed: Callable[[DeviceId], Cause | None] = _open
        """Says why no call comes to a phone that can be reached; None: they do."""

    def is_lost(self, device_id: DeviceId) -> bool:
        """Tell whether a device cannot be reached."""
        return device_id in self._lost

    def lost_devices(self) -> list[DeviceId]:
        """List the devices that cannot be reached, in the order in which they were lost."""
        return list(self._lost)

    def lost(self, event: DeviceLost) -> None:
        """A device cannot be reached: its agent is offered nothing from this step on."""
        if event.device not in self._lost:
            self._lost[event.device] = None
            self._changed(event.device, OutOfService, Cause.DEST_OUT_OF_ORDER)

    def back(self, event: DeviceBack) -> None:
        """A device can be reached again, or for the first time."""
        if event.device in self._lost:
            del self._lost[event.device]
            self._changed(event.device, BackInService, Cause.NORMAL)
        else:
            self._tell_agent(event.device)

    def correct(self, lost: Collection[DeviceId]) -> int:
        """Take over which devices are lost, as the switch tells it; gives how many differed."""
        now = dict.fromkeys(lost)
        back = [device_id for device_id in self._lost if device_id not in now]
        gone = [device_id for device_id in now if device_id not in self._lost]
        for device_id in back:
            self.back(DeviceBack(device_id))
        for device_id in gone:
            self.lost(DeviceLost(device_id))
        return len(back) + len(gone)

    def used(self, device_id: DeviceId) -> None:
        """A phone that somebody uses can be reached, though nobody has told that it is back."""
        if device_id in self._lost:
            self.back(DeviceBack(device_id))

    def logged_on(self, agent: Agent) -> None:
        """An agent has come to a device, which may be lost already."""
        if agent.device_id in self._lost or self.closed(agent.device_id) is not None:
            self._tell_agent(agent.device_id)

    def look(self, device_id: DeviceId) -> None:
        """Whether calls come to a phone may have changed: its agent is told."""
        self._tell_agent(device_id)

    def _changed(
        self, device_id: DeviceId, event: type[OutOfService | BackInService], cause: Cause
    ) -> None:
        self._out.publish(
            f"device/{device_id}",
            device_id,
            event(link_id=self._link_id, device=device_id, cause=cause),
        )
        self._tell_agent(device_id)

    def _tell_agent(self, device_id: DeviceId) -> None:
        agent = self._directory.at_device(device_id)
        if agent is not None:
            lost = device_id in self._lost
            cause = Cause.DEST_NOT_OBTAINABLE if lost else self.closed(device_id)
            told = DeviceReachable(agent.agent_id, reachable=cause is None, cause=cause)
            self._tell(told)


def _open(_device_id: DeviceId) -> Cause | None:
    return None
