"""Voice units: legs without a channel, of which there are as many as the configuration says."""

from __future__ import annotations

from csta.causes import Cause
from csta.ids import DeviceId, LegId, device, local_part
from ctiserver.core.switch_link import Dial, LegGone, LegSeen, LegUp
from ctiserver.live.links.ari_causes import Release
from ctiserver.live.links.ari_legs import AriLeg, AriLegs, Kept


class VoiceUnits:
    """Hunts idle units and lets them answer at once."""

    def __init__(self, legs: AriLegs) -> None:
        """Make legs of them."""
        self._legs = legs
        self._busy: set[DeviceId] = set()
        legs.on_gone.append(self._idle)

    def dial(self, command: Dial) -> None:
        """Take the idle unit of a group with the lowest number; none is `resourcesNotAvailable`."""
        group = local_part(command.device)
        size = self._legs.config.voice_units.get(group)
        if size is None:
            self._legs.tell(LegGone(command.leg, cause=Cause.DEST_NOT_OBTAINABLE))
            return
        units = (device("voiceUnit", f"{group}-{number}") for number in range(1, size + 1))
        idle = next((unit for unit in units if unit not in self._busy), None)
        if idle is None:
            self._legs.tell(LegGone(command.leg, cause=Cause.RESOURCES_NOT_AVAILABLE))
            return
        self.begin(command.leg, idle)
        self._legs.tell(LegSeen(command.leg, device=idle))
        self._legs.tell(LegUp(command.leg))

    def begin(self, leg_id: LegId, unit: DeviceId) -> AriLeg:
        """Let a unit be a leg that has answered."""
        leg = self._legs.all[leg_id] = AriLeg(leg_id, Kept(device=unit), virtual=True)
        leg.state, leg.seen = "up", True
        self._busy.add(unit)
        return leg

    def forget(self) -> None:
        """Nothing is known of them any more."""
        self._busy.clear()

    def _idle(self, leg: AriLeg) -> None:
        self._busy.discard(leg.device)

    def clear(self, leg: AriLeg, cause: Cause) -> None:
        """Let a unit be idle again; nobody's channel is touched."""
        leg.clearing = cause
        self._legs.gone(leg, Release(cause))
