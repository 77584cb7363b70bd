"""The stage on which the scenarios are normative: the simulated switch, in simulated time."""

from __future__ import annotations

from csta.instants import SECOND, Milliseconds
from switch_sim.config import PhoneBehaviour
from tests.conformance.stage import Stage
from tests.ctiserver.centre import Centre
from tests.ctiserver.cut_link import CutLink
from tests.ctiserver.golden import Script, build
from tests.ctiserver.simulated_people import SimulatedPeople

_HEARS_MS = SECOND // 10


class SimulatedStage(Stage):
    """The simulated switch in the engine's own process; no time passes but by `pass_time`."""

    def __init__(self, script: Script) -> None:
        """Build the centre."""
        golden = build(script)
        super().__init__(script, golden.centre.world)
        self._centre: Centre = golden.centre
        self._link: CutLink = golden.link
        self._people = SimulatedPeople(golden.centre.pbx, script.parties)

    async def start(self) -> None:
        """Do nothing: a centre in simulated time has started."""

    async def pass_time(self, duration_ms: Milliseconds) -> None:
        """Let time pass, to the end of the last millisecond."""
        self._centre.wait(duration_ms)

    async def hear(self) -> None:
        """Let a tenth of a second pass."""
        self._centre.wait(_HEARS_MS)

    async def let_phone(self, who: str, behaviour: PhoneBehaviour) -> None:
        """Let a party's phone behave so when it is called."""
        self._people.let_phone(who, behaviour)

    async def do(self, who: str, does: str, keys: str) -> None:
        """Let a party do something."""
        self._people.do(who, does, keys)

    async def cut(self) -> None:
        """Cut the link."""
        self._link.go_down()

    async def mend(self) -> None:
        """Mend the link."""
        self._link.come_up()
