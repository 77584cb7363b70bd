"""Which events a session is sent: objects, filters, calls that move on (cti-api §7.6)."""

from __future__ import annotations

import pytest

from csta.errors import CtiError, ErrorValue
from csta.event_types import EVENTS
from csta.ids import ConnectionId
from csta.instants import MINUTE, SECOND
from csta.monitor_services import MonitorObject, MonitorType
from csta.service_request import CallObject
from ctiserver.core.event_facts import facts_of
from ctiserver.core.event_filters import ALL_EVENTS, read_filter
from ctiserver.core.monitors import Monitor, MonitorIndex
from ctiserver.core.picture import EVERYTHING, Watched, watched
from ctiserver.core.wire import Published
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import Centre


def a_consultation_and_transfer() -> Centre:
    """Anna answers a caller, consults Bea, and transfers the caller to her; all hang up."""
    centre = Centre()
    centre.phone("station:1001", PhoneAct.ANSWERS, 1_000)
    centre.phone("station:1002", PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    leg = centre.call()
    centre.wait(3 * SECOND)
    [first] = centre.call_ids()
    consulted = centre.asked(
        "ConsultationCall",
        existingCall={"callID": first, "deviceID": "station:1001"},
        consultedDevice="station:1002",
    )
    second = consulted.initiated_call.call_id
    centre.wait(3 * SECOND)
    centre.asked(
        "TransferCall",
        heldCall={"callID": first, "deviceID": "station:1001"},
        activeCall={"callID": second, "deviceID": "station:1001"},
    )
    centre.wait(3 * SECOND)
    centre.pbx.hang_up(leg)
    centre.wait(MINUTE)
    return centre


def sent(
    log: list[Published], of: Watched, names: dict[str, bool] | None = None
) -> tuple[Monitor, list[Published]]:
    """Give what a monitor that was there from the beginning is sent."""
    index = MonitorIndex()
    monitor = Monitor("m-1", "s-1", of, read_filter(names), 0)
    index.add(monitor)
    found = [event for event in log if monitor in index.take(event, facts_of(event))]
    return monitor, [event for event in found if monitor.wants(event)]


def names_of(events: list[Published]) -> list[str]:
    return [type(event.data).__name__ for event in events]


def test_a_device_is_sent_its_own_part_and_the_event_by_which_it_leaves() -> None:
    centre = a_consultation_and_transfer()
    _, events = sent(centre.log, Watched("device", "station:1001"))
    names = names_of(events)
    after = names[names.index("Transferred") + 1 :]
    # The call goes on without the device; the consultation, which was its own, ends.
    assert "ConnectionCleared" not in after
    assert after.count("CallCleared") == 1


def test_a_call_is_followed_into_the_call_that_it_is_merged_with() -> None:
    centre = a_consultation_and_transfer()
    first, second = centre.call_ids()
    monitor, events = sent(centre.log, Watched("call", second, follows=True))
    cleared = [event.data.call_id for event in events if "CallCleared" in names_of([event])]
    assert cleared == [second, first]
    moved = next(event for event in events if type(event.data).__name__ == "Transferred")
    of_first = [
        event
        for event in centre.log
        if event.subject == f"call/{first}" and event.sequence > moved.sequence
    ]
    assert [each for each in of_first if each not in events] == []
    assert not monitor.follows_now()


def test_a_device_whose_calls_are_followed_is_sent_what_becomes_of_them() -> None:
    centre = a_consultation_and_transfer()
    _, events = sent(centre.log, Watched("device", "station:1001", follows=True))
    assert names_of(events).count("CallCleared") == 2
    last = next(event for event in events[::-1] if type(event.data).__name__ == "ConnectionCleared")
    assert last.data.connection.device_id != "station:1001"


@pytest.mark.parametrize(
    "of",
    [
        EVERYTHING,
        Watched("device", "station:1001"),
        Watched("device", "station:1002", follows=True),
        Watched("agent", "anna"),
        Watched("group", "acd:sales"),
    ],
)
def test_an_event_that_is_sent_again_is_for_the_same_monitors(of: Watched) -> None:
    log = a_consultation_and_transfer().log
    monitor, events = sent(log, of)
    again = [event for event in log if monitor.covers(event, facts_of(event))]
    assert again == events
    assert events


def test_events_that_come_again_change_nothing() -> None:
    log = a_consultation_and_transfer().log
    monitor, events = sent(log, Watched("device", "station:1002"))
    index = MonitorIndex()
    index.add(monitor)
    before = {call_id: list(spans) for call_id, spans in monitor.calls.items()}
    for event in log:
        index.take(event, facts_of(event))
    assert monitor.calls == before, "events that come again have changed something"
    assert events


def test_an_agents_monitor_is_sent_the_clearing_of_his_own_connection() -> None:
    centre = Centre()
    centre.phone("station:1001", PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    centre.call(talk_ms=5_000)
    centre.wait(MINUTE)
    _, events = sent(centre.log, Watched("agent", "anna"))
    leaves = ConnectionId(centre.call_ids()[0], "station:1001")
    cleared = [e for e in events if type(e.data).__name__ == "ConnectionCleared"]
    assert leaves in [event.data.connection for event in cleared]


def test_a_thousand_other_monitors_cost_an_event_nothing() -> None:
    log = a_consultation_and_transfer().log
    index = MonitorIndex()
    strangers = [
        Monitor(f"m-{n}", f"s-{n}", Watched("device", f"station:{n}"), ALL_EVENTS, 0)
        for n in range(5_000, 6_000)
    ]
    for monitor in strangers:
        index.add(monitor)
    assert [index.take(event, facts_of(event)) for event in log] == [{}] * len(log)
    for monitor in strangers:
        index.remove(monitor)
    assert len(index) == 0
    assert not any(index._by_kind.values())  # noqa: SLF001 - nothing is left behind


@pytest.mark.parametrize(
    ("wishes", "wanted", "unwanted"),
    [
        (None, {"Delivered", "Play", "QueueStatus"}, set()),
        ({}, {"Delivered", "Play", "QueueStatus"}, set()),
        ({"voice": False}, {"Delivered", "QueueStatus"}, {"Play", "DtmfDetected"}),
        ({"Delivered": True}, {"Delivered"}, {"Established", "Play", "QueueStatus"}),
        ({"callControl": True, "Held": False}, {"Delivered"}, {"Held", "Play", "AgentReady"}),
        ({"Held": True, "callControl": False}, {"Held"}, {"Delivered", "Play"}),
        ({"csta.agent.AgentReady.v1": True}, {"AgentReady"}, {"AgentBusy"}),
        (
            {"recording.Started": True},
            {"RecordingStarted"},
            {"SupervisionStarted", "Started", "RecordingStopped"},
        ),
    ],
)
def test_a_filter_names_categories_and_events(
    wishes: dict[str, bool] | None, wanted: set[str], unwanted: set[str]
) -> None:
    read = read_filter(wishes)
    passing = {event.__name__ for event in EVENTS if event in read.passing}
    assert wanted <= passing
    assert not unwanted & passing
    assert read_filter(read.told()) == read


def test_an_unknown_name_in_a_filter_is_refused_with_what_to_write() -> None:
    with pytest.raises(CtiError, match=r"'Deliverd'; write 'Delivered'") as refused:
        read_filter({"Deliverd": True})
    assert refused.value.value is ErrorValue.INVALID_PARAMETER_VALUE


def test_who_resumes_is_sent_older_events_by_the_older_filter() -> None:
    log = a_consultation_and_transfer().log
    monitor = Monitor("m-1", "s-1", EVERYTHING, read_filter({"agent": True}), 0)
    middle = log[len(log) // 2].sequence
    monitor.change_filter(read_filter({"callControl": True}), middle)
    got = [event for event in log if monitor.wants(event)]
    assert {e.data.CATEGORY for e in got if e.sequence <= middle} == {"agent"}
    assert {e.data.CATEGORY for e in got if e.sequence > middle} == {"callControl"}


@pytest.mark.parametrize(
    ("target", "kind", "expected"),
    [
        ("all", None, EVERYTHING),
        (MonitorObject(device_object="station:1001"), None, Watched("device", "station:1001")),
        (
            MonitorObject(device_object="station:1001"),
            MonitorType.CALL,
            Watched("device", "station:1001", follows=True),
        ),
        (
            MonitorObject(call_object=CallObject("c-1")),
            None,
            Watched("call", "c-1", follows=True),
        ),
        (MonitorObject(agent_object="anna"), None, Watched("agent", "anna")),
        (MonitorObject(group_object="acd:sales"), None, Watched("group", "acd:sales")),
    ],
)
def test_what_a_monitor_is_on(
    target: MonitorObject, kind: MonitorType | None, expected: Watched
) -> None:
    assert watched(target, kind) == expected
