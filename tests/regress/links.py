"""A link of which a test says what is lost, what is late and what is told once more."""

from __future__ import annotations

from collections.abc import Callable

from csta.ids import DeviceId, LegId
from csta.instants import Milliseconds
from ctiserver.core.switch_link import AnyCommand, AnyObservation, Dial, LegSeen, SwitchLink
from scenarios.world import Plan
from switch_sim.switch import SimulatedPbx
from tests.ctiserver.centre import Centre


class OddLink:
    """Stands before a switch. It is honest until the test says otherwise."""

    def __init__(self, link: SwitchLink) -> None:
        """Stand before this one."""
        assert isinstance(link, SimulatedPbx)
        self.link_id = link.link_id
        self._pbx = link
        self._observe: Callable[[AnyObservation], None]
        self._device_of: dict[LegId, DeviceId] = {}
        self.dial_ms: Milliseconds = 0
        """How long the switch takes before it makes a leg; a `Clear` meanwhile does nothing."""
        self.losing: dict[str, DeviceId] = {}
        """Which observation is lost, for the leg of which device."""
        self.told: list[AnyObservation] = []
        """What the engine has heard."""

    def execute(self, command: AnyCommand) -> None:
        """Hand a command on, a `Dial` later."""
        if isinstance(command, Dial) and self.dial_ms:
            self._pbx.after(self.dial_ms, lambda: self._pbx.execute(command))
        else:
            self._pbx.execute(command)

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations to this function, but for those that are lost."""
        self._observe = observe
        self._pbx.attach(self._hear)

    def tell_again(self) -> None:
        """Tell once more all that has been told, as a switch does when a link comes back."""
        for observation in list(self.told):
            self._observe(observation)

    def _hear(self, what: AnyObservation) -> None:
        if isinstance(what, LegSeen):
            self._device_of[what.leg] = what.device
        device = self._device_of.get(getattr(what, "leg", "")) or getattr(what, "device", "")
        if self.losing.get(type(what).__name__) != device:
            self.told.append(what)
            self._observe(what)


def centre_on(
    plan: Plan | None = None, journal: Callable[[bytes], object] | None = None
) -> tuple[Centre, OddLink]:
    """Build a centre, and give the link on which it works."""
    links: list[OddLink] = []

    def stand_before(pbx: SwitchLink) -> SwitchLink:
        links.append(OddLink(pbx))
        return links[0]

    return Centre(plan, journal, stand_before), links[0]
