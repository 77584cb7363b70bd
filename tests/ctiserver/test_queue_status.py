"""QueueStatus: at most once a second for each queue, and only when it has changed (§7.5)."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from csta.acd_events import QueueStatus
from csta.instants import SECOND, Milliseconds
from ctiserver.core.picture import Picture, fold
from ctiserver.core.snapshots import picture_of
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import ANNA, Centre, centre_plan


def a_centre(every_ms: Milliseconds = SECOND) -> Centre:
    plan = centre_plan(agents=(ANNA,))
    engine = msgspec.structs.replace(plan.engine, queue_status_ms=every_ms)
    centre = Centre(msgspec.structs.replace(plan, engine=engine))
    centre.phone("station:1001", PhoneAct.ANSWERS, 2_000)
    return centre


def statuses(centre: Centre) -> list[QueueStatus]:
    return [event.data for event in centre.events("QueueStatus")]


def test_in_simulation_nothing_is_told_and_nothing_is_waited_for() -> None:
    centre = a_centre(every_ms=0)
    centre.log_on("anna")
    centre.call(talk_ms=5_000)
    centre.wait(30 * SECOND)
    assert statuses(centre) == []
    assert centre.engine.queue_statuses is None


def test_a_queue_tells_how_it_is_when_it_has_changed() -> None:
    centre = a_centre()
    centre.call(patience_ms=60_000, talk_ms=5_000)
    centre.wait(10 * SECOND)
    centre.log_on("anna")
    centre.wait(30 * SECOND)
    told = [
        (each.waiting, each.agents_logged_on, each.agents_ready, each.agents_busy)
        for each in statuses(centre)
    ]
    assert told[0] == (1, 0, 0, 0)
    assert (0, 1, 0, 1) in told
    assert told[-1] == (0, 1, 1, 0)


def test_many_changes_are_told_at_most_once_a_second() -> None:
    centre = a_centre()
    centre.log_on("anna")
    for number in range(30):
        centre.call(f"+4930{number}", patience_ms=700 + 10 * number, talk_ms=300)
        centre.wait(130)
    centre.wait(30 * SECOND)
    at = [event.at for event in centre.events("QueueStatus")]
    assert len(at) > 5
    assert all(later - earlier >= SECOND for earlier, later in pairwise(at))
    last = statuses(centre)[-1]
    assert (last.waiting, last.longest_wait_ms) == (0, 0)


def test_a_queue_in_which_nothing_happens_is_quiet() -> None:
    centre = a_centre()
    centre.call(patience_ms=None)
    centre.wait(10 * SECOND)
    told = len(statuses(centre))
    centre.wait(300 * SECOND)
    assert len(statuses(centre)) == told
    assert centre.engine.wake_at() is None


def test_the_longest_wait_is_that_of_the_call_that_came_first() -> None:
    centre = a_centre()
    for number in range(3):
        centre.call(f"+4930{number}", patience_ms=None)
        centre.wait(7 * SECOND)
    last = centre.events("QueueStatus")[-1]
    first = centre.events("Queued")[0]
    assert last.data.waiting == 3
    assert last.data.longest_wait_ms == last.at - first.at


def test_the_service_level_says_by_which_formula_it_is() -> None:
    centre = a_centre()
    centre.call(patience_ms=5_000)
    centre.wait(10 * SECOND)
    assert (level := statuses(centre)[-1].service_level) is not None
    assert (level.variant, level.percent, level.target_ms) == ("SL7 no F", 0, 20_000)
    centre.log_on("anna")
    centre.call(talk_ms=2_000)
    centre.wait(20 * SECOND)
    assert (level := statuses(centre)[-1].service_level) is not None
    assert level.percent == 50
    centre.wait(31 * 60 * SECOND)
    centre.set_agent("anna", "notReady")
    centre.wait(2 * SECOND)
    assert statuses(centre)[-1].service_level is None, "its window is over"


def test_a_snapshot_has_the_status_that_was_told_last() -> None:
    centre = a_centre()
    centre.log_on("anna")
    centre.call(talk_ms=30_000)
    centre.call("+49302", patience_ms=None)
    centre.wait(5 * SECOND)
    picture = Picture()
    for event in centre.log:
        picture = fold(picture, event.data)
    [item] = picture_of(centre.engine).queues.values()
    assert item.waiting == 1
    assert item.name == "sales"
    assert msgspec.structs.replace(item, name="") == picture.queues["acd:sales"]


def test_on_the_wire_it_is_as_the_api_says() -> None:
    status = QueueStatus(
        device_id="acd:sales",
        waiting=1,
        longest_wait_ms=5,
        agents_logged_on=2,
        agents_ready=0,
        agents_busy=2,
    )
    assert msgspec.to_builtins(status) == {
        "device": "acd:sales",
        "waiting": 1,
        "longestWaitMs": 5,
        "agentsLoggedOn": 2,
        "agentsReady": 0,
        "agentsBusy": 2,
    }
