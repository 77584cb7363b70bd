"""The journal's store: whole steps, one writer, and a disk that may fail."""

from __future__ import annotations

import hashlib
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ctiserver.core.journal import JournalError
from ctiserver.live.journal_database import Kept, Record, StoreError, insert
from ctiserver.live.journal_reader import JournalReader, open_journal
from ctiserver.live.journal_store import SqliteStore
from scenarios.journal_explain import check_picks, explain_call, find_call
from scenarios.journal_replay import replay, verify
from tests.ctiserver.test_journal import written

LONG_S = 20.0


class Waiter:
    """Waits for hand-overs to be safe."""

    def __init__(self) -> None:
        """Nothing is safe yet."""
        self.commits: list[int] = []
        self._changed = threading.Condition()

    def __call__(self, serial: int) -> None:
        """Note what is safe."""
        with self._changed:
            self.commits.append(serial)
            self._changed.notify_all()

    def wait(self, serial: int) -> None:
        """Wait until a hand-over is safe."""
        with self._changed:
            reached = self._changed.wait_for(
                lambda: bool(self.commits) and self.commits[-1] >= serial, LONG_S
            )
        assert reached, f"hand-over {serial} has not become safe: {self.commits[-3:]}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "centre.journal"


@pytest.fixture
def waiter() -> Waiter:
    return Waiter()


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, reserve_bytes=4096)
    yield store
    store.stop()


def record(n: int) -> Record:
    return Record(n, n * 10, b"line %d\n" % n)


def lines_of(path: Path) -> list[bytes]:
    with closing(JournalReader(path)) as reader:
        return list(reader.lines())


def test_what_is_told_to_be_safe_is_seen_by_others(
    store: SqliteStore, path: Path, waiter: Waiter
) -> None:
    store.start(waiter)
    waiter.wait(store.put([record(0), record(1)], [Kept("sessions", "s-1", b"x")]))
    assert lines_of(path) == [b"line 0\n", b"line 1\n"]
    with closing(JournalReader(path)) as reader:
        assert reader.kept("sessions") == {"s-1": b"x"}
        assert reader.kept("others") == {}


def test_what_waits_becomes_safe_together_and_in_order(
    store: SqliteStore, path: Path, waiter: Waiter
) -> None:
    lines = [b"%1023d\n" % n for n in range(600)]
    last = [store.put([Record(n, n, line)]) for n, line in enumerate(lines)][-1]
    store.start(waiter)
    waiter.wait(last)
    assert lines_of(path) == lines
    assert waiter.commits == [256, 512, 600]


def test_a_step_is_never_torn_however_large_it_is(
    store: SqliteStore, path: Path, waiter: Waiter
) -> None:
    store.put([record(0)])
    last = store.put([Record(n, n, b"%1023d\n" % n) for n in range(1, 2_000)])
    store.start(waiter)
    waiter.wait(last)
    assert waiter.commits == [1, 2]
    assert len(lines_of(path)) == 2_000


def test_the_log_of_the_database_stays_small_while_nobody_waits(
    store: SqliteStore, path: Path, waiter: Waiter
) -> None:
    store.start(waiter)
    for n in range(80):
        waiter.wait(store.put([Record(n, n, b"x" * 100_000)]))
    assert path.with_name(path.name + "-wal").stat().st_size < 2_000_000
    assert sum(map(len, lines_of(path))) == 8_000_000


def test_kept_rows_are_replaced_and_let_go(store: SqliteStore, path: Path, waiter: Waiter) -> None:
    store.start(waiter)
    store.put([], [Kept("a", "1", b"old"), Kept("a", "2", b"stays"), Kept("b", "1", b"other")])
    waiter.wait(store.put([], [Kept("a", "1", b"new"), Kept("b", "1", None)]))
    with closing(JournalReader(path)) as reader:
        assert reader.kept("a") == {"1": b"new", "2": b"stays"}
        assert reader.kept("b") == {}


def test_what_is_written_survives_a_stop_and_goes_on(path: Path) -> None:
    first = SqliteStore(path, reserve_bytes=0)
    first.start(lambda _: None)
    first.put([record(0)])
    assert first.stop()
    second = SqliteStore(path, reserve_bytes=0)
    second.start(lambda _: None)
    second.put([record(1)])
    assert second.stop()
    assert lines_of(path) == [b"line 0\n", b"line 1\n"]


def test_a_second_server_is_refused_and_told_who_has_the_journal(
    store: SqliteStore, path: Path
) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from ctiserver.live.journal_store import SqliteStore\n"
        "SqliteStore(Path(sys.argv[1]), reserve_bytes=0)"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert other.returncode == 1
    assert "another server (process" in other.stderr
    with pytest.raises(StoreError, match="stop it, or name another file"):
        SqliteStore(path)
    store.stop()
    SqliteStore(path, reserve_bytes=0).stop()


def test_another_database_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no journal"):
        SqliteStore(path)
    assert path.read_bytes()[100:] == before[100:]
    with pytest.raises(JournalError, match="no journal's database"):
        JournalReader(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1_000)
    with pytest.raises(StoreError, match="cannot be opened as a journal"):
        SqliteStore(path)


def test_a_locked_database_holds_up_the_writer_and_nobody_else(
    store: SqliteStore, path: Path, waiter: Waiter
) -> None:
    store.start(waiter)
    waiter.wait(store.put([record(0)]))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        last = store.put([record(1)])
        wait_until(lambda: store.health().fault is not None)
        assert "locked" in (store.health().fault or "")
        assert waiter.commits == [1]
        other.execute("ROLLBACK")
    waiter.wait(last)
    assert store.health().fault is None
    assert lines_of(path) == [b"line 0\n", b"line 1\n"]


def test_a_full_disk_takes_the_reserve(path: Path, tmp_path: Path, waiter: Waiter) -> None:
    store = SqliteStore(path, reserve_bytes=8192)
    reserve = tmp_path / "centre.journal.reserve"
    assert reserve.stat().st_size == 8192
    store.start(waiter)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, hard))
    try:
        last = store.put([Record(0, None, b"x" * 10_000_000)])
        wait_until(lambda: not reserve.exists())
        assert store.health().fault is not None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    waiter.wait(last)
    assert store.health().fault is None
    assert store.stop()


def test_a_commit_of_which_nobody_knows_is_looked_for_before_it_is_repeated(
    path: Path, waiter: Waiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([True])

    def insert_and_say_no(*arguments: Any) -> None:
        insert(*arguments)
        if next(faults, False):
            raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("ctiserver.live.journal_store.insert", insert_and_say_no)
    store = SqliteStore(path, reserve_bytes=0)
    store.start(waiter)
    waiter.wait(store.put([record(0)], [Kept("a", "1", b"x")]))
    waiter.wait(store.put([record(1)]))
    assert store.stop()
    assert lines_of(path) == [b"line 0\n", b"line 1\n"]


def test_a_writer_that_cannot_write_is_given_up_and_says_so(path: Path, waiter: Waiter) -> None:
    store = SqliteStore(path, reserve_bytes=0)
    store.start(waiter)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.put([record(0)])
        assert not store.stop(within_s=0.1)
    assert lines_of(path) == []


def test_a_journal_in_a_database_is_verified_and_replayed_as_a_file_is(
    store: SqliteStore, path: Path, waiter: Waiter
) -> None:
    lines = written()
    store.start(waiter)
    waiter.wait(store.put([Record(n, None, line) for n, line in enumerate(lines)]))
    figures = verify(path)
    assert figures.records == len(lines) - 1
    assert figures.sha256 == hashlib.sha256(b"".join(lines)).hexdigest()
    assert replay(path).equal
    assert check_picks(path).equal
    call = find_call(path, "1")
    assert explain_call(path, call).moments
    with open_journal(path) as again:
        assert list(again) == lines


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM records WHERE n = 7",
        "UPDATE records SET line = CAST(replace(line, 'at', 'ta') AS BLOB) WHERE n = 7",
        "UPDATE records SET n = n + 1000000 WHERE n = 7",
    ],
)
def test_a_database_that_somebody_has_touched_is_found_out(
    store: SqliteStore, path: Path, waiter: Waiter, harm: str
) -> None:
    store.start(waiter)
    waiter.wait(store.put([Record(n, None, line) for n, line in enumerate(written())]))
    store.stop()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        assert other.execute(harm).rowcount == 1
    with pytest.raises(JournalError) as caught:
        verify(path)
    assert caught.value.line == 8


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    pause = threading.Event()
    for _ in range(round(LONG_S / 0.01)):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it has not come about")
