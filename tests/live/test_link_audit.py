"""Ends of calls that never came: the switch is asked again what it has."""

from __future__ import annotations

from collections.abc import Callable

from csta.instants import MINUTE
from ctiserver.core.switch_link import AnyObservation, LegGone, LinkUp, SwitchLink
from ctiserver.live.link_audit import EVERY_MS, QUIET_MS, LinkAudit
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import Centre, centre_plan


class Losing:
    """A link that loses ends of legs while it is told to, and can be asked for all legs."""

    def __init__(self, link: SwitchLink) -> None:
        """Stand before a link."""
        self.link_id = link.link_id
        self.execute = link.execute
        self.loses = False
        self.audits = 0
        self.snapshot: Callable[[], LinkUp]
        self._link = link

    def attach(self, observe: Callable[[AnyObservation], None]) -> None:
        """Pass on what is not lost."""
        self._observe = observe
        self._link.attach(self._hear)

    def audit(self) -> None:
        """Tell all legs."""
        self.audits += 1
        self._observe(self.snapshot())

    def _hear(self, what: AnyObservation) -> None:
        if not (self.loses and isinstance(what, LegGone)):
            self._observe(what)


def talking() -> tuple[Centre, Losing]:
    """Let Anna talk with a caller, and the switch be asked when it is time for it."""
    links: list[Losing] = []

    def losing(link: SwitchLink) -> Losing:
        links.append(Losing(link))
        return links[0]

    centre = Centre(centre_plan(), link=losing)
    (link,) = links
    link.snapshot = lambda: LinkUp(centre.pbx.snapshot())
    LinkAudit(centre.engine, centre.world.clock, link).start()
    centre.phone("station:1001", PhoneAct.ANSWERS)
    centre.log_on("anna")
    centre.call()
    centre.wait(MINUTE)
    return centre, link


def test_only_calls_in_which_nothing_happens_for_long_have_the_switch_asked() -> None:
    centre, link = talking()
    centre.wait(QUIET_MS - 2 * MINUTE)
    assert link.audits == 0
    centre.wait(3 * MINUTE)
    assert link.audits == 1 + (3 * MINUTE - MINUTE) // EVERY_MS
    told = len(centre.log)
    centre.wait(5 * EVERY_MS)
    assert len(centre.log) == told, "what agrees changes nothing"
    centre.everybody_hangs_up()
    audits = link.audits
    centre.wait(QUIET_MS)
    assert link.audits == audits


def test_an_end_that_was_lost_is_made_good() -> None:
    centre, link = talking()
    link.loses = True
    for leg in centre.pbx.snapshot():
        centre.pbx.hang_up(leg["leg"])
    link.loses = False
    centre.wait(MINUTE)
    assert len(centre.engine.model.calls) == 1
    assert centre.engine.directory.agent("anna").state.value == "agentBusy"
    centre.wait(QUIET_MS + EVERY_MS)
    assert len(centre.events("CallCleared")) == 1
    assert centre.engine.model.calls == {}
    assert centre.engine.directory.agent("anna").state.value == "agentReady"
    event_laws.check(centre.log)


def test_a_switch_in_the_same_process_is_not_asked() -> None:
    centre = Centre()
    before = centre.world.env.peek()
    LinkAudit(centre.engine, centre.world.clock, centre.pbx).start()
    assert centre.world.env.peek() == before
