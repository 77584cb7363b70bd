"""An engine comes back from its journal as it was, wherever the journal ends."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csta.instants import Instant
from ctiserver.core.journal import JournalError, Line, read_journal
from ctiserver.core.outbox import EngineDecision
from ctiserver.core.wire import Published, encode
from ctiserver.live import engine_snapshot
from ctiserver.live.engine_snapshot import (
    KEPT,
    SnapshotHead,
    directory_of,
    folded,
    make_snapshot,
    newest,
    write_snapshot,
)
from ctiserver.live.folding import Folding, JournalDiffersError, step
from ctiserver.live.journal_database import Record
from ctiserver.live.journal_reader import JournalReader
from ctiserver.live.journal_store import SqliteStore
from ctiserver.live.recovery import Recovered, begin, reconfiguration, recover
from switch_sim.config import PhoneAct
from tests.ctiserver.centre import ANNA, OURS, START, Centre, centre_plan


def written() -> list[bytes]:
    """Write the journal of a lively quarter of an hour."""
    lines: list[bytes] = []
    centre = Centre(journal=lines.append)
    centre.phone("station:1001", PhoneAct.ANSWERS, 2_000)
    centre.phone("station:1002", PhoneAct.NO_ANSWER)
    centre.log_on("anna", "bea")
    for count in range(12):
        centre.call(f"+49170{count}", talk_ms=30_000, patience_ms=50_000 + 1_000 * count)
        centre.wait(11_000)
        centre.ask("HoldCall", callToBeHeld={"callID": "c-0", "deviceID": "station:1001"})
        for connection in centre.engine.model.at_device.get("station:1001", [])[:1]:
            key = {"callID": connection.key.call_id, "deviceID": connection.device_id}
            centre.ask("ConsultationCall", existingCall=key, consultedDevice="station:1002")
    centre.wait(120_000)
    return lines


LINES = written()


def saved(path: Path, lines: Sequence[bytes], after: int = -1) -> Path:
    """Save lines as a server's database, behind those that it has."""
    store = SqliteStore(path, reserve_bytes=0)
    store.start(lambda _: None)
    records = []
    for n, line in enumerate(lines, start=after + 1):
        event = msgspec.json.decode(line, type=dict[str, Any]).get("event")
        records.append(Record(n, int(event["sequence"]) if event else None, line))
    store.put(records)
    assert store.stop()
    return path


def lines_after(n: int) -> list[Line]:
    return [line for line in read_journal(LINES)[1] if line.n > n]


def events_of(lines: Sequence[Line]) -> list[bytes]:
    return [bytes(line.event) for line in lines if isinstance(line.event, msgspec.Raw)]


def goes_on(recovered: Recovered, lines: Sequence[Line]) -> list[bytes]:
    """Give the rest of the inputs to an engine; gives the events, what was owed first."""
    header = recovered.header
    decided: list[EngineDecision] = list(recovered.owed)
    for line in lines:
        if line.taken is not None or line.wake:
            decided += step(recovered.engine, line)
    return [
        encode(each, header.epoch, header.source) for each in decided if isinstance(each, Published)
    ]


def recovered_from(path: Path) -> Recovered:
    recovered = recover(path)
    assert recovered is not None
    return recovered


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "centre.journal"


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, len(LINES) - 1))
def test_wherever_the_journal_is_cut_the_engine_goes_on_as_if_nothing_had_been(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = saved(tmp_path_factory.mktemp("cut") / "journal", LINES[: cut + 1])
    recovered = recovered_from(path)
    assert recovered.place is not None
    assert recovered.place.n == recovered.replayed == cut
    assert goes_on(recovered, lines_after(cut)) == events_of(lines_after(cut))


@settings(max_examples=10, deadline=None)
@given(cuts=st.tuples(*[st.integers(1, len(LINES) - 1)] * 2).map(sorted))
def test_a_snapshot_and_the_records_after_it_give_what_the_whole_journal_gives(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    at, end = cuts
    path = saved(tmp_path_factory.mktemp("snapshot") / "journal", LINES[: at + 1])
    made = make_snapshot(path)
    if made.problem is not None:
        assert made.problem == "the journal ends in the middle of a step"
    saved(path, LINES[at + 1 : end + 1], after=at)
    recovered = recovered_from(path)
    assert recovered.replayed == (end if made.n is None else end - at)
    assert goes_on(recovered, lines_after(end)) == events_of(lines_after(end))


def test_an_empty_journal_has_no_engine_and_a_new_one_has_an_epoch_of_its_own(path: Path) -> None:
    SqliteStore(path, reserve_bytes=0).stop()
    assert recover(path) is None
    assert make_snapshot(path).n is None
    config = centre_plan().engine
    one, other = begin(config, "one", START), begin(config, "other", START)
    assert (one.place, one.last, one.at) == (None, 0, START)
    assert one.header.epoch[:10] == other.header.epoch[:10]
    assert one.header.epoch != other.header.epoch
    assert one.header.source == "/cti/offhook/sim1"


def test_snapshots_go_on_from_each_other_and_three_are_kept(path: Path) -> None:
    ends = [place for place in range(40, len(LINES), 40) if not owes(place)][:5]
    begun = 0
    for end in ends:
        saved(path, LINES[begun : end + 1], after=begun - 1)
        made = make_snapshot(path)
        assert (made.n, made.problem) == (end, None)
        assert made.replayed == end - max(begun - 1, 0)
        begun = end + 1
    assert [int(each.stem) for each in sorted(directory_of(path).iterdir())] == ends[-KEPT:]
    assert make_snapshot(path).replayed == 0, "nothing is new, nothing is made"


def owes(n: int) -> bool:
    """Tell whether events of the step are missing when the journal ends at this record."""
    after = lines_after(n)
    return bool(after) and isinstance(after[0].event, msgspec.Raw)


@pytest.fixture
def whole(path: Path) -> Path:
    """Give a journal with a snapshot of its end."""
    saved(path, LINES)
    assert make_snapshot(path).n == len(LINES) - 1
    assert recovered_from(path).replayed == 0
    return path


def test_a_snapshot_of_other_code_is_not_read(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_snapshot, "code_version", lambda: "another")
    assert recovered_from(whole).replayed == len(LINES) - 1


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "no header"])
def test_a_damaged_snapshot_is_not_read(whole: Path, harm: str) -> None:
    [snapshot] = directory_of(whole).iterdir()
    body = snapshot.read_bytes()
    harmed = {
        "cut": body[:-100],
        "flip": body[:-50] + bytes([body[-50] ^ 1]) + body[-49:],
        "empty": b"",
        "no header": body.partition(b"\n")[2],
    }
    snapshot.write_bytes(harmed[harm])
    assert recovered_from(whole).replayed == len(LINES) - 1


def test_a_snapshot_that_was_half_written_does_no_harm(whole: Path) -> None:
    [snapshot] = directory_of(whole).iterdir()
    snapshot.rename(snapshot.with_suffix(".new"))
    assert recovered_from(whole).replayed == len(LINES) - 1


def test_a_snapshot_of_another_journal_is_not_read(whole: Path, tmp_path: Path) -> None:
    lines: list[bytes] = []
    Centre(centre_plan(seed=2), journal=lines.append).log_on("anna", "bea")
    other = saved(tmp_path / "other", lines)
    directory_of(whole).rename(directory_of(other))
    assert recovered_from(other).replayed == len(lines) - 1


def test_an_older_snapshot_serves_when_the_newest_is_damaged(path: Path) -> None:
    middle = next(n for n in range(100, len(LINES)) if not owes(n))
    saved(path, LINES[: middle + 1])
    assert make_snapshot(path).n == middle
    saved(path, LINES[middle + 1 :], after=middle)
    make_snapshot(path)
    max(directory_of(path).iterdir()).write_bytes(b"")
    assert recovered_from(path).replayed == len(LINES) - 1 - middle


def test_a_journal_that_this_program_would_not_have_written_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(path, LINES)
    monkeypatch.setattr("ctiserver.core.leading.number_device", "number:other{}".format)
    with pytest.raises(JournalDiffersError, match="this program decides"):
        recover(path)
    made = make_snapshot(path)
    assert made.n is None
    assert "JournalDiffersError" in (made.problem or "")
    assert not directory_of(path).exists()


def test_a_damaged_journal_is_refused_with_its_line(path: Path) -> None:
    saved(path, [*LINES[:50], *LINES[51:60]])
    with pytest.raises(JournalError) as caught:
        recover(path)
    assert caught.value.line == 51


def test_a_snapshot_can_be_read_by_its_user_alone(whole: Path) -> None:
    [snapshot] = directory_of(whole).iterdir()
    assert snapshot.stat().st_mode & 0o777 == 0o600
    assert directory_of(whole).stat().st_mode & 0o777 == 0o700
    head = msgspec.json.decode(snapshot.read_bytes().partition(b"\n")[0], type=SnapshotHead)
    assert head.place.n == len(LINES) - 1


def test_what_a_new_configuration_changes_is_told_to_the_engine_and_nothing_else() -> None:
    config = centre_plan().engine
    engine = begin(config, "", START).engine
    assert reconfiguration(engine, config) is None
    fewer = msgspec.structs.replace(config, agents=(ANNA,))
    told = reconfiguration(engine, fewer)
    assert told is not None
    engine.handle(told, START)
    assert engine.config.agents == (ANNA,)
    assert engine.config.acd.version == config.acd.version + 1
    assert reconfiguration(engine, fewer) is None, "the version counts on by itself"


def test_a_number_may_come_to_lead_elsewhere() -> None:
    config = centre_plan().engine
    engine = begin(config, "", START).engine
    moved = msgspec.structs.replace(
        config, numbers={OURS: "station:1001"}, default_device="station:1002"
    )
    told = reconfiguration(engine, moved)
    assert told is not None
    engine.handle(told, START)
    assert engine.numbering.entry(OURS) == "station:1001"
    assert engine.numbering.entry("+4999") == "station:1002"


def folding_of(path: Path) -> tuple[Folding, str, Instant]:
    with closing(JournalReader(path)) as reader:
        header = reader.header()
        assert header is not None
        folding = folded(path, reader, header)
        return folding, header.epoch, folding.at


def test_a_snapshot_is_read_as_it_was_written(whole: Path) -> None:
    folding, epoch, _ = folding_of(whole)
    write_snapshot(whole, folding, epoch)
    with closing(JournalReader(whole)) as reader:
        again = newest(whole, reader)
    assert again is not None
    assert again.engine.out.sequence == folding.engine.out.sequence > 0
    assert again.head.at == folding.at == [line.at for line in lines_after(0)][-1]
