"""Agents who stay locked when the switch keeps something to itself, or after many transfers."""

from __future__ import annotations

import pytest

from csta.call_events import Established
from csta.ids import DeviceId
from csta.instants import MINUTE, SECOND
from csta.states import AgentState
from ctiserver.core.inputs import Observed
from ctiserver.core.journal import read_journal
from ctiserver.core.switch_link import DeviceBack
from scenarios.world import World
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, SALES, Centre
from tests.regress.links import centre_on

A, B = ANNA.device_id, BEA.device_id
RELEASED_MS = 5 * SECOND
"""How long a switch may keep to itself that a leg is gone."""


def state(centre: Centre, name: str = "anna") -> str:
    """Give an agent's state, with his reason if he has one."""
    agent = centre.engine.directory.agent(name)
    return " ".join(filter(None, (agent.state.name, agent.reason)))


def is_served(centre: Centre, number: str) -> None:
    """Let one more caller come: Anna answers him."""
    before = len(centre.events("Established"))
    centre.call(number, talk_ms=SECOND)
    centre.wait(MINUTE)
    assert len(centre.events("Established")) == before + 1


@pytest.mark.parametrize("lost", ["LegsJoined", "LegGone"])
def test_rg18_an_agent_whose_talk_never_came_about_is_not_in_a_call_for_ever(lost: str) -> None:
    centre, link = centre_on()
    centre.phone(A, PhoneAct.ANSWERS, SECOND)
    centre.log_on("anna")
    link.losing[lost] = A
    leg = centre.call()
    centre.wait(SECOND)
    centre.pbx.hang_up(leg)
    centre.wait(RELEASED_MS + SALES.wrap_up_ms)
    assert state(centre) == "READY"
    assert centre.engine.model.calls == {}
    assert len(centre.events("CallCleared")) == 1
    link.losing.clear()
    is_served(centre, "+49171")
    event_laws.check(centre.log)


@pytest.mark.parametrize("lost_of", [A, "trunk:pstn"], ids=["the agent's", "the caller's"])
@pytest.mark.parametrize("leaves", ["anna", "caller"])
def test_rg19_a_hang_up_that_is_never_told_does_not_lock_the_agent(
    leaves: str, lost_of: DeviceId
) -> None:
    """One end is lost; the agent is free when the other end is told and the switch is late."""
    centre, link = centre_on()
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    link.losing["LegGone"] = lost_of
    leg = centre.call()
    centre.wait(10 * SECOND)
    both = [A, leg] if leaves == "anna" else [leg, A]
    for device in both:
        centre.pbx.hang_up(device)
    centre.wait(RELEASED_MS + SALES.wrap_up_ms)
    assert state(centre) == "READY"
    assert centre.engine.model.legs == {}
    [cleared] = centre.events("CallCleared")
    assert cleared.data.outcome == "answered"
    link.losing.clear()
    is_served(centre, "+49171")
    event_laws.check(centre.log)


def test_rg19_when_both_ends_are_lost_the_agent_clears_the_call_himself() -> None:
    """Nothing tells the engine then: the way out is the service, and no restart."""
    centre, link = centre_on()
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(10 * SECOND)
    centre.pbx.attach(lambda _lost: None)
    centre.pbx.hang_up(leg)
    centre.pbx.hang_up(A)
    assert state(centre) == "BUSY"
    part = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.asked("ClearConnection", connectionToBeCleared=part)
    centre.wait(2 * RELEASED_MS + SALES.wrap_up_ms)
    assert state(centre) == "READY"
    assert centre.engine.model.calls == {}
    link.attach(lambda what: centre.world.driver.submit(Observed(what)))
    is_served(centre, "+49171")
    event_laws.check(centre.log)


@pytest.mark.parametrize("transfers", range(1, 11))
def test_rg27_the_third_attended_transfer_is_like_the_first(transfers: int) -> None:
    centre = Centre()
    for device in (A, B):
        centre.phone(device, PhoneAct.ANSWERS, SECOND)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(2 * SECOND)
    centre.set_agent("bea", "loggedOn")
    names, devices = ("anna", "bea"), (A, B)
    for count in range(transfers):
        here, there = count % 2, (count + 1) % 2
        assert state(centre, names[here]) == "BUSY"
        talk = centre.call_ids()[0]
        held = {"callID": talk, "deviceID": devices[here]}
        number = devices[there].partition(":")[2]
        centre.asked("ConsultationCall", existingCall=held, consultedDevice=number)
        centre.wait(2 * SECOND)
        consult = centre.events("Established")[-1].data
        assert isinstance(consult, Established)
        active = {"callID": consult.call_id, "deviceID": devices[here]}
        centre.asked("TransferCall", heldCall=held, activeCall=active)
        centre.wait(SALES.wrap_up_ms + SECOND)
        assert state(centre, names[there]) == "BUSY"
        assert state(centre, names[here]) in ("READY", "NOT_READY")
    centre.pbx.hang_up(leg)
    centre.wait(MINUTE)
    # Anna was ready when her call came, Bea was not: each is again what she was.
    assert (state(centre), state(centre, "bea")) == ("READY", "NOT_READY")
    assert len(centre.events("Transferred")) == transfers
    assert centre.engine.model.calls == {}
    event_laws.check(centre.log)


@pytest.mark.parametrize("way", ["uses his phone", "the switch says it again"])
def test_rg29_a_phone_that_came_back_unheard_does_not_pause_the_agent_for_ever(way: str) -> None:
    centre, link = centre_on()
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    link.losing["DeviceBack"] = A
    centre.pbx.unplug(A)
    centre.wait(SECOND)
    centre.pbx.plug_in(A)
    centre.wait(MINUTE)
    assert state(centre) == "NOT_READY device_lost"
    if way == "uses his phone":
        assert centre.pbx.dial_from(A, "1002")
        centre.pbx.hang_up(A)
        centre.wait(SECOND)
    else:
        centre.world.driver.submit(Observed(DeviceBack(A)))
    assert state(centre) == "READY"
    is_served(centre, "+49171")


def test_rg29_who_is_paused_is_paused_after_a_restart_too_with_the_same_way_back() -> None:
    """The journal is the truth: a fresh engine that has read it knows the pause and its end."""
    lines: list[bytes] = []
    centre = Centre(journal=lines.append)
    centre.log_on("anna")
    centre.pbx.unplug(A)
    centre.wait(SECOND)
    header, journal = read_journal(lines)
    world = World(centre.world.plan)
    for line in journal:
        if line.taken is not None:
            world.engine.handle(line.taken, line.at)
        elif line.wake:
            world.engine.wake(line.at)
    assert header.config == world.plan.engine
    anna = world.engine.directory.agent("anna")
    assert (anna.state, anna.reason) == (AgentState.NOT_READY, "device_lost")
    world.engine.handle(Observed(DeviceBack(A)), centre.now + MINUTE)
    assert anna.state is AgentState.READY
