"""A link for tests that can be cut, wholly or for commands or observations only; and a centre."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.config import AcdConfig
from csta.ids import LegId
from csta.states import AgentState
from ctiserver.core.switch_link import AnyCommand, AnyObservation, LinkDown, LinkUp, SwitchLink
from scenarios.world import Plan
from switch_sim.config import PhoneAct
from switch_sim.switch import SimulatedPbx
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, Centre, centre_plan
from tests.ctiserver.engine_audit import audit


class CutLink:
    """A `SwitchLink` that stands before a simulated switch, which lives on while it is cut."""

    def __init__(self, pbx: SwitchLink) -> None:
        """Begin whole."""
        assert isinstance(pbx, SimulatedPbx)
        self.link_id = pbx.link_id
        self.deaf = self.mute = False
        """Commands, or observations, are lost and nobody knows of it."""
        self.given: list[AnyCommand] = []
        """All commands that were given, those too that were lost."""
        self._pbx = pbx
        self._observe: Callable[[AnyObservation], None]

    def execute(self, command: AnyCommand) -> None:
        """Hand a command on, unless it is lost."""
        self.given.append(command)
        if not self.deaf:
            self._pbx.execute(command)

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Tell observations to this function, unless they are lost."""
        self._observe = observe
        self._pbx.attach(self._tell)

    def go_down(self) -> None:
        """Cut the link, and let it be known."""
        self.deaf = self.mute = True
        self._observe(LinkDown())

    def come_up(self, boot: str = "", without: tuple[str, ...] = ()) -> LinkUp:
        """Mend the link, and tell of all legs; of these members of `LegNow` it cannot tell."""
        self.deaf = self.mute = False
        legs = [
            {name: told for name, told in leg.items() if name not in without}
            for leg in self._pbx.snapshot()
        ]
        up = LinkUp(tuple(legs), lost=self._pbx.lost_phones(), boot=boot)
        self._observe(up)
        return up

    def tell(self, observation: AnyObservation) -> None:
        """Tell an observation that the switch itself does not make."""
        self._observe(observation)

    def _tell(self, observation: AnyObservation) -> None:
        if not self.mute:
            self._observe(observation)


class CutCentre(Centre):
    """A centre whose link can be cut."""

    link: CutLink

    def __init__(self, acd: AcdConfig | None = None, plan: Plan | None = None) -> None:
        """Begin with the link whole, and phones that ring until somebody answers."""
        super().__init__(plan or centre_plan(acd=acd), link=self._cut)
        for device in (ANNA.device_id, BEA.device_id):
            self.phone(device, PhoneAct.NO_ANSWER)

    def _cut(self, pbx: SwitchLink) -> CutLink:
        self.link = CutLink(pbx)
        return self.link

    def legs(self) -> dict[LegId, dict[str, Any]]:
        """Give the legs that live in the switch."""
        return {leg["leg"]: leg for leg in self.pbx.snapshot()}

    def joined(self) -> list[set[LegId]]:
        """List who are together in the switch."""
        together = [{leg, *now["joined"]} for leg, now in self.legs().items() if now["joined"]]
        return [each for place, each in enumerate(together) if each not in together[:place]]

    def leg_at(self, device: str) -> LegId:
        """Give the leg at a device."""
        [leg] = [leg for leg, now in self.legs().items() if now["device"] == device]
        return leg

    def agree(self) -> None:
        """Model and switch must agree, and all laws hold."""
        legs = self.legs()
        assert set(self.engine.model.legs) == set(legs)
        assert audit(self.engine, legs) == []
        fold = event_laws.Fold()
        for event in self.log:
            fold.take(event)
        assert set(fold.calls) <= set(self.engine.model.calls)

    def state(self, agent_id: str) -> AgentState:
        """Give an agent's state."""
        return self.engine.directory.agent(agent_id).state

    def synthetic(self) -> list[str]:
        """Name the events that were inferred, but for those of the link."""
        names = [type(e.data).__name__ for e in self.log if e.synthetic]
        return [name for name in names if name not in ("SystemStatus", "LinkResynchronised")]

    def counts(self) -> tuple[int, int, int]:
        """Tell what the last comparison has added, removed and corrected."""
        data = self.events("LinkResynchronised")[-1].data
        return data.added, data.removed, data.corrected

    def talk(self) -> tuple[LegId, LegId]:
        """Let a caller talk with anna; gives both legs."""
        self.log_on("anna")
        leg = self.call()
        self.pbx.answer(ANNA.device_id)
        assert self.joined()
        return leg, self.leg_at(ANNA.device_id)
