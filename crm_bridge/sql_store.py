"""The store in a SQLite file, through SQLModel and aiosqlite.

One connection writes; the readers open the file read-only and never make a checkpoint. That keeps
clear of the WAL-reset fault of SQLite before 3.51.3, which needs two connections that write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import msgspec
from sqlalchemy import URL, Select, Table, bindparam, delete, event, func, select, update
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.engine import Result, RowMapping
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel import SQLModel

from crm_bridge.customers import Candidate, Customer
from crm_bridge.interactions import InteractionDraft
from crm_bridge.models import CURSOR, CUSTOMER, INTERACTION, PHONE_NUMBER, TICKET
from crm_bridge.store import CursorMovedError
from crm_bridge.tickets import OPEN_STATES, Ticket
from csta.customers import TicketState

_READERS_MAX = 4
_CUSTOMERS_AT_ONCE = 5_000
_IDS_AT_ONCE = 500
"""Ids in one IN list; SQLite before 3.32 takes 999 parameters at most."""

_WRITER_PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last commits when the power fails
    "PRAGMA foreign_keys = ON",
)
_READER_PRAGMAS = ("PRAGMA busy_timeout = 5000", "PRAGMA wal_autocheckpoint = 0")


class SqlStore:
    """Keeps customers and interactions in one SQLite file; the whole `Store` protocol."""

    def __init__(self, path: Path) -> None:
        """Prepare the connections; `SqlStore.open` also makes what is not there yet."""
        self._writer = _engine(path, "rwc", 1, _WRITER_PRAGMAS)
        self._readers = _engine(path, "ro", _READERS_MAX, _READER_PRAGMAS)

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the file; make it, and its tables, where they do not exist."""
        store = cls(path)
        async with store._writer.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        return store

    async def close(self) -> None:
        """Close all connections."""
        await self._readers.dispose()
        await self._writer.dispose()

    async def save_customers(self, customers: Iterable[Customer]) -> None:
        """Write customers with their numbers, in one transaction; known ids are replaced."""
        rest = iter(customers)
        async with self._writer.begin() as connection:
            while chunk := list(islice(rest, _CUSTOMERS_AT_ONCE)):
                await _write_customers(connection, chunk)

    async def candidates(self, number: str) -> list[Candidate]:
        """Give all customers with this number (E.164), in the order of their ids."""
        rows = await self._rows(_CANDIDATES, number=number)
        groups = (list(group) for _, group in groupby(rows, key=lambda row: row["id"]))
        return [_candidate(group) for group in groups]

    async def save_tickets(self, tickets: Iterable[Ticket]) -> None:
        """Write tickets, in one transaction; known ids are replaced."""
        latest = {ticket.ticket_id: ticket for ticket in tickets}
        if latest:
            rows = [_ticket_row(ticket) for ticket in latest.values()]
            async with self._writer.begin() as connection:
                await connection.execute(_WRITE_TICKET, rows)

    async def open_tickets(self, customer_id: str) -> list[Ticket]:
        """Give the tickets of a customer that are open, in the order of their ids."""
        return [_ticket(row) for row in await self._rows(_OPEN_TICKETS, customer_id=customer_id)]

    async def last_contacts(self, customer_id: str, limit: int) -> list[InteractionDraft]:
        """Give the customer's closed interactions, those begun last first."""
        rows = await self._rows(_LAST_CONTACTS, customer_id=customer_id, row_max=limit)
        return [_draft(row) for row in rows]

    async def interactions(self, thread_ids: Sequence[str]) -> list[InteractionDraft]:
        """Give the rows of these threads, in the order of the ids; a thread may have none."""
        ordered = sorted(thread_ids)
        answer = []
        for start in range(0, len(ordered), _IDS_AT_ONCE):
            some = ordered[start : start + _IDS_AT_ONCE]
            answer += [_draft(row) for row in await self._rows(_OF_THREADS, thread_ids=some)]
        return answer

    async def open_interactions(self) -> list[InteractionDraft]:
        """Give the rows that are not closed, in the order of their thread ids."""
        return [_draft(row) for row in await self._rows(_OPEN_INTERACTIONS)]

    async def interaction_count(self) -> int:
        """Count the rows."""
        [row] = await self._rows(_INTERACTION_COUNT)
        return int(row["count"])

    async def cursor(self, name: str) -> int:
        """Tell up to which sequence events have been projected; 0 when none has been."""
        rows = await self._rows(_CURSOR, name=name)
        return int(rows[0]["sequence"]) if rows else 0

    async def project(
        self, name: str, expected: int, upto: int, drafts: Sequence[InteractionDraft]
    ) -> None:
        """Write rows (one a thread) and move the cursor in one transaction: all or nothing."""
        async with self._writer.begin() as connection:
            if expected == 0:
                await connection.execute(_BEGIN_CURSOR, {"name": name, "sequence": 0})
            moved = await connection.execute(
                _MOVE_CURSOR, {"cursor_name": name, "upto": upto, "expected": expected}
            )
            if moved.rowcount != 1:
                raise CursorMovedError(name, expected)
            if drafts:
                rows = [msgspec.structs.asdict(draft) for draft in drafts]
                await connection.execute(_WRITE_INTERACTION, rows)

    async def _rows(self, statement: Select[Any], **given: object) -> Sequence[RowMapping]:
        """Read rows; a query that its caller gives up comes to its end all the same.

        Cancelled in the middle it would take its connection with it, and to make a new one takes
        longer than most queries: who is slow once would be slow for good.
        """
        query = asyncio.ensure_future(self._query(statement, given))
        query.add_done_callback(_look_at)
        return await asyncio.shield(query)

    async def _query(
        self, statement: Select[Any], given: dict[str, object]
    ) -> Sequence[RowMapping]:
        async with self._readers.connect() as connection:
            result: Result[Any] = await connection.execute(statement, given)
            return result.mappings().all()


def _look_at(query: asyncio.Future[Sequence[RowMapping]]) -> None:
    """See the fault of a query that nobody waits for any more, so that nobody is told of it."""
    if not query.cancelled():
        query.exception()


def _engine(path: Path, mode: str, connections: int, pragmas: Sequence[str]) -> AsyncEngine:
    """Prepare connections to a file; `mode` is SQLite's, `ro` or `rwc`."""
    url = URL.create(
        "sqlite+aiosqlite",
        database=f"file:{quote(str(path.absolute()))}",
        query={"uri": "true", "mode": mode},
    )
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    return engine


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _upsert(table: Table, key: str) -> Insert:
    """Insert rows; where the key is known, write all other columns anew."""
    statement = insert(table)
    given = {column.name: column for column in statement.excluded if column.name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=given)


# Statements are built once: building one costs several times what running it does.
_EVERY_NUMBER = PHONE_NUMBER.alias("every_number")
_CANDIDATES = (
    select(
        CUSTOMER,
        _EVERY_NUMBER.c.number,
        select(func.max(INTERACTION.c.started_at))
        .where(INTERACTION.c.customer_id == CUSTOMER.c.id)
        .where(INTERACTION.c.ended_at.is_not(None))
        .scalar_subquery()
        .label("last_contact_at"),
    )
    .select_from(PHONE_NUMBER)
    .join(CUSTOMER, CUSTOMER.c.id == PHONE_NUMBER.c.customer_id)
    .join(_EVERY_NUMBER, _EVERY_NUMBER.c.customer_id == CUSTOMER.c.id)
    .where(PHONE_NUMBER.c.number == bindparam("number"))
    .order_by(CUSTOMER.c.id, _EVERY_NUMBER.c.number)
)
_LAST_CONTACTS = (
    select(INTERACTION)
    .where(INTERACTION.c.customer_id == bindparam("customer_id"))
    .where(INTERACTION.c.ended_at.is_not(None))
    .order_by(INTERACTION.c.started_at.desc(), INTERACTION.c.thread_id.desc())
    .limit(bindparam("row_max"))
)
_OPEN_TICKETS = (
    select(TICKET)
    .where(TICKET.c.customer_id == bindparam("customer_id"))
    .where(TICKET.c.state.in_([state.value for state in OPEN_STATES]))
    .order_by(TICKET.c.id)
)
_OF_THREADS = (
    select(INTERACTION)
    .where(INTERACTION.c.thread_id.in_(bindparam("thread_ids", expanding=True)))
    .order_by(INTERACTION.c.thread_id)
)
_OPEN_INTERACTIONS = (
    select(INTERACTION).where(INTERACTION.c.ended_at.is_(None)).order_by(INTERACTION.c.thread_id)
)
_INTERACTION_COUNT = select(func.count().label("count")).select_from(INTERACTION)
_CURSOR = select(CURSOR).where(CURSOR.c.name == bindparam("name"))

_WRITE_CUSTOMER = _upsert(CUSTOMER, "id")
_FORGET_NUMBERS = delete(PHONE_NUMBER).where(PHONE_NUMBER.c.customer_id == bindparam("holder_id"))
_WRITE_NUMBER = insert(PHONE_NUMBER)
_WRITE_TICKET = _upsert(TICKET, "id")
_WRITE_INTERACTION = _upsert(INTERACTION, "thread_id")
_BEGIN_CURSOR = insert(CURSOR).on_conflict_do_nothing()
_MOVE_CURSOR = (
    update(CURSOR)
    .where(CURSOR.c.name == bindparam("cursor_name"))
    .where(CURSOR.c.sequence == bindparam("expected"))
    .values(sequence=bindparam("upto"))
)


async def _write_customers(connection: AsyncConnection, customers: Iterable[Customer]) -> None:
    latest = {customer.customer_id: customer for customer in customers}
    rows = [
        {
            "id": customer.customer_id,
            "name": customer.name,
            "tier": customer.tier,
            "language": customer.language,
            "since": customer.since,
            "notes": customer.notes,
        }
        for customer in latest.values()
    ]
    numbers = [
        {"number": number, "customer_id": customer.customer_id}
        for customer in latest.values()
        for number in dict.fromkeys(customer.numbers)
    ]
    await connection.execute(_WRITE_CUSTOMER, rows)
    await connection.execute(_FORGET_NUMBERS, [{"holder_id": key} for key in latest])
    if numbers:
        await connection.execute(_WRITE_NUMBER, numbers)


def _candidate(rows: Sequence[RowMapping]) -> Candidate:
    """Make one customer of the rows of his numbers."""
    row = rows[0]
    customer = Customer(
        customer_id=row["id"],
        name=row["name"],
        tier=row["tier"],
        language=row["language"],
        since=row["since"],
        notes=row["notes"],
        numbers=tuple(each["number"] for each in rows),
    )
    return Candidate(customer, row["last_contact_at"])


def _ticket_row(ticket: Ticket) -> dict[str, object]:
    return {
        "id": ticket.ticket_id,
        "customer_id": ticket.customer_id,
        "subject": ticket.subject,
        "state": ticket.state.value,
        "changed_at": ticket.changed_at,
    }


def _ticket(row: RowMapping) -> Ticket:
    return Ticket(
        ticket_id=row["id"],
        customer_id=row["customer_id"],
        subject=row["subject"],
        state=TicketState(row["state"]),
        changed_at=row["changed_at"],
    )


def _draft(row: RowMapping) -> InteractionDraft:
    return msgspec.convert(dict(row), InteractionDraft)
