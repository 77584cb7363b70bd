"""The engine machine once more, behind a link that is lost: afterwards model and switch agree."""

from __future__ import annotations

from collections.abc import Container

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from csta.ids import LegId
from csta.states import ConnectionState
from ctiserver.core.calls import LegState
from ctiserver.core.inputs import Observed
from ctiserver.core.switch_link import LinkDown, LinkUp
from tests.ctiserver.engine_audit import audit
from tests.ctiserver.lossy_switch import LossySwitch
from tests.ctiserver.machine_centre import STATIONS
from tests.ctiserver.test_engine_machine import EngineMachine

_STATE = {"seen": LegState.SEEN, "ringing": LegState.RINGING, "up": LegState.UP}


class _Anything(Container[LegId]):
    """While the link is down, nobody knows which legs live."""

    def __contains__(self, leg: object) -> bool:
        return True


class LinkMachine(EngineMachine):
    """All that the engine machine does, and the link goes down and comes up."""

    switch: LossySwitch

    def __init__(self) -> None:
        """Begin with a link that is up."""
        super().__init__()
        self.switch = LossySwitch(STATIONS, voice_units=2)
        self.last_up: LinkUp | None = None

    @initialize()
    def begin(self) -> None:
        """Begin with a link that is up."""

    @precondition(lambda self: self.switch.linked)
    @rule(how=st.integers(0, 3))
    def the_link_is_lost(self, how: int) -> None:
        """Lose it now, or after some time in which nobody knows that it is lost."""
        self.switch.lose_link()
        if how:
            self.feed(Observed(LinkDown()))

    @precondition(lambda self: not self.switch.linked)
    @rule()
    def the_loss_is_noticed(self) -> None:
        self.feed(Observed(LinkDown()))

    @precondition(lambda self: not self.switch.linked)
    @rule()
    def the_link_is_back(self) -> None:
        self.feed(Observed(LinkDown()))
        up = self.switch.link_up()
        self.feed(Observed(up))
        self.wait_until(self.now)
        self.hear()
        self.the_model_is_as_the_switch()

    @precondition(lambda self: not self.switch.linked)
    @rule(milliseconds=st.sampled_from([1_000, 20_000, 120_000]))
    def the_link_stays_lost_for_a_while(self, milliseconds: int) -> None:
        self.wait_until(self.now + milliseconds)

    def hear(self) -> None:
        if not self.switch.linked:
            self.switch.untold.clear()
        super().hear()

    def the_model_is_as_the_switch(self) -> None:
        """Nothing is under way any more: every leg and who hears whom is as the switch has it."""
        if self.switch.untold or self.broken:
            return
        legs, lines = self.engine.model.legs, self.switch.lines
        assert set(legs) == set(lines), f"{set(legs) ^ set(lines)} are on one side only"
        now = {told["leg"]: told for told in self.switch.snapshot()}
        for leg in legs.values():
            told = now[leg.leg_id]
            assert leg.state >= _STATE[told["state"]], f"{leg.leg_id} is {leg.state.name}: {told}"
            assert leg.state <= _STATE[told["state"]] or leg.state < LegState.UP
            if len(leg.connections) == 1 and leg.active is not None:
                held = leg.active.state is ConnectionState.HOLD
                # Who is joined with a voice unit is on hold no more, and no switch says so.
                assert held == told["held"] or told["joined"], f"{told} is {leg.active.state}"
        whispered = {play.leg for play in self.engine.queueing.whispering.plays()}
        for call in self.engine.model.calls.values():
            speaking = self.engine.parties.speaking(call)
            if len(speaking) > 1 and not whispered.intersection(speaking):
                for leg_id in speaking:
                    told_joined = {leg_id, *now[leg_id]["joined"]}
                    assert told_joined == set(speaking), f"{speaking} are not together"

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        known: Container[LegId] = _Anything()
        if self.switch.linked:
            known = {*self.switch.lines, *self.switch.ends_untold()}
        faults = audit(self.engine, known)
        self.broken = self.broken or bool(faults)
        assert faults == [], faults

    def teardown(self) -> None:
        """The link is up in the end, and all calls end."""
        if self.broken:
            return
        self.lagging = False
        if not self.switch.linked:
            self.the_link_is_back()
        super().teardown()


def test_whatever_is_missed_the_model_is_as_the_switch_afterwards() -> None:
    run_state_machine_as_test(
        LinkMachine, settings=settings(max_examples=150, stateful_step_count=40)
    )


@pytest.mark.slow
def test_whatever_is_missed_for_a_long_time_the_model_is_as_the_switch_afterwards() -> None:
    run_state_machine_as_test(
        LinkMachine, settings=settings(max_examples=2_000, stateful_step_count=60)
    )
