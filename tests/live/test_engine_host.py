"""The hosted engine: nothing gets out before its record, and nothing that got out is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from csta.errors import CtiError, Outcome
from csta.states import AgentState
from ctiserver.core.inputs import Observed
from ctiserver.core.journal import read_journal
from ctiserver.core.switch_link import Dial, LinkDown, LinkUp
from ctiserver.live.event_log import Logged
from ctiserver.live.journal_database import Kept
from ctiserver.live.journal_reader import JournalReader
from ctiserver.live.recovery import reconfiguration, recover
from scenarios.journal_replay import replay
from switch_sim.config import PhoneAct, PhoneBehaviour
from tests.ctiserver.centre import OURS
from tests.live.durable_centre import DurableCentre, refused, wall


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "centre.journal"


@contextmanager
def stuck(path: Path) -> Iterator[None]:
    """Keep the writer from the database, as a disk that hangs would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_an_answer_never_comes_before_its_record_is_in_the_database(path: Path) -> None:
    async with DurableCentre(path) as centre:
        await centre.log_on("anna")
        for state in ("notReady", "ready") * 10:
            answered = await centre.asked(
                "SetAgentState", agentID="anna", requestedAgentState=state
            )
            request_id = b'"request_id":"r-%d"' % centre.requests
            lines = centre.lines()
            assert any(request_id in line for line in lines)
            with closing(JournalReader(path)) as reader:
                logged = reader.events(0, 1_000)
            assert logged[-1].sequence >= answered.sequence
            assert [each.event for each in logged[: len(centre.log)]] == centre.log


async def test_an_event_is_told_of_after_its_record_and_in_order_with_answers(path: Path) -> None:
    async with DurableCentre(path) as centre:
        seen: list[int] = []

        def look(batch: Sequence[Logged]) -> None:
            with closing(JournalReader(path)) as reader:
                stored = reader.events(batch[0].sequence - 1, len(batch))
            assert stored == list(batch)
            seen.extend(each.sequence for each in batch)

        centre.host.log.listeners.append(look)
        centre.host.log.on_fault = lambda fault: pytest.fail(repr(fault))
        await centre.log_on("anna")
        centre.call()
        await centre.until(lambda: centre.events("Established"))
        assert seen == list(range(1, len(seen) + 1))
        answered = await centre.asked(
            "SetAgentState", agentID="bea", requestedAgentState="loggedOn"
        )
        assert seen[-1] >= answered.sequence, "the answer came before the event that it caused"


async def test_requests_of_one_moment_become_safe_together(path: Path) -> None:
    async with DurableCentre(path) as centre:
        answers = await asyncio.gather(
            *(centre.ask("SnapshotDevice", snapshotObject="station:1001") for _ in range(200))
        )
        assert all(answer.error is None for answer in answers)
        assert centre.store.commits[-1] >= 200
        assert len(centre.store.commits) <= 40, "each had a transaction of its own"


async def test_after_commit_is_at_once_when_nothing_is_under_way_and_behind_events_else(
    path: Path,
) -> None:
    async with DurableCentre(path) as centre:
        await centre.log_on("anna")
        told: list[str] = []
        centre.host.after_commit(lambda: told.append("at once"))
        assert told == ["at once"]
        asking = asyncio.ensure_future(
            centre.ask("SetAgentState", agentID="bea", requestedAgentState="loggedOn")
        )
        await asyncio.sleep(0)
        expected = centre.host.engine.out.sequence
        centre.host.after_commit(lambda: told.append(f"last {centre.host.log.last}"))
        assert told == ["at once"], "the step is not safe yet"
        await asking
        assert told == ["at once", f"last {expected}"]


async def test_events_of_long_ago_are_read_from_the_store(path: Path) -> None:
    async with DurableCentre(path) as first:
        await first.log_on("anna", "bea")
    async with DurableCentre(path) as second:
        log = second.host.log
        assert log.first_kept > 3
        assert [each.event for each in await log.read(0, 3)] == first.log[:3]
        assert [each.sequence for each in await log.read(2, 100)][:2] == [3, 4]


async def test_a_refusal_is_an_answer_too(path: Path) -> None:
    async with DurableCentre(path) as centre:
        answered = await centre.ask("SetAgentState", agentID="nobody", requestedAgentState="ready")
        assert refused(answered).outcome is Outcome.NOT_EXECUTED


async def test_rows_are_kept_in_the_transaction_of_their_step(path: Path) -> None:
    async with DurableCentre(path) as centre:
        wanted = [Kept("answers", "key-1", b"yes")]
        await centre.host.ask(
            "mine",
            "SetAgentState",
            {"agentID": "anna", "requestedAgentState": "loggedOn"},
            "test",
            keep=lambda _: wanted,
        )
        centre.host.keep("sessions", "s-1", b"here")
        done = asyncio.Event()
        centre.host.after_commit(done.set)
        await done.wait()
        with closing(JournalReader(path)) as reader:
            assert reader.kept("answers") == {"key-1": b"yes"}
            assert reader.kept("sessions") == {"s-1": b"here"}


async def test_a_stuck_disk_holds_back_events_and_answers_but_no_command(path: Path) -> None:
    async with DurableCentre(path, speed=1.0) as centre:
        await centre.log_on("anna")
        told = len(centre.log)
        with stuck(path):
            centre.call()
            asking = asyncio.ensure_future(
                centre.ask("SnapshotDevice", snapshotObject="station:1001")
            )
            await centre.until(lambda: any(isinstance(c, Dial) for c in centre.link.executed))
            await centre.until(lambda: centre.host.health().behind_ms > 300)
            assert "locked" in (centre.host.health().store_fault or "")
            assert len(centre.log) == told
            assert not asking.done()
        answered = await asking
        assert answered.error is None
        assert len(centre.log) > told
        assert centre.host.health().store_fault is None
        sent = [repr(command) for command in centre.link.executed]
        assert len(sent) == len(set(sent)), "a command was carried out twice"


async def test_a_call_is_answered_while_the_disk_is_stuck(path: Path) -> None:
    plan_centre = DurableCentre(path, speed=10.0)
    async with plan_centre as centre:
        phone = centre.pbx.dial_plan.phones["station:1001"]
        phone.behaviour = PhoneBehaviour(PhoneAct.ANSWERS, 1_000)
        await centre.log_on("anna")
        with stuck(path):
            centre.call()
            at_desk = centre.host.engine.model.at_device
            await centre.until(
                lambda: [c.state.value for c in at_desk.get("station:1001", [])] == ["connected"]
            )
            assert centre.events("Established") == []
        await centre.until(lambda: centre.events("Established"))
    assert replay(path).equal


async def test_a_listener_that_fails_is_noted_and_disturbs_nobody(path: Path) -> None:
    async with DurableCentre(path) as centre:

        def fail(_batch: object) -> None:
            raise OSError("the broker is gone")

        centre.host.log.listeners.insert(0, fail)
        await centre.log_on("anna")
        assert len(centre.events("AgentReady")) == 1
        assert centre.host.health().faults >= 2


async def test_a_server_that_stops_answers_what_it_has_begun_and_refuses_what_comes(
    path: Path,
) -> None:
    async with DurableCentre(path) as centre:
        asking = asyncio.ensure_future(
            centre.ask("SetAgentState", agentID="anna", requestedAgentState="loggedOn")
        )
        await asyncio.sleep(0)
        assert await centre.host.stop()
        assert (await asking).error is None
        with pytest.raises(CtiError, match="the server stops") as caught:
            await centre.ask("SetAgentState", agentID="bea", requestedAgentState="loggedOn")
        assert caught.value.outcome is Outcome.NOT_EXECUTED


async def test_the_second_life_goes_on_with_the_first_ones_epoch_and_sequence(path: Path) -> None:
    async with DurableCentre(path) as first:
        await first.log_on("anna")
        epoch, last = first.host.log.epoch, first.host.log.last
    async with DurableCentre(path) as second:
        assert second.host.log.epoch == epoch
        assert second.host.engine.directory.agent("anna").state is AgentState.READY
        await second.asked("SetAgentState", agentID="bea", requestedAgentState="loggedOn")
        assert [event.sequence for event in second.log][:1] == [last + 1]
    assert replay(path).equal


async def test_a03_a_pause_its_reason_and_its_beginning_outlast_the_server(path: Path) -> None:
    async with DurableCentre(path) as first:
        await first.log_on("anna")
        await first.asked(
            "SetAgentState", agentID="anna", requestedAgentState="notReady", reasonCode="lunch"
        )
        since = first.host.engine.directory.agent("anna").since
    async with DurableCentre(path) as second:
        told = (await second.asked("GetAgentInformation", agentID="anna")).result
        assert (told.agent_state, told.reason_code) == ("agentNotReady", "lunch")
        assert second.host.engine.directory.agent("anna").since == since


async def test_a_configuration_that_has_changed_meanwhile_is_taken_over_and_kept(
    path: Path,
) -> None:
    async with DurableCentre(path) as first:
        await first.log_on("anna")
        config = first.plan.engine
    wanted = msgspec.structs.replace(config, numbers={OURS: "station:1002"})
    async with DurableCentre(path) as second:
        told = reconfiguration(second.host.engine, wanted)
        assert told is not None
        answered = await second.host.configure(told)
        assert (answered.error, answered.result) == (None, 2)
        assert [event.data.version for event in second.events("ConfigurationChanged")] == [2]
    async with DurableCentre(path) as third:
        assert reconfiguration(third.host.engine, wanted) is None
        assert third.host.engine.numbering.entry(OURS) == "station:1002"
    assert replay(path).equal


async def test_the_time_in_which_a_server_was_away_is_a_loss_of_the_link(path: Path) -> None:
    """It begins where the journal ends, so that nobody is blamed for what could not be heard."""
    async with DurableCentre(path, speed=1.0) as first:
        await first.log_on("anna")
    with closing(JournalReader(path)) as reader:
        before = list(read_journal(reader.lines())[1])
    later = wall() + 3_600_000
    async with DurableCentre(path, wall=lambda: later) as second:
        await second.asked("SetAgentState", agentID="bea", requestedAgentState="loggedOn")
    lines = list(read_journal(second.lines())[1])[len(before) :]
    told = [(each.at, each.taken.what) for each in lines if isinstance(each.taken, Observed)]
    (lost_at, lost), (heard_at, heard) = told
    assert isinstance(lost, LinkDown)
    assert isinstance(heard, LinkUp)
    assert lost_at == lines[0].at == before[-1].at
    assert heard_at >= later


async def test_a_wall_clock_that_is_behind_does_not_turn_time_back(path: Path) -> None:
    async with DurableCentre(path, speed=1.0) as first:
        await first.log_on("anna")
    async with DurableCentre(path, wall=lambda: 0) as second:
        await second.asked("SetAgentState", agentID="bea", requestedAgentState="loggedOn")
    assert replay(path).equal


async def test_events_that_were_owed_are_written_and_told_of_by_the_next_life(path: Path) -> None:
    async with DurableCentre(path) as first:
        await first.log_on("anna", "bea")
        told = [event.sequence for event in first.log]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        [n] = other.execute("SELECT max(n) FROM records WHERE sequence IS NOT NULL").fetchone()
        other.execute("DELETE FROM records WHERE n >= ?", (n,))
    recovered = recover(path)
    assert recovered is not None
    assert [event.sequence for event in recovered.owed] == told[-1:]
    async with DurableCentre(path) as second:
        await second.until(lambda: second.log)
        assert second.log[0] == first.log[-1]
    assert replay(path).equal
