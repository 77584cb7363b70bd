"""What the bridge needs of a store, and the store that lives in memory for simulated time."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from typing import Protocol

from crm_bridge.customers import Candidate, Customer
from crm_bridge.interactions import InteractionDraft
from crm_bridge.tickets import OPEN_STATES, Ticket
from csta.instants import Instant


class CursorMovedError(Exception):
    """The projection is not where its writer took it to be: somebody else writes to this store."""

    def __init__(self, name: str, expected: int) -> None:
        """Name the cursor and the sequence that was expected."""
        super().__init__(f"the cursor '{name}' is not at {expected}; two bridges on one store?")


class Store(Protocol):
    """Customers and interactions; every method may fail or wait, the caller copes with both."""

    async def save_customers(self, customers: Iterable[Customer]) -> None:
        """Write customers with their numbers; those with known ids are replaced."""

    async def candidates(self, number: str) -> list[Candidate]:
        """Give all customers with this number (E.164), in the order of their ids."""

    async def save_tickets(self, tickets: Iterable[Ticket]) -> None:
        """Write tickets; those with known ids are replaced."""

    async def open_tickets(self, customer_id: str) -> list[Ticket]:
        """Give the tickets of a customer that are open, in the order of their ids."""

    async def last_contacts(self, customer_id: str, limit: int) -> list[InteractionDraft]:
        """Give the `limit` (1 or more) closed interactions of a customer that began last."""

    async def interactions(self, thread_ids: Sequence[str]) -> list[InteractionDraft]:
        """Give the rows of these threads, in the order of the ids; a thread may have none."""

    async def open_interactions(self) -> list[InteractionDraft]:
        """Give the rows that are not closed, in the order of their thread ids."""

    async def interaction_count(self) -> int:
        """Count the rows."""

    async def cursor(self, name: str) -> int:
        """Tell up to which sequence events have been projected; 0 when none has been."""

    async def project(
        self, name: str, expected: int, upto: int, drafts: Sequence[InteractionDraft]
    ) -> None:
        """Write rows (one a thread) and move the cursor in one transaction: all or nothing.

        Raises:
            CursorMovedError: The cursor is not where the caller expected it.
        """


class MemoryStore:
    """Keeps everything in dictionaries; its methods never wait, so `finish_now` can drive them."""

    def __init__(self) -> None:
        """Start empty."""
        self._customers: dict[str, Customer] = {}
        self._holders: dict[str, dict[str, None]] = {}
        self._rows: dict[str, InteractionDraft] = {}
        self._contacts: dict[str, list[tuple[Instant, str]]] = {}
        self._cursors: dict[str, int] = {}
        self._tickets: dict[str, Ticket] = {}
        self._open_tickets: dict[str, dict[str, None]] = {}

    async def save_customers(self, customers: Iterable[Customer]) -> None:
        """Write customers with their numbers; those with known ids are replaced."""
        for customer in customers:
            known = self._customers.get(customer.customer_id)
            for number in known.numbers if known else ():
                del self._holders[number][customer.customer_id]
            self._customers[customer.customer_id] = customer
            for number in customer.numbers:
                self._holders.setdefault(number, {})[customer.customer_id] = None

    async def candidates(self, number: str) -> list[Candidate]:
        """Give all customers with this number (E.164), in the order of their ids."""
        answer = []
        for customer_id in sorted(self._holders.get(number, ())):
            last = await self.last_contacts(customer_id, 1)
            last_at = last[0].started_at if last else None
            answer.append(Candidate(self._customers[customer_id], last_at))
        return answer

    async def save_tickets(self, tickets: Iterable[Ticket]) -> None:
        """Write tickets; those with known ids are replaced."""
        for ticket in tickets:
            known = self._tickets.get(ticket.ticket_id)
            if known is not None and known.state in OPEN_STATES:
                del self._open_tickets[known.customer_id][known.ticket_id]
            self._tickets[ticket.ticket_id] = ticket
            if ticket.state in OPEN_STATES:
                self._open_tickets.setdefault(ticket.customer_id, {})[ticket.ticket_id] = None

    async def open_tickets(self, customer_id: str) -> list[Ticket]:
        """Give the tickets of a customer that are open, in the order of their ids."""
        return [self._tickets[key] for key in sorted(self._open_tickets.get(customer_id, ()))]

    async def last_contacts(self, customer_id: str, limit: int) -> list[InteractionDraft]:
        """Give the customer's closed interactions, those begun last first."""
        contacts = self._contacts.get(customer_id, [])
        return [self._rows[thread] for _, thread in reversed(contacts[-limit:])]

    async def interactions(self, thread_ids: Sequence[str]) -> list[InteractionDraft]:
        """Give the rows of these threads, in the order of the ids; a thread may have none."""
        return [self._rows[thread] for thread in sorted(thread_ids) if thread in self._rows]

    async def open_interactions(self) -> list[InteractionDraft]:
        """Give the rows that are not closed, in the order of their thread ids."""
        return [self._rows[key] for key in sorted(self._rows) if self._rows[key].ended_at is None]

    async def interaction_count(self) -> int:
        """Count the rows."""
        return len(self._rows)

    async def cursor(self, name: str) -> int:
        """Tell up to which sequence events have been projected; 0 when none has been."""
        return self._cursors.get(name, 0)

    async def project(
        self, name: str, expected: int, upto: int, drafts: Sequence[InteractionDraft]
    ) -> None:
        """Write rows (one a thread) and move the cursor: all or nothing."""
        if self._cursors.get(name, 0) != expected:
            raise CursorMovedError(name, expected)
        for draft in drafts:
            self._write(draft)
        self._cursors[name] = upto

    def _write(self, draft: InteractionDraft) -> None:
        old = self._rows.get(draft.thread_id)
        self._rows[draft.thread_id] = draft
        was_of = _customer_in_touch(old) if old else ""
        is_of = _customer_in_touch(draft)
        if was_of == is_of:
            return
        contact = (draft.started_at, draft.thread_id)
        if was_of:
            self._contacts[was_of].remove(contact)
        if is_of:
            insort(self._contacts.setdefault(is_of, []), contact)


def _customer_in_touch(draft: InteractionDraft) -> str:
    """Name the customer for whom this is a past contact; an open row is for nobody."""
    return "" if draft.ended_at is None else draft.customer_id
