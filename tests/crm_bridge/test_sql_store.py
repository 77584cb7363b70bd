"""What holds of the file alone: durability, one writer, failures in the middle, readers beside."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, inspect
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.pool import Pool
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from crm_bridge.bridge import Bridge
from crm_bridge.interactions import InteractionDraft
from crm_bridge.models import InteractionRow, PhoneNumberRow
from crm_bridge.samples import sample_customers
from crm_bridge.sql_store import SqlStore
from csta.customers import CustomerCard, Match
from ctiserver.core.wire import Published
from tests.crm_bridge import stories as tell
from tests.repository import ROOT

_READERS = 4
"""So many connections read, at most."""
_TWELVE = (
    "customer_name", "customer_number", "agent_name", "direction", "channel_type",
    "contact_duration_ms", "contact_reason", "result", "effect", "documents_created",
    "script_used", "notes_taken",
)  # fmt: skip


def _many(count: int) -> list[Published]:
    customers = sample_customers(count)
    stories = [
        event
        for number, customer in enumerate(customers)
        for event in tell.whole_call(
            f"t-{number:05}",
            tell.START + number * 1_000,
            CustomerCard(customer.customer_id, customer.name),
        )
    ]
    return tell.published(sorted(stories, key=lambda event: event[0]))


def test_the_columns_are_the_fields_of_a_draft_and_the_twelve_are_mandatory() -> None:
    columns = inspect(InteractionRow).columns
    assert sorted(columns.keys()) == sorted(InteractionDraft.__struct_fields__)
    assert [name for name in _TWELVE if columns[name].nullable] == []


async def test_the_file_refuses_an_interaction_without_one_of_the_twelve(
    sql_store: SqlStore, tmp_path: Path
) -> None:
    await Bridge(sql_store, "GB").take(tell.published(tell.whole_call("t-1")))
    with closing(sqlite3.connect(tmp_path / "crm.db")) as connection:
        for field in _TWELVE:
            with pytest.raises(sqlite3.IntegrityError, match=f"interaction.{field}"):
                connection.execute(f"UPDATE interaction SET {field} = NULL")  # noqa: S608 - ours


async def test_the_writer_is_durable_and_the_readers_cannot_write(sql_store: SqlStore) -> None:
    async with sql_store._writer.connect() as connection:  # noqa: SLF001 - what is tested
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            answer = await connection.exec_driver_sql(f"PRAGMA {pragma}")
            assert answer.scalar() == value
    async with sql_store._readers.connect() as connection:  # noqa: SLF001 - what is tested
        assert (await connection.exec_driver_sql("PRAGMA wal_autocheckpoint")).scalar() == 0
        with pytest.raises(OperationalError, match="readonly"):
            await connection.exec_driver_sql("DELETE FROM interaction")


async def test_the_tables_can_be_read_through_the_models(sql_store: SqlStore) -> None:
    await sql_store.save_customers(sample_customers(3))
    async with AsyncSession(sql_store._readers) as session:  # noqa: SLF001 - no other way in
        numbers = (await session.exec(select(PhoneNumberRow))).all()
    assert {row.customer_id for row in numbers} == {"C0000001", "C0000002", "C0000003"}


async def test_a_file_is_opened_again_with_all_that_was_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a file?with #odd %41 name.db"
    for expected in (0, 1):
        store = await SqlStore.open(path)
        assert await store.interaction_count() == expected
        await Bridge(store, "GB").take(tell.published(tell.whole_call("t-1")))
        await store.close()
    assert path.is_file()


async def test_a_failure_in_the_middle_of_a_batch_leaves_nothing_behind(
    sql_store: SqlStore, tmp_path: Path
) -> None:
    events = _many(50)
    bridge = Bridge(sql_store, "GB")
    await bridge.take(events[:30])
    before = await sql_store.interactions([f"t-{number:05}" for number in range(50)])
    cursor = await sql_store.cursor("interactions@")
    with closing(sqlite3.connect(tmp_path / "crm.db")) as connection:
        connection.execute(
            "CREATE TRIGGER fault BEFORE INSERT ON interaction WHEN NEW.thread_id = 't-00040'"
            " BEGIN SELECT RAISE(ABORT, 'injected'); END"
        )
        with pytest.raises(IntegrityError, match="injected"):
            await bridge.take(events[30:])
        assert await sql_store.cursor("interactions@") == cursor
        assert await sql_store.interactions([row.thread_id for row in before]) == before
        connection.execute("DROP TRIGGER fault")
    await bridge.take(events[30:])
    rows = await sql_store.interactions([f"t-{number:05}" for number in range(50)])
    assert [row.contact_duration_ms for row in rows] == [60_000] * 50


_DIES = """
import asyncio, os, sys
from pathlib import Path
from crm_bridge.bridge import Bridge
from crm_bridge import sql_store
from tests.crm_bridge.test_sql_store import _many

encode = sql_store._to_json

def dies(value):
    # Columns are encoded when the rows are written: the cursor has been moved by then.
    if f"c-{sys.argv[2]}" in repr(value):
        os._exit(9)
    return encode(value)

sql_store._to_json = dies

async def run():
    store = await sql_store.SqlStore.open(Path(sys.argv[1]))
    bridge = Bridge(store, "GB")
    events = _many(40)
    await bridge.take(events[:60])
    await bridge.take(events[60:])

asyncio.run(run())
"""


async def test_a_process_that_dies_between_cursor_and_rows_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    command = [sys.executable, "-c", _DIES, str(path), "t-00030"]
    died = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=False)
    assert died.returncode == 9
    store = await SqlStore.open(path)
    assert 0 < await store.cursor("interactions@") <= 60
    await Bridge(store, "GB").take(_many(40))
    rows = await store.interactions([f"t-{number:05}" for number in range(40)])
    assert [row.contact_duration_ms for row in rows] == [60_000] * 40
    assert await store.interaction_count() == 40
    await store.close()


async def test_a_thousand_interactions_are_a_thousand_rows(sql_store: SqlStore) -> None:
    events = _many(1_000)
    bridge = Bridge(sql_store, "GB")
    for start in range(0, len(events), 500):
        await bridge.take(events[start : start + 500])
    assert await sql_store.interaction_count() == 1_000
    assert await sql_store.open_interactions() == []
    [last] = await sql_store.last_contacts("C0001000", 3)
    assert (last.thread_id, last.result, last.agent_id) == ("t-00999", "sold", "7")


async def test_callers_are_looked_up_while_rows_are_written(sql_store: SqlStore) -> None:
    customers = sample_customers(200)
    await sql_store.save_customers(customers)
    bridge = Bridge(sql_store, "GB", look_up_max_ms=60_000)
    events = _many(200)

    async def write() -> None:
        for start in range(0, len(events), 40):
            await bridge.take(events[start : start + 40])

    async def ask() -> None:
        found.update([(await bridge.look_up(each.numbers[0]))[0] for each in customers[:40]])

    found: set[Match] = set()
    await asyncio.gather(write(), *(ask() for _ in range(5)))
    assert found == {Match.ONE}
    assert await sql_store.interaction_count() == 200


async def test_a_look_up_that_is_cut_off_leaves_the_store_usable(sql_store: SqlStore) -> None:
    await sql_store.save_customers(sample_customers(10))
    hurried, patient = Bridge(sql_store, "GB", look_up_max_ms=0), Bridge(sql_store, "GB")
    for _ in range(20):
        assert await hurried.look_up("+442079460000") == (Match.UNKNOWN, None)
    match, _ = await patient.look_up("+442079460000")
    assert match is Match.ONE


async def test_queries_that_are_given_up_keep_their_connections(tmp_path: Path) -> None:
    """A new connection costs more than a query: who was slow once would be slow for good."""
    store = await SqlStore.open(tmp_path / "crm.db")
    made: list[object] = []

    def note(connection: object, _record: object) -> None:
        made.append(connection)

    event.listen(Pool, "connect", note)
    try:
        for turns in range(60):
            given_up = asyncio.ensure_future(store.candidates("+4930123456"))
            for _ in range(turns):
                await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.wait([given_up])
        assert await store.candidates("+4930123456") == []
    finally:
        event.remove(Pool, "connect", note)
        await store.close()
    assert len(made) <= _READERS
