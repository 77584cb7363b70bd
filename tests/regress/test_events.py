"""Events: the same for whoever listens, one for each change, and none after the last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from crm_bridge.bridge import finish_now
from csta.agent_events import AgentEvent
from csta.call_events import CallCleared, CallEvent, ConnectionCleared, Established
from csta.causes import Cause
from csta.customers import ScreenPopped
from csta.errors import CtiError, ErrorValue
from csta.instants import MINUTE, SECOND
from csta.states import AgentState
from ctiserver.core.inputs import LookedUp, Observed
from ctiserver.core.journal import read_journal
from ctiserver.core.outbox import Reply
from ctiserver.core.switch_link import Digit, LegHeld, LegRinging, LegSeen, LegsJoined, LegUp
from ctiserver.core.wire import Published, encode
from switch_sim.config import PhoneAct
from tests.ctiserver import event_laws
from tests.ctiserver.centre import ANNA, BEA, Centre
from tests.regress.links import centre_on

A, B = ANNA.device_id, BEA.device_id


def attended_transfer(centre: Centre) -> None:
    """Anna consults Bea about a caller, and hands him over; the caller hangs up in the end."""
    for device in (A, B):
        centre.phone(device, PhoneAct.ANSWERS, SECOND)
    centre.log_on("anna")
    centre.set_agent("bea", "loggedOn")
    leg = centre.call()
    centre.wait(2 * SECOND)
    held = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.asked("ConsultationCall", existingCall=held, consultedDevice="1002")
    centre.wait(2 * SECOND)
    active = {"callID": centre.call_ids()[1], "deviceID": A}
    centre.asked("TransferCall", heldCall=held, activeCall=active)
    centre.wait(10 * SECOND)
    centre.pbx.hang_up(leg)
    centre.wait(MINUTE)


def test_rg44_an_attended_transfer_leaves_the_same_events_at_every_sink() -> None:
    """The journal, two listeners and the rows of the store: none has more, none has less."""
    lines: list[bytes] = []
    centre = Centre(journal=lines.append)
    second: list[Published] = []
    centre.world.listeners.append(second.extend)
    attended_transfer(centre)
    header, journal = read_journal(lines)
    written = [bytes(line.event) for line in journal if isinstance(line.event, msgspec.Raw)]
    assert written == [encode(event, header.epoch, header.source) for event in centre.log]
    assert second[-len(centre.log) :] == centre.log
    assert Counter(type(event.data).__name__ for event in centre.log)["Transferred"] == 1

    thread = event_laws.threads(centre.log)
    [thread_id] = {each for ids in thread.values() for each in ids}
    [row] = finish_now(centre.world.store.interactions([thread_id]))
    assert [call.call_id for call in row.calls] == list(thread)
    assert all(call.cleared for call in row.calls)
    assert (row.outcome, row.agent_id) == ("answered", "bea")


def test_rg53_a_link_that_tells_the_whole_day_again_pops_nothing() -> None:
    centre, link = centre_on()
    for device in (A, B):
        centre.phone(device, PhoneAct.ANSWERS, SECOND)
    centre.log_on("anna", "bea")
    for number in range(20):
        centre.call(f"+49170{number}", talk_ms=10 * SECOND)
        centre.wait(20 * SECOND)
    pops = centre.events("ScreenPopped")
    assert len({pop.data.offer_id for pop in pops}) == len(pops) == 20
    before = len(centre.log)
    link.tell_again()
    for pop in pops:
        assert isinstance(pop.data, ScreenPopped)
        centre.world.looked_up(LookedUp(pop.data.call_id, pop.data.match, pop.data.customer))
    centre.wait(MINUTE)
    assert centre.log[before:] == []
    assert centre.pbx.snapshot() == ()


def test_rg53_a_talk_that_goes_on_is_popped_once_however_often_it_is_told() -> None:
    centre, link = centre_on()
    centre.phone(A, PhoneAct.ANSWERS, SECOND)
    centre.log_on("anna")
    centre.call()
    centre.wait(10 * SECOND)
    link.tell_again()
    link.tell_again()
    centre.wait(10 * SECOND)
    assert len(centre.events("ScreenPopped")) == len(centre.events("Established")) == 1
    assert centre.engine.directory.agent("anna").state is AgentState.BUSY


def test_rg54_a_next_state_that_is_taken_back_is_told() -> None:
    centre = Centre()
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.call()
    centre.wait(SECOND)
    for asked in ("notReady", "ready", "notReady", "workingAfterCall", "ready"):
        before = len(centre.log)
        centre.set_agent("anna", asked)
        [told] = [e.data for e in centre.log[before:] if isinstance(e.data, AgentEvent)]
        anna = centre.engine.directory.agent("anna")
        assert told.STATE is AgentState.BUSY
        assert told.pending_agent_state == anna.pending
    pending = [e.data.pending_agent_state for e in centre.events("AgentBusy")][-5:]
    assert len(set(pending)) >= 3, "each wish is told, and so is the end of one"


Ending = Callable[[Centre], None]


def _abandons(centre: Centre) -> None:
    centre.call(patience_ms=5 * SECOND)


def _abandons_ringing(centre: Centre) -> None:
    centre.phone(A, PhoneAct.NO_ANSWER)
    centre.log_on("anna")
    centre.call(patience_ms=5 * SECOND)


def _caller_hangs_up(centre: Centre) -> None:
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.call(talk_ms=5 * SECOND)


def _agent_hangs_up(centre: Centre) -> None:
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.call()
    centre.wait(5 * SECOND)
    centre.pbx.hang_up(A)


def _agent_clears(centre: Centre) -> None:
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.call()
    centre.wait(5 * SECOND)
    part = {"callID": centre.call_ids()[0], "deviceID": A}
    centre.asked("ClearConnection", connectionToBeCleared=part)


def _phone_is_lost(centre: Centre) -> None:
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.call()
    centre.wait(5 * SECOND)
    centre.pbx.unplug(A)


def _outside_is_busy(centre: Centre) -> None:
    centre.phone(A, PhoneAct.ANSWERS, 0)
    centre.log_on("anna")
    centre.asked("MakeCall", callingDevice=A, calledDirectoryNumber="+498999")


ENDINGS: dict[str, Ending] = {
    "abandons": _abandons,
    "abandons while it rings": _abandons_ringing,
    "caller hangs up": _caller_hangs_up,
    "agent hangs up": _agent_hangs_up,
    "agent clears": _agent_clears,
    "phone is lost": _phone_is_lost,
    "outside is busy": _outside_is_busy,
    "attended transfer": attended_transfer,
}


def _end(centre: Centre, ending: str) -> None:
    ENDINGS[ending](centre)
    centre.wait(MINUTE)
    for leg in centre.pbx.snapshot():
        centre.pbx.hang_up(leg["leg"])
    centre.wait(MINUTE)


@pytest.mark.parametrize("ending", ENDINGS)
def test_rg54_whichever_way_a_call_ends_each_connection_is_told_as_ended_and_then_the_call(
    ending: str,
) -> None:
    centre = Centre()
    _end(centre, ending)
    event_laws.check(centre.log)  # each step has its event; the last of each call is CallCleared
    for call_id in centre.call_ids():
        mine = [
            e.data
            for e in centre.log
            if isinstance(e.data, CallEvent) and e.data.call_id == call_id
        ]
        assert isinstance(mine[-1], CallCleared)
        assert sum(isinstance(data, CallCleared) for data in mine) == 1
        if any(isinstance(data, Established) for data in mine):
            assert any(isinstance(data, ConnectionCleared) for data in mine) or (
                mine[-1].outcome == "transferredOut"
            )


@pytest.mark.parametrize("ending", ENDINGS)
def test_rg55_after_the_end_nothing_is_told_of_a_call_and_no_party_is_shown(ending: str) -> None:
    centre, link = centre_on()
    _end(centre, ending)
    before = len(centre.log)
    calls, legs = centre.call_ids(), {leg for each in link.told if (leg := _leg_of(each))}
    link.tell_again()
    for leg in sorted(legs):
        for late in (
            LegSeen(leg, device=A),
            LegRinging(leg),
            LegUp(leg),
            LegHeld(leg),
            LegsJoined(leg, legs=(leg, leg)),
            Digit(leg, digit="1"),
        ):
            centre.world.driver.submit(Observed(late))
    centre.wait(MINUTE)
    assert centre.log[before:] == []
    for call_id in calls:
        refused: Reply = centre.ask(
            "SnapshotCall", snapshotObject={"callID": call_id, "deviceID": A}
        )
        assert isinstance(refused.error, CtiError)
        assert refused.error.value is ErrorValue.INVALID_CALL_ID
    shown = centre.asked("SnapshotDevice", snapshotObject=A)
    assert not shown.snapshot_data


def _leg_of(observation: object) -> str:
    return getattr(observation, "leg", "")


def test_rg55_the_cause_of_a_late_end_changes_nothing_either() -> None:
    centre, link = centre_on()
    _end(centre, "caller hangs up")
    [cleared] = centre.events("CallCleared")
    link.tell_again()
    assert centre.events("CallCleared") == [cleared]
    assert cleared.data.cause is Cause.NORMAL_CLEARING
