"""Snapshots are made beside the server, of what is new, and again when it stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctiserver.live.engine_snapshot import SnapshotResult, directory_of
from ctiserver.live.recovery import recover
from ctiserver.live.snapshot_keeper import SnapshotKeeper
from tests.live.durable_centre import DurableCentre


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "centre.journal"


async def test_a_snapshot_is_made_while_the_server_runs_and_when_it_stops(path: Path) -> None:
    async with DurableCentre(path) as centre:
        keeper = SnapshotKeeper(path, lambda: centre.host.health().records, every_s=0.05)
        keeper.start()
        await centre.log_on("anna")
        await centre.until(lambda: keeper.last)
        first = keeper.last
        assert first is not None
        assert first.problem is None
        await centre.log_on("bea")
    await keeper.stop()
    assert keeper.last is not None
    assert keeper.last.n == centre.host.health().records
    recovered = recover(path)
    assert recovered is not None
    assert recovered.replayed == 0
    assert recovered.engine.out.sequence == centre.host.log.last


async def test_many_records_make_a_snapshot_before_its_time(path: Path) -> None:
    async with DurableCentre(path) as centre:
        keeper = SnapshotKeeper(path, lambda: centre.host.health().records, every_records=5)
        keeper.start()
        await centre.log_on("anna", "bea")
        await centre.until(lambda: keeper.last)
        made = keeper.last
        assert made is not None
        assert made.n is not None
        assert made.n >= 5
    await keeper.stop()


async def test_what_was_replayed_at_the_start_is_new_for_a_server_that_never_lives_for_long(
    path: Path,
) -> None:
    async with DurableCentre(path) as first:
        await first.log_on("anna", "bea")
    async with DurableCentre(path) as second:
        replayed = second.recovered.replayed
        assert replayed
        keeper = SnapshotKeeper(
            path,
            lambda: second.host.health().records,
            replayed=replayed,
            every_records=replayed,
        )
        keeper.start()
        await second.until(lambda: keeper.last)
    await keeper.stop()


async def test_nothing_new_makes_no_snapshot(path: Path) -> None:
    async with DurableCentre(path) as centre:
        await centre.log_on("anna")
    keeper = SnapshotKeeper(path, lambda: centre.host.health().records)
    await keeper.stop()
    assert keeper.last is None
    assert not directory_of(path).exists()


async def test_a_journal_that_cannot_be_gone_through_again_is_told_of(path: Path) -> None:
    keeper = SnapshotKeeper(path, lambda: 1)
    made = await keeper.make()
    assert isinstance(made, SnapshotResult)
    assert made.n is None
    assert "no journal's database" in (made.problem or "")


async def test_a_snapshot_that_takes_too_long_is_given_up(path: Path) -> None:
    async with DurableCentre(path) as centre:
        await centre.log_on("anna")
        made = await SnapshotKeeper(path, lambda: 1).make(within_s=0.001)
    assert made.problem == "it was not ready within 0.001 s"
