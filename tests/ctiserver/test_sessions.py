"""Sessions: hello, snapshots, slow clients, ends (cti-api §7.3, §7.13: G1, G2, G12)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from csta.errors import CtiError, ErrorValue
from csta.event_types import EVENT_BY_TYPE
from csta.instants import SECOND
from csta.monitor_services import ChangeMonitorFilter, GetMonitors, MonitorStart, MonitorStop
from ctiserver.core.outgoing import Outgoing
from ctiserver.core.picture import EVERYTHING, AnyItem, Picture, fold
from ctiserver.core.sessions import SESSIONS_MAX
from ctiserver.core.snapshots import picture_of
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import Centre
from tests.ctiserver.session_stand import (
    ANNA,
    BEA,
    Client,
    Stand,
    a_morning,
    a_stand,
    decide,
    expected,
)


def test_a_snapshot_is_atomic_whatever_is_committed_meanwhile() -> None:
    stand = a_stand(begun=10)
    client = stand.client()
    client.start(monitorObject="all")
    decide(stand, a_morning()[10:16])
    stand.commit(2)
    request = {"monitorObject": "all", "snapshot": True}
    # While the snapshot waits for its commit, later steps are decided and committed too.
    decide(stand, a_morning()[16:17])
    first = stand.sessions.monitoring.index
    assert len(first) == 1
    second = client.start(commits=[1, 1], **request)
    decide(stand, a_morning()[17:20])
    stand.commit()
    client.read()
    kinds = client.kinds()
    begin, end = kinds.index("snapshotBegin"), kinds.index("snapshotEnd")
    as_of = int(client.frames[begin]["asOf"]["sequence"])
    assert kinds[end + 1] == "live"
    assert kinds[begin - 1] == "response"
    before = [int(f["event"]["sequence"]) for f in client.frames[:begin] if f["kind"] == "event"]
    after = [int(f["event"]["sequence"]) for f in client.frames[end:] if f["kind"] == "event"]
    assert before == list(range(11, as_of + 1))
    assert after == list(range(as_of + 1, 21))
    assert all((second in client.events[each]) == (each > as_of) for each in client.events)


def test_events_after_the_snapshot_are_held_back_until_it_is_sent() -> None:
    stand = a_stand(begun=10)
    client = stand.client()
    request = msgspec.convert({"monitorObject": "all", "snapshot": True}, MonitorStart)
    stand.sessions.monitoring.serve(client.session, request, stand.now)
    decide(stand, a_morning()[10:14])
    stand.commit()
    client.read()
    assert client.kinds() == ["welcome"]
    client.outgoing.release(b'{"kind":"response"}')
    client.read()
    assert client.kinds()[1:3] == ["response", "snapshotBegin"]
    assert client.kinds()[-5:] == ["live", "event", "event", "event", "event"]


def test_a_session_that_watches_both_parties_gets_an_event_once() -> None:
    stand = a_stand()
    client = stand.client()
    one = client.start(monitorObject={"deviceObject": "station:1001"})
    two = client.start(monitorObject={"groupObject": "acd:sales"})
    decide(stand, a_morning())
    stand.commit()
    client.read()
    both = [ids for ids in client.events.values() if len(ids) == 2]
    assert both
    assert all(sorted(ids) == sorted([one, two]) for ids in both)
    assert client.repeated == []


def test_many_sessions_of_one_principal_do_not_disturb_each_other() -> None:
    stand = a_stand()
    clients = [stand.client() for _ in range(3)]
    for client in clients:
        client.start(monitorObject="all")
    decide(stand, a_morning())
    stand.commit()
    for client in clients:
        client.read()
    assert len({client.session_id for client in clients}) == 3
    assert all(sorted(client.events) == expected(EVERYTHING, 0) for client in clients)


def test_a_filter_that_is_changed_counts_from_there_on() -> None:
    stand = a_stand()
    client = stand.client()
    monitor = client.start(monitorObject="all", requestedMonitorFilter={"agent": True})
    decide(stand, a_morning()[:20])
    stand.commit()
    change = ChangeMonitorFilter(
        monitor_cross_ref_id=monitor, requested_filter_list={"callControl": True}
    )
    stand.sessions.monitoring.serve(client.session, change, stand.now)
    client.go(reads=3)
    decide(stand, a_morning()[20:])
    stand.commit()
    client.come_back()
    client.read()
    agent = [each for each in expected(EVERYTHING, 0, {"agent": True}) if each <= 20]
    control = [each for each in expected(EVERYTHING, 0, {"callControl": True}) if each > 20]
    assert sorted(client.events) == agent + control


def test_a_monitor_that_is_stopped_sends_no_more() -> None:
    stand = a_stand()
    client = stand.client()
    monitor = client.start(monitorObject="all")
    stop = MonitorStop(monitor_cross_ref_id=monitor)
    stand.sessions.monitoring.serve(client.session, stop, stand.now)
    decide(stand, a_morning())
    stand.commit()
    client.read()
    assert client.events == {}
    listed = stand.sessions.monitoring.serve(client.session, GetMonitors(), stand.now)
    assert listed.monitor_cross_ref_ids == ()
    with pytest.raises(CtiError) as refused:
        stand.sessions.monitoring.serve(client.session, stop, stand.now)
    assert refused.value.value is ErrorValue.INVALID_MONITOR_CROSS_REF_ID


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ({"deviceObject": "nowhere"}, ErrorValue.INVALID_DEVICE_ID),
        ({"groupObject": "acd:nobody"}, ErrorValue.INVALID_DEVICE_ID),
        ({"groupObject": "station:1001"}, ErrorValue.INVALID_DEVICE_ID),
        ({"agentObject": "nobody"}, ErrorValue.INVALID_AGENT_IDENTIFIER),
        ({"callObject": {"callID": "c-1"}}, ErrorValue.INVALID_CALL_ID),
    ],
)
def test_what_does_not_exist_cannot_be_monitored(target: dict[str, Any], value: ErrorValue) -> None:
    stand = a_stand()
    client = stand.client()
    with pytest.raises(CtiError) as refused:
        client.start(monitorObject=target, snapshot=True)
    assert refused.value.value is value
    assert client.session.monitors == {}
    assert not client.outgoing.holds


# Connections.


def test_a_new_connection_of_a_session_replaces_the_old_one() -> None:
    stand = a_stand(begun=5)
    client = stand.client()
    old = client.outgoing
    client.come_back()
    client.read()
    assert old.closing is not None
    assert old.closing.code == 4009
    assert client.kinds() == ["resumed", "live"]
    assert client.session.outgoing is client.outgoing


def test_a_client_that_does_not_read_is_cut_at_its_bound_and_resumes() -> None:
    """G12: nobody else is touched by it."""
    stand = a_stand()
    slow, quick = stand.client(max_queue=10), stand.client()
    for client in (slow, quick):
        client.start(monitorObject="all")
        client.read()
    for event in a_morning():
        decide(stand, [event])
        stand.commit()
        quick.read()
    assert slow.outgoing.closing is not None
    assert slow.outgoing.closing.code == 4008
    assert len(slow.outgoing) == 1
    assert sorted(quick.events) == expected(EVERYTHING, 0)
    slow.go()
    assert slow.frames[-1]["kind"] == "goodbye"
    assert slow.frames[-1]["retryAfterMs"] > 0
    slow.come_back()
    slow.read()
    assert sorted(slow.events) == expected(EVERYTHING, 0)
    assert slow.outgoing.closing is None, "what was missed is owed, and counts for no bound"


def test_the_bytes_of_a_connection_are_bounded_too() -> None:
    outgoing = Outgoing(lambda: None, bytes_max=10_000)
    for sequence in range(1, 9):
        outgoing.tell(sequence, b'["m-1"]', b"x" * 1_100)
    assert outgoing.closing is None
    assert len(outgoing.take()) == 8
    for sequence in range(9, 17):
        outgoing.tell(sequence, b'["m-1"]', b"x" * 1_300)
    assert outgoing.closing is not None
    assert outgoing.closing.code == 4008


def test_who_gives_no_sign_of_life_loses_the_connection_and_keeps_the_session() -> None:
    stand = a_stand(begun=5)
    client = stand.client()
    for _ in range(3):
        stand.now += 15 * SECOND
        stand.sessions.wake(stand.now)
    client.read()
    assert client.kinds() == ["welcome", "ping", "ping", "ping"]
    assert client.frames[1]["sequence"] == f"{5:016}"
    stand.now += 15 * SECOND
    stand.sessions.wake(stand.now)
    assert client.outgoing.closing is not None
    client.go()
    assert len(stand.sessions) == 1


def test_whoever_is_heard_stays() -> None:
    stand = a_stand(begun=5)
    client = stand.client(session_duration=60)
    for _ in range(40):
        stand.now += 15 * SECOND
        stand.sessions.heard(client.session, stand.now)
        stand.sessions.wake(stand.now)
        client.read()
    assert client.outgoing.closing is None
    assert len(stand.sessions) == 1


def test_a_token_is_asked_for_anew_before_it_expires() -> None:
    stand = a_stand(begun=5)
    principal = msgspec.structs.replace(ANNA, expires_at=stand.now + 300 * SECOND)
    client = stand.client(principal)
    _wait(stand, client, 240)
    client.read()
    assert "reauthRequired" in client.kinds()
    fresh = msgspec.structs.replace(ANNA, expires_at=stand.now + 900 * SECOND)
    stand.sessions.reauthenticate(client.session, fresh, stand.now)
    _wait(stand, client, 300)
    assert client.outgoing.closing is None
    with pytest.raises(CtiError):
        stand.sessions.reauthenticate(client.session, BEA, stand.now)
    _wait(stand, client, 600)
    assert client.outgoing.closing is not None
    assert client.outgoing.closing.code == 4001


def _wait(stand: Stand, client: Client, seconds: int) -> None:
    for _ in range(seconds):
        stand.now += SECOND
        stand.sessions.heard(client.session, stand.now)
        stand.sessions.wake(stand.now)


def test_a_principal_has_so_many_sessions_and_no_more() -> None:
    stand = a_stand()
    clients = [stand.client() for _ in range(SESSIONS_MAX)]
    with pytest.raises(CtiError):
        stand.client()
    stand.client(BEA)
    stand.sessions.end(clients[0].session, "goodbye")
    stand.client()


def test_what_may_not_be_seen_is_not_sent() -> None:
    stand = a_stand(begun=5)
    stand.view.hidden = {"Established", "agent"}
    client = stand.client()
    client.start(monitorObject="all", snapshot=True)
    decide(stand, a_morning()[5:])
    stand.commit()
    client.read()
    items = [frame["item"]["class"] for frame in client.frames if frame["kind"] == "snapshotItem"]
    assert "agent" not in items
    assert {"acd", "device", "link"} <= set(items)
    hidden = [e.sequence for e in a_morning() if type(e.data).__name__ == "Established"]
    assert hidden
    assert sorted([*client.events, *[each for each in hidden if each > 5]]) == expected(
        EVERYTHING, 5
    )


def test_a_client_that_folds_its_snapshot_and_its_events_knows_the_state() -> None:
    """The whole way: frames as they are sent, read as a client reads them."""
    centre = Centre()
    centre.phone("station:1001", PhoneAct.ANSWERS, 1_000)
    centre.log_on("anna")
    centre.call("+49301", talk_ms=20_000)
    centre.call("+49302", talk_ms=20_000, patience_ms=90_000)
    centre.wait(5 * SECOND)
    stand = Stand(centre.engine)
    stand.happen(centre.log)
    stand.commit()
    client = stand.client()
    client.start(monitorObject="all", snapshot=True)
    seen = len(centre.log)
    centre.wait(25 * SECOND)
    stand.happen(centre.log[seen:])
    stand.commit()
    client.read()
    picture = Picture()
    for frame in client.frames:
        picture = fold(picture, news_of(frame))
    now = picture_of(centre.engine)
    assert picture.calls == now.calls
    assert picture.agents == now.agents
    assert picture.calls


def news_of(frame: dict[str, Any]) -> object:
    """Read an item or an event of a frame."""
    if frame["kind"] == "snapshotItem":
        return msgspec.convert(frame["item"], AnyItem)
    if frame["kind"] == "event":
        return msgspec.convert(frame["event"]["data"], EVENT_BY_TYPE[frame["event"]["type"]])
    return None
