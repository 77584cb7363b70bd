"""Resume: nothing is lost and nothing comes twice, or the client is told (cti-api §7.3.4, G7)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csta.errors import CtiError, ErrorValue
from csta.instants import SECOND
from ctiserver.core import sessions
from ctiserver.core.messages import Hello, ResumePoint
from ctiserver.core.outgoing import Outgoing
from ctiserver.core.picture import EVERYTHING, Watched
from ctiserver.core.sessions import Sessions
from tests.ctiserver.session_stand import ANNA, BEA, Client, a_morning, a_stand, decide, expected

MONITORS: tuple[tuple[dict[str, Any], Watched], ...] = (
    ({"monitorObject": "all"}, EVERYTHING),
    (
        {"monitorObject": {"deviceObject": "station:1001"}},
        Watched("device", "station:1001"),
    ),
    ({"monitorObject": {"agentObject": "bea"}}, Watched("agent", "bea")),
    (
        {"monitorObject": {"groupObject": "acd:sales"}, "monitorType": "call"},
        Watched("group", "acd:sales", follows=True),
    ),
)


@st.composite
def _lives(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Draw what happens: events decided, commits, losses of the connection, returns."""
    step = st.tuples(
        st.sampled_from(["decide", "decide", "commit", "lose", "return", "read", "restart"]),
        st.integers(1, 12),
        st.integers(0, 6),
    )
    return draw(st.lists(step, min_size=5, max_size=40))


@given(life=_lives(), which=st.integers(0, len(MONITORS) - 1), snapshot=st.booleans())
def test_resume_loses_nothing_and_repeats_nothing(
    life: list[tuple[str, int, int]],
    which: int,
    snapshot: bool,  # noqa: FBT001 - drawn
) -> None:
    """G7: the union of what was received is the log as the monitor sees it (G1, G2 on the way)."""
    params, of = MONITORS[which]
    stand = a_stand(begun=5)
    client = stand.client()
    monitor = client.start(**params, snapshot=snapshot)
    client.read()
    rest, here = list(a_morning()[5:]), True
    for act, many, few in life:
        match act:
            case "decide":
                decide(stand, rest[:many])
                del rest[:many]
            case "commit":
                stand.commit(many)
            case "read" if here:
                client.read()
            case "lose" if here:
                client.go(reads=few)
                here = False
            case "return" if not here:
                client.come_back(pages=few + 1, meanwhile=[many, few])
                here = True
            case "restart":
                if here:
                    client.go(reads=few)
                here = False
                stand.restart()
    if not here:
        client.come_back()
    decide(stand, rest)
    stand.commit()
    client.read()
    assert client.resyncs == []
    assert sorted(client.events) == expected(of, 5)
    assert client.repeated == []
    assert all(ids == [monitor] for ids in client.events.values())


def test_a_client_of_another_epoch_is_told_so_and_gets_whole_snapshots() -> None:
    stand = a_stand(begun=10)
    client = stand.client()
    one = client.start(monitorObject="all")
    two = client.start(monitorObject={"agentObject": "anna"})
    client.go()
    client.epoch = "01AN0THER"
    client.come_back()
    client.read()
    assert client.kinds()[:2] == ["resync", "welcome"]
    assert client.kinds()[-1] == "live"
    assert client.resyncs == ["epochChanged"]
    assert [name for name, _ in client.snapshots] == [one, two]


def test_a_client_that_knows_more_than_the_log_is_told_that_the_log_has_changed() -> None:
    stand = a_stand(begun=10)
    client = stand.client()
    client.go()
    client.after = 11
    client.come_back()
    client.read()
    assert client.resyncs == ["epochChanged"]


def test_a_client_that_missed_too_much_gets_snapshots_and_goes_on() -> None:
    stand = a_stand(begun=5)
    client = stand.client()
    monitor = client.start(monitorObject="all")
    client.go()
    decide(stand, a_morning()[5:20])
    stand.commit()
    hello = _hello_again(client)
    outgoing = Outgoing(lambda: None)
    stand.sessions.resync(client.session, ANNA, hello, outgoing, stand.now, "tooOld")
    outgoing.release()
    client.outgoing = outgoing
    decide(stand, a_morning()[20:25])
    stand.commit()
    client.n = 0
    client.read()
    assert client.resyncs == ["tooOld"]
    assert client.snapshots == [(monitor, 20)]
    assert sorted(client.events) == list(range(21, 26))


def _hello_again(client: Client) -> Hello:
    return Hello(
        resume=ResumePoint(
            session_id=client.session_id, epoch=client.epoch, after=f"{client.after:016}"
        )
    )


def test_a_client_whose_session_has_expired_gets_a_new_one() -> None:
    stand = a_stand(begun=5)
    client = stand.client(session_duration=60)
    client.start(monitorObject="all")
    client.go()
    stand.now += 59 * SECOND
    stand.sessions.wake(stand.now)
    assert stand.sessions.ended == []
    stand.now += SECOND
    stand.sessions.wake(stand.now)
    assert [(each.session_id, each.reason) for each in stand.sessions.ended] == [
        (client.session_id, "expired")
    ]
    assert len(stand.sessions) == 0
    assert len(stand.sessions.monitoring.index) == 0
    old = client.session_id
    client.come_back()
    client.read()
    assert client.kinds() == ["resync", "welcome", "live"]
    assert client.resyncs == ["sessionExpired"]
    assert client.session_id != old


def test_a_session_that_cannot_be_read_after_a_restart_is_told_as_lost() -> None:
    stand = a_stand(begun=5)
    client = stand.client()
    client.go()
    stand.kept = {}
    stand.sessions = Sessions(stand.engine, stand.log, stand.view)
    stand.sessions.lose(client.session_id)
    client.come_back()
    client.read()
    assert client.resyncs == ["filterLost"]


def test_which_calls_belong_to_a_monitor_is_kept_late_and_read_again_from_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a server with many calls would write rows of its sessions all the time."""
    monkeypatch.setattr(sessions, "KEPT_LATE_EVENTS", 20)
    stand = a_stand(begun=5)
    client = stand.client()
    client.start(monitorObject={"agentObject": "bea"})
    stand.keep()
    rows: list[bytes] = []
    for event in a_morning()[5:]:
        decide(stand, [event])
        stand.commit()
        row = stand.kept[client.session_id]
        stand.keep()
        if stand.kept[client.session_id] != row:
            rows.append(stand.kept[client.session_id])
    monitor = client.session.monitors[next(iter(client.session.monitors))]
    changes = sum(2 if span.last else 1 for spans in monitor.calls.values() for span in spans)
    assert 0 < len(rows) < changes
    known = {call_id: list(spans) for call_id, spans in monitor.calls.items()}
    stand.restart()
    assert client.session.monitors[monitor.cross_ref_id].calls == known


def test_nobody_resumes_the_session_of_somebody_else() -> None:
    stand = a_stand(begun=5)
    client = stand.client()
    client.go()
    with pytest.raises(CtiError) as refused:
        stand.sessions.resume(BEA, _hello_again(client), Outgoing(lambda: None), stand.now)
    assert refused.value.value is ErrorValue.FORBIDDEN
    assert client.session.is_of(ANNA)


def test_a_first_state_that_may_not_have_arrived_is_sent_again() -> None:
    stand = a_stand(begun=5)
    client = stand.client()
    monitor = client.start(monitorObject="all", snapshot=True)
    client.go(reads=0)
    decide(stand, a_morning()[5:8])
    stand.commit()
    client.come_back()
    client.read()
    kinds = client.kinds()
    assert kinds[:4] == ["resumed", "event", "event", "event"]
    assert client.frames[0]["count"] == 3
    assert client.snapshots == [(monitor, 8)]
    assert kinds[-1] == "live"
