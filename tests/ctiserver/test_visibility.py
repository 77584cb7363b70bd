"""Who sees which event: against a second filter (G13), and the stories that matter most."""

from __future__ import annotations

import msgspec
import pytest

from csta.acd_events import QueueStatus
from csta.call_events import CallEvent, CallInformation, Conferenced, DigitsGenerated
from csta.event_types import EVENTS
from csta.ids import ConnectionId
from csta.supervision_events import SupervisionEvent
from csta.system_events import ApplicationSessionTerminated, AuditCommand, SystemStatus
from csta.system_events import SystemStatusValue as Status
from ctiserver.core import event_facts
from ctiserver.core.call_history import CallHistory
from ctiserver.core.event_facts import facts_of
from ctiserver.core.principals import Principal
from ctiserver.core.reach import Reach
from ctiserver.core.visibility import sees, sees_object
from ctiserver.core.wire import Published, encode
from tests.ctiserver.offices import (
    ADMIN,
    ANNA_HERSELF,
    BEA_HERSELF,
    CARL_HIMSELF,
    CRM,
    DIALER,
    EVERYBODY,
    ROUTER,
    SALES_DEVICE,
    SALES_LEAD,
    SUPPORT_DEVICE,
    SUPPORT_LEAD,
    SUPPORT_NUMBER,
    WALLBOARD,
    Offices,
)
from tests.ctiserver.second_filter import SecondFilter

# A member that names neither a device, an agent, a queue, a call nor a connection, or that only
# names one for what it was or will be.
SAYS_NOT_WHOSE = frozenset(
    {
        "agent_state_condition",
        "associated_called_device",
        "associated_calling_device",
        "called_device",
        "calling_device",
        "connections",
        "device_for_message",
        "forward_to",
        "last_redirection_device",
        "new_destination",
        "number",
    }
)
WHOSE = ("device", "agent", "queue", "call_id", "connection", "party", "destination", "supervisor")


def _wire(key: ConnectionId) -> dict[str, str]:
    return {"callID": key.call_id, "deviceID": key.device_id}


def _busy_day() -> Offices:
    """Let happen what can: queues, holds, consultation, transfer, listening, data, hanging up."""
    offices = Offices(audits=True)
    key = offices.talk()
    theirs = offices.talk("carl", SUPPORT_NUMBER)
    offices.log_on("bea")
    offices.set_agent("sue", "loggedOn")
    for mode in ("silent", "coach", "active"):
        offices.asked(
            "SingleStepConferenceCall",
            activeCall=_wire(key),
            deviceToJoin="station:1009",
            participationType=mode,
        )
        offices.wait(3_000)
    offices.asked(
        "ClearConnection", connectionToBeCleared=_wire(key) | {"deviceID": "station:1009"}
    )
    offices.wait(2_000)
    offices.asked("GenerateDigits", connectionToSendDigits=_wire(key), charactersToSend="42")
    offices.asked("StartCallRecording", callID=key.call_id)
    offices.asked("ConsultationCall", existingCall=_wire(key), consultedDevice="1002")
    offices.wait(3_000)
    (second,) = [
        link.key
        for link in offices.engine.model.at_device["station:1001"]
        if link.key.call_id != key.call_id
    ]
    offices.asked("TransferCall", heldCall=_wire(key), activeCall=_wire(second))
    offices.wait(2_000)
    offices.asked(
        "GenerateDigits",
        connectionToSendDigits=_wire(key) | {"deviceID": "station:1002"},
        charactersToSend="7",
    )
    offices.asked("AssociateData", existingCall={"callID": key.call_id}, accountCode="9")
    offices.asked("HoldCall", callToBeHeld=_wire(theirs))
    offices.wait(1_000)
    offices.call()  # nobody of sales is free: waits
    offices.wait(1_000)
    offices.asked("ClearCall", callToBeCleared={"callID": theirs.call_id})
    offices.asked("ClearCall", callToBeCleared={"callID": key.call_id})
    offices.wait(10_000)
    offices.asked("AssociateData", existingCall={"callID": key.call_id}, accountCode="late")
    offices.log.append(_figures(offices, SALES_DEVICE))
    offices.log.append(_figures(offices, SUPPORT_DEVICE))
    return offices


def _figures(offices: Offices, queue: str) -> Published:
    status = QueueStatus(
        device_id=queue,
        waiting=1,
        longest_wait_ms=1,
        agents_logged_on=1,
        agents_ready=1,
        agents_busy=0,
    )
    return _published(offices, status, f"device/{queue}")


def _published(offices: Offices, data: object, subject: str = "system/x") -> Published:
    sequence = offices.log[-1].sequence + 1 if offices.log else 1
    return Published(
        sequence=sequence,
        entity_sequence=1,
        at=offices.now,
        subject=subject,
        partition_key="p",
        data=data,
    )


def _readers(offices: Offices) -> list[set[str]]:
    """Say who sees each event of the log, read when everything is over."""
    history = CallHistory()
    history.note(offices.log)
    reach = Reach(offices.engine, history)
    return [
        {who.name for who in EVERYBODY if sees(who, facts_of(event), reach)}
        for event in offices.log
    ]


def test_nobody_sees_more_or_less_than_a_second_filter_says() -> None:
    offices = _busy_day()
    second = SecondFilter(
        {"anna": SALES_DEVICE, "bea": SALES_DEVICE, "carl": SUPPORT_DEVICE, "sue": ""},
        {agent.agent_id: agent.device_id for agent in offices.engine.config.agents},
    )
    people = {
        who.name: {
            "role": who.role.value,
            "agent": who.agent_id,
            "teams": set(who.teams or ()),
        }
        for who in EVERYBODY
    }
    differences = []
    readers = _readers(offices)
    for event, found in zip(offices.log, readers, strict=True):
        envelope = msgspec.json.decode(encode(event, "e", "s"))
        expected = second.readers(envelope, people)
        if found != expected:
            differences.append((envelope["sequence"], envelope["type"], found ^ expected))
    assert differences == []
    for who in (ANNA_HERSELF, BEA_HERSELF, CARL_HIMSELF, SALES_LEAD, SUPPORT_LEAD):
        seen = sum(who.name in names for names in readers)
        assert 0 < seen < len(readers), who.name


def test_a_listener_nobody_hears_is_seen_by_the_teams_supervisor_alone() -> None:
    offices = _busy_day()
    hidden = [
        names
        for event, names in zip(offices.log, _readers(offices), strict=True)
        if isinstance(event.data, SupervisionEvent)
        or (isinstance(event.data, Conferenced) and event.subject.startswith("supervision/"))
    ]
    assert len(hidden) > 3
    assert all(names == {SALES_LEAD.name} for names in hidden)


def test_who_has_handed_a_call_on_hears_no_more_of_it_until_it_is_over() -> None:
    offices = _busy_day()
    told = {
        (
            event.data.digit_generated_list
            if isinstance(event.data, DigitsGenerated)
            else event.data.account_info
        ): names
        for event, names in zip(offices.log, _readers(offices), strict=True)
        if isinstance(event.data, DigitsGenerated | CallInformation)
    }
    assert ANNA_HERSELF.name in told["42"]
    assert BEA_HERSELF.name not in told["42"]
    assert ANNA_HERSELF.name not in told["7"]
    assert BEA_HERSELF.name in told["7"]
    assert {ANNA_HERSELF.name, BEA_HERSELF.name} <= told["late"]
    assert CARL_HIMSELF.name not in told["late"]


def test_only_administrators_read_the_audit_trail() -> None:
    offices = _busy_day()
    audits = [
        names
        for event, names in zip(offices.log, _readers(offices), strict=True)
        if isinstance(event.data, AuditCommand)
    ]
    assert len(audits) > 10
    assert all(names == {ADMIN.name} for names in audits)


def test_a_wallboard_sees_figures_and_nothing_else() -> None:
    offices = _busy_day()
    seen = {
        type(event.data).__name__
        for event, names in zip(offices.log, _readers(offices), strict=True)
        if WALLBOARD.name in names
    }
    assert seen == {"QueueStatus"}


def test_everybody_is_told_that_the_link_is_down() -> None:
    offices = Offices()
    event = _published(offices, SystemStatus(link_id="sim1", system_status=Status.DISABLED))
    assert all(sees(who, facts_of(event), offices.reach) for who in EVERYBODY)


def test_the_end_of_a_session_is_told_to_whose_it_was() -> None:
    offices = Offices()
    data = ApplicationSessionTerminated(
        link_id="sim1", session_id="s-1", principal="agent:anna", reason="expired"
    )
    facts = facts_of(_published(offices, data))
    assert [who.name for who in EVERYBODY if sees(who, facts, offices.reach)] == [
        ANNA_HERSELF.name,
        ADMIN.name,
    ]


def test_a_router_sees_the_calls_that_come_to_a_routeing_device() -> None:
    offices = _busy_day()
    reach = offices.reach
    call = next(event for event in offices.log if type(event.data).__name__ == "Delivered")
    at_flow = msgspec.structs.replace(
        call, data=msgspec.structs.replace(call.data, alerting_device="routeing:main")
    )
    assert sees(ROUTER, facts_of(at_flow), reach)
    assert not sees(ROUTER, facts_of(call), reach)
    assert not sees(DIALER, facts_of(at_flow), reach)


@pytest.mark.parametrize(
    ("who", "kind", "name", "seen"),
    [
        (ANNA_HERSELF, "agent", "anna", True),
        (ANNA_HERSELF, "agent", "bea", False),
        (ANNA_HERSELF, "acd", SALES_DEVICE, True),
        (ANNA_HERSELF, "acd", SUPPORT_DEVICE, False),
        (ANNA_HERSELF, "device", "station:1001", True),
        (ANNA_HERSELF, "link", "sim1", True),
        (SALES_LEAD, "agent", "carl", False),
        (WALLBOARD, "acd", SUPPORT_DEVICE, True),
        (WALLBOARD, "agent", "anna", False),
        (CRM, "agent", "carl", True),
        (ROUTER, "device", "station:1001", False),
        (CRM, "secrets", "all", False),
    ],
    ids=lambda value: value.name if isinstance(value, Principal) else str(value),
)
def test_a_snapshot_shows_what_one_may_see(
    who: Principal, kind: str, name: str, *, seen: bool
) -> None:
    assert sees_object(who, kind, name, Offices().reach) is seen


def test_every_member_that_says_whose_an_event_is_is_read() -> None:
    read = (
        event_facts.CALL_MEMBERS
        | event_facts.DEVICE_MEMBERS
        | event_facts.QUEUE_MEMBERS
        | event_facts.AGENT_MEMBERS
        | event_facts.CONNECTION_MEMBERS
        | event_facts.MOVED_MEMBERS
    )
    unread = {
        field.name
        for event in EVENTS
        for field in msgspec.structs.fields(event)
        if any(word in field.name for word in WHOSE)
        and field.name not in read | SAYS_NOT_WHOSE
        and field.type not in (int, bool)
        and not field.name.endswith(("_state", "_info", "_data"))
    }
    assert unread == set()


def test_the_history_forgets_calls_with_the_log() -> None:
    offices = _busy_day()
    history = CallHistory(window_events=10)
    history.note(offices.log)
    everything = CallHistory()
    everything.note(offices.log)
    everything.note(offices.log)  # twice is once
    assert 0 < len(history) < len(everything)


def test_who_was_in_a_call_before_the_log_begins_has_left_it_when_an_event_says_so() -> None:
    offices = _busy_day()
    event = next(each for each in offices.log if isinstance(each.data, CallEvent))
    here = {link.device_id.partition(";")[0] for link in event.data.connections}
    history = CallHistory()
    history.begin(event.sequence - 1, event.data.call_id, [*here, "station:gone"])
    history.note([event])
    assert set(history.parties(event.data.call_id, event.sequence - 1)) == {*here, "station:gone"}
    assert set(history.parties(event.data.call_id, event.sequence + 1)) == here


def test_a_call_that_nobody_is_in_any_more_has_no_time_that_goes_on() -> None:
    offices = _busy_day()
    event = next(each for each in offices.log if isinstance(each.data, CallEvent))
    history = CallHistory()
    history.begin(event.sequence - 1, event.data.call_id, ["station:gone"])
    empty = msgspec.structs.replace(event.data, connections=())
    history.note([msgspec.structs.replace(event, data=empty)])
    assert history._calls[event.data.call_id].spans == {  # noqa: SLF001 - how it stands inside
        "station:gone": [(event.sequence - 1, event.sequence)]
    }
