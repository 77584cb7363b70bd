"""A Hypothesis machine over the whole engine: people and the switch do what they like.

Rules are external events only. After each of them the audit must find nothing, and at the end,
when everybody has hung up, nothing may be left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

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

from csta.causes import Cause
from csta.customers import Match
from ctiserver.core.inputs import LookedUp, Observed
from ctiserver.core.permitted import ALONE, BESIDE_ANOTHER
from ctiserver.core.switch_link import LegGone, LegSeen
from tests.ctiserver.engine_audit import audit, leftovers
from tests.ctiserver.engine_harness import EngineHarness
from tests.ctiserver.machine_centre import AGENTS, DIALLED, NUMBERS, STATIONS

SERVICES = sorted({name for names in (*ALONE.values(), *BESIDE_ANOTHER.values()) for name in names})
DULL = ("AssociateData", "ClearConnection", "GenerateDigits")
_MEMBERS = {
    "SetAutoAnswer": "autoAnswerOn",
    "SetAutoWorkMode": "autoWorkOn",
    "SetDoNotDisturb": "doNotDisturbOn",
}
FEATURES = (
    *_MEMBERS,
    *(f"SetForwarding forward{kind}" for kind in ("Immediate", "Busy", "NoAns", "DND")),
)
PICK = st.integers(0, 60)

Thing = TypeVar("Thing")


def pick_of(things: Sequence[Thing], pick: int) -> Thing:
    return things[pick % len(things)]


class EngineMachine(EngineHarness):
    """Callers, people at phones, agents, clients with requests, time, and a link that lags."""

    @initialize(ready=st.just(list(AGENTS)) | st.lists(st.sampled_from(AGENTS), unique=True))
    def agents_come(self, ready: list[str]) -> None:
        for agent_id in ready:
            self.ask("SetAgentState", agentID=agent_id, requestedAgentState="loggedOn")
            self.ask("SetAgentState", agentID=agent_id, requestedAgentState="ready")

    # Callers.

    @rule(number=st.sampled_from([*NUMBERS, "9"]))
    def a_call_comes_in(self, number: str) -> None:
        self.callers += 1
        self.switch.call_in(f"+49301{self.callers:04}", number)
        self.hear()

    @precondition(lambda self: self.lines("trunk"))
    @rule(pick=PICK)
    def somebody_outside_hangs_up(self, pick: int) -> None:
        self.hang_up(pick_of(self.lines("trunk"), pick))

    @precondition(lambda self: self.lines("trunk"))
    @rule(pick=PICK, digit=st.sampled_from("1234#9"))
    def a_caller_presses_a_key(self, pick: int, digit: str) -> None:
        self.switch.key(pick_of(self.lines("trunk"), pick), digit)
        self.hear()

    @precondition(lambda self: self.playing())
    @rule(pick=PICK)
    def a_prompt_ends(self, pick: int) -> None:
        self.switch.end_play(pick_of(self.playing(), pick))
        self.hear()

    @precondition(lambda self: self.lines("voiceUnit"))
    @rule(pick=PICK)
    def a_voice_unit_fails(self, pick: int) -> None:
        self.hang_up(pick_of(self.lines("voiceUnit"), pick))

    # Phones.

    @precondition(lambda self: self.ringing())
    @rule(pick=PICK)
    def a_phone_is_answered(self, pick: int) -> None:
        self.switch.pick_up(pick_of(self.ringing(), pick))
        self.hear()

    @precondition(lambda self: self.ringing())
    @rule(
        pick=PICK,
        cause=st.sampled_from(
            [Cause.BLOCKED, Cause.BUSY, Cause.CALL_NOT_ANSWERED, Cause.DEST_OUT_OF_ORDER]
        ),
    )
    def a_ringing_phone_refuses(self, pick: int, cause: Cause) -> None:
        self.switch.end(pick_of(self.ringing(), pick).leg_id, cause, far_end=True)
        self.hear()

    @precondition(lambda self: self.lines("station"))
    @rule(pick=PICK)
    def somebody_at_a_phone_hangs_up(self, pick: int) -> None:
        self.hang_up(pick_of(self.lines("station"), pick))

    @precondition(lambda self: self.lines("station"))
    @rule(pick=PICK)
    def somebody_presses_the_hold_key(self, pick: int) -> None:
        line = pick_of(self.lines("station"), pick)
        if line.up:
            (self.switch.retrieve if line.held else self.switch.hold)(line)
            self.hear()

    @precondition(lambda self: self.lines("station"))
    @rule(pick=PICK, number=st.sampled_from(DIALLED))
    def somebody_presses_the_transfer_key(self, pick: int, number: str) -> None:
        line = pick_of(self.lines("station"), pick)
        if line.up:
            self.switch.transfer(line, number)
            self.hear()

    @precondition(lambda self: any(line.held for line in self.lines("station")))
    @rule(pick=PICK, number=st.sampled_from(DIALLED))
    def somebody_dials_while_his_phone_holds_a_call(self, pick: int, number: str) -> None:
        holding = pick_of([line for line in self.lines("station") if line.held], pick)
        if len([line for line in self.lines("station") if line.device == holding.device]) == 1:
            self.switch.dial_from(holding.device, number)
            self.hear()

    @precondition(lambda self: len(self.lines("station")) > 1)
    @rule(pick=PICK, which=PICK)
    def somebody_transfers_one_line_of_a_phone_to_another(self, pick: int, which: int) -> None:
        lines = self.lines("station")
        line, to = pick_of(lines, pick), pick_of(lines, which)
        if line.up and to.up:
            self.switch.transfer(line, to=to.leg_id)
            self.hear()

    @rule(station=st.sampled_from(STATIONS), number=st.sampled_from(DIALLED))
    def somebody_dials(self, station: str, number: str) -> None:
        if self.switch.at(station) is None and station not in self.switch.unplugged:
            self.switch.dial_from(station, number)
            self.hear()

    @rule(station=st.sampled_from(STATIONS))
    def a_phone_is_unplugged_or_plugged_in(self, station: str) -> None:
        if station in self.switch.unplugged:
            self.switch.unplugged.remove(station)
            return
        self.switch.unplugged.add(station)
        line = self.switch.at(station)
        if line is not None:
            self.switch.end(line.leg_id, Cause.DEST_OUT_OF_ORDER, far_end=True)
            self.hear()

    # Clients.

    @rule(
        agent_id=st.sampled_from(AGENTS),
        state=st.sampled_from(
            ["ready", "ready", "notReady", "loggedOn", "loggedOff", "workingAfterCall"]
        ),
        force=st.booleans(),
    )
    def an_agent_asks_for_a_state(self, agent_id: str, state: str, force: bool) -> None:  # noqa: FBT001 - drawn
        self.ask("SetAgentState", agentID=agent_id, requestedAgentState=state, force=force)

    @rule(agent_id=st.sampled_from(AGENTS), station=st.sampled_from(STATIONS))
    def an_agent_logs_on_elsewhere(self, agent_id: str, station: str) -> None:
        self.ask("SetAgentState", agentID=agent_id, requestedAgentState="loggedOn", device=station)

    @rule(
        station=st.sampled_from(STATIONS), number=st.sampled_from(DIALLED), off_hook=st.booleans()
    )
    def a_client_makes_a_call(self, station: str, number: str, off_hook: bool) -> None:  # noqa: FBT001 - drawn
        how = "doNotPrompt" if off_hook else "prompt"
        self.ask("MakeCall", callingDevice=station, calledDirectoryNumber=number, autoOriginate=how)

    @precondition(lambda self: self.engine.model.calls)
    @rule(
        pick=PICK,
        which=PICK,
        permitted=st.sampled_from([True, True, True, False]),
        number=st.sampled_from(DIALLED),
    )
    def a_client_asks_for_a_service(
        self,
        pick: int,
        which: int,
        permitted: bool,  # noqa: FBT001 - drawn
        number: str,
    ) -> None:
        calls = list(self.engine.model.calls.values())
        connections = [link for call in calls for link in call.connections.values()]
        if not connections:
            return
        connection = pick_of(connections, pick)
        services = self.engine.model.permitted(connection) if permitted else SERVICES
        if services:
            service = pick_of(services, which)
            self.ask(service, **self.params(service, connection, number))

    @precondition(lambda self: self.talking())
    @rule(pick=PICK, which=PICK, number=st.sampled_from(DIALLED))
    def somebody_in_a_talk_asks_for_a_service(self, pick: int, which: int, number: str) -> None:
        connection = pick_of(self.talking(), pick)
        permitted = self.engine.model.permitted(connection)
        services = [service for service in permitted if service not in DULL]
        if services:
            service = pick_of(services, which)
            self.ask(service, **self.params(service, connection, number))

    @rule(
        station=st.sampled_from(STATIONS),
        feature=st.sampled_from(FEATURES),
        on=st.sampled_from([True, False, False]),
        number=st.sampled_from(DIALLED),
    )
    def a_phone_gets_a_feature_or_loses_it(
        self,
        station: str,
        feature: str,
        on: bool,  # noqa: FBT001 - drawn
        number: str,
    ) -> None:
        service, _, kind = feature.partition(" ")
        forwards = {"forwardingType": kind, "forwardDN": number, "activateForward": on}
        params = forwards if kind else {_MEMBERS[service]: on}
        self.ask(service, device=station, **params)

    @rule(station=st.sampled_from(STATIONS), group=st.sampled_from([None, "acd:sales"]))
    def a_client_picks_up_what_rings(self, station: str, group: str | None) -> None:
        self.ask("GroupPickupCall", newDestination=station, pickGroup=group)

    @rule(number=st.sampled_from(["2", "3", "4", "5"]))
    def a_call_comes_in_and_is_answered(self, number: str) -> None:
        self.a_call_comes_in(number)
        for line in self.ringing():
            self.switch.pick_up(line)
        self.hear()

    @precondition(lambda self: self.engine.model.calls)
    @rule(pick=PICK, really=st.integers(0, 9))
    def a_client_clears_a_call(self, pick: int, really: int) -> None:
        if really == 9:
            call_id = pick_of(list(self.engine.model.calls), pick)
            self.ask("ClearCall", callToBeCleared={"callID": call_id})

    # The world around: time, the store, the link.

    @rule(milliseconds=st.sampled_from([0, 1, 1_000, 5_000, 15_000, 20_000, 40_000]))
    def time_passes(self, milliseconds: int) -> None:
        self.wait_until(self.now + milliseconds)

    @precondition(lambda self: self.look_ups)
    @rule()
    def the_store_answers(self) -> None:
        self.feed(LookedUp(self.look_ups.popleft().call_id, Match.NONE))
        self.hear()

    @rule(lagging=st.booleans())
    def the_link_lags_or_keeps_up(self, lagging: bool) -> None:  # noqa: FBT001 - drawn
        self.lagging = lagging
        self.hear()

    @precondition(lambda self: self.told)
    @rule(pick=PICK)
    def an_observation_comes_twice(self, pick: int) -> None:
        self.feed(Observed(pick_of(list(self.told), pick)))
        self.hear()

    @precondition(lambda self: len(self.switch.untold) > 1)
    @rule(pick=PICK)
    def observations_come_in_another_order(self, pick: int) -> None:
        """Two neighbours change places; a leg's first word and its last stay where they are."""
        untold = self.switch.untold
        place = pick % (len(untold) - 1)
        if not any(isinstance(untold[at], LegSeen | LegGone) for at in (place, place + 1)):
            untold[place], untold[place + 1] = untold[place + 1], untold[place]

    # What must hold.

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        ends = [event.leg for event in self.switch.untold if isinstance(event, LegGone)]
        faults = audit(self.engine, {*self.switch.lines, *ends})
        self.broken = self.broken or bool(faults)
        assert faults == [], faults

    @invariant()
    def calls_and_events_agree(self) -> None:
        live = {call.call_id for call in self.engine.model.calls.values() if call.instances}
        told = set(self.fold.calls)
        # A call of which nothing has been told yet is on its way to a phone.
        assert told <= live, f"told of {told - live}, which are not there"
        assert len(self.fold.ended) == len(set(self.fold.ended))

    def teardown(self) -> None:
        """Everybody hangs up, and nothing is left (unless a rule has failed already)."""
        if self.broken:
            return
        self.lagging = False
        self.hear()
        while self.look_ups:
            self.the_store_answers()
        for _ in range(50):
            if not self.switch.lines:
                break
            for line in list(self.switch.lines.values()):
                self.hang_up(line)
            self.the_audit_finds_nothing()
        self.wait_until(self.now + 1_000_000)
        for line in list(self.switch.lines.values()):
            self.hang_up(line)
        self.the_audit_finds_nothing()
        assert self.switch.lines == {}
        left = leftovers(self.engine)
        assert left == {}, left
        assert self.fold.calls == {}
        assert self.begun == set(self.fold.ended)


def test_whatever_happens_the_engine_keeps_its_promises() -> None:
    run_state_machine_as_test(
        EngineMachine, settings=settings(max_examples=300, stateful_step_count=40)
    )


@pytest.mark.slow
def test_whatever_happens_for_a_long_time_the_engine_keeps_its_promises() -> None:
    run_state_machine_as_test(
        EngineMachine, settings=settings(max_examples=2_000, stateful_step_count=60)
    )
