"""The tables of the customer store. Instants and durations are whole milliseconds.

Importing SQLModel takes more than a second: only `sql_store` imports this module.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Table, text
from sqlmodel import Field, SQLModel

_OPEN = text("ended_at IS NULL")


class CustomerRow(SQLModel, table=True):
    """One customer."""

    __tablename__ = "customer"

    id: str = Field(primary_key=True)
    name: str
    tier: str = ""
    language: str = ""
    since: int | None = Field(default=None, sa_type=BigInteger)
    notes: str = ""


class PhoneNumberRow(SQLModel, table=True):
    """A number (E.164) of a customer; the key begins with what is looked up."""

    __tablename__ = "phone_number"

    number: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True, foreign_key="customer.id", index=True)


class TicketRow(SQLModel, table=True):
    """One ticket. No foreign key: tickets may come from a system that knows customers first."""

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_customer", "customer_id", "state"),)

    id: str = Field(primary_key=True)
    customer_id: str
    subject: str
    state: str
    changed_at: int = Field(sa_type=BigInteger)


class InteractionRow(SQLModel, table=True):
    """One contact; the columns are the fields of `InteractionDraft`, which says what they mean.

    No foreign key to the customer: an interaction is written even if the customer is gone.
    """

    __tablename__ = "interaction"
    __table_args__ = (
        Index("ix_interaction_customer", "customer_id", "started_at"),
        Index("ix_interaction_open", "thread_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    thread_id: str = Field(primary_key=True)
    customer_name: str
    customer_number: str
    agent_name: str
    direction: str
    channel_type: str
    contact_duration_ms: int = Field(sa_type=BigInteger)
    contact_reason: str
    result: str
    effect: str
    documents_created: str
    script_used: str
    notes_taken: str
    call_id: str
    calls: list[dict[str, Any]] = Field(sa_type=JSON)
    customer_id: str
    queue: str
    agent_id: str
    started_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    waited_ms: int = Field(sa_type=BigInteger)
    outcome: str
    menu_path: list[str] = Field(sa_type=JSON)
    collected: dict[str, Any] = Field(sa_type=JSON)


class ProjectionCursorRow(SQLModel, table=True):
    """How far a projection has come in the event stream."""

    __tablename__ = "projection_cursor"

    name: str = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)


_TABLES = SQLModel.metadata.tables

CUSTOMER: Table = _TABLES["customer"]
PHONE_NUMBER: Table = _TABLES["phone_number"]
TICKET: Table = _TABLES["ticket"]
INTERACTION: Table = _TABLES["interaction"]
CURSOR: Table = _TABLES["projection_cursor"]
